"""Files of each format, the same bytes each time: no clock, no library version, no compression."""

import csv
import io
import re
import sqlite3
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias, cast

import pandas as pd
import pyreadstat
from openpyxl import Workbook

from sample_exports.delivery import SYNTHETIC, Sheet, shown

NumericLabels: TypeAlias = dict[str, dict[int | float, str]]
MOMENT = b"2021-06-15T08:00:00Z"
SQLITE_LIBRARY = (3_040_000).to_bytes(4, "big")


def write_csv(path: Path, sheet: Sheet, *, delimiter: str = ";", encoding: str = "utf-8") -> None:
    """A delimited text with a header line and Windows line ends."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(sheet.columns)
    for row in sheet.rows():
        texts = [shown(cell) for cell in row]
        if any(texts):
            writer.writerow(texts)
        else:
            text.write(delimiter * (len(texts) - 1) + "\r\n")
    path.write_bytes(text.getvalue().encode(encoding))


def write_xlsx(path: Path, workbook: Workbook) -> None:
    """A workbook whose archive is stored uncompressed, with one fixed time."""
    workbook.properties.creator = "sample_exports"
    raw = io.BytesIO()
    workbook.save(raw)
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", MOMENT, content)
            target.writestr(zipfile.ZipInfo(name, (2021, 6, 15, 8, 0, 0)), content)


def write_sav(
    path: Path,
    sheet: Sheet,
    *,
    labels: Mapping[str, str],
    value_labels: Mapping[str, Mapping[int, str]],
    missing: Mapping[str, int],
) -> None:
    """An SPSS file with variable labels, value labels and user-missing codes."""
    frame = _frame(sheet)
    numbers = [name for name in sheet.columns if frame[name].dtype == "float64"]
    whole = [name for name in numbers if (frame[name].dropna() % 1 == 0).all()]
    pyreadstat.write_sav(
        frame,
        str(path),
        file_label=SYNTHETIC.partition(",")[0],
        column_labels=[labels[column] for column in sheet.columns],
        variable_value_labels=cast("NumericLabels", value_labels),
        missing_ranges={name: [code] for name, code in missing.items()},
        variable_format={name: "F8.0" if name in whole else "F8.2" for name in numbers},
    )
    raw = bytearray(path.read_bytes())
    raw[92:109] = b"15 Jun 2108:00:00"  # creation date and time of the header
    path.write_bytes(raw)


def write_dta(
    path: Path,
    sheet: Sheet,
    *,
    labels: Mapping[str, str],
    value_labels: Mapping[str, Mapping[int, str]],
) -> None:
    """A Stata 15 file with variable and value labels, dates as days since 1960."""
    pyreadstat.write_dta(
        _frame(sheet),
        str(path),
        file_label=SYNTHETIC.partition(",")[0],
        column_labels=[labels[column] for column in sheet.columns],
        variable_value_labels=cast("NumericLabels", value_labels),
    )
    stamp = rb"\d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d"
    patched, count = re.subn(stamp, b"15 Jun 2021 08:00", path.read_bytes(), count=1)
    assert count == 1, "the time in the header of a .dta file was not found"
    path.write_bytes(patched)


def write_sqlite(path: Path, tables: Mapping[str, tuple[str, Sequence[Sequence[object]]]]) -> None:
    """A database; each table is its `CREATE TABLE` body and its rows."""
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    for name, (body, rows) in tables.items():
        connection.execute(f"CREATE TABLE {name} ({body})")
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)
    connection.commit()
    connection.execute("VACUUM")
    connection.close()
    raw = bytearray(path.read_bytes())
    raw[96:100] = SQLITE_LIBRARY  # the version of the library that wrote the file
    path.write_bytes(raw)


def _frame(sheet: Sheet) -> pd.DataFrame:
    """Columns of numbers, dates or texts; a blank is missing."""
    columns: dict[str, pd.Series[Any]] = {}
    for place, name in enumerate(sheet.columns):
        cells = [row[place] for row in sheet.rows()]
        filled = [cell for cell in cells if cell is not None]
        if filled and all(isinstance(cell, int | float) for cell in filled):
            columns[name] = pd.Series(cells, dtype="float64")
        elif filled and all(isinstance(cell, date) for cell in filled):
            columns[name] = pd.Series(cells, dtype="object")
        else:
            columns[name] = pd.Series([shown(cell) for cell in cells], dtype="object")
    return pd.DataFrame(columns)
