"""The rows of one table made ready for rules: corrected, keyed, and each with its fate so far."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from onecohort.exports.table import Fault
from onecohort.mapping.language import TableRule, When
from onecohort.rules.coded import Coded, Mask, encode
from onecohort.rules.conditions import judge
from onecohort.rules.numbers import NumberFormat

Index = npt.NDArray[np.int64]
AlsoMissing = Callable[[str], frozenset[str]]


class Fate(IntEnum):
    """What becomes of a delivered row; the sides of the balance."""

    KEPT = 0
    QUARANTINED = 1
    MERGED = 2
    LEFT_OUT = 3


@dataclass(frozen=True)
class Address:
    """Where some cells of one column stand: (k,) row numbers and raw texts.

    column    what it is called in the file; one name, or (k,) of them where columns were melted
    """

    rows: pa.Array
    export: str
    sheet: str | None
    column: str | pa.Array | None
    raw: pa.Array | None


@dataclass(frozen=True)
class Elsewhere:
    """Where a joined column stands: its own table, and there the row of each row here (-1 for none).

    missing    folded texts that mean "not known" there
    """

    export: str
    sheet: str | None
    column: str
    numbers: Index
    missing: frozenset[str]


@dataclass(frozen=True)
class Melted:
    """Where rows come from that were made of a file's wider ones.

    sources     column that rules read -> the columns of the file that it is made of, in order
    part        (n,) which of them each row is
    of_cells    (n,) the row of `Rows.cells` that each row is a part of
    """

    sources: Mapping[str, tuple[str, ...]]
    part: Index
    of_cells: Index


@dataclass
class Rows:
    """Some rows of a table.

    numbers     (n,) row numbers that a person would see
    columns     the columns that the mapping speaks of, by name
    keys        (n,) normalised key of the patient; "" where it is missing
    fates       (n,) `Fate`; rules look only at rows that are KEPT when they run
    cells       (n rows) all columns as the reader gave them, for the quarantine
    missing     folded texts that mean: not known, in the whole table
    melted      where several rows are made of one row of `cells`
    """

    table: str
    rule: TableRule
    export: str
    sheet: str | None
    numbers: Index
    columns: dict[str, Coded]
    keys: pa.Array
    fates: npt.NDArray[np.uint8]
    cells: pa.RecordBatch
    missing: frozenset[str]
    elsewhere: dict[str, Elsewhere] = field(
        default_factory=dict
    )  # columns joined from other tables
    lost: list[Fault] = field(default_factory=list)  # rows that the reader could not give
    reasons: dict[int, tuple[str, str]] = field(default_factory=dict)  # quarantined row: check, why
    melted: Melted | None = None

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.numbers)

    @property
    def spelling(self) -> NumberFormat:
        """How the table spells numbers."""
        return NumberFormat(self.rule.decimal, self.rule.thousands, percent=True)

    def matching(self, when: When, also_missing: AlsoMissing | None = None) -> Mask:
        """(n,) True where all conditions hold.

        also_missing    column -> folded texts that mean "not known" there, besides the table's
        """
        return self.judging(when, also_missing)[0]

    def judging(
        self, when: When, also_missing: AlsoMissing | None = None
    ) -> tuple[Mask, dict[str, Mask]]:
        """(n,) True where all conditions hold; per column, where it leaves open whether they do.

        A row in which another column tells that they do not is not open.
        """
        every = np.ones(len(self), bool)
        possible = np.ones(len(self), bool)
        doubts: dict[str, Mask] = {}
        for name, condition in when.items():
            missing = self.missing | (also_missing(name) if also_missing else frozenset())
            hit, doubtful = judge(self.columns[name], condition, missing, self.spelling)
            every &= hit
            possible &= hit | doubtful
            if doubtful.any():
                doubts[name] = doubtful
        return every, {name: doubtful & possible for name, doubtful in doubts.items()}

    def address(self, column: str | None, at: Index) -> Address:
        """Where the cells of a column stand for some of the rows."""
        raw = self.columns[column].raw_rows(at) if column in self.columns else None
        there = self.elsewhere.get(column or "")
        if there is None:
            named = self.column_in_file(column, at)
            return Address(pa.array(self.numbers[at]), self.export, self.sheet, named, raw)
        numbers = there.numbers[at]
        rows = pa.array(numbers, mask=numbers < 0)
        return Address(rows, there.export, there.sheet, there.column, raw)

    def column_in_file(self, column: str | None, at: Index) -> str | pa.Array | None:
        """What a column is called in the file; of a melted one the name at each of some rows."""
        if column is None or self.melted is None or column not in self.melted.sources:
            return column
        names = pa.array(self.melted.sources[column], pa.string())
        return names.take(pa.array(self.melted.part[at]))

    def cell_in_file(self, column: str, row: int) -> tuple[str, str] | None:
        """A cell's column and text as the reader gave them; None for a column of another table."""
        if self.melted is not None:
            sources = self.melted.sources.get(column)
            column = sources[int(self.melted.part[row])] if sources is not None else column
            row = int(self.melted.of_cells[row])
        if column not in self.cells.schema.names:
            return None
        return column, str(self.cells.column(column)[row].as_py() or "")

    def select(self, at: Index) -> "Rows":
        """Some of the rows of a table that is not melted; what the reader lost stays with the others."""
        wanted = pa.array(at)
        return Rows(
            self.table,
            self.rule,
            self.export,
            self.sheet,
            self.numbers[at],
            {name: column.select(at) for name, column in self.columns.items()},
            self.keys.take(wanted),
            self.fates[at],
            self.cells.take(wanted),
            self.missing,
            reasons={
                n: self.reasons[int(row)] for n, row in enumerate(at) if int(row) in self.reasons
            },
        )

    @staticmethod
    def concatenate(parts: "Sequence[Rows]") -> "Rows":
        """Rows of several batches of one table, none of them quarantined yet, as one."""
        head = parts[0]
        columns = {
            name: encode(pa.concat_arrays([part.columns[name].raw_cells for part in parts]))
            for name in head.columns
        }
        return Rows(
            head.table,
            head.rule,
            head.export,
            head.sheet,
            np.concatenate([part.numbers for part in parts]),
            columns,
            pa.concat_arrays([part.keys for part in parts]),
            np.concatenate([part.fates for part in parts]),
            pa.concat_batches([_as_strings(part.cells) for part in parts]),
            head.missing,
        )

    def cells_texts(self, at: Index) -> list[str]:
        """Some whole rows as JSON texts, as the quarantine keeps them; of a melted row its own cells."""
        if self.melted is None:
            return [_as_json(row, frozenset()) for row in self.cells.take(pa.array(at)).to_pylist()]
        melted = self.melted
        every = {name for sources in melted.sources.values() for name in sources}
        others = [frozenset(every - {*own}) for own in zip(*melted.sources.values(), strict=True)]
        cells = self.cells.take(pa.array(melted.of_cells[at])).to_pylist()
        return [
            _as_json(row, others[part]) for row, part in zip(cells, melted.part[at], strict=True)
        ]


def _as_json(row: Mapping[str, str | None], but: frozenset[str]) -> str:
    filled = {k: v for k, v in row.items() if v and v.strip() and k not in but}
    return json.dumps(filled, ensure_ascii=False)


def _as_strings(cells: pa.RecordBatch) -> pa.RecordBatch:
    arrays = [column.cast(pa.string()) for column in cells.columns]
    return pa.RecordBatch.from_arrays(arrays, names=cells.schema.names)
