"""`onecohort draft`: a first mapping for a new center, or what a delivery adds to one that stands."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from onecohort.draft import (
    draft_mapping,
    find_marks,
    save_draft,
    save_update,
    update_center,
)
from onecohort.errors import Mistake, StudyError
from onecohort.exports.registry import FORMATS
from onecohort.mapping.language import CENTER_NAME
from onecohort.mapping.load import parse_mapping
from onecohort.study import Study, load_study

CLEAN = 0


def draft_command(
    center: str, files: Sequence[Path], *, study: Path, exports: Path | None, as_json: bool
) -> int:
    """Draft the mapping of a center and save it beside the others; never over one that stands."""
    opened = load_study(study, exports=exports)
    if not re.fullmatch(CENTER_NAME, center):
        fix = "small letters, digits and _, a letter first, as its mapping will be called"
        raise StudyError(Mistake(f"onecohort draft {center}", "cannot name a center", fix))
    drafted = draft_mapping(opened, center, files or delivered(opened, center))
    mapping = parse_mapping(drafted.text, f"{center}.yaml").mapping
    path = save_draft(opened, drafted)
    marks = len(find_marks(drafted.text))
    if as_json:
        told = {
            "center": center,
            "path": str(path),
            "mapped": list(mapping.fields),
            "unavailable": list(mapping.unavailable),
            "ignored": list(mapping.ignore),
            "marks": marks,
            "notes": drafted.notes,
        }
        print(json.dumps(told, ensure_ascii=False, indent=1))
        return CLEAN
    console = Console(highlight=False, soft_wrap=True)
    for note in drafted.notes:
        console.print(note, markup=False)
    console.print(f"written: {path.relative_to(opened.root)}", markup=False)
    console.print(
        f"{len(mapping.fields)} fields mapped, {len(mapping.unavailable)} not found,"
        f" {len(mapping.ignore)} columns left over; {marks} lines are marked `# ?`",
        markup=False,
    )
    console.print(f"next: read it beside the export, then `onecohort check {center}`", markup=False)
    return CLEAN


def update_command(center: str, *, study: Path, exports: Path | None, as_json: bool) -> int:
    """Add to a center's mapping, as marked lines, what its newest delivery brought."""
    opened = load_study(study, exports=exports)
    updated = update_center(opened, center)
    path = opened.mapping_path(center)
    if updated.added:
        save_update(opened, updated)
    if as_json:
        told = {"center": center, "path": str(path), "added": updated.added, "gone": updated.gone}
        print(json.dumps(told, ensure_ascii=False, indent=1))
        return CLEAN
    console = Console(highlight=False, soft_wrap=True)
    for line in updated.added:
        console.print(f"new: {line}", markup=False)
    for column in updated.gone:
        console.print(f"no longer delivered: column {column!r}", markup=False)
    name = path.relative_to(opened.root)
    count = "1 addition" if len(updated.added) == 1 else f"{len(updated.added)} additions"
    said = f"{count} to {name}" if updated.added else f"{name} is up to date"
    console.print(said, markup=False)
    return CLEAN


def delivered(study: Study, center: str) -> list[Path]:
    """The files that lie in the center's folder of the exports and that a reader takes.

    Raises StudyError where there is none.
    """
    folder = study.exports / center
    known = [
        path
        for path in sorted(folder.glob("*"))
        if path.suffix.lower().removeprefix(".") in FORMATS and path.suffix.lower() != ".txt"
    ]
    if not known:
        fix = f"put the delivery into {folder}, or name its files"
        raise StudyError(Mistake(str(folder), "holds no export", fix))
    return known
