"""What every regression here shares: Newton's iteration, and the table of coefficients.

A coefficient that the data cannot give is never an enormous number: a column that is constant or a
combination of earlier ones is set aside first, and one along which the likelihood rises without
end (all events on one side) is known by steps that do not shrink while the likelihood stands.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from onecohort.estimates import (
    FloatArray,
    IntArray,
    Test,
    chi_square_test,
    no_test,
    normal_quantile,
    two_sided_p,
)

REDUNDANT = "not estimable: constant, or given by the terms before it"
UNBOUNDED = "not estimable: the likelihood rises without end (events on one side only)"
NO_SPREAD = "no interval: the clusters are too few for a robust error"
VANISHING = 1e-6  # a robust error that is nothing but rounding
PIVOT_TOLERANCE = 1e-9  # of a standardised column's own information
STEP_TOLERANCE = 1e-10  # in standard deviations of the covariate
MAX_ITERATIONS = 60


@dataclass(frozen=True)
class Point:
    """Log-likelihood, gradient (p,) and information (p, p) at one beta."""

    value: float
    gradient: FloatArray
    information: FloatArray


@dataclass(frozen=True)
class Maximum:
    """Where the likelihood peaks.

    beta         (p,) 0 where a column is redundant
    covariance   (p, p) inverse information over `finite`; 0 elsewhere
    finite       indices of the coefficients that have an estimate
    statements   (p,) why a coefficient has none, or ""
    """

    start: Point
    end: Point
    beta: FloatArray
    covariance: FloatArray
    free: IntArray
    finite: IntArray
    statements: tuple[str, ...]


@dataclass(frozen=True)
class Coefficient:
    """One column of a model: its coefficient, and the ratio exp(beta) with its interval.

    `error` is the standard error that the interval and p use (the robust one in a model with
    clusters), `naive_error` that of the inverse information.
    """

    name: str
    beta: float | None = None
    error: float | None = None
    naive_error: float | None = None
    ratio: float | None = None
    lower: float | None = None
    upper: float | None = None
    z: float | None = None
    p: float | None = None
    statement: str = ""


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


def maximize(evaluate: Callable[[FloatArray], Point], size: int) -> Maximum:
    """Newton's iteration from 0, with halved steps where a full one would go downhill."""
    beta = np.zeros(size)
    start = point = evaluate(beta)
    free = _independent(start.information)
    step = np.zeros(size)
    for _ in range(MAX_ITERATIONS):
        step = np.zeros(size)
        step[free] = _solve(point.information[np.ix_(free, free)], point.gradient[free])
        following = evaluate(beta + step)
        for _ in range(30):
            if following.value >= point.value - 1e-10 * (1 + abs(point.value)):
                break
            step = step / 2
            following = evaluate(beta + step)
        gain = following.value - point.value
        beta, point = beta + step, following
        length = np.abs(step).max(initial=0.0)
        if length < STEP_TOLERANCE or (length > 0.1 and gain < 1e-11 * (1 + abs(point.value))):
            break
    unbounded = np.abs(step) > 1e-3
    finite = free[~unbounded[free]]
    covariance = np.zeros((size, size))
    if len(finite):
        covariance[np.ix_(finite, finite)] = np.linalg.inv(
            point.information[np.ix_(finite, finite)]
        )
    statements = tuple(
        REDUNDANT if column not in free else UNBOUNDED if unbounded[column] else ""
        for column in range(size)
    )
    return Maximum(start, point, beta, covariance, free, finite, statements)


def _independent(information: FloatArray) -> IntArray:
    """Columns that are no combination of those before them, by Cholesky pivots in that order."""
    rest = information.copy()
    kept = []
    for column in range(len(rest)):
        pivot = rest[column, column]
        if pivot > PIVOT_TOLERANCE * max(information[column, column], np.finfo(np.float64).tiny):
            kept.append(column)
            rest = rest - np.outer(rest[:, column], rest[column]) / pivot
    return np.array(kept, dtype=np.int64)


def _solve(matrix: FloatArray, right: FloatArray) -> FloatArray:
    """Newton's step; along a flat direction the least-squares one."""
    try:
        return np.asarray(np.linalg.solve(matrix, right))
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.lstsq(matrix, right, rcond=None)[0])


def tabulate(
    names: Sequence[str],
    beta: FloatArray,
    naive: FloatArray,
    covariance: FloatArray,
    statements: Sequence[str],
    *,
    confidence: float,
) -> tuple[Coefficient, ...]:
    """One row per column: `covariance` gives errors and intervals, `naive` stands beside it."""
    quantile = normal_quantile(confidence)
    rows = []
    for column, (name, statement) in enumerate(zip(names, statements, strict=True)):
        if statement:
            rows.append(Coefficient(name, statement=statement))
            continue
        value, error = float(beta[column]), float(np.sqrt(covariance[column, column]))
        naive_error = float(np.sqrt(naive[column, column]))
        if error <= VANISHING * naive_error:
            rows.append(Coefficient(name, value, ratio=float(np.exp(value)), statement=NO_SPREAD))
            continue
        ratio, lower, upper = (
            float(np.exp(value + sign * quantile * error)) for sign in (0, -1, 1)
        )
        z = value / error
        rows.append(
            Coefficient(name, value, error, naive_error, ratio, lower, upper, z, two_sided_p(z))
        )
    return tuple(rows)


def wald_test(method: str, beta: FloatArray, covariance: FloatArray, columns: IntArray) -> Test:
    """All of `columns` are zero: beta' V^-1 beta."""
    if len(columns) == 0:
        return no_test(method, "not estimable: no term has an estimate")
    block = covariance[np.ix_(columns, columns)]
    if np.linalg.matrix_rank(block, hermitian=True) < len(columns):
        return no_test(method, "not estimable: fewer clusters than terms")
    chosen = beta[columns]
    return chi_square_test(method, float(chosen @ np.linalg.solve(block, chosen)), len(columns))


def likelihood_ratio_test(maximum: Maximum, given: int = 0) -> Test:
    """Twice the gain over `Maximum.start`, the model with only the `given` first columns."""
    terms = len(maximum.free) - given
    if terms == 0:
        return no_test("likelihood ratio", "not estimable: no term has an estimate")
    gain = max(2 * (maximum.end.value - maximum.start.value), 0.0)
    return chi_square_test("likelihood ratio", gain, terms)


def score_test(maximum: Maximum) -> Test:
    """Rao's test at the start of the iteration."""
    free = maximum.free
    if len(free) == 0:
        return no_test("score", "not estimable: no term has an estimate")
    gradient = maximum.start.gradient[free]
    block = maximum.start.information[np.ix_(free, free)]
    return chi_square_test("score", float(gradient @ np.linalg.solve(block, gradient)), len(free))
