"""What a delivery is made of: sheets of lines, and the flaws planted in them with their address."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TypeAlias

SYNTHETIC = "SYNTHETIC DATA: invented patients, no relation to any hospital or person."
SINTETICO = "DATI SINTETICI: pazienti inventati, nessun rapporto con ospedali o persone reali."

# What becomes of a flaw: `corrected` in the mapping, the row `quarantined`, `merged` with another or
# `left_out` by a declared rule, or only `noted` since nothing is lost.
EXPECTED = ("corrected", "quarantined", "merged", "left_out", "noted")

Cells: TypeAlias = dict[str, object]


@dataclass(frozen=True)
class Flaw:
    """Something wrong with a line, or with one cell of it; `now` is what a correction writes."""

    kind: str
    expected: str
    column: str = ""
    now: str = ""


@dataclass
class Line:
    """One row of a sheet; a column without a cell is blank."""

    cells: Cells = field(default_factory=dict)
    flaws: list[Flaw] = field(default_factory=list)

    def spoil(
        self, column: str, value: object, kind: str, expected: str = "corrected", *, now: str = ""
    ) -> None:
        """Put a wrong value into a cell; `now` where its correction is not what stood there."""
        right = shown(self.cells.get(column))
        assert shown(value) != right, (column, value)
        self.cells[column] = value
        now = now or right if expected == "corrected" else ""
        self.flaws.append(Flaw(kind, expected, column, now))

    def mark(self, kind: str, expected: str, column: str = "") -> None:
        """Note that this line is planted, or that this cell of it is."""
        self.flaws.append(Flaw(kind, expected, column))


@dataclass
class Sheet:
    """One table of a delivery.

    file        path below the sample's folder
    sheet       name within the file, where it has several
    first_row   number of the first line, as a person sees it
    key         column that holds the patient
    """

    file: str
    columns: tuple[str, ...]
    key: str
    sheet: str = ""
    first_row: int = 2
    lines: list[Line] = field(default_factory=list)

    def add(self, cells: Mapping[str, object]) -> Line:
        """Append a line; raises KeyError for a cell that has no column."""
        unknown = set(cells) - set(self.columns)
        if unknown:
            raise KeyError(f"{self.file} has no column {sorted(unknown)}")
        self.lines.append(Line(dict(cells)))
        return self.lines[-1]

    def line(self, patient: str) -> Line:
        """The first line of a patient."""
        return next(line for line in self.lines if shown(line.cells.get(self.key)) == patient)

    def rows(self) -> list[list[object]]:
        """All cells in the order of the columns; None is blank."""
        return [[line.cells.get(column) for column in self.columns] for line in self.lines]


@dataclass(frozen=True)
class Defect:
    """One line of defects.csv."""

    center: str
    file: str
    sheet: str
    row: int
    column: str
    raw: str
    kind: str
    expected: str
    patient: str
    now: str


def defects_in(sheet: Sheet) -> list[Defect]:
    """Every flaw of a sheet with its address; a flaw of a whole line shows all its filled cells."""
    found = []
    for row, line in enumerate(sheet.lines, sheet.first_row):
        for flaw in line.flaws:
            raw = shown(line.cells.get(flaw.column)) if flaw.column else _whole(sheet, line)
            found.append(
                Defect(
                    center=sheet.file.split("/")[0],
                    file=sheet.file,
                    sheet=sheet.sheet,
                    row=row,
                    column=flaw.column,
                    raw=raw,
                    kind=flaw.kind,
                    expected=flaw.expected,
                    patient=shown(line.cells.get(sheet.key)),
                    now=flaw.now,
                )
            )
    return found


def write_defects(defects: Iterable[Defect], path: Path) -> None:
    """One line per defect, in the order of the deliveries."""
    columns = tuple(Defect.__dataclass_fields__)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([getattr(defect, column) for column in columns] for defect in defects)


def shown(value: object) -> str:
    """The text that a person sees of a cell."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat() if isinstance(value, date) else str(value)


def number(value: float | None, *, decimal: str = ".", times: float = 1) -> str:
    """A number as text, without a decimal point where it is whole."""
    if value is None:
        return ""
    return shown(round(value * times, 6)).replace(".", decimal)


def day(value: date | None, form: str) -> str:
    """A date as text in a form of `strftime`."""
    return "" if value is None else value.strftime(form)


def coded(term: str | None, codes: Mapping[str, str]) -> str:
    """The center's own code of a term; blank where the term is not known."""
    return "" if term is None else codes[term]


def cycle_dates(
    start: date, end: date | None, cycles: int, dose_days: int
) -> list[tuple[date, date]]:
    """First and last day of each cycle, the first from `start` and the last until `end`."""
    last_day = end or start + (cycles - 1) * MONTH + (dose_days - 1) * DAY
    last_start = max(start, last_day - (dose_days - 1) * DAY)
    gap = (last_start - start).days / max(cycles - 1, 1)
    starts = [start + round(gap * number) * DAY for number in range(cycles)]
    ends = [min(begin + (dose_days - 1) * DAY, last_day) for begin in starts]
    return list(zip(starts, [*ends[:-1], last_day], strict=True))


DAY = date(2001, 1, 2) - date(2001, 1, 1)
MONTH = 28 * DAY


def _whole(sheet: Sheet, line: Line) -> str:
    texts = [shown(line.cells.get(column)) for column in sheet.columns]
    return " | ".join(text for text in texts if text)
