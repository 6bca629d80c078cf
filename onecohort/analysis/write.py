"""What the analysis leaves in the run folder: analysis.json, the page, its tables and figures."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from onecohort.analysis.analyze import Analysis
from onecohort.report.analysis_figures import build_figures
from onecohort.report.analysis_page import render_analysis
from onecohort.report.analysis_svg import draw, standalone
from onecohort.report.analysis_tables import build_tables
from onecohort.report.flow_chart import build_flow, draw_flow
from onecohort.report.table_data import Table

FigureFormat: TypeAlias = Literal["svg", "png"]
JSON = str | int | float | bool | None | list["JSON"] | dict[str, "JSON"]


def write_analysis(
    folder: Path,
    analysis: Analysis,
    *,
    as_of: date,
    balance: Mapping[str, int],
    ineligible: Mapping[str, int] | None = None,
    synthetic: str = "",
    figures: Sequence[FigureFormat] = ("svg",),
) -> None:
    """Write all that `analyze` found into a run folder.

    analysis.json             every number at full precision, with n, interval and method
    report/analysis.html      the page
    report/figures/           each figure as a file of its own
    report/tables/*.csv       each table; analysis.xlsx holds them all

    balance     rows of the run: delivered, merged, left_out, quarantined
    ineligible  of the quarantined, the patients outside the protocol, by the rule that they did not
                meet (see `count_ineligible`)
    synthetic   what the page says of data that were not observed; "" for real data
    figures     formats of the files in report/figures/; PNG takes some seconds more
    """
    report = folder / "report"
    for place in (report / "figures", report / "tables"):
        place.mkdir(parents=True, exist_ok=True)
    drawn, tables = build_figures(analysis), build_tables(analysis)
    flow = build_flow(analysis, balance, ineligible)
    about: dict[str, JSON] = {"as_of": as_of.isoformat(), "synthetic": synthetic}
    content = about | {"flow": as_json(flow)} | _as_object(analysis)
    _write(folder / "analysis.json", json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    page = render_analysis(analysis, drawn, tables, flow, as_of=as_of, synthetic=synthetic)
    _write(report / "analysis.html", page)
    if "svg" in figures:
        _write(report / "figures" / "flow.svg", standalone(draw_flow(flow)))
        for name, figure in drawn.items():
            _write(report / "figures" / f"{name}.svg", standalone(draw(figure)))
    if "png" in figures:
        write_png(folder, analysis, balance=balance, ineligible=ineligible)
    for name, table in tables.items():
        with (report / "tables" / f"{name}.csv").open("w", encoding="utf-8-sig", newline="") as out:
            csv.writer(out).writerows([table.head, *(row.cells for row in table.rows)])
    write_workbook(report / "tables" / "analysis.xlsx", tables, as_of)


def write_png(
    folder: Path,
    analysis: Analysis,
    *,
    balance: Mapping[str, int],
    ineligible: Mapping[str, int] | None = None,
) -> None:
    """Draw each figure as a PNG of 300 dots per inch into `report/figures/`, by matplotlib.

    `balance` and `ineligible` as in `write_analysis`.
    """
    from onecohort.report.analysis_png import draw_flow_png, draw_png

    place = folder / "report" / "figures"
    place.mkdir(parents=True, exist_ok=True)
    for name, figure in build_figures(analysis).items():
        draw_png(figure, place / f"{name}.png")
    draw_flow_png(build_flow(analysis, balance, ineligible), place / "flow.png")


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def write_workbook(path: Path, tables: Mapping[str, Table], as_of: date) -> None:
    """All tables as sheets of one workbook; cells are texts as printed."""
    from datetime import datetime, time

    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font

    book = Workbook()
    book.remove(book.worksheets[0])
    for name, table in tables.items():
        sheet = book.create_sheet(name[:31])
        sheet.append([table.title])
        sheet.append(table.head)
        for row in table.rows:
            sheet.append(row.cells)
            if row.kind == "heading":
                for cell in sheet[sheet.max_row]:
                    cell.font = Font(bold=True)
            sheet.cell(sheet.max_row, 1).alignment = Alignment(indent=int(row.kind == "indented"))
        sheet.append([])
        sheet.append([table.note])
        for cell in (sheet.cell(1, 1), *sheet[2]):
            cell.font = Font(bold=True)
        sheet.column_dimensions["A"].width = 42
        for place in range(2, len(table.head) + 1):
            sheet.column_dimensions[sheet.cell(2, place).column_letter].width = 22
        sheet.freeze_panes = "B3"
    # The date of the data, not the clock: the same inputs give the same workbook.
    book.properties.created = book.properties.modified = datetime.combine(as_of, time())
    book.save(path)


def as_json(value: object) -> JSON:
    """A result as JSON; nan (a limit that is not defined) becomes null."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, np.ndarray):
        return [as_json(item) for item in value.tolist()]
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    assert is_dataclass(value), f"no JSON for {type(value)}"
    return _as_object(value)


def _as_object(value: object) -> dict[str, JSON]:
    return {
        field.name: as_json(getattr(value, field.name))
        for field in fields(value)  # type: ignore[arg-type]
        if field.metadata.get("json", True)
    }
