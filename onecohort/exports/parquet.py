"""Parquet files, streamed; every column as text, nested ones as JSON."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from onecohort.errors import ExportError
from onecohort.exports.cell_text import arrow_text, object_text
from onecohort.exports.headers import name_columns
from onecohort.exports.summary import TableSummary
from onecohort.exports.table import ROWS_PER_BATCH, Batch, Layout


@dataclass(frozen=True)
class ParquetTable:
    """One Parquet file; the first row is 1."""

    export: str
    columns: tuple[str, ...]
    facts: Mapping[str, object]
    path: Path = field(repr=False)
    sheet: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    value_labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    user_missing: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def batches(
        self, columns: Sequence[str] | None = None, *, rows: int = ROWS_PER_BATCH
    ) -> Iterator[Batch]:
        """Rows as they stand in the file."""
        names = list(self.columns if columns is None else columns)
        places = [self.columns.index(name) for name in names]
        given = 0
        try:
            with pq.ParquetFile(self.path) as file:
                for part in file.iter_batches(batch_size=rows):
                    part.validate(full=True)  # a text that is not UTF-8 is damage
                    arrays = [arrow_text(part.column(place), nested=_json) for place in places]
                    numbers = np.arange(given + 1, given + 1 + len(part), dtype=np.int64)
                    yield Batch(pa.array(numbers), pa.RecordBatch.from_arrays(arrays, names=names))
                    given += len(part)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise _damaged(self.export, error) from None
        if not given:
            empty = [pa.array([], pa.string()) for _ in names]
            yield Batch(pa.array([], pa.int64()), pa.RecordBatch.from_arrays(empty, names=names))


def open_parquet(path: Path, export: str, layout: Layout) -> ParquetTable:
    """Open a Parquet file; raises ExportError where it is damaged, locked or something else."""
    try:
        with pq.ParquetFile(path) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damaged(export, error) from None
    header = name_columns([schema.names])
    facts = {"format": "Parquet file", "rows": rows} | header.facts()
    labels = {
        name: one.metadata[b"description"].decode("utf-8", "replace")
        for name, one in zip(header.columns, schema, strict=True)
        if one.metadata and b"description" in one.metadata
    }
    return ParquetTable(export, header.columns, facts, path, labels=labels)


def list_parquet(path: Path, export: str) -> list[TableSummary]:
    """The one table of a Parquet file."""
    table = open_parquet(path, export, Layout())
    return [TableSummary(export, None, Layout(), table.columns, table.facts)]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=object_text)


def _damaged(export: str, error: Exception) -> ExportError:
    line = (str(error).splitlines() or [type(error).__name__])[0]
    return ExportError(export, f"cannot be read as Parquet ({line})", "ask for the file again")
