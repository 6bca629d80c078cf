"""Whole rows of an export, read again for the report cards."""

from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from onecohort.delivery import find_inputs, open_tables
from onecohort.errors import StudyError
from onecohort.exports.table import Table
from onecohort.study import Study

SourceRow = Mapping[str, str]  # column -> text of the cell, in the export's order
RowReader = Callable[[str, str, str | None, Sequence[int]], Mapping[int, SourceRow]]


def rows_of_study(study: Study) -> RowReader:
    """A reader (center, export, sheet, row numbers) -> number -> row, over a study's exports.

    A center whose exports can no longer be read gives no rows: its card then shows the cells that
    findings and quarantine hold.
    """
    opened: dict[str, dict[tuple[str, str | None], Table]] = {}

    def read(
        center: str, export: str, sheet: str | None, numbers: Sequence[int]
    ) -> Mapping[int, SourceRow]:
        if center not in opened:
            opened[center] = _open(study, center)
        table = opened[center].get((export, sheet))
        return read_rows(table, numbers) if table is not None else {}

    return read


def read_rows(table: Table, numbers: Sequence[int]) -> dict[int, SourceRow]:
    """Rows of a table by the numbers that a person sees."""
    wanted = pa.array(sorted(set(numbers)), pa.int64())
    found: dict[int, SourceRow] = {}
    for batch in table.batches():
        here = pc.is_in(batch.rows, value_set=wanted)
        cells = batch.cells.filter(here).to_pylist()
        for number, row in zip(batch.rows.filter(here).to_pylist(), cells, strict=True):
            found[number] = {name: text or "" for name, text in row.items()}
        if len(found) == len(wanted):
            break
    return found


def _open(study: Study, center: str) -> dict[tuple[str, str | None], Table]:
    try:
        loaded = study.load_mapping(center)
        tables = open_tables(loaded, find_inputs(loaded, study.exports), study.exports)
    except StudyError:
        return {}
    return {(table.export, table.sheet): table for table in tables.values()}
