"""Workbooks: xlsx, xlsm, xlsb, xls and ods, read by calamine.

Calamine gives values; what it keeps to itself is read from the file beside it (`workbook_scan`):
error cells, how far a sheet really spans, what is hidden, how numbers and dates are displayed.
"""

import io
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import python_calamine as calamine
from rapidfuzz.process import extractOne

from onecohort.errors import ExportError
from onecohort.exports import limits
from onecohort.exports.cell_text import SPREADSHEET_DIGITS, column_text, object_text
from onecohort.exports.headers import (
    Header,
    declared_columns,
    likely_header_row,
    name_columns,
    require_header,
)
from onecohort.exports.summary import TableSummary
from onecohort.exports.table import Fault, Layout, MemoryTable
from onecohort.exports.workbook_scan import SheetScan, WorkbookKind, check_workbook, scan_sheet

_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_ZIP = b"PK\x03\x04"
_LOOKED_AT = 60  # rows in which a draft looks for a header
ERROR_TEXTS = frozenset(
    ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA",
     "#SPILL!", "#CALC!", "#FIELD!", "#BLOCKED!", "#UNKNOWN!", "#CONNECT!", "#BUSY!")
)  # fmt: skip

Grid = list[list[object]]


def open_workbook(path: Path, export: str, layout: Layout) -> MemoryTable:
    """Open one sheet of a workbook.

    Raises ExportError for a file that is damaged, locked, hostile or no workbook, for a sheet that
    is not there, and for a header row that is blank.
    """
    data = _unlocked(path, export, layout.password)
    kind = check_workbook(data, where=export)
    with _calamine(data, export) as book:
        name = _choose_sheet(book, layout.sheet, where=export)
        where = f"{export} [{name}]"
        scan = scan_sheet(data, kind, name, where=where)
        grid = _grid(book, name, scan, where=where)
        facts = _book_facts(book, kind) | scan.facts()
        if layout.merged == "fill":
            merged = _merged(book, name, scan)
            _fill_merged(grid, merged)
            facts["merged_ranges_filled"] = len(merged)
    return _table(grid, scan, export=export, sheet=name, layout=layout, facts=facts)


def list_workbook(path: Path, export: str) -> list[TableSummary]:
    """Every worksheet that holds cells, each with the header row that was found."""
    data = _unlocked(path, export, None)
    kind = check_workbook(data, where=export)
    found = []
    with _calamine(data, export) as book:
        for name in _worksheets(book):
            where = f"{export} [{name}]"
            scan = scan_sheet(data, kind, name, where=where)
            grid = _grid(book, name, scan, where=where)
            if not grid:
                continue
            texts = [[_shown(cell) for cell in row] for row in grid[:_LOOKED_AT]]
            layout = Layout(sheet=name, header_row=likely_header_row(texts))
            facts = _book_facts(book, kind) | scan.facts()
            table = _table(grid, scan, export=export, sheet=name, layout=layout, facts=facts)
            found.append(TableSummary(export, name, layout, table.columns, table.facts))
    return found


def _unlocked(path: Path, export: str, password_variable: str | None) -> bytes:
    """The workbook's bytes, decrypted with the password in the environment where it is locked."""
    data = path.read_bytes()
    if not data:
        raise ExportError(export, "is empty (0 bytes)", "ask for the file again")
    if data.startswith(_ZIP):
        return data
    if not data.startswith(_OLE):
        raise ExportError(
            export,
            f"is named {path.suffix} but is no workbook (it begins with {_beginning(data)})",
            "if it is a text that a program named so, declare format: csv",
        )
    import msoffcrypto
    import msoffcrypto.exceptions

    try:
        locked = msoffcrypto.OfficeFile(io.BytesIO(data))
        if not locked.is_encrypted():
            return data
        password = _password(export, password_variable)
        locked.load_key(password=password, verify_password=True)
        opened = io.BytesIO()
        locked.decrypt(opened)
        return opened.getvalue()
    except (msoffcrypto.exceptions.InvalidKeyError, msoffcrypto.exceptions.DecryptionError):
        raise ExportError(
            export,
            f"does not open with the password in {password_variable}",
            "ask the center for the right one",
        ) from None
    except (msoffcrypto.exceptions.FileFormatError, OSError, ValueError) as error:
        raise ExportError(
            export, f"is damaged or no workbook ({error})", "ask for the file again"
        ) from None


