"""Terms coded the other way round: shares of one center that fit the others only after a swap.

Each way to confuse codes (two terms swapped, an ordered list reversed) is judged by its likelihood
against the shares of the other centers; where another field goes along with this one (a witness),
within each of its terms. What would not show even if the codes were swapped is said to be too small
to judge.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from onecohort.sanity.scale import Undecided, log_binomial_tail

Counts = npt.NDArray[np.int64]  # (terms, terms of the witness)
Reading = tuple[int, ...]  # position of each term's count once it is read the other way

# Set by resampling the clean sample, like those of scale.py.
SWAP_LOG_ODDS = math.log(1000)  # the swap must explain the counts 1000 times better
FIT_P = 0.01  # and the counts must then be nothing special
OFF_P = 1e-6  # chance of a share so far off the others, where no swap explains it
OFF_DIFFERENCE = 0.4  # and it must differ by this much: case mix alone differs between centers
CASE_MIX = 3.0  # standard deviations between centers that patients alone may account for
SMALLEST = 5
REFERENCE = 15
PRIOR = 2.0  # patients' worth of the overall shares that each term of a witness starts from
DOUBT = 0.2  # how far a witness is not believed: no single patient may decide


@dataclass(frozen=True)
class Swap:
    """One center's terms that fit the others only when read another way.

    given, meant   the terms as coded, and what each seems to mean; equal where only the share is off
    term           the term whose share tells most
    here, mended, elsewhere   its share at the center, after the swap, and at the others (0 to 1)
    """

    center: str
    given: tuple[str, ...]
    meant: tuple[str, ...]
    term: str
    of: int
    here: float
    mended: float
    elsewhere: float

    @property
    def is_swap(self) -> bool:
        """Whether another reading explains the shares."""
        return self.given != self.meant


@dataclass(frozen=True)
class Shares:
    """What the shares of one field's terms say of the centers' coding."""

    swaps: tuple[Swap, ...]
    undecided: tuple[Undecided, ...]


def find_swaps(
    counts: Mapping[str, npt.ArrayLike],
    terms: Sequence[str],
    *,
    readings: list[Reading] | None = None,
) -> Shares:
    """Name the centers whose shares of the terms fit the others' only after a swap.

    counts     center -> how many patients have each term, in the order of `terms`; or, by a second
               axis, how many have it together with each term of a witness
    terms      the vocabulary in its order
    readings   the confusions to try; default: the reversed order and each pair of terms
    """
    table = {center: _as_table(row) for center, row in counts.items()}
    readings = list_readings(len(terms)) if readings is None else readings
    swaps: dict[str, Swap] = {}
    while True:
        found = []
        for center in table:
            if center not in swaps and (judged := _judge(center, table, swaps, terms, readings)):
                found.append(judged)
        if not found:
            break
        swap = max(found, key=lambda pair: pair[0])[1]
        swaps[swap.center] = swap
    undecided = [
        Undecided(center, reason)
        for center in table
        if center not in swaps
        and (reason := _why_undecided(center, table, swaps, readings)) is not None
    ]
    return Shares(tuple(swaps.values()), tuple(undecided))


def _as_table(row: npt.ArrayLike) -> Counts:
    table = np.asarray(row, dtype=np.int64)
    return table[:, None] if table.ndim == 1 else table


def list_reversals(used: int, size: int) -> list[Reading]:
    """The reversals of an ordered list: of its whole, and of its first `used` terms.

    >>> list_reversals(3, 4)
    [(3, 2, 1, 0), (2, 1, 0, 3)]
    """
    whole, first = tuple(reversed(range(size))), (*reversed(range(used)), *range(used, size))
    return [reading for reading in dict.fromkeys((whole, first)) if reading != tuple(range(size))]


def list_readings(size: int) -> list[Reading]:
    """The ways to confuse `size` terms: the reversed order, then each pair swapped.

    >>> list_readings(3)
    [(2, 1, 0), (1, 0, 2), (0, 2, 1)]
    """
    readings = [tuple(reversed(range(size)))] if size > 1 else []
    for i in range(size):
        for j in range(i + 1, size):
            swapped = list(range(size))
            swapped[i], swapped[j] = j, i
            if tuple(swapped) not in readings:
                readings.append(tuple(swapped))
    return readings


def _judge(
    center: str,
    table: Mapping[str, Counts],
    swaps: Mapping[str, Swap],
    terms: Sequence[str],
    readings: list[Reading],
) -> tuple[float, Swap] | None:
    here, others = table[center], _others(center, table, swaps)
    n, known = int(here.sum()), int(others.sum())
    if n < SMALLEST or known < REFERENCE:
        return None
    if not _beyond_case_mix(center, table, swaps):
        return None
    best = max(readings, key=lambda reading: _log_odds(here, others, reading), default=())
    odds = _log_odds(here, others, best) if best else 0.0
    if odds > SWAP_LOG_ODDS + math.log(len(readings)) and _fits(here[list(best)], others):
        return odds, _swap(center, here, others, terms, best)
    if (strength := _how_far_off(here, others)) is not None:
        return strength, _swap(center, here, others, terms, tuple(range(len(terms))))
    return None


def _others(center: str, table: Mapping[str, Counts], swaps: Mapping[str, Swap]) -> Counts:
    rows = [row for name, row in table.items() if name != center and name not in swaps]
    return np.sum(rows, axis=0, dtype=np.int64) if rows else np.zeros_like(table[center])


def _beyond_case_mix(center: str, table: Mapping[str, Counts], swaps: Mapping[str, Swap]) -> bool:
    """Whether some share is farther off than the other centers' shares are from each other.

    What chance alone does to their shares is taken off first (method of moments).
    """
    others = [
        row.sum(axis=1)
        for name, row in table.items()
        if name != center and name not in swaps and row.sum() >= SMALLEST
    ]
    if len(others) < 3:
        return True
    counts = np.array(others)
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / totals
    pooled = counts.sum(axis=0) / totals.sum()
    by_chance = (pooled * (1 - pooled) / totals).mean(axis=0)
    between = np.sqrt(np.maximum(shares.var(axis=0, ddof=1) - by_chance, 0.0))
    here = table[center].sum(axis=1) / table[center].sum()
    return bool((np.abs(here - pooled) > CASE_MIX * between).any())


def _chances(others: Counts) -> npt.NDArray[np.float64]:
    """(terms,) shares of the terms, none of them zero."""
    totals = others.sum(axis=1)
    return np.asarray((totals + 0.5) / (totals.sum() + 0.5 * len(totals)))


def _log_odds(here: Counts, others: Counts, reading: Reading) -> float:
    """How much likelier the counts are when read the other way; never on a witness's word alone."""
    overall = _chances(others)
    by_itself = (here.sum(axis=1) * _gain(np.log(overall), reading)).sum()
    if by_itself < 0 or here.shape[1] == 1:
        return float(by_itself)
    given = (others + PRIOR * overall[:, None]) / (others.sum(axis=0) + PRIOR)
    given = (1 - DOUBT) * given + DOUBT * overall[:, None]
    return float((here * _gain(np.log(given), reading)).sum())


