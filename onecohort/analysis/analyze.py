"""From the cohort to the study's statistics: the last step of a run, as one story."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from onecohort.analysis.center_results import CenterResults, compare_centers
from onecohort.analysis.columns import group_patients
from onecohort.analysis.model_results import (
    ModelResult,
    fit_cox_models,
    fit_logistic_models,
)
from onecohort.analysis.plan import FigureSource, Plan
from onecohort.analysis.plan_file import LoadedPlan, check_fields
from onecohort.analysis.population import Excluded, select_population
from onecohort.analysis.published import Compared, Computed, Published, compare_figures
from onecohort.analysis.response_results import ResponseResults, estimate_response
from onecohort.analysis.survival_results import SurvivalResults, estimate_survival
from onecohort.analysis.table_one import TableOne, describe_baseline

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Models:
    """Univariate models, one per term, and the models of the plan."""

    univariate: tuple[ModelResult, ...]
    models: tuple[ModelResult, ...]


@dataclass(frozen=True)
class Analysis:
    """Every statistic of a study, each with its n, its interval and its method.

    patients   rows of the cohort
    analysed   patients of the survival analysis; `excluded` says who is not among them and why
    published  what was printed beside what was computed
    """

    plan: Plan = field(metadata={"json": False})
    source: str
    published_note: str
    patients: int
    analysed: int
    excluded: tuple[Excluded, ...]
    published: tuple[Compared, ...]
    response: ResponseResults
    survival: SurvivalResults
    cox: Models
    odds: Models
    centers: CenterResults | None
    baseline: tuple[TableOne, ...]


def analyze(cohort: "pa.Table | pd.DataFrame", plan: LoadedPlan, published: Published) -> Analysis:
    """Compute all that the plan asks for and compare it with what was printed.

    cohort     one row per patient, in the fields of the study's schema
    plan       from `load_plan`
    published  from `load_published`

    Raises StudyError if the plan names a field that the cohort does not have.
    """
    table = cohort if isinstance(cohort, pa.Table) else pa.Table.from_pandas(cohort)
    check_fields(plan, table.column_names)
    wanted = plan.plan
    population = select_population(table, wanted.endpoint)
    response = estimate_response(table, wanted)
    survival = estimate_survival(table, population, wanted)
    cox = Models(*fit_cox_models(table, population, wanted))
    computed = _figures(table, wanted, response, survival, cox.models)
    return Analysis(
        plan=wanted,
        source=published.source,
        published_note=published.note,
        patients=table.num_rows,
        analysed=len(population.rows),
        excluded=population.excluded,
        published=compare_figures(published.figures, computed),
        response=response,
        survival=survival,
        cox=cox,
        odds=Models(*fit_logistic_models(table, wanted)),
        centers=compare_centers(table, population, wanted),
        baseline=describe_baseline(table, wanted),
    )


def _figures(
    cohort: pa.Table,
    plan: Plan,
    response: ResponseResults,
    survival: SurvivalResults,
    models: Sequence[ModelResult],
) -> dict[str, Computed]:
    """The statistic behind each figure of the plan; the plan was checked, so each name is known."""
    return {
        name: _statistic(cohort, plan, wanted, survival, models)
        for name, wanted in plan.figures.items()
    }


def _statistic(
    cohort: pa.Table,
    plan: Plan,
    wanted: FigureSource,
    survival: SurvivalResults,
    models: Sequence[ModelResult],
) -> Computed:
    if wanted.statistic == "patients":
        return Computed(float(cohort.num_rows))
    if wanted.statistic == "median" and wanted.factor is None:
        return Computed(survival.everybody.median.value, survival.everybody.median.statement)
    assert wanted.factor is not None
    if wanted.statistic in ("levels", "percent"):
        return _of_groups(cohort, plan, wanted)
    if wanted.statistic == "cox_p":
        model = next(model for model in models if model.id == wanted.model)
        row = next(row for row in model.rows if row.term == wanted.factor)
        return Computed(row.coefficient.p, row.coefficient.statement)
    curves = next(by for by in survival.by if by.factor == wanted.factor)
    if wanted.statistic == "log_rank_p":
        return Computed(curves.log_rank.p, curves.log_rank.statement)
    group = next(group for group in curves.groups if group.level == wanted.level)
    return Computed(group.median.value, group.median.statement)


def _of_groups(cohort: pa.Table, plan: Plan, wanted: FigureSource) -> Computed:
    assert wanted.factor is not None
    grouping = group_patients(cohort, plan.factors[wanted.factor])
    if wanted.statistic == "levels":
        return Computed(float(len(set(grouping.code[grouping.known].tolist()))))
    known = int(grouping.known.sum())
    if known == 0:
        return Computed(None, "not estimable: no patients")
    members = grouping.members(grouping.levels.index(wanted.level or ""))
    return Computed(100 * float(members.sum()) / known)
