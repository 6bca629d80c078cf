"""Findings: one thing met in the data, with its address, the reason and the way out.

A message never repeats a cell's text, so that it may stand in a report that all centers read; the
text stands in `raw` and may stand in `hint`.

Rules and checks speak about distinct texts; a finding stands at a row. `Findings` collects columns,
not objects: each call appends one block that shares field, rule, check and severity.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum

import pyarrow as pa
import pyarrow.compute as pc

SCHEMA = pa.schema(
    [
        ("center", pa.string()),
        ("export", pa.string()),
        ("sheet", pa.string()),
        ("row", pa.int64()),
        ("column", pa.string()),
        ("field", pa.string()),
        ("raw", pa.string()),
        ("rule", pa.string()),
        ("check", pa.string()),
        ("severity", pa.string()),
        ("message", pa.string()),
        ("hint", pa.string()),
        ("status", pa.string()),
    ]
)
ADDRESS = ("center", "export", "sheet", "row", "column", "field", "check")


class Severity(StrEnum):
    """What a finding asks of its reader.

    error     a row or a center could not enter the cohort
    warning   a cell was lost or is doubtful; a person has to look
    note      handled as declared (a correction, an imputation); nobody has to act
    """

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Findings:
    """Findings of one center, in columns."""

    def __init__(self, center: str) -> None:
        self.center = center
        self._blocks: list[pa.Table] = []

    def add(
        self,
        *,
        check: str,
        severity: Severity,
        rows: pa.Array | Sequence[int | None],
        message: pa.Array | str,
        raw: pa.Array | Sequence[str | None] | None = None,
        hint: pa.Array | str = "",
        export: str | pa.Array | None = None,
        sheet: str | pa.Array | None = None,
        column: str | pa.Array | None = None,
        field: str | pa.Array | None = None,
        rule: str | None = None,
    ) -> None:
        """Append one block: a scalar is repeated for all rows, an array is taken as it is."""
        number = rows if isinstance(rows, pa.Array) else pa.array(rows, pa.int64())
        length = len(number)
        if length == 0:
            return
        given = {
            "center": self.center,
            "export": export,
            "sheet": sheet,
            "row": number,
            "column": column,
            "field": field,
            "raw": raw,
            "rule": rule,
            "check": check,
            "severity": severity.value,
            "message": message,
            "hint": hint,
            "status": None,
        }
        arrays = [_column(given[name.name], name.type, length) for name in SCHEMA]
        self._blocks.append(pa.Table.from_arrays(arrays, schema=SCHEMA))

    def extend(self, tables: Iterable[pa.Table]) -> None:
        """Append findings that already stand in columns."""
        self._blocks.extend(table.select(SCHEMA.names).cast(SCHEMA) for table in tables)

    def table(self) -> pa.Table:
        """All findings so far, in the order of export, row and column, whatever order they came in."""
        if not self._blocks:
            return SCHEMA.empty_table()
        whole = pa.concat_tables(self._blocks)
        keys = [(name, "ascending") for name in (*ADDRESS, "raw", "message")]
        return whole.take(pc.sort_indices(whole, sort_keys=keys)).combine_chunks()


def once(table: pa.Table) -> pa.Table:
    """Each row once, in the order in which they come first: a cell of several rows is told of once."""
    return table.group_by(table.schema.names, use_threads=False).aggregate([])


def _column(value: object, kind: pa.DataType, length: int) -> pa.Array:
    if value is None or isinstance(value, str):
        return pa.repeat(pa.scalar(value, kind), length)
    if isinstance(value, pa.ChunkedArray):
        value = value.combine_chunks()
    if isinstance(value, pa.Array):
        return value if value.type == kind else value.cast(kind)
    return pa.array(value, kind)
