"""The cells of one sheet, from A1 on, and what its merged ranges make of them."""

import datetime
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import python_calamine as calamine

from onecohort.errors import ExportError
from onecohort.exports import limits
from onecohort.exports.cell_text import percent_text
from onecohort.exports.workbook_scan import Place, Range, SheetScan

Grid = list[list[object]]


@contextmanager
def refusing(where: str) -> Iterator[None]:
    """Turn every way in which calamine fails over a damaged workbook into an ExportError.

    A panic of its Rust code is no Exception, so that it is known by its name only.
    """
    try:
        yield
    except BaseException as error:
        is_damage = isinstance(error, calamine.CalamineError | OSError | ValueError)
        if not is_damage and type(error).__name__ != "PanicException":
            raise
        line = (str(error).splitlines() or [type(error).__name__])[0]
        raise ExportError(
            where,
            f"is damaged or no workbook ({line})",
            "open it in a spreadsheet program and save it again, or ask for it again",
        ) from None


def read_grid(
    book: calamine.CalamineWorkbook, name: str, scan: SheetScan, *, where: str
) -> tuple[Grid, list[Range]]:
    """All cells from A1 on, so that the place in the grid is the place in the sheet; merged ranges."""
    with refusing(where):
        sheet = book.get_sheet_by_name(name)
    merged = scan.merged if scan.merged is not None else list(sheet.merged_cell_ranges or [])
    texts = scan.without_value
    if sheet.end is None and not texts:
        return [], merged
    limits.check_sheet(sheet.total_height, sheet.total_width, where=where)
    with refusing(where):
        grid: Grid = [list(row) for row in sheet.to_python(skip_empty_area=False)]
    tall = max([len(grid), *(row for row, _ in texts)])
    wide = max([*(len(row) for row in grid[:1]), *(column for _, column in texts)])
    grid += [[""] * wide for _ in range(tall - len(grid))]
    for row in grid:
        row += [""] * (wide - len(row))
    _show(grid, scan)
    for (row_number, column), text in texts.items():
        grid[row_number - 1][column - 1] = text
    return grid, merged


def _show(grid: Grid, scan: SheetScan) -> None:
    """Put the texts that are displayed in place of values that say something else, or more.

    A month typed into a spreadsheet is stored as its first day; another day was typed as a day.
    """

    def value(place: Place) -> object:
        row, column = place
        return grid[row - 1][column - 1] if row <= len(grid) and column <= len(grid[0]) else None

    for place in scan.percents:
        number = value(place)
        if isinstance(number, float | int) and not isinstance(number, bool):
            grid[place[0] - 1][place[1] - 1] = percent_text(number)
    for place in scan.months | scan.years:
        day = value(place)
        if isinstance(day, datetime.date) and day.day == 1:
            if place in scan.months:
                grid[place[0] - 1][place[1] - 1] = f"{day:%Y-%m}"
            elif day.month == 1:
                grid[place[0] - 1][place[1] - 1] = f"{day:%Y}"


def apply_merged(grid: Grid, merged: Sequence[Range], how: str) -> dict[str, object]:
    """Leave a merged range's text in its first cell alone, or give it to all of its cells.

    A range is followed as far as the sheet's cells reach. Texts that lie under a merged cell, where
    nobody sees them, are counted.
    """
    buried = 0
    for (top, left), (bottom, right) in merged:
        if top >= len(grid) or left >= len(grid[top]):
            continue
        first = grid[top][left]
        for row in grid[top : bottom + 1]:
            under = row[left : right + 1]
            buried += sum(cell != "" for cell in under)
            row[left : right + 1] = [first if how == "fill" else ""] * len(under)
        grid[top][left] = first
        buried -= first != ""
    facts: dict[str, object] = {"merged_ranges": len(merged)} if merged else {}
    return facts | ({"texts_under_merged_cells": buried} if buried else {})
