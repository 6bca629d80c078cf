"""What kind of workbook a file is by its contents, and whether it is safe to hand to a parser.

Calamine allots a sheet's whole rectangle before it says how big it is, hands error cells on as
blanks and knows no display formats; so a sheet is looked through first, in bounded memory.
"""

import io
import zipfile
from enum import StrEnum

from onecohort.errors import ExportError
from onecohort.exports import limits
from onecohort.exports.workbook_ods import is_encrypted, scan_ods
from onecohort.exports.workbook_scan import SheetScan
from onecohort.exports.workbook_xls import scan_xls
from onecohort.exports.workbook_xlsb import scan_xlsb
from onecohort.exports.workbook_xlsx import scan_xlsx


class WorkbookKind(StrEnum):
    """What a workbook is by its contents, whatever its name says."""

    XLSX = "Excel workbook"
    XLSB = "binary Excel workbook"
    XLS = "Excel 97-2003 workbook"
    ODS = "OpenDocument spreadsheet"


def check_workbook(data: bytes, *, where: str) -> WorkbookKind:
    """Tell what kind of workbook the bytes are; raise ExportError for a hostile or damaged one."""
    if not data.startswith(b"PK"):
        return WorkbookKind.XLS
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            limits.check_archive(archive, where=where)
            names = set(archive.namelist())
    except zipfile.BadZipFile as error:
        raise ExportError(where, f"is damaged ({error})", "ask for the file again") from None
    if "xl/workbook.bin" in names:
        return WorkbookKind.XLSB
    if "content.xml" in names:
        _refuse_encrypted_ods(data, where=where)
        return WorkbookKind.ODS
    if any(name.endswith("workbook.xml") for name in names):
        return WorkbookKind.XLSX
    raise ExportError(
        where, "is a zip archive, but no workbook", "unpack it and name the file in it"
    )


def _refuse_encrypted_ods(data: bytes, *, where: str) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if is_encrypted(archive, where=where):
            raise ExportError(
                where,
                "is an OpenDocument file locked by a password, which is not read",
                "save it without a password, or as .xlsx",
            )


def scan_sheet(data: bytes, kind: WorkbookKind, sheet: str, *, place: int, where: str) -> SheetScan:
    """Look through one sheet, which is the one at `place` (from 0) of the workbook.

    Raises ExportError if it spans too many cells, declares entities or is damaged.
    """
    if kind is WorkbookKind.XLS:
        scan = scan_xls(data, place, where=where)
    else:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if kind is WorkbookKind.XLSX:
                scan = scan_xlsx(archive, sheet, where=where)
            elif kind is WorkbookKind.XLSB:
                scan = scan_xlsb(archive, sheet, where=where)
            else:
                scan = scan_ods(archive, sheet, where=where)
    limits.check_cells(scan.rows, scan.columns, where=where)
    return scan
