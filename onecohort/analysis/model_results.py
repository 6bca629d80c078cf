"""Regression models of the plan: terms to columns, complete cases, and the rows of their tables."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa

from onecohort.analysis.columns import group_patients, numbers
from onecohort.analysis.plan import Model, Plan
from onecohort.analysis.population import Population
from onecohort.cox import cox_log_likelihood, fit_cox, proportional_hazards_tests
from onecohort.estimates import (
    BoolArray,
    Estimate,
    FloatArray,
    IntArray,
    Test,
    chi_square_test,
    no_test,
)
from onecohort.logistic import fit_logistic
from onecohort.regression import Coefficient

Fit: TypeAlias = tuple[float, int]  # log-likelihood, and columns that have an estimate
LIKELIHOOD_RATIO = "likelihood ratio"
COX_METHOD = "Cox proportional hazards, Efron ties, complete cases"
LOGISTIC_METHOD = "logistic regression, Wald intervals, complete cases"


@dataclass(frozen=True)
class ModelRow:
    """One ratio of a model.

    level, reference   the two levels that are compared, or "per 10 years" and ""
    n, events          patients of the level and those with the event; all patients for a number
    """

    term: str
    title: str
    level: str
    reference: str
    n: int
    events: int
    coefficient: Coefficient


@dataclass(frozen=True)
class ModelTerm:
    """Tests of one term: without it the model fits worse; its effect does not drift with time."""

    term: str
    title: str
    likelihood_ratio: Test
    proportional_hazards: Test | None


@dataclass(frozen=True)
class ModelResult:
    """One model; `left_out` patients lack one of its terms."""

    id: str
    title: str
    method: str
    n: int
    events: int
    left_out: int
    strata: str | None
    cluster: str | None
    rows: tuple[ModelRow, ...]
    terms: tuple[ModelTerm, ...]
    likelihood_ratio: Test
    wald: Test
    score: Test | None
    proportional_hazards: Test | None
    concordance: Estimate | None


@dataclass(frozen=True)
class Design:
    """The columns of some terms for the complete cases.

    complete   (n,) True for patients who have all terms
    x          (m, p) their covariates
    columns    columns of x by term
    labels     (p) term, level, reference and members (m,) of each column
    """

    complete: BoolArray
    x: FloatArray
    columns: dict[str, tuple[int, ...]]
    labels: tuple[tuple[str, str, str, BoolArray], ...]


def build_design(cohort: pa.Table, rows: IntArray, plan: Plan, terms: Sequence[str]) -> Design:
    """Indicator columns for the levels of factors after the first; numbers per their unit."""
    complete = np.ones(len(rows), np.bool_)
    parts: list[tuple[str, str, str, FloatArray, BoolArray]] = []
    for name in terms:
        if name in plan.numbers:
            number = plan.numbers[name]
            value = numbers(cohort, number.field)[rows] / number.per
            complete &= np.isfinite(value)
            everybody = np.ones(len(rows), np.bool_)
            parts.append((name, f"per {number.per:g} {number.unit}".strip(), "", value, everybody))
            continue
        grouping = group_patients(cohort, plan.factors[name]).take(rows)
        complete &= grouping.known
        for place, level in enumerate(grouping.levels[1:], start=1):
            members = grouping.members(place)
            column = members.astype(np.float64)
            parts.append((name, level, grouping.levels[0], column, members))
    columns = {
        name: tuple(place for place, part in enumerate(parts) if part[0] == name) for name in terms
    }
    x = np.column_stack([part[3] for part in parts]) if parts else np.empty((len(rows), 0))
    labels = tuple((part[0], part[1], part[2], part[4][complete]) for part in parts)
    return Design(complete, x[complete], columns, labels)


def fit_cox_models(
    cohort: pa.Table, population: Population, plan: Plan
) -> tuple[tuple[ModelResult, ...], tuple[ModelResult, ...]]:
    """The univariate models, one for each term, and the plan's models."""
    alone = tuple(Model(id=name, title="", terms=(name,)) for name in plan.cox.univariate)
    fits: dict[bytes, Fit] = {}
    single = tuple(_fit_cox(cohort, population, plan, model, fits) for model in alone)
    models = (_fit_cox(cohort, population, plan, model, fits) for model in plan.cox.models)
    return single, tuple(models)


