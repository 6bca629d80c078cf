"""The record stream of an xlsb sheet: its extent, error cells, merged ranges, what is hidden.

[MS-XLSB] 2.1.4: a record is its type (one or two bytes), its length (one to four) and its content.
"""

import struct
import zipfile
from collections.abc import Iterator

from onecohort.errors import ExportError
from onecohort.exports import limits
from onecohort.exports.workbook_scan import SheetScan
from onecohort.exports.workbook_xls import ERROR_CODES
from onecohort.exports.workbook_xlsx import linked_part

_ROW, _COLUMNS, _SHEET, _MERGED = 0, 60, 156, 176
_FILLED = (*range(2, 12), 62)  # every kind of cell but a blank one
_ERRORS = (3, 11)  # a constant and a formula's result


def scan_xlsb(archive: zipfile.ZipFile, sheet: str, *, where: str) -> SheetScan:
    """Look one sheet of an xlsb file through."""
    scan = SheetScan(merged=[])
    part = _part_of(archive, sheet, where=where)
    row = 0
    merged: list[tuple[tuple[int, int], tuple[int, int]]] = []
    for kind, body in _records(_whole(archive, part, where=where)):
        if kind == _ROW and len(body) >= 12:
            row = struct.unpack_from("<I", body)[0] + 1
            scan.hidden_rows += (body[11] >> 4) & 1
        elif kind in _FILLED and len(body) >= 9:
            column = struct.unpack_from("<I", body)[0] + 1
            scan.rows, scan.columns = max(scan.rows, row), max(scan.columns, column)
            scan.is_filled = True
            if kind in _ERRORS:
                scan.errors[row, column] = ERROR_CODES.get(body[8], "#UNKNOWN!")
        elif kind == _MERGED and len(body) >= 16:
            top, bottom, left, right = struct.unpack_from("<IIII", body)
            merged.append(((top, left), (bottom, right)))
        elif kind == _COLUMNS and len(body) >= 18 and body[16] & 1:
            first, last = struct.unpack_from("<II", body)
            scan.hidden_columns += range(first + 1, min(last, first + 1000) + 2)
    scan.merged = merged
    return scan


def _part_of(archive: zipfile.ZipFile, sheet: str, *, where: str) -> str:
    links = []
    for kind, body in _records(_whole(archive, "xl/workbook.bin", where=where)):
        if kind == _SHEET and len(body) >= 16:
            link, end = _wide_string(body, 8)
            name, _ = _wide_string(body, end)
            if name == sheet:
                links.append(link)
    return linked_part(archive, "xl/workbook.bin", links, where=where)


def _wide_string(body: bytes, at: int) -> tuple[str, int]:
    length = int.from_bytes(body[at : at + 4], "little")
    end = at + 4 + 2 * length
    return body[at + 4 : end].decode("utf-16-le", "replace"), end


def _whole(archive: zipfile.ZipFile, part: str, *, where: str) -> bytes:
    if part not in archive.namelist():
        raise ExportError(where, f"is damaged: its part {part} is missing", "ask for it again")
    return b"".join(limits.member_chunks(archive, part, where=where))


def _records(stream: bytes) -> Iterator[tuple[int, bytes]]:
    at, size = 0, len(stream)
    while at < size:
        kind = stream[at]
        at += 1
        if kind & 0x80 and at < size:
            kind = (kind & 0x7F) | (stream[at] & 0x7F) << 7
            at += 1
        length, shift = 0, 0
        while at < size and shift < 28:
            byte = stream[at]
            at += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        yield kind, stream[at : at + length]
        at += length
