"""Survival estimates, small and fast enough to be called ten thousand times by the calibration.

They are for the search alone. Tests hold the result against statsmodels, scipy and R.
"""

from math import erfc, sqrt

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def median_months(months: Floats, died: Bools) -> tuple[float, float]:
    """Kaplan–Meier median by R's convention, and by the convention "first time below one half".

    months, died  (n,) time and event; where S(t) is exactly one half over an interval R's `survfit`
    takes its midpoint, others its end. Raises ValueError where the curve never reaches one half.
    """
    times, deaths, at_risk = _steps(months, died)
    curve = np.cumprod(1 - deaths / at_risk)
    low = np.flatnonzero(curve <= 0.5 + 1e-9)
    if len(low) == 0:
        raise ValueError("the curve never reaches one half")
    first = low[0]
    if abs(curve[first] - 0.5) > 1e-9 or first + 1 == len(times):
        return float(times[first]), float(times[first])
    return float((times[first] + times[first + 1]) / 2), float(times[first + 1])


def logrank_p(months: Floats, died: Bools, group: Bools) -> float:
    """Two-sided p of the log-rank test between `group` and the others (one degree of freedom)."""
    times, deaths, at_risk = _steps(months, died)
    in_group = (months[group][None, :] >= times[:, None]).sum(axis=1)
    observed = ((months[group & died])[None, :] == times[:, None]).sum(axis=1)
    expected = deaths * in_group / at_risk
    several = at_risk > 1
    share = in_group[several] / at_risk[several]
    variance = (
        deaths[several]
        * share
        * (1 - share)
        * (at_risk[several] - deaths[several])
        / (at_risk[several] - 1)
    ).sum()
    return erfc(abs((observed - expected).sum()) / sqrt(variance) / sqrt(2))


def cox_wald(months: Floats, died: Bools, x: Floats, beta: Floats) -> tuple[Floats, Floats]:
    """Cox regression with Efron ties by Newton steps from `beta`.

    x (n, p) covariates, beta (p,) where to start. Returns coefficients and Wald p-values, (p,) each.
    """
    order = np.argsort(-months, kind="stable")
    months, died, x = months[order], died[order], x - x.mean(axis=0)
    x = x[order]
    steps = _efron_steps(months, died)
    for _ in range(30):
        score, information = _efron(x, beta, steps)
        change = np.linalg.solve(information, score)
        beta = beta + change
        if np.abs(change).max() < 1e-10:
            break
    error = np.sqrt(np.diag(np.linalg.inv(information)))
    return beta, np.array([erfc(abs(z) / sqrt(2)) for z in beta / error])


def _steps(months: Floats, died: Bools) -> tuple[Floats, Floats, Floats]:
    times, deaths = np.unique(months[died], return_counts=True)
    at_risk = len(months) - np.searchsorted(np.sort(months), times, side="left")
    return times, deaths.astype(float), at_risk.astype(float)


def _efron_steps(months: Floats, died: Bools) -> tuple[NDArray[np.int64], ...]:
    """For each death: its place, the end of its risk set, its rank among the deaths of that day."""
    ends = np.searchsorted(-months, -months[died], side="right")
    first = np.searchsorted(-months[died], -months[died], side="left")
    return np.flatnonzero(died), ends, np.arange(len(first)) - first


def _efron(x: Floats, beta: Floats, steps: tuple[NDArray[np.int64], ...]) -> tuple[Floats, Floats]:
    deaths, ends, rank = steps
    weight = np.exp(x @ beta)
    sums = [
        weight,
        weight[:, None] * x,
        weight[:, None, None] * x[:, :, None] * x[:, None, :],
    ]
    over_risk = [np.cumsum(part, axis=0)[ends - 1] for part in sums]
    tied, count = np.unique(ends, return_inverse=True)
    size = np.bincount(count)[count]
    share = rank / size
    of_tied = []
    for part in sums:
        whole = np.zeros((len(tied), *part.shape[1:]))
        np.add.at(whole, count, part[deaths])
        of_tied.append(whole[count])
    s0, s1, s2 = (
        risk - share.reshape(-1, *[1] * (risk.ndim - 1)) * tie
        for risk, tie in zip(over_risk, of_tied, strict=True)
    )
    mean = s1 / s0[:, None]
    score = x[deaths].sum(axis=0) - mean.sum(axis=0)
    information = (s2 / s0[:, None, None] - mean[:, :, None] * mean[:, None, :]).sum(axis=0)
    return score, information
