"""Each estimator a second time, as its definition reads: by loops over patients, slow and obvious."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise, product
from math import comb, exp, log

import numpy as np

Floats = Sequence[float]
Flags = Sequence[bool]


def survival_by_hand(time: Floats, died: Flags, at: float) -> Fraction:
    """S(at) as a product over the death times up to then, in exact fractions."""
    survival = Fraction(1)
    for moment in sorted({t for t, d in zip(time, died, strict=True) if d and t <= at}):
        at_risk = sum(1 for t in time if t >= moment)
        deaths = sum(1 for t, d in zip(time, died, strict=True) if d and t == moment)
        survival *= Fraction(at_risk - deaths, at_risk)
    return survival


def median_by_hand(time: Floats, died: Flags) -> float | None:
    """First time with S <= 1/2; the midpoint to the next fall where S is one half exactly."""
    moments = sorted({t for t, d in zip(time, died, strict=True) if d})
    for place, moment in enumerate(moments):
        survival = survival_by_hand(time, died, moment)
        if survival < Fraction(1, 2) or (survival == Fraction(1, 2) and place + 1 == len(moments)):
            return moment
        if survival == Fraction(1, 2):
            return (moment + moments[place + 1]) / 2
    return None


def mean_by_hand(time: Floats, died: Flags, until: float) -> float:
    """Area under S from 0 to `until`, rectangle by rectangle."""
    edges = sorted({0.0, until, *(t for t in time if t < until)})
    return sum(
        float(survival_by_hand(time, died, left)) * (right - left)
        for left, right in pairwise(edges)
    )


def log_rank_by_hand(
    time: Floats, died: Flags, second: Flags, strata: Sequence[int]
) -> tuple[float, float]:
    """Observed minus expected deaths of the second of two groups, and the variance."""
    difference = variance = 0.0
    for layer in sorted(set(strata)):
        rows = [
            (t, d, s)
            for t, d, s, own in zip(time, died, second, strata, strict=True)
            if own == layer
        ]
        for moment in sorted({t for t, d, _ in rows if d}):
            risk = [s for t, _, s in rows if t >= moment]
            dead = [s for t, d, s in rows if d and t == moment]
            n, m, d = len(risk), sum(risk), len(dead)
            difference += sum(dead) - d * m / n
            if n > 1:
                variance += d * (m / n) * (1 - m / n) * (n - d) / (n - 1)
    return difference, variance


def efron_log_likelihood(time: Floats, died: Flags, predictor: Floats) -> float:
    """Efron's partial likelihood: one factor for each death, the tied ones leaving by shares."""
    total = 0.0
    rows = list(zip(time, died, predictor, strict=True))
    for moment in sorted({t for t, d, _ in rows if d}):
        risk = sum(exp(p) for t, _, p in rows if t >= moment)
        dead = [p for t, d, p in rows if d and t == moment]
        tied = sum(exp(p) for p in dead)
        for left, own in enumerate(dead):
            total += own - log(risk - left / len(dead) * tied)
    return total


def concordance_by_hand(time: Floats, died: Flags, risk: Floats) -> tuple[int, int, int]:
    """Pairs that agree, differ and have equal risks, pair by pair."""
    agree = differ = tied = 0
    for i, j in product(range(len(time)), repeat=2):
        outlived = time[j] > time[i] or (time[j] == time[i] and not died[j])
        if i == j or not died[i] or not outlived:
            continue
        agree += risk[i] > risk[j]
        differ += risk[i] < risk[j]
        tied += risk[i] == risk[j]
    return agree, differ, tied


def score_residuals_by_hand(time: Floats, died: Flags, x: Floats, beta: float) -> list[float]:
    """Each patient's share of the score for one covariate, under Efron's ties."""
    weight = [exp(beta * value) for value in x]
    residual = [0.0] * len(time)
    for moment in sorted({t for t, d in zip(time, died, strict=True) if d}):
        risk = [i for i, t in enumerate(time) if t >= moment]
        dead = [i for i in risk if died[i] and time[i] == moment]
        for left in range(len(dead)):
            share = left / len(dead)
            own = {i: weight[i] * (1 - share if i in dead else 1) for i in risk}
            total = sum(own.values())
            mean = sum(own[i] * x[i] for i in risk) / total
            for i in risk:
                residual[i] -= own[i] / total * (x[i] - mean)
            for i in dead:
                residual[i] += (x[i] - mean) / len(dead)
    return residual


def fisher_by_hand(met: Sequence[int], sizes: Sequence[int]) -> float:
    """All tables with the margins, in whole numbers: those no more probable than the observed."""
    hits = sum(met)

    def weight(table: Sequence[int]) -> int:
        return int(np.prod([comb(n, k) for n, k in zip(sizes, table, strict=True)], dtype=object))

    tables = [t for t in product(*(range(n + 1) for n in sizes)) if sum(t) == hits]
    observed = weight(met)
    rare = sum(weight(table) for table in tables if weight(table) <= observed)
    return float(Fraction(rare, comb(sum(sizes), hits)))


def binomial_tail(count: int, n: int, rate: float) -> float:
    """Probability of `count` or more of n."""
    return sum(comb(n, k) * rate**k * (1 - rate) ** (n - k) for k in range(count, n + 1))


def exact_interval_by_bisection(count: int, n: int, tail: float) -> tuple[float, float]:
    """The rates at which `count` or more, and `count` or less, have probability `tail`."""

    def solve(wanted: float, of: int) -> float:
        low, high = 0.0, 1.0
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (middle, high) if binomial_tail(of, n, middle) < wanted else (low, middle)
        return (low + high) / 2

    lower = 0.0 if count == 0 else solve(tail, count)
    upper = 1.0 if count == n else solve(1 - tail, count + 1)
    return lower, upper
