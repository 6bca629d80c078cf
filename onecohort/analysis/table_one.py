"""Table 1: the patients at the start, all together and by factors."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from onecohort.analysis.columns import encode, group_patients, numbers
from onecohort.analysis.plan import Plan, TableOneRow
from onecohort.estimates import BoolArray

ALL = "All"


@dataclass(frozen=True)
class Summary:
    """A numeric field in one group."""

    n: int
    missing: int
    median: float | None
    lowest: float | None
    highest: float | None


@dataclass(frozen=True)
class Count:
    """A value in one group; `known` patients have a value at all, and are the denominator."""

    count: int
    known: int


@dataclass(frozen=True)
class Baseline:
    """One variable: a summary per group, or for each of its values a count per group.

    summaries   for a numeric variable, else empty
    counts      value -> one count per group
    missing     per group
    labels      what the report calls the values
    """

    title: str
    field: str
    summaries: tuple[Summary, ...]
    counts: dict[str, tuple[Count, ...]]
    missing: tuple[int, ...]
    labels: dict[str, str]


@dataclass(frozen=True)
class TableOne:
    """Table 1 split by one factor; the first group is everybody."""

    factor: str
    title: str
    groups: tuple[str, ...]
    sizes: tuple[int, ...]
    rows: tuple[Baseline, ...]


def describe_baseline(cohort: pa.Table, plan: Plan) -> tuple[TableOne, ...]:
    """One table for each factor of the plan; without a factor, one for everybody."""
    tables = []
    everybody = np.ones(cohort.num_rows, np.bool_)
    for name in plan.table_one.by or (None,):
        groups: dict[str, BoolArray] = {ALL: everybody}
        if name is not None:
            grouping = group_patients(cohort, plan.factors[name])
            groups |= {level: grouping.members(i) for i, level in enumerate(grouping.levels)}
        members = list(groups.values())
        tables.append(
            TableOne(
                factor=name or "",
                title=plan.factors[name].title if name else ALL,
                groups=tuple(groups),
                sizes=tuple(int(group.sum()) for group in members),
                rows=tuple(_describe(cohort, row, members) for row in plan.table_one.rows),
            )
        )
    return tuple(tables)


def _describe(cohort: pa.Table, row: TableOneRow, groups: list[BoolArray]) -> Baseline:
    if row.show == "median":
        values = numbers(cohort, row.field)
        summaries = tuple(_summary(values[group]) for group in groups)
        missing = tuple(summary.missing for summary in summaries)
        return Baseline(row.title, row.field, summaries, {}, missing, {})
    coded = encode(cohort, row.field)
    present = [word for word in row.values if word in coded.values]
    present += sorted(set(coded.values) - set(present), key=_by_number_then_text)
    known = coded.known
    totals = [int((group & known).sum()) for group in groups]
    counts = {}
    for word in present:
        members = coded.is_among([word])
        counts[word] = tuple(
            Count(int((group & members).sum()), total)
            for group, total in zip(groups, totals, strict=True)
        )
    missing = tuple(int((group & ~known).sum()) for group in groups)
    return Baseline(row.title, row.field, (), counts, missing, row.values)


def _summary(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Summary:
    known = values[np.isfinite(values)]
    missing = len(values) - len(known)
    if len(known) == 0:
        return Summary(0, missing, None, None, None)
    return Summary(
        len(known), missing, float(np.median(known)), float(known.min()), float(known.max())
    )


def _by_number_then_text(word: str) -> tuple[float, str]:
    try:
        return float(word), word
    except ValueError:
        return float("inf"), word
