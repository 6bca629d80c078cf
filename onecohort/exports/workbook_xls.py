"""The record stream of an xls sheet (BIFF5 and BIFF8): its extent, error cells, hidden rows, percentages.

[MS-XLS] 2.4: a record is its type and its length, two bytes each, then its content. Only the
records named below are looked at.
"""

import io
import struct
from collections.abc import Iterator, Mapping

import olefile  # type: ignore[import-untyped]

from onecohort.errors import ExportError
from onecohort.exports.display_formats import BUILT_IN, is_month, is_percentage, is_year
from onecohort.exports.workbook_scan import SheetScan

_FORMULA, _EOF, _SHEET = 0x0006, 0x000A, 0x0085
_COLUMNS, _ROW, _ERROR_OR_TRUTH = 0x007D, 0x0208, 0x0205
_CELLS = (
    _FORMULA,
    0x0201,
    0x0203,
    0x0204,
    _ERROR_OR_TRUTH,
    0x027E,
    0x00FD,
    0x00BD,
    0x00D6,
)
ERROR_CODES = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}
_NUMBER, _RK, _SEVERAL_RK = 0x0203, 0x027E, 0x00BD
_FORMAT, _STYLE = 0x041E, 0x00E0
_HIDDEN_ROW, _HIDDEN_COLUMNS = 0x20, 0x01


def scan_xls(data: bytes, *, where: str) -> list[SheetScan]:
    """Look all sheets through, in the workbook's order."""
    stream = _stream(data, where=where)
    starts: list[int] = []
    formats = dict(BUILT_IN)
    styles: list[int] = []  # the number of each style's format
    for kind, body in _records(stream, 0):
        if kind == _SHEET and len(body) >= 4:
            starts.append(struct.unpack_from("<I", body)[0])
        elif kind == _FORMAT and len(body) >= 3:
            formats[struct.unpack_from("<H", body)[0]] = _format_text(body)
        elif kind == _STYLE and len(body) >= 4:
            styles.append(struct.unpack_from("<H", body, 2)[0])
    shown = {style: formats.get(number, "") for style, number in enumerate(styles)}
    return [_scan_sheet(stream, start, shown) for start in starts]


def _format_text(body: bytes) -> str:
    """The text of a FORMAT record; BIFF8 counts signs in two bytes, BIFF5 in one."""
    count = body[2]
    if len(body) == 3 + count:
        return body[3:].decode("cp1252", "replace")
    wide = len(body) > 4 and body[4] & 1
    return body[5:].decode("utf-16-le" if wide else "latin-1", "replace")


def _scan_sheet(stream: bytes, start: int, shown: Mapping[int, str]) -> SheetScan:
    scan = SheetScan()
    special = [
        (found, {style for style, form in shown.items() if is_such(form)})
        for found, is_such in (
            (scan.percents, is_percentage), (scan.months, is_month), (scan.years, is_year)
        )
    ]  # fmt: skip
    for kind, body in _records(stream, start):
        if kind in _CELLS and len(body) >= 6:
            row, column = struct.unpack_from("<HH", body)
            scan.rows, scan.columns = max(scan.rows, row + 1), max(scan.columns, column + 1)
            scan.is_filled = True
            for place, style in _styled_numbers(kind, body):
                for found, such in special:
                    if style in such:
                        found.add((row + 1, place + 1))
            code = _error_code(kind, body)
            if code is not None:
                scan.errors[row + 1, column + 1] = ERROR_CODES.get(code, "#UNKNOWN!")
        elif kind == _ROW and len(body) >= 13 and body[12] & _HIDDEN_ROW:
            scan.hidden_rows += 1
        elif kind == _COLUMNS and len(body) >= 9 and body[8] & _HIDDEN_COLUMNS:
            first, last = struct.unpack_from("<HH", body)
            scan.hidden_columns += range(first + 1, min(last, 255) + 2)
    return scan


def _styled_numbers(kind: int, body: bytes) -> Iterator[tuple[int, int]]:
    """Column and style of each number that a record holds."""
    if kind in (_NUMBER, _RK, _FORMULA):
        yield struct.unpack_from("<HH", body, 2)
    elif kind == _SEVERAL_RK:
        first = struct.unpack_from("<H", body, 2)[0]
        for number, at in enumerate(range(4, len(body) - 7, 6)):
            yield first + number, struct.unpack_from("<H", body, at)[0]


def _error_code(kind: int, body: bytes) -> int | None:
    if kind == _ERROR_OR_TRUTH and len(body) >= 8 and body[7]:
        return body[6]
    is_special = kind == _FORMULA and len(body) >= 14 and body[12:14] == b"\xff\xff"
    return body[8] if is_special and body[6] == 2 else None


def _stream(data: bytes, *, where: str) -> bytes:
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as ole:
            name = next((name for name in ("Workbook", "Book") if ole.exists(name)), None)
            if name is not None:
                content: bytes = ole.openstream(name).read()
                return content
    except (OSError, ValueError, IndexError, struct.error) as error:
        raise ExportError(where, f"is damaged ({error})", "ask for the file again") from None
    raise ExportError(where, "holds no workbook", "ask for the file again, saved as .xlsx")


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Records from `at` to the end of that sheet (or of the workbook's globals)."""
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        if kind == _EOF:
            return
        yield kind, stream[at + 4 : at + 4 + length]
        at += 4 + length
