"""Files that nobody here wrote, read a second time by other programs' libraries.

They are found by the environment variable ONECOHORT_REAL_DATA; without it these tests are skipped.
"""

import datetime
import math
import os
import warnings
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from export_reading import see
from real_files import DECLARED, layouts, real_files, table_of_page, table_of_real_files

from onecohort.errors import ExportError
from onecohort.exports import Layout, Table, list_tables, open_table

ROOT = Path(os.environ.get("ONECOHORT_REAL_DATA", "no-real-data"))
pytestmark = pytest.mark.skipif(
    not ROOT.is_dir(), reason="ONECOHORT_REAL_DATA does not name a folder of real files"
)


def files(*suffixes: str) -> list[Path]:
    return [path for path in real_files(ROOT) if path.suffix in suffixes] if ROOT.is_dir() else []


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def texts(table: Table) -> pd.DataFrame:
    seen = see(table)
    return pd.DataFrame(seen.cells, columns=list(seen.columns), index=seen.rows, dtype=object)


def readable(path: Path) -> list[Layout]:
    try:
        return layouts(path, ROOT)
    except ExportError:
        return []


def test_the_table_in_the_documentation_is_true() -> None:
    assert table_of_page().splitlines() == table_of_real_files(ROOT).splitlines()


def test_the_declared_layouts_are_of_files_that_are_there() -> None:
    assert set(DECLARED) <= {name(path) for path in real_files(ROOT)}


def test_every_refusal_is_one_line_with_a_way_out() -> None:
    for path in real_files(ROOT):
        try:
            for layout in layouts(path, ROOT):
                see(open_table(path, root=ROOT, layout=layout))
        except ExportError as refused:
            (mistake,) = refused.mistakes
            assert mistake.where.startswith(name(path))
            assert mistake.what
            assert mistake.fix
            assert "\n" not in mistake.what + mistake.fix


def one_line_files(path: Path) -> bool:
    declared = DECLARED.get(name(path), Layout())
    return declared.record_lines is None and declared.columns is None


@pytest.mark.parametrize("path", files(".csv", ".data"), ids=name)
def test_texts_are_what_pandas_reads(path: Path) -> None:
    if not readable(path) or not one_line_files(path):
        pytest.skip("refused, or without a header: see the other tests")
    ours = texts(open_table(path, root=ROOT, layout=Layout()))
    theirs = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    assert ours.to_numpy().tolist() == theirs.to_numpy().tolist()


@pytest.mark.parametrize("path", files(".data"), ids=name)
def test_wrapped_and_headless_texts_hold_every_word_of_the_file(path: Path) -> None:
    if one_line_files(path) or name(path) == "uci_heart/cleveland.data":
        pytest.skip("has a header, or is refused")
    (layout,) = layouts(path, ROOT)
    ours = texts(open_table(path, root=ROOT, layout=layout))
    words = path.read_text().replace(",", " ").split()
    assert ours.to_numpy().ravel().tolist() == words


def test_the_corrupted_cleveland_file_is_refused_by_its_damage() -> None:
    path = ROOT / "uci_heart" / "cleveland.data"
    with pytest.raises(ExportError, match=r"holds a NUL byte at byte 56,998 \(line 2,824\)"):
        open_table(path, root=ROOT, layout=DECLARED["uci_heart/cleveland.data"])


