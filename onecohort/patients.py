"""Whose row is whose: patients of the first table, and the rows of second tables that follow them."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onecohort.balance import RowBalance, Use
from onecohort.findings import Findings, Severity
from onecohort.lost_zeros import LostZeros, ZeroWatch
from onecohort.rows import Address, Fate, Index, Rows
from onecohort.rule_on_rows import Context, FieldRows
from onecohort.rules.coded import Mask
from onecohort.take import choose_rows, count_rows

LINEAGE = pa.schema(
    [
        ("center", pa.string()),
        ("patient_id", pa.string()),
        ("table", pa.string()),
        ("export", pa.string()),
        ("sheet", pa.string()),
        ("row", pa.int64()),
    ]
)
ORPHAN = -1
FIRST, SECOND = "the first table", "this table"


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
        return _picked(found, self.rows, self.of_row, len(self), context, near, self.picked)

    def further_rows(self, center: str, patient_ids: pa.Array) -> pa.Table:
        """Lineage of the kept rows beyond each patient's first."""
        rows = self.rows
        kept = np.flatnonzero((rows.fates == Fate.KEPT) & (self.of_row >= 0))
        further = kept[self.row_of[self.of_row[kept]] != kept]
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


@dataclass
class SecondTable:
    """A table beside the first, whose rows follow the patients of the first.

    found      what the rules gave that need no other table
    of_row     (n,) number of each row's patient in the batch at hand, -1 where it is not in it
    owners     (n,) fate of the patient whose row it is, -1 while nobody claimed it
    """

    rows: Rows
    use: Use
    found: dict[str, FieldRows] = field(default_factory=dict)
    picked: dict[str, Index] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Nobody has claimed a row yet."""
        count = len(self.rows)
        self.looked: Mask = self.rows.fates == Fate.KEPT
        self.of_row: Index = np.full(count, ORPHAN, np.int64)
        self.owners = np.full(count, ORPHAN, np.int8)
        self.owner_ids: pa.Array = pa.nulls(count, pa.string())
        self.zeros = ZeroWatch(self.rows.keys.filter(pa.array(self.looked)))

    def follow(self, patients: Patients) -> None:
        """Find whose row is whose among the patients of a batch."""
        number = pc.index_in(self.rows.keys, value_set=patients.keys)
        found = number.fill_null(ORPHAN).to_numpy(zero_copy_only=False).astype(np.int64)
        self.of_row = np.where(self.looked, found, ORPHAN)
        self.picked = {}

    def pick(
        self, found: FieldRows, count: int, context: Context, near: pa.Array | None
    ) -> tuple[pa.Array, pa.Array | None]:
        """The value and the date's precision of each patient."""
        return _picked(found, self.rows, self.of_row, count, context, near, self.picked)

    def joined(self, patients: Patients) -> Index:
        """(rows of the first table,) number of the row here that belongs to it, or -1."""
        row_of = np.full(len(patients) + 1, ORPHAN, np.int64)
        mine = np.flatnonzero(self.of_row >= 0)
        row_of[self.of_row[mine]] = mine
        return row_of[patients.of_row]

    def address(self, name: str, column: str | None, numbers: Index) -> Address:
        """The cells behind a field for some patients."""
        picked = self.picked.get(name)
        at = picked[numbers] if picked is not None else np.full(len(numbers), ORPHAN)
        there = at >= 0
        safe = np.where(there, at, 0)
        raw = None
        if column in self.rows.columns and len(self.rows):
            raw = self.rows.columns[column].raw_rows(safe)
            raw = pc.if_else(pa.array(there), raw, pa.scalar(None, pa.string()))
        numbers_ = self.rows.numbers[safe] if len(self.rows) else safe
        shown = pa.array(numbers_, mask=~there)
        return Address(shown, self.rows.export, self.rows.sheet, column, raw)

    def settle(self, patients: Patients, patient_ids: pa.Array) -> None:
        """Give each row the fate of its patient's row; where there are several, the kept one's.

        patient_ids   (p,) pseudonyms of the patients of the batch at hand
        """
        first, of_row = patients.rows, patients.of_row
        order = np.argsort(first.fates, kind="stable")
        number = pc.index_in(self.rows.keys, value_set=first.keys.take(pa.array(order)))
        found = number.fill_null(ORPHAN).to_numpy(zero_copy_only=False).astype(np.int64)
        has_key = pc.not_equal(self.rows.keys, "").to_numpy(zero_copy_only=False)
        claimed = (found >= 0) & has_key & ~np.isin(self.owners, (Fate.KEPT,))
        at = order[found[claimed]]
        self.owners[claimed] = first.fates[at]
        ids = patient_ids.take(pa.array(of_row[at], mask=of_row[at] < 0))
        spread = np.full(len(self.rows), ORPHAN, np.int64)
        spread[claimed] = np.arange(len(at))
        given = ids.take(pa.array(spread, mask=spread < 0))
        self.owner_ids = pc.coalesce(given, self.owner_ids)
        if (self.looked & has_key & (self.owners == ORPHAN)).any():
            self.zeros.see(patients.keys)

    def close(self, findings: Findings, balance: RowBalance) -> None:
        """Give every row its last fate; a row that nobody claimed is quarantined."""
        fates = self.rows.fates
        orphan = self.looked & (self.owners == ORPHAN) & (fates == Fate.KEPT)
        at = np.flatnonzero(orphan)
        key = self.rows.rule.key[0]
        message = "belongs to no patient of the first table"
        findings.add(
            check="key.orphan",
            severity=Severity.ERROR,
            rows=pa.array(self.rows.numbers[at]),
            export=self.rows.export,
            sheet=self.rows.sheet,
            column=key,
            raw=self.rows.columns[key].raw_rows(at),
            message=message,
            hint="correct the key here or there; ids that lost their zeros need `zero_pad`",
        )
        lost_zeros = self.zeros.verdict(self.rows.keys.take(pa.array(at)))
        if lost_zeros is not None:
            self.report_lost_zeros(lost_zeros, findings)
        for fate in (Fate.QUARANTINED, Fate.MERGED, Fate.LEFT_OUT):
            follows = self.looked & (self.owners == fate) & (fates == Fate.KEPT)
            fates[follows] = fate
            if fate is Fate.QUARANTINED:
                for row in np.flatnonzero(follows):
                    self.rows.reasons[int(row)] = (
                        "patient.quarantined",
                        "its patient is quarantined",
                    )
        fates[orphan] = Fate.QUARANTINED
        for row in at:
            self.rows.reasons[int(row)] = ("key.orphan", message)
        balance.count(self.rows)

    def report_lost_zeros(self, told: LostZeros, findings: Findings) -> None:
        """One finding about the whole column: one line in the mapping mends all its rows."""
        lost, kept = (SECOND, FIRST) if told.here_lost else (FIRST, SECOND)
        findings.add(
            check="key.lost_zeros",
            severity=Severity.WARNING,
            rows=[None],
            export=self.rows.export,
            sheet=self.rows.sheet,
            column=self.rows.rule.key[0],
            message=f"{lost} has the codes of {kept} without their leading zeros",
            hint=f"pad the codes of {lost} in the mapping: `zero_pad: {told.width}`",
        )

    def lineage(self, center: str) -> pa.Table:
        """The rows that stand behind patients of the cohort."""
        kept = pa.array((self.rows.fates == Fate.KEPT) & (self.owners == Fate.KEPT))
        ids = self.owner_ids.filter(kept)
        return lineage_rows(
            center, ids, self.rows.table, self.rows.export, self.rows.sheet,
            pa.array(self.rows.numbers).filter(kept),
        )  # fmt: skip


