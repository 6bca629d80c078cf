"""How many responded: of all patients, by the best response, and by factors."""

from dataclasses import dataclass

import pyarrow as pa

from onecohort.analysis.columns import encode, group_patients
from onecohort.analysis.plan import Plan
from onecohort.estimates import BoolArray, Test
from onecohort.response import Proportion, clopper_pearson, fisher_exact


@dataclass(frozen=True)
class ResponseGroup:
    """Responders of one group."""

    level: str
    responders: Proportion


@dataclass(frozen=True)
class FactorResponse:
    """Responders by a factor; `missing` patients have no response or no level."""

    factor: str
    title: str
    missing: int
    unlisted: tuple[str, ...]
    groups: tuple[ResponseGroup, ...]
    test: Test


@dataclass(frozen=True)
class ResponseResults:
    """Response of the whole cohort.

    best      each value of best response, in the plan's order; values without patients left out
    missing   patients without a value; they are in no denominator
    """

    method: str
    responder_set: tuple[str, ...]
    n: int
    missing: int
    best: tuple[ResponseGroup, ...]
    responders: Proportion
    by: tuple[FactorResponse, ...]


def estimate_response(cohort: pa.Table, plan: Plan) -> ResponseResults:
    """Counts and exact intervals of the response, and Fisher's test between the groups."""
    best = encode(cohort, plan.response.field)
    known, responds = best.known, best.is_among(plan.response.responders)
    order = [value for value in plan.response.order if value in best.values]
    order += [value for value in best.values if value not in order]
    total = int(known.sum())
    return ResponseResults(
        method="proportion with exact (Clopper–Pearson) interval; Fisher's exact test, two-sided",
        responder_set=plan.response.responders,
        n=total,
        missing=int((~known).sum()),
        best=tuple(
            ResponseGroup(value, _share(best.is_among([value]), known, plan.confidence))
            for value in order
        ),
        responders=_share(responds, known, plan.confidence),
        by=tuple(_by_factor(cohort, plan, name, responds, known) for name in plan.response.by),
    )


def _share(hits: BoolArray, among: BoolArray, confidence: float) -> Proportion:
    return clopper_pearson(int((hits & among).sum()), int(among.sum()), confidence=confidence)


def _by_factor(
    cohort: pa.Table, plan: Plan, name: str, responds: BoolArray, known: BoolArray
) -> FactorResponse:
    grouping = group_patients(cohort, plan.factors[name])
    groups = tuple(
        ResponseGroup(level, _share(responds, known & grouping.members(place), plan.confidence))
        for place, level in enumerate(grouping.levels)
    )
    return FactorResponse(
        factor=name,
        title=plan.factors[name].title,
        missing=int((~(known & grouping.known)).sum()),
        unlisted=grouping.unlisted,
        groups=groups,
        test=fisher_exact(
            [group.responders.count for group in groups], [group.responders.n for group in groups]
        ),
    )
