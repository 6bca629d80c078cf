"""Proportions and tables without a model: exact intervals and Fisher's exact test."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from onecohort.estimates import Estimate, FloatArray, IntArray, Test, chi_square_test, no_test

FISHER = "Fisher's exact test"
CHI_SQUARE = "Pearson's chi-square test"
MOST_HALF_TABLES = 2_000_000  # tables per half that are enumerated; 9 groups of 11 need 250,000
EQUALLY_LIKELY = 1e-7  # R's tolerance, relative, for a table as improbable as the observed one


@dataclass(frozen=True)
class Proportion:
    """`count` of `n` with the exact interval."""

    count: int
    n: int
    rate: Estimate


def clopper_pearson(count: int, n: int, *, confidence: float = 0.95) -> Proportion:
    """A proportion with its exact (Clopper–Pearson) interval.

    Raises ValueError unless 0 <= count <= n.
    Clopper & Pearson 1934, Biometrika 26:404; quantiles of the beta distribution.
    """
    if not 0 <= count <= n:
        raise ValueError(f"{count} of {n} is no proportion")
    if n == 0:
        return Proportion(0, 0, Estimate(None, statement="not estimable: no patients"))
    tail = (1 - confidence) / 2
    lower = 0.0 if count == 0 else float(special.betaincinv(count, n - count + 1, tail))
    upper = 1.0 if count == n else float(special.betainccinv(count + 1, n - count, tail))
    return Proportion(count, n, Estimate(count / n, lower, upper))


def fisher_exact(met: npt.ArrayLike, n: npt.ArrayLike) -> Test:
    """Fisher's exact test that an outcome is equally frequent in all groups, two-sided.

    met, n  (k,) patients with the outcome, and all patients, of each group

    Sums the probabilities of all tables with these margins that are no more probable than the
    observed one. The tables of the first and of the second half of the groups are enumerated and
    joined by their totals, which stays exact for nine centers. Where even a half has too many
    tables, Pearson's chi-square stands in and the method says so.

    Raises ValueError if lengths differ or some met exceed n.
    Freeman & Halton 1951, Biometrika 38:141.
    """
    hits, sizes = np.asarray(met, dtype=np.int64), np.asarray(n, dtype=np.int64)
    if hits.shape != sizes.shape or np.any(hits < 0) or np.any(hits > sizes):
        raise ValueError("each group needs 0 <= met <= n")
    hits, sizes = hits[sizes > 0], sizes[sizes > 0]
    if len(sizes) < 2:
        return no_test(FISHER, "not estimable: fewer than two groups with patients")
    if hits.sum() in (0, sizes.sum()):
        return no_test(FISHER, "not estimable: the outcome is the same for all patients")
    odds = float(hits.sum() / (sizes.sum() - hits.sum()))
    weights = [_log_weights(int(size), odds) for size in sizes]
    observed = sum(float(weight[hit]) for weight, hit in zip(weights, hits, strict=True))
    limit = observed + np.log1p(EQUALLY_LIKELY)
    if len(sizes) == 2:
        first = np.arange(max(0, hits.sum() - sizes[1]), min(sizes[0], hits.sum()) + 1)
        logs = weights[0][first] + weights[1][hits.sum() - first]
        chances = np.exp(logs - logs.max())
        p = float(chances[logs <= limit].sum() / chances.sum())
        return Test(FISHER, None, None, min(p, 1.0))
    middle = _split(sizes)
    halves = [slice(0, middle), slice(middle, None)]
    if max(np.prod(sizes[half] + 1.0) for half in halves) > MOST_HALF_TABLES:
        return _chi_square(hits, sizes)
    p = _probability_up_to(limit, int(hits.sum()), *(_half_tables(weights[h]) for h in halves))
    return Test(FISHER, None, None, min(p, 1.0))


def _probability_up_to(
    limit: float,
    hits: int,
    first: tuple[IntArray, FloatArray],
    second: tuple[IntArray, FloatArray],
) -> float:
    """Share of exp(left + right) with left + right <= limit, over halves with `hits` together."""
    totals, lefts = _by_total(*first)
    other_totals, others = _by_total(*second)
    improbable = every = 0.0
    present, starts = np.unique(totals, return_index=True)
    for total, left in zip(present, np.split(lefts, starts[1:]), strict=True):
        start, end = np.searchsorted(other_totals, [hits - total, hits - total + 1])
        if start == end:
            continue
        right = others[start:end]
        running = np.concatenate(([0.0], np.cumsum(np.exp(right))))
        reached = running[np.searchsorted(right, limit - left, "right")]
        improbable += float(np.sum(np.exp(left) * reached))
        every += float(np.sum(np.exp(left))) * float(running[-1])
    return improbable / every


def _by_total(totals: IntArray, logs: FloatArray) -> tuple[IntArray, FloatArray]:
    order = np.lexsort((logs, totals))
    return totals[order], logs[order]


def _split(sizes: IntArray) -> int:
    """Where to cut so that both halves have about equally many tables."""
    weight = np.log(sizes + 1.0).cumsum()
    return int(np.clip(np.argmin(np.abs(weight - weight[-1] / 2)) + 1, 1, len(sizes) - 1))


def _half_tables(weights: Sequence[FloatArray]) -> tuple[IntArray, FloatArray]:
    """All tables of some groups: total of the outcome, and log of the product of their weights."""
    totals, logs = np.zeros(1, np.int64), np.zeros(1)
    for weight in weights:
        totals = (totals[:, None] + np.arange(len(weight))).ravel()
        logs = (logs[:, None] + weight).ravel()
    return totals, logs


def _log_weights(n: int, odds: float) -> FloatArray:
    """Log of C(n, k) odds^k for k = 0 … n, less its greatest, as (n + 1,).

    With the odds of everybody the probable tables lie near each group's peak, where these sums are
    short; factorials of thousands would cost four digits.
    """
    k = np.arange(1, n + 1)
    step = np.log((n - k + 1) / k * odds)
    peak = int(np.count_nonzero(step > 0))
    below = -np.cumsum(step[:peak][::-1])[::-1]
    return np.concatenate((below, [0.0], np.cumsum(step[peak:])))


def _chi_square(hits: IntArray, sizes: IntArray) -> Test:
    overall = hits.sum() / sizes.sum()
    statistic = np.sum((hits - sizes * overall) ** 2 / (sizes * overall * (1 - overall)))
    test = chi_square_test(CHI_SQUARE, float(statistic), len(sizes) - 1)
    return Test(test.method, test.statistic, test.df, test.p, "too many tables for the exact test")
