"""The peak of a likelihood, and which coefficients have one.

statsmodels states the likelihoods and climbs them. A coefficient that the data cannot give is never
an enormous number: a column that is constant or a combination of earlier ones is set aside first,
and one along which the likelihood rises without end (all events on one side) is known by steps that
do not shrink.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from onecohort.estimates import BoolArray, FloatArray, IntArray

REDUNDANT = "not estimable: constant, or given by the terms before it"
UNBOUNDED = "not estimable: the likelihood rises without end (events on one side only)"
PIVOT_TOLERANCE = 1e-9  # of a standardised column's own information
LEFT = 1e-6  # of the information that a coefficient began with, below which nothing is known of it
ROUNDING = (
    1e-13  # of information, per patient: a column that is constant in each stratum has so little
)
STEP_TOLERANCE = 1e-6  # in standard deviations of the covariate; what is left then is its square
MAX_ITERATIONS = 8  # a peak takes about five
NEAR_PEAK = 1e-6  # of the gradient, per patient and standard deviation
AT_PEAK = 1e-9  # of a further step, in standard deviations
FLAT = 1e-3  # the same, beyond which there is no peak


class Fitted(Protocol):
    """What is read from a fit of statsmodels."""

    params: FloatArray


class LikelihoodModel(Protocol):
    """What is asked of a model of statsmodels; `params` is (p,)."""

    def loglike(self, params: FloatArray) -> float:
        """The log-likelihood."""

    def score(self, params: FloatArray) -> FloatArray:
        """Its gradient (p,)."""

    def hessian(self, params: FloatArray) -> FloatArray:
        """Its second derivative (p, p)."""

    def fit(self, **options: object) -> Fitted:
        """Climb to its peak."""


@dataclass(frozen=True)
class Point:
    """Log-likelihood, gradient (p,) and information (p, p) at one beta."""

    value: float
    gradient: FloatArray
    information: FloatArray


@dataclass(frozen=True)
class Maximum:
    """Where the likelihood peaks, and its `value` there.

    beta         (p,) as at the start where a column is redundant
    covariance   (p, p) inverse information of `finite`, all others being unknown; 0 elsewhere
    free         indices of the columns that are not redundant
    finite       indices of the coefficients that have an estimate
    statements   (p,) why a coefficient has none, or ""
    """

    start: Point
    value: float
    beta: FloatArray
    covariance: FloatArray
    free: IntArray
    finite: IntArray
    statements: tuple[str, ...]


def standardize(x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Columns of mean 0 and standard deviation 1, with the means and deviations (p,) they had.

    A constant column becomes zeros.
    """
    if len(x) == 0:
        return x, np.zeros(x.shape[1]), np.ones(x.shape[1])
    mean, spread = x.mean(axis=0), x.std(axis=0)
    constant = spread <= 1e-12 * np.maximum(np.abs(mean), 1e-300)
    safe = np.where(constant, 1.0, spread)
    return np.where(constant, 0.0, (x - mean) / safe), mean, safe


def maximize(
    build: Callable[[FloatArray], LikelihoodModel], x: FloatArray, start: FloatArray
) -> Maximum:
    """Let statsmodels find the peak from `start` (p,), and say which coefficients it has.

    build  the model of some columns of `x` (n, p), which are standardised
    """
    size = x.shape[1]
    if size == 0:
        empty = build(np.zeros((len(x), 1)))
        return without_estimate(0, float(empty.loglike(np.zeros(1))))
    model = build(x)
    begin = _point(model, start)
    free = independent(begin.information, ROUNDING * len(x))
    beta = start.copy()
    if len(free) == 0:
        return without_estimate(size, begin.value)
    if len(free) < size:
        model = build(x[:, free])
    # The tails of a likelihood may overflow on the way; the end of the way is looked at.
    with np.errstate(all="ignore"):
        peak, end, further = _newton(model, start[free])
        if not np.all(further < AT_PEAK):
            peak, end, further = _newton(model, _approach(model, start[free], len(x)))
    beta[free], unbounded = peak, ~(further < FLAT)
    unbounded, left = _part(begin.information[np.ix_(free, free)], end.information, unbounded)
    finite = free[~unbounded]
    covariance = np.zeros((size, size))
    covariance[np.ix_(finite, finite)] = np.linalg.inv(left)
    statements = [REDUNDANT] * size
    for column, endless in zip(free, unbounded, strict=True):
        statements[column] = UNBOUNDED if endless else ""
    return Maximum(begin, end.value, beta, covariance, free, finite, tuple(statements))


