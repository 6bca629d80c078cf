"""What an estimator hands back: a number with its interval, a test, or why there is none.

No estimator here returns nan and none raises for data that merely say too little (one patient, no
event, one group): the number is None and `statement` says why.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import special

FloatArray: TypeAlias = npt.NDArray[np.float64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
IntArray: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Estimate:
    """A number with its confidence interval; what is None is explained by `statement`."""

    value: float | None
    lower: float | None = None
    upper: float | None = None
    statement: str = ""


@dataclass(frozen=True)
class Test:
    """A test: statistic, degrees of freedom and p, or the reason why there is none.

    `statistic` and `df` are None for a test that has none (Fisher's).
    """

    __test__ = False  # pytest collects classes by name

    method: str
    statistic: float | None
    df: int | None
    p: float | None
    statement: str = ""


def chi_square_test(method: str, statistic: float, df: int) -> Test:
    """The upper tail of chi-square with `df` degrees of freedom beyond `statistic`."""
    return Test(method, statistic, df, float(special.chdtrc(df, statistic)))


def no_test(method: str, statement: str) -> Test:
    """A test that the data do not allow."""
    return Test(method, None, None, None, statement)


def normal_quantile(confidence: float) -> float:
    """1.959964 for a confidence of 0.95.

    Raises ValueError unless 0 < confidence < 1.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies between 0 and 1, not at {confidence}")
    return float(special.ndtri(1 - (1 - confidence) / 2))


def two_sided_p(z: float) -> float:
    """The two tails of the standard normal beyond |z|."""
    return float(special.erfc(abs(z) / np.sqrt(2.0)))


def follow_up(
    time: npt.ArrayLike,
    event: npt.ArrayLike,
    *same_length: Sequence[object] | npt.NDArray[np.generic],
) -> tuple[FloatArray, BoolArray]:
    """Times and events as arrays, with times that differ by rounding only made equal.

    Months computed in two ways differ in the last bits and would split a tie; R's survival makes
    them one by the same rule (`aeqSurv`, tolerance 1.5e-8 absolute or relative to the mean time).

    Raises ValueError if lengths differ, or a time is negative or not finite.
    """
    times = np.asarray(time, dtype=np.float64)
    events = np.asarray(event, dtype=np.bool_)
    lengths = {len(times), len(events), *(len(other) for other in same_length)}
    if len(lengths) > 1:
        raise ValueError(f"arrays of different lengths: {sorted(lengths)}")
    if not np.all(np.isfinite(times)) or np.any(times < 0):
        raise ValueError("times must be finite and not negative")
    return _join_ties(times), events


def _join_ties(times: FloatArray) -> FloatArray:
    distinct = np.unique(times)
    if len(distinct) < 2:
        return times
    tolerance = float(np.sqrt(np.finfo(np.float64).eps))
    steps = np.diff(distinct)
    mean = float(np.mean(np.abs(distinct)))
    tied = (steps <= tolerance) | (steps / mean <= tolerance)
    if not tied.any():
        return times
    kept = distinct[np.concatenate(([True], ~tied))]
    return np.asarray(kept[np.searchsorted(kept, times, side="right") - 1], dtype=np.float64)
