"""Plain delimited text through Arrow's streaming reader, with the right row numbers.

One thread: measured, it needs no more wall time than two (parsing is serial either way) and only so
does Arrow number the rows it cannot split. Columns whose texts repeat come as dictionaries.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from onecohort.errors import ExportError
from onecohort.exports import sniff
from onecohort.exports.csv_records import Dialect, ragged
from onecohort.exports.table import Batch, Fault

_BLOCK = 2 << 20  # bytes; Arrow reads up to 32 of them ahead, so larger ones cost memory
_DICTIONARY_BELOW = (
    0.25  # distinct texts per row of a batch; above it, hashing costs more than it saves
)


@dataclass(frozen=True)
class Stream:
    """Where the data of a plain text begin and what they look like.

    names         one per field
    lines_before  physical lines above the first data record
    first_row     its row number
    repeating     names of the columns to be read as dictionaries
    """

    names: tuple[str, ...]
    lines_before: int
    first_row: int
    repeating: frozenset[str]


def stream_batches(
    path: Path,
    dialect: Dialect,
    stream: Stream,
    *,
    where: str,
    wanted: Sequence[str] | None,
    rows: int,
) -> Iterator[Batch]:
    """Batches of at most `rows` rows; ragged rows as faults, blank lines as blank rows.

    Raises ExportError for bytes that are not in the declared encoding, naming the first.
    """
    broken: list[tuple[int, int, str]] = []

    def note(row: pacsv.InvalidRow) -> str:
        broken.append((row.number, row.actual_columns, row.text))
        return "skip"

    reader = _open(path, dialect, stream, where=where, wanted=wanted, note=note)
    given, told = 0, 0
    for cells in _cut(_blocks(reader, path, dialect, where=where), rows):
        numbers = _row_numbers(given, len(cells), [one[0] for one in broken[told:]], told, stream)
        given += len(cells)
        last = numbers[-1]
        until = told
        while until < len(broken) and _row(broken[until][0], stream) < last:
            until += 1
        yield Batch(pa.array(numbers), _encoded(cells, stream), _faults(broken[told:until], stream))
        told = until
    if broken[told:]:
        nothing = pa.RecordBatch.from_pylist([], schema=reader.schema)
        yield Batch(pa.array([], pa.int64()), nothing, _faults(broken[told:], stream))


def _cut(blocks: Iterator[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of `rows`, the last one shorter; never an empty one."""
    held: list[pa.RecordBatch] = []
    count = 0
    for block in blocks:
        held.append(block)
        count += len(block)
        if count < rows:
            continue
        whole = _joined(held)
        full = count - count % rows
        yield from (whole.slice(start, rows) for start in range(0, full, rows))
        held, count = [whole.slice(full)], count - full
    if count:
        yield _joined(held)


def _joined(blocks: list[pa.RecordBatch]) -> pa.RecordBatch:
    return blocks[0] if len(blocks) == 1 else pa.concat_batches(blocks)


def _encoded(cells: pa.RecordBatch, stream: Stream) -> pa.RecordBatch:
    names = cells.schema.names
    arrays = [
        column.dictionary_encode() if name in stream.repeating else column
        for name, column in zip(names, cells.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, names=names)


def _open(
    path: Path,
    dialect: Dialect,
    stream: Stream,
    *,
    where: str,
    wanted: Sequence[str] | None,
    note: object,
) -> pacsv.CSVStreamingReader:
    utf8 = dialect.encoding in ("utf-8", "utf-8-sig", "ascii")
    try:
        return pacsv.open_csv(
            path,
            read_options=pacsv.ReadOptions(
                use_threads=False,
                block_size=_BLOCK,
                column_names=list(stream.names),
                skip_rows=stream.lines_before,
                encoding="utf8" if utf8 else dialect.encoding,
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=dialect.delimiter,
                quote_char=dialect.quote or False,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=note,
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(stream.names, pa.string()),
                strings_can_be_null=False,
                include_columns=None if wanted is None else list(wanted),
            ),
        )
    except UnicodeError:
        raise sniff.undecodable(path, dialect.encoding, where=where) from None
    except pa.ArrowInvalid as error:
        raise _refusal(error, path, dialect, where=where) from None


def _blocks(
    reader: pacsv.CSVStreamingReader, path: Path, dialect: Dialect, *, where: str
) -> Iterator[pa.RecordBatch]:
    try:
        yield from reader
    except UnicodeError:
        raise sniff.undecodable(path, dialect.encoding, where=where) from None
    except pa.ArrowInvalid as error:
        raise _refusal(error, path, dialect, where=where) from None


def _refusal(error: Exception, path: Path, dialect: Dialect, *, where: str) -> ExportError:
    if "UTF8" in str(error):
        return sniff.undecodable(path, dialect.encoding, where=where)
    return ExportError(
        where, f"cannot be split into rows ({error})", "look for a quote without its pair"
    )


def _row(number: int, stream: Stream) -> int:
    """A person's row number from Arrow's, which counts the skipped lines and then the records."""
    return number - stream.lines_before + stream.first_row - 1


def _row_numbers(
    given: int, count: int, broken: list[int], told: int, stream: Stream
) -> np.ndarray:
    """Row numbers of the next `count` good rows after `given` good and `told` broken ones."""
    place = np.arange(given + told, given + told + count, dtype=np.int64)
    if broken:
        before = np.array(broken) - stream.lines_before - 1 - np.arange(len(broken))
        place += np.searchsorted(before, place, side="right")
    return place + stream.first_row


def _faults(broken: list[tuple[int, int, str]], stream: Stream) -> tuple[Fault, ...]:
    width = len(stream.names)
    return tuple(ragged(_row(number, stream), found, width, raw) for number, found, raw in broken)


def repeating_columns(
    rows: Sequence[Sequence[str]], names: Sequence[str], *, batch: int
) -> frozenset[str]:
    """Columns whose texts will repeat so often in a batch that a dictionary pays.

    rows   the first data rows, each as long as `names`
    batch  rows of a batch
    """
    if not rows:
        return frozenset()
    expected = {
        name: _expected_distinct(len(rows), len(set(texts)), batch)
        for name, texts in zip(names, zip(*rows, strict=True), strict=True)
    }
    return frozenset(name for name, count in expected.items() if count < _DICTIONARY_BELOW * batch)


def _expected_distinct(drawn: int, distinct: int, batch: int) -> float:
    """Distinct texts expected among `batch` rows, when `drawn` rows showed `distinct` of them.

    As if every text were equally likely: `distinct = all (1 - exp(-drawn / all))` is solved for the
    number of all texts by bisection. It decides speed only, never what is read.
    """
    if distinct >= drawn:
        return float(batch)
    low, high = float(distinct), 1e9
    for _ in range(60):
        middle = math.sqrt(low * high)
        if middle * -math.expm1(-drawn / middle) < distinct:
            low = middle
        else:
            high = middle
    return low * -math.expm1(-batch / low)
