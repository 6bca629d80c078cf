"""Every estimator gives R's number: to 1e-12 where it counts, to 1e-8 where R iterates."""

import shutil
import subprocess

import numpy as np
import pytest
from r_numbers import GOLDEN, DataSet, data_set, read_numbers

from onecohort.cox import CoxModel, fit_cox, proportional_hazards_tests
from onecohort.estimates import Estimate, FloatArray
from onecohort.heterogeneity import pool_estimates
from onecohort.logistic import fit_logistic
from onecohort.response import clopper_pearson, fisher_exact
from onecohort.survival import (
    at_risk,
    kaplan_meier,
    log_rank,
    median_survival,
    restricted_mean,
    reverse_kaplan_meier,
    survival_at,
)

R = read_numbers(GOLDEN / "r_survival.tsv")
SETS = ("aml", "lung", "veteran", "gbsg", "ties")
SMALL = tuple(name for name in SETS if name != "ties")
TERMS = {"x1": [0], "x2": [1], "x3": [2]}
Numbers = dict[str, float | None]


def assert_agrees(found: Numbers, relative: float) -> None:
    """Compare with R, number by number; a limit that R does not give must not be there either."""
    assert found
    wrong = {}
    for name, value in found.items():
        expected = R[name]
        if expected is None or value is None:
            if expected is not value:
                wrong[name] = (value, expected)
        elif abs(value - expected) > relative * max(abs(expected), 1e-3):
            wrong[name] = (value, expected)
    assert not wrong


def several(name: str, values: "list[float | None] | FloatArray") -> Numbers:
    """`name.1`, `name.2`, … as R's script writes a vector."""
    if len(values) == 1:
        return {name: None if values[0] is None else float(values[0])}
    return {f"{name}.{i}": None if v is None else float(v) for i, v in enumerate(values, 1)}


def of(name: str, estimate: Estimate) -> Numbers:
    return several(name, [estimate.value, estimate.lower, estimate.upper])


def curve_numbers(
    name: str, time: FloatArray, event: FloatArray, at: tuple[float, ...], until: float
) -> Numbers:
    curve = kaplan_meier(time, event == 1)
    mean, error = restricted_mean(curve, until)
    points = [survival_at(curve, moment) for moment in at]
    # Beyond the last follow-up R carries the last value on; we say that it is not known.
    known = [place for place, point in enumerate(points) if point.value is not None]
    suffix = {place: f".{place + 1}" if len(at) > 1 else "" for place in known}
    found: Numbers = {f"{name}.n": curve.n, f"{name}.events": curve.events}
    found |= of(f"{name}.median", median_survival(curve))
    if mean.value is not None:
        found |= several(f"{name}.rmst", [mean.value, error])
    for place in known:
        found[f"{name}.surv{suffix[place]}"] = points[place].value
        if points[place].value == 1:
            continue  # R says 1 to 1 before its first row and NA after it; there are no limits
        found[f"{name}.lower{suffix[place]}"] = points[place].lower
        found[f"{name}.upper{suffix[place]}"] = points[place].upper
    found |= several(f"{name}.at_risk", at_risk(curve, at).astype(float))
    return found | of(f"{name}.follow_up", median_survival(reverse_kaplan_meier(time, event == 1)))


@pytest.mark.parametrize("name", SETS)
def test_kaplan_meier_counts_as_r_does(name: str) -> None:
    data = data_set(name)
    assert_agrees(curve_numbers(name, data.time, data.event, data.at, data.until), 1e-12)


@pytest.mark.parametrize("name", SETS)
def test_kaplan_meier_of_each_group_counts_as_r_does(name: str) -> None:
    data = data_set(name)
    for group in np.unique(data.group):
        inside = data.group == group
        found = curve_numbers(
            f"{name}.group{group:g}", data.time[inside], data.event[inside], data.at, data.until
        )
        assert_agrees(found, 1e-12)


