"""garigliano: an SPSS file with value labels and user-missing codes; no codice fiscale."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from sample_exports.delivery import Cells, Defect, Sheet, defects_in
from sample_exports.formats import write_sav
from sample_exports.truth import Patient

FILE = "garigliano/hma_lam_garigliano.sav"
LABELS = {
    "codpaz": "Codice paziente",
    "sesso": "Sesso",
    "dnasc": "Data di nascita",
    "ddiag": "Data di diagnosi",
    "tipolam": "Tipo di LAM",
    "oms": "Classificazione OMS 2016",
    "eln": "Rischio ELN 2017",
    "ps": "PS ECOG",
    "stato": "Stato di malattia all'inizio di HMA",
    "nlinee": "Numero di linee precedenti",
    "allopre": "Trapianto allogenico prima di HMA",
    "farmaco": "Ipometilante",
    "dinizio": "Data inizio HMA",
    "dfine": "Data fine HMA",
    "ncicli": "Numero di cicli HMA",
    "linea": "Linea di terapia HMA",
    "gb": "Globuli bianchi (x10^9/L)",
    "neutro": "Neutrofili (x10^9/L)",
    "hb": "Emoglobina (g/dL)",
    "plt": "Piastrine (x10^9/L)",
    "blasti": "Blasti midollari (%)",
    "ldh": "LDH (U/L)",
    "crea": "Creatinina (mg/dL)",
    "risp": "Miglior risposta a HMA",
    "drisp": "Data della miglior risposta",
    "dprog": "Data di progressione",
    "allopost": "Trapianto allogenico dopo HMA",
    "vivo": "Stato in vita",
    "dmorte": "Data di decesso",
    "causa": "Causa del decesso",
    "dfu": "Data ultimo follow-up",
}
YES_NO = {0: "No", 1: "Sì"}
VALUE_LABELS = {
    "sesso": {1: "Maschio", 2: "Femmina"},
    "tipolam": {0: "De novo", 1: "Secondaria", 2: "Correlata a terapia"},
    "oms": {
        1: "Anomalie genetiche ricorrenti", 2: "MRC", 3: "Correlata a terapia", 4: "NAS",
        9: "Non noto",
    },
    "eln": {1: "Favorevole", 2: "Intermedio", 3: "Avverso", 9: "Non noto"},
    "ps": {0: "0", 1: "1", 2: "2", 3: "3", 4: "4", 9: "Non noto"},
    "stato": {1: "Recidiva", 2: "Refrattarietà primaria"},
    "allopre": YES_NO,
    "farmaco": {1: "Azacitidina", 2: "Decitabina"},
    "ncicli": {99: "Non noto"},
    "risp": {1: "RC", 2: "RCi", 3: "MLFS", 4: "RP", 5: "MS", 6: "PD"},
    "allopost": YES_NO,
    "vivo": {0: "Vivo", 1: "Deceduto", 2: "Perso al follow-up"},
    "causa": {
        1: "Leucemia", 2: "Infezione", 3: "Emorragia", 4: "Trapianto", 5: "Tossicità", 8: "Altro",
        9: "Non nota",
    },
    "ldh": {9999: "Non eseguito"},
    "gb": {999: "Non eseguito"},
    "neutro": {999: "Non eseguito"},
    "hb": {99: "Non eseguito"},
    "plt": {9999: "Non eseguito"},
    "blasti": {999: "Non eseguito"},
    "crea": {99: "Non eseguito"},
}  # fmt: skip
MISSING = {
    "ps": 9, "ncicli": 99, "oms": 9, "eln": 9, "ldh": 9999, "gb": 999, "neutro": 999, "hb": 99,
    "plt": 9999, "blasti": 999, "crea": 99,
}  # fmt: skip
SEX = {"male": 1, "female": 2}
AML_TYPE = {"de_novo": 0, "secondary": 1, "therapy_related": 2}
WHO = {"recurrent_genetic": 1, "mrc": 2, "therapy_related": 3, "nos": 4, None: 9}
ELN = {"favorable": 1, "intermediate": 2, "adverse": 3}
STATUS = {"relapsed": 1, "refractory": 2}
DRUG = {"azacitidine": 1, "decitabine": 2}
RESPONSE = {"CR": 1, "CRi": 2, "MLFS": 3, "PR": 4, "SD": 5, "PD": 6}
VITAL = {"alive": 0, "dead": 1, "lost": 2}
CAUSE = {
    "leukemia": 1, "infection": 2, "hemorrhage": 3, "transplant": 4, "treatment": 5, "other": 8,
    "unknown": 9, None: None,
}  # fmt: skip


def deliver(patients: Sequence[Patient], folder: Path) -> list[Defect]:
    """Write the delivery below `folder`; returns what is wrong with it."""
    sheet = Sheet(FILE, tuple(LABELS), "codpaz", first_row=1)
    for patient in patients:
        sheet.add(_row(patient))
    early = next(p for p in patients[4:] if p.death_date)
    assert early.death_date
    before = early.death_date - timedelta(days=3_653)
    sheet.line(early.patient_id).spoil("dmorte", before, "death before HMA start")
    stable = next(p for p in patients if p.best_response == "SD")
    sheet.line(stable.patient_id).spoil("risp", 7, "unmapped code")
    nameless = sheet.add({"sesso": 2, "tipolam": 0, "eln": 2, "ps": 1, "hb": 9.4})
    nameless.mark("missing key", "quarantined")
    write_sav(folder / FILE, sheet, labels=LABELS, value_labels=VALUE_LABELS, missing=MISSING)
    return defects_in(sheet)


def _row(patient: Patient) -> Cells:
    def measured(name: str, value: float | None) -> float:
        return MISSING[name] if value is None else value

    return {
        "codpaz": int(patient.patient_id),
        "sesso": SEX[patient.sex],
        "dnasc": patient.birth_date,
        "ddiag": patient.diagnosis_date,
        "tipolam": AML_TYPE[patient.aml_type],
        "oms": WHO[patient.who_category],
        "eln": ELN[patient.eln2017_risk],
        "ps": patient.ecog,
        "stato": STATUS[patient.disease_status],
        "nlinee": patient.prior_lines,
        "allopre": int(patient.prior_allo_hsct),
        "farmaco": DRUG[patient.hma_drug],
        "dinizio": patient.hma_start_date,
        "dfine": patient.hma_end_date,
        "ncicli": patient.hma_cycles,
        "linea": patient.hma_line,
        "gb": measured("gb", patient.wbc_10e9_l),
        "neutro": measured("neutro", patient.anc_10e9_l),
        "hb": measured("hb", patient.hemoglobin_g_dl),
        "plt": measured("plt", patient.platelets_10e9_l),
        "blasti": measured("blasti", patient.bm_blasts_pct),
        "ldh": measured("ldh", patient.ldh_u_l),
        "crea": measured("crea", patient.creatinine_mg_dl),
        "risp": RESPONSE[patient.best_response],
        "drisp": patient.best_response_date,
        "dprog": patient.progression_date,
        "allopost": int(patient.allo_hsct_after_hma),
        "vivo": VITAL[patient.vital_status],
        "dmorte": patient.death_date,
        "causa": CAUSE[patient.cause_of_death],
        "dfu": patient.last_contact_date,
    }
