"""Fields of the cohort up to the salvage treatment: who the patient is and what the disease was."""

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from .declaration import declare


class Patient(pa.DataFrameModel):
    """The patient and the leukemia before the hypomethylating agent (HMA)."""

    center: Series[str] = declare(
        "text",
        "Center",
        "The institution that delivered the patient; the name of its mapping.",
        en=("center", "centre", "site", "institution"),
        it=("centro", "istituzione"),
        presence="required",
        privacy="quasi",
    )
    patient_id: Series[str] = declare(
        "identifier",
        "Patient",
        "The center's own code of the patient; published only as center and keyed hash.",
        en=("patient id", "record id", "subject", "study id", "patient code"),
        it=("codice paziente", "codice", "id paziente", "paziente"),
        presence="required",
        privacy="identifier",
    )
    sex: Series[str] = declare(
        "term",
        "Sex",
        "Sex as registered by the center.",
        en=("sex", "gender"),
        it=("sesso", "genere"),
        vocabulary="sex",
        privacy="quasi",
    )
    birth_date: Series[pd.Timestamp] = declare(
        "date",
        "Date of birth",
        "Serves the age, the order of dates and linkage; not published.",
        en=("birth date", "date of birth", "DOB"),
        it=("data di nascita", "data nascita", "nato il", "DDN"),
        audience="internal",
        privacy="quasi",
    )
    person_key: Series[str] = declare(
        "identifier",
        "Codice fiscale",
        "Italian tax code; recognises one person at two centers, as a keyed hash, not published.",
        en=("tax code", "fiscal code"),
        it=("codice fiscale", "CF", "cod. fiscale"),
        audience="internal",
        privacy="identifier",
    )
    age_at_hma_years: Series[pd.Int64Dtype] = declare(
        "integer",
        "Age at HMA start",
        "Completed years at the first dose; from the date of birth where it is given.",
        en=("age", "age at HMA", "age at treatment"),
        it=("età", "età a inizio HMA", "età al trattamento"),
        unit="a",
        plausible=(18, 95),
        possible=(0, 120),
        origin="derived",
        privacy="quasi",
    )
    diagnosis_date: Series[pd.Timestamp] = declare(
        "date",
        "Date of diagnosis",
        "First diagnosis of AML; a partial date stands with its precision.",
        en=("diagnosis date", "date of diagnosis", "AML diagnosis"),
        it=("data diagnosi", "data di diagnosi", "diagnosi", "esordio"),
        privacy="quasi",
    )
    diagnosis_date_precision: Series[str] = declare(
        "term",
        "Precision of the date of diagnosis",
        "How much of the date of diagnosis the center knows.",
        en=("date precision", "diagnosis date precision"),
        it=("precisione data", "precisione data diagnosi"),
        vocabulary="date_precision",
    )
    aml_type: Series[str] = declare(
        "term",
        "Origin of the AML",
        "De novo, secondary to a blood disorder, or therapy-related.",
        en=("AML type", "AML origin", "type of AML", "etiology"),
        it=("tipo LAM", "tipo di LAM", "eziologia", "LAM secondaria"),
        vocabulary="aml_type",
        presence="required",
    )
    is_secondary: Series[pd.BooleanDtype] = declare(
        "boolean",
        "Secondary AML, in the wide sense",
        "Secondary or therapy-related; the contrast of the study.",
        en=("secondary", "sAML"),
        it=("secondaria",),
        origin="derived",
    )
    who_category: Series[str] = declare(
        "term",
        "WHO 2016 category",
        "Category of the AML by the WHO classification of 2016.",
        en=("WHO", "WHO category", "WHO 2016", "WHO classification"),
        it=("OMS", "OMS 2016", "classificazione OMS", "WHO"),
        vocabulary="who_category",
    )
    eln2017_risk: Series[str] = declare(
        "term",
        "ELN 2017 risk",
        "Genetic risk by the European LeukemiaNet of 2017; other systems do not belong here.",
        en=("ELN", "ELN 2017", "ELN risk", "genetic risk"),
        it=("rischio ELN", "ELN 2017", "rischio citogenetico"),
        vocabulary="eln2017_risk",
    )
    ecog: Series[pd.Int64Dtype] = declare(
        "integer",
        "ECOG performance status",
        "Performance status at HMA start, 0 to 4; 5 is death and cannot start a treatment.",
        en=("ECOG", "ECOG PS", "performance status", "PS"),
        it=("PS ECOG", "ECOG", "performance status"),
        plausible=(0, 4),
        possible=(0, 4),
    )
    disease_status: Series[str] = declare(
        "term",
        "Disease status",
        "Relapsed or refractory when the HMA was started.",
        en=("disease status", "status", "relapsed/refractory", "R/R"),
        it=("stato malattia", "stato di malattia", "recidiva/refrattaria"),
        vocabulary="disease_status",
    )
    prior_lines: Series[pd.Int64Dtype] = declare(
        "integer",
        "Prior lines",
        "Lines of treatment of the AML before the HMA.",
        en=("prior lines", "previous lines", "number of prior therapies"),
        it=("linee precedenti", "n. linee precedenti", "terapie precedenti"),
        plausible=(1, 6),
        possible=(0, 20),
    )
    prior_allo_hsct: Series[pd.BooleanDtype] = declare(
        "boolean",
        "Allogeneic transplant before HMA",
        "Whether an allogeneic stem-cell transplant preceded the HMA.",
        en=("prior allo", "prior HSCT", "previous transplant", "prior allogeneic transplant"),
        it=("trapianto precedente", "allo precedente", "TMO precedente", "pregresso trapianto"),
    )
