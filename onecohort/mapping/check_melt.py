"""`melt` without its export: lists that do not fit, and names that no longer mean what they say."""

from collections.abc import Collection, Iterator

from onecohort.errors import Mistake
from onecohort.mapping.load import LoadedMapping
from onecohort.mapping.melted import Melt, melted_into
from onecohort.mapping.named import named_columns, place_of
from onecohort.mapping.references import JOINED, split_reference
from onecohort.mapping.source import NodePath


def check_melt(loaded: LoadedMapping, name: str) -> Iterator[Mistake]:
    """The mistakes of one table's `melt`."""
    table = loaded.mapping.tables[name]
    path = ("tables", name, "melt")
    if table.melt is None:
        return
    if table.rows == "one" and ("tables", name, "rows") not in loaded.faulty:
        what = f"`melt` makes several rows of one, and {name!r} has one row per patient"
        yield Mistake(loaded.where(*path), what, "write `rows: many` for the table")
    lengths = {new: len(sources) for new, sources in table.melt.items()}
    unlike = [new for new in lengths if lengths[new] != next(iter(lengths.values()))]
    if unlike:
        said = ", ".join(f"{new} {count}" for new, count in lengths.items())
        what = f"the lists of `melt` differ in length ({said}), so their rows cannot be told"
        fix = "name as many columns for each; the n-th of each stand in one row"
        yield Mistake(loaded.at(*path, unlike[0]), what, fix)
    yield from _names(loaded, path, table.melt, table.key)
    yield from check_reading(loaded, ("tables", name))


def _names(
    loaded: LoadedMapping, path: NodePath, melt: Melt, keys: Collection[str]
) -> Iterator[Mistake]:
    """New columns that are there already, and columns of the file in two places."""
    seen: dict[str, str] = {}
    for new, sources in melt.items():
        if new in keys or new in sources:
            what = f"{new!r} is a column of the file already"
            yield Mistake(loaded.where(*path, new), what, "call the new column otherwise")
        for number, column in enumerate(sources):
            where = loaded.at(*path, new, number)
            if column in keys:
                what = f"{column!r} is the key: it stands in every row as it is"
                yield Mistake(where, what, "take it out of `melt`")
            elif column in seen:
                what = f"{column!r} stands in `melt` a second time (first for {seen[column]})"
                yield Mistake(where, what, "name each column once")
            seen.setdefault(column, new)


def check_reading(loaded: LoadedMapping, block: NodePath) -> Iterator[Mistake]:
    """Columns that a table or a field reads, and that are no more once they are melted."""
    tables = loaded.mapping.tables
    first = next(iter(tables))
    for path, reference in named_columns(loaded):
        if path[: len(block)] != block or path[2:3] in (("melt",), ("key",)):
            continue
        home, column = split_reference(reference, tables, first)
        if path[0] == "tables":
            home, column = str(path[1]), reference
        new = melted_into(tables[home]).get(column)
        if new is not None:
            prefix = "" if home == first or path[0] == "tables" else f"{home}{JOINED}"
            what = f"{column!r} of {home} is melted into {new!r}"
            yield Mistake(place_of(loaded, path), what, f"read `{prefix}{new}` instead")
