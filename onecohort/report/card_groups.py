"""A center's findings in groups that one action mends: a column, a file, or one row that fails much."""

import re
from collections import Counter
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from onecohort.report.cell_text import show_text
from onecohort.report.finding_groups import SEVERITIES, title_of
from onecohort.report.review import Review
from onecohort.report.row_addresses import spell_rows
from onecohort.schema import CohortSchema

PLACE = ("check", "export", "sheet", "column", "field")
TEXTS = ("raw", "message", "hint", "status")
WHOLE_ROWS = (
    "key",
    "row",
    "person",
    "text",
    "correction",
)  # checks that one action mends in all columns
MOST_LINES = 100  # lines of a group in the HTML; the workbook has all


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
    """Findings in one file that one action mends: of one check, or of one row that many checks fail.

    column, field   empty where they are of several columns; then each line names its own
    row             the row, where one row is what they have in common
    """

    title: str
    check: str
    severity: str
    file: str
    sheet: str
    column: str
    field: str
    row: int | None
    count: int
    lines: tuple[Line, ...]
    left_off: int


def group_findings(findings: pa.Table, review: Review) -> list[Group]:
    """A center's findings in groups, the gravest and largest first."""
    if findings.num_rows == 0:
        return []
    keys = [*PLACE, "severity", *TEXTS, "one_row"]
    lines = (
        findings.append_column("one_row", _rows_that_fail_much(findings, review.schema))
        .select([*keys, "row"])
        .group_by(keys)
        .aggregate([("row", "list"), ([], "count_all")])
    )
    grouped: dict[tuple[object, ...], list[dict[str, object]]] = {}
    for line in lines.to_pylist():
        grouped.setdefault(_action(line), []).append(line)
    groups = [_group(found, review) for found in grouped.values()]
    return sorted(
        groups,
        key=lambda g: (
            SEVERITIES.index(g.severity),
            -g.count,
            g.file,
            g.column,
            g.check,
            g.row or 0,
        ),
    )


def _rows_that_fail_much(findings: pa.Table, schema: CohortSchema) -> pa.Array:
    """The row of each finding that has more company in its row than in its check, else null.

    One wrong date fails every check of an order of dates; one wrong code fails one check in every row.
    """
    concerned = pc.and_(
        pc.is_in(findings.column("check"), value_set=_crossing(schema)),
        pc.and_(
            pc.is_valid(findings.column("row")), pc.not_equal(findings.column("severity"), "note")
        ),
    )
    told = findings.filter(concerned).select(["export", "sheet", "row", "check"]).to_pylist()
    of_check = Counter((t["export"], t["sheet"], t["check"]) for t in told)
    of_row = Counter((t["export"], t["sheet"], t["row"]) for t in told)
    rows = iter(
        t["row"]
        if of_row[t["export"], t["sheet"], t["row"]] > of_check[t["export"], t["sheet"], t["check"]]
        else None
        for t in told
    )
    return pa.array([next(rows) if hit else None for hit in concerned.to_pylist()], pa.int64())


def _crossing(schema: CohortSchema) -> pa.Array:
    """The checks that hold several fields of a patient against each other."""
    policies = schema.policies.items()
    names = [name for name, p in policies if "." not in name and len(p.fields) > 1]
    return pa.array(names, pa.string())


def _action(line: dict[str, object]) -> tuple[object, ...]:
    """What one action mends: a row that fails much, a column, or for whole rows the file."""
    place = (line["export"], line["sheet"])
    if line["one_row"] is not None:
        return ("row", *place, line["one_row"])
    start = str(line["check"]).split(".")[0]
    own = ("", "") if start in WHOLE_ROWS else (line["column"], line["field"])
    return (line["severity"], line["check"], *place, *own)


def _group(found: list[dict[str, object]], review: Review) -> Group:
    gravest = sorted(found, key=lambda told: SEVERITIES.index(str(told["severity"])))
    first = gravest[0]
    check, row = str(first["check"]), first["one_row"]
    apart = row is not None or check.split(".")[0] in WHOLE_ROWS
    field = "" if apart else str(first["field"] or "")
    known = review.schema.fields.get(field)
    lines = [_line(told) for told in gravest]
    if row is None:
        lines.sort(key=lambda line: (-line.count, line.raw or ""))
    title = title_of(check, review.schema.policies)
    return Group(
        title="One wrong cell may be behind all of this" if row is not None else title,
        check=check,
        severity=str(first["severity"]),
        file=str(first["export"] or "").rsplit("/", 1)[-1],
        sheet=str(first["sheet"] or ""),
        column="" if apart else str(first["column"] or ""),
        field=known.title if known else field,
        row=int(str(row)) if row is not None else None,
        count=sum(line.count for line in lines),
        lines=tuple(lines[:MOST_LINES]),
        left_off=max(len(lines) - MOST_LINES, 0),
    )


def _line(told: dict[str, object]) -> Line:
    rows, raw = told["row_list"], told["raw"]
    assert isinstance(rows, list)
    return Line(
        column=str(told["column"] or ""),
        raw=None if raw is None else show_text(str(raw)),
        message=str(told["message"] or ""),
        hint=str(told["hint"] or ""),
        status=str(told["status"] or ""),
        rows=spell_rows(rows),
        count=len(rows),
    )


def name_fields(findings: pa.Table, schema: CohortSchema) -> pa.Table:
    """Findings whose texts give the cohort's fields by title: a center does not know their names.

    Only checks of several fields speak of fields; others may quote a column of the same name.
    """
    concerned = pc.is_in(findings.column("check"), value_set=_crossing(schema))
    for name in ("message", "hint"):
        texts = findings.column(name).combine_chunks().dictionary_encode()
        told = [_with_titles(text, schema) for text in texts.dictionary.to_pylist()]
        titled = pa.array(told, pa.string()).take(texts.indices)
        place = findings.schema.names.index(name)
        chosen = pc.if_else(concerned, titled, findings.column(name))
        findings = findings.set_column(place, name, chosen)
    return findings


def _with_titles(text: str, schema: CohortSchema) -> str:
    return re.sub(
        r"[a-z]\w*_\w+",
        lambda word: schema.fields[word[0]].title if word[0] in schema.fields else word[0],
        text,
    )
