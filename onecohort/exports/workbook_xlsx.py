"""The XML of an xlsx or xlsm sheet: its extent, error cells, hidden rows, display formats.

Looked through with patterns on the opened bytes, row by row of the sheet: an XML parser would take
ten times as long, and nothing here needs the tree.
"""

import posixpath
import re
import zipfile
from collections.abc import Iterator, Sequence
from html import unescape
from xml.parsers import expat

from onecohort.errors import ExportError
from onecohort.exports import limits
from onecohort.exports.display_formats import BUILT_IN, is_month, is_percentage, is_year
from onecohort.exports.workbook_scan import SheetScan

_FORMAT_ROWS = 200  # rows in which the display format of a column is looked for
# A sheet of fewer than 100,000 rows and 234 columns is below every limit; only cells outside that
# rectangle have their place worked out.
_FAR = re.compile(rb' r="(?:[A-Z]{3,}\d|[J-Z][A-Z]\d|[A-Z]*\d{6,})')
_ODDLY_WRITTEN = (b" r='", b" r =", b"\tr=", b"\nr=")  # XML allows it; no spreadsheet writes it
_PLACE = re.compile(rb"""\sr\s*=\s*["']([A-Z]{0,3})(\d{1,9})["']""")
_LAST_ROW = re.compile(rb'<(?:\w+:)?row\b[^>]*? r="(\d+)"')
_ERROR = re.compile(
    rb"""
    <(?:\w+:)?c\b (?=[^>]*\st="e") [^>]*\sr="([A-Z]{1,3})(\d{1,7})" [^>]*>  # an error cell
    (?: (?!</(?:\w+:)?c>) . )*?                                            # its formula
    <(?:\w+:)?v>([^<]*)<                                                   # the error it shows
    """,
    re.VERBOSE | re.DOTALL,
)
_HOMELESS_ERROR = re.compile(rb'<(?:\w+:)?c\b(?![^>]*\sr=)[^>]*\st="e"')
# A formula that yields an empty text has the type "str"; without a type and a value it was written by
# a program that does not calculate, and no spreadsheet has opened the file since.
_UNCALCULATED = re.compile(
    rb"""
    <(?:\w+:)?c\b (?![^>]*\st="(?:str|inlineStr)") [^>]*\sr="([A-Z]{1,3})(\d{1,7})" [^>]*>
    <(?:\w+:)?f\b [^>]*? (?: /> | > ([^<]*) </(?:\w+:)?f> ) \s*
    (?: <(?:\w+:)?v\s*/> | <(?:\w+:)?v></(?:\w+:)?v> )? \s* </(?:\w+:)?c>
    """,
    re.VERBOSE,
)
_HIDDEN_ROW = re.compile(rb'<(?:\w+:)?row\b[^>]*\shidden="(?:1|true)"')
_COLUMN = re.compile(rb"<(?:\w+:)?col\b[^>]*>")
_STYLED = re.compile(rb'<(?:\w+:)?c\b(?=[^>]*\ss="(\d+)")[^>]*\sr="([A-Z]{1,3})\d+"([^>]*)>')
_ROW_END = re.compile(rb"</(?:\w+:)?row>(?!.*</(?:\w+:)?row>)", re.DOTALL)


def scan_xlsx(archive: zipfile.ZipFile, sheet: str, *, where: str) -> SheetScan:
    """Look one sheet of an xlsx file through."""
    for name in archive.namelist():
        if name.startswith("xl/sharedStrings"):
            for chunk in limits.member_chunks(archive, name, where=where):
                refuse_entities(chunk, where=where)
    part = _part_of(archive, sheet, where=where)
    scan = SheetScan()
    shown = _display_formats(archive, where=where)
    special = [
        (found, cells)
        for found, is_such in (
            (scan.percents, is_percentage),
            (scan.months, is_month),
            (scan.years, is_year),
        )
        if (cells := _cells_styled([style for style, form in shown.items() if is_such(form)]))
    ]
    styles: dict[int, list[int]] = {}
    rows_seen = 0
    for number, rows in enumerate(_whole_rows(archive, part, where=where)):
        refuse_entities(rows, where=where)
        _extend(scan, rows)
        limits.check_sheet(scan.rows, scan.columns, where=where)
        if b'"e"' in rows:
            for match in _ERROR.finditer(rows):
                scan.errors[int(match[2]), _column_number(match[1])] = unescape(
                    match[3].decode("utf-8", "replace")
                )
            if _HOMELESS_ERROR.search(rows):
                raise ExportError(
                    where,
                    "holds error cells without an address, which no spreadsheet program writes",
                    "open it in a spreadsheet program, mend the errors and save it again",
                )
        if b"f>" in rows or b"<f" in rows:
            for match in _UNCALCULATED.finditer(rows):
                formula = unescape((match[3] or b"").decode("utf-8", "replace"))
                scan.uncalculated[int(match[2]), _column_number(match[1])] = f"={formula}"
        if b'hidden="' in rows:
            scan.hidden_rows += len(_HIDDEN_ROW.findall(rows))
        if number == 0:
            scan.hidden_columns = _hidden_columns(rows)
        if rows_seen < _FORMAT_ROWS:
            rows_seen += rows.count(b"</row>")
            for match in _STYLED.finditer(rows):
                if b't="' not in match[3] or b't="n"' in match[3]:
                    styles.setdefault(_column_number(match[2]), []).append(int(match[1]))
        for found, cells in special:
            found |= {(int(m[2]), _column_number(m[1])) for m in cells.finditer(rows)}
    for column, met in sorted(styles.items()):
        if names := list(dict.fromkeys(shown[style] for style in met if style in shown)):
            scan.formats[column] = ", ".join(names)
    return scan


