"""The commands and their options; what they do is imported when one of them runs.

`onecohort --help` must answer at once, so nothing here imports pandas, pandera or Prefect.
"""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Optional

import typer

from onecohort.errors import StudyError

CLEAN, NEEDS_A_PERSON, MISTAKE, CENTER_FAILED = 0, 1, 2, 3

app = typer.Typer(
    name="onecohort",
    help="Many centers' exports in, one validated cohort out, and nothing lost on the way.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

StudyOption = Annotated[
    Path, typer.Option("--study", help="Folder with schemas/ and center_mappings/.")
]
ExportsOption = Annotated[
    Optional[Path],  # noqa: UP045 - typer reads the annotation at run time
    typer.Option("--exports", help="Folder of the exports; default: as the study says."),
]
AsOfOption = Annotated[
    Optional[datetime],  # noqa: UP045
    typer.Option("--as-of", formats=["%Y-%m-%d"], help="Day of the data; default: as the study says."),
]
OutOption = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--out", help="Folder for runs/ and the link `cohort`; default: the study's."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="For machines.")]


@app.callback()
def _root() -> None:
    """Many centers' exports in, one validated cohort out, and nothing lost on the way."""


@app.command()
def build(
    centers: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Argument(help="Only these centers; then nothing is published."),
    ] = None,
    study: StudyOption = Path(),
    exports: ExportsOption = None,
    out: OutOption = None,
    as_of: AsOfOption = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Redo centers that have not changed.")] = False,
    json: JsonOption = False,
) -> None:
    """Exports in, validated cohort, statistics and reports out."""
    from onecohort.cli.build import build_command

    raise typer.Exit(
        build_command(
            centers or [],
            study=study,
            exports=exports,
            out=out or study,
            as_of=as_of.date() if as_of else None,
            fresh=fresh,
            as_json=json,
        )
    )


def main() -> None:
    """Run a command; a mistake in the study's files is shown as text, never as a traceback."""
    try:
        app()
    except StudyError as error:
        for mistake in error.mistakes:
            print(mistake, file=sys.stderr)
        sys.exit(MISTAKE)
