"""A center's delivery: the files that its mapping names, opened as tables, with their hashes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from onecohort.errors import ExportError
from onecohort.exports import Layout, Table, open_table, resolve_files, sha256_file
from onecohort.mapping.language import TableRule
from onecohort.mapping.load import LoadedMapping


@dataclass(frozen=True)
class Input:
    """One export that a table is read from.

    beside    names and hashes of the files that are read along with it, such as a data dictionary
    """

    table: str
    path: Path
    export: str
    sha256: str
    bytes: int
    beside: tuple[tuple[str, str], ...] = ()


def find_inputs(loaded: LoadedMapping, root: Path) -> list[Input]:
    """The export behind each table: the last match of its pattern, which is the newest delivery.

    Raises ExportError for a pattern without a match, or that leaves the exports' folder.
    """
    found = []
    for name, rule in loaded.mapping.tables.items():
        if rule.files is None:  # a database behind a connection: its rows have no file to hash
            continue
        path = resolve_files(root, rule.files)[-1]
        export = path.relative_to(root).as_posix()
        try:
            beside = _files_beside(rule, path, root)
            found.append(Input(name, path, export, sha256_file(path), path.stat().st_size, beside))
        except OSError as error:
            raise ExportError(export, f"cannot be read: {error.strerror}") from None
    return found


def _files_beside(rule: TableRule, path: Path, root: Path) -> tuple[tuple[str, str], ...]:
    """A dictionary that is not there, or outside the exports, is for its reader to refuse."""
    if rule.dictionary is None:
        return ()
    dictionary = (path.parent / rule.dictionary).resolve()
    if not dictionary.is_file() or not dictionary.is_relative_to(root.resolve()):
        return ()
    return ((dictionary.relative_to(root.resolve()).as_posix(), sha256_file(dictionary)),)


def open_tables(loaded: LoadedMapping, inputs: list[Input], root: Path) -> dict[str, Table]:
    """Open every table of a mapping; raises ExportError where one cannot be read."""
    tables: dict[str, Table] = {}
    for name, rule in loaded.mapping.tables.items():
        path = next((item.path for item in inputs if item.table == name), root)
        tables[name] = open_table(path, root=root, layout=layout_of(rule))
    return tables


def layout_of(rule: TableRule) -> Layout:
    """What a mapping declares of a table's layout, as readers want it."""
    delimiter: Mapping[str, str] = {"tab": "\t"}
    return Layout(
        format=rule.format,
        sheet=rule.sheet,
        header_row=rule.header_row,
        header_rows=rule.header_rows,
        columns=rule.columns,
        encoding=rule.encoding,
        delimiter=delimiter.get(rule.delimiter or "", rule.delimiter),
        quote=rule.quote,
        comment=rule.comment,
        widths=rule.widths,
        merged=rule.merged,
        values=rule.cells,
        query=rule.query,
        connection=rule.connection,
        password=rule.password,
        instrument=rule.instrument,
        event=rule.event,
        dictionary=Path(rule.dictionary) if rule.dictionary else None,
        record_lines=rule.record_lines,
    )
