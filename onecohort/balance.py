"""Law 2: what is delivered equals what is carried, set aside with a reason, or a finding.

Both sides are counted by themselves: the left from the cells and rows as delivered, the right from what
the rules gave and reported. A cell that a rule looked at and that then is nowhere is a bug of ours and
fails the run.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

import numpy as np
import pyarrow as pa

from onecohort.findings import Findings, Severity
from onecohort.rows import Fate, Rows
from onecohort.rule_on_rows import FieldRows
from onecohort.rules.coded import Mask
from onecohort.rules.outcome import State


class Imbalance(AssertionError):
    """The two sides differ; a bug of the engine, never a fault of the data."""


@dataclass
class RowBalance:
    """The rows of one table: delivered = cohort + quarantined + merged + left out."""

    delivered: int = 0
    cohort: int = 0
    quarantined: int = 0
    merged: int = 0
    left_out: int = 0

    def count(self, rows: Rows) -> None:
        """Add the fates of some rows."""
        self.cohort += int((rows.fates == Fate.KEPT).sum())
        self.quarantined += int((rows.fates == Fate.QUARANTINED).sum())
        self.merged += int((rows.fates == Fate.MERGED).sum())
        self.left_out += int((rows.fates == Fate.LEFT_OUT).sum())

    def check(self, where: str) -> None:
        """Raise `Imbalance` where a row is nowhere, or in two places."""
        right = self.cohort + self.quarantined + self.merged + self.left_out
        if self.delivered != right:
            raise Imbalance(f"{where}: {self.delivered} rows delivered, {right} accounted for")


@dataclass
class ColumnBalance:
    """The filled cells of one mapped column in the rows that rules looked at.

    filled = carried + declared missing + with a finding + unused; `set_aside` are filled cells of rows
    that were left out, quarantined or merged before the rules looked.
    """

    filled: int = 0
    carried: int = 0
    missing: int = 0
    findings: int = 0
    unused: int = 0
    set_aside: int = 0

    def add(self, other: "ColumnBalance") -> None:
        """Add the counts of another batch."""
        for name, value in asdict(other).items():
            setattr(self, name, getattr(self, name) + value)

    def check(self, where: str) -> None:
        """Raise `Imbalance` where a filled cell is nowhere."""
        right = self.carried + self.missing + self.findings + self.unused
        if self.filled != right:
            raise Imbalance(f"{where}: {self.filled} cells filled, {right} accounted for")


@dataclass
class Use:
    """What the rules made of each column's cells, as masks over the rows of a table."""

    rows: Rows
    carried: dict[str, Mask] = field(default_factory=dict)
    missing: dict[str, Mask] = field(default_factory=dict)
    reported: dict[str, Mask] = field(default_factory=dict)
    domain: dict[str, Mask] = field(default_factory=dict)

    def record(self, found: FieldRows) -> None:
        """Note what one rule made of its columns."""
        carried = found.carried
        if found.understood is not None:
            carried = carried | found.understood
        missing = found.states == State.MISSING
        for name in found.columns:
            self._mark(self.carried, name, carried)
            self._mark(self.missing, name, missing)
            self._mark(self.reported, name, found.reported)
            self._mark(self.domain, name, found.domain)
        if found.rule.by and found.by_reported is not None:
            self._mark(self.reported, found.rule.by, found.by_reported & found.domain)
            self.used(found.rule.by)
        # What says the unit is read in every row: beside a blank cell it says nothing, and nothing is lost.
        says_unit = [name for case in found.rule.unit_when or () for name in case.when]
        says_unit += [found.rule.unit_from] if found.rule.unit_from else []
        for name in says_unit:
            if name not in found.columns:
                self._mark(self.carried, name, found.domain)
                self._mark(self.domain, name, found.domain)

    def used(self, name: str) -> None:
        """Note a column that a key, a condition or an order reads as a whole."""
        everywhere = np.ones(len(self.rows), bool)
        self._mark(self.carried, name, everywhere)
        self._mark(self.domain, name, everywhere)

    def _mark(self, masks: dict[str, Mask], name: str, hit: Mask) -> None:
        masks[name] = masks[name] | hit if name in masks else hit.copy()


def close_columns(
    use: Use, names: Iterable[str], findings: Findings, kept: Mask
) -> dict[str, ColumnBalance]:
    """Balance the mapped columns of a table's rows.

    kept    (n,) True for the rows that the rules looked at

    A filled cell that no rule's `where` covers becomes a finding (`cell.unused`).
    """
    balances = {}
    nothing = np.zeros(len(use.rows), bool)
    for name in names:
        column = use.rows.columns[name]
        filled = ~column.blank_rows
        looked = filled & kept
        reported = looked & use.reported.get(name, nothing)
        carried = looked & use.carried.get(name, nothing) & ~reported
        missing = looked & use.missing.get(name, nothing) & ~reported & ~carried
        unused = looked & ~use.domain.get(name, nothing)
        _report_unused(use.rows, name, unused, findings)
        balances[name] = ColumnBalance(
            filled=int(looked.sum()),
            carried=int(carried.sum()),
            missing=int(missing.sum()),
            findings=int(reported.sum()),
            unused=int((unused & ~reported & ~carried & ~missing).sum()),
            set_aside=int((filled & ~kept).sum()),
        )
    return balances


def _report_unused(rows: Rows, name: str, unused: Mask, findings: Findings) -> None:
    at = np.flatnonzero(unused)
    findings.add(
        check="cell.unused",
        severity=Severity.WARNING,
        rows=pa.array(rows.numbers[at]),
        export=rows.export,
        sheet=rows.sheet,
        column=rows.column_in_file(name, at),
        raw=rows.columns[name].raw_rows(at),
        message="is in a row that no rule of the mapping takes",
        hint="add a field with a `where` for such rows, or leave them out with a reason",
    )
