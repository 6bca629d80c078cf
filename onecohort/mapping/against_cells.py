"""A mapping against the cells of its export: codes, dates and numbers that a rule cannot carry.

What a run would find is found by a run: the rules pass over the export once, and what they report is told
per distinct text with its count, at the line of the mapping that would mend it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from onecohort.errors import ExportError, Mistake
from onecohort.exports.table import Table
from onecohort.finding_words import words_of
from onecohort.harmonize import Harmonized, harmonize
from onecohort.mapping.against_export import Column, Level, Told
from onecohort.mapping.language import When
from onecohort.mapping.load import LoadedMapping, nearest
from onecohort.mapping.melted import in_file
from onecohort.mapping.references import plan_mapping, split_reference
from onecohort.mapping.source import NodePath
from onecohort.pseudonym import PseudonymKey
from onecohort.rules.coded import encode, fold
from onecohort.schema import CohortSchema
from onecohort.validate import validate_given

# What a person at the mapping can act on; the rest of a run's findings are for the report.
ABOUT_TEXTS = (
    "values.unlisted", "date.unreadable", "date.impossible", "date.partial", "date.after_as_of",
    "date.too_early", "number.unreadable", "number.bound", "number.fraction", "unit.unknown",
    "range.possible", "pattern.unmatched", "split.disagrees", "split.absent", "mark.unlisted",
    "mark.several", "cases.unmatched", "condition.open", "cell.unused", "cell.error",
    "cell.uncalculated", "key.conflict", "key.missing", "key.orphan",
    "rows.disagree", "correction.unused", "required.missing",
)  # fmt: skip
ONE_BY_ONE = (
    "values.unlisted",
    "mark.unlisted",
    "unit.unknown",
)  # each text needs a line of its own
KEYS = ("key.missing", "key.orphan")
MANY_KEYLESS = 0.1  # of a table's rows without a key: then the key is wrong, not a row
MOST_PER_FIELD = 8
Row = Mapping[str, object]


def check_cells(
    sound: LoadedMapping,
    tables: Mapping[str, Table],
    schema: CohortSchema,
    *,
    as_of: date,
    key: PseudonymKey,
) -> list[Told]:
    """What the rules could not carry, per distinct text with counts, and what they never met."""
    told = [*_never_seen(sound, tables, schema), *_never_holding(sound, tables)]
    try:
        found = harmonize(
            sound,
            tables,
            schema,
            as_of=as_of,
            key=key,
            sink=lambda table: None,
            judge=validate_given,
        )
    except ExportError as error:
        return [*told, *(Told(mistake, "mistake") for mistake in error.mistakes)]
    return [*told, *_nobody_left(sound, found), *_texts(sound, tables, found)]


def _texts(sound: LoadedMapping, tables: Mapping[str, Table], found: Harmonized) -> Iterator[Told]:
    names = {(table.export, table.sheet): name for name, table in tables.items()}
    shown: dict[tuple[object, object, str], int] = {}
    about = set(ABOUT_TEXTS)
    if set(sound.written("fields")) != set(sound.mapping.fields):
        about -= {"cell.unused"}  # a rule that has a mistake may be the one that takes it
    for row in _counted(found.findings, set(sound.mapping.fields), about):
        table = names.get((row["export"], row["sheet"]), next(iter(tables)))  # type: ignore[arg-type]
        where = _where(sound, row, table)
        place = (row["field"] or row["column"], row["check"], where)
        shown[place] = shown.get(place, 0) + 1
        if shown[place] > MOST_PER_FIELD:
            continue
        labels = tables[table].value_labels.get(str(row["column"]), {})
        label = labels.get(str(row["text"]))
        said = _said(row) + (f"; its label is {label!r}" if label else "")
        yield Told(
            Mistake(where, said, str(row["hint"] or "")),
            _level(row, found.tables[table].delivered),
        )
    for (name, check, where), count in shown.items():
        if count > MOST_PER_FIELD:
            what = f"{name}: {count - MOST_PER_FIELD} more texts like these ({check})"
            fix = f"`onecohort preview {sound.center} --field {name}` shows them"
            yield Told(Mistake(where, what, fix), "warning")


def _counted(findings: pa.Table, fields: set[str], checks: set[str]) -> list[Row]:
    """Findings about texts, one row per text that needs a line, or per kind of fault of a column."""
    about = pc.is_in(findings.column("check"), value_set=pa.array(sorted(checks)))
    mine = pc.is_in(findings.column("field"), value_set=pa.array([*sorted(fields), None]))
    findings = findings.filter(pc.and_(about, mine))
    missing = pc.equal(findings.column("check"), "required.missing")
    # A required value that is missing because its text could not be read has been told already.
    told = findings.filter(pc.invert(missing)).select(["field", "row"])
    lonely = findings.filter(missing).join(told, keys=["field", "row"], join_type="left anti")
    findings = pa.concat_tables(
        [findings.filter(pc.invert(missing)), lonely.select(findings.schema.names)]
    )
    # Two rows of one patient differ in many columns; it is one thing to know.
    conflict = pc.equal(findings.column("check"), "key.conflict")
    column = pc.if_else(conflict, None, findings.column("column"))
    findings = findings.set_column(findings.schema.get_field_index("column"), "column", column)
    each = pc.is_in(findings.column("check"), value_set=pa.array(ONE_BY_ONE))
    findings = findings.append_column("text", pc.if_else(each, findings.column("raw"), None))
    keys = [
        "export",
        "sheet",
        "field",
        "column",
        "check",
        "rule",
        "message",
        "hint",
        "severity",
        "text",
    ]
    counted = (
        findings.sort_by("row")
        .group_by(keys, use_threads=False)
        .aggregate(
            [
                ("row", "count"),
                ("row", "min"),
                ("raw", "first"),
                ("raw", "count_distinct"),
                ([], "count_all"),
            ]
        )
    )
    rows: list[Row] = counted.to_pylist()
    return rows


def _said(row: Row) -> str:
    """A finding and how often it stands there, as a sentence."""
    message, column = str(row["message"]), row["column"]
    count, texts = int(str(row["row_count"])), int(str(row["raw_count_distinct"]))
    cells = "1 cell" if count == 1 else f"{count} cells"
    such = f"{texts} such texts, " if texts > 1 and row["text"] is None else ""
    first = (
        f"row {row['row_min']}" if count == 1 else f"{such}{cells}, first in row {row['row_min']}"
    )
    if row["check"] == "correction.unused":
        return f"{message}: {row['raw_first']!r} in {column!r}"
    if row["row_min"] is None:  # the patient has no row in that table
        patients = int(str(row["count_all"]))
        return f"{message} ({patients} patient{'s' * (patients != 1)})"
    if column is None:
        return f"row {row['row_min']} {message} ({cells})"
    return f"{words_of({**row, 'raw': row['raw_first']}, f' in {column!r}')} ({first})"


def _where(sound: LoadedMapping, row: Row, table: str) -> str:
    """The line of the mapping that would mend it."""
    check, name = str(row["check"]), str(row["field"] or "")
    correction = re.fullmatch(r"corrections\[(\d+)\]", str(row["rule"] or ""))
    if correction:
        return sound.where("corrections", int(correction[1]))
    if not name:
        return (
            sound.where("tables", table, "key")
            if check.startswith("key.")
            else sound.where("tables", table)
        )
    if check == "values.unlisted":
        return sound.where("fields", name, "values")
    if check.startswith(("number.", "range.", "unit.")):
        return sound.where("fields", name, "unit")
    return sound.where("fields", name)


def _level(row: Row, delivered: int) -> Level:
    if row["check"] in KEYS and int(str(row["row_count"])) <= MANY_KEYLESS * delivered:
        return "note"
    return "note" if row["severity"] == "note" else "warning"


def _never_seen(
    sound: LoadedMapping, tables: Mapping[str, Table], schema: CohortSchema
) -> Iterator[Told]:
    """Texts that `values` lists and no cell of the export holds."""
    for step in plan_mapping(sound, schema).steps:
        listed, rule = sound.mapping.fields[step.field.name].values, step.rule
        if not listed or rule.first_of or rule.pattern is not None:
            continue
        seen = set(
            _texts_of(
                sound, tables, step.home, [c for c in (rule.from_, *(rule.filled_from or ())) if c]
            )
        )
        if rule.split:
            seen |= {fold(part) for text in seen for part in text.split(rule.split)}
        for text in listed:
            if fold(text) not in seen:
                where = sound.where("fields", step.field.name, "values", text)
                what = f"{text!r} is listed, and no cell of the export holds it"
                yield Told(Mistake(where, what, "harmless; take it out if it was a slip"), "note")


def _never_holding(sound: LoadedMapping, tables: Mapping[str, Table]) -> Iterator[Told]:
    """Conditions that no row meets, because no cell holds any of their texts."""
    seen: dict[Column, dict[str, str]] = {}
    for path, when, home in _conditions(sound):
        for reference, texts in when.items():
            if any(text in ("present", "missing") or text[:1] in "<>≤≥" for text in texts):
                continue
            place = home(reference)
            if place not in seen:
                seen[place] = _texts_of(sound, tables, place[0], [place[1]])
            if not {fold(text) for text in texts} & set(seen[place]):
                wanted = " or ".join(map(repr, texts))
                what = f"no cell of {reference!r} holds {wanted}, so no row meets this"
                near = nearest(texts[0], [text for text in seen[place].values() if text])
                fix = f"did you mean {near!r}?" if near else "`onecohort profile` shows its texts"
                level: Level = "warning" if path[-1] == "where" else "note"
                yield Told(Mistake(sound.where(*path, reference), what, fix), level)


def _conditions(sound: LoadedMapping) -> Iterator[tuple[NodePath, When, Callable[[str], Column]]]:
    """Each set of conditions, with where a column that it names is."""
    tables = sound.mapping.tables
    first = next(iter(tables))
    for name, table in tables.items():
        own = partial(_own_column, name)
        if table.where:
            yield ("tables", name, "where"), table.where, own
        for number, left_out in enumerate(table.leave_out):
            yield ("tables", name, "leave_out", number, "when"), left_out.when, own
    for name, rule in sound.mapping.fields.items():
        joined = partial(split_reference, tables=tables, first=first)
        if rule.where:
            yield ("fields", name, "where"), rule.where, joined
        for number, case in enumerate(rule.cases or ()):
            yield ("fields", name, "cases", number, "when"), case.when, joined


def _own_column(table: str, column: str) -> Column:
    return table, column


def _nobody_left(sound: LoadedMapping, found: Harmonized) -> Iterator[Told]:
    """Tables of which no row is looked at."""
    for name, balance in found.tables.items():
        declared = sound.mapping.tables[name]
        chooses = bool(declared.where or declared.leave_out)
        if chooses and balance.delivered and balance.left_out == balance.delivered:
            what = f"all {balance.delivered:,} rows of {name!r} are left out"
            word = "where" if declared.where else "leave_out"
            fix = f"look at `{word}`, whether it says what it is meant to"
            yield Told(Mistake(sound.where("tables", name, word), what, fix), "warning")


def _texts_of(
    sound: LoadedMapping, tables: Mapping[str, Table], home: str, columns: list[str]
) -> dict[str, str]:
    """Each text of some columns of a table, folded and as it stands there."""
    found: dict[str, str] = {}
    delivered = in_file(sound.mapping.tables[home], columns)
    for batch in tables[home].batches(delivered):
        for name in delivered:
            texts = encode(batch.cells.column(name)).texts.to_pylist()
            found |= {fold(text): text for text in texts}
    return found