def _password(export: str, variable: str | None) -> str:
    if variable is None:
        raise ExportError(
            export,
            "is locked by a password",
            "declare password: NAME and put the password into the environment variable NAME",
        )
    if not os.environ.get(variable):
        raise ExportError(
            export, f"is locked and the environment variable {variable} is not set", "set it"
        )
    return os.environ[variable]


def _beginning(data: bytes) -> str:
    start = data[:24]
    if start.lstrip()[:1] == b"<":
        return "HTML or XML"
    return (
        "text" if start.isascii() and start.replace(b"\t", b" ").strip() else "0x" + start[:8].hex()
    )


def _calamine(data: bytes, export: str) -> calamine.CalamineWorkbook:
    try:
        return calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    except calamine.PasswordError:
        raise ExportError(
            export,
            "is locked by a password that cannot be given here",
            "save it without a password",
        ) from None
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise ExportError(
            export, f"is damaged or no workbook ({error})", "ask for the file again"
        ) from None


def _worksheets(book: calamine.CalamineWorkbook) -> list[str]:
    work = calamine.SheetTypeEnum.WorkSheet
    return [sheet.name for sheet in book.sheets_metadata if sheet.typ == work]


def _hidden_sheets(book: calamine.CalamineWorkbook) -> list[str]:
    shown = calamine.SheetVisibleEnum.Visible
    return [sheet.name for sheet in book.sheets_metadata if sheet.visible != shown]


def _book_facts(book: calamine.CalamineWorkbook, kind: WorkbookKind) -> dict[str, object]:
    hidden = _hidden_sheets(book)
    return {"format": kind.value} | ({"hidden_sheets": hidden} if hidden else {})


def _choose_sheet(book: calamine.CalamineWorkbook, wanted: str | None, *, where: str) -> str:
    names = _worksheets(book)
    if wanted is not None:
        if wanted in names:
            return wanted
        near = extractOne(wanted, names)
        hint = f"; did you mean {near[0]!r}?" if near and near[1] >= 60 else ""
        raise ExportError(
            where, f"sheet: there is no sheet {wanted!r}", f"it holds {', '.join(names)}{hint}"
        )
    hidden = _hidden_sheets(book)
    visible = [name for name in names if name not in hidden]
    filled = [name for name in visible if _sheet(book, name, where=where).end is not None]
    if len(filled) > 1:
        raise ExportError(
            where, f"holds several sheets: {', '.join(filled)}", "declare sheet: one of them"
        )
    if filled or visible:
        return (filled or visible)[0]
    raise ExportError(
        where, "holds no visible worksheet", "declare sheet: if a hidden one is meant"
    )


def _sheet(book: calamine.CalamineWorkbook, name: str, *, where: str) -> calamine.CalamineSheet:
    try:
        return book.get_sheet_by_name(name)
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise ExportError(
            where, f"cannot be read ({error})", "open it in a spreadsheet program and save it again"
        ) from None


def _grid(book: calamine.CalamineWorkbook, name: str, scan: SheetScan, *, where: str) -> Grid:
    """All cells from A1 on, so that the place in the grid is the place in the sheet."""
    sheet = _sheet(book, name, where=where)
    if sheet.end is None and not scan.errors:
        return []
    limits.check_cells(sheet.total_height, sheet.total_width, where=where)
    grid: Grid = [list(row) for row in sheet.to_python(skip_empty_area=False)]
    tall = max([len(grid), *(row for row, _ in scan.errors)])
    wide = max([*(len(row) for row in grid[:1]), *(column for _, column in scan.errors)])
    grid += [[""] * wide for _ in range(tall - len(grid))]
    for row in grid:
        row += [""] * (wide - len(row))
    for (row_number, column), text in scan.errors.items():
        grid[row_number - 1][column - 1] = text
    for row_number, column in scan.covered:
        if row_number <= tall and column <= wide:
            grid[row_number - 1][column - 1] = ""
    return grid


Range = tuple[tuple[int, int], tuple[int, int]]


def _merged(book: calamine.CalamineWorkbook, name: str, scan: SheetScan) -> list[Range]:
    if scan.merged is not None:
        return scan.merged
    return list(book.get_sheet_by_name(name).merged_cell_ranges or [])


def _fill_merged(grid: Grid, merged: Sequence[Range]) -> None:
    """Give every cell of a merged range, as far as the sheet's cells reach, the text of its first."""
    for (top, left), (bottom, right) in merged:
        if top >= len(grid) or left >= len(grid[top]):
            continue
        for row in grid[top : bottom + 1]:
            row[left : right + 1] = [grid[top][left]] * len(row[left : right + 1])


