"""A mapping against its export: columns, codes and texts that one of the two does not know.

What a run would find is found by a run: the rules pass over the export once, and what they report is told
per distinct text with its count, at the line of the mapping that would mend it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from onecohort.errors import ExportError, Mistake
from onecohort.exports.table import Table
from onecohort.harmonize import harmonize
from onecohort.mapping.language import FieldRule
from onecohort.mapping.load import LoadedMapping, did_you_mean
from onecohort.mapping.references import Plan, plan_mapping, split_reference
from onecohort.pseudonym import PseudonymKey
from onecohort.rules.coded import encode, fold
from onecohort.schema import CohortSchema

Level = Literal["mistake", "warning", "note"]
# What a person at the mapping can act on; the rest of a run's findings are for the report.
ABOUT_TEXTS = (
    "values.unlisted", "date.unreadable", "date.impossible", "date.partial", "date.after_as_of",
    "date.too_early", "number.unreadable", "number.bound", "number.fraction", "unit.unknown",
    "range.possible", "pattern.unmatched", "split.disagrees", "mark.unlisted", "mark.several",
    "cases.unmatched", "cell.unused", "key.conflict", "key.missing", "key.orphan", "rows.disagree",
    "correction.unused", "required.missing",
)  # fmt: skip
MOST_PER_FIELD = 8


@dataclass(frozen=True)
class Told:
    """One thing to know about a mapping, at its line."""

    mistake: Mistake
    level: Level


def check_columns(loaded: LoadedMapping, tables: Mapping[str, Table], plan: Plan) -> list[Told]:
    """Columns that the mapping names and the export has not, each at the line that names it."""
    found = []
    mapping = loaded.mapping
    for path, reference in _named_columns(loaded):
        table, column = split_reference(reference, mapping.tables, plan.first)
        if path[0] == "tables":
            table, column = str(path[1]), reference
        if column not in tables[table].columns:
            what = f"{tables[table].export} has no column {column!r}"
            fix = did_you_mean(column, list(tables[table].columns))
            level: Level = "warning" if path[0] == "ignore" else "mistake"
            found.append(Told(Mistake(loaded.where(*path), what, fix), level))
    return found


def check_columns_spoken(
    loaded: LoadedMapping, tables: Mapping[str, Table], plan: Plan
) -> Iterator[Told]:
    """Columns of the export that nobody speaks for."""
    for name, table in tables.items():
        spoken = {*plan.columns[name], *plan.ignored[name]}
        for column in table.columns:
            if column not in spoken:
                shown = column if name == plan.first else f"{name}.{column}"
                what = f"the column {shown!r} of {table.export} is neither mapped nor ignored"
                fix = f"map it, or write `{shown}: <reason>` under ignore"
                yield Told(Mistake(loaded.where("ignore"), what, fix), "warning")


def check_texts(
    loaded: LoadedMapping,
    tables: Mapping[str, Table],
    schema: CohortSchema,
    *,
    as_of: date,
    key: PseudonymKey,
) -> Iterator[Told]:
    """Texts that the rules could not carry, per distinct text, with counts."""
    found = harmonize(loaded, tables, schema, as_of=as_of, key=key, sink=lambda table: None)
    findings = found.findings.filter(
        pc.is_in(found.findings.column("check"), value_set=pa.array(ABOUT_TEXTS))
    )
    keys = ["field", "column", "check", "raw", "message", "hint", "severity"]
    counted = findings.group_by(keys, use_threads=False).aggregate(
        [("row", "count"), ("row", "min")]
    )
    per_field: dict[tuple[str, str], int] = {}
    for row in counted.to_pylist():
        place = (row["field"] or "", row["check"])
        per_field[place] = per_field.get(place, 0) + 1
        if per_field[place] > MOST_PER_FIELD:
            continue
        where = loaded.where("fields", row["field"]) if row["field"] else loaded.where("tables")
        if row["check"] == "values.unlisted":
            where = loaded.where("fields", row["field"], "values")
        if row["check"] == "correction.unused":
            where = loaded.where("corrections")
        cells = "1 cell" if row["row_count"] == 1 else f"{row['row_count']} cells"
        column = f" in {row['column']!r}" if row["column"] else ""
        raw = f"{row['raw']!r}{column}" if row["raw"] else f"a blank{column}"
        what = f"{raw} {row['message']} ({cells}, first in row {row['row_min']})"
        level: Level = "note" if row["severity"] == "note" else "warning"
        yield Told(Mistake(where, what, row["hint"] or ""), level)
    for (name, check), count in per_field.items():
        if count > MOST_PER_FIELD:
            what = f"{name or 'the table'}: {count - MOST_PER_FIELD} more texts with {check}"
            where = loaded.where("fields", name) if name else loaded.where("tables")
            yield Told(
                Mistake(where, what, "`onecohort preview` and the report show them"), "warning"
            )


def check_never_seen(
    loaded: LoadedMapping, tables: Mapping[str, Table], plan: Plan
) -> Iterator[Told]:
    """Texts that `values` lists and no cell of the export holds."""
    for step in plan.steps:
        listed = loaded.mapping.fields[step.field.name].values
        rule: FieldRule = step.rule
        if not listed or rule.first_of:
            continue
        seen = _texts_of(
            tables[step.home], [c for c in (rule.from_, *(rule.filled_from or ())) if c]
        )
        if rule.split:
            seen |= {fold(part) for text in seen for part in text.split(rule.split)}
        for text in listed:
            if fold(text) not in seen and rule.pattern is None:
                where = loaded.where("fields", step.field.name, "values", text)
                what = f"{text!r} is listed, and no cell of the export holds it"
                yield Told(Mistake(where, what, "harmless; take it out if it was a slip"), "note")


def check_against_export(
    loaded: LoadedMapping,
    tables: Mapping[str, Table],
    schema: CohortSchema,
    *,
    as_of: date,
    key: PseudonymKey,
) -> list[Told]:
    """Everything that only the export shows; a layout that does not fit ends the look early."""
    plan = plan_mapping(loaded, schema)
    told = check_columns(loaded, tables, plan)
    told += check_columns_spoken(loaded, tables, plan)
    if any(each.level == "mistake" for each in told):
        return told
    told += check_never_seen(loaded, tables, plan)
    try:
        told += check_texts(loaded, tables, schema, as_of=as_of, key=key)
    except ExportError as error:
        told += [Told(mistake, "mistake") for mistake in error.mistakes]
    return told


def _named_columns(loaded: LoadedMapping) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every place of the mapping that names a column, and the reference as written."""
    mapping = loaded.mapping
    for name, table in mapping.tables.items():
        for column in table.key:
            yield ("tables", name, "key"), column
        for column in table.where or ():
            yield ("tables", name, "where", column), column
        for number, leave_out in enumerate(table.leave_out):
            for column in leave_out.when:
                yield ("tables", name, "leave_out", number, "when", column), column
        if not isinstance(table.repeated, str):
            yield ("tables", name, "repeated", "latest"), table.repeated.latest
    for name, rule in mapping.fields.items():
        for key, named in (("from", rule.from_), ("unit_from", rule.unit_from), ("by", rule.by)):
            if named:
                yield ("fields", name, key), named
        for key, columns in (
            ("first_of", rule.first_of), ("any_of", rule.any_of), ("filled_from", rule.filled_from),
        ):  # fmt: skip
            for number, column in enumerate(columns or ()):
                yield ("fields", name, key, number), column
        for column in rule.where or ():
            yield ("fields", name, "where", column), column
        for number, case in enumerate(rule.cases or ()):
            for column in case.when:
                yield ("fields", name, "cases", number, "when", column), column
    for reference in mapping.ignore:
        yield ("ignore", reference), reference
    first = next(iter(mapping.tables))
    for number, correction in enumerate(mapping.corrections):
        table_name = correction.table or first
        prefix = "" if table_name == first else f"{table_name}."
        yield ("corrections", number, "column"), prefix + correction.column


def _texts_of(table: Table, columns: list[str]) -> set[str]:
    found: set[str] = set()
    for batch in table.batches(columns):
        for name in columns:
            found |= {fold(text) for text in encode(batch.cells.column(name)).texts.to_pylist()}
    return found
