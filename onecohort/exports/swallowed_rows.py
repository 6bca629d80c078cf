"""Rows that a stray quote swallowed: `5 cm` typed with its inch sign, and the next quote far below.

What stands between two stray quotes is one cell to every parser, and the row that holds it is as wide
as the header: nothing is ragged, the rows in between are gone, and the cells after the quote are those
of the last of them. Such a cell tells: its line breaks and delimiters lie where those of rows would.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from onecohort.exports.table import Batch, Fault

_HINT = (
    "close the quote at the source; declare quote: '' if quotes mean themselves, or quote: '\"' if "
    "this is one text"
)


def without_swallowed(batches: Iterator[Batch], delimiter: str) -> Iterator[Batch]:
    """Hand batches on, with a fault in place of each row that swallowed others."""
    for batch in batches:
        names = batch.cells.schema.names
        found: dict[int, tuple[str, int]] = {}
        for place, (name, column) in enumerate(zip(names, batch.cells.columns, strict=True)):
            for number in _rows_with_line_breaks(column):
                text = column[number].as_py()
                if holds_rows(text, delimiter, place=place, width=len(names)):
                    found.setdefault(number, (name, text.count("\n")))
        yield _set_aside(batch, found, delimiter) if found else batch


def holds_rows(text: str, delimiter: str, *, place: int, width: int) -> bool:
    """Whether the cell in column `place` (from 0) of `width` is the end of one row up to another.

    Prose in which every delimiter is followed by a blank, as commas are in a sentence, is a text.

    >>> holds_rows("5 cm,F\\n3,x,M\\n4,", ",", place=1, width=3)
    True
    >>> holds_rows("fever, cough\\nrash, pain", ",", place=1, width=3)
    False
    """
    lines = text.split("\n")
    expected = [width - 1 - place, *[width - 1] * (len(lines) - 2), place]
    if width < 2 or [line.count(delimiter) for line in lines] != expected:
        return False
    return text.count(delimiter) > text.count(f"{delimiter} ")


def _rows_with_line_breaks(column: pa.Array) -> list[int]:
    if pa.types.is_dictionary(column.type):
        broken = pc.match_substring(column.dictionary, "\n")
        if not pc.any(broken).as_py():
            return []
        column = column.dictionary_decode()
    places: list[int] = pc.indices_nonzero(
        pc.fill_null(pc.match_substring(column, "\n"), False)
    ).to_pylist()
    return places


def _set_aside(batch: Batch, found: dict[int, tuple[str, int]], delimiter: str) -> Batch:
    faults = []
    for number, (name, breaks) in sorted(found.items()):
        cells = [column[number].as_py() or "" for column in batch.cells.columns]
        rows = "another row" if breaks == 1 else f"{breaks} more rows"
        faults.append(
            Fault(
                batch.rows[number].as_py(),
                None,
                delimiter.join(cells),
                "row.swallowed",
                f"holds {rows} in its column {name!r}: a quote was opened and not closed",
                _HINT,
            )
        )
    kept = np.ones(len(batch.rows), bool)
    kept[list(found)] = False
    every = tuple(sorted((*batch.faults, *faults), key=lambda fault: fault.row))
    mask = pa.array(kept)
    return Batch(batch.rows.filter(mask), batch.cells.filter(mask), every)
