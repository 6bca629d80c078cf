from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_survival import concordance_by_hand, efron_log_likelihood, score_residuals_by_hand

from onecohort.concordance import concordance
from onecohort.cox import fit_cox, proportional_hazards_tests
from onecohort.likelihood import REDUNDANT, UNBOUNDED
from onecohort.regression import NO_SPREAD

PATIENT = st.tuples(st.integers(0, 8).map(float), st.booleans(), st.integers(-2, 2).map(float))
PATIENTS = st.lists(PATIENT, min_size=1, max_size=25)
slowly = settings(max_examples=60, deadline=None)
Rows = list[tuple[float, bool, float]]


@given(PATIENTS)
@slowly
def test_no_other_coefficient_has_a_higher_likelihood(patients: Rows) -> None:
    time, died, x = map(list, zip(*patients, strict=True))
    model = fit_cox(time, died, np.array(x)[:, None], ["x"])
    row = model.coefficients[0]
    if row.beta is None:
        assert row.statement
        return
    best = efron_log_likelihood(time, died, [row.beta * v for v in x])
    assert model.log_likelihood[1] == pytest.approx(best, abs=1e-9)
    for step in (-1e-3, 1e-3):
        assert best >= efron_log_likelihood(time, died, [(row.beta + step) * v for v in x])


@given(PATIENTS)
@slowly
def test_every_model_gives_a_number_or_a_reason(patients: Rows) -> None:
    time, died, x = map(list, zip(*patients, strict=True))
    columns = np.column_stack([x, [v > 0 for v in x], np.ones(len(x))])
    strata = [int(v) % 2 for v in time]
    model = fit_cox(time, died, columns, ["x", "positive", "one"], strata=strata, cluster=strata)
    drift = proportional_hazards_tests(
        time, died, columns, model, {"x": [0], "both": [1, 2]}, strata=strata
    )
    for row in model.coefficients:
        assert (row.beta is not None) != bool(row.statement) or row.p is None
        assert all(v is None or np.isfinite(v) for v in (row.beta, row.error, row.p, row.z))
    for test in (model.wald, model.score, model.likelihood_ratio, *drift.values()):
        assert (test.p is None) == bool(test.statement)
        assert test.p is None or 0 <= test.p <= 1
    assert model.coefficients[2].statement == REDUNDANT


@given(PATIENTS)
@slowly
def test_robust_error_sums_squared_score_residuals(patients: Rows) -> None:
    time, died, x = map(list, zip(*patients, strict=True))
    model = fit_cox(time, died, np.array(x)[:, None], ["x"], cluster=range(len(x)))
    row = model.coefficients[0]
    if row.beta is None or row.naive_error is None:
        return
    residuals = score_residuals_by_hand(time, died, x, row.beta)
    expected = row.naive_error**2 * np.sqrt(np.sum(np.square(residuals)))
    assert row.error == pytest.approx(expected, rel=1e-8, abs=1e-10)


@given(PATIENTS)
@slowly
def test_concordance_counts_every_pair(patients: Rows) -> None:
    time, died, risk = map(list, zip(*patients, strict=True))
    found, error = concordance(time, died, risk)
    agree, differ, tied = concordance_by_hand(time, died, risk)
    if agree + differ + tied == 0:
        assert found.statement == "not estimable: no two patients are comparable"
        assert error is None
    else:
        expected = (agree + tied / 2) / (agree + differ + tied)
        assert found.value == pytest.approx(expected, abs=1e-14)


def test_concordance_of_100_000_patients_takes_a_moment() -> None:
    i = np.arange(100_000)
    found, _ = concordance(i * 7919 % 10007, i % 3 > 0, i * 31 % 1009)
    assert found.value == pytest.approx(0.5, abs=0.01)


def test_an_outlier_does_not_lead_the_climb_astray() -> None:
    rng = np.random.default_rng(4)
    cells = np.exp(3 * rng.normal(size=40))  # white cells spread over five powers of ten
    time, died = np.ceil(rng.exponential(9, 40)), np.ones(40, bool)
    time[np.argmax(cells)] = 1
    model = fit_cox(time, died, cells[:, None], ["white cells"])
    beta = model.coefficients[0].beta
    assert beta is not None
    best = efron_log_likelihood(list(time), list(died), list(beta * cells))
    assert model.log_likelihood[1] == pytest.approx(best, abs=1e-9)
    for step in (0.99, 1.01):
        assert best > efron_log_likelihood(list(time), list(died), list(step * beta * cells))


@pytest.mark.parametrize(
    ("time", "died", "x", "statement"),
    [
        pytest.param([], [], [], REDUNDANT, id="nobody"),
        pytest.param([4], [True], [1], REDUNDANT, id="one patient"),
        pytest.param([1, 2, 3], [False] * 3, [0, 1, 2], REDUNDANT, id="no events"),
        pytest.param([1, 2, 3], [True] * 3, [5, 5, 5], REDUNDANT, id="a constant covariate"),
        pytest.param(
            [1, 2, 3, 4],
            [True, True, False, False],
            [1, 1, 0, 0],
            UNBOUNDED,
            id="all deaths on one side",
        ),
    ],
)
def test_a_coefficient_without_estimate_says_why(
    time: list[float], died: list[bool], x: list[float], statement: str
) -> None:
    model = fit_cox(time, died, np.array(x, dtype=float).reshape(-1, 1), ["x"])
    assert model.coefficients[0].statement == statement
    assert model.coefficients[0].ratio is None
    assert model.wald.p is None


