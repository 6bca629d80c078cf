"""A mapping against its export: columns that one of the two does not know.

The sound part of a mapping is looked at even where other parts have mistakes, so that an author is told
everything at once. What stands in the cells is looked at by `onecohort.mapping.against_cells`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from onecohort.errors import Mistake, StudyError
from onecohort.exports.table import Table
from onecohort.mapping.check import check_corrections, check_tables
from onecohort.mapping.check_rules import check_rule
from onecohort.mapping.language import ROW_NUMBER
from onecohort.mapping.load import LoadedMapping, did_you_mean, nearest
from onecohort.mapping.melted import sharing
from onecohort.mapping.named import named_columns, place_of
from onecohort.mapping.references import JOINED, plan_mapping, split_reference
from onecohort.mapping.source import NodePath, Tree
from onecohort.rules.coded import encode
from onecohort.schema import CohortSchema

Level = Literal["mistake", "warning", "note"]
LEAST_SIGNS = 2  # of a delimiter in a heading, from which it is several headings
LEAST_STRANGE = 5  # columns nothing like any, from which it is the header that is wrong
Column = tuple[str, str]  # of a table
Columns = Mapping[str, Sequence[str]]  # of each table


@dataclass(frozen=True)
class Told:
    """One thing to know about a mapping, at its line."""

    mistake: Mistake
    level: Level


@dataclass(frozen=True)
class ColumnsChecked:
    """What comes of holding a mapping's columns against the export.

    sound    the mapping with those rules alone that can be carried out; None where none can be
    """

    told: list[Told]
    sound: LoadedMapping | None


def check_columns(
    loaded: LoadedMapping, tables: Mapping[str, Table], schema: CohortSchema
) -> ColumnsChecked:
    """Columns that the mapping names and the export has not, and the other way round."""
    told: list[Told] = []
    meant: set[Column] = set()
    wrong: set[NodePath] = set()
    first = next(iter(loaded.mapping.tables))
    whole = [
        misread
        for name in tables
        if (misread := _unsplit(loaded, name, tables[name]) or _misread(loaded, name, tables[name]))
    ]
    if whole:
        return ColumnsChecked([Told(mistake, "mistake") for mistake in whole], None)
    told += _sheetless(loaded, tables)
    delivered: Columns = {name: table.columns for name, table in tables.items()}
    readable: Columns = {
        name: (*(loaded.mapping.tables[name].melt or ()), *delivered[name]) for name in tables
    }
    for path, reference in named_columns(loaded):
        table, column = split_reference(reference, loaded.mapping.tables, first)
        if path[0] == "tables":
            table, column = str(path[1]), reference
        if column in tables[table].columns or column == ROW_NUMBER:
            continue
        what = f"{_named(tables[table])} has no column {column!r}"
        columns = delivered if path[2:3] in (("key",), ("melt",)) else readable
        near, fix = _near(reference, table, columns, first)
        meant |= {near} if near else set()
        wrong |= {path[:2]}
        level: Level = "warning" if path[0] == "ignore" else "mistake"
        where = loaded.where(*path) if path[0] == "ignore" else place_of(loaded, path)
        told.append(Told(Mistake(where, what, fix), level))
    for mistake, path in _made_twice(loaded, tables):
        wrong |= {path[:2]}
        told.append(Told(mistake, "mistake"))
    told += _unspoken(loaded, tables, meant)
    stops = any(path[0] in ("tables", "corrections") for path in wrong)
    stops = stops or any(True for _ in (*check_tables(loaded), *check_corrections(loaded)))
    return ColumnsChecked(told, None if stops else _sound_part(loaded, schema, wrong))


def _unsplit(loaded: LoadedMapping, name: str, table: Table) -> Mistake | None:
    """A text whose lines were not divided into columns: then no column of it can be found."""
    (heading, *more) = table.columns or ("",)
    signs = {sign: heading.count(sign) for sign in ";\t|,"}
    sign = max(signs, key=lambda each: signs[each])
    if more or signs[sign] < LEAST_SIGNS or heading in loaded.mapping.tables[name].key:
        return None
    declared = "delimiter" in loaded.mapping.tables[name].model_fields_set
    where = loaded.at("tables", name, "delimiter" if declared else "files")
    what = f"{_named(table)} has one column only, {heading[:40]!r}…"
    word = "tab" if sign == "\t" else f'"{sign}"'
    return Mistake(where, what, f"say what separates its columns: `delimiter: {word}`")


def _misread(loaded: LoadedMapping, name: str, table: Table) -> Mistake | None:
    """A table in which most columns are not to be found: its header is elsewhere, or it is another."""
    first = next(iter(loaded.mapping.tables))
    named: dict[str, None] = {}
    for path, reference in named_columns(loaded):
        home, column = split_reference(reference, loaded.mapping.tables, first)
        if path[0] == "tables":
            home, column = str(path[1]), reference
        if home == name and column != ROW_NUMBER:
            named[column] = None
    lost = [column for column in named if column not in table.columns]
    strange = [column for column in lost if nearest(column, table.columns) is None]
    if len(strange) < max(LEAST_STRANGE, len(named) / 2):
        return None
    written = loaded.mapping.tables[name].model_fields_set
    word = next((w for w in ("header_row", "sheet") if w in written), "files")
    what = (
        f"{_named(table)} has {len(named) - len(lost)} of the {len(named)} columns that are named"
    )
    head = ", ".join(text[:20] for text in table.columns[:4])
    fix = f"its header was read as {head}, …: look at header_row, sheet and files"
    return Mistake(loaded.at("tables", name, word), what, fix)


def _sheetless(loaded: LoadedMapping, tables: Mapping[str, Table]) -> Iterator[Told]:
    """A sheet that is named of a file without sheets."""
    for name, table in tables.items():
        if table.sheet is None and loaded.mapping.tables[name].sheet is not None:
            what = f"{table.export} has no sheets, so `sheet` says nothing"
            where = loaded.where("tables", name, "sheet")
            yield Told(Mistake(where, what, "take it out, or name the workbook"), "mistake")


def _named(table: Table) -> str:
    return table.export + (f" [{table.sheet}]" if table.sheet else "")


def _made_twice(
    loaded: LoadedMapping, tables: Mapping[str, Table]
) -> Iterator[tuple[Mistake, NodePath]]:
    """New columns of `melt` with the name of one that the export has."""
    for name, table in tables.items():
        for new in loaded.mapping.tables[name].melt or ():
            if new in table.columns:
                path = ("tables", name, "melt", new)
                what = f"{_named(table)} has a column {new!r} of its own"
                yield Mistake(loaded.where(*path), what, "call the new column otherwise"), path


def _near(reference: str, table: str, columns: Columns, first: str) -> tuple[Column | None, str]:
    """The column that was meant, here or in another table, and how to say so."""
    _, _, column = reference.rpartition(JOINED) if table != first else ("", "", reference)
    near = nearest(column, columns[table])
    if near:
        return (table, near), f"did you mean {near!r}?"
    qualified = {
        f"{name}{JOINED}{theirs}": (name, theirs)
        for name, others in columns.items()
        if name != first
        for theirs in others
    }
    elsewhere = nearest(reference, list(qualified))
    if elsewhere:
        return qualified[elsewhere], f"did you mean {elsewhere!r}?"
    return None, did_you_mean(column, columns[table])


def _unspoken(
    loaded: LoadedMapping, tables: Mapping[str, Table], meant: set[Column]
) -> Iterator[Told]:
    """Columns of the export that nobody speaks for, and that no misspelt name stands for."""
    first = next(iter(loaded.mapping.tables))
    spoken = {
        (str(path[1]), reference)
        if path[0] == "tables"
        else split_reference(reference, loaded.mapping.tables, first)
        for path, reference in named_columns(loaded)
    }
    spoken |= {
        split_reference(text, loaded.mapping.tables, first) for text in _faulty_texts(loaded)
    }
    beside = sharing(loaded.mapping.tables)
    spoken |= {(other, column) for name, column in spoken | meant for other in beside[name]}
    home = "ignore" if loaded.written("ignore") else "tables"
    for name, table in tables.items():
        if beside[name][0] != name:
            continue
        where = loaded.where("ignore") if home == "ignore" else loaded.where("tables", name)
        unspoken = [column for column in table.columns if (name, column) not in spoken]
        if loaded.mapping.tables[name].instrument is not None:
            unspoken = _filled(table, unspoken)
        for column in unspoken:
            shown = column if name == first else f"{name}{JOINED}{column}"
            what = f"the column {shown!r} of {_named(table)} is neither mapped nor ignored"
            fix = f"map it, or write `{shown}: <reason>` under ignore"
            yield Told(Mistake(where, what, fix), "warning")


def _filled(table: Table, columns: Sequence[str]) -> list[str]:
    """The columns that hold anything: all instruments of a REDCap export share one header."""
    found: set[str] = set()
    for batch in table.batches(columns) if columns else ():
        for name in columns:
            texts = encode(batch.cells.column(name)).texts
            if name not in found and any(text and text.strip() for text in texts.to_pylist()):
                found.add(name)
    return [name for name in columns if name in found]


def _faulty_texts(loaded: LoadedMapping) -> Iterator[str]:
    """Every text in a part that is not understood; one of them may name a column."""

    def texts(node: Tree) -> Iterator[str]:
        if isinstance(node, str):
            yield node
            return
        for key, child in node.items() if isinstance(node, dict) else enumerate(node):
            yield str(key)
            yield str(key).partition(":")[2]  # `from:Sesso`, where a blank is missing
            yield from texts(child)

    for path in loaded.faulty:
        yield str(path[-1])
        node: Tree = loaded.source.tree
        for step in path:
            node = node.get(str(step), "") if isinstance(node, dict) else ""
        yield from texts(node)


def _sound_part(
    loaded: LoadedMapping, schema: CohortSchema, wrong: set[NodePath]
) -> LoadedMapping | None:
    """The mapping without the rules that have a mistake, or that count from a field that has one."""
    known = {field.name: field for field in schema.mappable}
    rules = {
        name: rule
        for name, rule in loaded.mapping.fields.items()
        if name in known
        and ("fields", name) not in wrong
        and not list(check_rule(loaded, schema, known[name], rule))
    }
    while True:
        anchored = {
            name: rule
            for name, rule in rules.items()
            if {rule.days_from, rule.age_at, rule.near} - {None} <= set(rules)
        }
        if anchored == rules:
            break
        rules = anchored
    sound = replace(loaded, mapping=loaded.mapping.model_copy(update={"fields": rules}))
    try:
        plan_mapping(sound, schema)
    except StudyError:
        return None
    return sound
