"""One row per patient of Beat AML 2."""

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from .declaration import declare


class Cohort(pa.DataFrameModel):
    """Patients of eight US centers with their survival and their response to induction."""

    center: Series[str] = declare("text", "Consortium", required=True)
    patient_id: Series[str] = declare("identifier", "Patient", required=True, privacy="identifier")
    site: Series[str] = declare("text", "Center that took the specimen")
    sex: Series[str] = declare("term", "Sex", vocabulary="sex")
    age_at_diagnosis_years: Series[pd.Int64Dtype] = declare(
        "integer", "Age at diagnosis", unit="a", possible=(0, 120)
    )
    vital_status: Series[str] = declare("term", "Vital status", vocabulary="vital_status")
    os_days: Series[pd.Int64Dtype] = declare(
        "integer", "Overall survival", unit="d", possible=(0, 40000)
    )
    response: Series[str] = declare("term", "Response to induction", vocabulary="response")
    specimens: Series[pd.Int64Dtype] = declare("integer", "Specimens", possible=(1, 100))
    bm_blasts_pct: Series[float] = declare("number", "Marrow blasts", unit="%", possible=(0, 100))
    pb_blasts_pct: Series[float] = declare("number", "Blood blasts", unit="%", possible=(0, 100))
    wbc_10e9_l: Series[float] = declare(
        "number", "White cells", unit="10*9/L", possible=(0, 1000), plausible=(0.05, 400)
    )
