"""The cohort: one row per patient, with its checks, its derived fields and its rule of linkage.

The fields are declared in patient.py, treatment.py and outcome.py, in the order of their course.
"""

from typing import ClassVar

from .checks import CohortChecks
from .derivations import DERIVATIONS
from .outcome import Outcome
from .patient import Patient
from .tax_code import IDENTIFIER_CHECKS
from .treatment import Treatment

__all__ = ["DERIVATIONS", "IDENTIFIER_CHECKS", "LINKAGE", "Cohort"]

# How one person is recognised at two centers: the first list of fields that both rows have decides.
LINKAGE: list[tuple[str, ...]] = [("person_key",), ("birth_date", "sex", "hma_start_date")]


class Cohort(Outcome, Treatment, Patient, CohortChecks):
    """Patients with relapsed or refractory AML and a hypomethylating agent as salvage."""

    class Config:
        """Exactly these columns, in any order, and never converted."""

        name = "cohort"
        strict = True
        ordered = False
        coerce = False
        metadata: ClassVar[dict[str, str]] = {"row": "one patient"}
