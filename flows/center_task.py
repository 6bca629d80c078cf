"""What the center task needs besides the engine: its cache key, its way to fail, when to try again."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import cast

from prefect import Task
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import TaskRunContext
from prefect.futures import PrefectFuture

from onecohort.center import CenterSummary, find_center_key
from onecohort.center_process import CenterProcesses

log = logging.getLogger("onecohort.flow")

Told = dict[str, object]
PASSING = ("unreachable",)


class CenterFailed(Exception):
    """A center that gave no result; the summary says why, in words that hold no patient."""

    def __init__(self, summary: CenterSummary) -> None:
        self.summary = summary
        lines = [f"{error['where']}  {error['what']}" for error in summary.error]
        super().__init__("\n".join([f"{summary.center}: {summary.cause}", *lines]))


def content_key(context: TaskRunContext, parameters: Mapping[str, object]) -> str | None:
    """The engine's content key, and the place that holds the result; None where there is no key."""
    center = str(parameters["center"])
    processes = cast("CenterProcesses", parameters["processes"])
    key = find_center_key(processes.study, center, processes.key)
    place = processes.store.resolve().as_posix().replace("/", "_").strip("_")[-120:]
    return f"{place}-{center}-{key}" if key else None


def can_pass(task: Task[..., object], run: TaskRun, state: State[object]) -> bool:
    """Whether to try again: a share that is away may come back, a mistake does not mend itself."""
    error = state.data if isinstance(state.data, Exception) else None
    if isinstance(error, CenterFailed):
        return error.summary.cause in PASSING
    return isinstance(error, OSError)


def told(summary: CenterSummary) -> Told:
    """A summary as Prefect keeps it; raises CenterFailed for a center that gave no result."""
    if summary.state == "failed":
        raise CenterFailed(summary)
    return asdict(summary)


def gather(
    centers: Sequence[str],
    futures: Sequence[PrefectFuture[Told]],
    again: Callable[[str], PrefectFuture[Told]],
) -> list[CenterSummary]:
    """The summaries of all centers, failed ones too, when all futures are done.

    again    does a center whose result Prefect remembers but whose folder was cleared away
    """
    found = []
    for center, future in zip(centers, futures, strict=True):
        summary = _summary(center, future)
        if summary.state == "cached" and not Path(summary.folder).is_dir():
            summary = _summary(center, again(center))
        log.info(describe(summary))
        found.append(summary)
    return found


def describe(summary: CenterSummary) -> str:
    """One line on a center, for a person who waits."""
    if summary.state == "failed":
        lines = [f"{error['where']}  {error['what']}" for error in summary.error]
        return "\n    ".join([f"{summary.center}: failed; the other centers go on", *lines])
    unchanged = ", unchanged" if summary.state == "cached" else ""
    needs = summary.findings["error"] + summary.findings["warning"]
    return (
        f"{summary.center}: {summary.patients} patients, {needs} findings for a person{unchanged}"
    )


def _summary(center: str, future: PrefectFuture[Told]) -> CenterSummary:
    future.wait()
    answer: Told | Exception = cast("Told | Exception", future.result(raise_on_failure=False))
    if isinstance(answer, CenterFailed):
        return answer.summary
    if isinstance(answer, Exception):
        error = {"where": center, "what": f"its task ended with {type(answer).__name__}", "fix": ""}
        return CenterSummary(center, center, "failed", "", cause="engine", error=(error,))
    summary = as_summary(answer)
    if future.state.name == "Cached":
        return as_summary({**answer, "state": "cached"})
    return summary


def as_summary(told: Mapping[str, object]) -> CenterSummary:
    """A summary read back from JSON."""
    fields = {
        name: tuple(value) if isinstance(value, list) else value for name, value in told.items()
    }
    return CenterSummary(**fields)  # type: ignore[arg-type]
