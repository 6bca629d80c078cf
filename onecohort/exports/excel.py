"""Workbooks: xlsx, xlsm, xlsb, xls and ods, read by calamine.

Calamine gives values; what it keeps to itself is read from the file beside it (`workbook_scan`):
error cells, how far a sheet really spans, what is hidden, how numbers and dates are displayed.
"""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import python_calamine as calamine
from rapidfuzz.process import extractOne

from onecohort.errors import ExportError
from onecohort.exports.cell_text import (
    SPREADSHEET_DIGITS,
    column_text,
    floats_text,
    object_text,
)
from onecohort.exports.headers import (
    Header,
    declared_columns,
    likely_header_row,
    name_columns,
    require_header,
)
from onecohort.exports.summary import TableSummary
from onecohort.exports.table import Fault, Layout, MemoryTable
from onecohort.exports.workbook_grid import Grid, apply_merged, read_grid, refusing
from onecohort.exports.workbook_kind import Workbook, look_at_workbook
from onecohort.exports.workbook_scan import SheetScan
from onecohort.exports.workbook_unlock import read_unlocked

_LOOKED_AT = 60  # rows in which a draft looks for a header
_CUT_FROM = 1e15  # a whole number of 16 digits; the last ones are no longer those typed in
ERROR_TEXTS = frozenset(
    ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA",
     "#SPILL!", "#CALC!", "#FIELD!", "#BLOCKED!", "#UNKNOWN!", "#CONNECT!", "#BUSY!")
)  # fmt: skip


def open_workbook(path: Path, export: str, layout: Layout) -> MemoryTable:
    """Open one sheet of a workbook.

    Raises ExportError for a file that is damaged, locked, hostile or no workbook, for a sheet that
    is not there, and for a header row that is blank.
    """
    data = read_unlocked(path, export, layout.password)
    workbook = look_at_workbook(data, where=export)
    with _calamine(data, export) as book:
        name, scan = _choose_sheet(book, workbook, layout.sheet, export=export)
        where = f"{export} [{name}]"
        grid, merged = read_grid(book, name, scan, where=where)
        facts = _book_facts(book, workbook) | scan.facts()
    facts |= apply_merged(grid, merged, layout.merged)
    return _table(grid, scan, export=export, sheet=name, layout=layout, facts=facts)


def list_workbook(path: Path, export: str) -> list[TableSummary]:
    """Every worksheet that holds cells, each with the header row that was found."""
    data = read_unlocked(path, export, None)
    workbook = look_at_workbook(data, where=export)
    found = []
    with _calamine(data, export) as book:
        for name in _worksheets(book):
            scan = _scan(book, workbook, name, export=export)
            grid, merged = read_grid(book, name, scan, where=f"{export} [{name}]")
            if not grid:
                continue
            facts = _book_facts(book, workbook) | scan.facts() | apply_merged(grid, merged, "first")
            texts = [[_shown(cell) for cell in row] for row in grid[:_LOOKED_AT]]
            layout = Layout(sheet=name, header_row=likely_header_row(texts))
            table = _table(grid, scan, export=export, sheet=name, layout=layout, facts=facts)
            found.append(TableSummary(export, name, layout, table.columns, table.facts))
    return found


def _calamine(data: bytes, export: str) -> calamine.CalamineWorkbook:
    with refusing(export):
        return calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))


def _worksheets(book: calamine.CalamineWorkbook) -> list[str]:
    work = calamine.SheetTypeEnum.WorkSheet
    return [sheet.name for sheet in book.sheets_metadata if sheet.typ == work]


def _hidden_sheets(book: calamine.CalamineWorkbook) -> list[str]:
    shown = calamine.SheetVisibleEnum.Visible
    return [sheet.name for sheet in book.sheets_metadata if sheet.visible != shown]


def _book_facts(book: calamine.CalamineWorkbook, workbook: Workbook) -> dict[str, object]:
    hidden = _hidden_sheets(book)
    return {"format": workbook.kind.value} | ({"hidden_sheets": hidden} if hidden else {})


