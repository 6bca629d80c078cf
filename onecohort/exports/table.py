"""What a reader hands on: a table of texts with the row numbers that a person would see.

A reader opens and checks on construction, then yields batches. It never interprets: a number, a date,
a code is the text that a person sees in that file. What it cannot hand on faithfully (a ragged row,
an error cell) it hands on as a `Fault`, never as shifted or missing data.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pyarrow as pa

ROWS_PER_BATCH = (
    131_072  # a dictionary per column and batch still pays, 12 columns stay under 20 MB
)
EVERYTHING = 1 << 62  # rows of a batch that is the whole table


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How an export is laid out, as far as its mapping declares it; None means: detect and state.

    format         a key of the registry, where the suffix lies
    sheet          sheet of a workbook, object of an R file, table of a database
    header_row     the row (1-based, as a person counts) of the column names; default 1
    header_rows    how many header rows are joined, from `header_row` on, by " "
    columns        names for a file that has no header row (then every row is data)
    encoding, delimiter, quote, comment   of a delimited text
    widths         of a fixed-width text, in characters; `delimiter: whitespace` splits at blanks
    merged         "first" (only the first cell of a merged range has its text) or "fill"
    values         "codes" or "labels": which of the two a statistical file's cells show
    query          SQL, for a database; `connection` names the environment variable with its URL
    password       name of the environment variable that holds a workbook's password
    instrument     of a REDCap project: the rows of this repeating instrument ("" the base rows)
    event          of a longitudinal REDCap project: the rows of this event
    dictionary     file beside the export that holds a REDCap data dictionary (labels, choices)
    record_lines   records wrapped over this many lines
    """

    format: str | None = None
    sheet: str | None = None
    header_row: int | None = None
    header_rows: int = 1
    columns: tuple[str, ...] | None = None
    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    comment: str | None = None
    widths: tuple[int, ...] | None = None
    merged: str = "first"
    values: str = "codes"
    query: str | None = None
    connection: str | None = None
    password: str | None = None
    instrument: str | None = None
    event: str | None = None
    dictionary: Path | None = None
    record_lines: int | None = None


@dataclass(frozen=True)
class Fault:
    """Something a reader could not hand on faithfully.

    A fault with `column` is about one cell, whose text in the batch is not to be used. A fault
    without is about a whole row that is *not* in the batch (`raw` holds its text): it is delivered,
    and quarantined.
    """

    row: int
    column: str | None
    raw: str
    check: str  # "row.ragged", "cell.error", …
    message: str
    hint: str = ""


@dataclass(frozen=True)
class Batch:
    """Some consecutive rows of a table.

    rows    (n,) int64, the row numbers that a person would see in that file
    cells   n rows; each column is string, large_string or a dictionary of them; a blank cell is
            null or an empty text, and both mean the same
    """

    rows: pa.Array
    cells: pa.RecordBatch
    faults: tuple[Fault, ...] = ()


class Table(Protocol):
    """One table of an export: a sheet, a file, a query."""

    @property
    def export(self) -> str:
        """Path below the exports' folder, with forward slashes."""
        ...

    @property
    def sheet(self) -> str | None:
        """Sheet, object or database table; None where the file is the table."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """Names as shown; a repeated name gets " (2)", an empty one is "column 7"."""
        ...

    @property
    def labels(self) -> Mapping[str, str]:
        """Variable labels."""
        ...

    @property
    def value_labels(self) -> Mapping[str, Mapping[str, str]]:
        """Per column: text of the code -> its label."""
        ...

    @property
    def user_missing(self) -> Mapping[str, frozenset[str]]:
        """Per column: texts that the file declares missing."""
        ...

    @property
    def facts(self) -> Mapping[str, object]:
        """What was detected or noticed (JSON values), for the manifest."""
        ...

    def batches(
        self, columns: Sequence[str] | None = None, *, rows: int = ROWS_PER_BATCH
    ) -> Iterator[Batch]:
        """Read on from the first row again; `columns` narrows what is read."""
        ...


@dataclass(frozen=True)
class MemoryTable:
    """A table that a reader already holds whole; what most formats give."""

    export: str
    sheet: str | None
    rows: pa.Array
    cells: pa.RecordBatch
    faults: tuple[Fault, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    value_labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    user_missing: Mapping[str, frozenset[str]] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, as shown."""
        return tuple(self.cells.schema.names)

    def batches(
        self, columns: Sequence[str] | None = None, *, rows: int = ROWS_PER_BATCH
    ) -> Iterator[Batch]:
        """Slices of `rows` rows; a fault comes with the slice in which its row lies, or would lie."""
        cells = self.cells if columns is None else self.cells.select(list(columns))
        waiting = sorted(self.faults, key=lambda fault: fault.row)
        for start in range(0, max(len(self.rows), 1), rows):
            part = self.rows.slice(start, rows)
            is_last = start + rows >= len(self.rows)
            due = [one for one in waiting if is_last or one.row <= part[len(part) - 1].as_py()]
            waiting = waiting[len(due) :]
            yield Batch(part, cells.slice(start, rows), tuple(due))


def whole_table(table: Table) -> Batch:
    """A table as one batch."""
    batches = list(table.batches(rows=EVERYTHING))
    if len(batches) == 1:
        return batches[0]
    names = list(batches[0].cells.schema.names if batches else table.columns)
    if not batches:  # a header and nothing below it
        nothing = [pa.array([], pa.string()) for _ in names]
        return Batch(pa.array([], pa.int64()), pa.RecordBatch.from_arrays(nothing, names=names))
    arrays = [
        pa.concat_arrays([batch.cells.column(name).cast(pa.string()) for batch in batches])
        for name in names
    ]
    cells = pa.RecordBatch.from_arrays(arrays, names=names)
    rows = pa.concat_arrays([batch.rows.cast(pa.int64()) for batch in batches])
    return Batch(rows, cells, tuple(fault for batch in batches for fault in batch.faults))
