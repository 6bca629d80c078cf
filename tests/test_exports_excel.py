import datetime
import io
import re
import struct
import zipfile
from pathlib import Path

import msoffcrypto.format.ooxml
import openpyxl
import pytest
from export_reading import opened, read, see, written
from openpyxl.worksheet.worksheet import Worksheet

from onecohort.errors import ExportError
from onecohort.exports import list_tables
from onecohort.exports.workbook_kind import look_at_workbook
from onecohort.exports.workbook_xls import scan_xls


def workbook(path: Path, *rows: list[object], title: str = "Pazienti") -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = title
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def edited(path: Path, change: object) -> Path:
    book = openpyxl.load_workbook(path)
    change(book.active)  # type: ignore[operator]
    book.save(path)
    return path


CELLS = {
    "a whole number loses its .0": (1.0, "1"),
    "a text of digits stays": ("007", "007"),
    "a 17-digit text stays": ("12345678901234567", "12345678901234567"),
    "a number of 17 digits has kept 15": (12345678901234567, "12345678901234600"),
    "binary noise is not shown": (0.1 + 0.2, "0.3"),
    "a small number": (0.00001, "0.00001"),
    "negative": (-12.5, "-12.5"),
    "true": (True, "TRUE"),
    "false": (False, "FALSE"),
    "a date": (datetime.date(2019, 3, 12), "2019-03-12"),
    "midnight has no time": (datetime.datetime(2019, 3, 12), "2019-03-12"),
    "a time of day goes with its date": (
        datetime.datetime(2019, 3, 12, 8, 5),
        "2019-03-12 08:05:00",
    ),
    "a time alone": (datetime.time(8, 5, 1), "08:05:01"),
    "a duration": (datetime.timedelta(hours=26, minutes=30), "26:30:00"),
    "the first of 1900": (datetime.date(1900, 1, 1), "1900-01-01"),
    "two lines": ("x\ny", "x\ny"),
    "outer blanks": ("  x ", "  x "),
    "blank": (None, ""),
}


@pytest.mark.parametrize(("value", "text"), CELLS.values(), ids=CELLS)
def test_a_cell_is_the_text_that_a_person_sees(tmp_path: Path, value: object, text: str) -> None:
    path = workbook(tmp_path / "x.xlsx", ["id", "v"], ["1", value], ["2", "x"])
    assert read(path).cells == [("1", text), ("2", "x")]


def test_row_numbers_are_those_of_the_sheet(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "x.xlsx",
        ["Ward 3"],
        [],
        ["", "id", "sex"],
        ["", "1", "m"],
        [],
        ["", "2", "f"],
        [],
    )
    seen = read(path, header_row=3)
    assert seen.columns == ("id", "sex")
    assert dict(zip(seen.rows, seen.cells, strict=True)) == {
        4: ("1", "m"),
        5: ("", ""),
        6: ("2", "f"),
    }


def test_trailing_blank_rows_and_unnamed_blank_columns_go(tmp_path: Path) -> None:
    def format_far_cells(sheet: Worksheet) -> None:
        sheet["H40"].number_format = "0.00"

    path = edited(workbook(tmp_path / "x.xlsx", ["id", "", "v"], ["1", "", "2"]), format_far_cells)
    seen = read(path)
    assert (seen.columns, seen.rows, seen.cells) == (("id", "v"), [2], [("1", "2")])


def test_an_unnamed_column_with_cells_is_named_by_its_place(tmp_path: Path) -> None:
    table = opened(workbook(tmp_path / "x.xlsx", ["id", "", "id"], ["1", "x", "2"]))
    assert table.columns == ("id", "column 2", "id (2)")
    assert table.facts["unnamed_columns"] == ["column 2"]
    assert table.facts["repeated_names"] == ["id (2)"]


def test_header_rows_are_joined_and_merged_ones_filled_as_declared(tmp_path: Path) -> None:
    def merge(sheet: Worksheet) -> None:
        sheet.merge_cells("B1:C1")
        sheet.merge_cells("A3:A4")

    path = edited(
        workbook(
            tmp_path / "x.xlsx", ["", "Hb", ""], ["id", "pre", "post"], ["P1", 1, 2], ["", 3, 4]
        ),
        merge,
    )
    filled = read(path, header_rows=2, merged="fill")
    assert filled.columns == ("id", "Hb pre", "Hb post")
    assert filled.cells == [("P1", "1", "2"), ("P1", "3", "4")]
    first = read(path, header_rows=2)
    assert first.columns == ("id", "Hb pre", "post")
    assert first.cells == [("P1", "1", "2"), ("", "3", "4")]


