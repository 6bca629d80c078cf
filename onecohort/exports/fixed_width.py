"""Fixed-width text: `widths` says how many characters each field takes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from onecohort.errors import ExportError
from onecohort.exports import sniff
from onecohort.exports.csv_records import Dialect
from onecohort.exports.csv_stream import Stream, stream_batches
from onecohort.exports.headers import declared_columns, name_columns
from onecohort.exports.summary import TableSummary
from onecohort.exports.table import ROWS_PER_BATCH, Batch, Fault, Layout
from onecohort.exports.trailing import without_trailing_blanks

_NEVER = "\x1f"  # the unit separator: lines are read whole because no text holds it
_LINE = "line"


@dataclass(frozen=True)
class FixedWidthTable:
    """One fixed-width text; the row is the line."""

    export: str
    columns: tuple[str, ...]
    facts: Mapping[str, object]
    path: Path = field(repr=False)
    encoding: str
    widths: tuple[int, ...]
    lines_before: int
    sheet: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    value_labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    user_missing: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def batches(
        self, columns: Sequence[str] | None = None, *, rows: int = ROWS_PER_BATCH
    ) -> Iterator[Batch]:
        """Rows from the first again; outer blanks of a field are cut off."""
        names = list(self.columns if columns is None else columns)
        return without_trailing_blanks(self._split(names, rows))

    def _split(self, names: Sequence[str], rows: int) -> Iterator[Batch]:
        ends = list(accumulate(self.widths))
        spans = dict(zip(self.columns, zip([0, *ends], ends, strict=False), strict=True))
        stream = Stream((_LINE,), self.lines_before, self.lines_before + 1, frozenset())
        dialect = Dialect(self.encoding, _NEVER, "")
        lines = stream_batches(
            self.path, dialect, stream, where=self.export, wanted=None, rows=rows
        )
        for batch in lines:
            texts = batch.cells.column(0)
            beyond = pc.utf8_trim_whitespace(pc.utf8_slice_codeunits(texts, ends[-1]))
            long = pc.not_equal(beyond, "")
            faults = tuple(
                _too_long(row, text, ends[-1])
                for row, text in zip(
                    batch.rows.filter(long).to_pylist(), texts.filter(long).to_pylist(), strict=True
                )
            )
            whole = pc.invert(long)
            texts = texts.filter(whole)
            arrays = [
                pc.utf8_trim_whitespace(pc.utf8_slice_codeunits(texts, *spans[name]))
                for name in names
            ]
            cells = pa.RecordBatch.from_arrays(arrays, names=list(names))
            yield Batch(batch.rows.filter(whole), cells, (*batch.faults, *faults))


def open_fixed_width(path: Path, export: str, layout: Layout) -> FixedWidthTable:
    """Open a fixed-width text.

    Raises ExportError without `widths`, for a file that is empty or in another encoding, and where
    names and widths differ in number.
    """
    if not layout.widths or min(layout.widths) < 1:
        raise ExportError(export, "widths: says no width", "write the characters of each field")
    contents = sniff.scan(path)
    encoding = layout.encoding or sniff.detect_encoding(path, contents, where=export)
    sniff.check_text(path, contents, encoding, where=export)
    before = 0
    if layout.columns is not None:
        header = declared_columns(layout.columns, where=export)
    else:
        before = (layout.header_row or 1) + layout.header_rows - 1
        header = name_columns(_header_rows(path, export, encoding, layout, before))
    if len(header.columns) != len(layout.widths):
        raise ExportError(
            export,
            f"widths: {len(layout.widths)} widths for {len(header.columns)} columns",
            "write one width per column",
        )
    facts: dict[str, object] = {
        "format": "fixed-width text",
        "encoding": encoding,
        "encoding_from": "declared" if layout.encoding else "detected",
    }
    return FixedWidthTable(
        export, header.columns, facts | header.facts(), path, encoding, layout.widths, before
    )


def list_fixed_width(path: Path, export: str) -> list[TableSummary]:
    """Nothing can be listed before the widths are declared."""
    raise ExportError(export, "is fixed-width text", "declare widths: and columns:")


def _header_rows(
    path: Path, export: str, encoding: str, layout: Layout, before: int
) -> list[list[str]]:
    widths = layout.widths or ()
    ends = list(accumulate(widths))
    with path.open(encoding=encoding, newline=None) as stream:
        lines = [line.rstrip("\n") for line in islice(stream, before)]
    if len(lines) < before:
        raise ExportError(export, f"ends in row {len(lines)}, before the header row {before}")
    return [
        [line[start:end].strip() for start, end in zip([0, *ends], ends, strict=False)]
        for line in lines[before - layout.header_rows :]
    ]


def _too_long(row: int, raw: str, width: int) -> Fault:
    return Fault(
        row,
        None,
        raw,
        "row.ragged",
        f"has {len(raw.rstrip())} characters where the widths make {width}",
        "correct widths:, or the line at the source",
    )
