"""Rows that may not enter the cohort, kept whole with the reason."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from onecohort.rows import Fate, Rows

SCHEMA = pa.schema(
    [
        ("center", pa.string()),
        ("export", pa.string()),
        ("sheet", pa.string()),
        ("row", pa.int64()),
        ("check", pa.string()),
        ("reason", pa.string()),
        ("cells", pa.string()),
    ]
)


class Quarantine:
    """The quarantined rows of one center."""

    def __init__(self, center: str) -> None:
        self.center = center
        self._rows: list[dict[str, object]] = []

    def add(self, rows: Rows) -> None:
        """Keep every quarantined row of a batch, and the rows that its reader could not give."""
        for lost in rows.lost:
            self._keep(rows, lost.row, lost.check, lost.message, lost.raw)
        at = np.flatnonzero(rows.fates == Fate.QUARANTINED)
        for row, cells in zip(at, rows.cells_texts(at), strict=True):
            check, reason = rows.reasons[int(row)]
            self._keep(rows, int(rows.numbers[row]), check, reason, cells)

    def _keep(self, rows: Rows, number: int, check: str, reason: str, cells: str) -> None:
        self._rows.append(
            {
                "center": self.center,
                "export": rows.export,
                "sheet": rows.sheet,
                "row": number,
                "check": check,
                "reason": reason,
                "cells": cells,
            }
        )

    def table(self) -> pa.Table:
        """All of them, in the order of export and row."""
        table = pa.Table.from_pylist(self._rows, schema=SCHEMA)
        return table.sort_by(
            [("export", "ascending"), ("sheet", "ascending"), ("row", "ascending")]
        )


def empty_tables(tables: Iterable[pa.Table], schema: pa.Schema) -> pa.Table:
    """The tables one after the other; an empty table of the schema where there is none."""
    listed = list(tables)
    return pa.concat_tables(listed) if listed else schema.empty_table()
