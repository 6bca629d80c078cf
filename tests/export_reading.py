"""How the tests of the readers write a file, open it and look at all of it."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from onecohort.exports import Fault, Layout, Table, open_table


@dataclass(frozen=True)
class Seen:
    """All that a table hands on: texts (a blank cell is ""), row numbers and faults."""

    columns: tuple[str, ...]
    rows: list[int]
    cells: list[tuple[str, ...]]
    faults: list[Fault]


def see(table: Table, **options: object) -> Seen:
    """Read a table through its batches."""
    rows: list[int] = []
    cells: list[tuple[str, ...]] = []
    faults: list[Fault] = []
    columns = table.columns
    for batch in table.batches(**options):  # type: ignore[arg-type]
        columns = tuple(batch.cells.schema.names)
        assert batch.rows.type == pa.int64()
        assert len(batch.rows) == batch.cells.num_rows
        rows += batch.rows.to_pylist()
        texts = [[text or "" for text in column.to_pylist()] for column in batch.cells.columns]
        cells += list(zip(*texts, strict=True)) if texts else []
        faults += batch.faults
    return Seen(columns, rows, cells, faults)


def read(path: Path, **layout: object) -> Seen:
    """Open a file below its own folder and read all of it."""
    return see(opened(path, **layout))


def opened(path: Path, **layout: object) -> Table:
    """Open a file below its own folder."""
    return open_table(path, root=path.parent, layout=Layout(**layout))  # type: ignore[arg-type]


def written(folder: Path, name: str, content: str | bytes) -> Path:
    """A file of this content."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path
