"""brenta: the ward's Excel workbook, titles above the header, merged cells, dates of two kinds."""

import unicodedata
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from sample_exports.delivery import (
    SINTETICO,
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
from sample_exports.formats import write_xlsx
from sample_exports.surplus import test_patient
from sample_exports.truth import Patient

FILE = "brenta/LAM_recidivate_HMA_2021-06.xlsx"
GROUPS = {
    "Anagrafica": ("Codice", "Cognome e nome", "Codice fiscale", "Data nascita", "Sesso"),
    "Malattia": (
        "Data diagnosi", "Tipo LAM", "OMS 2016", "ELN 2017", "PS ECOG", "Stato malattia",
        "N. linee precedenti", "Allo precedente",
    ),
    "Terapia": ("Farmaco", "Linea HMA"),
    "Laboratorio all'inizio": (
        "GB (10^9/L)", "Neutrofili (10^9/L)", "Hb (g/dL)", "Piastrine (10^9/L)",
        "Blasti midollari %", "Blasti SP %", "Creatinina (mg/dL)",
    ),
    "Esito": (
        "Miglior risposta", "Data risposta", "Data progressione", "Allo dopo HMA", "Data allo",
        "Stato in vita", "Data decesso", "Ultimo follow-up", "Note",
    ),
}  # fmt: skip
COLUMNS = tuple(column for group in GROUPS.values() for column in group)
CYCLE_COLUMNS = ("Codice", "Ciclo", "Data inizio", "Data fine")
SEX = {"male": "M", "female": "F"}
AML_TYPE = {"de_novo": "de novo", "secondary": "secondaria", "therapy_related": "t-LAM"}
WHO = {
    "recurrent_genetic": "anomalie ricorrenti", "mrc": "LAM-MRC", "therapy_related": "t-LAM",
    "nos": "NAS",
}  # fmt: skip
ELN = {"favorable": "Fav", "intermediate": "Int", "adverse": "Avv"}
STATUS = {"relapsed": "recidiva", "refractory": "refrattaria"}
RESPONSE = {"CR": "RC", "CRi": "RCi", "PR": "RP", "SD": "MS", "PD": "PD"}
VITAL = {"alive": "vivo", "dead": "deceduto", "lost": "perso al FU"}
BRANDS = {"azacitidine": ("Vidaza", "5-AZA", "azacitidina"), "decitabine": ("Dacogen", "Dacogen")}


def deliver(patients: Sequence[Patient], folder: Path) -> list[Defect]:
    """Write the delivery below `folder`; returns what is wrong with it."""
    ward = Sheet(FILE, COLUMNS, "Codice", sheet="Pazienti", first_row=5)
    cycles = Sheet(FILE, CYCLE_COLUMNS, "Codice", sheet="Cicli", first_row=2)
    trial = test_patient("brenta", "B-999")
    for place, patient in enumerate((*patients, trial)):
        ward.add(_row(patient, place))
        if patient is not trial:
            for cells in _cycle_rows(patient):
                cycles.add(cells)
    _plant(ward, patients)
    write_xlsx(folder / FILE, _workbook(ward, cycles))
    return defects_in(ward) + defects_in(cycles)


def _plant(ward: Sheet, patients: Sequence[Patient]) -> None:
    for patient in patients:
        if patient.diagnosis_date_precision == "month":
            ward.line(patient.patient_id).mark("partial date", "noted", "Data diagnosi")
    ids = [patient.patient_id for patient in patients]
    died = patients[3].death_date
    assert died
    typed, right = day(died.replace(year=2109), "%d/%m/%Y"), day(died, "%d/%m/%Y")
    ward.line(ids[3]).spoil("Data decesso", typed, "year typed 2109", now=right)
    sex = ward.line(ids[5])
    sex.spoil(
        "Sesso", f"{sex.cells['Sesso']}\N{NO-BREAK SPACE}", "trailing no-break space", "noted"
    )
    response = ward.line(ids[8])
    response.spoil(
        "Miglior risposta", f"{response.cells['Miglior risposta']}  ", "trailing blanks", "noted"
    )
    accent = next(line for line in ward.lines if line.cells["Allo precedente"] == "sì")
    accent.spoil(
        "Allo precedente", unicodedata.normalize("NFD", "sì"), "accent in two forms", "noted"
    )
    ward.line("B-999").mark("test patient", "left_out")
    blank = Line()
    blank.mark("blank row", "left_out")
    ward.lines.insert(6, blank)
    total = ward.add({"Codice": "Totale", "Cognome e nome": f"{len(patients)} pazienti"})
    total.mark("total row", "left_out")


def _row(patient: Patient, place: int) -> Cells:
    # The secretary types dates as text on some days, as real dates on others.
    written = (lambda value: day(value, "%d/%m/%Y")) if place % 4 == 1 else (lambda value: value)
    month_only = patient.diagnosis_date_precision == "month"
    brands = BRANDS[patient.hma_drug]
    return {
        "Codice": patient.patient_id,
        "Cognome e nome": f"{patient.surname.upper()} {patient.given_name}",
        "Codice fiscale": patient.person_key,
        "Data nascita": written(patient.birth_date),
        "Sesso": SEX[patient.sex],
        "Data diagnosi": (
            day(patient.diagnosis_date, "%m/%Y") if month_only else written(patient.diagnosis_date)
        ),
        "Tipo LAM": AML_TYPE[patient.aml_type],
        "OMS 2016": coded(patient.who_category, WHO),
        "ELN 2017": ELN[patient.eln2017_risk],
        "PS ECOG": patient.ecog,
        "Stato malattia": STATUS[patient.disease_status],
        "N. linee precedenti": patient.prior_lines,
        "Allo precedente": "sì" if patient.prior_allo_hsct else "no",
        "Farmaco": brands[place % len(brands)],
        "Linea HMA": f"{patient.hma_line}a",
        "GB (10^9/L)": _comma(patient.wbc_10e9_l),
        "Neutrofili (10^9/L)": _comma(patient.anc_10e9_l),
        "Hb (g/dL)": _comma(patient.hemoglobin_g_dl),
        "Piastrine (10^9/L)": _whole(patient.platelets_10e9_l),
        "Blasti midollari %": _whole(patient.bm_blasts_pct),
        "Blasti SP %": _whole(patient.pb_blasts_pct),
        "Creatinina (mg/dL)": _comma(patient.creatinine_mg_dl),
        "Miglior risposta": RESPONSE[patient.best_response],
        "Data risposta": written(patient.best_response_date),
        "Data progressione": written(patient.progression_date),
        "Allo dopo HMA": "sì" if patient.allo_hsct_after_hma else "no",
        "Data allo": written(patient.allo_hsct_date),
        "Stato in vita": VITAL[patient.vital_status],
        "Data decesso": written(patient.death_date),
        "Ultimo follow-up": written(patient.last_contact_date),
        "Note": ("", "", "rivedere la lettera di dimissione", "", "seguito a domicilio")[place % 5],
    }


def _cycle_rows(patient: Patient) -> list[Cells]:
    dose = 7 if patient.hma_drug == "azacitidine" else 5
    dates = cycle_dates(patient.hma_start_date, patient.hma_end_date, patient.hma_cycles, dose)
    return [
        {"Codice": patient.patient_id, "Ciclo": count, "Data inizio": first, "Data fine": last}
        for count, (first, last) in enumerate(dates, 1)
    ]


def _comma(value: float | None) -> str | None:
    return number(value, decimal=",") if value is not None else "n.d."


def _whole(value: float | None) -> object:
    return int(value) if value is not None else "n.d."


def _workbook(ward: Sheet, cycles: Sheet) -> Workbook:
    workbook = Workbook()
    page = workbook.active
    assert isinstance(page, Worksheet)
    page.title = "Pazienti"
    page["A1"] = "Ematologia Brenta – LAM recidivate/refrattarie trattate con ipometilanti"
    page["A1"].font = Font(bold=True, size=14)
    page["A2"] = SINTETICO
    page.merge_cells("A1:H1")
    page.merge_cells("A2:H2")
    place = 1
    for group, columns in GROUPS.items():
        page.cell(3, place, group).font = Font(bold=True)
        page.merge_cells(
            start_row=3, end_row=3, start_column=place, end_column=place + len(columns) - 1
        )
        place += len(columns)
    _fill(page, ward, 4)
    _fill(workbook.create_sheet("Cicli"), cycles, 1)
    _merge_patients(workbook["Cicli"], cycles)
    return workbook


def _fill(page: Worksheet, sheet: Sheet, header_row: int) -> None:
    for place, column in enumerate(sheet.columns, 1):
        page.cell(header_row, place, column).font = Font(bold=True)
        page.column_dimensions[get_column_letter(place)].width = max(11, len(column) + 1)
    for row, cells in enumerate(sheet.rows(), header_row + 1):
        for place, value in enumerate(cells, 1):
            if value not in (None, ""):
                cell = page.cell(row, place)
                cell.value = value  # type: ignore[assignment]
                if isinstance(value, date):
                    cell.number_format = "DD/MM/YYYY"


def _merge_patients(page: Worksheet, cycles: Sheet) -> None:
    """One merged cell for the code of a patient with several cycles."""
    codes = [line.cells["Codice"] for line in cycles.lines]
    for code in dict.fromkeys(codes):
        first, count = codes.index(code) + cycles.first_row, codes.count(code)
        if count > 1:
            page.merge_cells(
                start_row=first, end_row=first + count - 1, start_column=1, end_column=1
            )
