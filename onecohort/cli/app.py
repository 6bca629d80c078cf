"""The commands and their options; what they do is imported when one of them runs.

`onecohort --help` must answer at once, so nothing here imports pandas, pandera or Prefect.
"""

import atexit
import gc
import io
import logging
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Optional

import typer

from onecohort.cli.runs import runs_app
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
    typer.Option(
        "--as-of", formats=["%Y-%m-%d"], help="Day of the data; default: as the study says."
    ),
]
OutOption = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--out", help="Folder for runs/ and the link `cohort`; default: the study's."),
]
CenterArgument = Annotated[str, typer.Argument(help="Its name in center_mappings/.")]
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
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Redo centers that have not changed.")
    ] = False,
    png: Annotated[
        bool, typer.Option("--png", help="Figures as PNG for a manuscript, beside SVG.")
    ] = False,
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
            figures=("svg", "png") if png else ("svg",),
            as_json=json,
        )
    )


@app.command()
def profile(
    files: Annotated[list[Path], typer.Argument(help="Exports, of any format.")],
    html: Annotated[Path | None, typer.Option("--html", help="Write a page too.")] = None,
    json: JsonOption = False,
) -> None:
    """What stands in files: columns, texts, formats, missing codes."""
    from onecohort.cli.profile import profile_command

    raise typer.Exit(profile_command(files, html=html, as_json=json))


@app.command()
def draft(
    center: Annotated[str, typer.Argument(help="Its name: the mapping becomes <name>.yaml.")],
    files: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Argument(help="Its files; default: all in the center's folder of the exports."),
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Add what is new to a mapping that stands.")
    ] = False,
    study: StudyOption = Path(),
    exports: ExportsOption = None,
    json: JsonOption = False,
) -> None:
    """Draft the mapping of a new center, every guess marked."""
    from onecohort.cli.draft import draft_command, update_command

    if update:
        raise typer.Exit(update_command(center, study=study, exports=exports, as_json=json))
    raise typer.Exit(draft_command(center, files or [], study=study, exports=exports, as_json=json))


@app.command()
def check(
    centers: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Argument(help="Only these centers."),
    ] = None,
    study: StudyOption = Path(),
    exports: ExportsOption = None,
    as_of: AsOfOption = None,
    json: JsonOption = False,
    notes: Annotated[bool, typer.Option("--notes", help="Show harmless remarks as well.")] = False,
) -> None:
    """Check mappings: every mistake at its line, with the way out."""
    from onecohort.cli.check import check_command

    raise typer.Exit(
        check_command(
            centers or [],
            study=study,
            exports=exports,
            as_of=as_of.date() if as_of else None,
            as_json=json,
            notes=notes,
        )
    )


@app.command()
def preview(
    center: CenterArgument,
    rows: Annotated[int, typer.Option("--rows", min=1, help="How many patients.")] = 5,
    field: Annotated[str | None, typer.Option("--field", help="Only this field.")] = None,
    patient: Annotated[str | None, typer.Option("--patient", help="Only this patient.")] = None,
    study: StudyOption = Path(),
    exports: ExportsOption = None,
    as_of: AsOfOption = None,
    json: JsonOption = False,
) -> None:
    """Before and after, patient by patient, findings in place."""
    from onecohort.cli.explain import preview_command

    raise typer.Exit(
        preview_command(
            center,
            rows=rows,
            field=field,
            patient=patient,
            study=study,
            exports=exports,
            as_of=as_of.date() if as_of else None,
            as_json=json,
        )
    )


@app.command()
def explain(
    center: CenterArgument,
    patient: Annotated[str, typer.Argument(help="The center's own key, or the pseudonym.")],
    field: Annotated[str | None, typer.Argument(help="Only this field.")] = None,
    study: StudyOption = Path(),
    exports: ExportsOption = None,
    as_of: AsOfOption = None,
    json: JsonOption = False,
) -> None:
    """Walk a value back to its cell, rule and correction."""
    from onecohort.cli.explain import explain_command

    raise typer.Exit(
        explain_command(
            center,
            patient,
            field,
            study=study,
            exports=exports,
            as_of=as_of.date() if as_of else None,
            as_json=json,
        )
    )


@app.command()
def fields(
    study: StudyOption = Path(),
    html: Annotated[Path | None, typer.Option("--html", help="Write a page.")] = None,
    xlsx: Annotated[Path | None, typer.Option("--xlsx", help="Write a workbook.")] = None,
    markdown: Annotated[Path | None, typer.Option("--markdown", help="Write Markdown.")] = None,
    json: JsonOption = False,
) -> None:
    """The fields of the cohort: the data dictionary."""
    from onecohort.cli.dictionary import fields_command

    raise typer.Exit(
        fields_command(study=study, html=html, xlsx=xlsx, markdown=markdown, as_json=json)
    )


@app.command()
def terms(
    field: Annotated[str, typer.Argument(help="A coded field; `onecohort fields` lists all.")],
    study: StudyOption = Path(),
    json: JsonOption = False,
) -> None:
    """The permitted terms of a coded field, with their synonyms."""
    from onecohort.cli.dictionary import terms_command

    raise typer.Exit(terms_command(field, study=study, as_json=json))


@app.command()
def schema(
    output: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Argument(help="File to write; default: beside the mappings, where they name it."),
    ] = None,
    study: StudyOption = Path(),
) -> None:
    """Write the JSON Schema by which editors check mappings."""
    from onecohort.cli.dictionary import schema_command

    raise typer.Exit(schema_command(study=study, output=output))


@app.command()
def release(
    folder: Annotated[Path, typer.Argument(help="Folder to write into.")] = Path("release"),
    study: StudyOption = Path(),
    out: OutOption = None,
) -> None:
    """Write a cohort that may be shared: intervals for dates, new ids."""
    from onecohort.cli.release import release_command

    raise typer.Exit(release_command(folder, study=study, out=out or study))


@app.command()
def publish(
    run: Annotated[str, typer.Argument(help="Name of a held run, or the beginning of it.")],
    because: Annotated[str, typer.Option("--because", help="Why; it goes on record.")],
    out: Annotated[Path, typer.Option("--out", help="Folder that holds runs/.")] = Path(),
) -> None:
    """Let a run through that its gates hold back."""
    from onecohort.cli.runs import publish_command

    raise typer.Exit(publish_command(run, because, out))


app.add_typer(runs_app, name="runs")


def main() -> None:
    """Run a command; a mistake in the study's files is shown as text, never as a traceback."""
    # Importing pandas and pandera makes some hundred thousand objects that all stay: looking them through
    # again and again for garbage took a seventh of `check`, once more at the exit a fifth of a second.
    gc.set_threshold(100_000, 20, 20)
    atexit.register(gc.freeze)
    # What a center fails for is shown by the command itself; the log is for the traceback of a bug of ours.
    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    _write_any_letter()
    try:
        app()
    except StudyError as error:
        for mistake in error.mistakes:
            print(mistake, file=sys.stderr)
        sys.exit(MISTAKE)


def _write_any_letter() -> None:
    """Let a pipe have UTF-8, and a terminal without a letter a question mark in its place.

    Windows gives a pipe the code page of the country, in which there is no arrow: a traceback.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            own = stream.isatty() or "PYTHONIOENCODING" in os.environ
            stream.reconfigure(encoding=None if own else "utf-8", errors="replace")
