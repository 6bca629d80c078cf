"""volturno: an SQLite database of four tables; ages instead of dates of birth."""

from collections.abc import Sequence
from pathlib import Path

from sample_exports.delivery import SINTETICO, Cells, Defect, Line, Sheet, coded, defects_in, shown
from sample_exports.formats import write_sqlite
from sample_exports.surplus import with_venetoclax
from sample_exports.truth import Patient

FILE = "volturno/registro_lam.sqlite"
# Table -> column -> declared type.
TABLES = {
    "pazienti": {
        "id_paziente": "INTEGER", "codice_fiscale": "TEXT", "sesso": "TEXT", "data_diagnosi": "TEXT",
        "tipo_lam": "TEXT", "who": "TEXT", "rischio_eln": "TEXT",
    },
    "terapie": {
        "id_terapia": "INTEGER", "id_paziente": "INTEGER", "farmaco": "TEXT", "linea": "INTEGER",
        "eta": "INTEGER", "ecog": "INTEGER", "stato_malattia": "TEXT", "linee_precedenti": "INTEGER",
        "allo_precedente": "INTEGER", "data_inizio": "TEXT", "data_fine": "TEXT",
        "n_cicli": "INTEGER", "venetoclax": "INTEGER",
    },
    "esami": {
        "id_paziente": "INTEGER", "gb": "REAL", "neutrofili": "REAL", "hb": "REAL",
        "piastrine": "INTEGER", "blasti_midollo": "INTEGER", "blasti_periferici": "INTEGER",
        "ldh": "INTEGER", "creatinina": "REAL",
    },
    "esiti": {
        "id_paziente": "INTEGER", "risposta": "TEXT", "data_risposta": "TEXT",
        "allo_dopo": "INTEGER", "data_allo": "TEXT", "stato": "TEXT", "data_decesso": "TEXT",
        "causa_decesso": "TEXT", "data_ultimo_contatto": "TEXT", "os_mesi": "REAL",
    },
}  # fmt: skip
SEX = {"male": "M", "female": "F"}
AML_TYPE = {"de_novo": "DN", "secondary": "SEC", "therapy_related": "TER"}
WHO = {"recurrent_genetic": "RGA", "mrc": "MRC", "therapy_related": "TRM", "nos": "NOS"}
ELN = {"favorable": "FAV", "intermediate": "INT", "adverse": "ADV"}
STATUS = {"relapsed": "REC", "refractory": "REF"}
DRUG = {"azacitidine": "L01BC07", "decitabine": "L01BC08"}  # ATC
RESPONSE = {"CR": "RC", "CRi": "RCI", "PR": "RP", "SD": "MS", "PD": "PD"}
VITAL = {"alive": "V", "dead": "D", "lost": "P"}
CAUSE = {
    "leukemia": "LEU", "infection": "INF", "hemorrhage": "EMO", "transplant": "TMO",
    "treatment": "TOX", "other": "ALT", "unknown": "ND",
}  # fmt: skip


def deliver(patients: Sequence[Patient], folder: Path) -> list[Defect]:
    """Write the delivery below `folder`; returns what is wrong with it."""
    doubly = with_venetoclax("volturno", "90")
    sheets = {
        name: Sheet(FILE, tuple(columns), "id_paziente", sheet=name, first_row=1)
        for name, columns in TABLES.items()
    }
    for number, patient in enumerate((*patients, doubly), 1):
        for name, cells in _rows(patient, number).items():
            sheets[name].add(cells)
    sheets["terapie"].line("90").mark("HMA with venetoclax", "quarantined", "venetoclax")
    slow = next(p for p in patients if p.os_months > 8)
    line = sheets["esiti"].line(slow.patient_id)
    line.spoil("os_mesi", round(slow.os_months + 3, 1), "given survival differs", "noted")
    response = sheets["esiti"].line(patients[6].patient_id)
    response.spoil("risposta", f"{response.cells['risposta']} ", "trailing blanks", "noted")
    tables = {name: _table(TABLES[name], sheet.lines) for name, sheet in sheets.items()}
    note = ("nota TEXT", [[SINTETICO]])
    write_sqlite(folder / FILE, {**tables, "leggimi": note})
    return [defect for sheet in sheets.values() for defect in defects_in(sheet)]


def _table(columns: dict[str, str], lines: Sequence[Line]) -> tuple[str, list[list[object]]]:
    body = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    return body, [[_stored(line.cells.get(name)) for name in columns] for line in lines]


def _stored(value: object) -> object:
    return value if value is None or isinstance(value, int | float) else shown(value) or None


def _rows(patient: Patient, number: int) -> dict[str, Cells]:
    key: Cells = {"id_paziente": int(patient.patient_id)}
    return {
        "pazienti": key | {
            "codice_fiscale": patient.person_key,
            "sesso": SEX[patient.sex],
            "data_diagnosi": patient.diagnosis_date,
            "tipo_lam": AML_TYPE[patient.aml_type],
            "who": coded(patient.who_category, WHO),
            "rischio_eln": ELN[patient.eln2017_risk],
        },
        "terapie": key | {
            "id_terapia": 500 + number,
            "farmaco": DRUG[patient.hma_drug],
            "linea": patient.hma_line,
            "eta": patient.age_at_hma_years,
            "ecog": patient.ecog,
            "stato_malattia": STATUS[patient.disease_status],
            "linee_precedenti": patient.prior_lines,
            "allo_precedente": int(patient.prior_allo_hsct),
            "data_inizio": patient.hma_start_date,
            "data_fine": patient.hma_end_date,
            "n_cicli": patient.hma_cycles,
            "venetoclax": int(bool(patient.has_venetoclax)),
        },
        "esami": key | {
            "gb": patient.wbc_10e9_l,
            "neutrofili": patient.anc_10e9_l,
            "hb": patient.hemoglobin_g_dl,
            "piastrine": _whole(patient.platelets_10e9_l),
            "blasti_midollo": _whole(patient.bm_blasts_pct),
            "blasti_periferici": _whole(patient.pb_blasts_pct),
            "ldh": _whole(patient.ldh_u_l),
            "creatinina": patient.creatinine_mg_dl,
        },
        "esiti": key | {
            "risposta": RESPONSE[patient.best_response],
            "data_risposta": patient.best_response_date,
            "allo_dopo": int(patient.allo_hsct_after_hma),
            "data_allo": patient.allo_hsct_date,
            "stato": VITAL[patient.vital_status],
            "data_decesso": patient.death_date,
            "causa_decesso": coded(patient.cause_of_death, CAUSE),
            "data_ultimo_contatto": patient.last_contact_date,
            "os_mesi": patient.os_months_given,
        },
    }  # fmt: skip


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
