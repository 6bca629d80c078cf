"""What a workbook holds beside its values, and whether it is safe to hand to a parser.

Calamine allots a sheet's whole rectangle before it says how big it is, hands error cells on as
blanks and knows no display formats; so the sheet is looked through first, in bounded memory.
"""

import io
import zipfile
from dataclasses import dataclass, field
from enum import StrEnum

from onecohort.errors import ExportError
from onecohort.exports import limits

Range = tuple[tuple[int, int], tuple[int, int]]


class WorkbookKind(StrEnum):
    """What a workbook is by its contents, whatever its name says."""

    XLSX = "Excel workbook"
    XLSB = "binary Excel workbook"
    XLS = "Excel 97-2003 workbook"
    ODS = "OpenDocument spreadsheet"


@dataclass
class SheetScan:
    """What was found in one sheet; rows and columns count from 1.

    rows, columns  the farthest cell
    errors         error cells and their texts
    hidden_rows    rows that the sheet does not show, a count
    hidden_columns their numbers
    formats        column -> how its numbers or dates are displayed, where that is not "General"
    merged         merged ranges, counted from 0, both ends included; None where calamine knows them
    covered        cells that lie under a merged one and still hold a text
    """

    rows: int = 0
    columns: int = 0
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    hidden_rows: int = 0
    hidden_columns: list[int] = field(default_factory=list)
    formats: dict[int, str] = field(default_factory=dict)
    merged: list[Range] | None = None
    covered: list[tuple[int, int]] = field(default_factory=list)

    def facts(self) -> dict[str, object]:
        """What the manifest states of it."""
        facts: dict[str, object] = {}
        if self.hidden_rows:
            facts["hidden_rows"] = self.hidden_rows
        if self.hidden_columns:
            facts["hidden_columns"] = self.hidden_columns
        if self.covered:
            facts["texts_under_merged_cells"] = len(self.covered)
        return facts


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
        return WorkbookKind.ODS
    if any(name.endswith("workbook.xml") for name in names):
        return WorkbookKind.XLSX
    raise ExportError(
        where, "is a zip archive, but no workbook", "unpack it and name the file in it"
    )


def scan_sheet(data: bytes, kind: WorkbookKind, sheet: str, *, where: str) -> SheetScan:
    """Look one sheet through; raise ExportError if it spans too many cells or declares entities."""
    if kind is WorkbookKind.XLS:
        from onecohort.exports.workbook_xls import scan_xls

        scan = scan_xls(data, sheet, where=where)
    else:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if kind is WorkbookKind.XLSX:
                from onecohort.exports.workbook_xlsx import scan_xlsx

                scan = scan_xlsx(archive, sheet, where=where)
            elif kind is WorkbookKind.XLSB:
                from onecohort.exports.workbook_xlsb import scan_xlsb

                scan = scan_xlsb(archive, sheet, where=where)
            else:
                from onecohort.exports.workbook_ods import scan_ods

                scan = scan_ods(archive, sheet, where=where)
    limits.check_cells(scan.rows, scan.columns, where=where)
    return scan
