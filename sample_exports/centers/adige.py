"""adige: REDCap, raw CSV with its data dictionary, a repeating instrument for the cycles."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from sample_exports.delivery import (
    SINTETICO,
    Cells,
    Defect,
    Sheet,
    coded,
    cycle_dates,
    defects_in,
    number,
)
from sample_exports.formats import write_csv
from sample_exports.truth import Patient

DATA = "adige/LAM_HMA_DATA_2021-06-15.csv"
DICTIONARY = "adige/LAM_HMA_DataDictionary_2021-06-15.csv"
SEX = {"male": "1", "female": "2"}
AML_TYPE = {"de_novo": "1", "secondary": "2", "therapy_related": "3"}
WHO = {"recurrent_genetic": "1", "mrc": "2", "therapy_related": "3", "nos": "4"}
ELN = {"favorable": "1", "intermediate": "2", "adverse": "3"}
STATUS = {"relapsed": "1", "refractory": "2"}
RESPONSE = {"CR": "1", "CRi": "2", "MLFS": "3", "PR": "4", "SD": "5", "PD": "6", "NE": "9"}
VITAL = {"alive": "0", "dead": "1", "lost": "2"}
CAUSE = {
    "leukemia": "1", "infection": "2", "hemorrhage": "3", "transplant": "4", "treatment": "5",
    "other": "8", "unknown": "9",
}  # fmt: skip
LABS = {
    "gb": "wbc_10e9_l", "neutrofili": "anc_10e9_l", "hb": "hemoglobin_g_dl",
    "plt": "platelets_10e9_l", "blasti_mo": "bm_blasts_pct", "blasti_sp": "pb_blasts_pct",
    "ldh": "ldh_u_l", "creatinina": "creatinine_mg_dl",
}  # fmt: skip
YES_NO = "0, No | 1, Sì"
# Variable, form, type, label, choices, validation; REDCap's dictionary has more columns, left blank.
VARIABLES = (
    ("record_id", "paziente", "text", "Record ID", "", ""),
    ("cf", "paziente", "text", "Codice fiscale", "", ""),
    ("data_nascita", "paziente", "text", "Data di nascita", "", "date_dmy"),
    ("sesso", "paziente", "radio", "Sesso", "1, Maschio | 2, Femmina", ""),
    ("data_diagnosi", "paziente", "text", "Data di diagnosi", "", "date_dmy"),
    ("tipo_lam", "paziente", "radio", "Tipo di LAM",
     "1, de novo | 2, secondaria a SMD/MPN | 3, t-LAM (post CT/RT)", ""),
    ("oms", "paziente", "dropdown", "Classificazione OMS 2016",
     "1, Anomalie genetiche ricorrenti | 2, LAM-MRC | 3, Correlata a terapia | 4, NAS", ""),
    ("eln", "paziente", "radio", "Rischio ELN 2017", "1, Favorevole | 2, Intermedio | 3, Sfavorevole", ""),
    ("ecog", "paziente", "dropdown", "PS ECOG", "0, 0 | 1, 1 | 2, 2 | 3, 3 | 4, 4", ""),
    ("stato_mal", "paziente", "radio", "Stato di malattia", "1, Recidiva | 2, Refrattaria", ""),
    ("linee_prec", "paziente", "text", "N. linee precedenti", "", "integer"),
    ("allo_prec", "paziente", "yesno", "Trapianto allogenico precedente", YES_NO, ""),
    ("farmaco", "terapia", "checkbox", "Farmaci", "1, Azacitidina | 2, Decitabina | 3, Venetoclax", ""),
    ("linea_hma", "terapia", "text", "Linea HMA", "", "integer"),
    ("gb", "terapia", "text", "Globuli bianchi (10^9/L)", "", "number"),
    ("neutrofili", "terapia", "text", "Neutrofili (10^9/L)", "", "number"),
    ("hb", "terapia", "text", "Emoglobina (g/dL)", "", "number"),
    ("plt", "terapia", "text", "Piastrine (10^9/L)", "", "number"),
    ("blasti_mo", "terapia", "text", "Blasti midollari (%)", "", ""),
    ("blasti_sp", "terapia", "text", "Blasti sangue periferico (%)", "", ""),
    ("ldh", "terapia", "text", "LDH (U/L)", "", "number"),
    ("creatinina", "terapia", "text", "Creatinina (mg/dL)", "", "number"),
    ("risposta", "esito", "radio", "Miglior risposta",
     "1, RC | 2, RCi | 3, MLFS | 4, RP | 5, MS | 6, PD | 9, Non valutabile", ""),
    ("data_risposta", "esito", "text", "Data miglior risposta", "", "date_dmy"),
    ("data_progr", "esito", "text", "Data progressione", "", "date_dmy"),
    ("allo_post", "esito", "yesno", "Trapianto allogenico dopo HMA", YES_NO, ""),
    ("data_allo", "esito", "text", "Data trapianto", "", "date_dmy"),
    ("stato", "esito", "radio", "Stato in vita", "0, Vivo | 1, Deceduto | 2, Perso al follow-up", ""),
    ("data_morte", "esito", "text", "Data decesso", "", "date_dmy"),
    ("causa_morte", "esito", "dropdown", "Causa del decesso",
     "1, Leucemia | 2, Infezione | 3, Emorragia | 4, Trapianto | 5, Tossicità | 8, Altro | 9, Non nota",
     ""),
    ("data_fu", "esito", "text", "Data ultimo contatto", "", "date_dmy"),
    ("ciclo_n", "cicli", "text", "Ciclo numero", "", "integer"),
    ("ciclo_inizio", "cicli", "text", "Data inizio ciclo", "", "date_dmy"),
    ("ciclo_fine", "cicli", "text", "Data fine ciclo", "", "date_dmy"),
)  # fmt: skip
DICTIONARY_COLUMNS = (
    "Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label",
    "Choices, Calculations, OR Slider Labels", "Field Note",
    "Text Validation Type OR Show Slider Number", "Text Validation Min", "Text Validation Max",
    "Identifier?", "Branching Logic (Show field only if...)", "Required Field?", "Custom Alignment",
    "Question Number (surveys only)", "Matrix Group Name", "Matrix Ranking?", "Field Annotation",
)  # fmt: skip


def deliver(patients: Sequence[Patient], folder: Path) -> list[Defect]:
    """Write the delivery below `folder`; returns what is wrong with it."""
    sheet = Sheet(DATA, _columns(), "record_id")
    for patient in patients:
        sheet.add(_base_row(patient))
        for cells in _cycle_rows(patient):
            sheet.add(cells)
    second = patients[1].patient_id
    sheet.line(second).spoil("tipo_lam", "4", "unmapped code")
    counted = next(p for p in patients[4:] if p.pb_blasts_pct is not None and p.pb_blasts_pct < 5)
    sheet.line(counted.patient_id).spoil("blasti_sp", "<5", "below a limit")
    write_csv(folder / DATA, sheet, delimiter=",")
    _write_dictionary(folder / DICTIONARY)
    return defects_in(sheet)


def _columns() -> tuple[str, ...]:
    names = ["record_id", "redcap_repeat_instrument", "redcap_repeat_instance"]
    for name, form, kind, *_ in VARIABLES[1:]:
        if form == "cicli" and name == "ciclo_n":
            names.append("esito_complete")
        names += [f"{name}___{code}" for code in (1, 2, 3)] if kind == "checkbox" else [name]
    return (*names, "cicli_complete")


def _base_row(patient: Patient) -> Cells:
    labs: Cells = {name: number(getattr(patient, field)) for name, field in LABS.items()}
    return labs | {
        "record_id": patient.patient_id,
        "cf": patient.person_key,
        "data_nascita": patient.birth_date,
        "sesso": SEX[patient.sex],
        "data_diagnosi": patient.diagnosis_date,
        "tipo_lam": AML_TYPE[patient.aml_type],
        "oms": coded(patient.who_category, WHO),
        "eln": ELN[patient.eln2017_risk],
        "ecog": patient.ecog,
        "stato_mal": STATUS[patient.disease_status],
        "linee_prec": patient.prior_lines,
        "allo_prec": int(patient.prior_allo_hsct),
        "farmaco___1": int(patient.hma_drug == "azacitidine"),
        "farmaco___2": int(patient.hma_drug == "decitabine"),
        "farmaco___3": int(bool(patient.has_venetoclax)),
        "linea_hma": patient.hma_line,
        "risposta": RESPONSE[patient.best_response],
        "data_risposta": patient.best_response_date,
        "data_progr": patient.progression_date,
        "allo_post": int(patient.allo_hsct_after_hma),
        "data_allo": patient.allo_hsct_date,
        "stato": VITAL[patient.vital_status],
        "data_morte": patient.death_date,
        "causa_morte": coded(patient.cause_of_death, CAUSE),
        "data_fu": patient.last_contact_date,
        "esito_complete": 2,
    }


def _cycle_rows(patient: Patient) -> list[Cells]:
    dose = 7 if patient.hma_drug == "azacitidine" else 5
    dates = cycle_dates(patient.hma_start_date, patient.hma_end_date, patient.hma_cycles, dose)
    return [
        {
            "record_id": patient.patient_id,
            "redcap_repeat_instrument": "cicli",
            "redcap_repeat_instance": count,
            "ciclo_n": count,
            "ciclo_inizio": first,
            "ciclo_fine": last,
            "cicli_complete": 2,
        }
        for count, (first, last) in enumerate(dates, 1)
    ]


def _write_dictionary(path: Path) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(DICTIONARY_COLUMNS)
    for name, form, kind, label, choices, validation in VARIABLES:
        header = SINTETICO if name == "record_id" else ""
        identifier = "y" if name == "cf" else ""
        tail = [""] * 7
        writer.writerow(
            [name, form, header, kind, label, choices, "", validation, "", "", identifier, *tail]
        )
    path.write_bytes(text.getvalue().encode())
