"""What a center's card says: its findings in groups that one action mends, its rows, its changes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from onecohort.report.finding_groups import SEVERITIES
from onecohort.report.review import Review
from onecohort.report.run_changes import FINDING_KINDS, PATIENT_KINDS, Since
from onecohort.sanity import TITLES, Suspicion

PLACE = ("check", "export", "sheet", "column", "field")
TEXTS = ("raw", "message", "hint", "status")
WHOLE_ROWS = (
    "key",
    "row",
    "person",
    "text",
    "correction",
)  # checks that one action mends in all columns
MOST_LINES = 100  # lines of a group, and row numbers of a line, in the HTML; the workbook has all
MOST_ROWS = 40


@dataclass(frozen=True)
class Line:
    """One text in one column with its rows, what is wrong and what would be right."""

    column: str
    raw: str | None
    message: str
    hint: str
    status: str
    rows: str
    count: int


@dataclass(frozen=True)
class Group:
    """Findings of one check in one file that one action mends.

    column, field   empty where they are of several columns; then each line names its own
    """

    title: str
    check: str
    severity: str
    file: str
    sheet: str
    column: str
    field: str
    count: int
    lines: tuple[Line, ...]
    left_off: int


@dataclass(frozen=True)
class Concern:
    """A suspicion across centers, with the center's rows behind it."""

    title: str
    field: str
    evidence: str
    action: str
    addresses: tuple[str, ...]


@dataclass(frozen=True)
class Change:
    """Patients to whom the same happened since the last run, with where they stand."""

    title: str
    addresses: tuple[str, ...]


def group_findings(findings: pa.Table, review: Review) -> list[Group]:
    """A center's findings in groups, the gravest and largest first."""
    if findings.num_rows == 0:
        return []
    lines = (
        findings.select([*PLACE, "severity", *TEXTS, "row"])
        .group_by([*PLACE, "severity", *TEXTS])
        .aggregate([("row", "list"), ([], "count_all")])
    )
    grouped: dict[tuple[object, ...], list[dict[str, object]]] = {}
    for line in lines.to_pylist():
        grouped.setdefault(_action(line), []).append(line)
    groups = [_group(key, found, review) for key, found in grouped.items()]
    return sorted(groups, key=lambda g: (SEVERITIES.index(g.severity), -g.count, g.column, g.check))


def list_concerns(center: str, review: Review) -> list[Concern]:
    """What the look across centers says of this one, with file and row of each value."""
    return [_concern(suspicion, review) for suspicion in review.sanity.of(center)]


def list_changes(center: str, review: Review, previous: pa.Table | None) -> list[Change]:
    """What happened to this center's patients since the last run.

    previous   lineage of the last run, where patients who are gone still have a row
    """
    since = review.since
    if since is None or since.cohort is None:
        return []
    cohort, now = since.cohort, review.run.lineage
    days = {row["patient_id"]: row["days"] for row in cohort.backwards.to_pylist()}
    found = []
    for kind, table in (
        ("gone", cohort.gone),
        ("revived", cohort.revived),
        ("backwards", cohort.backwards),
        ("added", cohort.added),
    ):
        mine = table.filter(pc.equal(table.column("center"), center)).column("patient_id")
        lineage = previous if kind == "gone" else now
        if len(mine) == 0 or lineage is None:
            continue
        told = [
            (f"{place}: {days[patient]} days earlier" if kind == "backwards" else place)
            for patient, place in _addresses(lineage, mine.combine_chunks()).items()
        ]
        where = ", as they stood in the last delivery" if kind == "gone" else ""
        found.append(Change(PATIENT_KINDS[kind].capitalize() + where, tuple(told)))
    return found


def count_status(center: str, since: Since) -> list[tuple[str, int]]:
    """How many of the center's findings are new, worse, as before or gone."""
    counts = since.counts(center)
    return [(words, counts[kind]) for kind, words in FINDING_KINDS.items()]


