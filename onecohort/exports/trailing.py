"""Blank rows: kept in the middle of a table (the engine decides), dropped at its end."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from onecohort.exports.table import Batch


def without_trailing_blanks(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Hand batches on, holding blank rows back until a filled row or a fault follows them."""
    held: list[Batch] = []
    for batch in batches:
        kept = max(_filled_length(batch.cells), _rows_up_to_last_fault(batch))
        if kept or batch.faults:
            yield from held
            held = []
        if kept < len(batch.rows):
            if kept or batch.faults:
                yield Batch(batch.rows[:kept], batch.cells.slice(0, kept), batch.faults)
            held.append(Batch(batch.rows[kept:], batch.cells.slice(kept)))
        elif len(batch.rows) or batch.faults:
            yield batch


def _rows_up_to_last_fault(batch: Batch) -> int:
    if not batch.faults:
        return 0
    last = max(fault.row for fault in batch.faults)
    return int(np.searchsorted(batch.rows.to_numpy(zero_copy_only=False), last, side="right"))


def _filled_length(cells: pa.RecordBatch) -> int:
    """Rows up to the last that holds any text; the last row is looked at first, as it mostly does."""
    count: int = cells.num_rows
    if count and _is_filled(cells.slice(count - 1)):
        return count
    if not count or not cells.num_columns:
        return 0
    filled = None
    for column in cells.columns:
        texts = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
        some = pc.fill_null(pc.not_equal(texts, ""), False)
        filled = some if filled is None else pc.or_(filled, some)
    places = pc.indices_nonzero(filled)
    last: int = places[-1].as_py() if len(places) else -1
    return last + 1


def _is_filled(row: pa.RecordBatch) -> bool:
    return any(column[0].as_py() for column in row.columns)
