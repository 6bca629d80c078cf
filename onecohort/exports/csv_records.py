"""Records of a delimited text, one by one: for its first rows, and for what only Python can split.

Plain files stream through Arrow (`csv_stream`); this road is for comment lines, runs of blanks,
records wrapped over several lines and delimiters that are no ASCII sign.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from onecohort.errors import ExportError
from onecohort.exports import sniff
from onecohort.exports.table import Batch, Fault

WHITESPACE = "whitespace"


@dataclass(frozen=True)
class Dialect:
    """How a text splits into records and these into fields.

    delimiter     one sign, or "whitespace" for runs of blanks
    quote         one sign, or "" where quotes mean themselves
    comment       lines that begin with it are no records
    record_lines  physical lines that make one record
    """

    encoding: str
    delimiter: str
    quote: str
    comment: str | None = None
    record_lines: int = 1

    @property
    def is_plain(self) -> bool:
        """Whether Arrow's reader understands it."""
        return (
            len(self.delimiter) == 1
            and self.delimiter.isascii()
            and self.quote.isascii()
            and self.comment is None
            and self.record_lines == 1
        )


class Record(NamedTuple):
    """One record: its number as a spreadsheet counts (blank and comment lines too), its text."""

    row: int
    fields: list[str]
    raw: str
    lines: int  # physical lines read so far, this record's included


def read_records(path: Path, dialect: Dialect, *, where: str) -> Iterator[Record]:
    """Every record, blank ones with no fields; comment lines count but do not come.

    Raises ExportError for undecodable bytes and for a field without end (an unclosed quote).
    """
    if dialect.record_lines > 1:
        yield from _wrapped(path, dialect, where=where)
        return
    lines = _Lines(path, dialect.encoding, dialect.comment)
    row = 0
    fields: list[str] | None
    reader = None
    if dialect.delimiter != WHITESPACE:
        reader = csv.reader(
            lines,
            delimiter=dialect.delimiter,
            quotechar=dialect.quote or None,
            quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
        )
    try:
        while True:
            lines.begin_record()
            if reader is not None:
                fields = next(reader, None)
            else:
                line = next(lines, None)
                fields = None if line is None else sniff.split_blanks(line)
            row += lines.comments_skipped
            if fields is None:
                return
            row += 1
            yield Record(row, fields, "".join(lines.pulled).rstrip("\r\n"), lines.count)
    except UnicodeError:
        raise sniff.undecodable(path, dialect.encoding, where=where) from None
    except csv.Error as error:
        raise ExportError(
            f"{where} row {row + 1}",
            f"cannot be split ({error})",
            "look for a quote without its pair",
        ) from None
    finally:
        lines.close()


class _Lines:
    """Lines of a file for `csv.reader`, remembering those that make up the record under way."""

    def __init__(self, path: Path, encoding: str, comment: str | None) -> None:
        self._stream = path.open(encoding=encoding, newline="")
        self._comment = comment
        self._at_start = True
        self.count = 0
        self.pulled: list[str] = []
        self.comments_skipped = 0

    def begin_record(self) -> None:
        self._at_start = True
        self.pulled = []
        self.comments_skipped = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._stream)
        self.count += 1
        while self._comment and self._at_start and line.startswith(self._comment):
            self.comments_skipped += 1
            line = next(self._stream)
            self.count += 1
        self._at_start = False
        self.pulled.append(line)
        return line

    def close(self) -> None:
        self._stream.close()


def _wrapped(path: Path, dialect: Dialect, *, where: str) -> Iterator[Record]:
    """Groups of `record_lines` lines; a group whose lines break elsewhere than the first's is ragged.

    The fields of such a group come with one blank too many, so that its number of fields is wrong.
    """
    single = Dialect(dialect.encoding, dialect.delimiter, dialect.quote, dialect.comment)
    lines = (record for record in read_records(path, single, where=where) if record.fields)
    pattern: list[int] | None = None
    while group := list(islice(lines, dialect.record_lines)):
        breaks = [len(record.fields) for record in group]
        pattern = pattern or breaks
        fields = [cell for record in group for cell in record.fields]
        if breaks != pattern and len(fields) == sum(pattern):
            fields.append("")
        raw = "\n".join(record.raw for record in group)
        yield Record(group[0].row, fields, raw, group[-1].lines)


def record_batches(
    records: Iterator[Record], names: Sequence[str], *, wanted: Sequence[str] | None, rows: int
) -> Iterator[Batch]:
    """Batches of the records' fields; a record with more or fewer fields than names is a fault."""
    chosen = list(names) if wanted is None else list(wanted)
    places = [names.index(name) for name in chosen]
    width = len(names)
    while block := list(islice(records, rows)):
        good = [record for record in block if len(record.fields) in (0, width)]
        faults = tuple(
            ragged(record.row, len(record.fields), width, record.raw)
            for record in block
            if len(record.fields) not in (0, width)
        )
        blank = [""] * width
        columns = list(zip(*[record.fields or blank for record in good], strict=True))
        arrays = [pa.array(columns[place] if columns else [], pa.string()) for place in places]
        yield Batch(
            pa.array(np.fromiter((record.row for record in good), np.int64, len(good))),
            pa.RecordBatch.from_arrays(arrays, names=chosen),
            faults,
        )


def ragged(row: int, found: int, expected: int, raw: str) -> Fault:
    """The fault of a record that has not as many fields as the table has columns."""
    return Fault(
        row,
        None,
        raw,
        "row.ragged",
        f"has {found} {'field' if found == 1 else 'fields'} where the header has {expected}",
        "correct it at the source: a text that holds the delimiter must stand in quotes",
    )


def widths_below(records: Sequence[Record]) -> Counter[int]:
    """How many of the records have how many fields; blank ones do not count."""
    return Counter(len(record.fields) for record in records if any(record.fields))