def test_error_cells_are_faults_and_never_blank(tmp_path: Path) -> None:
    def formulas(sheet: Worksheet) -> None:
        sheet["B3"] = "#N/A"
        sheet["B5"] = "#DIV/0!"

    path = edited(
        workbook(tmp_path / "x.xlsx", ["id", "v"], ["1", 2], ["2", 3], ["3", 4]), formulas
    )
    seen = read(path)
    assert [(one.row, one.column, one.raw, one.check) for one in seen.faults] == [
        (3, "v", "#N/A", "cell.error"),
        (5, "v", "#DIV/0!", "cell.error"),
    ]
    assert seen.cells == [("1", "2"), ("2", "#N/A"), ("3", "4"), ("", "#DIV/0!")]
    assert "mend the formula" in seen.faults[0].hint


def test_a_formula_that_was_never_calculated_is_a_fault_and_never_blank(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", ["id", "v"], ["1", 2], ["2", 3], ["3", 4])

    def formulas(sheet: Worksheet) -> None:
        sheet["B3"] = '=IF(A3<"2",1,2)'
        sheet["C4"] = "=B4"

    seen = read(edited(path, formulas))
    assert [(one.row, one.column, one.raw, one.check) for one in seen.faults] == [
        (3, "v", '=IF(A3<"2",1,2)', "cell.uncalculated"),
        (4, "column 3", "=B4", "cell.uncalculated"),
    ]
    assert [cells[1] for cells in seen.cells] == ["2", '=IF(A3<"2",1,2)', "4"]
    assert "save it and send it again" in seen.faults[0].hint


_CELL = re.compile(rb'<c r="B3"[^>]*><v>77</v></c>')
FORMULAS = {
    "a formula that yields an empty text": (
        b'<c r="B3" t="str"><f>""</f><v></v></c>',
        "",
    ),
    "a formula with its value": (b'<c r="B3"><f>1+2</f><v>3</v></c>', "3"),
    "a shared formula with its value": (
        b'<c r="B3"><f t="shared" si="0"/><v>3</v></c>',
        "3",
    ),
}


@pytest.mark.parametrize("case", FORMULAS)
def test_a_calculated_formula_shows_its_value(tmp_path: Path, case: str) -> None:
    xml, text = FORMULAS[case]
    path = workbook(tmp_path / "x.xlsx", ["id", "v"], ["1", 2], ["2", 77])
    part_changed(path, SHEET, lambda data: _CELL.sub(xml, data))
    seen = read(path)
    assert (seen.cells[1][1], seen.faults) == (text, [])


def test_error_cells_without_an_address_are_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", ["id", "v"], ["1", 2], ["2", 77])
    part_changed(path, SHEET, lambda data: _CELL.sub(b'<c t="e"><v>#N/A</v></c>', data))
    with pytest.raises(ExportError, match="error cells without an address"):
        read(path)


PERCENTAGES = {
    "a share": (0.25, "0%", "25%"),
    "with its digits": (0.333, "0%", "33.3%"),
    "binary noise": (0.07, "0.0%", "7%"),
    "a whole": (1, "0.00%", "100%"),
    "nothing": (0, "0%", "0%"),
    "a typed number": (25, "General", "25"),
    "a quoted sign": (25, '0" %"', "25"),
    "a text": ("25 %", "0%", "25 %"),
    "a truth": (True, "0%", "TRUE"),
}


@pytest.mark.parametrize("case", PERCENTAGES)
def test_a_percentage_is_what_the_cell_shows(tmp_path: Path, case: str) -> None:
    value, form, text = PERCENTAGES[case]
    path = workbook(tmp_path / "x.xlsx", ["id", "blasts"], ["1", value], ["2", 40], ["3", 0.5])

    def display(sheet: Worksheet) -> None:
        sheet["B2"].number_format = form
        sheet["B4"].number_format = "0%"

    seen = read(edited(path, display))
    assert seen.cells == [("1", text), ("2", "40"), ("3", "50%")]


SHOWN_DATES = {
    "a month": (datetime.date(2019, 2, 1), "mmm-yy", "2019-02"),
    "an Italian month": (datetime.date(2019, 2, 1), "[$-410]mmmm\\ yyyy;@", "2019-02"),
    "a year": (datetime.date(2019, 1, 1), "yyyy", "2019"),
    "a day of a month": (datetime.date(2019, 2, 17), "mmm-yy", "2019-02-17"),
    "a month of a year": (datetime.date(2019, 2, 1), "yyyy", "2019-02-01"),
    "the first of a month": (datetime.date(2019, 2, 1), "dd/mm/yyyy", "2019-02-01"),
    "with its time": (datetime.datetime(2019, 2, 1, 8), "dd/mm/yy h:mm", "2019-02-01 08:00:00"),
}


@pytest.mark.parametrize("case", SHOWN_DATES)
def test_a_date_is_as_precise_as_the_cell_shows(tmp_path: Path, case: str) -> None:
    value, form, text = SHOWN_DATES[case]
    path = workbook(tmp_path / "x.xlsx", ["id", "dia"], ["1", value])

    def display(sheet: Worksheet) -> None:
        sheet["B2"].number_format = form

    assert read(edited(path, display)).cells == [("1", text)]


ODS_CELL = '<table:table-cell office:value-type="{kind}" office:value="0.25"{more}/>'


@pytest.mark.parametrize(
    ("kind", "more", "texts"),
    [
        ("percentage", "", ("25%",)),
        ("float", "", ("0.25",)),
        ("percentage", ' table:number-columns-repeated="2"', ("25%", "25%")),
    ],
)
def test_a_percentage_of_an_ods_is_what_the_cell_shows(
    tmp_path: Path, kind: str, more: str, texts: tuple[str, ...]
) -> None:
    row = ODS_CELL.format(kind=kind, more=more)
    path = ods(tmp_path / "x.ods", f"<table:table-row>{row}</table:table-row>")
    names = tuple("ab"[: len(texts)])
    assert read(path, columns=names).cells == [texts]


def test_display_formats_hidden_rows_and_sheets_are_stated(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "x.xlsx", ["id", "dia", "blasts"], ["1", datetime.date(2019, 3, 12), 0.25]
    )

    def dress(sheet: Worksheet) -> None:
        sheet["B2"].number_format = "dd/mm/yyyy"
        sheet["C2"].number_format = "0%"
        sheet.row_dimensions[2].hidden = True
        sheet.column_dimensions["C"].hidden = True
        sheet.parent.create_sheet("old").sheet_state = "hidden"

    table = opened(edited(path, dress))
    assert see(table).cells == [("1", "2019-03-12", "25%")]
    assert table.facts["displayed_as"] == {"dia": "dd/mm/yyyy", "blasts": "0%"}
    assert table.facts["hidden_rows"] == 1
    assert table.facts["hidden_columns"] == [3]
    assert table.facts["hidden_sheets"] == ["old"]


def test_numbers_that_a_spreadsheet_has_cut_are_counted(tmp_path: Path) -> None:
    table = opened(workbook(tmp_path / "x.xlsx", ["id"], [12345678901234567], [2.5]))
    assert table.facts["numbers_beyond_15_digits"] == {"id": 1}


def test_dates_of_the_1904_calendar_are_the_same_days(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    assert isinstance(book.active, Worksheet)
    book.active.append(["d"])
    book.active.append([datetime.date(2019, 3, 12)])
    book.save(tmp_path / "x.xlsx")
    assert read(tmp_path / "x.xlsx").cells == [("2019-03-12",)]


def test_without_a_header_the_declared_names_are_taken(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", ["1", "m"], ["2", "f"])
    assert read(path, columns=("id", "sex")).rows == [1, 2]
    with pytest.raises(ExportError, match="names 1 columns, the sheet has 2"):
        read(path, columns=("id",))


def two_sheets(path: Path) -> Path:
    book = openpyxl.load_workbook(workbook(path, ["id"], ["1"]))
    book.create_sheet("Cicli").append(["ciclo"])
    book["Cicli"].append([3])
    book.save(path)
    return path


def test_of_several_sheets_one_must_be_named(tmp_path: Path) -> None:
    path = two_sheets(tmp_path / "x.xlsx")
    with pytest.raises(ExportError, match="holds several sheets: Pazienti, Cicli"):
        read(path)
    assert read(path, sheet="Cicli").cells == [("3",)]
    with pytest.raises(ExportError, match="did you mean 'Cicli'"):
        read(path, sheet="cicli")


def test_a_listing_names_every_sheet_with_its_header(tmp_path: Path) -> None:
    summaries = list_tables(two_sheets(tmp_path / "x.xlsx"), root=tmp_path)
    assert [(one.sheet, one.columns, one.layout.header_row) for one in summaries] == [
        ("Pazienti", ("id",), 1),
        ("Cicli", ("ciclo",), 1),
    ]


def locked(path: Path, password: str) -> Path:
    source = workbook(path, ["id"], ["1"])
    opened_book = msoffcrypto.format.ooxml.OOXMLFile(io.BytesIO(source.read_bytes()))
    sealed = io.BytesIO()
    opened_book.encrypt(password, sealed)
    path.write_bytes(sealed.getvalue())
    return path


def test_a_locked_workbook_opens_with_the_password_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = locked(tmp_path / "x.xlsx", "acqua")
    with pytest.raises(ExportError, match="is locked by a password"):
        read(path)
    with pytest.raises(ExportError, match="BRENTA_PASSWORD is not set"):
        read(path, password="BRENTA_PASSWORD")
    monkeypatch.setenv("BRENTA_PASSWORD", "terra")
    with pytest.raises(ExportError, match="does not open with the password in BRENTA_PASSWORD"):
        read(path, password="BRENTA_PASSWORD")
    monkeypatch.setenv("BRENTA_PASSWORD", "acqua")
    assert read(path, password="BRENTA_PASSWORD").cells == [("1",)]


def part_changed(path: Path, part: str, change: object) -> Path:
    """The workbook with one of its parts written anew."""
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    parts[part] = change(parts.get(part, b"<sst></sst>"))  # type: ignore[operator]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, content)
    return path


SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize("quote", ['"', "'"])
def test_a_sheet_that_spans_too_many_cells_is_refused_before_it_is_allotted(
    tmp_path: Path, quote: str
) -> None:
    path = workbook(tmp_path / "x.xlsx", ["id"], ["1"])
    far = (
        f"<row r={quote}1048576{quote}><c r={quote}XFD1048576{quote}><v>1</v></c></row></sheetData>"
    )
    part_changed(path, SHEET, lambda xml: xml.replace(b"</sheetData>", far.encode()))
    for reading in (lambda: read(path), lambda: list_tables(path, root=tmp_path)):
        with pytest.raises(ExportError, match="spans 1,048,576 rows x 16,384 columns"):
            reading()


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", ["id"], ["1"])
    blanks = b" " * (64 << 20)
    part_changed(path, SHEET, lambda xml: xml.replace(b"</sheetData>", b"</sheetData>" + blanks))
    with pytest.raises(ExportError, match="it looks like a zip bomb"):
        read(path)


def test_a_small_workbook_is_read_however_well_it_is_packed(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", ["id"], ["1"])
    blanks = b" " * (4 << 20)
    part_changed(path, SHEET, lambda xml: xml.replace(b"</sheetData>", b"</sheetData>" + blanks))
    assert read(path).cells == [("1",)]


def test_a_zip_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", ["id"], ["1"])
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        real = archive.getinfo(SHEET).file_size
    at = data.rindex(SHEET.encode()) - 46 + 24  # its size in the central directory
    assert struct.unpack_from("<I", data, at)[0] == real
    struct.pack_into("<I", data, at, 10)
    path.write_bytes(data)
    with pytest.raises(ExportError, match="is damaged"):
        read(path)


@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "xl/sharedStrings.xml"])
def test_xml_entities_are_refused(tmp_path: Path, part: str) -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><'
    path = workbook(tmp_path / "x.xlsx", ["id"], ["1"])

    def declare(xml: bytes) -> bytes:
        start = xml.index(b"<", xml.index(b"?>") if xml.startswith(b"<?") else 0)
        return xml[:start] + bomb + xml[start + 1 :]

    part_changed(path, part, declare)
    with pytest.raises(ExportError, match=r"declares XML entities|is damaged"):
        read(path)


DAMAGED = {
    "no bytes": (b"", "is empty"),
    "text under a workbook's name": (
        b"id;sex\n1;m\n",
        "is named .xlsx but is no workbook (it begins with text)",
    ),
    "a web page under a workbook's name": (b"<html><table>", "it begins with HTML or XML"),
    "other bytes": (b"\x00\x01\x02\x03" * 9, "it begins with 0x00010203"),
    "half a zip": (b"PK\x03\x04" + b"x" * 100, "is damaged"),
    "half an old workbook": (bytes.fromhex("d0cf11e0a1b11ae1") + b"x" * 600, "is damaged"),
}


@pytest.mark.parametrize(("content", "message"), DAMAGED.values(), ids=DAMAGED)
def test_what_is_no_workbook_is_refused_in_one_line(
    tmp_path: Path, content: bytes, message: str
) -> None:
    with pytest.raises(ExportError) as refused:
        read(written(tmp_path, "x.xlsx", content))
    (mistake,) = refused.value.mistakes
    assert message in mistake.what
    assert "\n" not in mistake.what


def test_a_zip_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.xlsx", "w") as archive:
        archive.writestr("letter.txt", "x")
    with pytest.raises(ExportError, match="is a zip archive, but no workbook"):
        read(tmp_path / "x.xlsx")


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.95])
def test_a_workbook_cut_short_is_refused(tmp_path: Path, cut: float) -> None:
    path = workbook(tmp_path / "x.xlsx", ["id"], *[[n] for n in range(500)])
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * cut)])
    with pytest.raises(ExportError, match="is damaged"):
        read(path)


