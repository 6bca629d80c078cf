import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onecohort.likelihood import REDUNDANT, UNBOUNDED
from onecohort.logistic import fit_logistic

PATIENTS = st.lists(
    st.tuples(st.booleans(), st.integers(-2, 2).map(float)), min_size=1, max_size=25
)


def log_likelihood(met: list[bool], x: list[float], intercept: float, beta: float) -> float:
    total = 0.0
    for hit, value in zip(met, x, strict=True):
        chance = 1 / (1 + np.exp(-(intercept + beta * value)))
        total += np.log(chance if hit else 1 - chance)
    return total


@given(PATIENTS)
@settings(max_examples=60, deadline=None)
def test_no_other_coefficient_has_a_higher_likelihood(patients: list[tuple[bool, float]]) -> None:
    met, x = map(list, zip(*patients, strict=True))
    model = fit_logistic(met, np.array(x)[:, None], ["x"])
    row = model.coefficients[0]
    if row.beta is None or model.intercept is None:
        assert row.statement
        return
    best = log_likelihood(met, x, model.intercept, row.beta)
    for step, side in ((1e-3, 0.0), (-1e-3, 0.0), (0.0, 1e-3), (0.0, -1e-3)):
        assert best >= log_likelihood(met, x, model.intercept + side, row.beta + step)


@pytest.mark.parametrize(
    ("met", "x", "statement"),
    [
        pytest.param(
            [], [], "not estimable: the outcome is the same for all patients", id="nobody"
        ),
        pytest.param(
            [True, True],
            [0, 1],
            "not estimable: the outcome is the same for all patients",
            id="all met",
        ),
        pytest.param([True, False, True], [2, 2, 2], REDUNDANT, id="a constant covariate"),
        pytest.param([True, True, False, False], [1, 1, 0, 0], UNBOUNDED, id="separated"),
        pytest.param(
            [True, False, False, False], [1, 1, 0, 0], UNBOUNDED, id="none met in the reference"
        ),
    ],
)
def test_an_odds_ratio_without_estimate_says_why(
    met: list[bool], x: list[float], statement: str
) -> None:
    row = fit_logistic(met, np.array(x, dtype=float).reshape(-1, 1), ["x"]).coefficients[0]
    assert (row.statement, row.ratio, row.p) == (statement, None, None)


def test_a_term_without_an_end_leaves_the_others_their_errors() -> None:
    rng = np.random.default_rng(3)
    x = np.column_stack((rng.normal(size=60), rng.random(60) < 0.25))
    met = (rng.random(60) < 0.6) & (x[:, 1] == 0)
    other, endless = fit_logistic(met, x, ["other", "never met"]).coefficients
    # Who never meets the outcome says nothing of the other covariate.
    rest = x[:, 1] == 0
    alone = fit_logistic(met[rest], x[rest, :1], ["other"]).coefficients[0]
    assert endless.statement == UNBOUNDED
    assert (other.beta, other.error) == pytest.approx((alone.beta, alone.error), rel=1e-5)


def test_what_is_known_beside_terms_without_an_end_only_is_not_estimated() -> None:
    x = [[-1, 1, 1], [0, 0, 1], [0, 0, 1], [-1, 0, 0]]
    rows = fit_logistic([True, True, False, True], x, ["a", "b", "c"]).coefficients
    assert all(row.ratio is None and row.statement for row in rows)


def test_missing_covariates_are_refused() -> None:
    with pytest.raises(ValueError, match="finite covariates"):
        fit_logistic([True, False], [[1.0], [float("nan")]], ["x"])
