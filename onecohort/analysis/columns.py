"""The cohort's columns as arrays, and factors as codes."""

import operator
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
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


@dataclass(frozen=True)
class Coded:
    """A column as codes of its distinct texts.

    values  distinct texts, sorted; "true" and "false" for a yes-or-no field
    code    (n,) index into `values`, or NOT_IN_A_LEVEL where missing or blank
    """

    values: tuple[str, ...]
    code: IntArray

    @property
    def known(self) -> BoolArray:
        """(n,) True where there is a value."""
        return np.asarray(self.code != NOT_IN_A_LEVEL)

    def is_among(self, wanted: Collection[str]) -> BoolArray:
        """(n,) True where the value is one of `wanted`."""
        places = [place for place, value in enumerate(self.values) if value in wanted]
        return np.isin(self.code, places)


def encode(cohort: pa.Table, field: str) -> Coded:
    """Encode a column, so that whatever looks at its texts looks at each once."""
    column = cohort[field].combine_chunks().cast(pa.string()).dictionary_encode()
    words = column.dictionary.to_pylist()
    values = sorted(word for word in words if word)
    place = {word: number for number, word in enumerate(values)}
    position = np.array([place.get(word, NOT_IN_A_LEVEL) for word in words] + [NOT_IN_A_LEVEL])
    # Null has the last position, which is NOT_IN_A_LEVEL.
    found = column.indices.cast(pa.int64()).fill_null(len(words)).to_numpy(zero_copy_only=False)
    return Coded(tuple(values), position[found].astype(np.int64))


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
    coded = encode(cohort, factor.field)
    if not factor.levels:
        return Grouping(coded.values, coded.code, ())
    places = [_first_level(value, factor) for value in coded.values]
    unlisted = [
        value for value, place in zip(coded.values, places, strict=True) if place == NOT_IN_A_LEVEL
    ]
    position = np.array([*places, NOT_IN_A_LEVEL], dtype=np.int64)
    return Grouping(tuple(factor.levels), position[coded.code], tuple(unlisted))


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