@pytest.mark.parametrize(
    ("name", "time", "event", "at", "until"),
    [
        pytest.param("half", range(1, 11), [1] * 10, 3, 9, id="one half from 5 to 6"),
        pytest.param(
            "half_censored",
            [0.7, 1.3, 2.9, 3.1, 6.2, 7.7],
            [1, 1, 1, 1, 0, 1],
            3,
            6,
            id="one half between times with decimals",
        ),
        pytest.param(
            "crossing",
            [1] * 135 + [2] * 42 + [3] * 121 + [4, 5],
            [1] * 177 + [0] * 121 + [1, 0],
            2,
            4,
            id="upper band falls below one half and rises again",
        ),
        pytest.param("zero", [0, 0, 1, 2, 2, 3], [1, 0, 1, 1, 0, 1], 1, 3, id="times of zero"),
    ],
)
def test_median_falls_into_no_trap(
    name: str, time: list[float], event: list[int], at: float, until: float
) -> None:
    times, events = np.array(list(time), dtype=float), np.array(event, dtype=float)
    assert_agrees(curve_numbers(name, times, events, (at,), until), 1e-12)


def test_upper_limit_is_the_first_crossing_though_the_band_rises_again() -> None:
    time = np.array([1] * 135 + [2] * 42 + [3] * 121 + [4, 5], dtype=float)
    curve = kaplan_meier(time, np.array([1] * 177 + [0] * 121 + [1, 0]))
    assert curve.upper[1] < 0.5 < curve.upper[-1]
    assert median_survival(curve).upper == 2


@pytest.mark.parametrize("name", SETS)
def test_log_rank_counts_as_r_does(name: str) -> None:
    data = data_set(name)
    plain = log_rank(data.time, data.event == 1, data.group)
    layered = log_rank(data.time, data.event == 1, data.group, strata=data.strata)
    found: Numbers = {
        f"{name}.logrank": plain.statistic,
        f"{name}.logrank_p": plain.p,
        f"{name}.logrank_stratified": layered.statistic,
    }
    assert_agrees(found, 1e-12)


def model_numbers(name: str, data: DataSet, model: CoxModel, strata: FloatArray | None) -> Numbers:
    drift = proportional_hazards_tests(
        data.time, data.event == 1, data.x, model, TERMS, strata=strata
    )
    rows = model.coefficients
    found = several(f"{name}.beta", [row.beta for row in rows])
    found |= several(f"{name}.se", [row.error for row in rows])
    found |= several(f"{name}.p", [row.p for row in rows])
    found |= several(f"{name}.loglik", list(model.log_likelihood))
    found |= {
        f"{name}.lr": model.likelihood_ratio.statistic,
        f"{name}.score": model.score.statistic,
        f"{name}.wald": model.wald.statistic,
    }
    found |= several(f"{name}.concordance", [model.concordance.value, model.concordance_error])
    found |= several(f"{name}.zph", [test.statistic for test in drift.values()])
    return found | several(f"{name}.zph_p", [test.p for test in drift.values()])


@pytest.mark.parametrize("name", SETS)
def test_cox_model_and_its_tests_are_those_of_r(name: str) -> None:
    data = data_set(name)
    model = fit_cox(data.time, data.event == 1, data.x, list(TERMS))
    assert_agrees(model_numbers(f"{name}.cox", data, model, None), 1e-8)


@pytest.mark.parametrize("name", SETS)
def test_stratified_cox_model_is_that_of_r(name: str) -> None:
    data = data_set(name)
    model = fit_cox(data.time, data.event == 1, data.x, list(TERMS), strata=data.strata)
    assert_agrees(model_numbers(f"{name}.stratified", data, model, data.strata), 1e-8)


@pytest.mark.parametrize("name", SETS)
def test_cluster_robust_errors_are_those_of_r_under_ties(name: str) -> None:
    data = data_set(name)
    model = fit_cox(data.time, data.event == 1, data.x, list(TERMS), cluster=data.cluster)
    assert_agrees(model_numbers(f"{name}.robust", data, model, None), 1e-8)


