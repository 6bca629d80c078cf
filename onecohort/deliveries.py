"""Deliveries as they arrive: `deliveries/<center>/<date>/…`, taken when complete, kept, never written to.

A delivery is complete when its sender has put a file `.complete` into it, or when nothing in it has changed
from look to look over a quiet period. It is then copied once to a place of our own, with its hashes, so
that a run reads files that nobody changes under it and that are still there in five years.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal

from onecohort.delivery_copy import (
    KEPT,
    MARKER,
    SUMS,
    Changed,
    Sizes,
    keep_copy,
    link_or_copy,
    remove_folder,
    take_inventory,
)

EXPORTS = "runs/.exports"
LOOKS = "looks.json"
_DATED = re.compile(r"\d{4}-\d{2}-\d{2}([._-]\w+)?")  # 2026-05-14, or 2026-05-14_b for a second one
State = Literal["taken", "older", "waiting", "refused"]


@dataclass(frozen=True)
class Delivery:
    """What became of one delivery.

    state    taken: it is read now · older: a newer one is · waiting: not complete yet ·
             refused: a person has to look
    why      of one that waits or is refused, or that changed after it was taken
    kept     folder of our copy, below the output folder; "" where there is none
    sha256   over names and contents of its files
    new      whether the copy was made just now, and is the one to be read
    """

    center: str
    date: str
    state: State
    why: str = ""
    kept: str = ""
    sha256: str = ""
    files: int = 0
    new: bool = False


@dataclass(frozen=True)
class Received:
    """The exports of a run, one folder per center, and what became of each delivery."""

    exports: Path
    deliveries: tuple[Delivery, ...]


def receive(
    root: Path, out: Path, centers: Sequence[str], *, quiet_seconds: float, now: float
) -> Received:
    """Take what is complete, and lay out the newest complete delivery of each center for a run.

    root           folder of the deliveries; nothing is ever written into it
    out            the output folder, whose lock the caller holds
    quiet_seconds  how long nothing may have changed in a delivery without a `.complete`
    now            seconds since the epoch

    Raises OSError where `root` itself cannot be read, as when a share is away.
    """
    names = sorted(entry.name for entry in os.scandir(root) if entry.is_dir())
    looks = _read_looks(out)
    found: list[Delivery] = []
    seen: dict[str, _Look] = {}
    for center in sorted({*names, *centers}):
        if center.startswith("."):
            continue
        if center not in centers:
            why = "there is no mapping for a center of this name"
            found.append(Delivery(center, "", "refused", why))
            continue
        for folder in _folders(root / center, looks):
            place = f"{center}/{folder.name}"
            delivery, look = _look_at(folder, center, out, looks.get(place), quiet_seconds, now)
            found.append(delivery)
            if look is not None:
                seen[place] = look
    _write_looks(out, seen)
    told = _mark_older(found)
    return Received(_lay_out(out, told), tuple(told))


def _folders(home: Path, looks: Mapping[str, "_Look"]) -> list[Path]:
    """A center's deliveries: those that are there, and those of which only our copy is left."""
    kept = {
        home / place.partition("/")[2]
        for place, look in looks.items()
        if look.kept and place.partition("/")[0] == home.name
    }
    try:
        there = {path for path in home.iterdir() if path.is_dir()}
    except OSError:
        there = set()
    return sorted(kept | there)


# --- one delivery -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Look:
    """How a delivery looked and since when; where a copy is kept, and how it looked when that was made."""

    sizes: Sizes
    since: float
    kept: str = ""
    sha256: str = ""
    kept_sizes: Sizes = field(default_factory=dict)


def _look_at(
    folder: Path, center: str, out: Path, before: _Look | None, quiet: float, now: float
) -> tuple[Delivery, _Look | None]:
    """What becomes of a delivery now; a copy that was made before is read for as long as it must wait."""
    if not _DATED.fullmatch(folder.name):
        why = "its folder is not named by a date, as in 2026-05-14"
        return Delivery(center, folder.name, "refused", why), None
    before = before or _Look({}, now)
    if not (out / before.kept / SUMS).is_file():
        before = replace(before, kept="", kept_sizes={})
    state: State = "waiting"
    look = before
    try:
        sizes, complete = take_inventory(folder)
        # A clock that was set back must not make the quiet period longer than it is.
        since = min(before.since, now) if dict(before.sizes) == sizes else now
        look = replace(before, sizes=sizes, since=since)
        if before.kept and dict(before.kept_sizes) == sizes:
            why = ""
        elif not complete and now - since < quiet:
            why = f"no {MARKER} in it, and unchanged for only {now - since:.0f} of {quiet:.0f} s"
        else:
            kept, sha256 = keep_copy(folder, sizes, out, center)
            look = _Look(sizes, since, kept, sha256, sizes)
            why = ""
    except Changed as error:
        why = str(error)
    except ValueError as error:
        why, state = str(error), "refused"
    except FileNotFoundError:
        why = "it is gone"
    except OSError as error:
        why = f"cannot be read: {error.strerror}"
    if look.kept:
        told = f"{why}; the copy made before is read" if why else ""
        files = len(look.kept_sizes)
        new = look.kept != before.kept
        taken = Delivery(
            center, folder.name, "taken", told, look.kept, look.sha256, files=files, new=new
        )
        return taken, look
    return Delivery(center, folder.name, state, why), look


# --- all deliveries -----------------------------------------------------------------------------------


def _mark_older(found: Sequence[Delivery]) -> list[Delivery]:
    newest = {each.center: each.date for each in found if each.state == "taken"}
    return [
        replace(each, state="older", new=False)
        if each.state == "taken" and each.date != newest[each.center]
        else each
        for each in found
    ]


def _lay_out(out: Path, deliveries: Sequence[Delivery]) -> Path:
    """One folder per center with the files of its newest delivery, in place of the last layout."""
    exports, draft = out / EXPORTS, out / f"{EXPORTS}-draft"
    remove_folder(draft)
    draft.mkdir(parents=True)
    for delivery in deliveries:
        if delivery.state != "taken":
            continue
        for path in (out / delivery.kept).rglob("*"):
            name = path.relative_to(out / delivery.kept)
            if path.is_file() and name.as_posix() != SUMS:
                target = draft / delivery.center / name
                target.parent.mkdir(parents=True, exist_ok=True)
                link_or_copy(path, target)
    remove_folder(exports)
    draft.rename(exports)
    return exports


def _read_looks(out: Path) -> dict[str, _Look]:
    path = out / KEPT / LOOKS
    if not path.is_file():
        return {}
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return {
            place: _Look(
                _sizes(look["sizes"]),
                look["since"],
                look["kept"],
                look["sha256"],
                _sizes(look["kept_sizes"]),
            )
            for place, look in told.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}  # cut short by a crash; the quiet period then begins again


def _sizes(told: Mapping[str, list[int]]) -> Sizes:
    return {name: (pair[0], pair[1]) for name, pair in told.items()}


def _write_looks(out: Path, looks: Mapping[str, _Look]) -> None:
    path = out / KEPT / LOOKS
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{LOOKS}")
    draft.write_text(json.dumps({place: asdict(look) for place, look in looks.items()}))
    draft.replace(path)