def _choose_sheet(
    book: calamine.CalamineWorkbook,
    workbook: Workbook,
    wanted: str | None,
    *,
    export: str,
) -> tuple[str, SheetScan]:
    """The sheet that is declared, else the only visible one that holds something."""
    names = _worksheets(book)
    if wanted is not None and wanted not in names:
        near = extractOne(wanted, names)
        hint = f"; did you mean {near[0]!r}?" if near and near[1] >= 60 else ""
        raise ExportError(
            export, f"sheet: there is no sheet {wanted!r}", f"it holds {', '.join(names)}{hint}"
        )
    if wanted is not None:
        return wanted, _scan(book, workbook, wanted, export=export)
    hidden = _hidden_sheets(book)
    scans = {
        name: _scan(book, workbook, name, export=export) for name in names if name not in hidden
    }
    filled = [name for name, scan in scans.items() if scan.is_filled]
    if len(filled) > 1:
        raise ExportError(
            export, f"holds several sheets: {', '.join(filled)}", "declare sheet: one of them"
        )
    if not scans:
        raise ExportError(
            export, "holds no visible worksheet", "declare sheet: if a hidden one is meant"
        )
    return next(((name, scans[name]) for name in filled), next(iter(scans.items())))


def _scan(
    book: calamine.CalamineWorkbook, workbook: Workbook, name: str, *, export: str
) -> SheetScan:
    place = book.sheet_names.index(name)
    return workbook.scan(name, place, where=f"{export} [{name}]")


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
    turned = [_column(values) for values in zip(*body, strict=True)]
    columns = [texts for texts, _ in turned] or [pa.array([], pa.string())] * wide
    long = {name: count for name, (_, count) in zip(header.columns, turned, strict=False) if count}
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
    faults = (*_error_faults(cells, first), *_formula_faults(scan, header, first))
    displayed = {header.columns[c - 1]: form for c, form in scan.formats.items() if c <= wide}
    if layout.columns is None:
        facts["header_row"] = first - layout.header_rows
    unnamed = tuple(name for name in header.unnamed if name in names)
    facts |= Header((), unnamed, header.repeated).facts()
    facts |= {"displayed_as": displayed} if displayed else {}
    facts |= {"numbers_beyond_15_digits": long} if long else {}
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


def _column(values: Sequence[object]) -> tuple[pa.Array, int]:
    """Texts of one column, and how many whole numbers of 16 digits or more a spreadsheet has cut."""
    filled = [None if value == "" else value for value in values]
    if set(map(type, filled)) <= {float, type(None)}:
        numbers = pa.array(filled, pa.float64())
        long = pc.sum(pc.greater_equal(pc.abs(numbers), _CUT_FROM)).as_py() or 0
        return floats_text(numbers, SPREADSHEET_DIGITS), long
    long = sum(type(value) is float and abs(value) >= _CUT_FROM for value in filled)
    return column_text(filled, digits=SPREADSHEET_DIGITS), long


def _last_filled(column: pa.Array) -> int:
    places = pc.indices_nonzero(pc.fill_null(pc.not_equal(column, ""), False))
    return int(places[-1].as_py()) + 1 if len(places) else 0


def _error_faults(cells: pa.RecordBatch, first: int) -> tuple[Fault, ...]:
    """One fault per error cell; its text stays in the table, so that it never counts as blank."""
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


def _formula_faults(scan: SheetScan, header: Header, first: int) -> list[Fault]:
    """One fault per formula below the header that holds no value; its text stays in the table."""
    return [
        Fault(
            row,
            header.columns[column - 1],
            formula,
            "cell.uncalculated",
            "is a formula that was never calculated, so nobody has seen its value",
            "open the workbook in a spreadsheet program, save it and send it again",
        )
        for (row, column), formula in sorted(scan.uncalculated.items())
        if row >= first and column <= len(header.columns)
    ]
