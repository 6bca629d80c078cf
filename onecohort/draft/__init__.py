"""A first mapping for a center that has none, and what a new delivery adds to one that stands.

Every guess carries a mark, `# ?`, that a person takes out; nothing here decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from onecohort.draft.guess import guess_fields
from onecohort.draft.tables import find_tables
from onecohort.draft.update import Updated, update_mapping
from onecohort.draft.write import write_mapping
from onecohort.errors import Mistake, StudyError
from onecohort.mapping.load import LoadedMapping
from onecohort.mapping.marks import MARK, find_marks
from onecohort.study import MAPPINGS, Study
from onecohort.suggest.sources import remember

__all__ = [
    "MARK",
    "Drafted",
    "Updated",
    "draft_mapping",
    "find_marks",
    "other_mappings",
    "save_draft",
    "save_update",
    "update_center",
]


BOM = "\ufeff"  # some editors write it, and want to find it again


@dataclass(frozen=True)
class Drafted:
    """A drafted mapping as text, with what its author should know of how it was made."""

    center: str
    text: str
    notes: tuple[str, ...]


def draft_mapping(study: Study, center: str, files: Sequence[Path]) -> Drafted:
    """Draft a center's mapping from its files, which lie below the study's exports.

    The accepted mappings of all other centers are the memory. Raises StudyError where no file holds
    a table with patients in it, ExportError where one cannot be read.
    """
    others, notes = other_mappings(study, center)
    memory = remember(others)
    tables, skipped = find_tables(study, files, memory)
    if not tables:
        what = "no table with patients in it was found"
        fix = "; ".join(skipped) or "name the files of the delivery"
        raise StudyError(Mistake(", ".join(path.name for path in files), what, fix))
    fields = guess_fields(study, tables, memory, others)
    notes += [f"not drafted: {text}" for text in skipped]
    notes += [f"{t.profile.export}: {t.profile.sampled}" for t in tables if t.profile.sampled]
    return Drafted(center, write_mapping(center, tables, fields, notes), tuple(notes))


def update_center(study: Study, center: str) -> Updated:
    """Add to a center's mapping what its newest delivery brought; see `update_mapping`."""
    path = study.mapping_path(center)
    loaded = study.load_mapping(center)
    with path.open(encoding="utf-8", newline="") as file:
        text = file.read()
    others, _ = other_mappings(study, center)
    updated = update_mapping(study, loaded, text.removeprefix(BOM), others)
    return replace(updated, text=BOM + updated.text) if text.startswith(BOM) else updated


def other_mappings(study: Study, center: str) -> tuple[list[LoadedMapping], list[str]]:
    """The accepted mappings of all other centers, and which are none and why."""
    found: list[LoadedMapping] = []
    notes: list[str] = []
    for other in study.centers:
        if other != center:
            try:
                loaded = study.load_mapping(other)
            except StudyError as error:
                notes.append(
                    f"{other} is no memory: its mapping has {len(error.mistakes)} mistakes"
                )
                continue
            # What nobody has confirmed must not vouch for the next guess.
            guesses = len(find_marks(study.mapping_path(other).read_text(encoding="utf-8-sig")))
            if guesses:
                notes.append(f"{other} is no memory: {guesses} of its guesses are not confirmed")
            else:
                found.append(loaded)
    return found, notes


def save_draft(study: Study, drafted: Drafted) -> Path:
    """Write a draft beside the other mappings; never over one that is there.

    Raises StudyError where the center has a mapping already.
    """
    path = study.root / MAPPINGS / f"{drafted.center}.yaml"
    path.parent.mkdir(exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(drafted.text)
    except FileExistsError:
        name = f"{MAPPINGS}/{drafted.center}.yaml"
        fix = f"add what is new with `onecohort draft {drafted.center} --update`"
        raise StudyError(Mistake(name, "is there already and is not overwritten", fix)) from None
    return path


def save_update(study: Study, updated: Updated) -> Path:
    """Put the updated text in the mapping's place, whole or not at all."""
    path = study.mapping_path(updated.center)
    neighbour = path.with_suffix(".yaml.part")
    with neighbour.open("w", encoding="utf-8", newline="") as file:
        file.write(updated.text)
    return neighbour.replace(path)
