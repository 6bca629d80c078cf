"""Delimited text: csv, tsv, txt and their kin, whatever the sign between the fields.

Encoding, delimiter and quote are taken from the mapping, else detected and stated in the facts.
A row that has not as many fields as the header is a fault with its raw text, never shifted.
"""

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from onecohort.errors import ExportError
from onecohort.exports import sniff
from onecohort.exports.csv_records import (
    WHITESPACE,
    Dialect,
    Record,
    read_records,
    record_batches,
    widths_below,
)
from onecohort.exports.csv_stream import Stream, repeating_columns, stream_batches
from onecohort.exports.headers import (
    Header,
    declared_columns,
    likely_header_row,
    name_columns,
    require_header,
)
from onecohort.exports.summary import TableSummary
from onecohort.exports.swallowed_rows import without_swallowed
from onecohort.exports.table import ROWS_PER_BATCH, Batch, Layout
from onecohort.exports.trailing import without_trailing_blanks

_LOOKED_AT = 4000  # data rows that decide on dictionaries and on a missing name of the first column
_MANY = (
    20  # rows of which not one fits the header: then it is the layout that is wrong, not the rows
)
_SIGNS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "blank": " "}


@dataclass(frozen=True)
class DelimitedTable:
    """One delimited text, opened and understood; its rows are read anew by every `batches`."""

    export: str
    columns: tuple[str, ...]
    facts: Mapping[str, object]
    path: Path = field(repr=False)
    dialect: Dialect
    stream: Stream = field(repr=False)
    quotes_guessed: bool = False  # there are quotes, and the mapping does not say what they mean
    sheet: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    value_labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    user_missing: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def batches(
        self, columns: Sequence[str] | None = None, *, rows: int = ROWS_PER_BATCH
    ) -> Iterator[Batch]:
        """Rows from the first again, blank ones in the middle kept, trailing ones dropped."""
        if self.dialect.is_plain:
            batches = stream_batches(
                self.path, self.dialect, self.stream, where=self.export, wanted=columns, rows=rows
            )
        else:
            records = read_records(self.path, self.dialect, where=self.export)
            below = (one for one in records if one.row >= self.stream.first_row)
            batches = record_batches(below, self.columns, wanted=columns, rows=rows)
        if self.quotes_guessed and columns is None:  # of some columns nobody could tell
            batches = without_swallowed(batches, self.dialect.delimiter)
        return without_trailing_blanks(batches)


def open_csv(path: Path, export: str, layout: Layout) -> DelimitedTable:
    """Open and check a delimited text.

    Raises ExportError for an empty file, bytes outside the encoding, NUL bytes, a blank header, an
    unclosed quote, and declared columns that no row has.
    """
    contents = sniff.scan(path)
    encoding = layout.encoding or sniff.detect_encoding(path, contents, where=export)
    encoding = _with_mark(path, encoding)
    sniff.check_text(path, contents, encoding, where=export)
    dialect, facts = _dialect(path, encoding, layout, where=export)
    header, header_facts, below, first_row, lines_before = _header(
        path, dialect, layout, where=export
    )
    _check_last_quote(path, dialect, contents, where=export)
    width = len(header.columns)
    even = [record.fields for record in below if len(record.fields) == width]
    stream = Stream(
        header.columns,
        lines_before,
        first_row,
        repeating_columns(even, header.columns, batch=ROWS_PER_BATCH),
    )
    facts |= header_facts | header.facts()
    guessed = layout.quote is None and (contents.quotes > 0 or dialect.quote != '"')
    return DelimitedTable(export, header.columns, facts, path, dialect, stream, guessed)


