"""What every regression here shows: the table of its coefficients, and the tests of all of them.

How a likelihood is climbed stands in `onecohort.likelihood`.
"""

from collections.abc import Sequence
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
from onecohort.likelihood import Maximum

NO_SPREAD = "no interval: the clusters are too few for a robust error"
VANISHING = 1e-6  # a robust error that is nothing but rounding


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
        if not error > VANISHING * naive_error:
            rows.append(Coefficient(name, value, ratio=float(np.exp(value)), statement=NO_SPREAD))
            continue
        with np.errstate(over="ignore"):  # a limit beyond all numbers is infinite
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
    estimable = np.all(np.isfinite(block))
    if not estimable or np.linalg.matrix_rank(block, hermitian=True) < len(columns):
        return no_test(method, "not estimable: fewer clusters than terms")
    chosen = beta[columns]
    return chi_square_test(method, float(chosen @ np.linalg.solve(block, chosen)), len(columns))


def likelihood_ratio_test(maximum: Maximum, given: int = 0) -> Test:
    """Twice the gain over `Maximum.start`, the model with only the `given` first columns."""
    terms = len(maximum.free) - given
    if terms == 0:
        return no_test("likelihood ratio", "not estimable: no term has an estimate")
    gain = max(2 * (maximum.value - maximum.start.value), 0.0)
    return chi_square_test("likelihood ratio", gain, terms)


def score_test(maximum: Maximum) -> Test:
    """Rao's test at the start of the iteration."""
    free = maximum.free
    if len(free) == 0:
        return no_test("score", "not estimable: no term has an estimate")
    gradient = maximum.start.gradient[free]
    block = maximum.start.information[np.ix_(free, free)]
    return chi_square_test("score", float(gradient @ np.linalg.solve(block, gradient)), len(free))
