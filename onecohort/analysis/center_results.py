"""Do the centers agree? Response and survival of each, and drawn together."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy import special

from onecohort.analysis.columns import encode, group_patients
from onecohort.analysis.plan import Plan
from onecohort.analysis.population import Population
from onecohort.estimates import Estimate, FloatArray
from onecohort.heterogeneity import Pooled, pool_estimates
from onecohort.response import Proportion, clopper_pearson
from onecohort.survival import kaplan_meier, median_survival, restricted_mean


@dataclass(frozen=True)
class CenterResult:
    """One center. The restricted mean has an error for every center; the median often has none."""

    center: str
    response: Proportion
    n: int
    events: int
    median: Estimate
    restricted_mean: Estimate


@dataclass(frozen=True)
class CenterResults:
    """The centers and what they have in common; the pooled rate is a probability again."""

    title: str
    method: str
    restricted_mean_until: float
    centers: tuple[CenterResult, ...]
    response: Pooled
    restricted_mean: Pooled


def compare_centers(cohort: pa.Table, population: Population, plan: Plan) -> CenterResults | None:
    """Rates and restricted means per center with Cochran's Q, I² and DerSimonian–Laird pooling.

    Rates are pooled as logits; a center where none or all responded counts with one half added to
    both cells, as is usual, since its logit is infinite.
    """
    if plan.centers is None:
        return None
    factor = plan.factors[plan.centers.factor]
    everybody = group_patients(cohort, factor)
    followed = everybody.take(population.rows)
    best = encode(cohort, plan.response.field)
    known, responds = best.known, best.is_among(plan.response.responders)
    until, confidence = plan.centers.restricted_mean, plan.confidence
    found, errors = [], []
    for place, level in enumerate(everybody.levels):
        asked, members = known & everybody.members(place), followed.members(place)
        curve = kaplan_meier(
            population.time[members], population.died[members], confidence=confidence
        )
        mean, error = restricted_mean(curve, until)
        hits = int((asked & responds).sum())
        share = clopper_pearson(hits, int(asked.sum()), confidence=confidence)
        found.append(
            CenterResult(level, share, curve.n, curve.events, median_survival(curve), mean)
        )
        errors.append(np.nan if error is None else error)
    means = np.array([_or_nan(center.restricted_mean.value) for center in found])
    return CenterResults(
        title=factor.title,
        method=(
            "Cochran's Q, I², DerSimonian–Laird random effects; rates as logits, "
            f"mean survival until {until:g} {plan.endpoint.unit}"
        ),
        restricted_mean_until=until,
        centers=tuple(found),
        response=_pool_rates([center.response for center in found], confidence),
        restricted_mean=pool_estimates(means, errors, confidence=confidence),
    )


def _pool_rates(rates: list[Proportion], confidence: float) -> Pooled:
    hits = np.array([rate.count for rate in rates], dtype=np.float64)
    misses = np.array([rate.n for rate in rates], dtype=np.float64) - hits
    empty = (hits == 0) | (misses == 0)
    hits, misses = hits + 0.5 * empty, misses + 0.5 * empty
    asked = np.array([rate.n > 0 for rate in rates], dtype=np.bool_)
    logits: FloatArray = np.log(hits / misses)[asked]
    pooled = pool_estimates(logits, np.sqrt(1 / hits + 1 / misses)[asked], confidence=confidence)
    return Pooled(
        centers=pooled.centers,
        fixed=_as_rate(pooled.fixed),
        random=_as_rate(pooled.random),
        tau_squared=pooled.tau_squared,
        i_squared=pooled.i_squared,
        heterogeneity=pooled.heterogeneity,
    )


def _as_rate(logit: Estimate) -> Estimate:
    value, lower, upper = (
        None if part is None else float(special.expit(part))
        for part in (logit.value, logit.lower, logit.upper)
    )
    return Estimate(value, lower, upper, logit.statement)


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value