def spreadsheet_text(value: object) -> str:
    """What a person sees of a value that openpyxl or pandas read from a workbook."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        shown = f"{value:.15g}"
        return format(int(float(shown)), "d") if float(shown).is_integer() else shown
    if isinstance(value, datetime.datetime):
        return value.strftime(
            "%Y-%m-%d" if value.time() == datetime.time() else "%Y-%m-%d %H:%M:%S"
        )
    if isinstance(value, datetime.timedelta):
        seconds = int(value.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return str(value)


def below_the_header(rows: list[list[str]], header_row: int, table: Table) -> list[list[str]]:
    """Rows below the header without the columns that hold nothing at all, blank ones at the end cut."""
    rows = [*rows]
    while rows and not any(rows[-1]):
        rows.pop()
    wide = max(len(row) for row in rows)
    rows = [row + [""] * (wide - len(row)) for row in rows][header_row - 1 :]
    used = [place for place in range(wide) if any(row[place] for row in rows)]
    cells = [[row[place] for place in used] for row in rows[1:]]
    assert len(used) == len(table.columns)
    return cells


UNKNOWN_TO_OPENPYXL = {
    "date_iso.xlsx": "openpyxl takes its ISO dates for errors",
    "whitespace_trim.xlsx": "openpyxl keeps blanks that no spreadsheet shows",
    "empty_s_attribute.xlsx": "openpyxl fails on its cell without a style",
    "strict_iso_paths.xlsx": "openpyxl finds none of its sheets: compared with pandas below",
    "pass_protected.xlsx": "locked",
}


@pytest.mark.parametrize("path", files(".xlsx"), ids=name)
def test_workbooks_are_what_openpyxl_reads(path: Path) -> None:
    if not readable(path):
        pytest.skip("refused: see the table of the documentation")
    if path.name in UNKNOWN_TO_OPENPYXL:
        pytest.skip(UNKNOWN_TO_OPENPYXL[path.name])
    with warnings.catch_warnings(action="ignore"):
        book = openpyxl.load_workbook(path, data_only=True)
    for layout in layouts(path, ROOT):
        table = open_table(path, root=ROOT, layout=layout)
        sheet = book[layout.sheet or ""]
        rows = [[spreadsheet_text(cell.value) for cell in row] for row in sheet.iter_rows()]
        expected = below_the_header(rows, layout.header_row or 1, table)
        assert texts(table).to_numpy().tolist() == expected


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in files(".xls", ".xlsb", ".ods", ".xlsx")
        if path.suffix != ".xlsx"
        or path.name in ("empty_s_attribute.xlsx", "strict_iso_paths.xlsx")
    ],
    ids=name,
)
def test_other_workbooks_hold_what_their_xlsx_twin_or_pandas_holds(path: Path) -> None:
    if not readable(path) or path.stem == "pass_protected":
        pytest.skip("refused: see the table of the documentation")
    twin = path.with_suffix(".xlsx")
    for layout in layouts(path, ROOT):
        table = open_table(path, root=ROOT, layout=layout)
        if twin.exists() and twin != path and path.name != "date.ods":
            other = open_table(twin, root=ROOT, layout=layout)
            assert texts(table).equals(texts(other))
            continue
        if path.name == "covered.ods":
            assert table.facts["texts_under_merged_cells"] == 1
            continue
        frame = pd.read_excel(
            path, sheet_name=layout.sheet, header=None, engine="calamine", dtype=object
        )
        frame = frame.astype(object).where(frame.notna(), None)
        rows = [[spreadsheet_text(v) for v in row] for row in frame.to_numpy().tolist()]
        expected = below_the_header(rows, layout.header_row or 1, table)
        assert texts(table).to_numpy().tolist() == expected


def test_1904_dates_are_the_days_of_the_1900_calendar() -> None:
    for suffix in ("xls", "xlsb", "xlsx"):
        pair = [
            texts(
                open_table(ROOT / f"formats/calamine/{stem}.{suffix}", root=ROOT, layout=Layout())
            )
            for stem in ("date", "date_1904")
        ]
        assert pair[0].equals(pair[1])


def statistical_text(value: object) -> str:
    """What a person sees of a value that pandas read from a statistical file."""
    if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if isinstance(value, pd.Timestamp | datetime.datetime):
        midnight = value.time() == datetime.time()
        return value.strftime("%Y-%m-%d" if midnight else "%Y-%m-%d %H:%M:%S")
    if isinstance(value, np.float32):
        return str(value).removesuffix(".0")
    if isinstance(value, int | float):
        return repr(float(value)).removesuffix(".0")
    return str(value)


@pytest.mark.parametrize("path", files(".sas7bdat", ".xpt"), ids=name)
def test_sas_files_are_what_pandas_own_reader_reads(path: Path) -> None:
    if path.name == "dates_xpt_v8.xpt":
        pytest.skip("pandas reads version 5 only; the twin dates_xpt.sas7bdat is compared")
    ours = texts(open_table(path, root=ROOT, layout=Layout()))
    table = pd.read_sas(path, encoding="utf-8" if path.suffix == ".sas7bdat" else "ascii")
    assert list(ours.columns) == list(table.columns)
    compared = 0
    for column in table.columns:
        theirs = [statistical_text(value) for value in table[column]]
        if pd.api.types.is_numeric_dtype(table[column]) and any(":" in t for t in ours[column]):
            continue  # a time of day, which pandas leaves as seconds
        if path.name == "missing_test.sas7bdat" and "" in theirs:
            continue  # the letter of a missing value, which pandas drops
        dated = any("-" in text[1:] for text in ours[column])
        if dated and pd.api.types.is_numeric_dtype(table[column]):
            continue  # a date format that pandas does not know
        assert ours[column].tolist() == [
            text.split(".")[0] if dated else text for text in theirs
        ], column
        compared += 1
    assert compared


def test_a_sas_transport_file_of_version_8_is_its_sas7bdat_twin() -> None:
    folder = ROOT / "formats" / "pyreadstat" / "basic"
    pair = [
        texts(open_table(folder / file, root=ROOT, layout=Layout()))
        for file in ("dates_xpt.sas7bdat", "dates_xpt_v8.xpt")
    ]
    assert pair[0].equals(pair[1])


@pytest.mark.parametrize("path", files(".dta"), ids=name)
def test_stata_files_are_what_pandas_own_reader_reads(path: Path) -> None:
    ours = texts(open_table(path, root=ROOT, layout=Layout()))
    has_letters = path.name == "missing_test.dta"
    theirs = pd.read_stata(path, convert_categoricals=False, convert_missing=has_letters)
    for column in theirs.columns:
        shown = [
            (str(v) if str(v) != "." else "")
            if "StataMissing" in type(v).__name__
            else statistical_text(v)
            for v in theirs[column]
        ]
        if any(":" in text and len(text) == 8 for text in ours[column]):
            shown = [
                text.split(" ")[-1] if " " in text else "00:00:00" if text else "" for text in shown
            ]
        assert ours[column].tolist() == shown, column


def test_the_twins_in_spss_stata_and_sas_hold_the_same() -> None:
    folder = ROOT / "formats" / "pyreadstat" / "basic"
    suffixes = ("sav", "zsav", "por", "dta", "sas7bdat", "xpt")
    tables = [
        texts(open_table(folder / f"sample.{suffix}", root=ROOT, layout=Layout()))
        for suffix in suffixes
    ]
    for table in tables[1:]:
        table.columns = tables[0].columns
        assert table.equals(tables[0])
    written = pd.read_csv(folder / "sample.csv", dtype=str, keep_default_na=False)
    assert tables[0]["mynum"].tolist() == [
        statistical_text(float(text)) if text else "" for text in written["mynum"]
    ]
    assert tables[0]["mydate"].tolist() == written["mydate"].tolist()


def test_a_sas_catalog_beside_the_data_gives_the_labels() -> None:
    folder = ROOT / "formats" / "pyreadstat" / "sas_catalog"
    for system in ("linux", "win"):
        layout = Layout(dictionary=Path(f"test_formats_{system}.sas7bcat"), values="labels")
        ours = texts(open_table(folder / f"test_data_{system}.sas7bdat", root=ROOT, layout=layout))
        theirs = pd.read_csv(folder / "sas_formatted.csv", dtype=str, keep_default_na=False)
        assert ours.to_numpy().tolist() == theirs.to_numpy().tolist()


def test_missing_values_that_spss_declares_are_told() -> None:
    folder = ROOT / "formats" / "pyreadstat" / "missing_data"
    numeric = open_table(folder / "missing_test.sav", root=ROOT, layout=Layout())
    assert (see(numeric).cells, numeric.user_missing) == ([("1",), ("2",)], {"var1": {"1"}})
    letters = open_table(folder / "missing_char.sav", root=ROOT, layout=Layout())
    assert (see(letters).cells, letters.user_missing) == ([("Z",), ("a",)], {"mychar": {"Z"}})


@pytest.mark.parametrize("hospital", ["lyon", "nantes", "grenoble", "clermont", "cochin", "mondor"])
def test_an_r_data_frame_is_the_csv_written_from_it(hospital: str) -> None:
    folder = ROOT / "aipal_france"
    file = folder / "221003_AI_PAL_processed_data_list.rds"
    ours = texts(open_table(file, root=ROOT, layout=Layout(sheet=hospital)))
    theirs = texts(open_table(folder / f"{hospital}.csv", root=ROOT, layout=Layout()))
    assert list(ours.columns) == list(theirs.columns)

    def number(text: str) -> float | str:
        try:
            return float(text)
        except ValueError:
            return text

    assert ours.map(number).to_numpy().tolist() == theirs.map(number).to_numpy().tolist()


def redcap_projects() -> list[Path]:
    folder = ROOT / "formats" / "redcapr" / "projects"
    return [
        path for path in files(".csv") if path.name == "data.csv" and path.is_relative_to(folder)
    ]


@pytest.mark.parametrize("path", redcap_projects(), ids=name)
def test_the_tables_of_a_redcap_project_hold_all_its_rows_and_texts(path: Path) -> None:
    dictionary = next(path.parent.glob("dictiona*.csv"), None)
    if dictionary is None or not readable(path):
        pytest.skip("without a dictionary, or refused")
    whole = pd.read_csv(path, dtype=str, keep_default_na=False)
    beside = Path(dictionary.name)
    instruments = [one.layout.instrument for one in list_tables(path, root=ROOT)]
    rows: list[int] = []
    filled = 0
    for instrument in instruments:
        layout = Layout(instrument=instrument, dictionary=beside)
        table = open_table(path, root=ROOT, layout=layout)
        frame = texts(table)
        rows += list(frame.index)
        filled += int((frame != "").to_numpy().sum())
        assert set(table.labels) <= set(table.columns)
    assert sorted(rows) == list(range(2, len(whole) + 2))
    assert filled == int((whole != "").to_numpy().sum())


def test_checkboxes_and_choices_of_a_real_project_have_their_labels() -> None:
    path = ROOT / "formats" / "redcapr" / "projects" / "simple" / "data.csv"
    table = open_table(path, root=ROOT, layout=Layout(dictionary=Path("dictionary.csv")))
    assert table.value_labels["race___1"] == {"0": "Unchecked", "1": "Checked"}
    assert table.labels["race___3"].startswith("Race (Select all that apply) (choice=")


def test_beat_aml_is_read_whole() -> None:
    path = ROOT / "beataml2" / "beataml_wv1to4_clinical.xlsx"
    frame = texts(open_table(path, root=ROOT, layout=Layout(sheet="summary")))
    assert frame.shape == (942, 95)
    assert frame["dbgap_subject_id"].nunique() == 805
    assert list(frame.index) == list(range(2, 944))
