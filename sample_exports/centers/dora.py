"""dora: a CSV from an old Windows program: semicolons, decimal commas, two-digit years, n.d., 999."""

from collections.abc import Sequence
from pathlib import Path

from sample_exports.delivery import Cells, Defect, Line, Sheet, coded, day, defects_in, number
from sample_exports.formats import write_csv
from sample_exports.surplus import seen_elsewhere
from sample_exports.truth import Patient

FILE = "dora/LAM_HMA_dora_giugno2021.csv"
COLUMNS = (
    "Codice paziente", "Cod. fiscale", "Nato il", "Genere", "Diagnosi", "Eziologia",
    "Rischio citogenetico ELN 2017", "PS", "Recidivata/Refrattaria", "Terapie precedenti",
    "TMO precedente", "Ipometilante", "Inizio HMA", "Fine HMA", "N° cicli", "Linea",
    "GB (mila/mmc)", "N assoluti (mila/mmc)", "Emoglobina (g/dl)", "PLT (mila/mmc)",
    "Blasti midollo (%)", "Blasti circolanti (%)", "LDH (UI/L)", "Risposta", "Data risposta",
    "Data progressione", "TMO dopo HMA", "Data TMO", "Vivo/Deceduto", "Data exitus",
    "Causa exitus", "Data ultimo contatto", "Attività lavorativa",
)  # fmt: skip
SEX = {"male": "maschio", "female": "femmina"}
AML_TYPE = {"de_novo": "primitiva", "secondary": "post SMD", "therapy_related": "post CT"}
ELN = {"favorable": "favorevole", "intermediate": "intermedio", "adverse": "sfavorevole"}
STATUS = {"relapsed": "recidivata", "refractory": "refrattaria"}
DRUG = {"azacitidine": "Azacitidina", "decitabine": "Decitabina"}
RESPONSE = {
    "CR": "Remissione completa", "CRi": "RC con recupero incompleto", "PR": "Remissione parziale",
    "SD": "Malattia stabile", "PD": "Progressione",
}  # fmt: skip
VITAL = {"alive": "vivo", "dead": "deceduto", "lost": "perso"}
CAUSE = {
    "leukemia": "progressione di malattia", "infection": "sepsi", "hemorrhage": "emorragia",
    "transplant": "complicanze trapianto", "treatment": "tossicità", "other": "altro",
    "unknown": "non nota",
}  # fmt: skip
TWO_DIGITS = "%d/%m/%y"


def deliver(patients: Sequence[Patient], referred: Patient, folder: Path) -> list[Defect]:
    """Write the delivery below `folder`; `referred` is also a patient of another center."""
    sheet = Sheet(FILE, COLUMNS, "Codice paziente")
    for place, patient in enumerate(patients):
        sheet.add(_row(patient, place))
    _plant(sheet, patients)
    twice = Line(dict(sheet.lines[5].cells))
    twice.mark("exact duplicate row", "merged")
    sheet.lines.insert(6, twice)
    elsewhere = seen_elsewhere(referred, "dora", "LAM13/DO")
    sheet.add(_row(elsewhere, 13)).mark("same patient at two centers", "merged")
    write_csv(folder / FILE, sheet, encoding="cp1252")
    return defects_in(sheet)


def _plant(sheet: Sheet, patients: Sequence[Patient]) -> None:
    for patient in patients:
        if patient.diagnosis_date_precision == "month":
            sheet.line(patient.patient_id).mark("partial date", "noted", "Diagnosi")
    count = next(p for p in patients if p.wbc_10e9_l and p.wbc_10e9_l > 4)
    in_mm3 = number(count.wbc_10e9_l, times=1000)
    sheet.line(count.patient_id).spoil("GB (mila/mmc)", in_mm3, "unit slip within a column")
    line = sheet.line(patients[8].patient_id)
    transfused = f"{line.cells['Emoglobina (g/dl)']} (trasfuso)"
    line.spoil("Emoglobina (g/dl)", transfused, "text in a number")
    alive = next(p for p in patients if p.vital_status == "alive")
    swapped = day(alive.last_contact_date, "%m/%d/%y")
    sheet.line(alive.patient_id).spoil("Data ultimo contatto", swapped, "day and month swapped")
    thirty = next(p for p in patients if p.best_response_date and p.best_response_date.month == 6)
    sheet.line(thirty.patient_id).spoil(
        "Data risposta", day(thirty.best_response_date, "31/06/%y"), "impossible date"
    )


def _row(patient: Patient, place: int) -> Cells:
    month_only = patient.diagnosis_date_precision == "month"
    return {
        "Codice paziente": patient.patient_id,
        "Cod. fiscale": patient.person_key,
        "Nato il": day(patient.birth_date, TWO_DIGITS),
        "Genere": SEX[patient.sex],
        "Diagnosi": day(patient.diagnosis_date, "%m/%Y" if month_only else TWO_DIGITS),
        "Eziologia": AML_TYPE[patient.aml_type],
        "Rischio citogenetico ELN 2017": ELN[patient.eln2017_risk],
        "PS": patient.ecog,
        "Recidivata/Refrattaria": STATUS[patient.disease_status],
        "Terapie precedenti": patient.prior_lines,
        "TMO precedente": "S" if patient.prior_allo_hsct else "N",
        "Ipometilante": DRUG[patient.hma_drug],
        "Inizio HMA": day(patient.hma_start_date, TWO_DIGITS),
        "Fine HMA": day(patient.hma_end_date, TWO_DIGITS),
        "N° cicli": patient.hma_cycles,
        "Linea": ("I", "II", "III", "IV", "V")[patient.hma_line - 1],
        "GB (mila/mmc)": _measured(patient.wbc_10e9_l),
        "N assoluti (mila/mmc)": _measured(patient.anc_10e9_l),
        "Emoglobina (g/dl)": _measured(patient.hemoglobin_g_dl),
        "PLT (mila/mmc)": _measured(patient.platelets_10e9_l),
        "Blasti midollo (%)": _measured(patient.bm_blasts_pct),
        "Blasti circolanti (%)": _measured(patient.pb_blasts_pct),
        # The program stored 999 for a laboratory value that nobody entered.
        "LDH (UI/L)": "999" if patient.ldh_u_l is None else number(patient.ldh_u_l),
        "Risposta": RESPONSE[patient.best_response],
        "Data risposta": day(patient.best_response_date, TWO_DIGITS),
        "Data progressione": day(patient.progression_date, TWO_DIGITS),
        "TMO dopo HMA": "S" if patient.allo_hsct_after_hma else "N",
        "Data TMO": day(patient.allo_hsct_date, TWO_DIGITS),
        "Vivo/Deceduto": VITAL[patient.vital_status],
        "Data exitus": day(patient.death_date, TWO_DIGITS),
        "Causa exitus": coded(patient.cause_of_death, CAUSE),
        "Data ultimo contatto": day(patient.last_contact_date, TWO_DIGITS),
        "Attività lavorativa": ("pensionato", "n.d.", "impiegato", "pensionata")[place % 4],
    }


def _measured(value: float | None) -> str:
    return "n.d." if value is None else number(value, decimal=",")
