"""The harmonisation matrix: which field came from which center, how much of it, and why not."""

from dataclasses import dataclass
from typing import Literal

from onecohort.disclosure import is_small, show_part, show_share
from onecohort.report.run_folder import CenterRun, RunFolder
from onecohort.report.unit_words import spell_unit
from onecohort.schema import CohortSchema

State = Literal["complete", "partial", "unavailable", "unmapped", "empty", "absent"]

WORDS: dict[State, str] = {
    "complete": "complete",
    "partial": "partial",
    "unavailable": "declared unavailable",
    "unmapped": "not mapped",
    "empty": "mapped, but empty",
    "absent": "center absent",
}


@dataclass(frozen=True)
class Cell:
    """One field at one center.

    level   0 to 4, how dark the cell is: quarters of the patients
    told    the counts in a sentence, for the pointer and the keyboard
    """

    state: State
    shown: str
    level: int
    told: str


@dataclass(frozen=True)
class Line:
    """One field over all centers."""

    field: str
    title: str
    unit: str
    cells: tuple[Cell, ...]
    overall: str


@dataclass(frozen=True)
class Matrix:
    """Fields by centers, in the schema's order, without what identifies."""

    centers: tuple[str, ...]
    lines: tuple[Line, ...]


def build_matrix(run: RunFolder, schema: CohortSchema) -> Matrix:
    """Every published field at every center."""
    lines = []
    for field in schema.published:
        if field.name in ("center", "patient_id"):
            continue
        cells = tuple(_cell(field.name, field.title, c) for c in run.centers.values())
        fills = [
            c.fields[field.name]
            for c in run.centers.values()
            if c.state != "failed" and field.name in c.fields
        ]
        filled, of = sum(f["filled"] for f in fills), sum(f["of"] for f in fills)
        masked = [f for f in fills if is_small(f["filled"]) or is_small(f["of"] - f["filled"])]
        overall = show_share(filled, of) if len(masked) != 1 else "–"  # it would tell the one
        lines.append(Line(field.name, field.title, spell_unit(field.unit), cells, overall))
    return Matrix(tuple(run.centers), tuple(lines))


def _cell(name: str, title: str, center: CenterRun) -> Cell:
    where = f"{title}, {center.name}"
    if center.state == "failed" or name not in center.fields:
        return Cell("absent", "×", 0, f"{where}: the center could not be read")
    fill = center.fields[name]
    filled, of = fill["filled"], fill["of"]
    if filled == 0 and fill["state"] != "mapped":
        if fill["state"] == "unavailable":
            reason = fill["reason"] or "no reason given"
            return Cell("unavailable", "–", 0, f"{where}: unavailable ({reason})")
        if fill["state"] == "unmapped":
            return Cell("unmapped", "?", 0, f"{where}: no rule and no reason in the mapping")
    if filled == 0:
        return Cell("empty", "0", 0, f"{where}: mapped, but nobody has a value")
    origin = " (derived)" if fill["state"] == "derived" else ""
    state: State = "complete" if filled == of else "partial"
    share = show_share(filled, of).removesuffix(" %")
    level = 4 if filled == of else min(3, int(4 * filled / of))
    return Cell(state, share, level, f"{where}: {show_part(filled, of)} patients{origin}")