def _gain(logs: npt.NDArray[np.float64], reading: Reading) -> npt.NDArray[np.float64]:
    return logs[list(reading)] - logs


def _fits(here: Counts, others: Counts) -> bool:
    """Whether each term's count is nothing special among the others' shares (binomial tails)."""
    n = int(here.sum())
    for count, chance in zip(here.sum(axis=1), _chances(others), strict=True):
        above = log_binomial_tail(int(count), n, float(chance))
        below = log_binomial_tail(n - int(count), n, float(1 - chance))
        if min(above, below) < math.log(FIT_P):
            return False
    return True


def _how_far_off(here: Counts, others: Counts) -> float | None:
    n = int(here.sum())
    worst: float | None = None
    for count, chance in zip(here.sum(axis=1), _chances(others), strict=True):
        if abs(count / n - chance) < OFF_DIFFERENCE:
            continue
        above = log_binomial_tail(int(count), n, float(chance))
        below = log_binomial_tail(n - int(count), n, float(1 - chance))
        tail = min(above, below)
        if tail < math.log(OFF_P) and (worst is None or -tail > worst):
            worst = -tail
    return worst


def _swap(
    center: str, here: Counts, others: Counts, terms: Sequence[str], reading: Reading
) -> Swap:
    shares, elsewhere = here.sum(axis=1) / here.sum(), others.sum(axis=1) / others.sum()
    mended = shares[list(reading)]
    telling = int(np.argmax(np.abs(shares - elsewhere)))
    return Swap(
        center=center,
        given=tuple(terms),
        meant=tuple(terms[i] for i in reading),
        term=terms[telling],
        of=int(here.sum()),
        here=float(shares[telling]),
        mended=float(mended[telling]),
        elsewhere=float(elsewhere[telling]),
    )


def _why_undecided(
    center: str,
    table: Mapping[str, Counts],
    swaps: Mapping[str, Swap],
    readings: list[Reading],
) -> str | None:
    n, others = int(table[center].sum()), _others(center, table, swaps)
    if n < SMALLEST:
        return f"fewer than {SMALLEST} values"
    if others.sum() < REFERENCE:
        return f"fewer than {REFERENCE} values at the other centers"
    if not readings:
        return None
    # what n patients coded the other way round would say on average
    expected = _log_odds(_swapped_sample(n, others, readings[0]), others * 1000, readings[0])
    if expected / 1000 < SWAP_LOG_ODDS + math.log(len(readings)):
        return f"{n} values: these shares swapped would look much the same"
    return None


def _swapped_sample(n: int, others: Counts, reading: Reading) -> Counts:
    """A thousand times n patients with the others' shares, coded the other way round."""
    return np.asarray(np.rint(others[list(reading)] * (1000 * n / others.sum())), dtype=np.int64)
