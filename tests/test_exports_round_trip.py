"""Random tables, written by other libraries than those that read them where there are any."""

import csv
import io
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest
from export_reading import opened, see
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet

from onecohort.errors import ExportError

Rows = list[tuple[str, ...]]

# Control signs are damage in a text (and illegal in XML); a carriage return is a line end in XML.
TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), include_characters="\n\t"),
    max_size=12,
)
PLAIN = st.sampled_from(["", "0", "007", "1,5", "NA", "a b", ";", '"', "'", "#N", "è", "x\ny", ","])


def tables(text: st.SearchStrategy[str]) -> st.SearchStrategy[Rows]:
    """Tables of 1 to 4 columns whose first cell of a row is filled, so that no row is blank."""

    def rows(width: int) -> st.SearchStrategy[Rows]:
        first = st.integers(1, 99999).map(lambda n: f"P{n:05d}")
        return st.lists(st.tuples(first, *[text] * (width - 1)), min_size=1, max_size=12)

    return st.integers(1, 4).flatmap(rows)


def names(rows: Rows) -> list[str]:
    return [f"c{number}" for number in range(len(rows[0]))]


def write_csv(path: Path, rows: Rows, **options: object) -> None:
    encoding = str(options.pop("encoding", "utf-8"))
    with path.open("w", newline="", encoding=encoding) as stream:
        writer = csv.writer(stream, **options)  # type: ignore[arg-type]
        writer.writerow(names(rows))
        writer.writerows(rows)


def write_xlsx(path: Path, rows: Rows) -> None:
    book = openpyxl.Workbook()
    assert isinstance(book.active, Worksheet)
    for row in [tuple(names(rows)), *rows]:
        book.active.append([openpyxl.cell.WriteOnlyCell(book.active, value=text) for text in row])
    for line in book.active.iter_rows():
        for cell in line:
            if cell.value is not None:
                cell.data_type = "s"
    book.save(path)


def write_sqlite(path: Path, rows: Rows) -> None:
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as connection:
        connection.execute(f"CREATE TABLE t ({', '.join(f'{name} TEXT' for name in names(rows))})")
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"INSERT INTO t VALUES ({marks})", rows)
    connection.close()


def write_json_lines(path: Path, rows: Rows) -> None:
    lines = [json.dumps(dict(zip(names(rows), row, strict=True))) for row in rows]
    path.write_text("\n".join(lines))


def write_parquet(path: Path, rows: Rows) -> None:
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    pq.write_table(pa.table(columns, names=names(rows)), path)


def frame(rows: Rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=names(rows))


FORMATS: dict[str, tuple[str, Callable[[Path, Rows], None], dict[str, object]]] = {
    "csv": ("x.csv", write_csv, {"delimiter": ","}),
    "csv, semicolon": ("x.csv", lambda p, r: write_csv(p, r, delimiter=";"), {"delimiter": ";"}),
    "csv, all quoted": (
        "x.csv",
        lambda p, r: write_csv(p, r, quoting=csv.QUOTE_ALL),
        {"delimiter": ","},
    ),
    "csv, utf-16": ("x.csv", lambda p, r: write_csv(p, r, encoding="utf-16"), {"delimiter": ","}),
    "csv, record by record": ("x.csv", write_csv, {"delimiter": ",", "comment": "\x01"}),
    "tsv": ("x.tsv", lambda p, r: write_csv(p, r, delimiter="\t"), {"delimiter": "tab"}),
    "jsonl": ("x.jsonl", write_json_lines, {}),
    "parquet": ("x.parquet", write_parquet, {}),
    "sqlite": ("x.sqlite", write_sqlite, {}),
}


@pytest.mark.parametrize("form", FORMATS)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=tables(TEXT | PLAIN), size=st.sampled_from([1, 2, 5, 100_000]))
@example(rows=[("P1", '"'), ("P2", "\n")], size=1)
@example(rows=[("P1", "# x", "")], size=2)
def test_what_was_written_is_read(tmp_path: Path, form: str, rows: Rows, size: int) -> None:
    name, write, layout = FORMATS[form]
    path = tmp_path / name
    write(path, rows)
    seen = see(opened(path, **layout), rows=size)
    assert seen.cells == rows
    assert seen.columns == tuple(names(rows))
    assert seen.faults == []
    assert seen.rows == list(range(seen.rows[0], seen.rows[0] + len(rows)))


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=tables(PLAIN))
def test_a_workbook_is_read_as_it_was_written(tmp_path: Path, rows: Rows) -> None:
    write_xlsx(tmp_path / "x.xlsx", rows)
    assert see(opened(tmp_path / "x.xlsx")).cells == rows


NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=64).filter(
    lambda value: value == 0 or 1e-300 < abs(value) < 1e300
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(values=st.lists(NUMBERS, min_size=1, max_size=20))
def test_numbers_come_back_to_the_last_bit(tmp_path: Path, values: list[float]) -> None:
    pq.write_table(pa.table({"x": values}), tmp_path / "x.parquet")
    assert [float(text) for (text,) in see(opened(tmp_path / "x.parquet")).cells] == values
    pyreadstat.write_sav(pd.DataFrame({"x": values}), str(tmp_path / "x.sav"))
    assert [float(text) for (text,) in see(opened(tmp_path / "x.sav")).cells] == values


LETTERS = st.text(st.characters(codec="cp1252", exclude_categories=("Cc", "Cs", "Zs")), max_size=8)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("x.sav", lambda path, rows: pyreadstat.write_sav(frame(rows), str(path))),
        ("x.dta", lambda path, rows: pyreadstat.write_dta(frame(rows), str(path))),
    ],
)
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=tables(LETTERS))
def test_texts_of_a_statistical_file_come_back(
    tmp_path: Path, name: str, write: Callable[[Path, Rows], None], rows: Rows
) -> None:
    write(tmp_path / name, rows)
    assert see(opened(tmp_path / name)).cells == rows


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    text=st.text(st.sampled_from("a1,;\"\n\r \t'|#"), min_size=1, max_size=60),
    size=st.integers(1, 3),
)
def test_any_text_gives_the_rows_that_the_standard_library_sees(
    tmp_path: Path, text: str, size: int
) -> None:
    """Whatever stands in a file: every record is a row or a fault, under its own number."""
    path = tmp_path / "x.csv"
    path.write_text("h1,h2\n" + text + '\n"end",0\n', newline="")
    try:
        seen = see(opened(path, delimiter=",", quote='"'), rows=size)
    except ExportError as refused:
        known = ("never closes", "cannot be split", "2 names in its header and 3 fields")
        assert any(words in str(refused) for words in known)
        return
    expected = list(csv.reader(io.StringIO(path.read_bytes().decode(), newline="")))
    good = {
        number: tuple(record or ["", ""])
        for number, record in enumerate(expected, start=1)
        if number > 1 and len(record) in (0, 2)
    }
    bad = [n for n, record in enumerate(expected, start=1) if n > 1 and len(record) not in (0, 2)]
    got = dict(zip(seen.rows, seen.cells, strict=True))
    if seen.columns == ("h1", "h2"):
        assert [fault.row for fault in seen.faults] == bad
        assert got == good
