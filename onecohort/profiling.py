"""What stands in a table before anybody has declared it: one profile per column.

Works on distinct texts; above `SAMPLE_ROWS` rows it counts every tenth row only, above `MOST_CELLS` cells
it reads no further, and the profile says so. A profile describes; it declares nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from onecohort.appearance import Appearance, look_at
from onecohort.exports.table import Batch, Table

SAMPLE_ROWS = 200_000  # counted whole; of the rows after them every tenth
STRIDE = 10
MOST_CELLS = 20_000_000  # 200 columns x 100,000 rows: ten seconds or so on two cores
MOST_DISTINCT = 10_000  # texts kept per column; a column with more is counted no further
MOST_FREQUENT = 500  # texts looked at: a column of more is a measurement or free text anyhow


@dataclass(frozen=True)
class ColumnProfile:
    """One column.

    rows      rows counted; filled: cells of them that are not blank
    distinct  distinct texts among the filled cells; with `distinct_at_least` there are more, and
              the counts are those of the rows up to there
    texts     the most frequent texts with their counts, up to `MOST_FREQUENT`
    unit      unit that stands in the heading
    """

    name: str
    label: str
    rows: int
    filled: int
    distinct: int
    distinct_at_least: bool
    texts: tuple[tuple[str, int], ...]
    appearance: Appearance
    value_labels: Mapping[str, str]
    user_missing: tuple[str, ...]


@dataclass(frozen=True)
class TableProfile:
    """One table.

    rows     rows read; with `more_rows` the table goes on
    counted  rows that stand behind the figures of the columns
    """

    export: str
    sheet: str | None
    rows: int
    more_rows: bool
    counted: int
    columns: tuple[ColumnProfile, ...]

    @property
    def sampled(self) -> str:
        """How the rows were chosen, in words; empty where all were counted."""
        parts = []
        if self.counted < self.rows:
            parts.append(
                f"{self.counted:,} of {self.rows:,} rows counted: "
                f"the first {SAMPLE_ROWS:,}, then every {STRIDE}th"
            )
        if self.more_rows:
            parts.append(f"only the first {self.rows:,} rows were read")
        return "; ".join(parts)


def profile_table(table: Table) -> TableProfile:
    """Read a table once and describe each of its columns."""
    rows = counted = 0
    more_rows = False
    tallies = {name: Tally() for name in table.columns}
    for batch in table.batches():
        if rows * len(table.columns) >= MOST_CELLS:
            more_rows = True
            break
        sample = _sample(batch, rows)
        rows += len(batch.rows)
        counted += sample.num_rows
        for name in table.columns:
            tallies[name].add(sample.column(name))
    columns = tuple(
        _profile(
            name,
            tallies[name],
            counted,
            label=table.labels.get(name, ""),
            value_labels=table.value_labels.get(name, {}),
            user_missing=table.user_missing.get(name, frozenset()),
        )
        for name in table.columns
    )
    return TableProfile(table.export, table.sheet, rows, more_rows, counted, columns)


class Tally:
    """Counts of the distinct texts of one column, batch after batch.

    filled     cells that are not blank
    counted    those of them that were counted, until there were too many distinct texts
    met        distinct texts among the counted cells, of which the most frequent are kept
    """

    def __init__(self) -> None:
        self._counts = pa.table({"text": pa.array([], pa.string()), "n": pa.array([], pa.int64())})
        self.cut = False
        self.filled = self.counted = self.met = 0

    def add(self, cells: pa.Array) -> None:
        """Count the texts of one more batch; blank cells do not count."""
        if pa.types.is_dictionary(cells.type):
            cells = cells.cast(cells.type.value_type)
        trimmed = pc.utf8_trim_whitespace(cells.cast(pa.string()))
        filled = trimmed.filter(pc.fill_null(pc.not_equal(trimmed, ""), False))
        self.filled += len(filled)
        if self.cut:
            return
        counted = pc.value_counts(filled)
        new = pa.table(
            {"text": counted.field("values"), "n": counted.field("counts").cast(pa.int64())}
        )
        both = new
        if len(self._counts):
            merged = (
                pa.concat_tables([self._counts, new]).group_by("text").aggregate([("n", "sum")])
            )
            both = pa.table({"text": merged["text"], "n": merged["n_sum"]})
        self.counted, self.met = self.filled, len(both)
        if len(both) > MOST_DISTINCT:
            self.cut = True
            both = _most_frequent(both, MOST_DISTINCT)
        self._counts = both

    @property
    def texts(self) -> pa.Array:
        """The distinct texts that are kept, in no order."""
        return self._counts["text"].combine_chunks()

    @property
    def distinct(self) -> int:
        """Distinct texts, or how many of them are kept."""
        return len(self._counts)

    def frequent(self, limit: int) -> tuple[tuple[str, int], ...]:
        """The most frequent texts with their counts; equal counts in the order of the texts."""
        top = _most_frequent(self._counts, limit)
        return tuple(zip(top["text"].to_pylist(), top["n"].to_pylist(), strict=True))


def _most_frequent(counts: pa.Table, limit: int) -> pa.Table:
    keys = [("n", "descending"), ("text", "ascending")]
    return counts.take(pc.select_k_unstable(counts, k=min(limit, len(counts)), sort_keys=keys))


def _sample(batch: Batch, before: int) -> pa.RecordBatch:
    """The rows of a batch that count, `before` rows having been read already."""
    size = len(batch.rows)
    whole = min(max(SAMPLE_ROWS - before, 0), size)
    if whole == size:
        return batch.cells
    first = -(before + whole - SAMPLE_ROWS) % STRIDE
    at = np.concatenate([np.arange(whole), np.arange(whole + first, size, STRIDE)])
    return batch.cells.take(pa.array(at, pa.int64()))


def _profile(
    name: str,
    tally: Tally,
    rows: int,
    *,
    label: str,
    value_labels: Mapping[str, str],
    user_missing: Iterable[str],
) -> ColumnProfile:
    texts = tally.frequent(MOST_FREQUENT)
    return ColumnProfile(
        name=name,
        label=label,
        rows=rows,
        filled=tally.filled,
        distinct=tally.distinct,
        distinct_at_least=tally.cut,
        texts=texts,
        appearance=look_at(
            name,
            texts,
            every=tally.texts,
            filled=tally.counted,
            distinct=tally.met,
            declared_missing=frozenset(user_missing),
        ),
        value_labels=dict(value_labels),
        user_missing=tuple(sorted(user_missing)),
    )
