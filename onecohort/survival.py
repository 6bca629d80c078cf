"""Survival without a model: Kaplan–Meier, its median and mean, follow-up and the log-rank test.

R's `survival` is the reference, in every convention: log-log limits, the median of `survfit`, the
restricted mean of `summary(survfit, rmean=)`, `survdiff`. Times are in the unit of the caller.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from onecohort.estimates import (
    BoolArray,
    Estimate,
    FloatArray,
    IntArray,
    Test,
    chi_square_test,
    follow_up,
    no_test,
    normal_quantile,
)

NOT_REACHED = "not reached"
HALF_TOLERANCE = float(np.sqrt(np.finfo(np.float64).eps))  # a running product misses 1/2 by 4e-16


@dataclass(frozen=True)
class SurvivalCurve:
    """A Kaplan–Meier curve: one row per distinct time, of a death or of a censoring.

    time, at_risk, deaths, censored, survival   (k,)
    lower, upper   (k,) log-log limits; nan where S is 1 or 0, for there they are not defined
    hazard_variance   (k,) Greenwood's sum of d / (n (n - d)), the variance of log S
    """

    n: int
    events: int
    confidence: float
    time: FloatArray
    at_risk: IntArray
    deaths: IntArray
    censored: IntArray
    survival: FloatArray
    lower: FloatArray
    upper: FloatArray
    hazard_variance: FloatArray


def kaplan_meier(
    time: npt.ArrayLike, died: npt.ArrayLike, *, confidence: float = 0.95
) -> SurvivalCurve:
    """Product-limit estimate of survival.

    time  (n,) from the origin to death or last contact; finite, >= 0
    died  (n,) True for a death, False for a censored patient

    Deaths precede censorings at the same time. Limits are log-log, so they stay within 0 and 1.
    No patient gives a curve without rows.

    Raises ValueError if the arrays differ in length or a time is negative or not finite.
    Kaplan & Meier 1958, JASA 53:457; Kalbfleisch & Prentice for the log-log limits.
    """
    times, events = follow_up(time, died)
    distinct, row = np.unique(times, return_inverse=True)
    deaths = np.bincount(row, weights=events, minlength=len(distinct)).astype(np.int64)
    leaving = np.bincount(row, minlength=len(distinct)).astype(np.int64)
    at_risk = len(times) - np.cumsum(leaving) + leaving
    survival = np.cumprod(1 - deaths / at_risk)
    surviving = at_risk - deaths
    step = np.divide(deaths, at_risk * surviving, out=np.zeros(len(distinct)), where=surviving > 0)
    variance = np.cumsum(step)
    lower, upper = _log_log_limits(survival, variance, confidence)
    return SurvivalCurve(
        n=len(times),
        events=int(deaths.sum()),
        confidence=confidence,
        time=distinct,
        at_risk=at_risk,
        deaths=deaths,
        censored=leaving - deaths,
        survival=survival,
        lower=lower,
        upper=upper,
        hazard_variance=variance,
    )


def reverse_kaplan_meier(
    time: npt.ArrayLike, died: npt.ArrayLike, *, confidence: float = 0.95
) -> SurvivalCurve:
    """The curve of follow-up: censoring is the event and death the censoring.

    Its median is the median follow-up. Schemper & Smith 1996, Controlled Clinical Trials 17:343.
    """
    return kaplan_meier(time, ~np.asarray(died, dtype=np.bool_), confidence=confidence)


def _log_log_limits(
    survival: FloatArray, variance: FloatArray, confidence: float
) -> tuple[FloatArray, FloatArray]:
    lower, upper = np.full(len(survival), np.nan), np.full(len(survival), np.nan)
    inside = (survival > 0) & (survival < 1)
    log_s = np.log(survival[inside])
    width = (
        normal_quantile(confidence) * np.sqrt(variance[inside]) / log_s
    )  # log S < 0, so width < 0
    center = np.log(-log_s)
    lower[inside] = np.exp(-np.exp(center - width))
    upper[inside] = np.exp(-np.exp(center + width))
    return lower, upper


def median_survival(curve: SurvivalCurve) -> Estimate:
    """The median with the limits that R's `survfit` prints.

    The median is the first time at which S falls to one half or below; where S is exactly one half
    over an interval, its midpoint. The limits read the lower and upper bands in the same way, so
    the upper limit is the first crossing of the upper band even if the band rises again.
    """
    if curve.n == 0:
        return Estimate(None, statement="not estimable: no patients")
    value = _crossing(curve.time, curve.survival)
    lower = _crossing(curve.time, curve.lower)
    upper = _crossing(curve.time, curve.upper)
    names = {"median": value, "lower limit": lower, "upper limit": upper}
    missing = [name for name, found in names.items() if found is None]
    statement = f"{' and '.join(missing)} {NOT_REACHED}" if missing else ""
    return Estimate(value, lower, upper, statement)


def _crossing(time: FloatArray, band: FloatArray) -> float | None:
    below = ~np.isnan(band) & (band < 0.5 + HALF_TOLERANCE)
    if not below.any():
        return None
    times, values = time[below], band[below]
    later = values < values[0]
    if abs(values[0] - 0.5) < HALF_TOLERANCE and later.any():
        return float((times[0] + times[int(np.argmax(later))]) / 2)
    return float(times[0])


def survival_at(curve: SurvivalCurve, time: float) -> Estimate:
    """S at a time, with its limits; no number where nobody was followed for so long.

    Where S is 1 the limits are not defined and are None, as in R.
    """
    if curve.n == 0:
        return Estimate(None, statement="not estimable: no patients")
    last = float(curve.time[-1])
    if time > last and curve.survival[-1] > 0:
        return Estimate(None, statement=f"not estimable: follow-up ends at {last:.4g}")
    row = int(np.searchsorted(curve.time, time, side="right")) - 1
    value = 1.0 if row < 0 else float(curve.survival[row])
    if not 0 < value < 1:
        all_or_none = "no death until then" if value == 1 else "nobody alive then"
        return Estimate(value, statement=f"no limits: {all_or_none}")
    return Estimate(value, float(curve.lower[row]), float(curve.upper[row]))


def at_risk(curve: SurvivalCurve, times: npt.ArrayLike) -> IntArray:
    """Patients with a follow-up of at least each of `times`."""
    if curve.n == 0:
        return np.zeros(len(np.asarray(times)), dtype=np.int64)
    row = np.searchsorted(curve.time, np.asarray(times, dtype=np.float64), side="left")
    return np.append(curve.at_risk, 0)[row]


def restricted_mean(curve: SurvivalCurve, until: float) -> tuple[Estimate, float | None]:
    """Mean survival time up to `until`, with its limits and standard error.

    The area under S from 0 to `until`; the variance sums the squared area right of each death
    times Greenwood's term, as R's `survmean` does. Where the longest follow-up is shorter than
    `until` and somebody is still alive, the area is not known and no number is given.
    """
    if curve.n == 0:
        return Estimate(None, statement="not estimable: no patients"), None
    last = float(curve.time[-1])
    if until > last and curve.survival[-1] > 0:
        return Estimate(None, statement=f"not estimable: follow-up ends at {last:.4g}"), None
    inside = curve.time <= until
    edges = np.concatenate(([0.0], curve.time[inside], [until]))
    heights = np.concatenate(([1.0], curve.survival[inside]))
    rectangles = np.diff(edges) * heights
    to_the_right = np.cumsum(rectangles[:0:-1])[::-1]
    greenwood = np.diff(curve.hazard_variance[inside], prepend=0.0)
    mean = float(rectangles.sum())
    error = float(np.sqrt(np.sum(to_the_right**2 * greenwood)))
    reach = normal_quantile(curve.confidence) * error
    return Estimate(mean, mean - reach, mean + reach), error


def log_rank(
    time: npt.ArrayLike,
    died: npt.ArrayLike,
    group: npt.ArrayLike,
    *,
    strata: npt.ArrayLike | None = None,
) -> Test:
    """Log-rank test of equal survival in all groups; within strata, if given, and then summed.

    time, died  (n,) as in `kaplan_meier`
    group       (n,) labels
    strata      (n,) labels; a stratum with one group adds nothing

    A group that could not have had an event takes no degree of freedom, as in R's `survdiff`. The
    statistic is that of statsmodels' `survdiff`. Mantel 1966, Cancer Chemotherapy Reports 50:163.
    """
    method = "log-rank" if strata is None else "log-rank, stratified"
    labels = np.asarray(group)
    layers = np.zeros(len(labels), np.int64) if strata is None else np.asarray(strata)
    times, events = follow_up(time, died, labels, layers)
    if not events.any():
        return no_test(method, "not estimable: no events")
    member, layer = (np.unique(of, return_inverse=True)[1] for of in (labels, layers))
    first_death = np.full(layer.max() + 1, np.inf)
    np.minimum.at(first_death, layer[events], times[events])
    seen = times >= first_death[layer]  # who left before any death was never compared
    exposed = np.unique(member[seen])
    if len(exposed) < 2:
        return no_test(method, "not estimable: events were possible in one group only")
    survives = seen & ~(events & (times == first_death[layer]))
    if not _compared(member, layer, seen & np.isin(layer, layer[survives]), exposed):
        return no_test(method, "not estimable: at no death were patients of two groups at risk")
    # Half a second, so only when it is needed.
    from statsmodels.duration.survfunc import survdiff

    statistic, _ = survdiff(times[seen], events[seen], member[seen], strata=layer[seen])
    return chi_square_test(method, float(statistic), len(exposed) - 1)


def _compared(member: IntArray, layer: IntArray, rows: BoolArray, exposed: IntArray) -> bool:
    """Whether strata link all exposed groups; all in a stratum are at risk at its first death."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    groups = int(member.max()) + 1
    links = (member[rows], groups + layer[rows])
    size = groups + int(layer.max()) + 1
    graph = coo_array((np.ones(len(links[0])), links), shape=(size, size))
    part = connected_components(graph, directed=False)[1]
    return len(np.unique(part[exposed])) == 1
