"""Every place of a mapping that names a column of an export."""

from collections.abc import Iterator

from onecohort.mapping.load import LoadedMapping
from onecohort.mapping.references import split_reference
from onecohort.mapping.source import NodePath

Named = tuple[NodePath, str]  # a place and the reference as written there


def named_columns(loaded: LoadedMapping) -> Iterator[Named]:
    """Every place that names a column which the export should have, not one that `melt` makes."""
    mapping = loaded.mapping
    first = next(iter(mapping.tables))
    for name, table in mapping.tables.items():
        melt = table.melt or {}
        for new, sources in melt.items():
            for number, column in enumerate(sources):
                yield ("tables", name, "melt", new, number), column
        yield from (each for each in _in_table(loaded, name) if each[1] not in melt)
    for path, reference in _in_fields(loaded):
        home, column = split_reference(reference, mapping.tables, first)
        if column not in (mapping.tables[home].melt or {}):
            yield path, reference
    for reference in mapping.ignore:
        yield ("ignore", reference), reference
    for number, correction in enumerate(mapping.corrections):
        table_name = correction.table or first
        if table_name not in mapping.tables:
            continue
        prefix = "" if table_name == first else f"{table_name}."
        yield ("corrections", number, "column"), prefix + correction.column


def place_of(loaded: LoadedMapping, path: NodePath) -> str:
    """The place of a column's name: a key under `when` and `where`, else a value."""
    keyed = len(path) > 2 and path[-2] in ("when", "where")
    return loaded.where(*path) if keyed else loaded.at(*path)


def _in_table(loaded: LoadedMapping, name: str) -> Iterator[Named]:
    table = loaded.mapping.tables[name]
    for column in table.key:
        yield ("tables", name, "key"), column
    for column in table.where or ():
        yield ("tables", name, "where", column), column
    for number, leave_out in enumerate(table.leave_out):
        for column in leave_out.when:
            yield ("tables", name, "leave_out", number, "when", column), column
    if not isinstance(table.repeated, str):
        yield ("tables", name, "repeated", "latest"), table.repeated.latest


def _in_fields(loaded: LoadedMapping) -> Iterator[Named]:
    for name, rule in loaded.mapping.fields.items():
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
        whens = [("cases", number, case.when) for number, case in enumerate(rule.cases or ())]
        whens += [("unit_when", n, case.when) for n, case in enumerate(rule.unit_when or ())]
        for key, number, when in whens:
            for column in when:
                yield ("fields", name, key, number, "when", column), column