def test_an_empty_sheet_and_a_header_alone(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="is empty: no cell holds anything"):
        read(workbook(tmp_path / "x.xlsx"))
    seen = read(workbook(tmp_path / "y.xlsx", ["id", "sex"]))
    assert (seen.columns, seen.rows) == (("id", "sex"), [])


def test_a_header_row_that_is_not_there_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", [], ["id", "sex"], ["1", "m"])
    with pytest.raises(ExportError, match="row 1 is blank and cannot be the header") as refused:
        read(path)
    assert "declare header_row: 2" in str(refused.value)
    with pytest.raises(ExportError, match="ends in row 3, before the header row 9"):
        read(path, header_row=9)


def test_an_xlsx_workbook_under_the_name_xls_is_read_by_its_contents(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", ["id"], ["1"]).rename(tmp_path / "x.xls")
    assert read(path).cells == [("1",)]


ODS = """<office:document-content xmlns:office="o" xmlns:table="t" xmlns:text="x" xmlns:calcext="c"
><office:body><office:spreadsheet><table:table table:name="S">{}</table:table>
</office:spreadsheet></office:body></office:document-content>"""
CELL = '<table:table-cell office:value-type="string"{}><text:p>{}</text:p></table:table-cell>'


def ods(path: Path, content: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr("content.xml", ODS.format(content))
    return path


def ods_row(*cells: str, repeated: int = 1, more: str = "") -> str:
    times = f' table:number-rows-repeated="{repeated}"' if repeated > 1 else ""
    return f"<table:table-row{times}{more}>{''.join(cells)}</table:table-row>"


def test_an_ods_sheet_with_repeated_merged_hidden_and_error_cells(tmp_path: Path) -> None:
    error = CELL.format(' calcext:value-type="error"', "#N/A")
    path = ods(
        tmp_path / "x.ods",
        ods_row(CELL.format("", "id"), CELL.format("", "v"))
        + ods_row(CELL.format(' table:number-rows-spanned="2"', "1"), error)
        + ods_row(
            "<table:covered-table-cell/>",
            CELL.format("", "x"),
            more=' table:visibility="collapse"',
        )
        + ods_row(CELL.format("", "2"), CELL.format("", "y"), repeated=2),
    )
    table = opened(path)
    seen = see(table)
    assert seen.cells == [("1", "#N/A"), ("", "x"), ("2", "y"), ("2", "y")]
    assert [(one.row, one.column, one.raw) for one in seen.faults] == [(2, "v", "#N/A")]
    assert table.facts["hidden_rows"] == 1
    assert read(path, merged="fill").cells[1] == ("1", "x")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            ods_row(CELL.format(' table:number-columns-repeated="4000000000"', "x")),
            "repeats a row or cell",
        ),
        (
            ods_row(CELL.format(' table:number-columns-repeated="16000"', "x"), repeated=1_000_000),
            "spans 1,000,000 rows x 16,000 columns",
        ),
    ],
    ids=["more than a sheet has", "a continent"],
)
def test_an_ods_sheet_that_repeats_too_often_is_refused(
    tmp_path: Path, content: str, message: str
) -> None:
    with pytest.raises(ExportError, match=message):
        read(ods(tmp_path / "x.ods", content))


