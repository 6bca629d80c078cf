"""One row per patient of the four centers of the UCI heart disease data."""

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from .declaration import declare


class Cohort(pa.DataFrameModel):
    """Patients who were sent to coronary angiography."""

    center: Series[str] = declare("text", "Center", required=True)
    patient_id: Series[str] = declare("identifier", "Patient", required=True, privacy="identifier")
    age_years: Series[pd.Int64Dtype] = declare("integer", "Age", unit="a", possible=(0, 120))
    sex: Series[str] = declare("term", "Sex", vocabulary="sex", required=True)
    chest_pain: Series[str] = declare("term", "Chest pain", vocabulary="chest_pain")
    # A pressure or a cholesterol of 0 stands for "not measured" at two centers: no patient has it.
    blood_pressure_mmhg: Series[float] = declare(
        "number", "Resting blood pressure", unit="mm[Hg]", possible=(40, 300)
    )
    cholesterol_mg_dl: Series[float] = declare(
        "number", "Serum cholesterol", unit="mg/dL", possible=(40, 1000)
    )
    fasting_sugar_high: Series[pd.BooleanDtype] = declare("boolean", "Fasting sugar over 120 mg/dL")
    heart_rate_max: Series[float] = declare("number", "Maximum heart rate", possible=(20, 250))
    thal: Series[str] = declare("term", "Thallium scan", vocabulary="thal")
    has_disease: Series[pd.BooleanDtype] = declare("boolean", "A vessel narrowed by half or more")
