"""Whether a column's contents can be what a field holds: numbers, dates, codes, identifiers."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from onecohort.suggest.contents import Contents, as_number
from onecohort.suggest.records import TargetField
from onecohort.suggest.wording import fold, words

FloatArray = npt.NDArray[np.float64]

IN_RANGE = 0.8  # share of the numbers that must be possible for a range to agree
DAYS_AND_YEARS = ((20_000, 60_000), (1900, 2100))  # Excel's days of 1954 to 2064; bare years
_QUANTITIES = """
age amount bmi concentration count day diameter dimension dose duration height hour index interval
length level mean measurement minute month number percent percentage quantity ratio score size sum
thickness total value volume weight width year
"""


def kind_agreement(
    contents: Sequence[Contents], fields: Sequence[TargetField]
) -> tuple[FloatArray, FloatArray]:
    """(columns, fields) 1 where type and range fit, and 1 where the type cannot fit; else 0."""
    kinds = [(kind_of(field), field, _has_numeric_terms(field)) for field in fields]
    agrees, clashes = (np.zeros((len(contents), len(fields))) for _ in range(2))
    for row, seen in enumerate(contents):
        for column, (kind, field, numeric_terms) in enumerate(kinds):
            agrees[row, column] = _agrees(seen, kind, field)
            clashes[row, column] = _clashes(seen, kind) and not (numeric_terms and not seen.dated)
    return agrees, clashes


def kind_of(field: TargetField) -> str:
    """The declared kind; where nobody said, what terms and the words of the name lead to expect.

    >>> kind_of(TargetField(name="days_to_birth")), kind_of(TargetField(name="updated_datetime"))
    ('number', 'date')
    """
    if field.kind is not None:
        return "number" if field.kind == "integer" else field.kind
    if field.terms:
        return "term"
    named = {word.removesuffix("s") for word in words(field.name)}
    if named & {"date", "datetime"}:
        return "date"
    return "number" if named & set(_QUANTITIES.split()) else "unknown"


def _agrees(seen: Contents, kind: str, field: TargetField) -> bool:
    if kind == "number":
        # a declared number may have few values (a score); a guessed one needs to look measured
        counted = seen.numeric >= 0.9 and field.kind is not None
        return (seen.measured or counted) and _in_range(seen, field)
    if kind == "date":
        return seen.dated >= 0.6
    if kind == "identifier":
        return seen.distinct > 10 and seen.repeats < 1.1 and not seen.dated
    return False


def _in_range(seen: Contents, field: TargetField) -> bool:
    """Numbers out of range are not held against a field: the unit may be another."""
    bounds = field.plausible or field.possible
    if bounds is None or not len(seen.numbers):
        return True
    inside = (seen.numbers >= bounds[0]) & (seen.numbers <= bounds[1])
    return bool(inside.mean() >= IN_RANGE)


def _clashes(seen: Contents, kind: str) -> bool:
    if not seen.distinct:
        return False
    if kind == "number":
        return seen.worded
    if kind == "date":
        return seen.dated < 0.3 and not _counts_days(seen)
    if kind in ("term", "boolean"):
        return seen.measured or seen.dated >= 0.6
    return False


def _counts_days(seen: Contents) -> bool:
    return seen.numeric > 0.9 and any(
        bool(np.all((seen.numbers > low) & (seen.numbers < high))) for low, high in DAYS_AND_YEARS
    )


def _has_numeric_terms(field: TargetField) -> bool:
    numeric = sum(as_number(fold(term.code)) is not None for term in field.terms)
    return bool(field.terms) and numeric > len(field.terms) / 2
