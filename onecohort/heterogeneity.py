"""Do the centers agree? Cochran's Q, I² and the random-effects pooled estimate."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from onecohort.estimates import Estimate, Test, chi_square_test, no_test, normal_quantile


@dataclass(frozen=True)
class Pooled:
    """Estimates of several centers drawn together.

    i_squared    part of the spread that chance does not explain, 0 to 1
    tau_squared  variance between centers, on the scale of the estimates
    """

    centers: int
    fixed: Estimate
    random: Estimate
    tau_squared: float | None
    i_squared: float | None
    heterogeneity: Test


def pool_estimates(
    estimate: npt.ArrayLike, error: npt.ArrayLike, *, confidence: float = 0.95
) -> Pooled:
    """Inverse-variance and DerSimonian–Laird pooling by statsmodels, with normal intervals.

    estimate, error  (k,) each center's estimate on a scale where it is about normal (log, logit,
                     months) and its standard error; centers without a positive finite error are
                     left out, `Pooled.centers` counts those that remain

    Cochran 1954, Biometrics 10:101; DerSimonian & Laird 1986, Controlled Clinical Trials 7:177;
    Higgins & Thompson 2002, Statistics in Medicine 21:1539.
    """
    values, errors = np.asarray(estimate, np.float64), np.asarray(error, np.float64)
    usable = np.isfinite(values) & np.isfinite(errors) & (errors > 0)
    values, variances = values[usable], errors[usable] ** 2
    count = len(values)
    if count == 0:
        nothing = Estimate(None, statement="not estimable: no center has an estimate")
        return Pooled(0, nothing, nothing, None, None, no_test("Cochran's Q", nothing.statement))
    if count == 1:
        fixed = _interval(float(values[0]), float(errors[usable][0]), confidence)
        alone = "not estimable: one center only"
        return Pooled(1, fixed, fixed, None, None, no_test("Cochran's Q", alone))
    # Half a second, so only when it is needed.
    from statsmodels.stats.meta_analysis import combine_effects

    # Around their middle, so that Q, a difference of sums of squares, keeps its digits.
    middle = float(values.mean())
    with np.errstate(divide="ignore", invalid="ignore"):  # centers that agree in every digit
        found = combine_effects(values - middle, variances, method_re="dl")
    q = max(float(found.q), 0.0)
    fixed = _interval(middle + float(found.mean_effect_fe), float(found.sd_eff_w_fe), confidence)
    spread = q > count - 1  # else the moment estimate of the variance between centers is below 0
    random = _interval(middle + float(found.mean_effect_re), float(found.sd_eff_w_re), confidence)
    return Pooled(
        centers=count,
        fixed=fixed,
        random=random if spread else fixed,
        tau_squared=float(found.tau2) if spread else 0.0,
        i_squared=float(found.i2) if spread else 0.0,
        heterogeneity=chi_square_test("Cochran's Q", q, count - 1),
    )


def _interval(value: float, error: float, confidence: float) -> Estimate:
    reach = normal_quantile(confidence) * error
    return Estimate(value, value - reach, value + reach)
