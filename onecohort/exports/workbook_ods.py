"""The XML of an ods file: the extent of its sheets, error cells, merged ranges, hidden rows and columns.

Rows and cells are written once and repeated by a number, so a few bytes can span a continent.
"""

import zipfile
from collections.abc import Iterator
from xml.parsers import expat

from onecohort.errors import ExportError
from onecohort.exports import limits
from onecohort.exports.workbook_scan import Place, SheetScan
from onecohort.exports.workbook_xlsx import refuse_entities

_ERROR = "calcext:value-type"


def scan_ods(archive: zipfile.ZipFile, *, where: str) -> list[SheetScan]:
    """Look all sheets of an ods file through, in their order."""
    reader = _Reader(where)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        for chunk in limits.member_chunks(archive, "content.xml", where=where):
            refuse_entities(chunk, where=where)
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise ExportError(
            where, f"is damaged: its content is no XML ({error})", "ask for the file again"
        ) from None
    return reader.scans


def refuse_encrypted(archive: zipfile.ZipFile, *, where: str) -> None:
    """Raise ExportError where the manifest lists a key for the content."""
    if "META-INF/manifest.xml" not in archive.namelist():
        return
    chunks = limits.member_chunks(archive, "META-INF/manifest.xml", where=where)
    if b"encryption-data" in b"".join(chunks):
        raise ExportError(
            where,
            "is an OpenDocument file locked by a password, which is not read",
            "save it without a password, or as .xlsx",
        )


class _Reader:
    """Follows the rows and cells of the sheets; everything else passes by."""

    def __init__(self, where: str) -> None:
        self.scans: list[SheetScan] = []
        self.scan = SheetScan()
        self._where = where
        self._depth = 0  # a table may stand in a cell of another
        self._row = self._row_times = 0
        self._column = self._column_times = 0
        self._sheet_column = 0
        self._filled_to = 0
        self._is_error = self._is_percent = False
        self._in_cell = False
        self._text = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "table:table":
            self._depth += 1
            if self._depth == 1:
                self.scan = SheetScan(merged=[])
                self.scans.append(self.scan)
                self._row = self._row_times = self._sheet_column = 0
        elif self._depth != 1:
            return
        elif tag == "table:table-column":
            times = self._times(
                attributes, "table:number-columns-repeated", limits.MAX_SHEET_COLUMNS
            )
            if attributes.get("table:visibility") in ("collapse", "filter"):
                first = self._sheet_column + 1
                self.scan.hidden_columns += range(first, first + min(times, 1000))
            self._sheet_column += times
        elif tag == "table:table-row":
            self._row += self._row_times
            self._row_times = self._times(
                attributes, "table:number-rows-repeated", limits.MAX_SHEET_ROWS
            )
            self._column = self._column_times = self._filled_to = 0
            if attributes.get("table:visibility") in ("collapse", "filter"):
                self.scan.hidden_rows += self._row_times
        elif tag in ("table:table-cell", "table:covered-table-cell"):
            self._column += self._column_times
            self._column_times = self._times(
                attributes, "table:number-columns-repeated", limits.MAX_SHEET_COLUMNS
            )
            self._is_error = attributes.get(_ERROR) == "error"
            self._is_percent = attributes.get("office:value-type") == "percentage"
            self._in_cell, self._text = True, ""
            if "office:value-type" in attributes:
                self._filled_to = self._column + self._column_times
            self._merge(attributes)

    def end(self, tag: str) -> None:
        if tag == "table:table":
            self._depth -= 1
        elif self._depth != 1:
            return
        elif tag == "table:table-row" and self._filled_to:
            self.scan.rows = max(self.scan.rows, self._row + self._row_times)
            self.scan.columns = max(self.scan.columns, self._filled_to)
            self.scan.is_filled = True
            limits.check_sheet(self.scan.rows, self.scan.columns, where=self._where)
        elif tag in ("table:table-cell", "table:covered-table-cell"):
            self._in_cell = False
            if self._text:
                self._filled_to = self._column + self._column_times
            if self._is_error:
                text = self._text.strip() or "#UNKNOWN!"
                self.scan.errors |= dict.fromkeys(self._places(), text)
            if self._is_percent:
                self.scan.percents.update(self._places())

    def _places(self) -> Iterator[Place]:
        """Rows and columns, from 1, of the cell and its repetitions."""
        if self._column_times * self._row_times >= 10_000:
            return
        for row in range(self._row_times):
            for column in range(self._column_times):
                yield self._row + row + 1, self._column + column + 1

    def text(self, data: str) -> None:
        if self._depth == 1 and self._in_cell and len(self._text) < 100:
            self._text += data

    def _merge(self, attributes: dict[str, str]) -> None:
        wide = int(attributes.get("table:number-columns-spanned", "1"))
        tall = int(attributes.get("table:number-rows-spanned", "1"))
        if self.scan.merged is not None and (wide > 1 or tall > 1):
            top, left = self._row, self._column
            self.scan.merged.append(((top, left), (top + tall - 1, left + wide - 1)))

    def _times(self, attributes: dict[str, str], key: str, most: int) -> int:
        text = attributes.get(key, "1")
        if not text.isdigit() or int(text) > most:
            raise ExportError(
                self._where,
                f"repeats a row or cell {text} times, more than a sheet has",
                "open it in a spreadsheet program and save it again",
            )
        return int(text)
