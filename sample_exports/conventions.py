"""What the sample is built on: its date, its centers, the published figures and the model behind them.

The figures are those of the study's abstract, the only ones that were ever printed. Everything else in
the sample is invented.
"""

from dataclasses import dataclass
from datetime import date

SEED = 20210518
AS_OF = date(2021, 6, 30)  # the day on which the deliveries are read; a swapped day can lie past it
DAYS_PER_MONTH = 30.4375

# Center -> patients of the 100 that it delivers.
CENTERS = {
    "adige": 14,
    "brenta": 13,
    "dora": 12,
    "garigliano": 12,
    "piave": 12,
    "tagliamento": 11,
    "ticino": 8,
    "volturno": 10,
    "tevere": 8,
}

RESPONDERS = frozenset({"CR", "CRi", "PR"})
# Covariates of the multivariate model of overall survival (Cox, Efron ties, Wald p-values, n = 100):
# 0/1 for each but the age, which is completed years at the first dose.
COX_MODEL = ("is_responder", "is_secondary", "age_at_hma_years", "is_adverse", "is_ecog_2_or_more")


@dataclass(frozen=True)
class Figure:
    """One figure of the abstract: its value as printed and how many decimals were printed."""

    name: str
    value: float
    decimals: int


MEDIANS = (
    Figure("all", 6.5, 1),
    Figure("de_novo", 6.1, 1),
    Figure("secondary", 12.3, 1),
    Figure("SD", 10.6, 1),
    Figure("responders", 13.0, 1),
)
LOGRANK = Figure("logrank de novo / secondary", 0.037, 3)
COX_RESPONSE = Figure("cox response", 0.0037, 4)
COX_SECONDARY_BELOW = 0.00001
COUNTS = {"responders": 24, "SD": 26, "PD": 50}
