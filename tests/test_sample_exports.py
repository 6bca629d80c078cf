"""The deliveries of the sample: made the same each time, each defect at its address."""

import csv
import sqlite3
from dataclasses import astuple
from functools import lru_cache
from pathlib import Path

import openpyxl
import pyreadstat
import pytest
from ruamel.yaml import YAML

from sample_exports.conventions import CENTERS
from sample_exports.delivery import EXPECTED, Defect
from sample_exports.make import make

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "sample_exports"
MADE_BY_HAND = ("README.md", "truth.csv", ".gitattributes")
ENCODINGS = {"dora": "cp1252"}
KINDS = {
    "unmapped code", "impossible date", "day and month swapped", "year typed 2109",
    "text in a number", "below a limit", "unit slip within a column", "death before HMA start",
    "missing key", "repeated key with conflicting values", "trailing blanks",
    "trailing no-break space", "accent in two forms", "shifted row", "blank row", "total row",
    "exact duplicate row", "same patient at two centers", "test patient", "patient under 18",
    "HMA given as first line", "HMA with venetoclax", "partial date", "given survival differs",
}  # fmt: skip


def _defects() -> list[Defect]:
    with (SAMPLE / "defects.csv").open(encoding="utf-8", newline="") as file:
        return [Defect(**(row | {"row": int(row["row"])})) for row in csv.DictReader(file)]  # type: ignore[arg-type]


DEFECTS = _defects()


def test_the_program_makes_the_committed_bytes(tmp_path: Path) -> None:
    make(tmp_path)
    made = {path.relative_to(tmp_path): path.read_bytes() for path in _files(tmp_path)}
    committed = {
        path.relative_to(SAMPLE): path.read_bytes()
        for path in _files(SAMPLE)
        if path.suffix not in (".py", ".pyc") and path.name not in MADE_BY_HAND
    }
    assert sorted(made) == sorted(committed)
    assert [name for name in made if made[name] != committed[name]] == []


def test_each_delivery_says_that_it_is_synthetic() -> None:
    for center in CENTERS:
        assert "SYNTHETIC DATA" in (SAMPLE / center / "README.txt").read_text(encoding="utf-8")


def test_the_sample_is_small() -> None:
    assert sum(path.stat().st_size for path in _files(SAMPLE)) < 2_000_000


def test_every_kind_of_defect_is_planted() -> None:
    assert {defect.kind for defect in DEFECTS} == KINDS
    assert {defect.expected for defect in DEFECTS} == set(EXPECTED)
    assert {defect.center for defect in DEFECTS} == set(CENTERS)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda d: f"{d.center}-{d.row}-{d.kind}")
def test_each_defect_stands_at_its_address(defect: Defect) -> None:
    row = _rows(defect.file, defect.sheet)[defect.row]
    if defect.column:
        assert row[defect.column] == defect.raw
    else:
        assert " | ".join(text for text in row.values() if text) == defect.raw


@pytest.mark.parametrize("center", CENTERS)
def test_corrections_of_the_mapping_are_the_planted_errors(center: str) -> None:
    planted = {
        (defect.column, defect.raw, defect.now)
        for defect in DEFECTS
        if defect.center == center and defect.expected == "corrected"
    }
    tree = YAML(typ="base").load(ROOT / "center_mappings" / f"{center}.yaml")
    corrections = tree.get("corrections", [])
    assert {(each["column"], each["was"], each["now"]) for each in corrections} == planted
    assert all(each["reason"] for each in corrections)


def test_no_two_defects_share_a_cell() -> None:
    addresses = [astuple(defect)[1:5] for defect in DEFECTS]
    assert len(set(addresses)) == len(addresses)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]


@lru_cache
def _rows(file: str, sheet: str) -> dict[int, dict[str, str]]:
    """Rows by the number a person sees, read without any code of ours."""
    path = SAMPLE / file
    match path.suffix:
        case ".csv":
            return _csv_rows(path)
        case ".xlsx":
            return _excel_rows(path, sheet)
        case ".sqlite":
            return _sqlite_rows(path, sheet)
        case _:
            return _statistics_rows(path)


def _csv_rows(path: Path) -> dict[int, dict[str, str]]:
    encoding = ENCODINGS.get(path.parent.name, "utf-8")
    delimiter = "," if path.parent.name == "adige" else ";"
    with path.open(encoding=encoding, newline="") as file:
        header, *lines = list(csv.reader(file, delimiter=delimiter))
    return {row: dict(zip(header, line, strict=True)) for row, line in enumerate(lines, 2)}


def _excel_rows(path: Path, sheet: str) -> dict[int, dict[str, str]]:
    page = openpyxl.load_workbook(path)[sheet]
    header_row = 4 if sheet == "Pazienti" else 1
    header = [str(cell.value) for cell in page[header_row]]
    lines = page.iter_rows(min_row=header_row + 1, values_only=True)
    return {
        row: dict(zip(header, map(_text, line), strict=True))
        for row, line in enumerate(lines, header_row + 1)
    }


def _sqlite_rows(path: Path, sheet: str) -> dict[int, dict[str, str]]:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        found = connection.execute(f"SELECT * FROM {sheet} ORDER BY rowid")
        header = [column[0] for column in found.description]
        lines = found.fetchall()
    finally:
        connection.close()
    return {
        row: dict(zip(header, map(_text, line), strict=True)) for row, line in enumerate(lines, 1)
    }


def _statistics_rows(path: Path) -> dict[int, dict[str, str]]:
    if path.suffix == ".sav":
        columns, _ = pyreadstat.read_sav(path, user_missing=True, output_format="dict")
    else:
        columns, _ = pyreadstat.read_dta(path, output_format="dict")
    lines = zip(*columns.values(), strict=True)
    return {
        row: dict(zip(columns, map(_text, line), strict=True)) for row, line in enumerate(lines, 1)
    }


def _text(value: object) -> str:
    """A cell as its program shows it; dates in ISO form."""
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    isoformat = getattr(value, "date", None)
    return str(isoformat()) if isoformat else str(value)
