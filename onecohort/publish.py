"""Putting a finished run in place: atomic, last, and never without a readable cohort before it.

A run is written into a hidden neighbour and renamed when it is complete; `cohort` is a link that one
rename turns from the old run to the new. Where the system has no links a small pointer file does it.
"""

import os
import shutil
from pathlib import Path

RUNS = "runs"
LINK = "cohort"
POINTER = "cohort.txt"
DRAFT = ".draft-"


def draft_folder(out: Path, run_id: str) -> Path:
    """A fresh hidden folder for a run that is being written; what killed runs left is swept away."""
    runs = out / RUNS
    runs.mkdir(parents=True, exist_ok=True)
    for left in runs.glob(f"{DRAFT}*"):
        shutil.rmtree(left, ignore_errors=True)
    draft = runs / f"{DRAFT}{run_id}"
    draft.mkdir()
    return draft


def complete(draft: Path) -> Path:
    """Give a finished run its name; from here on it is there as a whole, after a power cut too."""
    for path in draft.rglob("*"):
        if path.is_file():
            _flush(path)
    final = draft.with_name(draft.name.removeprefix(DRAFT))
    draft.rename(final)
    _flush(final.parent)
    return final


def publish(out: Path, run: Path) -> None:
    """Make `out/cohort` this run; whoever reads it sees the old run or the new one, never neither."""
    target = Path(RUNS) / run.name
    draft = out / f".{LINK}-{os.getpid()}"
    draft.unlink(missing_ok=True)
    try:
        draft.symlink_to(target, target_is_directory=True)
        draft.replace(out / LINK)
        (out / POINTER).unlink(missing_ok=True)
    except OSError:  # no right to make links, as on Windows
        draft.unlink(missing_ok=True)
        draft.write_text(f"{target.as_posix()}\n", encoding="utf-8")
        draft.replace(out / POINTER)
        (out / LINK).unlink(missing_ok=True)  # of a run by somebody who may; it would go first
    _flush(out)


def published_run(out: Path) -> Path | None:
    """The folder of the published run, or None before the first."""
    link, pointer = out / LINK, out / POINTER
    if link.is_symlink():
        found = link.resolve()
    elif pointer.is_file():
        found = out / pointer.read_text(encoding="utf-8").strip()
    else:
        return None
    return found if found.is_dir() else None


def _flush(path: Path) -> None:
    """Have the system write a file or folder to the disk now."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:  # folders cannot be opened on Windows
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
