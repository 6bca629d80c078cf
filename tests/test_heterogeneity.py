import warnings

import numpy as np
import pytest

from onecohort.heterogeneity import pool_estimates

ESTIMATES = [0.12, -0.35, 0.81, 0.40, -0.05]
ERRORS = [0.10, 0.22, 0.15, 0.30, 0.08]


def test_statsmodels_gives_the_same_pooled_estimate() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from statsmodels.stats.meta_analysis import combine_effects
    theirs = combine_effects(np.array(ESTIMATES), np.array(ERRORS) ** 2, method_re="dl")
    frame = theirs.summary_frame()
    ours = pool_estimates(ESTIMATES, ERRORS)
    for found, name in ((ours.fixed, "fixed effect"), (ours.random, "random effect")):
        assert found.value == pytest.approx(frame.loc[name, "eff"], rel=1e-10)
        assert found.lower == pytest.approx(frame.loc[name, "ci_low"], rel=1e-10)
    assert ours.tau_squared == pytest.approx(theirs.tau2, rel=1e-10)
    assert ours.i_squared == pytest.approx(theirs.i2, rel=1e-10)
    assert ours.heterogeneity.statistic == pytest.approx(theirs.q, rel=1e-10)


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
