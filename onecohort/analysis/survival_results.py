"""Survival of everybody, by factors, and from a landmark."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from onecohort.analysis.columns import Grouping, days, encode, group_patients
from onecohort.analysis.plan import Plan
from onecohort.analysis.population import Population
from onecohort.cox import fit_cox
from onecohort.estimates import BoolArray, Estimate, FloatArray, Test
from onecohort.regression import Coefficient
from onecohort.survival import (
    SurvivalCurve,
    kaplan_meier,
    log_rank,
    median_survival,
    restricted_mean,
    reverse_kaplan_meier,
    survival_at,
)

EVERYBODY = "All patients"
LANDMARK_REASON = (
    "Counting from the first dose favors responders: to respond, a patient had to live until the "
    "response was seen (immortal time). The landmark analysis sorts patients by what was known at "
    "the landmark, takes those alive and under observation then, and counts from there."
)


@dataclass(frozen=True)
class AtTime:
    """Survival at one time."""

    time: float
    survival: Estimate


@dataclass(frozen=True)
class GroupSurvival:
    """Survival of one group."""

    level: str
    n: int
    events: int
    median: Estimate
    at: tuple[AtTime, ...]
    restricted_mean_until: float
    restricted_mean: Estimate
    restricted_mean_error: float | None
    curve: SurvivalCurve


@dataclass(frozen=True)
class FactorSurvival:
    """Survival by a factor; `missing` patients are in none of its levels."""

    factor: str
    title: str
    missing: int
    unlisted: tuple[str, ...]
    groups: tuple[GroupSurvival, ...]
    log_rank: Test
    log_rank_stratified: Test | None
    stratified_by: str | None


@dataclass(frozen=True)
class LandmarkSurvival:
    """Survival by response, counted from a landmark."""

    at: float
    factor: str
    title: str
    reason: str
    n: int
    dead_before: int
    censored_before: int
    undated: int
    groups: tuple[GroupSurvival, ...]
    log_rank: Test
    hazard_ratio: Coefficient


@dataclass(frozen=True)
class SurvivalResults:
    """All survival estimates of the plan."""

    method: str
    everybody: GroupSurvival
    follow_up: Estimate
    by: tuple[FactorSurvival, ...]
    landmarks: tuple[LandmarkSurvival, ...]


def estimate_survival(cohort: pa.Table, population: Population, plan: Plan) -> SurvivalResults:
    """Kaplan–Meier curves, medians and log-rank tests as the plan asks for them."""
    everybody = _describe(EVERYBODY, population.time, population.died, plan)
    reverse = reverse_kaplan_meier(population.time, population.died, confidence=plan.confidence)
    landmark = plan.survival.landmark
    return SurvivalResults(
        method=(
            "Kaplan–Meier; log-log confidence limits; median as R survfit; "
            "median follow-up by reverse Kaplan–Meier; log-rank test"
        ),
        everybody=everybody,
        follow_up=median_survival(reverse),
        by=tuple(_by_factor(cohort, population, plan, name) for name in plan.survival.by),
        landmarks=tuple(
            _from_landmark(cohort, population, plan, at) for at in (landmark.at if landmark else ())
        ),
    )


def _describe(level: str, time: FloatArray, died: BoolArray, plan: Plan) -> GroupSurvival:
    curve = kaplan_meier(time, died, confidence=plan.confidence)
    mean, error = restricted_mean(curve, plan.survival.restricted_mean)
    return GroupSurvival(
        level=level,
        n=curve.n,
        events=curve.events,
        median=median_survival(curve),
        at=tuple(AtTime(at, survival_at(curve, at)) for at in plan.survival.at),
        restricted_mean_until=plan.survival.restricted_mean,
        restricted_mean=mean,
        restricted_mean_error=error,
        curve=curve,
    )


def _groups(
    grouping: Grouping, time: FloatArray, died: BoolArray, plan: Plan
) -> tuple[GroupSurvival, ...]:
    inside = [grouping.members(place) for place in range(len(grouping.levels))]
    return tuple(
        _describe(level, time[members], died[members], plan)
        for level, members in zip(grouping.levels, inside, strict=True)
    )


def _by_factor(cohort: pa.Table, population: Population, plan: Plan, name: str) -> FactorSurvival:
    factor = plan.factors[name]
    grouping = group_patients(cohort, factor).take(population.rows)
    known = grouping.known
    time, died, code = population.time[known], population.died[known], grouping.code[known]
    stratified, strata_title = None, None
    if plan.survival.stratified_by and plan.survival.stratified_by != name:
        strata = plan.factors[plan.survival.stratified_by]
        layers = group_patients(cohort, strata).take(population.rows).code[known]
        stratified, strata_title = log_rank(time, died, code, strata=layers), strata.title
    return FactorSurvival(
        factor=name,
        title=factor.title,
        missing=int((~known).sum()),
        unlisted=grouping.unlisted,
        groups=_groups(grouping, population.time, population.died, plan),
        log_rank=log_rank(time, died, code),
        log_rank_stratified=stratified,
        stratified_by=strata_title,
    )


def _from_landmark(
    cohort: pa.Table, population: Population, plan: Plan, at: float
) -> LandmarkSurvival:
    assert plan.survival.landmark is not None
    name = plan.survival.landmark.factor
    responds = encode(cohort, plan.response.field).is_among(plan.response.responders)
    responds = responds[population.rows]
    until_response = days(cohort, plan.response.date) - days(cohort, plan.endpoint.start)
    reached = (until_response / plan.endpoint.days_per_unit)[population.rows]
    undated = responds & np.isnan(reached)
    later = population.time > at
    inside = later & ~undated
    # Who responds after the landmark is, at the landmark, not a responder.
    responded = (responds & (np.nan_to_num(reached, nan=np.inf) <= at))[inside]
    time, died = population.time[inside] - at, population.died[inside]
    before = f"No response by {at:g} {plan.endpoint.unit}"
    by_then = f"Response by {at:g} {plan.endpoint.unit}"
    grouping = Grouping((before, by_then), responded.astype(np.int64), ())
    model = fit_cox(
        time, died, responded[:, None].astype(float), [by_then], confidence=plan.confidence
    )
    return LandmarkSurvival(
        at=at,
        factor=name,
        title=f"Response at {at:g} {plan.endpoint.unit}",
        reason=LANDMARK_REASON,
        n=int(inside.sum()),
        dead_before=int((~later & population.died).sum()),
        censored_before=int((~later & ~population.died).sum()),
        undated=int((later & undated).sum()),
        groups=_groups(grouping, time, died, plan),
        log_rank=log_rank(time, died, responded),
        hazard_ratio=model.coefficients[0],
    )
