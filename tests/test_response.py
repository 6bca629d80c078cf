import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from slow_survival import exact_interval_by_bisection, fisher_by_hand

from onecohort.response import CHI_SQUARE, clopper_pearson, fisher_exact

GROUPS = st.lists(
    st.integers(0, 6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    min_size=1,
    max_size=4,
)
slowly = settings(max_examples=60, deadline=None)


@given(GROUPS)
@slowly
def test_fisher_sums_all_tables_no_more_probable_than_the_observed(
    groups: list[tuple[int, int]],
) -> None:
    met, sizes = map(list, zip(*groups, strict=True))
    found = fisher_exact(met, sizes)
    if found.p is None:
        assert found.statement.startswith("not estimable")
    else:
        assert found.p == pytest.approx(fisher_by_hand(met, sizes), abs=1e-12)


@given(st.integers(1, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
@slowly
def test_exact_interval_inverts_the_binomial_sum(case: tuple[int, int]) -> None:
    count, n = case
    rate = clopper_pearson(count, n).rate
    lower, upper = exact_interval_by_bisection(count, n, 0.025)
    assert rate.lower == pytest.approx(lower, abs=1e-10)
    assert rate.upper == pytest.approx(upper, abs=1e-10)


def test_scipy_gives_the_same_fisher_p() -> None:
    theirs = stats.fisher_exact(np.array([[15, 9], [55, 21]])).pvalue
    assert fisher_exact([15, 9], [70, 30]).p == pytest.approx(theirs, rel=1e-12)


@pytest.mark.parametrize(
    ("met", "sizes", "statement"),
    [
        ([], [], "not estimable: fewer than two groups with patients"),
        ([3], [9], "not estimable: fewer than two groups with patients"),
        ([3, 0], [9, 0], "not estimable: fewer than two groups with patients"),
        ([0, 0], [9, 5], "not estimable: the outcome is the same for all patients"),
        ([9, 5], [9, 5], "not estimable: the outcome is the same for all patients"),
    ],
)
def test_fisher_says_why_there_is_no_p(met: list[int], sizes: list[int], statement: str) -> None:
    assert fisher_exact(met, sizes).statement == statement


def test_too_many_tables_give_chi_square_and_say_so() -> None:
    met, sizes = [300, 310, 280, 250, 290, 300], [1000] * 6
    found = fisher_exact(met, sizes)
    expected = stats.chi2_contingency([met, [n - k for n, k in zip(sizes, met, strict=True)]])
    assert (found.method, found.statement) == (CHI_SQUARE, "too many tables for the exact test")
    assert found.p == pytest.approx(expected.pvalue, rel=1e-10)


def test_no_patients_have_no_rate() -> None:
    assert clopper_pearson(0, 0).rate.statement == "not estimable: no patients"


@pytest.mark.parametrize(("count", "n"), [(-1, 5), (6, 5)])
def test_an_impossible_count_is_refused(count: int, n: int) -> None:
    with pytest.raises(ValueError, match="no proportion"):
        clopper_pearson(count, n)
    with pytest.raises(ValueError, match="0 <= met <= n"):
        fisher_exact([count, 1], [n, 2])
