"""Conditions: equality with one or several texts, `present`, `missing`, comparisons; nothing else."""

import re
from collections.abc import Sequence

import numpy as np

from onecohort.rules.coded import Coded, Mask, fold
from onecohort.rules.numbers import NumberFormat, read_numbers

_COMPARISON = re.compile(r"^(?P<sign><=|>=|<|>|≤|≥)\s*(?P<number>[-+]?\d+(?:[.,]\d+)?)$")


def holds(
    column: Coded, condition: Sequence[str], missing: frozenset[str], numbers: NumberFormat
) -> Mask:
    """(n,) True where one of the condition's alternatives holds.

    missing     folded texts that are declared to mean: not known
    numbers     the spelling in which a comparison reads the column
    """
    folded = [fold(text) for text in column.texts.to_pylist()]
    absent = column.blank | np.fromiter((text in missing for text in folded), bool, len(folded))
    outcome = np.zeros(len(folded), bool)
    for alternative in condition:
        comparison = _COMPARISON.match(alternative)
        if alternative == "present":
            outcome |= ~absent
        elif alternative == "missing":
            outcome |= absent
        elif comparison:
            # A number that is declared to mean "not known" is no number.
            outcome |= ~absent & _compare(column, comparison["sign"], comparison["number"], numbers)
        else:
            wanted = fold(alternative)
            outcome |= np.fromiter((text == wanted for text in folded), bool, len(folded))
    return column.per_row(outcome)


def _compare(column: Coded, sign: str, number: str, numbers: NumberFormat) -> Mask:
    values = read_numbers(column.texts, numbers).values.to_numpy(zero_copy_only=False)
    limit = float(number.replace(",", "."))
    with np.errstate(invalid="ignore"):
        if sign in ("<=", "≤"):
            found = values <= limit
        elif sign in (">=", "≥"):
            found = values >= limit
        elif sign == "<":
            found = values < limit
        else:
            found = values > limit
    return np.asarray(found, bool)
