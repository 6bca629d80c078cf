"""What kind of workbook a file is by its contents, and whether it is safe to hand to a parser.

Calamine allots a sheet's whole rectangle before it says how big it is, hands error cells on as
blanks and knows no display formats; so a sheet is looked through first, in bounded memory.
"""

import io
import struct
import zipfile
from dataclasses import dataclass, field
from enum import StrEnum

from onecohort.errors import ExportError
from onecohort.exports import limits
from onecohort.exports.workbook_ods import refuse_encrypted, scan_ods
from onecohort.exports.workbook_scan import SheetScan
from onecohort.exports.workbook_xls import scan_xls
from onecohort.exports.workbook_xlsb import scan_xlsb
from onecohort.exports.workbook_xlsx import scan_xlsx

# What zipfile raises over a damaged directory, besides the error of its own.
_UNREADABLE = (zipfile.BadZipFile, ValueError, OSError, KeyError, RuntimeError, struct.error)


class WorkbookKind(StrEnum):
    """What a workbook is by its contents, whatever its name says."""

    XLSX = "Excel workbook"
    XLSB = "binary Excel workbook"
    XLS = "Excel 97-2003 workbook"
    ODS = "OpenDocument spreadsheet"


@dataclass(frozen=True)
class Workbook:
    """A workbook's bytes, looked at and found harmless so far.

    scans  of the sheets in their order, for the formats that a parser opens whole
    """

    data: bytes = field(repr=False)
    kind: WorkbookKind
    scans: tuple[SheetScan, ...] = ()

    def scan(self, sheet: str, place: int, *, where: str) -> SheetScan:
        """Look through one sheet, which is the one at `place` (from 0) of the workbook.

        Raises ExportError if it spans too many cells, declares entities or is damaged.
        """
        if self.kind in _OPENED_WHOLE:
            return self.scans[place] if place < len(self.scans) else SheetScan()
        with zipfile.ZipFile(io.BytesIO(self.data)) as archive:
            if self.kind is WorkbookKind.XLSX:
                scan = scan_xlsx(archive, sheet, where=where)
            else:
                scan = scan_xlsb(archive, sheet, where=where)
        limits.check_sheet(scan.rows, scan.columns, where=where)
        return scan


_OPENED_WHOLE = (WorkbookKind.XLS, WorkbookKind.ODS)


def look_at_workbook(data: bytes, *, where: str) -> Workbook:
    """Tell what kind of workbook the bytes are; raise ExportError for a hostile or damaged one."""
    if not data.startswith(b"PK"):
        return Workbook(data, WorkbookKind.XLS, _within_limits(scan_xls(data, where=where), where))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            limits.check_archive(archive, where=where)
            names = set(archive.namelist())
            if "xl/workbook.bin" in names:
                return Workbook(data, WorkbookKind.XLSB)
            if any(name.endswith("workbook.xml") for name in names):
                return Workbook(data, WorkbookKind.XLSX)
            if "content.xml" in names:
                refuse_encrypted(archive, where=where)
                scans = _within_limits(scan_ods(archive, where=where), where)
                return Workbook(data, WorkbookKind.ODS, scans)
    except _UNREADABLE as error:
        raise ExportError(where, f"is damaged ({error})", "ask for the file again") from None
    raise ExportError(
        where, "is a zip archive, but no workbook", "unpack it and name the file in it"
    )


def _within_limits(scans: list[SheetScan], where: str) -> tuple[SheetScan, ...]:
    for scan in scans:
        limits.check_sheet(scan.rows, scan.columns, where=where)
    limits.check_cells(sum(scan.rows * scan.columns for scan in scans), 1, where=where)
    return tuple(scans)
