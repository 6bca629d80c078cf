"""The main job: exports in, one validated cohort, its statistics and its reports out.

Run as a script it needs no server and ends with what `onecohort build` shows. Deployed, it is the nightly
run. Tasks hand on paths and small summaries, never a patient.
"""

import logging
import os
import sys
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # a script has only its own folder there

if __name__ == "__main__":  # before Prefect is imported, for then it reads its settings
    from flows.console import main

    sys.exit(main())

from prefect import flow, task, unmapped
from prefect.cache_policies import NO_CACHE, CacheKeyFnPolicy
from prefect.client.schemas.objects import State
from prefect.task_runners import ThreadPoolTaskRunner

from flows.center_task import Told, can_pass, content_key, gather, told
from flows.outcome import as_state
from flows.privacy import told_without_data
from onecohort.center import CenterSummary
from onecohort.center_process import LOGS, CenterProcesses, center_processes
from onecohort.lock import lock_output
from onecohort.pool import Pooled
from onecohort.run import Built, Run, analyze_run, finish_run, pool_centers, report_run, start_run
from onecohort.study import Study, load_study

log = logging.getLogger("onecohort.flow")

AT_ONCE = os.cpu_count() or 2


@task(
    task_run_name="{center}",
    cache_policy=CacheKeyFnPolicy(cache_key_fn=content_key),
    persist_result=True,
    result_serializer="json",
    retries=3,
    retry_delay_seconds=[10, 60, 300],
    retry_condition_fn=can_pass,
)
def harmonize(center: str, processes: CenterProcesses) -> Told:
    """One center's delivery, harmonized; unchanged since a run before, it is not done again."""
    return told(processes.run(center))


@task(cache_policy=NO_CACHE)
def pool(study: Study, run: Run, summaries: list[CenterSummary]) -> Pooled:
    """All centers in one validated table, and the balance."""
    log.info("pooling")
    with told_without_data("pool", log_of(run)):
        return pool_centers(study, run, summaries)


@task(cache_policy=NO_CACHE)
def analyze(study: Study, run: Run) -> None:
    """The study's statistics."""
    log.info("analysis")
    with told_without_data("analyze", log_of(run)):
        analyze_run(study, run.folder)


@task(cache_policy=NO_CACHE)
def report(study: Study, run: Run) -> None:
    """The validation report and the centers' report cards."""
    log.info("reports")
    with told_without_data("report", log_of(run)):
        report_run(study, run)


@task(cache_policy=NO_CACHE)
def publish(run: Run, summaries: list[CenterSummary], pooled: Pooled) -> Built:
    """The new cohort in place of the old one."""
    with told_without_data("publish", log_of(run)):
        return finish_run(run, summaries, pooled)


@flow(name="build-cohort", task_runner=ThreadPoolTaskRunner(max_workers=AT_ONCE))
def build_cohort(
    study: str = ".",
    exports: str | None = None,
    out: str | None = None,
    as_of: date | None = None,
    fresh: bool = False,
    wait_minutes: float = 60,
    center_minutes: float = 30,
) -> State[str]:
    """Build the cohort of a study and publish it.

    Args:
        study: Folder with schemas/ and center_mappings/.
        exports: Folder of the exports; empty: as the study says.
        out: Folder for runs/ and the link `cohort`; empty: the study's.
        as_of: Day of the data, after which no date may lie; empty: as the study says.
        fresh: Redo centers that have not changed.
        wait_minutes: How long to wait for another run that writes into the same folder.
        center_minutes: How long one center may take before it is stopped.
    """
    opened = load_study(Path(study), exports=Path(exports) if exports else None, as_of=as_of)
    home = Path(out or study).resolve()
    with lock_output(home, wait_seconds=wait_minutes * 60):
        run = start_run(opened, home)
        summaries = harmonize_all(opened, run, fresh=fresh, timeout=center_minutes * 60)
        pooled = pool(opened, run, summaries)
        analyze(opened, run)
        report(opened, run)
        return as_state(publish(run, summaries, pooled))


def harmonize_all(study: Study, run: Run, *, fresh: bool, timeout: float) -> list[CenterSummary]:
    """One task per center, a few at once."""
    centers = list(study.centers)
    step = harmonize.with_options(refresh_cache=fresh)
    with center_processes(
        study, run.store, run.key,
        size=AT_ONCE, timeout=timeout, log=log_of(run), fresh=fresh,
    ) as processes:  # fmt: skip
        futures = step.map(centers, unmapped(processes))
        return gather(
            centers,
            futures,
            lambda center: harmonize.with_options(refresh_cache=True).submit(center, processes),
        )


def log_of(run: Run) -> Path:
    """The file for what Prefect may not keep."""
    return run.out / LOGS / f"{run.run_id}.log"