def test_what_is_constant_in_each_stratum_has_no_estimate() -> None:
    time, died, x = [0, 0, 1], [True] * 3, np.array([[1.0], [1.0], [0.0]])
    model = fit_cox(time, died, x, ["x"], strata=[0, 0, 1])
    drift = proportional_hazards_tests(time, died, x, model, {"x": [0]}, strata=[0, 0, 1])
    assert model.coefficients[0].statement == REDUNDANT
    assert drift["global"].statement == "not estimable: no estimate"


def test_one_unbounded_term_leaves_the_others_their_estimates() -> None:
    time = [1, 2, 3, 4, 5, 6, 7, 8]
    died = [True] * 6 + [False] * 2
    x = np.array([[1, 0.3], [0, -0.2], [0, 0.9], [0, 0.1], [0, 0.5], [0, 0.2], [0, 0.8], [0, -0.4]])
    one, other = fit_cox(time, died, x, ["first to die", "other"]).coefficients
    assert one.statement == UNBOUNDED
    assert other.beta is not None
    alone = fit_cox(time[1:], died[1:], x[1:, 1:], ["other"]).coefficients[0]
    assert other.beta == pytest.approx(alone.beta, abs=1e-6)


def test_proportional_hazards_are_not_tested_beside_a_term_without_an_end() -> None:
    time, died = [1, 2, 3, 4, 5, 6, 7, 8], [True] * 6 + [False] * 2
    x = np.array([[1, 0.3], [0, -0.2], [0, 0.9], [0, 0.1], [0, 0.5], [0, 0.2], [0, 0.8], [0, -0.4]])
    model = fit_cox(time, died, x, ["first to die", "other"])
    drift = proportional_hazards_tests(time, died, x, model, {"first to die": [0], "other": [1]})
    assert {test.statement for test in drift.values()} == {
        "not estimable: a term of the model has no estimate"
    }


def test_a_climb_that_leaves_the_numbers_still_ends_in_one() -> None:
    time, strata = [0, 3, 1, 1, 3, 2, 4, 2], [1, 2, 0, 1, 0, 1, 0, 2]
    x = [
        [0.1, 10.03, 0.04], [0.05, 0.31, 64.28], [0.06, 0.12, 1.79], [1.54, 3.18, 0.18],
        [0.06, 0.02, 2.69], [0.54, 3.6, 1.14], [64.81, 5.75, 1.64], [1.14, 0.22, 0.31],
    ]  # fmt: skip
    model = fit_cox(time, [True] * 8, x, ["a", "b", "c"], strata=strata)
    assert {row.statement for row in model.coefficients} == {UNBOUNDED}
    # The likelihood comes near 1: each to die was the likeliest.
    assert model.likelihood_ratio.statistic == pytest.approx(-2 * model.log_likelihood[0], rel=1e-3)


def test_a_drift_that_no_death_time_can_show_is_not_tested() -> None:
    time, died = [1, 4, 2, 3, 2, 3, 2, 2], [True, True, False, False, False, False, True, False]
    x = [[0.72], [114.5], [4.24], [9.47], [0.15], [0.0], [0.21], [0.48]]
    strata = [0, 0, 0, 1, 0, 0, 2, 1]
    model = fit_cox(time, died, x, ["x"], strata=strata)
    drift = proportional_hazards_tests(time, died, x, model, {"x": [0]}, strata=strata)
    assert model.coefficients[0].statement == ""
    assert drift["x"].statement == "not estimable: too few distinct death times"


def test_hazards_too_far_apart_for_numbers_are_not_tested_for_drift() -> None:
    time, died = np.arange(1.0, 9.0), [True] * 8
    x = np.array([[8.0], [7.0], [5.0], [6.0], [4.0], [3.0], [1.0], [2.0]])
    model = fit_cox(time, died, x, ["x"])
    steep = replace(model, beta=np.array([1e4]))
    drift = proportional_hazards_tests(time, died, x, steep, {"x": [0]})
    assert drift["global"].statement == "not estimable: the fitted hazards are too far apart"


def test_a_term_given_by_earlier_ones_is_set_aside_and_the_first_kept() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(40, 2))
    both = np.column_stack([x, x @ [2.0, -1.0]])
    time, died = rng.exponential(5, 40), np.ones(40, bool)
    ours = fit_cox(time, died, both, ["a", "b", "sum"])
    alone = fit_cox(time, died, x, ["a", "b"])
    assert ours.coefficients[2].statement == REDUNDANT
    assert ours.beta[:2] == pytest.approx(alone.beta, rel=1e-8)
    assert ours.likelihood_ratio.df == 2


def test_units_of_a_covariate_change_its_coefficient_only() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(65, 9, size=(60, 1))
    time, died = rng.exponential(5, 60), rng.random(60) < 0.8
    years = fit_cox(time, died, x, ["years"])
    seconds = fit_cox(time, died, x * 3.156e7, ["seconds"])
    assert seconds.coefficients[0].z == pytest.approx(years.coefficients[0].z, rel=1e-9)


def test_covariates_that_are_missing_are_refused() -> None:
    with pytest.raises(ValueError, match="leave incomplete patients out"):
        fit_cox([1, 2], [True, True], [[1.0], [float("nan")]], ["x"])


def test_one_cluster_gives_no_robust_error_and_says_so() -> None:
    time, died, x = [1, 2, 3, 4], [True] * 4, [[0.0], [1.0], [0.5], [0.2]]
    model = fit_cox(time, died, x, ["x"], cluster=[1, 1, 1, 1])
    assert model.coefficients[0].statement == NO_SPREAD
    assert (model.coefficients[0].p, model.coefficients[0].lower) == (None, None)
    assert model.concordance.value is not None
    assert (model.concordance.lower, model.concordance_error) == (None, None)
    assert model.concordance.statement == "no interval: one cluster has no spread"