def _shown(cell: object) -> str:
    return object_text(cell, digits=SPREADSHEET_DIGITS)


def _table(
    grid: Grid,
    scan: SheetScan,
    *,
    export: str,
    sheet: str,
    layout: Layout,
    facts: dict[str, object],
) -> MemoryTable:
    where = f"{export} [{sheet}]"
    header, first = _header(grid, layout, where=where)
    wide = max(len(header.columns), len(grid[0]) if grid else 0)
    header = _widen(header, wide, declared=layout.columns is not None, where=where)
    body = grid[first - 1 :]
    columns = [_column(values) for values in zip(*body, strict=True)] or [
        pa.array([], pa.string()) for _ in header.columns
    ]
    last = max((_last_filled(column) for column in columns), default=0)
    kept = [
        place
        for place, name in enumerate(header.columns)
        if name not in header.unnamed or _last_filled(columns[place])
    ]
    names = [header.columns[place] for place in kept]
    cells = pa.RecordBatch.from_arrays(
        [columns[place].slice(0, last) for place in kept], names=names
    )
    faults = _error_faults(cells, first)
    displayed = {header.columns[c - 1]: form for c, form in scan.formats.items() if c <= wide}
    if layout.columns is None:
        facts["header_row"] = first - layout.header_rows
    unnamed = tuple(name for name in header.unnamed if name in names)
    facts |= Header((), unnamed, header.repeated).facts()
    facts |= {"displayed_as": displayed} if displayed else {}
    facts |= _long_numbers(body, header.columns)
    rows = pa.array(np.arange(first, first + last, dtype=np.int64))
    return MemoryTable(export, sheet, rows, cells, faults, facts=facts)


def _header(grid: Grid, layout: Layout, *, where: str) -> tuple[Header, int]:
    """The names and the row of the first data."""
    if layout.columns is not None:
        return declared_columns(layout.columns, where=where), layout.header_row or 1
    if not grid:
        raise ExportError(where, "is empty: no cell holds anything", "name another sheet")
    first = layout.header_row or 1
    last = first + layout.header_rows - 1
    if last > len(grid):
        raise ExportError(
            where, f"ends in row {len(grid)}, before the header row {first}", "correct header_row"
        )
    rows = [[_shown(cell) for cell in row] for row in grid[first - 1 : last]]
    looked = [[_shown(cell) for cell in row] for row in grid[:_LOOKED_AT]]
    require_header([text for row in rows for text in row], first, looked, where)
    return name_columns(rows), last + 1


def _widen(header: Header, wide: int, *, declared: bool, where: str) -> Header:
    if len(header.columns) == wide:
        return header
    if declared:
        raise ExportError(
            where,
            f"columns: names {len(header.columns)} columns, the sheet has {wide}",
            "name every column, in order",
        )
    raise AssertionError("a header row is as wide as its sheet")


def _column(values: Sequence[object]) -> pa.Array:
    return column_text(values, digits=SPREADSHEET_DIGITS)


def _last_filled(column: pa.Array) -> int:
    import pyarrow.compute as pc

    places = pc.indices_nonzero(pc.fill_null(pc.not_equal(column, ""), False))
    return int(places[-1].as_py()) + 1 if len(places) else 0


def _error_faults(cells: pa.RecordBatch, first: int) -> tuple[Fault, ...]:
    """One fault per error cell; its text stays in the table, so that it never counts as blank."""
    import pyarrow.compute as pc

    known = pa.array(sorted(ERROR_TEXTS))
    faults = []
    for name, column in zip(cells.schema.names, cells.columns, strict=True):
        for place in pc.indices_nonzero(pc.is_in(column, known)).to_pylist():
            text = column[place].as_py()
            faults.append(
                Fault(
                    first + place,
                    name,
                    text,
                    "cell.error",
                    f"{text} is the error of a formula, not a value",
                    "mend the formula at the source, or type the value in",
                )
            )
    return tuple(sorted(faults, key=lambda fault: fault.row))


def _long_numbers(body: Grid, names: Sequence[str]) -> dict[str, object]:
    """Columns with whole numbers of 16 digits or more: a spreadsheet has kept only 15 of them."""
    found = {}
    for name, values in zip(names, zip(*body, strict=True), strict=bool(body)):
        if float not in set(map(type, values)):
            continue
        long = sum(isinstance(v, float) and abs(v) >= 1e15 and v.is_integer() for v in values)
        if long:
            found[name] = long
    return {"numbers_beyond_15_digits": found} if found else {}