def describe_row(export: str, sheet: str | None, row: int | None) -> str:
    """An address as a person would look it up.

    >>> describe_row("brenta/a.xlsx", "Pazienti", 7), describe_row("a.csv", None, None)
    ('a.xlsx, sheet Pazienti, row 7', 'a.csv')
    """
    parts = [export.rsplit("/", 1)[-1]]
    parts += [f"sheet {sheet}"] if sheet else []
    parts += [f"row {row}"] if row is not None else []
    return ", ".join(parts)


def spell_rows(numbers: Sequence[int | None], most: int = MOST_ROWS) -> str:
    """Row numbers with runs joined; of very many the first.

    >>> spell_rows([7, 3, 4, 5, None]), spell_rows([None]), spell_rows(range(1, 9, 2), 2)
    ('3–5, 7', '', '1, 3 and 2 more')
    """
    known = sorted({number for number in numbers if number is not None})
    runs: list[list[int]] = []
    for number in known:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    shown = [str(a) if a == b else f"{a}–{b}" for a, b in runs[:most]]
    left = sum(b - a + 1 for a, b in runs[most:])
    return ", ".join(shown) + (f" and {left} more" if left else "")


def _action(line: dict[str, object]) -> tuple[object, ...]:
    """What one action mends: a column, or for whole rows the file."""
    start = str(line["check"]).split(".")[0]
    place = (line["check"], line["export"], line["sheet"])
    own = ("", "") if start in WHOLE_ROWS else (line["column"], line["field"])
    return (line["severity"], *place, *own)


def _group(key: tuple[object, ...], found: list[dict[str, object]], review: Review) -> Group:
    severity, check, export, sheet, column, field = (str(part or "") for part in key)
    policy = review.schema.policies.get(check)
    known = review.schema.fields.get(field)
    lines = sorted((_line(told) for told in found), key=lambda line: (-line.count, line.raw or ""))
    return Group(
        title=policy.title if policy else check,
        check=check,
        severity=severity,
        file=export.rsplit("/", 1)[-1],
        sheet=sheet,
        column=column,
        field=known.title if known else field,
        count=sum(line.count for line in lines),
        lines=tuple(lines[:MOST_LINES]),
        left_off=max(len(lines) - MOST_LINES, 0),
    )


def _line(told: dict[str, object]) -> Line:
    rows, raw = told["row_list"], told["raw"]
    assert isinstance(rows, list)
    return Line(
        column=str(told["column"] or ""),
        raw=None if raw is None else str(raw),
        message=str(told["message"] or ""),
        hint=str(told["hint"] or ""),
        status=str(told["status"] or ""),
        rows=spell_rows(rows),
        count=len(rows),
    )


def _concern(suspicion: Suspicion, review: Review) -> Concern:
    field = review.schema.fields.get(suspicion.field)
    addresses: list[str] = []
    if len(suspicion.cohort_rows):
        patients = review.run.cohort.column("patient_id").take(pa.array(suspicion.cohort_rows))
        addresses += _addresses(review.run.lineage, patients.combine_chunks()).values()
    for row in review.findings.take(pa.array(np.sort(suspicion.finding_rows))).to_pylist():
        addresses.append(describe_row(row["export"] or "", row["sheet"], row["row"]))
    return Concern(
        title=TITLES[suspicion.kind],
        field=field.title if field else "",
        evidence=suspicion.evidence,
        action=suspicion.action,
        addresses=tuple(addresses[:MOST_LINES]),
    )


def _addresses(lineage: pa.Table, patients: pa.Array) -> dict[str, str]:
    """patient_id -> where the patient's first row stands, in the order of the file."""
    mine = lineage.filter(pc.is_in(lineage.column("patient_id"), value_set=patients))
    found: dict[str, str] = {}
    for row in mine.to_pylist():
        place = describe_row(row["export"] or "", row["sheet"], row["row"])
        found.setdefault(row["patient_id"], place)
    return found