def _part(start: FloatArray, end: FloatArray, unbounded: BoolArray) -> tuple[BoolArray, FloatArray]:
    """Which coefficients have no end, and the information on the others, those being unknown.

    start, end  (k, k) information where the climb began and ended
    unbounded   (k,) those that the last step still moves; another may stand still only because
                nothing is left to know of it
    """
    found = unbounded.copy()
    while True:
        left = _information_left(end, found)
        unit = np.sqrt(np.diag(start)[~found])
        known = independent(left / np.outer(unit, unit), LEFT)
        if not found.any() or len(known) == len(left):
            return found, left
        found[np.delete(np.flatnonzero(~found), known)] = True


def _information_left(information: FloatArray, unbounded: BoolArray) -> FloatArray:
    """Information on the bounded coefficients when the unbounded are estimated beside them.

    Two without end may have a sum with one (the intercept, and an indicator whose members all
    fail): as if they were known, the others' errors would be too small.
    """
    bounded = information[np.ix_(~unbounded, ~unbounded)]
    if unbounded.all() or not unbounded.any():
        return bounded
    across = information[np.ix_(~unbounded, unbounded)]
    own = np.linalg.pinv(information[np.ix_(unbounded, unbounded)], hermitian=True)
    return np.asarray(bounded - across @ own @ across.T)


def without_estimate(size: int, value: float) -> Maximum:
    """A likelihood of `value` whatever the `size` coefficients are."""
    nothing = np.empty(0, np.int64)
    flat = Point(value, np.zeros(size), np.zeros((size, size)))
    return Maximum(
        flat, value, np.zeros(size), flat.information, nothing, nothing, (REDUNDANT,) * size
    )


def _newton(model: LikelihoodModel, start: FloatArray) -> tuple[FloatArray, Point, FloatArray]:
    """Where the model's own climb ends, and how far a next step would go.

    That is nothing at a peak, and as far as the step before where the likelihood only comes nearer
    to its bound. A climb that leaves the numbers, or ends below its start, does not count.
    """
    try:
        fitted = model.fit(
            start_params=start,
            method="newton",
            tol=STEP_TOLERANCE,
            maxiter=MAX_ITERATIONS,
            disp=False,
            # Data that separate would be warned of; the caller looks at the end itself.
            warn_convergence=False,
            callback=lambda params: None,
        )
        peak = np.asarray(fitted.params, dtype=np.float64)
    except np.linalg.LinAlgError:  # so flat that there is no next step
        peak = start
    end = _point(model, peak)
    origin = float(model.loglike(start))
    if not end.value >= origin - AT_PEAK * abs(origin):
        peak, end = start, _point(model, start)
    return peak, end, np.abs(_solve(end.information, end.gradient))


def _approach(model: LikelihoodModel, start: FloatArray, patients: int) -> FloatArray:
    """Near the peak by steps that are held back.

    Newton's leave the data where a covariate has an outlier (a count of white cells).
    """
    from scipy.optimize import minimize

    def depth(params: FloatArray) -> float:
        value = -float(model.loglike(params)) / patients
        return value if np.isfinite(value) else np.inf

    def slope(params: FloatArray) -> FloatArray:
        return np.nan_to_num(-model.score(params) / patients)

    def bend(params: FloatArray) -> FloatArray:
        curvature = -model.hessian(params) / patients
        return curvature if np.all(np.isfinite(curvature)) else np.eye(len(params))

    near = minimize(
        depth, start, jac=slope, hess=bend, method="trust-exact", options={"gtol": NEAR_PEAK}
    )
    return np.asarray(near.x, dtype=np.float64)


def _point(model: LikelihoodModel, params: FloatArray) -> Point:
    return Point(float(model.loglike(params)), model.score(params), -model.hessian(params))


def independent(information: FloatArray, nothing: float) -> IntArray:
    """Columns that are no combination of those before them, by Cholesky pivots in that order.

    nothing  a pivot that small is rounding
    """
    rest = information.copy()
    kept = []
    for column in range(len(rest)):
        pivot = rest[column, column]
        if pivot > max(PIVOT_TOLERANCE * information[column, column], nothing):
            kept.append(column)
            rest = rest - np.outer(rest[:, column], rest[column]) / pivot
    return np.array(kept, dtype=np.int64)


def _solve(matrix: FloatArray, right: FloatArray) -> FloatArray:
    """Newton's step; along a flat direction the least-squares one."""
    if not np.all(np.isfinite(matrix)):
        return np.full(len(right), np.nan)
    try:
        return np.asarray(np.linalg.solve(matrix, right))
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.lstsq(matrix, right, rcond=None)[0])
