"""The export for measuring: twelve mixed columns of one German-style center, as many rows as wanted.

    python -m benchmarks.generate ROWS FILE.csv [--dirty 0.15] [--seed 7]

The same seed gives the same bytes. Of --dirty of the rows exactly one cell is spoilt; which, how and
what stands there is listed in FILE.defects.csv beside it.
"""

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

COLUMNS = (
    "PatNr", "Geschlecht", "GebDat", "DiagDat", "Gewicht_lb", "Groesse_in", "Hb_gdl", "ECOG", "Stadium",
    "Ansprechen", "Verstorben", "LetzterKontakt",
)  # fmt: skip
STAGES = ("Stadium I", "Stadium II", "Stadium III", "Stadium IV")
RESPONSES = ("Vollremission", "Teilremission", "stabil", "Progress", "n.a.")
FIRST_BIRTH = date(1930, 1, 1)
HEADER_ROWS = 1
# column, kind, what stands there instead; None: thirty days before birth
DEFECTS: tuple[tuple[str, str, str | None], ...] = (
    ("Geschlecht", "unmapped_code", "3"),
    ("GebDat", "bad_date", "31/02/1950"),
    ("DiagDat", "bad_date", "2019-13-40"),
    ("Gewicht_lb", "non_numeric", "ca. 150"),
    ("Hb_gdl", "below_lod", "<5"),
    ("Ansprechen", "unmapped_code", "Teilremision"),
    ("LetzterKontakt", "date_order", None),
    ("Groesse_in", "out_of_range", "720"),
    ("PatNr", "missing_key", ""),
    ("ECOG", "out_of_range", "7"),
)


@dataclass(frozen=True)
class Defect:
    """One spoilt cell; `row` is the row of the file, the header being row 1."""

    row: int
    column: str
    kind: str
    raw: str


def make_rows(count: int, *, dirty: float, seed: int) -> Iterator[tuple[list[str], Defect | None]]:
    """Rows in the order of COLUMNS, each with its defect where it has one.

    The order in which numbers are drawn is part of the task: it decides which rows are spoilt.
    """
    chance = Random(seed)
    for number in range(count):
        born = FIRST_BIRTH + timedelta(days=chance.randrange(25_000))
        youngest, oldest = (7_000, 9_000) if chance.random() < 0.1 else (9_000, 9_900)
        diagnosed = born + timedelta(days=chance.randrange(youngest, oldest))
        seen = diagnosed + timedelta(days=chance.randrange(1, 3_000))
        row = [
            f"P{number:07d}",
            chance.choice("129" if chance.random() < 0.05 else "121"),
            show_date(born),
            show_date(diagnosed),
            f"{chance.gauss(165, 30):.1f}",
            f"{chance.gauss(67, 4):.1f}",
            f"{chance.gauss(12.5, 1.8):.1f}",
            chance.choice(("0", "1", "2", "3", "")),
            chance.choice(STAGES),
            chance.choice(RESPONSES),
            chance.choice("01"),
            show_date(seen),
        ]
        defect = None
        if dirty and chance.random() < dirty:
            column, kind, spoilt = chance.choice(DEFECTS)
            raw = show_date(born - timedelta(days=30)) if spoilt is None else spoilt
            row[COLUMNS.index(column)] = raw
            defect = Defect(number + HEADER_ROWS + 1, column, kind, raw)
        yield row, defect


def show_date(day: date) -> str:
    """Day, month, year."""
    return f"{day.day:02d}/{day.month:02d}/{day.year}"


def write_export(path: Path, count: int, *, dirty: float = 0.0, seed: int = 7) -> list[Defect]:
    """Write the export and, beside it, the list of its defects, which is also returned."""
    defects: list[Defect] = []
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for row, defect in make_rows(count, dirty=dirty, seed=seed):
            writer.writerow(row)
            if defect is not None:
                defects.append(defect)
    with path.with_suffix(".defects.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("row", "column", "kind", "raw_value"))
        writer.writerows((d.row, d.column, d.kind, d.raw) for d in defects)
    return defects


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("rows", type=int)
    parser.add_argument("file", type=Path)
    parser.add_argument("--dirty", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    write_export(given.file, given.rows, dirty=given.dirty, seed=given.seed)


if __name__ == "__main__":
    main()
