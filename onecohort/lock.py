"""One run at a time writes into an output folder.

The system itself holds the lock on the open file and lets go of it when the process ends, however it ends:
a killed run locks nobody out, and no clock or process number has to be believed. What the file says is a
note for people and for the next holder: who has the lock, or who died with it.
"""

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from onecohort.errors import Mistake, StudyError

LOCK = "runs/.lock"
POLL_SECONDS = 0.5
_LOCKED_BYTE = (
    1 << 20
)  # far behind the note, which Windows could not read if it lay in the locked bytes


class Busy(StudyError):
    """Another run is writing into the folder, and did not finish in time."""

    def __init__(self, out: Path, holder: Mapping[str, str]) -> None:
        self.holder = holder
        told = ", ".join(f"{name} {text}" for name, text in holder.items()) or "just begun"
        what = f"another run is writing here ({told})"
        super().__init__(Mistake(str(out), what, "wait until it has ended, then start again"))


@dataclass(frozen=True)
class Held:
    """The lock is ours.

    died   the note of a holder that ended without letting go; empty after an orderly end
    """

    died: Mapping[str, str]


@contextmanager
def lock_output(
    out: Path, *, wait_seconds: float = 0, note: Mapping[str, str] | None = None
) -> Iterator[Held]:
    """Hold the lock of an output folder; raise `Busy` where another run keeps it for `wait_seconds`.

    note    what others may read about this holder, besides its process and start
    """
    path = out / LOCK
    path.parent.mkdir(parents=True, exist_ok=True)
    with _open(path) as file:
        until = time.monotonic() + wait_seconds
        while not _try_lock(file):
            if time.monotonic() >= until:
                raise Busy(out, _read_note(file))
            time.sleep(min(POLL_SECONDS, max(0.0, until - time.monotonic())))
        died = _read_note(file)
        started = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
        _write_note(file, {"process": str(os.getpid()), "since": started, **(note or {})})
        try:
            yield Held(died)
        finally:
            _write_note(file, {})
            _unlock(file)


def _open(path: Path) -> BinaryIO:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    return os.fdopen(descriptor, "r+b", buffering=0)


def _read_note(file: BinaryIO) -> dict[str, str]:
    """The note in the file; one that was cut short by a crash counts as none."""
    file.seek(0)
    try:
        note = json.loads(file.read(65536) or b"{}")
    except ValueError:
        return {}
    return {str(name): str(text) for name, text in note.items()} if isinstance(note, dict) else {}


def _write_note(file: BinaryIO, note: Mapping[str, str]) -> None:
    file.seek(0)
    file.truncate()
    if note:
        file.write(json.dumps(dict(note)).encode())


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: BinaryIO) -> bool:
        file.seek(_LOCKED_BYTE)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(file: BinaryIO) -> None:
        file.seek(_LOCKED_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(file: BinaryIO) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
