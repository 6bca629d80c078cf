"""What may leave a step for Prefect's database: counts, names and places in our files, never a cell.

An exception of a library may quote the value it stumbled over, and Prefect keeps messages and tracebacks.
So they go to a log beside the runs, and Prefect is told the kind of error and where it happened.
"""

import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from onecohort.errors import StudyError
from onecohort.retention import LOGS
from onecohort.run import Run

T = TypeVar("T")


class StepFailed(Exception):
    """A step that failed, told without data."""


def log_of(run: Run) -> Path:
    """The file for tracebacks and what else may quote a cell."""
    return run.out / LOGS / f"{run.run_id}.log"


def told_without_data(step: str, log: Path, work: Callable[[], T]) -> T:
    """What the work returns; raises `StepFailed` in place of whatever it raises.

    log    file that gets the traceback
    """
    try:
        return work()
    except StudyError as error:  # about files of the study; it quotes no cell
        told = f"{step}: {error}"
    except Exception as error:
        last = error.__traceback__
        while last is not None and last.tb_next is not None:
            last = last.tb_next
        place = f"{Path(last.tb_frame.f_code.co_filename).name}:{last.tb_lineno}" if last else "?"
        reason = f" ({error.strerror})" if isinstance(error, OSError) and error.strerror else ""
        told = f"{step}: {type(error).__name__}{reason} at {place}; the traceback is in {log}"
        _write(log, step, error)
    # Outside the handlers, or the exception would bring the first one along as its context.
    raise StepFailed(told)


def _write(log: Path, step: str, error: Exception) -> None:
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC  {step}\n")
            file.writelines(traceback.format_exception(error))
    except OSError:  # a full disk, say; the place of the error is told all the same
        return