def test_error_cells_and_hidden_rows_of_an_old_workbook_are_read_from_its_records() -> None:
    def record(kind: int, body: bytes) -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    sheet = b"".join(
        (
            record(0x0809, b"\0" * 16),
            record(0x0208, struct.pack("<HHHHHHHH", 1, 0, 2, 0, 0, 0, 0x20, 0)),
            record(0x0205, struct.pack("<HHHBB", 1, 2, 0, 0x2A, 1)),
            record(0x0205, struct.pack("<HHHBB", 2, 2, 0, 1, 0)),
            record(0x0006, struct.pack("<HHH", 3, 4, 0) + b"\x02\0\x07\0\0\0\xff\xff" + b"\0" * 8),
            record(0x007D, struct.pack("<HHHHHH", 5, 6, 0, 0, 1, 0)),
            record(0x000A, b""),
        )
    )
    top = 8 + 6  # the globals: one BOUNDSHEET of 4 + 6 bytes (shortened) and an EOF of 4
    globals_ = record(0x0085, struct.pack("<IH", top, 0)) + record(0x000A, b"")
    (scan,) = scan_xls(compound(globals_ + sheet), where="x.xls")
    assert scan.errors == {(2, 3): "#N/A", (4, 5): "#DIV/0!"}
    assert (scan.rows, scan.columns, scan.hidden_rows) == (4, 5, 1)
    assert scan.hidden_columns == [6, 7]


