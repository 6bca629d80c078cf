"""What may be shown of a center's values, so that nobody can be recognised.

A center with fewer than 5 values shows none. Of the others a number shows median and quartiles, from 20
values on the 5th and 95th percentile too, never the extremes. Terms of fewer than 5 patients are one
part.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from onecohort.disclosure import SMALLEST_SHOWN, is_small, show_count

Floats = npt.NDArray[np.float64]

WHISKERS_FROM = 20
RARE = "terms of fewer than 5"


@dataclass(frozen=True)
class Spread:
    """What may be shown of one center's numbers."""

    center: str
    n: str
    quantiles: tuple[float, float, float] | None
    whiskers: tuple[float, float] | None


@dataclass(frozen=True)
class Parts:
    """What may be shown of one center's terms: label -> share of those with a value.

    at_least   the term whose share is a lower bound, because exactly it would tell the rest
    """

    center: str
    n: str
    shares: Mapping[str, float]
    at_least: str | None = None


def summarise_numbers(center: str, values: Floats, patients: int) -> Spread:
    """Median and quartiles of five or more values, and wider percentiles of twenty or more."""
    n = _known(len(values), patients)
    if len(values) < SMALLEST_SHOWN:
        return Spread(center, n, None, None)
    low, middle, high = (float(q) for q in np.quantile(values, [0.25, 0.5, 0.75]))
    whiskers = None
    if len(values) >= WHISKERS_FROM:
        wide = np.quantile(values, [0.05, 0.95])
        whiskers = (float(wide[0]), float(wide[1]))
    return Spread(center, n, (low, middle, high), whiskers)


def summarise_terms(center: str, counts: Mapping[str, int], patients: int) -> Parts:
    """Shares of terms, those of fewer than 5 together.

    Where these are fewer than 5 in all they are drawn as 4, whatever they are, and the least of the
    others gives way; so nothing is told by what is left over.
    """
    total = sum(counts.values())
    if total < SMALLEST_SHOWN:
        return Parts(center, _known(total, patients), {})
    shown = {term: count for term, count in counts.items() if count >= SMALLEST_SHOWN}
    rest = total - sum(shown.values())
    at_least = None
    if is_small(rest):
        at_least = min(shown, key=lambda term: shown[term])
        shown[at_least] -= SMALLEST_SHOWN - 1 - rest
    # An exact share would tell how many have a value where that is masked.
    step = 0.05 if is_small(patients - total) else 0.0001
    shares = {term: round(count / total / step) * step for term, count in shown.items()}
    if rest:
        shares[RARE] = 1 - sum(shares.values())
    return Parts(center, _known(total, patients), shares, at_least)


def is_masked(shown: Spread | Parts) -> bool:
    """Whether a center's row hides a number that the row of all centers would give away."""
    return not shown.n.replace(",", "").isdigit() or (
        isinstance(shown, Parts) and RARE in shown.shares
    )


def _known(count: int, patients: int) -> str:
    """How many have a value; a range where fewer than 5 have none."""
    if is_small(patients - count) and not is_small(count):
        return f"{max(patients - SMALLEST_SHOWN + 1, 1):,}–{patients - 1:,}"
    return show_count(count)
