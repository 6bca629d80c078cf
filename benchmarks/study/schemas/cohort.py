"""Twelve fields in the shapes that a cohort has: a code, terms, dates, measurements with units.

Only the patient's code is required: whatever else is wrong costs its cell, never the patient.
"""

from typing import Any, Literal

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from .vocabulary import VOCABULARIES

Kind = Literal["identifier", "text", "term", "date", "integer", "number", "boolean"]


def declare(
    kind: Kind,
    title: str,
    *,
    unit: str | None = None,
    vocabulary: str | None = None,
    possible: tuple[float, float] | None = None,
    presence: Literal["required", "optional"] = "optional",
    privacy: Literal["identifier", "quasi", "clinical"] = "clinical",
    **checks: Any,
) -> Any:
    """A pandera Field; what it enforces is also said in its metadata."""
    if vocabulary is not None:
        checks["isin"] = [term.code for term in VOCABULARIES[vocabulary]]
    if possible is not None:
        checks["in_range"] = {"min_value": possible[0], "max_value": possible[1]}
    metadata: dict[str, object] = {
        "title": title,
        "description": title,
        "kind": kind,
        "unit": unit,
        "vocabulary": vocabulary,
        "required": presence == "required",
        "privacy": privacy,
        "synonyms": {"en": [], "it": []},
        "plausible": None,
        "possible": possible,
        "published": True,
        "derived": False,
    }
    return pa.Field(nullable=presence == "optional", metadata=metadata, **checks)


class Cohort(pa.DataFrameModel):
    """One row per patient."""

    center: Series[str] = declare("text", "Center", presence="required")
    # A code of the study, not of the hospital: it is published as it stands.
    patient_id: Series[str] = declare(
        "text",
        "Patient",
        presence="required",
        privacy="quasi",
        str_matches=r"^P\d{7}$",  # that nobody comes twice is seen over all batches, when pooling
    )
    sex: Series[str] = declare("term", "Sex", vocabulary="sex", privacy="quasi")
    birth_date: Series[pd.Timestamp] = declare("date", "Date of birth", privacy="quasi")
    diagnosis_date: Series[pd.Timestamp] = declare("date", "Date of diagnosis")
    weight_kg: Series[float] = declare("number", "Weight", unit="kg", possible=(20, 300))
    height_cm: Series[float] = declare("number", "Height", unit="cm", possible=(80, 230))
    hemoglobin_g_l: Series[float] = declare("number", "Hemoglobin", unit="g/L", possible=(20, 250))
    ecog: Series[pd.Int64Dtype] = declare("integer", "ECOG performance status", possible=(0, 5))
    stage: Series[str] = declare("term", "Stage", vocabulary="stage")
    best_response: Series[str] = declare("term", "Best response", vocabulary="best_response")
    vital_status: Series[str] = declare("term", "Vital status", vocabulary="vital_status")
    last_contact_date: Series[pd.Timestamp] = declare("date", "Date of last contact")

    class Config:
        """Exactly these columns, never converted."""

        name = "cohort"
        strict = True
        coerce = False

    @pa.dataframe_check(n_failure_cases=5)
    def birth_before_last_contact(cls, rows: pd.DataFrame) -> pd.Series:
        """Nobody is seen before birth."""
        return ~(rows["last_contact_date"] < rows["birth_date"])
