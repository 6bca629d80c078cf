"""`onecohort runs` and `onecohort publish`: what there is, what changed, and what a person decides."""

from pathlib import Path
from typing import Annotated, Optional

import typer

runs_app = typer.Typer(
    help="The runs of a study: list them, compare two, put one back.",
    invoke_without_command=True,
    rich_markup_mode=None,
)
HomeOption = Annotated[
    Path, typer.Option("--out", help="Folder that holds runs/ and the link `cohort`.")
]
Because = Annotated[str, typer.Option("--because", help="Why; it goes on record.")]
RunName = Annotated[str, typer.Argument(help="Name of a run, or the beginning of it.")]


@runs_app.callback()
def list_command(context: typer.Context, out: HomeOption = Path()) -> None:
    """List the runs, the newest first; the published one has an arrow."""
    if context.invoked_subcommand is not None:
        return
    from rich.console import Console
    from rich.table import Table

    from onecohort.history import list_runs

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("", "run", "state"):
        table.add_column(name, no_wrap=True, min_width=22 if name == "run" else None)
    table.add_column("patients", justify="right")
    table.add_column("not in it")
    table.add_column("why")
    for run in list_runs(out):
        cohort = run.manifest["cohort"]
        assert isinstance(cohort, dict)
        failed = [center for center, told in run.centers.items() if told["state"] == "failed"]
        table.add_row(
            "→" if run.current else "",
            run.run_id,
            run.state,
            str(cohort["rows"]),
            ", ".join(failed),
            _reason(run.manifest),
        )
    Console(highlight=False).print(table if table.rows else "there is no run yet")


@runs_app.command("compare")
def compare_command(old: RunName, new: RunName, out: HomeOption = Path()) -> None:
    """What changed between two runs: patients, findings and state of each center."""
    from rich.console import Console
    from rich.table import Table

    from onecohort.history import find_run
    from onecohort.run_comparison import compare

    rows = compare(find_run(out, old).folder, find_run(out, new).folder)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("center")
    for name in ("patients", "", "new", "gone", "changed", "findings", ""):
        table.add_column(name, justify="right")
    table.add_column("")
    for row in rows:
        table.add_row(
            row.center,
            *(str(count) for count in row.patients),
            *(str(count) for count in (row.new, row.gone, row.changed)),
            *(str(count) for count in row.findings),
            ", ".join(row.because),
        )
    Console(highlight=False).print(table)


@runs_app.command("restore")
def restore_command(run: RunName, because: Because, out: HomeOption = Path()) -> None:
    """Put a run back that was published before."""
    from onecohort.decisions import restore

    decision = restore(out, run, because)
    print(f"{decision.run} is published again in place of {decision.instead_of}")


def publish_command(run: str, because: str, out: Path) -> int:
    """Let a held run through."""
    from onecohort.decisions import let_through

    decision = let_through(out, run, because)
    instead = f" in place of {decision.instead_of}" if decision.instead_of else ""
    print(f"{decision.run} is published{instead}; on record: {decision.because}")
    return 0


def _reason(manifest: dict[str, object]) -> str:
    """The last decision about a run, or the gates that hold it."""
    decisions, gates = manifest.get("decisions"), manifest.get("gates")
    if isinstance(decisions, list) and decisions:
        return f"{decisions[-1]['action']}: {decisions[-1]['because']}"
    if manifest["state"] == "held" and isinstance(gates, list):
        return "; ".join(describe_gate(gate) for gate in gates if not gate["holds"])
    return ""


def describe_gate(gate: dict[str, Optional[object]]) -> str:  # noqa: UP045
    """A gate that does not hold, in a line."""
    detail = f" ({gate['detail']})" if gate["detail"] else ""
    return f"{gate['title']}: {gate['value']:g}, limit {gate['limit']:g}{detail}"
