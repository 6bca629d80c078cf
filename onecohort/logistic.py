"""Logistic regression: odds ratios for a yes-or-no outcome, as R's `glm(family = binomial)`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from onecohort.estimates import BoolArray, FloatArray, IntArray, Test, no_test
from onecohort.likelihood import LikelihoodModel, maximize, standardize
from onecohort.regression import Coefficient, likelihood_ratio_test, tabulate, wald_test


@dataclass(frozen=True)
class LogisticModel:
    """A fitted model. `beta`, `covariance` (p,), (p, p) without the intercept."""

    n: int
    events: int
    coefficients: tuple[Coefficient, ...]
    beta: FloatArray
    covariance: FloatArray
    estimable: IntArray
    intercept: float | None
    log_likelihood: tuple[float, float]
    likelihood_ratio: Test
    wald: Test


def fit_logistic(
    outcome: npt.ArrayLike,
    x: npt.ArrayLike,
    names: Sequence[str],
    *,
    confidence: float = 0.95,
) -> LogisticModel:
    """Fit log odds = intercept + x beta by maximum likelihood; intervals are Wald's.

    outcome  (n,) True where the outcome was met
    x        (n, p) covariates, finite
    names    p names of the columns

    Raises ValueError if lengths differ or a covariate is not finite.
    """
    met = np.asarray(outcome, dtype=np.bool_)
    values = np.asarray(x, dtype=np.float64)
    covariates = values.reshape(len(values), len(names))
    if len(met) != len(covariates) or not np.all(np.isfinite(covariates)):
        raise ValueError("one row of finite covariates for each outcome")
    scaled, mean, spread = standardize(covariates)
    if met.all() or not met.any():
        return _without_estimate(met, names)
    start = float(special.logit(met.mean()))
    design = np.column_stack((np.ones(len(met)), scaled))
    # The iteration starts at the model without covariates, so that its start is the null model.
    origin = np.concatenate(([start], np.zeros(len(names))))
    # Half a second, so only when it is needed.
    from statsmodels.discrete.discrete_model import Logit

    def build(columns: FloatArray) -> LikelihoodModel:
        model: LikelihoodModel = Logit(met.astype(np.float64), columns, check_rank=False)
        return model

    maximum = maximize(build, design, origin)
    beta = maximum.beta[1:] / spread
    covariance = maximum.covariance[1:, 1:] / np.outer(spread, spread)
    beta[[column for column, why in enumerate(maximum.statements[1:]) if why]] = 0.0
    estimable = maximum.finite[maximum.finite > 0] - 1
    bounded = len(maximum.finite) == len(maximum.free)
    intercept = float(maximum.beta[0] - mean @ beta) if bounded else None
    return LogisticModel(
        n=len(met),
        events=int(met.sum()),
        coefficients=tabulate(
            names, beta, covariance, covariance, maximum.statements[1:], confidence=confidence
        ),
        beta=beta,
        covariance=covariance,
        estimable=estimable,
        intercept=intercept,
        log_likelihood=(maximum.start.value, maximum.value),
        likelihood_ratio=likelihood_ratio_test(maximum, given=1),
        wald=wald_test("Wald", beta, covariance, estimable),
    )


def _without_estimate(met: BoolArray, names: Sequence[str]) -> LogisticModel:
    why = "not estimable: the outcome is the same for all patients"
    return LogisticModel(
        n=len(met),
        events=int(met.sum()),
        coefficients=tuple(Coefficient(name, statement=why) for name in names),
        beta=np.zeros(len(names)),
        covariance=np.zeros((len(names), len(names))),
        estimable=np.empty(0, np.int64),
        intercept=None,
        log_likelihood=(0.0, 0.0),
        likelihood_ratio=no_test("likelihood ratio", why),
        wald=no_test("Wald", why),
    )
