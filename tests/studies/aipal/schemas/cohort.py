"""One row per patient of AI-PAL: the routine laboratory values at onset."""

import pandera.pandas as pa
from pandera.typing import Series

from .declaration import declare


class Cohort(pa.DataFrameModel):
    """Acute leukemias of six French hospitals."""

    center: Series[str] = declare("text", "Hospital", required=True)
    patient_id: Series[str] = declare("identifier", "Patient", required=True, privacy="identifier")
    leukemia: Series[str] = declare("term", "Leukemia", vocabulary="leukemia", required=True)
    age_years: Series[float] = declare("number", "Age", unit="a", possible=(0, 120))
    wbc_10e9_l: Series[float] = declare("number", "White cells", unit="10*9/L", possible=(0, 1500))
    mcv_fl: Series[float] = declare(
        "number", "Mean corpuscular volume", unit="fL", possible=(30, 180)
    )
    # Nothing outside 280 to 400 g/L is usual; nothing is impossible, so that a wrong unit is seen as one.
    mchc_g_l: Series[float] = declare(
        "number", "Mean corpuscular hemoglobin concentration", unit="g/L", plausible=(280, 400)
    )
    platelets_10e9_l: Series[float] = declare(
        "number", "Platelets", unit="10*9/L", possible=(0, 5000)
    )
    pt_pct: Series[float] = declare("number", "Prothrombin time ratio", unit="%", possible=(0, 200))
    fibrinogen_g_l: Series[float] = declare("number", "Fibrinogen", unit="g/L", possible=(0, 30))
    ldh_u_l: Series[float] = declare("number", "LDH", unit="U/L", possible=(0, 50000))
