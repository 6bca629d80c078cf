import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_survival import log_rank_by_hand, mean_by_hand, median_by_hand, survival_by_hand

from onecohort.estimates import Estimate
from onecohort.survival import (
    at_risk,
    kaplan_meier,
    log_rank,
    median_survival,
    restricted_mean,
    reverse_kaplan_meier,
    survival_at,
)

# Few distinct times, so that ties, empty groups, zero times and all-censored sets come up often.
PATIENT = st.tuples(st.integers(0, 8).map(float), st.booleans(), st.booleans(), st.integers(0, 2))
PATIENTS = st.lists(PATIENT, min_size=1, max_size=25)
slowly = settings(max_examples=60, deadline=None)


@given(PATIENTS, st.integers(0, 9))
@slowly
def test_survival_is_the_product_over_death_times(
    patients: list[tuple[float, bool, bool, int]], at: int
) -> None:
    time, died, _, _ = map(list, zip(*patients, strict=True))
    found = survival_at(kaplan_meier(time, died), at)
    if found.value is None:
        assert "follow-up ends" in found.statement
        assert at > max(time)
    else:
        assert found.value == pytest.approx(float(survival_by_hand(time, died, at)), abs=1e-13)


@given(PATIENTS)
@slowly
def test_median_is_the_first_fall_to_one_half_or_the_midpoint(
    patients: list[tuple[float, bool, bool, int]],
) -> None:
    time, died, _, _ = map(list, zip(*patients, strict=True))
    assert median_survival(kaplan_meier(time, died)).value == median_by_hand(time, died)


@given(PATIENTS, st.integers(1, 8))
@slowly
def test_restricted_mean_is_the_area_under_the_curve(
    patients: list[tuple[float, bool, bool, int]], until: int
) -> None:
    time, died, _, _ = map(list, zip(*patients, strict=True))
    found, error = restricted_mean(kaplan_meier(time, died), until)
    if found.value is None:
        assert "follow-up ends" in found.statement
        assert error is None
    else:
        assert found.value == pytest.approx(mean_by_hand(time, died, until), abs=1e-12)
        assert error is not None
        assert error >= 0


@given(PATIENTS)
@slowly
def test_log_rank_is_observed_minus_expected_over_its_variance(
    patients: list[tuple[float, bool, bool, int]],
) -> None:
    time, died, second, strata = map(list, zip(*patients, strict=True))
    found = log_rank(time, died, second, strata=strata)
    difference, variance = log_rank_by_hand(time, died, second, strata)
    if found.p is None:
        assert found.statement.startswith("not estimable")
        assert variance == pytest.approx(0, abs=1e-12)
    else:
        assert found.statistic == pytest.approx(difference**2 / variance, rel=1e-9, abs=1e-12)
        assert 0 <= found.p <= 1


@given(PATIENTS)
@slowly
def test_limits_hold_the_curve_and_are_undefined_only_at_one_and_zero(
    patients: list[tuple[float, bool, bool, int]],
) -> None:
    time, died, _, _ = map(list, zip(*patients, strict=True))
    curve = kaplan_meier(time, died)
    inside = (curve.survival > 0) & (curve.survival < 1)
    assert np.array_equal(np.isnan(curve.lower), ~inside)
    assert np.all(curve.lower[inside] <= curve.survival[inside])
    assert np.all(curve.survival[inside] <= curve.upper[inside])


@given(PATIENTS, st.randoms(use_true_random=False))
@slowly
def test_the_order_of_patients_changes_nothing(
    patients: list[tuple[float, bool, bool, int]], random: "np.random.Generator"
) -> None:
    shuffled = list(patients)
    random.shuffle(shuffled)
    first, second = (
        median_survival(kaplan_meier([p[0] for p in rows], [p[1] for p in rows]))
        for rows in (patients, shuffled)
    )
    assert first == second