def test_percentages_and_months_of_an_old_workbook_are_told_by_its_styles() -> None:
    def record(kind: int, body: bytes) -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    month = "mmm-yy".encode("utf-16-le")
    globals_ = (
        record(0x041E, struct.pack("<HHB", 164, 4, 0) + b"0.0%")
        + record(0x041E, struct.pack("<HHB", 165, 6, 1) + month)
        + record(0x041E, struct.pack("<HB", 166, 4) + b"yyyy")  # as BIFF5 writes it
        + b"".join(
            record(0x00E0, struct.pack("<HH", 0, n) + b"\0" * 16) for n in (0, 164, 165, 166, 9)
        )
    )
    top = len(globals_) + 10 + 4
    globals_ += record(0x0085, struct.pack("<IH", top, 0)) + record(0x000A, b"")
    several = struct.pack("<HH", 4, 0) + b"".join(
        struct.pack("<HI", style, 0) for style in (0, 1, 4)
    )
    sheet = b"".join(
        (
            record(0x0203, struct.pack("<HHHd", 1, 1, 1, 0.25)),
            record(0x027E, struct.pack("<HHHI", 2, 1, 2, 0)),
            record(0x0006, struct.pack("<HHHd", 3, 1, 3, 1.0) + b"\0" * 8),
            record(0x00BD, several + struct.pack("<H", 2)),
            record(0x0203, struct.pack("<HHHd", 5, 1, 0, 0.25)),
            record(0x000A, b""),
        )
    )
    (scan,) = scan_xls(compound(globals_ + sheet), where="x.xls")
    assert (scan.percents, scan.months, scan.years) == (
        {(2, 2), (5, 2), (5, 3)},
        {(3, 2)},
        {(4, 2)},
    )