@pytest.mark.parametrize("name", SETS)
def test_logistic_regression_is_that_of_r(name: str) -> None:
    data = data_set(name)
    model = fit_logistic(data.event == 1, data.x, list(TERMS))
    found = several(f"{name}.logistic.beta", [row.beta for row in model.coefficients])
    found |= several(f"{name}.logistic.se", [row.error for row in model.coefficients])
    found[f"{name}.logistic.intercept"] = model.intercept
    assert_agrees(found, 1e-8)


@pytest.mark.parametrize("name", SMALL)
def test_exact_intervals_and_fishers_test_are_those_of_r(name: str) -> None:
    data = data_set(name)
    groups = np.unique(data.group)
    met = [int(data.event[data.group == group].sum()) for group in groups]
    sizes = [int((data.group == group).sum()) for group in groups]
    rate = clopper_pearson(int(data.event.sum()), len(data.event)).rate
    assert_agrees(several(f"{name}.exact", [rate.lower, rate.upper]), 1e-12)
    assert_agrees({f"{name}.fisher": fisher_exact(met, sizes).p}, 1e-12)


@pytest.mark.parametrize(
    ("name", "met", "sizes"),
    [
        ("fisher_2x9", [3, 2, 4, 1, 5, 2, 3, 2, 2], [12, 11, 11, 10, 13, 11, 11, 10, 11]),
        ("fisher_2x3", [12, 8, 4], [58, 32, 10]),
        ("fisher_2x2", [15, 9], [70, 30]),
        ("fisher_2x2_large", [7400, 1580], [50_000, 10_000]),
    ],
)
def test_fishers_test_is_exact_for_two_to_nine_groups(
    name: str, met: list[int], sizes: list[int]
) -> None:
    assert_agrees({name: fisher_exact(met, sizes).p}, 1e-12)


@pytest.mark.parametrize(
    ("name", "count", "n"),
    [("exact_24_100", 24, 100), ("exact_0_10", 0, 10), ("exact_10_10", 10, 10)],
)
def test_clopper_pearson_is_that_of_r(name: str, count: int, n: int) -> None:
    rate = clopper_pearson(count, n).rate
    assert_agrees(several(name, [rate.lower, rate.upper]), 1e-12)


def test_pooled_estimate_is_that_of_its_definition_in_r() -> None:
    pooled = pool_estimates([0.12, -0.35, 0.81, 0.40, -0.05], [0.10, 0.22, 0.15, 0.30, 0.08])
    z = 1.959963984540054
    errors = [(e.upper - e.lower) / 2 / z for e in (pooled.fixed, pooled.random)]  # type: ignore[operator]
    found: list[float | None] = [pooled.fixed.value, errors[0], pooled.heterogeneity.statistic]
    found += [pooled.heterogeneity.p, pooled.tau_squared, pooled.random.value, errors[1]]
    assert_agrees(several("pooled", [*found, pooled.i_squared]), 1e-12)


def test_every_number_of_r_is_held_against_ours() -> None:
    parts = {name.split(".")[0] for name in R}
    traps = {"half", "half_censored", "crossing", "zero"}
    tables = {"fisher_2x9", "fisher_2x3", "fisher_2x2", "fisher_2x2_large"}
    rates = {"exact_24_100", "exact_0_10", "exact_10_10"}
    assert parts == {*SETS, *traps, *tables, *rates, "pooled"}


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
def test_committed_numbers_are_what_r_prints_today() -> None:
    has_survival = subprocess.run(
        ["Rscript", "-e", "library(survival)"], capture_output=True, check=False
    )
    if has_survival.returncode != 0:
        pytest.skip("R has no survival package here")
    printed = subprocess.run(
        ["Rscript", str(GOLDEN / "r_survival.R")], capture_output=True, check=True, text=True
    ).stdout
    today = dict(line.split("\t") for line in printed.splitlines())
    assert today.keys() == R.keys()
    for name, text in today.items():
        assert R[name] == (None if text == "NA" else pytest.approx(float(text), rel=1e-10))
