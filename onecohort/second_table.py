"""A table beside the first, whose rows follow the patients of the first by their key."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from onecohort.balance import RowBalance, Use
from onecohort.findings import Findings, Severity
from onecohort.lineage import lineage_rows
from onecohort.lost_zeros import LostZeros, ZeroWatch
from onecohort.patients import ORPHAN, Patients
from onecohort.rows import Address, Elsewhere, Fate, Index, Rows
from onecohort.rule_on_rows import Context, FieldRows
from onecohort.rules.coded import Mask, encode_texts
from onecohort.take import pick_rows

FIRST, SECOND = "the first table", "this table"


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
        return pick_rows(found, self.rows, self.of_row, count, context, near, self.picked)

    def joined(self, patients: Patients) -> Index:
        """(rows of the first table,) number of the row here that belongs to it, or -1."""
        row_of = np.full(len(patients) + 1, ORPHAN, np.int64)
        mine = np.flatnonzero(self.of_row >= 0)
        row_of[self.of_row[mine]] = mine
        return row_of[patients.of_row]

    def lend(
        self, column: str, name: str, patients: Patients, declared_missing: frozenset[str]
    ) -> None:
        """Put a column into the patients' table under a name, each text beside the row it belongs to."""
        at = self.joined(patients)
        theirs = self.rows.columns[column]
        codes = np.where(at >= 0, theirs.codes[at] if len(theirs) else 0, len(theirs.raw))
        raw = pa.concat_arrays([theirs.raw, pa.array([""], pa.string())])
        there = self.rows.numbers[at] if len(theirs) else at
        patients.rows.columns[name] = encode_texts(codes.astype(np.int32), raw)
        patients.rows.elsewhere[name] = Elsewhere(
            self.rows.export,
            self.rows.sheet,
            column,
            np.where(at >= 0, there, -1),
            self.rows.missing | declared_missing,
        )

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
        named: str | pa.Array | None = column
        if len(self.rows):
            named = self.rows.column_in_file(column, safe)
        if isinstance(named, pa.Array):  # whose patient has no row has no column either
            named = pc.if_else(pa.array(there), named, pa.scalar(None, pa.string()))
        return Address(shown, self.rows.export, self.rows.sheet, named, raw)

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
