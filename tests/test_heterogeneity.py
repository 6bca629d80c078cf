from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onecohort.heterogeneity import pool_estimates


def pooled_by_hand(values: Sequence[float], errors: Sequence[float]) -> tuple[float, ...]:
    """Q, variance between centers, I², and the random-effects mean, sum by sum."""
    weights = [1 / error**2 for error in errors]
    mean = sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights)
    q = sum(w * (v - mean) ** 2 for w, v in zip(weights, values, strict=True))
    excess = q - (len(values) - 1)
    between = max(excess / (sum(weights) - sum(w**2 for w in weights) / sum(weights)), 0)
    widened = [1 / (error**2 + between) for error in errors]
    random = sum(w * v for w, v in zip(widened, values, strict=True)) / sum(widened)
    return q, between, max(excess / q, 0) if q > 0 else 0, random


CENTER = st.tuples(st.integers(-50, 50), st.integers(1, 30))


@given(st.lists(CENTER, min_size=2, max_size=9))
@settings(max_examples=100, deadline=None)
def test_pooling_is_what_the_sums_say(centers: list[tuple[int, int]]) -> None:
    values, errors = [v / 10 for v, _ in centers], [e / 10 for _, e in centers]
    pooled = pool_estimates(values, errors)
    q, between, part, random = pooled_by_hand(values, errors)
    assert pooled.heterogeneity.statistic == pytest.approx(q, rel=1e-10, abs=1e-12)
    assert pooled.tau_squared == pytest.approx(between, rel=1e-8, abs=1e-10)
    assert pooled.i_squared == pytest.approx(part, rel=1e-8, abs=1e-10)
    assert pooled.random.value == pytest.approx(random, rel=1e-10, abs=1e-10)


def test_centers_that_agree_have_no_spread_and_one_estimate() -> None:
    pooled = pool_estimates([0.2, 0.2, 0.2], [0.1, 0.2, 0.3])
    assert (pooled.tau_squared, pooled.i_squared) == (0, 0)
    assert pooled.fixed == pooled.random
    assert pooled.fixed.value == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("estimates", "errors", "centers", "statement"),
    [
        ([], [], 0, "not estimable: no center has an estimate"),
        ([0.1], [float("nan")], 0, "not estimable: no center has an estimate"),
        ([0.1, 0.4], [0.2, 0.0], 1, "not estimable: one center only"),
    ],
)
def test_too_few_centers_say_so(
    estimates: list[float], errors: list[float], centers: int, statement: str
) -> None:
    pooled = pool_estimates(estimates, errors)
    assert (pooled.centers, pooled.heterogeneity.statement) == (centers, statement)
    assert pooled.i_squared is None
