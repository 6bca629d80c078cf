"""Conditions: equality with one or several texts, `present`, `missing`, comparisons; nothing else."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from onecohort.rules.coded import Coded, Mask, fold
from onecohort.rules.numbers import NumberFormat, read_numbers
from onecohort.rules.outcome import State

Floats = npt.NDArray[np.float64]

_COMPARISON = re.compile(r"^(?P<sign><=|>=|<|>|≤|≥)\s*(?P<number>[-+]?\d+(?:[.,]\d+)?)$")


def judge(
    column: Coded, condition: Sequence[str], missing: frozenset[str], numbers: NumberFormat
) -> tuple[Mask, Mask]:
    """(n,) True where one of the condition's alternatives holds, and where nobody can tell.

    missing     folded texts that are declared to mean: not known
    numbers     the spelling in which a comparison reads the column

    A comparison cannot be told of a text that is no number, nor of a bound (`<5`) that reaches over
    its limit; it does not hold where nothing stands, or what is declared missing.
    """
    folded = [fold(text) for text in column.texts.to_pylist()]
    absent = column.blank | np.fromiter((text in missing for text in folded), bool, len(folded))
    outcome = np.zeros(len(folded), bool)
    doubtful = np.zeros(len(folded), bool)
    for alternative in condition:
        comparison = _COMPARISON.match(alternative)
        if alternative == "present":
            outcome |= ~absent
        elif alternative == "missing":
            outcome |= absent
        elif comparison:
            # A number that is declared to mean "not known" is no number.
            hit, excluded = _compare(column, comparison["sign"], comparison["number"], numbers)
            outcome |= ~absent & hit
            doubtful |= ~absent & ~hit & ~excluded
        else:
            wanted = fold(alternative)
            outcome |= np.fromiter((text == wanted for text in folded), bool, len(folded))
    return column.per_row(outcome), column.per_row(doubtful & ~outcome)


def _compare(column: Coded, sign: str, number: str, numbers: NumberFormat) -> tuple[Mask, Mask]:
    """(d,) where the comparison holds of a text for certain, and where it certainly does not."""
    low, high = _limits(column, numbers)
    limit = float(number.replace(",", "."))
    match sign:
        case "<=" | "≤":
            return high <= limit, low > limit
        case ">=" | "≥":
            return low >= limit, high < limit
        case "<":
            return high < limit, low >= limit
        case _:
            return low > limit, high <= limit


def _limits(column: Coded, numbers: NumberFormat) -> tuple[Floats, Floats]:
    """(d,) the least and the greatest number that each text may mean; anything, where it is none."""
    read = read_numbers(column.texts, replace(numbers, bounds="limit"))
    values = read.values.to_numpy(zero_copy_only=False)
    known = read.states == State.CARRIED
    low, high = np.where(known, values, -np.inf), np.where(known, values, np.inf)
    for code in read.notes:  # a bound: on one side of its limit lies everything
        text = column.texts[code].as_py()
        open_ = not text.startswith((*"≤≥", "<=", ">="))
        if text[0] in "<≤":
            low[code] = -np.inf
            high[code] = np.nextafter(high[code], -np.inf) if open_ else high[code]
        else:
            high[code] = np.inf
            low[code] = np.nextafter(low[code], np.inf) if open_ else low[code]
    return low, high