def list_csv(path: Path, export: str) -> list[TableSummary]:
    """The one table of a delimited text, its header row looked for."""
    contents = sniff.scan(path)
    encoding = _with_mark(path, sniff.detect_encoding(path, contents, where=export))
    sniff.check_text(path, contents, encoding, where=export)
    sample = sniff.sample_text(path, encoding)
    quote = sniff.detect_quote(sample)
    tallest = max(len(sample.splitlines()) // 2, 1)
    delimiter = sniff.detect_delimiter(
        sample, quote=quote, header_row=min(tallest, 30), fields=None
    )
    records = read_records(path, Dialect(encoding, delimiter, quote), where=export)
    header_row = likely_header_row([record.fields for record in islice(records, 30)])
    layout = Layout(header_row=header_row, delimiter=delimiter)
    table = open_csv(path, export, layout)
    return [TableSummary(export, None, layout, table.columns, table.facts)]


def _with_mark(path: Path, encoding: str) -> str:
    """A declared utf-8 or utf-16 whose file begins with its mark, so that the mark is no text."""
    marked = sniff.byte_order_mark(path)
    same = encoding.lower().replace("_", "-")
    return marked if marked is not None and marked.startswith(same[:6]) else encoding


def _dialect(
    path: Path, encoding: str, layout: Layout, *, where: str
) -> tuple[Dialect, dict[str, object]]:
    sample = sniff.sample_text(path, encoding)
    quote = sniff.detect_quote(sample) if layout.quote is None else layout.quote
    if len(quote) > 1:
        raise ExportError(where, f"quote: {quote!r} is not one sign", "write one sign, or ''")
    delimiter = layout.delimiter
    if delimiter is None:
        below = sample
        if layout.comment:
            kept = [s for s in sample.splitlines(keepends=True) if not s.startswith(layout.comment)]
            below = "".join(kept)
        delimiter = sniff.detect_delimiter(
            below,
            quote=quote or '"',
            header_row=1 if layout.comment else layout.header_row or 1,
            fields=None if layout.columns is None or layout.record_lines else len(layout.columns),
        )
    delimiter = _SIGNS.get(delimiter, delimiter)
    if delimiter != WHITESPACE and len(delimiter) != 1:
        raise ExportError(
            where, f"delimiter: {delimiter!r} is not one sign", "write one sign, tab or whitespace"
        )
    facts: dict[str, object] = {
        "format": "delimited text",
        "encoding": encoding,
        "encoding_from": "declared" if layout.encoding else "detected",
        "delimiter": delimiter,
        "delimiter_from": "declared" if layout.delimiter else "detected",
        "quote": quote,
    }
    return Dialect(encoding, delimiter, quote, layout.comment, layout.record_lines or 1), facts


def _header(
    path: Path, dialect: Dialect, layout: Layout, *, where: str
) -> tuple[Header, dict[str, object], list[Record], int, int]:
    """Names, facts, the first data records, the row number of the first, the lines above it."""
    records = read_records(path, dialect, where=where)
    if layout.columns is not None:
        header = declared_columns(layout.columns, where=where)
        start = layout.header_row or 1
        above = list(islice(records, start - 1)) if start > 1 else []
        below = list(islice(records, _LOOKED_AT))
        _check_declared(below, header, where=where)
        return header, {"names": "declared"}, below, start, above[-1].lines if above else 0
    first = layout.header_row or 1
    last = first + layout.header_rows - 1
    above = []
    for record in records:
        above.append(record)
        if record.row >= last:
            break
    rows = [record.fields for record in above if first <= record.row <= last]
    if dialect.comment is not None and layout.header_row is None and above:
        rows, last = [above[-1].fields], above[-1].row  # the first row that is no comment
    if not rows:
        raise ExportError(
            where,
            f"ends in row {above[-1].row if above else 0}, before the header row {first}",
            "correct header_row",
        )
    looked = list(islice(records, _LOOKED_AT))
    texts = [record.fields for record in [*above, *looked]]
    require_header(rows[-1], last, texts, where)
    names, facts = _name_the_unnamed(rows, looked, dialect, where=where)
    facts |= {"header_row": last - len(rows) + 1}
    return name_columns(names), facts, looked, last + 1, above[-1].lines


def _name_the_unnamed(
    rows: list[list[str]], below: Sequence[Record], dialect: Dialect, *, where: str
) -> tuple[list[list[str]], dict[str, object]]:
    """Add the missing name where all rows have one field more than the header.

    Some programs end every data row but not the header with a delimiter: then the last field is
    always blank. R's write.table leaves the row names unnamed: then it is the first, which is
    believed between blanks only. Between commas the cause may as well be a decimal comma, and to
    guess would shift every row: raises ExportError. A single name is more likely a title.
    """
    width = max(len(row) for row in rows)
    widths = widths_below(below)
    if set(widths) != {width + 1} or width < 2:
        _check_some_fit(widths, width, where=where)
        return rows, {}
    filled = [record.fields for record in below if record.fields]
    padded = [[*row, *[""] * (width - len(row))] for row in rows]
    if all(not fields[-1] for fields in filled):
        return [[*row, ""] for row in padded], {"unnamed_field": "last, always blank"}
    if dialect.delimiter == WHITESPACE:
        return [["", *row] for row in padded], {"unnamed_field": "first"}
    raise ExportError(
        where,
        f"has {width} names in its header and {width + 1} fields in every row",
        "if the first column has no name, declare columns: with all names and header_row: 2 for the "
        "first data; if a decimal comma is cut in two, export with another delimiter",
    )


def _check_some_fit(widths: Counter[int], width: int, *, where: str) -> None:
    """Raise ExportError where not one of many rows is as wide as the header."""
    if width in widths or widths.total() < _MANY:
        return
    common = widths.most_common(1)[0][0]
    raise ExportError(
        where,
        f"has {width} names in its header, but no row has {width} fields (most have {common})",
        "declare the right delimiter:, quote: or header_row:",
    )


def _check_declared(below: Sequence[Record], header: Header, *, where: str) -> None:
    widths = widths_below(below)
    width = len(header.columns)
    if widths and width not in widths:
        common = widths.most_common(1)[0][0]
        raise ExportError(
            where,
            f"columns: names {width} columns, the rows have {common} fields",
            "name every column, in order",
        )


def _check_last_quote(
    path: Path, dialect: Dialect, contents: sniff.Contents, *, where: str
) -> None:
    """Raise ExportError if the last record is a quote that never closes and swallowed the rest."""
    if dialect.quote != '"' or contents.quotes % 2 == 0 or dialect.delimiter == WHITESPACE:
        return
    tail = deque(read_records(path, dialect, where=where), maxlen=1)
    last = tail[0] if tail else None
    if last is not None and "\n" in last.raw and _open_at_end(last.raw, dialect):
        raise ExportError(
            f"{where} row {last.row}",
            "opens a quote that never closes: all the text after it would be one cell",
            "close the quote at the source, or declare quote: '' if quotes mean themselves",
        )


def _open_at_end(raw: str, dialect: Dialect) -> bool:
    """Whether a record ends inside quotes: a quote opens only at the start of a field."""
    inside, at_start = False, True
    for sign in raw:
        if sign == dialect.quote and (inside or at_start):
            inside = not inside
            at_start = False
        else:
            at_start = not inside and sign == dialect.delimiter
    return inside
