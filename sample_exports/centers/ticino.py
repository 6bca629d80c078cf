"""ticino: the laboratory's long table, units mixed within an analyte, and a small patient file."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np

from sample_exports.clinic import CREATININE_UMOL_L
from sample_exports.conventions import SEED
from sample_exports.delivery import Cells, Defect, Sheet, day, defects_in, number
from sample_exports.formats import write_csv
from sample_exports.truth import Patient

PATIENTS, LABORATORY = "ticino/pazienti_ticino.csv", "ticino/laboratorio_ticino.csv"
PATIENT_COLUMNS = (
    "ID", "Sesso", "Data nascita", "Data diagnosi", "LAM", "ELN 2017", "ECOG", "R/R",
    "N linee pre", "Allo pre", "HMA", "Data inizio HMA", "N cicli", "Linea HMA", "Risposta",
    "Data risposta", "Allo post", "Data allo", "Stato", "Data morte", "Data ultimo contatto",
)  # fmt: skip
LABORATORY_COLUMNS = ("ID", "Analita", "Data prelievo", "Valore", "Unità", "Laboratorio")
SEX = {"male": "M", "female": "F"}
AML_TYPE = {"de_novo": "de novo", "secondary": "sec.", "therapy_related": "ther.-rel."}
ELN = {"favorable": "fav", "intermediate": "int", "adverse": "adv"}
STATUS = {"relapsed": "recidiva", "refractory": "refr."}
DRUG = {"azacitidine": "AZA", "decitabine": "DAC"}
RESPONSE = {"CR": "CR", "CRi": "CRi", "PR": "PR", "SD": "SD", "PD": "PD"}
VITAL = {"alive": "vivente", "dead": "decesso", "lost": "perso"}
DATE = "%d.%m.%Y"
# Analyte -> field, and the units in which its devices report with their factor from the field's unit.
ANALYTES = {
    "Leucociti": ("wbc_10e9_l", (("10^9/L", 1), ("/mm3", 1000), ("10^3/uL", 1))),
    "Neutrofili": ("anc_10e9_l", (("10^9/L", 1), ("/mm3", 1000))),
    "Emoglobina": ("hemoglobin_g_dl", (("g/L", 10), ("g/dL", 1))),
    "Trombociti": ("platelets_10e9_l", (("10^9/L", 1), ("10^3/uL", 1))),
    "LDH": ("ldh_u_l", (("U/L", 1), ("ukat/L", 1 / 60))),
    "Creatinina": ("creatinine_mg_dl", (("mg/dL", 1), ("umol/L", CREATININE_UMOL_L / 100))),
    "Blasti midollo": ("bm_blasts_pct", (("%", 1),)),
    "Blasti sangue": ("pb_blasts_pct", (("%", 1),)),
}


def deliver(patients: Sequence[Patient], folder: Path) -> list[Defect]:
    """Write the delivery below `folder`; returns what is wrong with it."""
    base = Sheet(PATIENTS, PATIENT_COLUMNS, "ID")
    laboratory = Sheet(LABORATORY, LABORATORY_COLUMNS, "ID")
    rng = np.random.default_rng(SEED)
    for place, patient in enumerate(patients):
        base.add(_row(patient))
        for cells in _measurements(patient, place, rng):
            laboratory.add(cells)
    few = min((p for p in patients if p.pb_blasts_pct), key=lambda p: p.pb_blasts_pct or 0)
    line = next(
        line
        for line in laboratory.lines
        if (line.cells["ID"], line.cells["Analita"]) == (few.patient_id, "Blasti sangue")
        and line.cells["Valore"] == number(few.pb_blasts_pct)
    )
    line.spoil("Valore", "<5", "below a limit")
    write_csv(folder / PATIENTS, base)
    write_csv(folder / LABORATORY, laboratory)
    return defects_in(base) + defects_in(laboratory)


def _row(patient: Patient) -> Cells:
    return {
        "ID": patient.patient_id,
        "Sesso": SEX[patient.sex],
        "Data nascita": day(patient.birth_date, DATE),
        "Data diagnosi": day(patient.diagnosis_date, DATE),
        "LAM": AML_TYPE[patient.aml_type],
        "ELN 2017": ELN[patient.eln2017_risk],
        "ECOG": patient.ecog,
        "R/R": STATUS[patient.disease_status],
        "N linee pre": patient.prior_lines,
        "Allo pre": "1" if patient.prior_allo_hsct else "0",
        "HMA": DRUG[patient.hma_drug],
        "Data inizio HMA": day(patient.hma_start_date, DATE),
        "N cicli": patient.hma_cycles,
        "Linea HMA": patient.hma_line,
        "Risposta": RESPONSE[patient.best_response],
        "Data risposta": day(patient.best_response_date, DATE),
        "Allo post": "1" if patient.allo_hsct_after_hma else "0",
        "Data allo": day(patient.allo_hsct_date, DATE),
        "Stato": VITAL[patient.vital_status],
        "Data morte": day(patient.death_date, DATE),
        "Data ultimo contatto": day(patient.last_contact_date, DATE),
    }


def _measurements(patient: Patient, place: int, rng: np.random.Generator) -> Iterator[Cells]:
    """Per analyte the value at the first dose (0 to 3 days before) and others, further away."""
    for turn, (analyte, (field, units)) in enumerate(ANALYTES.items()):
        value = getattr(patient, field)
        if value is None:
            continue
        unit, times = units[(place + turn) % len(units)]
        if field == "creatinine_mg_dl" and place % 2:
            unit, times = units[1]
        elif field == "creatinine_mg_dl" or (field == "ldh_u_l" and place % 4 != 2):
            unit, times = units[0]
        elif field == "ldh_u_l":
            unit, times = units[1]
        days = (-int(rng.integers(14, 40)), -int(rng.integers(0, 4)), int(rng.integers(9, 30)))
        for after in days[: 2 + int(rng.integers(0, 2))]:
            near = -4 < after < 1
            measured = value if near else value * float(rng.uniform(0.6, 1.5))
            digits = 6 if near else 0 if times > 1 or value.is_integer() else 1
            yield {
                "ID": patient.patient_id,
                "Analita": analyte,
                "Data prelievo": day(patient.hma_start_date + timedelta(days=after), DATE),
                "Valore": number(round(min(measured * times, 95) if unit == "%" else
                                       measured * times, digits)),
                "Unità": unit,
                "Laboratorio": ("centrale", "urgenze")[turn % 2],
            }  # fmt: skip
