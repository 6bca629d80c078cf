"""The record stream of an xls sheet (BIFF5 and BIFF8): its extent, error cells, hidden rows.

[MS-XLS] 2.4: a record is its type and its length, two bytes each, then its content. Only the
records named below are looked at.
"""

import io
import struct
from collections.abc import Iterator

import olefile  # type: ignore[import-untyped]

from onecohort.errors import ExportError
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
_HIDDEN_ROW, _HIDDEN_COLUMNS = 0x20, 0x01


def scan_xls(data: bytes, *, where: str) -> list[SheetScan]:
    """Look all sheets through, in the workbook's order."""
    stream = _stream(data, where=where)
    starts = [
        struct.unpack_from("<I", body)[0]
        for kind, body in _records(stream, 0)
        if kind == _SHEET and len(body) >= 4
    ]
    return [_scan_sheet(stream, start) for start in starts]


def _scan_sheet(stream: bytes, start: int) -> SheetScan:
    scan = SheetScan()
    for kind, body in _records(stream, start):
        if kind in _CELLS and len(body) >= 6:
            row, column = struct.unpack_from("<HH", body)
            scan.rows, scan.columns = max(scan.rows, row + 1), max(scan.columns, column + 1)
            scan.is_filled = True
            code = _error_code(kind, body)
            if code is not None:
                scan.errors[row + 1, column + 1] = ERROR_CODES.get(code, "#UNKNOWN!")
        elif kind == _ROW and len(body) >= 13 and body[12] & _HIDDEN_ROW:
            scan.hidden_rows += 1
        elif kind == _COLUMNS and len(body) >= 9 and body[8] & _HIDDEN_COLUMNS:
            first, last = struct.unpack_from("<HH", body)
            scan.hidden_columns += range(first + 1, min(last, 255) + 2)
    return scan


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
