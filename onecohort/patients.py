"""The patients of the first table: which rows are theirs, and the values that come of them."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from onecohort.lineage import lineage_rows
from onecohort.rows import Address, Fate, Index, Rows
from onecohort.rule_on_rows import Context, FieldRows
from onecohort.rules.coded import Mask
from onecohort.take import pick_rows

ORPHAN = -1


@dataclass
class Patients:
    """The patients of a batch of the first table.

    row_of    (p,) number within the batch of each patient's row (the first of several)
    of_row    (n,) number of each row's patient, -1 where it is nobody's
    keys      (p,) the center's own key
    """

    rows: Rows
    row_of: Index
    of_row: Index
    keys: pa.Array
    picked: dict[str, Index] = field(default_factory=dict)

    def __len__(self) -> int:
        """Number of patients."""
        return len(self.row_of)

    @property
    def row_numbers(self) -> npt.NDArray[np.int64]:
        """(p,) row number in the export of each patient's row."""
        return self.rows.numbers[self.row_of]

    def pick(
        self, found: FieldRows, context: Context, near: pa.Array | None
    ) -> tuple[pa.Array, pa.Array | None]:
        """The value and the date's precision of each patient, from what a rule gave per row."""
        if self.rows.rule.rows == "one":
            return _taken(found, self.row_of)
        return pick_rows(found, self.rows, self.of_row, len(self), context, near, self.picked)

    def further_rows(self, center: str, patient_ids: pa.Array) -> pa.Table:
        """Lineage of the kept rows beyond each patient's first."""
        rows = self.rows
        kept = np.flatnonzero((rows.fates == Fate.KEPT) & (self.of_row >= 0))
        first = self.row_of[self.of_row[kept]]
        further = kept[rows.numbers[first] != rows.numbers[kept]]
        ids = patient_ids.take(pa.array(self.of_row[further]))
        numbers = pa.array(rows.numbers[further])
        return lineage_rows(center, ids, rows.table, rows.export, rows.sheet, numbers)

    def address(self, name: str, column: str | None, numbers: Index) -> Address:
        """The cells of a field for some patients; rows alone where it has no column."""
        at = _address_rows(self.picked.get(name), self.row_of, numbers)
        return self.rows.address(column, at)

    def set_aside(self, out: Mask, reasons: dict[int, tuple[str, str]]) -> None:
        """Quarantine all rows of the patients who may not enter."""
        theirs = self.of_row >= 0
        theirs[theirs] = out[self.of_row[theirs]]
        self.rows.fates[theirs] = Fate.QUARANTINED
        for row in np.flatnonzero(theirs):
            self.rows.reasons[int(row)] = reasons[int(self.of_row[row])]


def first_rows(rows: Rows) -> Patients:
    """The patients of a batch: each kept row one, or each distinct key where rows are many."""
    kept = np.flatnonzero(rows.fates == Fate.KEPT)
    of_row = np.full(len(rows), ORPHAN, np.int64)
    if rows.rule.rows == "one":
        of_row[kept] = np.arange(len(kept))
        keys = rows.keys if len(kept) == len(rows) else rows.keys.take(pa.array(kept))
        return Patients(rows, kept, of_row, keys)
    coded = rows.keys.take(pa.array(kept)).dictionary_encode()
    codes = coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    of_row[kept] = codes
    row_of = np.full(len(coded.dictionary), len(rows), np.int64)
    np.minimum.at(row_of, codes, kept)
    return Patients(rows, row_of, of_row, coded.dictionary)


def _address_rows(picked: Index | None, row_of: Index, numbers: Index) -> Index:
    if picked is None:
        return row_of[numbers]
    return np.where(picked[numbers] >= 0, picked[numbers], row_of[numbers])


def _taken(found: FieldRows, rows: Index) -> tuple[pa.Array, pa.Array | None]:
    if len(rows) == len(found.values):  # every row is a patient, in their order
        return found.values, found.precision
    at = pa.array(rows, mask=rows < 0)
    precision = found.precision.take(at) if found.precision is not None else None
    return found.values.take(at), precision