def compound(stream: bytes) -> bytes:
    """The smallest compound file with one stream named Workbook ([MS-CFB])."""
    sectors = max(
        8, -(-len(stream) // 512)
    )  # 4,096 bytes or more, so that no mini stream is needed
    stream = stream.ljust(sectors * 512, b"\0")
    header = bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 16
    header += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + b"\0" * 6
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<109I", 0, *[0xFFFFFFFF] * 108)
    table = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, 2 + sectors), 0xFFFFFFFE]
    table += [0xFFFFFFFF] * (128 - len(table))

    def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
        text = name.encode("utf-16-le") + b"\0\0"
        body = text.ljust(64, b"\0") + struct.pack("<HBB", len(text), kind, 1)
        body += struct.pack("<III", 0xFFFFFFFF, 0xFFFFFFFF, child) + b"\0" * 36
        return body + struct.pack("<IQ", start, size)

    directory = entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + entry(
        "Workbook", 2, 0xFFFFFFFF, 2, len(stream)
    )
    return header + struct.pack("<128I", *table) + directory.ljust(512, b"\0") + stream


def xlsb(path: Path, *records: tuple[int, bytes]) -> Path:
    """The smallest binary workbook with one sheet S of these records."""

    def stream(*parts: tuple[int, bytes]) -> bytes:
        packed = b""
        for kind, body in parts:
            number = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
            packed += number + bytes([len(body)]) + body
        return packed

    def wide(text: str) -> bytes:
        return struct.pack("<I", len(text)) + text.encode("utf-16-le")

    book = stream(
        (131, b""), (156, struct.pack("<II", 0, 1) + wide("rId1") + wide("S")), (132, b"")
    )
    relation = '<Relationship Id="rId1" Type="http://x/worksheet" Target="worksheets/sheet1.bin"/>'
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.bin", book)
        archive.writestr("xl/_rels/workbook.bin.rels", f"<Relationships>{relation}</Relationships>")
        archive.writestr("xl/worksheets/sheet1.bin", stream(*records))
    return path


