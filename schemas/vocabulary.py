"""The study's vocabularies: every closed list of terms that a field of the cohort may take."""

from .outcome_terms import BEST_RESPONSE, CAUSE_OF_DEATH, HMA_DRUG, VITAL_STATUS
from .patient_terms import (
    AML_TYPE,
    DATE_PRECISION,
    DISEASE_STATUS,
    ELN2017_RISK,
    SEX,
    WHO_CATEGORY,
)
from .term import Term

__all__ = ["VOCABULARIES", "Term"]

VOCABULARIES: dict[str, tuple[Term, ...]] = {
    "sex": SEX,
    "date_precision": DATE_PRECISION,
    "aml_type": AML_TYPE,
    "who_category": WHO_CATEGORY,
    "eln2017_risk": ELN2017_RISK,
    "disease_status": DISEASE_STATUS,
    "hma_drug": HMA_DRUG,
    "best_response": BEST_RESPONSE,
    "vital_status": VITAL_STATUS,
    "cause_of_death": CAUSE_OF_DEATH,
}
