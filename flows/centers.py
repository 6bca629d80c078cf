"""The center step as Prefect sees it: one mapped task per center, its cache key, its retries.

A result is kept under the engine's content key: delivery, mapping, schema, vocabulary, engine and the key
of the pseudonyms. A center is done again when one of them differs, and for no other reason.
"""

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from prefect import Task, task, unmapped
from prefect.cache_policies import NO_CACHE, CacheKeyFnPolicy
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import TaskRunContext
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from flows.privacy import log_of
from onecohort.center import find_center_key
from onecohort.center_process import CenterProcesses, center_processes
from onecohort.center_summary import CenterSummary, summary_from_json
from onecohort.deliveries import Received, receive
from onecohort.run import Run
from onecohort.study import Study

log = logging.getLogger("onecohort.flow")

Told = dict[str, object]
PASSING = ("unreachable",)
AT_ONCE = os.cpu_count() or 2
RUNNER = cast("TaskRunner[PrefectFuture[Any]]", ThreadPoolTaskRunner(max_workers=AT_ONCE))
PATIENCE = (10.0, 60.0, 300.0)


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


@task(task_run_name="receive", retry_condition_fn=can_pass, cache_policy=NO_CACHE)
def receive_deliveries(root: Path, out: Path, centers: tuple[str, ...], quiet: float) -> Received:
    """The newest complete delivery of each center."""
    return receive(root, out, centers, quiet_seconds=quiet, now=time.time())


@task(
    task_run_name="{center}",
    cache_policy=CacheKeyFnPolicy(cache_key_fn=content_key),
    persist_result=True,
    result_serializer="json",
    retry_condition_fn=can_pass,
)
def harmonize(center: str, processes: CenterProcesses) -> Told:
    """One center's delivery, harmonized; unchanged since a run before, it is not done again."""
    return told(processes.run(center))


def told(summary: CenterSummary) -> Told:
    """A summary as Prefect keeps it; raises CenterFailed for a center that gave no result."""
    if summary.state == "failed":
        raise CenterFailed(summary)
    return asdict(summary)


def receive_patiently(
    root: str, out: Path, centers: tuple[str, ...], quiet: float, patience: Sequence[float]
) -> Received:
    """`receive_deliveries`, tried again after each wait of `patience` while the share is away."""
    step = receive_deliveries.with_options(
        retries=len(patience), retry_delay_seconds=list(patience)
    )
    return step(Path(root), out, centers, quiet)


def harmonize_centers(
    study: Study,
    centers: Sequence[str],
    run: Run,
    *,
    fresh: bool,
    timeout: float,
    patience: Sequence[float],
    on_center: Callable[[CenterSummary, int], None],
) -> list[CenterSummary]:
    """One task per center, a few at once; a failed center is one of the summaries.

    timeout    seconds that one center may take
    patience   waits before each new try of what can pass
    """
    step = harmonize.with_options(
        refresh_cache=fresh, retries=len(patience), retry_delay_seconds=list(patience)
    )
    again = harmonize.with_options(refresh_cache=True)
    with center_processes(
        study, run.store, run.key, size=AT_ONCE, timeout=timeout, log=log_of(run), fresh=fresh
    ) as processes:
        futures = step.map(list(centers), unmapped(processes))
        return gather(centers, futures, lambda center: again.submit(center, processes), on_center)


def gather(
    centers: Sequence[str],
    futures: Sequence[PrefectFuture[Told]],
    again: Callable[[str], PrefectFuture[Told]],
    on_center: Callable[[CenterSummary, int], None],
) -> list[CenterSummary]:
    """The summaries of all centers, failed ones too, when all futures are done.

    again      does a center whose result Prefect remembers but whose folder was cleared away
    on_center  is told of each summary, and of how many there will be
    """
    found = []
    for center, future in zip(centers, futures, strict=True):
        summary = _summary(center, future)
        if summary.state == "cached" and not Path(summary.folder).is_dir():
            summary = _summary(center, again(center))
        log.info(describe(summary))
        on_center(summary, len(centers))
        found.append(summary)
    return found


def describe(summary: CenterSummary) -> str:
    """One line on a center, for a person who waits."""
    if summary.state == "failed":
        lines = [f"{error['where']}  {error['what']}" for error in summary.error]
        return "\n    ".join([f"{summary.center}: failed; the other centers go on", *lines])
    unchanged = ", unchanged" if summary.state == "cached" else ""
    needs = summary.findings["error"] + summary.findings["warning"]
    told = f"{needs} finding{'' if needs == 1 else 's'} for a person"
    return f"{summary.center}: {summary.patients} patients, {told}{unchanged}"


def _summary(center: str, future: PrefectFuture[Told]) -> CenterSummary:
    future.wait()
    answer: Told | Exception = cast("Told | Exception", future.result(raise_on_failure=False))
    if isinstance(answer, CenterFailed):
        return answer.summary
    if isinstance(answer, Exception):
        error = {"where": center, "what": f"its task ended with {type(answer).__name__}", "fix": ""}
        return CenterSummary(center, center, "failed", "", cause="engine", error=(error,))
    summary = summary_from_json(answer)
    if future.state.name == "Cached":
        return summary_from_json({**answer, "state": "cached"})
    return summary