def _fit_cox(
    cohort: pa.Table, population: Population, plan: Plan, model: Model, fits: dict[bytes, Fit]
) -> ModelResult:
    """Fit a model; `fits` keeps the likelihoods without a term, which models with clusters share."""
    extra = [name for name in (model.strata, model.cluster) if name]
    design = build_design(cohort, population.rows, plan, model.terms)
    codes = {
        name: group_patients(cohort, plan.factors[name]).take(population.rows) for name in extra
    }
    known = np.logical_and.reduce([design.complete, *(group.known for group in codes.values())])
    inside = known[design.complete]
    time, died, x = population.time[known], population.died[known], design.x[inside]
    strata = codes[model.strata].code[known] if model.strata else None
    cluster = codes[model.cluster].code[known] if model.cluster else None
    names = [label[1] for label in design.labels]
    fitted = fit_cox(
        time, died, x, names, strata=strata, cluster=cluster, confidence=plan.confidence
    )
    drift = proportional_hazards_tests(time, died, x, fitted, design.columns, strata=strata)

    def refit(some: FloatArray) -> Fit:
        layers = b"" if strata is None else strata.tobytes()
        key = b"|".join((some.tobytes(), layers, time.tobytes(), died.tobytes()))
        if key not in fits:
            fits[key] = cox_log_likelihood(time, died, some, strata=strata)
        return fits[key]

    full = (fitted.log_likelihood[1], fitted.likelihood_ratio.df or 0)
    gains = _gain_of_terms(full, fitted.log_likelihood[0], refit, x, design.columns)
    return ModelResult(
        id=model.id,
        title=model.title,
        method=COX_METHOD,
        n=fitted.n,
        events=fitted.events,
        left_out=len(population.rows) - fitted.n,
        strata=plan.factors[model.strata].title if model.strata else None,
        cluster=plan.factors[model.cluster].title if model.cluster else None,
        rows=_rows(plan, design, inside, died, fitted.coefficients),
        terms=tuple(
            ModelTerm(name, _title(plan, name), gains[name], drift[name]) for name in model.terms
        ),
        likelihood_ratio=fitted.likelihood_ratio,
        wald=fitted.wald,
        score=fitted.score,
        proportional_hazards=drift["global"],
        concordance=fitted.concordance,
    )


def fit_logistic_models(
    cohort: pa.Table, plan: Plan
) -> tuple[tuple[ModelResult, ...], tuple[ModelResult, ...]]:
    """The univariate models, one for each term, and the plan's models, of the whole cohort."""
    if plan.odds is None:
        return (), ()
    alone = tuple(Model(id=name, title="", terms=(name,)) for name in plan.odds.univariate)
    single = tuple(_fit_logistic(cohort, plan, model) for model in alone)
    return single, tuple(_fit_logistic(cohort, plan, model) for model in plan.odds.models)


def _fit_logistic(cohort: pa.Table, plan: Plan, model: Model) -> ModelResult:
    assert plan.odds is not None
    outcome = group_patients(cohort, plan.factors[plan.odds.outcome])
    rows = np.arange(cohort.num_rows)
    design = build_design(cohort, rows, plan, model.terms)
    known = design.complete & outcome.known
    inside = known[design.complete]
    met, x = outcome.members(1)[known], design.x[inside]
    names = [label[1] for label in design.labels]
    fitted = fit_logistic(met, x, names, confidence=plan.confidence)

    def refit(some: FloatArray) -> Fit:
        reduced = fit_logistic(met, some, names[: some.shape[1]])
        return reduced.log_likelihood[1], reduced.likelihood_ratio.df or 0

    full = (fitted.log_likelihood[1], fitted.likelihood_ratio.df or 0)
    gains = _gain_of_terms(full, fitted.log_likelihood[0], refit, x, design.columns)
    return ModelResult(
        id=model.id,
        title=model.title,
        method=LOGISTIC_METHOD,
        n=fitted.n,
        events=fitted.events,
        left_out=cohort.num_rows - fitted.n,
        strata=None,
        cluster=None,
        rows=_rows(plan, design, inside, met, fitted.coefficients),
        terms=tuple(ModelTerm(name, _title(plan, name), gains[name], None) for name in model.terms),
        likelihood_ratio=fitted.likelihood_ratio,
        wald=fitted.wald,
        score=None,
        proportional_hazards=None,
        concordance=None,
    )


def _gain_of_terms(
    full: Fit,
    nothing: float,
    refit: Callable[[FloatArray], Fit],
    x: FloatArray,
    columns: dict[str, tuple[int, ...]],
) -> dict[str, Test]:
    """For each term, twice the log-likelihood that the model loses without its columns.

    nothing  the log-likelihood without any term
    """
    found = {}
    for name, own in columns.items():
        kept = [place for place in range(x.shape[1]) if place not in own]
        value, used = refit(x[:, kept]) if kept else (nothing, 0)
        terms = full[1] - used
        found[name] = (
            chi_square_test(LIKELIHOOD_RATIO, max(2 * (full[0] - value), 0.0), terms)
            if terms > 0
            else no_test(LIKELIHOOD_RATIO, "not estimable: the term adds nothing to the others")
        )
    return found


def _rows(
    plan: Plan,
    design: Design,
    inside: BoolArray,
    events: BoolArray,
    coefficients: Sequence[Coefficient],
) -> tuple[ModelRow, ...]:
    rows = []
    for (name, level, reference, members), coefficient in zip(
        design.labels, coefficients, strict=True
    ):
        own = members[inside]
        rows.append(
            ModelRow(
                term=name,
                title=_title(plan, name),
                level=level,
                reference=reference,
                n=int(own.sum()),
                events=int((own & events).sum()),
                coefficient=coefficient,
            )
        )
    return tuple(rows)


def _title(plan: Plan, name: str) -> str:
    return plan.numbers[name].title if name in plan.numbers else plan.factors[name].title