def _cells_styled(styles: Sequence[int]) -> re.Pattern[bytes] | None:
    """Finds the number cells of some styles; None where there are none to be found."""
    if not styles:
        return None
    listed = b"|".join(str(style).encode() for style in styles)
    return re.compile(
        rb"""
        <(?:\w+:)?c\b (?=[^>]*\ss="(?:"""
        + listed
        + rb""")") (?![^>]*\st="(?!n")) [^>]*\sr="([A-Z]{1,3})(\d{1,7})" [^>]*(?<!/)>
        """,
        re.VERBOSE,
    )


def _whole_rows(archive: zipfile.ZipFile, part: str, *, where: str) -> Iterator[bytes]:
    """The part in pieces that end with a row."""
    held = b""
    for chunk in limits.member_chunks(archive, part, where=where):
        held += chunk
        end = max(held.rfind(b"</row>"), held.rfind(b":row>"))
        if end >= 0:
            end = held.index(b">", end) + 1
            yield held[:end]
            held = held[end:]
    yield held


def refuse_entities(chunk: bytes, *, where: str) -> None:
    """Raise ExportError where a part of a workbook declares a document type or entities."""
    if b"<!DOCTYPE" in chunk or b"<!ENTITY" in chunk:
        raise ExportError(
            where,
            "declares XML entities, which no workbook needs and a hostile one expands",
            "open it in a spreadsheet program and save it again",
        )
    if chunk.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ExportError(where, "is written in UTF-16 XML, which is not read", "save it again")


def _extend(scan: SheetScan, rows: bytes) -> None:
    scan.is_filled = scan.is_filled or any(sign in rows for sign in (b"v>", b"t>"))
    last = rows.rfind(b"<row ")
    match = _LAST_ROW.match(rows, last) if last >= 0 else None
    scan.rows = max(scan.rows, int(match[1]) if match else 0)
    scan.columns = max(scan.columns, 1)
    if _FAR.search(rows) is None and not any(sign in rows for sign in _ODDLY_WRITTEN):
        return
    for letters, number in set(_PLACE.findall(rows)):
        scan.rows = max(scan.rows, int(number))
        scan.columns = max(scan.columns, _column_number(letters))


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _hidden_columns(head: bytes) -> list[int]:
    hidden: list[int] = []
    for tag in _COLUMN.findall(head):
        if not re.search(rb'\shidden="(?:1|true)"', tag):
            continue
        ends = [re.search(rb"\s" + key + rb'="(\d+)"', tag) for key in (b"min", b"max")]
        if ends[0] and ends[1]:
            first, last = int(ends[0][1]), int(ends[1][1])
            hidden += range(first, min(last, first + 1000) + 1)
    return hidden


def _part_of(archive: zipfile.ZipFile, sheet: str, *, where: str) -> str:
    """The archive member that holds the named sheet."""
    book = next(name for name in archive.namelist() if name.endswith("workbook.xml"))
    links = [
        next((value for key, value in attributes.items() if key.rpartition(":")[2] == "id"), "")
        for tag, attributes in _tags(archive, book, where=where)
        if tag == "sheet" and attributes.get("name") == sheet
    ]
    return linked_part(archive, book, links, where=where)


def linked_part(archive: zipfile.ZipFile, book: str, links: Sequence[str], *, where: str) -> str:
    """The one archive member that the one relationship in `links` of the part `book` leads to.

    Raises ExportError where it is not exactly one: what was looked at must be what is parsed.
    """
    folder = posixpath.dirname(book)
    relations = f"{folder}/_rels/{posixpath.basename(book)}.rels"
    targets = [
        attributes.get("Target", "")
        for tag, attributes in (
            _tags(archive, relations, where=where) if relations in archive.namelist() else []
        )
        if tag == "Relationship" and attributes.get("Id") in links
    ]
    wanted = {posixpath.normpath(posixpath.join("/" + folder, one))[1:].lower() for one in targets}
    parts = [name for name in archive.namelist() if name.lower() in wanted]
    if len(links) != 1 or len(targets) != 1 or len(parts) != 1:
        raise ExportError(
            where, "is damaged: the sheet's part cannot be told", "ask for the file again"
        )
    return parts[0]


def _display_formats(archive: zipfile.ZipFile, *, where: str) -> dict[int, str]:
    """Style number of a cell -> its display format, "General" left out."""
    part = next((name for name in archive.namelist() if name.endswith("/styles.xml")), None)
    if part is None:
        return {}
    own: dict[int, str] = {}
    shown: dict[int, str] = {}
    inside = False
    style = 0
    for tag, attributes in _tags(archive, part, where=where):
        if tag == "numFmt":
            own[int(attributes["numFmtId"])] = attributes.get("formatCode", "")
        elif tag in ("cellXfs", "cellStyles", "cellStyleXfs"):
            inside = tag == "cellXfs"
        elif tag == "xf" and inside:
            number = int(attributes.get("numFmtId", "0"))
            form = own.get(number, BUILT_IN.get(number, ""))
            if form and form != "General":
                shown[style] = form
            style += 1
    return shown


def _tags(archive: zipfile.ZipFile, part: str, *, where: str) -> list[tuple[str, dict[str, str]]]:
    """Start tags of a small part, without their namespace prefixes."""
    found: list[tuple[str, dict[str, str]]] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda tag, attributes: found.append(
        (tag.rpartition(":")[2], attributes)
    )
    try:
        for chunk in limits.member_chunks(archive, part, where=where):
            refuse_entities(chunk, where=where)
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise ExportError(
            where, f"is damaged: its part {part} is no XML ({error})", "ask for the file again"
        ) from None
    return found
