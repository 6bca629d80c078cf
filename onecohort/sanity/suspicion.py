"""What a look across the centers brings up: something that is probably wrong, with its evidence."""

import dataclasses
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Index = npt.NDArray[np.int64]
Kind = Literal[
    "unit", "swap", "share", "missing", "constant", "digits", "duplicate", "systematic", "keys"
]

TITLES: dict[Kind, str] = {
    "unit": "Another unit",
    "swap": "Coded the other way round",
    "share": "A share far off the others",
    "missing": "Empty here only",
    "constant": "One value for all",
    "digits": "Rounded values",
    "duplicate": "The same patient twice",
    "systematic": "A check that nearly every row fails",
    "keys": "Codes without their leading zeros",
}


def _no_rows() -> Index:
    return np.empty(0, np.int64)


@dataclass(frozen=True)
class Suspicion:
    """One center and one field that do not go with the others.

    evidence       what speaks for it, exact; for the center's own card
    shared         the same for everybody: counts below 5 are masked
    action         what the center or the coordinator would do, one line
    part, of       how many of how many values are named
    cohort_rows    positions in the cohort of the values named
    finding_rows   positions in the findings: values that were withdrawn as impossible
    """

    kind: Kind
    center: str
    field: str
    evidence: str
    shared: str
    action: str
    part: int
    of: int
    cohort_rows: Index = dataclasses.field(default_factory=_no_rows)
    finding_rows: Index = dataclasses.field(default_factory=_no_rows)


@dataclass(frozen=True)
class TooSmall:
    """What could not be judged, and why."""

    center: str
    field: str
    reason: str
