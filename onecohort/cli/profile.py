"""`onecohort profile`: what stands in files before anybody has declared it."""

import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from onecohort.cli.output import write_text
from onecohort.errors import Mistake, StudyError
from onecohort.exports import list_tables, open_table
from onecohort.profile_views import as_html, as_rich, as_values
from onecohort.profiling import TableProfile, profile_table

CLEAN = 0
PIPED_WIDTH = 160


def profile_command(files: Sequence[Path], *, html: Path | None, as_json: bool) -> int:
    """Profile every table of the files; to the terminal, as JSON, or also as a page."""
    profiles = [profile for path in files for profile in profile_file(path)]
    if html is not None:
        write_text(html, as_html(profiles))
    if as_json:
        print(json.dumps([as_values(one) for one in profiles], ensure_ascii=False, indent=1))
    else:
        console = Console(highlight=False)
        if not console.is_terminal:  # a pipe has no width of its own
            console = Console(highlight=False, width=PIPED_WIDTH)
        for profile in profiles:
            console.print(as_rich(profile))
        if html is not None:
            console.print(f"written: {html}", markup=False)
    return CLEAN


def profile_file(path: Path) -> list[TableProfile]:
    """The profiles of all tables in one file; raises ExportError for one that cannot be read."""
    path = path.absolute()
    if path.is_dir():
        fix = f"name files in it, such as {path.name}/*"
        raise StudyError(Mistake(str(path), "is a folder", fix))
    return [
        profile_table(open_table(path, root=path.parent, layout=summary.layout))
        for summary in list_tables(path, root=path.parent)
    ]
