"""A mapping against the schema: every reference, term, unit and format in it, before any data is read.

Here the parts that stand beside the rules: which fields are spoken for, tables, corrections, examples.
The rules themselves are in `onecohort.mapping.check_rules`; what only the export itself shows (a column
that is not there, a code nobody listed) is looked for in `onecohort.mapping.against_export`.
"""

from collections.abc import Iterator

from onecohort.errors import Mistake, StudyError
from onecohort.mapping.check_melt import check_melt
from onecohort.mapping.check_rules import check_conditions, check_formats, check_rule
from onecohort.mapping.language import Example
from onecohort.mapping.load import LoadedMapping, by_line, did_you_mean
from onecohort.mapping.melted import melted_into
from onecohort.mapping.named import named_columns
from onecohort.mapping.references import plan_mapping, references_of, split_reference
from onecohort.rules.coded import fold
from onecohort.schema import CohortSchema, Field

MADE_BY_ENGINE = ("center", "patient_id")


def check_mapping(loaded: LoadedMapping, schema: CohortSchema) -> list[Mistake]:
    """Every mistake of a mapping that can be seen without its export, in the order of its lines."""
    mistakes = list(_fields(loaded, schema))
    mistakes += check_tables(loaded)
    mistakes += _ignored(loaded)
    mistakes += check_corrections(loaded)
    for number, example in enumerate(loaded.mapping.examples):
        mistakes += _example(loaded, schema, number, example)
    for name, rule in loaded.mapping.fields.items():
        field = schema.fields.get(name)
        if field is not None and name not in MADE_BY_ENGINE:
            mistakes += check_rule(loaded, schema, field, rule)
    if not mistakes and not loaded.faulty:
        try:
            plan_mapping(loaded, schema)
        except StudyError as error:
            mistakes += error.mistakes
    return sorted(set(mistakes), key=by_line)


def find_field(name: str, schema: CohortSchema) -> str | None:
    """The field that a misspelt or translated name means, if one is near: `sesso` is sex."""
    known = [field.name for field in schema.mappable]
    for field in schema.mappable:
        if fold(name) in {fold(word) for words in field.synonyms.values() for word in words}:
            return field.name
    hint = did_you_mean(name, known, most=0)
    return next((field for field in known if hint == f"did you mean {field!r}?"), None)


def _fields(loaded: LoadedMapping, schema: CohortSchema) -> Iterator[Mistake]:
    known = {field.name: field for field in schema.mappable}
    meant: set[str] = set()
    for block in ("fields", "unavailable"):
        for name in loaded.written(block):
            where = loaded.where(block, name)
            if name in MADE_BY_ENGINE:
                yield Mistake(where, f"{name} is made by the engine", "take the line out")
            elif name not in known:
                near = find_field(name, schema)
                meant |= {near or ""}
                what = f"the cohort has no field {name!r}"
                fix = f"did you mean {near!r}?" if near else "`onecohort fields` lists them"
                yield Mistake(where, what, fix)
    mapped, absent = loaded.written("fields"), loaded.written("unavailable")
    for name in sorted({*mapped} & {*absent}):
        what = f"{name} is mapped and also unavailable"
        yield Mistake(loaded.where("unavailable", name), what, "keep one of the two")
    for field in known.values():
        # A field that a misspelt line stands for is not forgotten; that line has its own mistake.
        if field.name not in {*mapped, *absent, *meant} and not field.derived:
            yield _forgotten(loaded, field)
        elif field.required and field.name in absent:
            what = f"{field.name} is required and cannot be unavailable: no patient could enter"
            fix = "map it, from whatever tells it; `onecohort fields` says what it holds"
            yield Mistake(loaded.where("unavailable", field.name), what, fix)


def _forgotten(loaded: LoadedMapping, field: Field) -> Mistake:
    where = loaded.where("fields")
    if field.required:
        what = f"{field.name} is required, and not mapped"
        return Mistake(where, what, "map it: without it no patient can enter the cohort")
    what = f"{field.name} is neither mapped nor unavailable"
    return Mistake(where, what, f"map it, or write `{field.name}: <reason>` under unavailable")


