"""The rows of a center's tables, made ready for its rules, and how many were delivered.

The first table passes in batches. Rows of a key that comes back in a later batch are held back, and come
together as the last batch.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from onecohort.balance import RowBalance
from onecohort.exports.table import Batch, Table, whole_table
from onecohort.findings import Findings
from onecohort.mapping.load import LoadedMapping
from onecohort.mapping.references import Plan
from onecohort.prepare import prepare
from onecohort.repeats import Hashes, hash_texts
from onecohort.rows import Fate, Rows


class CenterRows:
    """Reads the tables of one center.

    balance            of each table, as far as reading knows: what was delivered, what could not be read
    corrections_seen   numbers of the corrections that found their cell
    """

    def __init__(
        self, loaded: LoadedMapping, tables: Mapping[str, Table], plan: Plan, findings: Findings
    ) -> None:
        self.mapping, self.tables, self.plan, self.findings = loaded.mapping, tables, plan, findings
        self.balance = {name: RowBalance() for name in tables}
        self.corrections_seen: set[int] = set()

    def whole(self, name: str) -> Rows:
        """All rows of a table."""
        return self._ready(name, whole_table(self.tables[name]))

    def batches(self, held_back: Hashes, batch_rows: int) -> Iterator[tuple[Rows, bool]]:
        """The first table's rows, and whether a batch holds all rows of its keys.

        held_back    hashes of the keys whose rows come together, at the end
        """
        name = self.plan.first
        if self.mapping.tables[name].rows == "many":
            yield self.whole(name), True
            return
        kept_back: list[Rows] = []
        for batch in self.tables[name].batches(rows=batch_rows):
            rows = self._ready(name, batch)
            if len(held_back):
                back = np.isin(hash_texts(rows.keys), held_back) & (rows.fates == Fate.KEPT)
                kept_back.append(rows.select(np.flatnonzero(back)))
                rest = rows.select(np.flatnonzero(~back))
                rest.lost = rows.lost
                rows = rest
            yield rows, False
        if kept_back:
            yield Rows.concatenate(kept_back), True

    def _ready(self, name: str, batch: Batch) -> Rows:
        rows = prepare(
            batch,
            self.tables[name],
            name,
            self.mapping.tables[name],
            columns=self.plan.in_file[name],
            corrections={
                number: correction
                for number, correction in enumerate(self.mapping.corrections)
                if (correction.table or self.plan.first) == name
            },
            seen=self.corrections_seen,
            findings=self.findings,
        )
        self.balance[name].delivered += len(rows) + len(rows.lost)
        self.balance[name].quarantined += len(rows.lost)
        return rows
