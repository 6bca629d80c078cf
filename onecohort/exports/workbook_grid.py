"""The cells of one sheet, from A1 on, and what its merged ranges make of them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import python_calamine as calamine

from onecohort.errors import ExportError
from onecohort.exports import limits
from onecohort.exports.cell_text import percent_text
from onecohort.exports.workbook_scan import Range, SheetScan

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
    for row_number, column in scan.percents:
        value = grid[row_number - 1][column - 1] if row_number <= len(grid) else None
        if isinstance(value, float | int) and not isinstance(value, bool):
            grid[row_number - 1][column - 1] = percent_text(value)
    for (row_number, column), text in texts.items():
        grid[row_number - 1][column - 1] = text
    return grid, merged


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
