"""A center's card as a workbook: the list of findings, and copies of its rows with the cells marked."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from onecohort.report.cell_text import fit_cell
from onecohort.report.finding_groups import SEVERITIES, title_of
from onecohort.report.source_rows import RowReader, SourceRow
from onecohort.schema import Policy

if TYPE_CHECKING:
    from openpyxl.cell import Cell
    from openpyxl.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

COLOURS = {"error": "F8C4C4", "warning": "FFE699", "note": "DCE9F7"}
HEAD = (
    ("Severity", 10), ("File", 26), ("Sheet", 14), ("Row", 7), ("Column", 22), ("Text", 22),
    ("What is wrong", 52), ("What would be right", 46), ("Check", 40), ("Status", 11),
)  # fmt: skip
MOST_FINDINGS, MOST_ROWS = 5_000, 2_000  # beyond that nobody mends cell by cell
MOST_COLUMNS = 16_000  # a workbook ends at 16,384
LONGEST_COMMENT = 1_000  # beyond that the box covers the rows it speaks of
LINE, HIGHEST = 15.0, 300.0  # points of a line, and of the highest row
AS_TEXT = "@"  # typed over, "=1+1" stays a text and 007 keeps its zeros


@dataclass
class _Marked:
    """One row to copy: the findings of its cells, and of the row as a whole."""

    cells: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    whole: list[dict[str, str]] = field(default_factory=list)


def write_workbook(
    path: Path,
    *,
    findings: pa.Table,
    quarantine: pa.Table,
    policies: Mapping[str, Policy],
    rows: RowReader | None = None,
) -> None:
    """Write one center's workbook; the tables hold that center's rows only."""
    from openpyxl import Workbook

    book = Workbook()
    order = pa.array(
        [SEVERITIES.index(s) for s in findings.column("severity").to_pylist()], pa.int8()
    )
    findings = findings.append_column("_rank", order).sort_by(
        [(name, "ascending") for name in ("_rank", "export", "sheet", "check", "column", "row")]
    )
    _write_findings(book, findings, policies)
    kept = _quarantined(quarantine)
    for (export, sheet), marked in _mark(findings).items():
        center = findings.column("center")[0].as_py()
        numbers = sorted(marked)[:MOST_ROWS]
        left_off = len(marked) - len(numbers)
        known = {n: kept[(export, sheet, n)] for n in numbers if (export, sheet, n) in kept}
        open_still = [n for n in numbers if n not in known]
        read = rows(center, export, sheet, open_still) if rows is not None and open_still else {}
        page = book.create_sheet(_page_title(book, export, sheet))
        _write_rows(page, {n: marked[n] for n in numbers}, {**read, **known})
        if left_off:
            page.cell(len(numbers) + 2, 1, f"{left_off} more rows have findings and are left off")
    book.save(path)


def _write_findings(book: "Workbook", findings: pa.Table, policies: Mapping[str, Policy]) -> None:
    from openpyxl.styles import Alignment, PatternFill
    from openpyxl.utils import get_column_letter

    page = book.worksheets[0]
    page.title = "Findings"
    _write_head(page, HEAD)
    fills = {name: PatternFill("solid", fgColor=colour) for name, colour in COLOURS.items()}
    wrap = Alignment(wrap_text=True, vertical="top", horizontal="left")
    for number, told in enumerate(findings.slice(0, MOST_FINDINGS).to_pylist(), start=2):
        texts = (
            told["severity"],
            (told["export"] or "").rsplit("/", 1)[-1],
            told["sheet"],
            told["row"],
            told["column"],
            told["raw"],
            told["message"],
            told["hint"],
            title_of(told["check"], policies),
            told["status"],
        )
        for place, text in enumerate(texts, start=1):
            if text is not None:
                _put(page, number, place, text).alignment = wrap
        lines = max(_lines(text, width) for text, (_, width) in zip(texts, HEAD, strict=True))
        if lines > 1:  # not every program makes room by itself for a text that is wrapped
            page.row_dimensions[number].height = min(LINE * lines, HIGHEST)
        page.cell(number, 1).fill = fills[told["severity"]]
    page.auto_filter.ref = f"A1:{get_column_letter(len(HEAD))}{max(page.max_row, 2)}"
    if findings.num_rows > MOST_FINDINGS:
        left = f"{findings.num_rows - MOST_FINDINGS} more, the least grave, are left off"
        page.cell(MOST_FINDINGS + 2, 1, left)


def _write_head(page: "Worksheet", head: Sequence[tuple[str, float]]) -> None:
    """The first row, which stays in sight and is printed on every page; pages are as wide as it."""
    from openpyxl.styles import Border, Font, Side
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.properties import PageSetupProperties

    under = Border(bottom=Side("thin"))
    for place, (title, width) in enumerate(head, start=1):
        cell = _put(page, 1, place, title)
        cell.font = Font(name="Calibri", size=11, bold=True)
        cell.border = under
        page.column_dimensions[get_column_letter(place)].width = width
    page.freeze_panes = "B2"
    page.print_title_rows = "1:1"
    page.page_setup.orientation = "landscape"
    page.page_setup.fitToHeight = 0
    page.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


def _lines(text: object, width: float) -> int:
    return -(-len(text) // int(width)) if isinstance(text, str) else 1


def _mark(findings: pa.Table) -> dict[tuple[str, str | None], dict[int, _Marked]]:
    """(export, sheet) -> row -> what is to mend there; a note asks nothing of anybody."""
    found: dict[tuple[str, str | None], dict[int, _Marked]] = {}
    names = ["export", "sheet", "row", "column", "severity", "message", "hint", "raw"]
    for told in findings.slice(0, MOST_FINDINGS).select(names).to_pylist():
        if told["row"] is None or told["export"] is None or told["severity"] == "note":
            continue
        row = found.setdefault((told["export"], told["sheet"]), {}).setdefault(
            told["row"], _Marked()
        )
        if told["column"]:
            row.cells.setdefault(told["column"], []).append(told)
        else:
            row.whole.append(told)
    return found


def _quarantined(quarantine: pa.Table) -> dict[tuple[str, str | None, int], SourceRow]:
    kept: dict[tuple[str, str | None, int], SourceRow] = {}
    for row in quarantine.to_pylist():
        try:
            cells = json.loads(row["cells"] or "{}")
        except ValueError:  # a row that its reader could not split: its text as it stands
            cells = {"": row["cells"]}
        if isinstance(cells, dict):
            kept[(row["export"], row["sheet"], row["row"])] = {k: str(v) for k, v in cells.items()}
    return kept


def _write_rows(
    page: "Worksheet", marked: Mapping[int, _Marked], known: Mapping[int, SourceRow]
) -> None:
    from openpyxl.comments import Comment
    from openpyxl.styles import PatternFill

    columns = _columns(marked, known)
    _write_head(page, [(name, min(max(len(name) + 2, 7), 24)) for name in ("Row", *columns)])
    fills = {name: PatternFill("solid", fgColor=colour) for name, colour in COLOURS.items()}
    for at, (number, row) in enumerate(sorted(marked.items()), start=2):
        cells = known.get(number, {})
        targets = {1: row.whole} if row.whole else {}
        page.cell(at, 1, number)
        for place, name in enumerate(columns, start=2):
            found = row.cells.get(name, [])
            text = cells.get(name, found[0]["raw"] if found else None)
            if text is not None:  # a cell that is not there costs neither time nor room
                _put(page, at, place, text)
            if found:
                targets[place] = found
        for place, found in targets.items():
            cell = page.cell(at, place)
            cell.fill = fills[min((f["severity"] for f in found), key=SEVERITIES.index)]
            text = fit_cell("\n".join(map(_advice, found)), LONGEST_COMMENT)
            lines = sum(1 + len(line) // 44 for line in text.split("\n"))
            cell.comment = Comment(text, "onecohort", height=24 + 18 * lines, width=320)


def _columns(marked: Mapping[int, _Marked], known: Mapping[int, SourceRow]) -> list[str]:
    """The export's columns in its order; of more than a workbook holds, those with findings."""
    concerned = dict.fromkeys(name for row in marked.values() for name in row.cells)
    columns = dict.fromkeys(name for row in known.values() for name in row) | concerned
    return list(columns if len(columns) <= MOST_COLUMNS else concerned)[:MOST_COLUMNS]


def _advice(told: Mapping[str, str]) -> str:
    hint = f" – {told['hint']}" if told["hint"] else ""
    return f"{told['message']}{hint}"


def _put(page: "Worksheet", row: int, column: int, value: object) -> "Cell":
    """Write a text as a text: "=1+1" must not become a formula, nor "#N/A" an error."""
    cell = page.cell(row, column)
    if isinstance(value, str):
        cell.value = fit_cell(value)
        cell.data_type = "s"
        cell.number_format = AS_TEXT
    elif isinstance(value, int):
        cell.value = value
    return cell  # type: ignore[return-value]


def _page_title(book: "Workbook", export: str, sheet: str | None) -> str:
    """A sheet's name: at most 31 characters, none of them forbidden, none used twice."""
    name = f"{export.rsplit('/', 1)[-1]} {sheet or ''}".strip()
    name = re.sub(r"[\[\]:*?/\\']", "_", name)[-28:].strip()
    taken = {page.title.casefold() for page in book.worksheets}
    title, number = name, 2
    while title.casefold() in taken:
        title, number = f"{name} {number}", number + 1
    return title
