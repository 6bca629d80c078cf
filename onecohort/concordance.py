"""Harrell's concordance of a risk with survival, counted exactly in n log n.

Two patients are comparable where one died while the other was known to be alive, or left at that
very time. They agree if the one who died first has the greater risk; equal risks count half. R's
`concordance` is the reference, its standard error (infinitesimal jackknife) included.
"""

import numpy as np
import numpy.typing as npt

from onecohort.estimates import (
    BoolArray,
    Estimate,
    FloatArray,
    IntArray,
    follow_up,
    normal_quantile,
)


def concordance(
    time: npt.ArrayLike,
    died: npt.ArrayLike,
    risk: npt.ArrayLike,
    *,
    strata: npt.ArrayLike | None = None,
    cluster: npt.ArrayLike | None = None,
    confidence: float = 0.95,
) -> tuple[Estimate, float | None]:
    """Chance that of two comparable patients the one at greater risk dies first, and its error.

    time, died  (n,) as in `onecohort.survival.kaplan_meier`
    risk        (n,) any increasing function of the hazard
    strata      (n,) only patients of one stratum are compared
    cluster     (n,) labels: the error counts the patients of one cluster as one

    Harrell 1982, JAMA 247:2543; Therneau & Watson 2015, Mayo technical report 85.
    """
    risks = np.asarray(risk, dtype=np.float64)
    layers = np.zeros(len(risks), np.int64) if strata is None else np.asarray(strata)
    times, events = follow_up(time, died, risks, layers)
    agree, differ, tied = (np.zeros(len(risks)) for _ in range(3))
    for layer in np.unique(layers):
        inside = layers == layer
        parts = _pairs(times[inside], events[inside], risks[inside])
        agree[inside], differ[inside], tied[inside] = parts
    pairs = float((agree + differ + tied).sum()) / 2  # each pair was counted at both its ends
    if pairs == 0:
        return Estimate(None, statement="not estimable: no two patients are comparable"), None
    difference = float((agree - differ).sum()) / 2 / pairs
    influence = ((agree - differ) - difference * (agree + differ + tied)) / pairs
    if cluster is not None:
        member = np.unique(np.asarray(cluster), return_inverse=True)[1]
        influence = np.bincount(member, weights=influence).astype(np.float64)
    if cluster is not None and len(influence) == 1:
        alone = "no interval: one cluster has no spread"
        return Estimate((difference + 1) / 2, statement=alone), None
    value, error = (difference + 1) / 2, float(np.sqrt(np.sum(influence**2))) / 2
    reach = normal_quantile(confidence) * error
    return Estimate(value, value - reach, value + reach), error


def _pairs(times: FloatArray, died: BoolArray, risks: FloatArray) -> tuple[FloatArray, ...]:
    """For each patient, at either end of a pair: pairs that agree, differ, have equal risks."""
    rank = np.unique(risks, return_inverse=True)[1].astype(np.int64)
    # A death precedes a censoring at the same time; deaths at one time are not comparable.
    moment = (2 * np.unique(times, return_inverse=True)[1] + ~died).astype(np.int64)
    everybody = np.ones(len(rank), np.bool_)
    lower, equal, higher = (
        np.where(died, count, 0) for count in _counts_later(moment, rank, everybody)
    )
    below, same, above = _counts_later(-moment, rank, died)
    return (
        (lower + above).astype(np.float64),
        (higher + below).astype(np.float64),
        (equal + same).astype(np.float64),
    )


def _counts_later(
    moment: IntArray, rank: IntArray, counted: BoolArray
) -> tuple[IntArray, IntArray, IntArray]:
    """For each i, the counted j with moment_j > moment_i and rank_j <, =, > rank_i."""
    latest_first = np.sort(-moment)
    until = np.concatenate(([0], counted[np.argsort(-moment, kind="stable")].cumsum()))
    later = until[np.searchsorted(latest_first, -moment, side="left")]
    lower = _smaller_before(moment, rank, counted)
    higher = _smaller_before(moment, rank.max(initial=0) - rank, counted)
    return lower, later - lower - higher, higher


def _smaller_before(moment: IntArray, rank: IntArray, counted: BoolArray) -> IntArray:
    """For each i, the counted j with moment_j > moment_i and rank_j < rank_i.

    Merge counting, bottom up: at each level every right half of a block is compared with its left.
    """
    # Of one moment the greatest rank comes first, so that no rank before it is smaller.
    order = np.lexsort((-rank, -moment))
    ranks, counting = rank[order], counted[order]
    position = np.arange(len(order))
    width = int(ranks.max(initial=0)) + 1
    found = np.zeros(len(order), np.int64)
    level = 0
    while (1 << level) < len(order):
        half = position >> level
        key = (half >> 1) * width + ranks
        left = np.sort(key[(half % 2 == 0) & counting])
        right = half % 2 == 1
        block_start = (half[right] >> 1) * width
        found[right] += np.searchsorted(left, key[right]) - np.searchsorted(left, block_start)
        level += 1
    result = np.empty_like(found)
    result[order] = found
    return result
