"""tevere: an English workbook, US dates, responses as columns marked x, survival in months only."""

from collections.abc import Sequence
from pathlib import Path

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from sample_exports.delivery import SYNTHETIC, Cells, Defect, Sheet, day, defects_in, number
from sample_exports.formats import write_xlsx
from sample_exports.surplus import seen_elsewhere
from sample_exports.truth import Patient

FILE = "tevere/RR-AML_HMA_salvage_tevere.xlsx"
RESPONSES = ("CR", "CRi", "PR", "SD", "PD")
COLUMNS = (
    "Patient ID", "DOB", "Sex", "Dx date", "AML type", "ELN 2017 risk", "ECOG PS", "Rel/Ref",
    "Prior lines", "Prior alloSCT", "HMA", "HMA start", "HMA cycles", "Line of HMA", "Venetoclax",
    "WBC (K/uL)", "ANC (K/uL)", "Hb (g/L)", "PLT (K/uL)", "BM blasts (%)", "PB blasts (%)",
    "LDH (U/L)", "Creatinine (mg/dL)", *RESPONSES, "Response date", "AlloSCT after HMA",
    "AlloSCT date", "Vital status", "OS (months)", "Comments",
)  # fmt: skip
AML_TYPE = {"de_novo": "de novo", "secondary": "secondary", "therapy_related": "t-AML"}
DRUG = {"azacitidine": "azacitidine", "decitabine": "decitabine"}
STATUS = {"relapsed": "Rel", "refractory": "Ref"}
VITAL = {"alive": "Alive", "dead": "Dead", "lost": "Lost to FU"}
US = "%m/%d/%Y"
LEGEND = (
    SYNTHETIC,
    "Dates are mm/dd/yyyy. Responses: x in the column of the best response (ELN 2017).",
    "OS: months (30.4375 days) from first HMA dose to death or last follow-up.",
)


def deliver(patients: Sequence[Patient], referred: Patient, folder: Path) -> list[Defect]:
    """Write the delivery below `folder`; `referred` is also a patient of another center."""
    sheet = Sheet(FILE, COLUMNS, "Patient ID", sheet="Data")
    for patient in patients:
        sheet.add(_row(patient))
    lowered = next(p for p in patients if p.hemoglobin_g_dl)
    in_g_dl = number(lowered.hemoglobin_g_dl)
    sheet.line(lowered.patient_id).spoil("Hb (g/L)", in_g_dl, "unit slip within a column")
    italian = next(p for p in patients[3:] if p.diagnosis_date and p.diagnosis_date.day > 12)
    written = day(italian.diagnosis_date, "%d/%m/%Y")
    sheet.line(italian.patient_id).spoil("Dx date", written, "impossible date")
    elsewhere = seen_elsewhere(referred, "tevere", "TEV09")
    sheet.add(_row(elsewhere)).mark("same patient at two centers", "merged")
    write_xlsx(folder / FILE, _workbook(sheet))
    return defects_in(sheet)


def _row(patient: Patient) -> Cells:
    marks = {name: "x" if name == patient.best_response else None for name in RESPONSES}
    return marks | {
        "Patient ID": patient.patient_id,
        "DOB": day(patient.birth_date, US),
        "Sex": patient.sex[0].upper(),
        "Dx date": day(patient.diagnosis_date, US),
        "AML type": AML_TYPE[patient.aml_type],
        "ELN 2017 risk": patient.eln2017_risk.capitalize(),
        "ECOG PS": patient.ecog,
        "Rel/Ref": STATUS[patient.disease_status],
        "Prior lines": patient.prior_lines,
        "Prior alloSCT": "Yes" if patient.prior_allo_hsct else "No",
        "HMA": DRUG[patient.hma_drug],
        "HMA start": day(patient.hma_start_date, US),
        "HMA cycles": patient.hma_cycles,
        "Line of HMA": patient.hma_line,
        "Venetoclax": "No",
        "WBC (K/uL)": patient.wbc_10e9_l,
        "ANC (K/uL)": patient.anc_10e9_l,
        "Hb (g/L)": patient.hemoglobin_g_dl and round(patient.hemoglobin_g_dl * 10),
        "PLT (K/uL)": patient.platelets_10e9_l and int(patient.platelets_10e9_l),
        "BM blasts (%)": patient.bm_blasts_pct and int(patient.bm_blasts_pct),
        "PB blasts (%)": patient.pb_blasts_pct if patient.pb_blasts_pct is None else
        int(patient.pb_blasts_pct),
        "LDH (U/L)": patient.ldh_u_l and int(patient.ldh_u_l),
        "Creatinine (mg/dL)": patient.creatinine_mg_dl,
        "Response date": day(patient.best_response_date, US),
        "AlloSCT after HMA": "Yes" if patient.allo_hsct_after_hma else "No",
        "AlloSCT date": day(patient.allo_hsct_date, US),
        "Vital status": VITAL[patient.vital_status],
        "OS (months)": patient.os_months_given,
        "Comments": "",
    }  # fmt: skip


def _workbook(sheet: Sheet) -> Workbook:
    workbook = Workbook()
    page = workbook.active
    assert isinstance(page, Worksheet)
    page.title = "Data"
    page.append(list(sheet.columns))
    for row in sheet.rows():
        page.append([cell if cell != "" else None for cell in row])
    legend = workbook.create_sheet("Legend")
    for line in LEGEND:
        legend.append([line])
    return workbook