def lineage_rows(
    center: str, ids: pa.Array, table: str, export: str, sheet: str | None, rows: pa.Array
) -> pa.Table:
    """Lineage of some patients' rows in one table."""
    count = len(ids)
    constant = [
        pa.repeat(pa.scalar(text, pa.string()), count) for text in (center, table, export, sheet)
    ]
    return pa.Table.from_arrays(
        [constant[0], ids, constant[1], constant[2], constant[3], rows.cast(pa.int64())],
        schema=LINEAGE,
    )


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


def _picked(
    found: FieldRows,
    rows: Rows,
    of_row: Index,
    count: int,
    context: Context,
    near: pa.Array | None,
    picked: dict[str, Index],
) -> tuple[pa.Array, pa.Array | None]:
    if found.rule.take == "count":
        return count_rows(found, rows, of_row, count, context), None
    days = None
    if near is not None:
        days = pc.fill_null(near.cast(pa.int32()).cast(pa.float64()), np.nan)
        days = days.to_numpy(zero_copy_only=False)
    chosen = choose_rows(found, rows, of_row, count, context, days)
    picked[found.field.name] = chosen
    at = pa.array(chosen, mask=chosen < 0)
    precision = found.precision.take(at) if found.precision is not None else None
    return found.values.take(at), precision
