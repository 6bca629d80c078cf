"""Efron's partial likelihood as sums over risk sets: what no library gives beside the estimates.

Data of one stratum are laid out once by distinct death time; score, information, score residuals
and the weighted information of the proportional-hazards test are then sums by `bincount`
and `cumsum`, linear in the number of patients even when thousands share a day.

Notation of the code: at a death time k with d deaths, S0, S1 are the sums of w and w x over those
at risk, D0, D1 over those who die, w = exp(x beta). Efron 1977, JASA 72:557: the l-th of the d
deaths sees the denominator S0 - f D0 with f = l / d, l = 0 … d-1.
"""

from dataclasses import dataclass

import numpy as np

from onecohort.estimates import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class RiskSets:
    """One stratum, laid out by its K distinct death times.

    x        (n, p) covariates
    died     (n,)
    reach    (n,) number of death times up to the patient's own time: at risk at all of those
    deaths   (K,) deaths at each death time
    slot     (E,) death time of each death, in order
    share    (E,) f = l / d of each death
    rows     (n,) where the patients stand in the caller's arrays
    """

    x: FloatArray
    died: BoolArray
    reach: IntArray
    death_times: FloatArray
    deaths: IntArray
    slot: IntArray
    share: FloatArray
    rows: IntArray


@dataclass(frozen=True)
class Sums:
    """The sums at one beta.

    weight   (n,) w; s1, d1 (K, p) as above
    a, b     (K,) sums over the deaths of a death time of 1/den, f/den
    c, d, e  (K,) the same of 1/den², f/den², f²/den²
    """

    weight: FloatArray
    s1: FloatArray
    d1: FloatArray
    a: FloatArray
    b: FloatArray
    c: FloatArray
    d: FloatArray
    e: FloatArray


def lay_out(times: FloatArray, died: BoolArray, x: FloatArray, rows: IntArray) -> RiskSets:
    """Order one stratum by death times. `times` and `died` (n,), `x` (n, p), `rows` (n,)."""
    death_times, deaths = np.unique(times[died], return_counts=True)
    slot = np.repeat(np.arange(len(deaths)), deaths)
    first = np.cumsum(deaths) - deaths
    share = (np.arange(len(slot)) - first[slot]) / deaths[slot]
    reach = np.searchsorted(death_times, times, side="right")
    return RiskSets(x, died, reach, death_times, deaths.astype(np.int64), slot, share, rows)


def linear_predictor(x: FloatArray, beta: FloatArray) -> FloatArray:
    """x beta, added column by column so that equal rows give equal sums to the last bit."""
    total = np.zeros(len(x))
    for column, coefficient in zip(x.T, beta, strict=True):
        total = total + column * coefficient
    return total


def sums_at(sets: RiskSets, beta: FloatArray) -> Sums:
    """All sums over the risk sets of one stratum at `beta` (p,)."""
    size = len(sets.deaths)
    predictor = linear_predictor(sets.x, beta)
    peak = float(predictor.max(initial=0.0))  # cancels in every ratio and keeps exp in range
    weight = np.exp(predictor - peak)
    weighted = sets.x * weight[:, None]
    own_slot = sets.reach[sets.died] - 1
    s0 = _at_risk_sum(sets.reach, weight[:, None], size)[:, 0]
    d0 = _group_sum(own_slot, weight[sets.died][:, None], size)[:, 0]
    denominator = s0[sets.slot] - sets.share * d0[sets.slot]
    inverse = 1 / denominator
    terms = (inverse, sets.share * inverse, inverse**2, sets.share * inverse**2)
    per_death = np.column_stack((*terms, (sets.share * inverse) ** 2))
    a, b, c, d, e = _group_sum(sets.slot, per_death, size).T
    return Sums(
        weight=weight,
        s1=_at_risk_sum(sets.reach, weighted, size),
        d1=_group_sum(own_slot, weighted[sets.died], size),
        a=a,
        b=b,
        c=c,
        d=d,
        e=e,
    )


def score(sets: RiskSets, sums: Sums, by_time: FloatArray | None = None) -> FloatArray:
    """Gradient of the log partial likelihood (p,); each death time weighted by `by_time` (K,)."""
    own = _group_sum(sets.reach[sets.died] - 1, sets.x[sets.died], len(sets.deaths))
    parts = own - sums.a[:, None] * sums.s1 + sums.b[:, None] * sums.d1
    return np.asarray(parts.sum(axis=0) if by_time is None else by_time @ parts)


def information(sets: RiskSets, sums: Sums, by_time: FloatArray | None = None) -> FloatArray:
    """Minus the second derivative (p, p); each death time weighted by `by_time` (K,)."""
    g = np.ones(len(sets.deaths)) if by_time is None else by_time
    seen = _running(sums.a * g)[sets.reach]
    seen[sets.died] -= (sums.b * g)[sets.reach[sets.died] - 1]
    squares = (sets.x * (sums.weight * seen)[:, None]).T @ sets.x
    mixed = ((sums.d * g)[:, None] * sums.s1).T @ sums.d1
    means = ((sums.c * g)[:, None] * sums.s1).T @ sums.s1 - mixed - mixed.T
    means += ((sums.e * g)[:, None] * sums.d1).T @ sums.d1
    return np.asarray(squares - means)


def score_residuals(sets: RiskSets, sums: Sums) -> FloatArray:
    """Each patient's share of the score (n, p) under Efron's ties: R's `residuals(type="score")`.

    Therneau & Grambsch 2000, Modeling Survival Data, section 7.2.
    """
    hazard = _running(sums.a)[sets.reach]
    drawn = _running(sums.c[:, None] * sums.s1 - sums.d[:, None] * sums.d1)[sets.reach]
    own = sets.reach[sets.died] - 1
    hazard[sets.died] -= sums.b[own]
    drawn[sets.died] -= sums.d[own, None] * sums.s1[own] - sums.e[own, None] * sums.d1[own]
    residuals = -sums.weight[:, None] * (sets.x * hazard[:, None] - drawn)
    mean = (sums.a[:, None] * sums.s1 - sums.b[:, None] * sums.d1) / sets.deaths[:, None]
    residuals[sets.died] += sets.x[sets.died] - mean[own]
    return np.asarray(residuals)


def _group_sum(index: IntArray, values: FloatArray, size: int) -> FloatArray:
    """Sum of the rows of `values` (m, p) by `index` (m,), as (size, p)."""
    total = np.empty((size, values.shape[1]))
    for column in range(values.shape[1]):
        total[:, column] = np.bincount(index, weights=values[:, column], minlength=size)
    return total


def _at_risk_sum(reach: IntArray, values: FloatArray, size: int) -> FloatArray:
    """Sum of `values` (n, p) over those at risk at each death time k, the rows with reach > k."""
    by_reach = _group_sum(reach, values, size + 1)
    return np.asarray(by_reach[::-1].cumsum(axis=0)[::-1][1:])


def _running(values: FloatArray) -> FloatArray:
    """Sum over the death times before each reach: row r holds the first r of `values`."""
    return np.concatenate((np.zeros((1, *values.shape[1:])), values.cumsum(axis=0)))
