"""Findings in groups that one action mends: for everybody without texts, for the center with all."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from onecohort.disclosure import show_count
from onecohort.schema import CohortSchema, Policy

SEVERITIES = ("error", "warning", "note")
SHARED_KEYS = ("center", "export", "column", "field", "check", "severity", "message", "status")
# Checks whose messages are made of the schema and the file's layout alone. Others may quote the reason of
# a correction or another row, which may tell of one patient: there the title of the check has to do.
TELLING = (
    "cell",
    "column",
    "date",
    "number",
    "pattern",
    "range",
    "required",
    "split",
    "text",
    "unit",
    "values",
)
SHOWN_ROWS = 20_000  # groups in one file, the gravest first: beyond that nobody reads a list


@dataclass(frozen=True)
class SharedFindings:
    """Groups of findings without row, text or hint.

    columns   distinct texts of each column
    rows      per group: places in `columns`, then the count to sort by (masked) and to show
    left_off  how many groups were left off
    """

    columns: Mapping[str, list[str]]
    rows: list[list[int | str]]
    left_off: int


def group_shared(findings: pa.Table, schema: CohortSchema) -> SharedFindings:
    """One line per center, column, check and message: what a mailed report may list."""
    start = pc.replace_substring_regex(findings.column("check"), r"\..*", "")
    telling = pc.is_in(start, value_set=pa.array(TELLING))
    place = findings.schema.names.index("message")
    message = pc.if_else(telling, findings.column("message"), "")
    findings = findings.set_column(place, "message", message)
    grouped = findings.group_by(list(SHARED_KEYS)).aggregate([([], "count_all")])
    order = pa.array(
        [SEVERITIES.index(s) for s in grouped.column("severity").to_pylist()], pa.int8()
    )
    grouped = grouped.append_column("_rank", order).sort_by(
        [("_rank", "ascending"), ("count_all", "descending"), ("center", "ascending"),
         ("field", "ascending"), ("column", "ascending"), ("check", "ascending")]
    )  # fmt: skip
    left_off = max(grouped.num_rows - SHOWN_ROWS, 0)
    grouped = grouped.slice(0, SHOWN_ROWS)
    texts = {
        name: [value or "" for value in grouped.column(name).to_pylist()] for name in SHARED_KEYS
    }
    texts["title"] = [title_of(check, schema.policies) for check in texts["check"]]
    texts["category"] = [_category(check, schema) for check in texts["check"]]
    texts["field"] = [_field(name, schema) for name in texts["field"]]
    texts["export"] = [export.rsplit("/", 1)[-1] for export in texts["export"]]
    names = (
        "center",
        "severity",
        "title",
        "message",
        "field",
        "column",
        "export",
        "category",
        "status",
    )
    columns = {name: sorted(set(texts[name])) for name in names}
    places = {name: {text: i for i, text in enumerate(columns[name])} for name in names}
    counts = grouped.column("count_all").to_pylist()
    rows: list[list[int | str]] = [
        [
            *(places[name][texts[name][i]] for name in names),
            count if count >= 5 else 4,
            show_count(count),
        ]
        for i, count in enumerate(counts)
    ]
    return SharedFindings(columns, rows, left_off)


def title_of(check: str, policies: Mapping[str, Policy]) -> str:
    """What holds where a check passes; of one that the study does not list, its name in words."""
    policy = policies.get(check)
    return policy.title if policy else check.replace(".", ": ").replace("_", " ").capitalize()


def _field(name: str, schema: CohortSchema) -> str:
    return schema.fields[name].title if name in schema.fields else name


def _category(check: str, schema: CohortSchema) -> str:
    policy = schema.policies.get(check)
    return policy.category if policy else "conformance"
