"""piave: three CSV files joined by an id with leading zeros, which Excel has eaten in one of them."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from sample_exports.delivery import (
    Cells,
    Defect,
    Line,
    Sheet,
    coded,
    cycle_dates,
    day,
    defects_in,
    number,
)
from sample_exports.formats import write_csv
from sample_exports.surplus import first_line
from sample_exports.truth import Patient

PATIENTS, CYCLES, FOLLOW_UP = "piave/pazienti.csv", "piave/cicli.csv", "piave/followup.csv"
PATIENT_COLUMNS = (
    "id_paziente", "codice_fiscale", "sesso", "data_di_nascita", "data_diagnosi", "tipo_lam", "oms",
    "eln2017", "ecog", "stato_malattia", "linee_precedenti", "trapianto_precedente",
    "leucociti_10e9_l", "emoglobina_g_dl", "piastrine_10e9_l", "blasti_midollari_pct",
    "blasti_periferici_pct", "ldh_u_l", "creatinina_mg_dl",
)  # fmt: skip
CYCLE_COLUMNS = ("id_paziente", "ciclo", "farmaco", "linea", "data_inizio", "data_fine")
FOLLOW_UP_COLUMNS = (
    "id_paziente", "miglior_risposta", "data_risposta", "data_progressione", "trapianto_dopo_hma",
    "data_trapianto", "stato_vitale", "data_decesso", "causa_decesso", "data_ultimo_followup",
)  # fmt: skip
SEX = {"male": "uomo", "female": "donna"}
AML_TYPE = {"de_novo": "LAM de novo", "secondary": "LAM secondaria", "therapy_related": "t-AML"}
WHO = {"recurrent_genetic": "AGR", "mrc": "MRC", "therapy_related": "t-MN", "nos": "NAS"}
ELN = {"favorable": "basso", "intermediate": "intermedio", "adverse": "alto"}
STATUS = {"relapsed": "in recidiva", "refractory": "refrattario"}
DRUG = {"azacitidine": "AZA", "decitabine": "DEC"}
RESPONSE = {"CR": "CR", "CRi": "CRi", "PR": "PR", "SD": "SD", "PD": "PD"}
VITAL = {"alive": "in vita", "dead": "deceduto/a", "lost": "PFU"}
CAUSE = {
    "leukemia": "LAM", "infection": "infezione", "hemorrhage": "emorragia",
    "transplant": "TRM", "treatment": "tossicità", "other": "altra causa", "unknown": "ignota",
}  # fmt: skip


def deliver(patients: Sequence[Patient], folder: Path) -> list[Defect]:
    """Write the delivery below `folder`; returns what is wrong with it."""
    untreated = first_line("piave", "004999")
    base = Sheet(PATIENTS, PATIENT_COLUMNS, "id_paziente")
    cycles = Sheet(CYCLES, CYCLE_COLUMNS, "id_paziente")
    follow_up = Sheet(FOLLOW_UP, FOLLOW_UP_COLUMNS, "id_paziente")
    for patient in (*patients, untreated):
        base.add(_patient_row(patient))
        follow_up.add(_follow_up_row(patient))
        for cells in _cycle_rows(patient):
            cycles.add(cells)
    base.line(untreated.patient_id).mark("HMA given as first line", "quarantined")
    cycles.line(untreated.patient_id).mark("HMA given as first line", "quarantined", "linea")
    _plant(base, follow_up, patients)
    for sheet in (base, cycles, follow_up):
        write_csv(folder / sheet.file, sheet)
    return defects_in(base) + defects_in(cycles) + defects_in(follow_up)


def _plant(base: Sheet, follow_up: Sheet, patients: Sequence[Patient]) -> None:
    for patient in patients:
        if patient.diagnosis_date_precision == "month":
            base.line(patient.patient_id).mark("partial date", "noted", "data_diagnosi")
    # Somebody pushed a copy of a line one cell to the right; its last cell fell off.
    right = base.lines[4].cells
    texts = [None, *(right[column] for column in PATIENT_COLUMNS[:-1])]
    shifted = Line(dict(zip(PATIENT_COLUMNS, texts, strict=True)))
    shifted.mark("shifted row", "quarantined")
    base.lines.insert(5, shifted)
    # The follow-up of one patient was entered again after the death, the old line left standing.
    later = next(p for p in patients if p.is_dead and p.os_months > 14)
    place = follow_up.lines.index(follow_up.line(_eaten(later.patient_id)))
    seen = later.hma_start_date.replace(year=later.hma_start_date.year + 1)
    old = dict(follow_up.lines[place].cells) | {
        "stato_vitale": "in vita", "data_decesso": "", "causa_decesso": "",
        "data_ultimo_followup": _dotted(seen), "data_progressione": "",
    }  # fmt: skip
    follow_up.lines.insert(place, Line(old))
    follow_up.lines[place].mark("repeated key with conflicting values", "merged")


def _patient_row(patient: Patient) -> Cells:
    month_only = patient.diagnosis_date_precision == "month"
    return {
        "id_paziente": patient.patient_id,
        "codice_fiscale": patient.person_key,
        "sesso": SEX[patient.sex],
        "data_di_nascita": _dotted(patient.birth_date),
        "data_diagnosi": (
            day(patient.diagnosis_date, "%m.%Y") if month_only else _dotted(patient.diagnosis_date)
        ),
        "tipo_lam": AML_TYPE[patient.aml_type],
        "oms": coded(patient.who_category, WHO),
        "eln2017": ELN[patient.eln2017_risk],
        "ecog": patient.ecog,
        "stato_malattia": STATUS[patient.disease_status],
        "linee_precedenti": patient.prior_lines,
        "trapianto_precedente": "sì" if patient.prior_allo_hsct else "no",
        "leucociti_10e9_l": _comma(patient.wbc_10e9_l),
        "emoglobina_g_dl": _comma(patient.hemoglobin_g_dl),
        "piastrine_10e9_l": _comma(patient.platelets_10e9_l),
        "blasti_midollari_pct": _comma(patient.bm_blasts_pct),
        "blasti_periferici_pct": _comma(patient.pb_blasts_pct),
        "ldh_u_l": _comma(patient.ldh_u_l),
        "creatinina_mg_dl": _comma(patient.creatinine_mg_dl),
    }


def _cycle_rows(patient: Patient) -> list[Cells]:
    dose = 7 if patient.hma_drug == "azacitidine" else 5
    dates = cycle_dates(patient.hma_start_date, patient.hma_end_date, patient.hma_cycles, dose)
    return [
        {
            "id_paziente": patient.patient_id,
            "ciclo": count,
            "farmaco": DRUG[patient.hma_drug],
            "linea": patient.hma_line,
            "data_inizio": _dotted(first),
            "data_fine": _dotted(last),
        }
        for count, (first, last) in enumerate(dates, 1)
    ]


def _follow_up_row(patient: Patient) -> Cells:
    return {
        "id_paziente": _eaten(patient.patient_id),
        "miglior_risposta": RESPONSE[patient.best_response],
        "data_risposta": _dotted(patient.best_response_date),
        "data_progressione": _dotted(patient.progression_date),
        "trapianto_dopo_hma": "sì" if patient.allo_hsct_after_hma else "no",
        "data_trapianto": _dotted(patient.allo_hsct_date),
        "stato_vitale": VITAL[patient.vital_status],
        "data_decesso": _dotted(patient.death_date),
        "causa_decesso": coded(patient.cause_of_death, CAUSE),
        "data_ultimo_followup": _dotted(patient.last_contact_date),
    }


def _eaten(patient_id: str) -> str:
    """The id as Excel saved it."""
    return patient_id.lstrip("0")


def _dotted(value: date | None) -> str:
    return day(value, "%d.%m.%Y")


def _comma(value: float | None) -> str:
    return number(value, decimal=",")