@pytest.mark.parametrize(
    ("time", "died", "expected"),
    [
        pytest.param([], [], Estimate(None, statement="not estimable: no patients"), id="nobody"),
        pytest.param(
            [3.0],
            [False],
            Estimate(None, statement="median and lower limit and upper limit not reached"),
            id="one censored patient",
        ),
        pytest.param(
            [3.0],
            [True],
            Estimate(3.0, None, None, "lower limit and upper limit not reached"),
            id="one death",
        ),
        pytest.param(
            [1.0, 2.0, 3.0],
            [False, False, False],
            Estimate(None, statement="median and lower limit and upper limit not reached"),
            id="all censored",
        ),
        pytest.param(
            [0.0, 0.0],
            [True, True],
            Estimate(0.0, None, None, "lower limit and upper limit not reached"),
            id="all dead at once on the first day",
        ),
    ],
)
def test_what_has_no_median_says_so(
    time: list[float], died: list[bool], expected: Estimate
) -> None:
    assert median_survival(kaplan_meier(time, died)) == expected


def test_nobody_has_no_survival_no_mean_and_nobody_at_risk() -> None:
    curve = kaplan_meier([], [])
    assert survival_at(curve, 6).statement == "not estimable: no patients"
    assert restricted_mean(curve, 12)[0].statement == "not estimable: no patients"
    assert at_risk(curve, [0, 6]).tolist() == [0, 0]


def test_survival_beyond_the_follow_up_is_not_known_unless_all_have_died() -> None:
    assert survival_at(kaplan_meier([1, 2], [True, False]), 3).value is None
    assert survival_at(kaplan_meier([1, 2], [True, True]), 3).value == 0
    assert restricted_mean(kaplan_meier([1, 2], [True, True]), 3)[0].value == 1.5


def test_before_the_first_death_survival_is_one_without_limits() -> None:
    found = survival_at(kaplan_meier([2, 4], [True, True]), 1)
    assert (found.value, found.lower) == (1.0, None)
    assert found.statement == "no limits: no death until then"


def test_at_risk_counts_those_followed_at_least_so_long() -> None:
    assert at_risk(kaplan_meier([1, 2, 2, 5], [True] * 4), [0, 2, 3, 6]).tolist() == [4, 3, 1, 0]


def test_follow_up_counts_censoring_as_the_event() -> None:
    assert median_survival(reverse_kaplan_meier([1, 2, 3], [True, False, False])).value == 2.5


def test_times_that_differ_by_rounding_only_are_one_time() -> None:
    third = 10 / 30.4375
    nearly = third * (1 + 4e-16)
    assert nearly != third
    assert len(kaplan_meier([third, nearly, 2], [True, True, True]).time) == 2


@pytest.mark.parametrize(
    ("time", "died", "group", "statement"),
    [
        ([1, 2], [False, False], [0, 1], "not estimable: no events"),
        ([1, 2], [True, True], [0, 0], "not estimable: events were possible in one group only"),
        ([], [], [], "not estimable: no events"),
        ([1, 2, 9], [True, True, False], [0, 0, 1], ""),
    ],
)
def test_log_rank_says_why_there_is_none(
    time: list[float], died: list[bool], group: list[int], statement: str
) -> None:
    assert log_rank(time, died, group).statement == statement


def test_log_rank_needs_two_groups_at_risk_in_one_stratum() -> None:
    found = log_rank([1, 2, 1, 2], [True] * 4, [0, 0, 1, 1], strata=[0, 0, 1, 1])
    assert found.statement == "not estimable: at no death were patients of two groups at risk"


@pytest.mark.parametrize(
    ("time", "died", "message"),
    [
        ([1.0, 2.0], [True], "different lengths"),
        ([-1.0], [True], "not negative"),
        ([float("nan")], [True], "finite"),
    ],
)
def test_impossible_follow_up_is_refused(time: list[float], died: list[bool], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kaplan_meier(time, died)


def test_a_confidence_of_one_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        kaplan_meier([1.0], [True], confidence=1)
