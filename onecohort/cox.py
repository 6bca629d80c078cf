"""Cox regression with Efron ties as R's `coxph` fits it: strata, cluster-robust errors, `cox.zph`.

statsmodels' `PHReg` states and climbs the likelihood; what it does not have (a sandwich that knows
tied deaths, the test of proportional hazards) stands on `onecohort.risk_sets`. Covariates are
centered and scaled for the iteration, so that the units they come in cost no digits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from onecohort.concordance import concordance
from onecohort.estimates import (
    BoolArray,
    Estimate,
    FloatArray,
    IntArray,
    Test,
    chi_square_test,
    follow_up,
    no_test,
)
from onecohort.likelihood import (
    UNBOUNDED,
    LikelihoodModel,
    Maximum,
    independent,
    maximize,
    standardize,
    without_estimate,
)
from onecohort.regression import (
    Coefficient,
    likelihood_ratio_test,
    score_test,
    tabulate,
    wald_test,
)
from onecohort.risk_sets import (
    RiskSets,
    information,
    lay_out,
    linear_predictor,
    score,
    score_residuals,
    sums_at,
)
from onecohort.survival import kaplan_meier


@dataclass(frozen=True)
class CoxModel:
    """A fitted model: what R's `summary(coxph)` prints.

    beta, covariance   (p,), (p, p) in the covariates' own units; 0 for a column without estimate.
                       `covariance` is the robust one in a model with clusters.
    """

    n: int
    events: int
    strata: int
    clusters: int | None
    coefficients: tuple[Coefficient, ...]
    beta: FloatArray
    covariance: FloatArray
    estimable: IntArray
    log_likelihood: tuple[float, float]
    likelihood_ratio: Test
    wald: Test
    score: Test
    concordance: Estimate
    concordance_error: float | None


def fit_cox(
    time: npt.ArrayLike,
    died: npt.ArrayLike,
    x: npt.ArrayLike,
    names: Sequence[str],
    *,
    strata: npt.ArrayLike | None = None,
    cluster: npt.ArrayLike | None = None,
    confidence: float = 0.95,
) -> CoxModel:
    """Fit a proportional-hazards model.

    time, died  (n,) as in `onecohort.survival.kaplan_meier`
    x           (n, p) covariates, finite: leave incomplete patients out before
    names       p names of the columns
    strata      (n,) labels: a baseline hazard for each
    cluster     (n,) labels: errors, interval, p and the Wald test are Lin & Wei's sandwich over the
                clusters, with each patient's score residual computed under Efron ties (as R does)

    Raises ValueError if lengths differ, a time is negative or a covariate not finite.
    Cox 1972, JRSS B 34:187; Efron 1977, JASA 72:557; Lin & Wei 1989, JASA 84:1074.
    """
    covariates = _matrix(x, len(names))
    layers = np.zeros(len(covariates), np.int64) if strata is None else np.asarray(strata)
    times, events = follow_up(time, died, covariates, layers)
    scaled, _, spread = standardize(covariates)
    maximum = _maximize(times, events, scaled, layers)
    beta, naive = maximum.beta / spread, maximum.covariance / np.outer(spread, spread)
    covariance = naive
    groups = None
    if cluster is not None:
        labels, member = np.unique(np.asarray(cluster), return_inverse=True)
        groups = len(labels)
        sets = _by_stratum(times, events, scaled, layers)
        with np.errstate(all="ignore"):  # where a coefficient has no end there is no error either
            covariance = _sandwich(sets, maximum, member, groups) / np.outer(spread, spread)
    beta[[column for column, why in enumerate(maximum.statements) if why]] = 0.0
    risk = linear_predictor(scaled, maximum.beta)
    agreement, agreement_error = concordance(
        times, events, risk, strata=layers, cluster=cluster, confidence=confidence
    )
    return CoxModel(
        n=len(times),
        events=int(events.sum()),
        strata=len(np.unique(layers)),
        clusters=groups,
        coefficients=tabulate(
            names, beta, naive, covariance, maximum.statements, confidence=confidence
        ),
        beta=beta,
        covariance=covariance,
        estimable=maximum.finite,
        log_likelihood=(maximum.start.value, maximum.value),
        likelihood_ratio=likelihood_ratio_test(maximum),
        wald=wald_test("Wald", beta, covariance, maximum.finite),
        score=score_test(maximum),
        concordance=agreement,
        concordance_error=agreement_error,
    )


def cox_log_likelihood(
    time: npt.ArrayLike,
    died: npt.ArrayLike,
    x: npt.ArrayLike,
    *,
    strata: npt.ArrayLike | None = None,
) -> tuple[float, int]:
    """The maximum of the log partial likelihood, and how many columns it took; see `fit_cox`."""
    values = np.asarray(x, dtype=np.float64)
    layers = np.zeros(len(values), np.int64) if strata is None else np.asarray(strata)
    times, events = follow_up(time, died, values, layers)
    maximum = _maximize(times, events, standardize(values)[0], layers)
    return maximum.value, len(maximum.free)


def _matrix(x: npt.ArrayLike, width: int) -> FloatArray:
    values = np.asarray(x, dtype=np.float64)
    matrix = values.reshape(len(values), width)
    if not np.all(np.isfinite(matrix)):
        raise ValueError("covariates must be finite; leave incomplete patients out before")
    return matrix


def _maximize(
    times: FloatArray, died: BoolArray, x: FloatArray, layers: npt.NDArray[np.generic]
) -> Maximum:
    if not died.any():
        return without_estimate(x.shape[1], 0.0)
    # Half a second, so only when it is needed.
    from statsmodels.duration.hazard_regression import PHReg

    layer = np.unique(layers, return_inverse=True)[1]

    def build(columns: FloatArray) -> LikelihoodModel:
        model: LikelihoodModel = PHReg(
            times, columns, status=died.astype(np.float64), strata=layer, ties="efron"
        )
        return model

    return maximize(build, x, np.zeros(x.shape[1]))


def _by_stratum(
    times: FloatArray, died: BoolArray, x: FloatArray, layers: npt.NDArray[np.generic]
) -> list[RiskSets]:
    rows = [np.flatnonzero(layers == layer) for layer in np.unique(layers)]
    return [lay_out(times[inside], died[inside], x[inside], inside) for inside in rows]


def _sandwich(sets: list[RiskSets], maximum: Maximum, member: IntArray, groups: int) -> FloatArray:
    """Sum over clusters of the squared change of beta when the cluster is left out."""
    total = np.zeros((groups, len(maximum.beta)))
    for stratum in sets:
        influence = score_residuals(stratum, sums_at(stratum, maximum.beta)) @ maximum.covariance
        np.add.at(total, member[stratum.rows], influence)
    return np.asarray(total.T @ total)


def proportional_hazards_tests(
    time: npt.ArrayLike,
    died: npt.ArrayLike,
    x: npt.ArrayLike,
    model: CoxModel,
    terms: Mapping[str, Sequence[int]],
    *,
    strata: npt.ArrayLike | None = None,
) -> dict[str, Test]:
    """Score test that each term's effect does not drift with time, and of all together ("global").

    The arrays are those that `model` was fitted to; `terms` gives each term's columns. The time
    scale is 1 - S(t-) of the pooled Kaplan–Meier curve: R's `cox.zph(transform="km")` since 3.0.
    Grambsch & Therneau 1994, Biometrika 81:515.
    """
    method = "Schoenfeld score test (1 - Kaplan–Meier time)"
    kept = model.estimable
    why = "not estimable: no estimate" if model.events == 0 or len(kept) == 0 else ""
    # The others' estimates hold beside that term only, and it has no number.
    if any(coefficient.statement == UNBOUNDED for coefficient in model.coefficients):
        why = "not estimable: a term of the model has no estimate"
    if why:
        return {name: no_test(method, why) for name in (*terms, "global")}
    covariates = _matrix(x, len(model.beta))[:, kept]
    layers = np.zeros(len(covariates), np.int64) if strata is None else np.asarray(strata)
    times, events = follow_up(time, died, covariates, layers)
    scaled, _, spread = standardize(covariates)
    curve = kaplan_meier(times, events)
    before = np.concatenate(([1.0], curve.survival))
    mean = float(np.mean(1 - before[np.searchsorted(curve.time, times[events], side="left")]))
    width = len(kept)
    drift, matrix = np.zeros(width), np.zeros((2 * width, 2 * width))
    for stratum in _by_stratum(times, events, scaled, layers):
        scale = 1 - before[np.searchsorted(curve.time, stratum.death_times, side="left")] - mean
        with np.errstate(all="ignore"):  # hazards too far apart for numbers are looked at below
            sums = sums_at(stratum, model.beta[kept] * spread)
            drift += score(stratum, sums, scale)
            plain, once, twice = (information(stratum, sums, scale**power) for power in (0, 1, 2))
        matrix += np.block([[plain, once], [once, twice]])
    columns = {name: np.flatnonzero(np.isin(kept, chosen)) for name, chosen in terms.items()}
    columns["global"] = np.arange(width)
    return {name: _drift_test(method, drift, matrix, own) for name, own in columns.items()}


def _drift_test(method: str, drift: FloatArray, matrix: FloatArray, own: IntArray) -> Test:
    if len(own) == 0:
        return no_test(method, "not estimable: no estimate")
    width = len(drift)
    chosen = np.concatenate((np.arange(width), width + own))
    block = matrix[np.ix_(chosen, chosen)]
    if not np.all(np.isfinite(block)):
        return no_test(method, "not estimable: the fitted hazards are too far apart")
    if len(independent(block, 0.0)) < len(chosen):
        return no_test(method, "not estimable: too few distinct death times")
    gradient = np.concatenate((np.zeros(width), drift[own]))
    return chi_square_test(method, float(gradient @ np.linalg.solve(block, gradient)), len(own))
