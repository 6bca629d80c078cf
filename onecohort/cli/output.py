"""Files that a command is asked to write; a place where none can be written is the caller's mistake."""

from collections.abc import Callable
from pathlib import Path

from onecohort.errors import Mistake, StudyError


def write_text(path: Path, text: str) -> None:
    """Write a text; raises StudyError where it cannot be written."""
    write_with(path, lambda to: to.write_text(text, encoding="utf-8"))


def write_with(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` write to a path; raises StudyError where it cannot."""
    try:
        write(path)
    except OSError as error:
        what = f"cannot be written: {error.strerror}"
        raise StudyError(Mistake(str(path), what, "name a file in a folder that stands")) from None