def test_the_records_of_a_binary_workbook_are_looked_through(tmp_path: Path) -> None:
    path = xlsb(
        tmp_path / "x.xlsb",
        (60, struct.pack("<IIIIH", 2, 3, 0, 0, 1)),
        (0, struct.pack("<IIHBB", 4, 0, 0, 0, 0x10)),
        (5, struct.pack("<IId", 1, 0, 2.5)),
        (3, struct.pack("<IIB", 2, 0, 0x2A)),
        (1, struct.pack("<II", 300, 0)),
        (176, struct.pack("<IIII", 4, 5, 1, 1)),
    )
    scan = look_at_workbook(path.read_bytes(), where="x").scan("S", 0, where="x")
    assert (scan.rows, scan.columns, scan.is_filled) == (5, 3, True)
    assert scan.errors == {(5, 3): "#N/A"}
    assert (scan.hidden_rows, scan.hidden_columns) == (1, [3, 4])
    assert scan.merged == [((4, 1), (5, 1))]


def test_a_binary_workbook_that_spans_too_many_cells_is_refused(tmp_path: Path) -> None:
    path = xlsb(
        tmp_path / "x.xlsb",
        (0, struct.pack("<IIHBB", 1_048_575, 0, 0, 0, 0)),
        (5, struct.pack("<IId", 16_383, 0, 2.5)),
    )
    with pytest.raises(ExportError, match="spans 1,048,576 rows x 16,384 columns"):
        look_at_workbook(path.read_bytes(), where="x").scan("S", 0, where="x")


def test_a_sheet_whose_part_cannot_be_told_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", ["id"], ["1"])
    part_changed(
        path, "xl/_rels/workbook.xml.rels", lambda xml: xml.replace(b"sheet1.xml", b"no.xml")
    )
    with pytest.raises(ExportError, match="is damaged"):
        read(path)


def test_a_part_that_stands_twice_in_the_archive_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", ["id"], ["1"])
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr(SHEET, "<worksheet/>")
    with pytest.raises(ExportError, match="holds the same part twice"):
        read(path)


def test_only_hidden_sheets_are_no_guess(tmp_path: Path) -> None:
    def add(sheet: Worksheet) -> None:
        sheet.parent.create_chartsheet("chart")
        sheet.sheet_state = "hidden"

    path = edited(workbook(tmp_path / "x.xlsx", ["id"], ["1"]), add)
    with pytest.raises(ExportError, match="holds no visible worksheet"):
        read(path)
    assert read(path, sheet="Pazienti").cells == [("1",)]


def test_a_cell_beyond_every_sheet_is_damage(tmp_path: Path) -> None:
    path = xlsb(
        tmp_path / "x.xlsb",
        (0, struct.pack("<IIHBB", 2, 0, 0, 0, 0)),
        (5, struct.pack("<IId", 12_000_000, 0, 2.5)),
    )
    with pytest.raises(ExportError, match="a cell in row 3, column 12,000,001, which no sheet has"):
        look_at_workbook(path.read_bytes(), where="x").scan("S", 0, where="x")
