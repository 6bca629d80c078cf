"""`onecohort build`: the whole run at a desk, without Prefect."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from onecohort.buffers import keep_freed_buffers
from onecohort.center_summary import CenterSummary
from onecohort.cli.runs import describe_gate
from onecohort.errors import StudyError
from onecohort.publish import LINK
from onecohort.run import Built, build
from onecohort.study import load_study

if TYPE_CHECKING:
    from onecohort.analysis import FigureFormat

MISTAKE, CENTER_FAILED = 2, 3
PIPED_WIDTH = 120


def build_command(
    centers: Sequence[str],
    *,
    study: Path,
    exports: Path | None,
    out: Path,
    as_of: date | None,
    fresh: bool,
    figures: "Sequence[FigureFormat]",
    as_json: bool,
) -> int:
    """Run, show, and return the exit code."""
    keep_freed_buffers()
    console = Console(highlight=False, stderr=as_json)
    if not console.is_terminal:  # a file or a pipe has no width to be kept within
        console.width = PIPED_WIDTH
    opened = load_study(study, exports=exports, as_of=as_of)
    for center in centers:
        opened.mapping_path(center)
    failed: list[CenterSummary] = []

    def on_center(summary: CenterSummary) -> None:
        if summary.state == "failed":
            failed.append(summary)
            show_failure(console, summary)

    try:
        with console.status("reading") as status:
            built = build(
                opened,
                out,
                centers=centers,
                fresh=fresh,
                figures=figures,
                on_center=on_center,
                on_step=status.update,
            )
    except StudyError:
        if not failed or len(failed) < len(centers or opened.centers):
            raise
        console.print("no center is left: nothing is written, what was published stays")
        return MISTAKE if {summary.cause for summary in failed} == {"mapping"} else CENTER_FAILED
    if as_json:
        print(json.dumps(built.manifest, ensure_ascii=False, indent=1, sort_keys=True))
    else:
        show_result(console, built, out)
    return built.exit_code


def show_failure(console: Console, summary: CenterSummary) -> None:
    """What is wrong with a failed center, at once and in full."""
    console.print(f"{summary.center} failed", style="bold red")
    for error in summary.error:
        console.print(f"  {error['where']}  {error['what']}", markup=False, soft_wrap=True)
        if error["fix"]:
            console.print(f"      {error['fix']}", markup=False, soft_wrap=True)


def show_result(console: Console, built: Built, out: Path) -> None:
    """One line per center, the result beside what was published, and where everything is."""
    console.print(center_table(built))
    results = result_table(built.folder)
    if results is not None:
        console.print(results)
    show_gates(console, built)
    linked = built.published and (out / LINK).exists()
    home = out / LINK if linked else built.folder
    for name, path in (
        ("cohort", "cohort.parquet"),
        ("validation report", "report/index.html"),
        ("analysis", "report/analysis.html"),
        ("report cards", "report/cards/"),
    ):
        if (built.folder / path).exists():
            console.print(f"{name:<18}{(home / path).as_posix()}", soft_wrap=True)


def show_gates(console: Console, built: Built) -> None:
    """Why a run is held back, and how a person lets it through."""
    if built.manifest["state"] != "held":
        return
    gates = built.manifest["gates"]
    assert isinstance(gates, list)
    console.print("held back: what was published stays", style="bold yellow")
    for gate in gates:
        if not gate["holds"]:
            console.print(f"  {describe_gate(gate)}", markup=False, soft_wrap=True)
    console.print(f"  if it is right: onecohort publish {built.folder.name} --because …")


def center_table(built: Built) -> Table:
    """Rows and findings of each center."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("center")
    for name in (
        "rows",
        "cohort",
        "quarantined",
        "merged",
        "left out",
        "errors",
        "warnings",
        "notes",
    ):
        table.add_column(name, justify="right")
    table.add_column("")
    manifest_centers = built.manifest["centers"]
    assert isinstance(manifest_centers, dict)
    for summary in built.centers:
        if summary.state == "failed":
            table.add_row(summary.center, *[""] * 8, "failed")
            continue
        rows: Mapping[str, int] = manifest_centers[summary.center]["tables"][summary.first]
        table.add_row(
            summary.center,
            *(str(rows[k]) for k in ("delivered", "cohort", "quarantined", "merged", "left_out")),
            *(str(summary.findings[k]) for k in ("error", "warning", "note")),
            "unchanged" if summary.state == "cached" else "",
        )
    return table


def result_table(folder: Path) -> Table | None:
    """Published, computed, agrees; None for a study without an analysis."""
    path = folder / "analysis.json"
    if not path.is_file():
        return None
    from onecohort.analysis.published import with_unit

    compared = json.loads(path.read_text(encoding="utf-8"))["published"]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, justify in (("statistic", "left"), ("published", "right"), ("computed", "right")):
        table.add_column(name, justify="left" if justify == "left" else "right")
    table.add_column("")
    for row in compared:
        printed, computed = (with_unit(row[name], row["unit"]) for name in ("printed", "rounded"))
        table.add_row(row["what"], printed, computed, row["verdict"])
    return table
