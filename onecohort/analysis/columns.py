"""The cohort's columns as arrays, and factors as codes."""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onecohort.analysis.plan import Factor
from onecohort.estimates import BoolArray, FloatArray, IntArray

COMPARE: dict[str, Callable[[FloatArray, float], BoolArray]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
COMPARISON = re.compile(r"\s*(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?)\s*")
NOT_IN_A_LEVEL = -1


@dataclass(frozen=True)
class Grouping:
    """Patients in groups.

    levels     names of the groups, the first being the reference
    code       (n,) index into `levels`, or NOT_IN_A_LEVEL
    unlisted   values that stand in the cohort and in no level
    """

    levels: tuple[str, ...]
    code: IntArray
    unlisted: tuple[str, ...]

    def take(self, rows: IntArray) -> "Grouping":
        """The same groups for some of the patients."""
        return Grouping(self.levels, self.code[rows], self.unlisted)

    @property
    def known(self) -> BoolArray:
        """(n,) True where the patient is in a level."""
        return np.asarray(self.code != NOT_IN_A_LEVEL)

    def members(self, level: int) -> BoolArray:
        """(n,) True where the patient is in that level."""
        return np.asarray(self.code == level)


def texts(cohort: pa.Table, field: str) -> npt.NDArray[np.object_]:
    """A column as (n,) texts; None where missing or blank, "true" and "false" for a yes-or-no field."""
    return np.array([text or None for text in cohort[field].cast(pa.string()).to_pylist()], object)


def numbers(cohort: pa.Table, field: str) -> FloatArray:
    """A column as (n,) numbers; nan where missing. A yes-or-no field gives 1 and 0."""
    return _as_floats(cohort[field].cast(pa.float64()))


def days(cohort: pa.Table, field: str) -> FloatArray:
    """A date column as (n,) days since 1970; nan where missing."""
    whole_days = pc.cast(cohort[field], pa.date32(), safe=False)
    return _as_floats(whole_days.cast(pa.int32()).cast(pa.float64()))


def _as_floats(column: pa.ChunkedArray) -> FloatArray:
    """Null becomes nan."""
    return np.asarray(column.to_numpy(), dtype=np.float64)


def group_patients(cohort: pa.Table, factor: Factor) -> Grouping:
    """Put each patient into a level of a factor.

    Without declared levels each value is one, in alphabetical order. Where levels overlap, the first
    that fits is taken.
    """
    values = texts(cohort, factor.field)
    present = sorted({value for value in values if value is not None})
    if not factor.levels:
        position = {value: place for place, value in enumerate(present)}
        levels = tuple(present)
    else:
        position = {
            value: place
            for value in present
            if (place := _first_level(value, factor)) != NOT_IN_A_LEVEL
        }
        levels = tuple(factor.levels)
    code = np.array([position.get(value, NOT_IN_A_LEVEL) for value in values], dtype=np.int64)
    return Grouping(levels, code, tuple(value for value in present if value not in position))


def _first_level(value: str, factor: Factor) -> int:
    for place, wanted in enumerate(factor.levels.values()):
        if any(_fits(value, text) for text in wanted):
            return place
    return NOT_IN_A_LEVEL


def _fits(value: str, wanted: str) -> bool:
    comparison = COMPARISON.fullmatch(wanted)
    if comparison is None:
        return value == wanted
    try:
        number = np.array(float(value))
    except ValueError:
        return False
    return bool(COMPARE[comparison[1]](number, float(comparison[2])))