def check_tables(loaded: LoadedMapping) -> Iterator[Mistake]:
    """Tables that come from nowhere, and formats in which nothing can be read."""
    for name, table in loaded.mapping.tables.items():
        path = ("tables", name)
        told = loaded.faulty & {(*path, "files"), (*path, "connection")}
        if table.files is None and table.connection is None and not told:
            fix = "write `files:` with a glob below the exports' folder"
            yield Mistake(loaded.where(*path), f"the table {name!r} comes from nowhere", fix)
        if "." in name:
            what = f"a table's name has no point: {name!r}"
            yield Mistake(loaded.where(*path), what, "take it out")
        yield from check_melt(loaded, name)
        yield from check_formats(loaded, (*path, "dates"), table.dates or (), table.pivot_year)
        if table.thousands and table.thousands in table.decimal:
            what = f"{table.thousands!r} is both the decimal and the thousands sign"
            yield Mistake(loaded.at(*path, "thousands"), what, "keep one of the two")
        yield from check_conditions(loaded, (*path, "where"), table.where or {})
        for number, leave_out in enumerate(table.leave_out):
            yield from check_conditions(
                loaded, (*path, "leave_out", number, "when"), leave_out.when
            )


def _ignored(loaded: LoadedMapping) -> Iterator[Mistake]:
    mapping = loaded.mapping
    first = next(iter(mapping.tables))
    used = {
        split_reference(reference, mapping.tables, first): name
        for name, rule in mapping.fields.items()
        for reference in references_of(rule)
    }
    for name, table in mapping.tables.items():
        used |= {(name, real): f"{name}.{new}" for real, new in melted_into(table).items()}
    for reference in mapping.ignore:
        place = split_reference(reference, mapping.tables, first)
        if place in used:
            what = f"{reference!r} is ignored, but {used[place]} is made from it"
            yield Mistake(loaded.where("ignore", reference), what, "take it out of ignore")


def check_corrections(loaded: LoadedMapping) -> Iterator[Mistake]:
    """Corrections of nothing, of nobody, or in no table."""
    mapping = loaded.mapping
    for number, correction in enumerate(mapping.corrections):
        path = ("corrections", number)
        tables = loaded.written("tables")
        if correction.table is not None and correction.table not in tables:
            fix = did_you_mean(correction.table, tables)
            what = f"there is no table {correction.table!r}"
            yield Mistake(loaded.at(*path, "table"), what, fix)
        table = mapping.tables.get(correction.table or next(iter(mapping.tables)))
        sources = (table.melt or {}).get(correction.column) if table is not None else None
        if sources is not None:
            what = f"{correction.column!r} is made by `melt`, and does not stand in the file"
            fix = f"name the column of the file: one of {', '.join(sources)}"
            yield Mistake(loaded.at(*path, "column"), what, fix)
        if (correction.patient is None) == (correction.row is None):
            what = "a correction names either a patient or a row"
            yield Mistake(loaded.where(*path), what, "write one of `patient:` and `row:`")
        if correction.was == correction.now:
            what = "was and now are the same, so nothing is corrected"
            fix = "write what `now` should be, or take the correction out"
            yield Mistake(loaded.at(*path, "now"), what, fix)


def _example(
    loaded: LoadedMapping, schema: CohortSchema, number: int, example: Example
) -> Iterator[Mistake]:
    tables = loaded.written("tables")
    for table in example.given:
        if table not in tables:
            where = loaded.where("examples", number, "given", table)
            fix = did_you_mean(table, tables)
            yield Mistake(where, f"there is no table {table!r}", fix)
    for name in example.expect:
        if name not in schema.fields:
            where = loaded.where("examples", number, "expect", name)
            near = find_field(name, schema)
            fix = f"did you mean {near!r}?" if near else "`onecohort fields` lists them"
            yield Mistake(where, f"the cohort has no field {name!r}", fix)


def check_given(loaded: LoadedMapping) -> Iterator[Mistake]:
    """Columns that an example gives and nothing in the mapping speaks of."""
    tables = loaded.mapping.tables
    first = next(iter(tables))
    spoken = {
        (str(path[1]), reference)
        if path[0] == "tables"
        else split_reference(reference, tables, first)
        for path, reference in named_columns(loaded)
    }
    for number, example in enumerate(loaded.mapping.examples):
        for table, rows in example.given.items():
            known = [column for home, column in spoken if home == table]
            listed = [(None, rows)] if isinstance(rows, dict) else list(enumerate(rows))
            for row, cells in listed:
                path = ("examples", number, "given", table, *(() if row is None else (row,)))
                for column in cells:
                    if column not in known:
                        what = f"the mapping says nothing of a column {column!r} of {table}"
                        fix = did_you_mean(column, sorted(known))
                        yield Mistake(loaded.where(*path, column), what, fix)
