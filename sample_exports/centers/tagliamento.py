"""tagliamento: a Stata file with value labels, dates as Stata days, counts per cubic millimetre."""

from collections.abc import Sequence
from pathlib import Path

from sample_exports.delivery import Cells, Defect, Sheet, defects_in
from sample_exports.formats import write_dta
from sample_exports.surplus import under_age
from sample_exports.truth import Patient

FILE = "tagliamento/tagliamento_hma.dta"
LABELS = {
    "id": "ID paziente",
    "sesso": "Sesso",
    "dnascita": "Data nascita",
    "ddiagnosi": "Data diagnosi LAM",
    "origine": "Origine della LAM",
    "who2016": "WHO 2016",
    "eln17": "Rischio ELN 2017",
    "ecog": "ECOG PS",
    "rr": "Recidiva/refrattaria",
    "nterapie": "Linee precedenti",
    "tmopre": "TMO precedente",
    "hma": "Ipometilante",
    "diniziohma": "Inizio HMA",
    "dfinehma": "Fine HMA",
    "cicli": "Cicli HMA",
    "lineahma": "Linea HMA",
    "wbc": "Globuli bianchi (/mm3)",
    "anc": "Neutrofili (/mm3)",
    "hgb": "Emoglobina (g/dL)",
    "piastrine": "Piastrine (/mm3)",
    "bmblast": "Blasti midollari (%)",
    "pbblast": "Blasti periferici (%)",
    "ldh": "LDH (UI/L)",
    "creat": "Creatinina (mg/dL)",
    "bor": "Miglior risposta",
    "dprog": "Data progressione",
    "tmopost": "TMO dopo HMA",
    "dtmo": "Data TMO",
    "status": "Stato in vita",
    "dexitus": "Data decesso",
    "dlastfu": "Ultimo follow-up",
}
YES_NO = {0: "no", 1: "si"}
VALUE_LABELS = {
    "sesso": {0: "maschio", 1: "femmina"},
    "origine": {1: "de novo", 2: "secondaria a SMD", 3: "post-chemioterapia"},
    "who2016": {1: "genetica ricorrente", 2: "MRC", 3: "t-AML", 4: "NOS"},
    "eln17": {1: "favorevole", 2: "intermedio", 3: "sfavorevole"},
    "rr": {1: "recidiva", 2: "refrattaria"},
    "tmopre": YES_NO,
    "hma": {1: "azacitidina", 2: "decitabina"},
    "bor": {1: "RC", 2: "RCi", 3: "RP", 4: "MS", 5: "PD"},
    "tmopost": YES_NO,
    "status": {1: "vivo", 2: "deceduto", 3: "perso al follow-up"},
}
SEX = {"male": 0, "female": 1}
AML_TYPE = {"de_novo": 1, "secondary": 2, "therapy_related": 3}
WHO = {"recurrent_genetic": 1, "mrc": 2, "therapy_related": 3, "nos": 4, None: None}
ELN = {"favorable": 1, "intermediate": 2, "adverse": 3}
STATUS = {"relapsed": 1, "refractory": 2}
DRUG = {"azacitidine": 1, "decitabine": 2}
RESPONSE = {"CR": 1, "CRi": 2, "PR": 3, "SD": 4, "PD": 5}
VITAL = {"alive": 1, "dead": 2, "lost": 3}


def deliver(patients: Sequence[Patient], folder: Path) -> list[Defect]:
    """Write the delivery below `folder`; returns what is wrong with it."""
    sheet = Sheet(FILE, tuple(LABELS), "id", first_row=1)
    young = under_age("tagliamento", "1090")
    for patient in (*patients[:7], young, *patients[7:]):
        sheet.add(_row(patient))
    sheet.line(young.patient_id).mark("patient under 18", "quarantined")
    counted = next(p for p in patients if p.wbc_10e9_l and p.wbc_10e9_l % 1)
    sheet.line(counted.patient_id).spoil("wbc", counted.wbc_10e9_l, "unit slip within a column")
    write_dta(folder / FILE, sheet, labels=LABELS, value_labels=VALUE_LABELS)
    return defects_in(sheet)


def _row(patient: Patient) -> Cells:
    return {
        "id": int(patient.patient_id),
        "sesso": SEX[patient.sex],
        "dnascita": patient.birth_date,
        "ddiagnosi": patient.diagnosis_date,
        "origine": AML_TYPE[patient.aml_type],
        "who2016": WHO[patient.who_category],
        "eln17": ELN[patient.eln2017_risk],
        "ecog": patient.ecog,
        "rr": STATUS[patient.disease_status],
        "nterapie": patient.prior_lines,
        "tmopre": int(patient.prior_allo_hsct),
        "hma": DRUG[patient.hma_drug],
        "diniziohma": patient.hma_start_date,
        "dfinehma": patient.hma_end_date,
        "cicli": patient.hma_cycles,
        "lineahma": patient.hma_line,
        "wbc": _per_mm3(patient.wbc_10e9_l),
        "anc": _per_mm3(patient.anc_10e9_l),
        "hgb": patient.hemoglobin_g_dl,
        "piastrine": _per_mm3(patient.platelets_10e9_l),
        "bmblast": patient.bm_blasts_pct,
        "pbblast": patient.pb_blasts_pct,
        "ldh": patient.ldh_u_l,
        "creat": patient.creatinine_mg_dl,
        "bor": RESPONSE[patient.best_response],
        "dprog": patient.progression_date,
        "tmopost": int(patient.allo_hsct_after_hma),
        "dtmo": patient.allo_hsct_date,
        "status": VITAL[patient.vital_status],
        "dexitus": patient.death_date,
        "dlastfu": patient.last_contact_date,
    }


def _per_mm3(value: float | None) -> int | None:
    return None if value is None else round(value * 1000)
