"""The main job: exports in, one validated cohort, its statistics and its reports out.

Run as a script it needs no server and ends with what `onecohort build` shows. Deployed, it is the nightly
run. Tasks hand on paths and small summaries, never a patient.
"""

import logging
import shutil
import sys
from datetime import UTC, date, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # a script has only its own folder there

if __name__ == "__main__":  # before Prefect is imported, for then it reads its settings
    from flows.console import main

    sys.exit(main())

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State

from flows.centers import PATIENCE, RUNNER, harmonize_centers, receive_patiently
from flows.outcome import end, end_unchanged, leave, name_run, report_dead_run, take_secret_key
from flows.page import Page
from flows.privacy import log_of, told_without_data
from onecohort.accounts import run_key
from onecohort.analysis import FigureFormat
from onecohort.center_summary import CenterSummary
from onecohort.deliveries import Received
from onecohort.history import find_same
from onecohort.lock import Busy, lock_output
from onecohort.manifest import amend_manifest
from onecohort.retention import Retention, Swept, sweep
from onecohort.run import (
    Built,
    Run,
    analyze_run,
    finish_run,
    judge_run,
    pool_centers,
    report_run,
    start_run,
)
from onecohort.study import Study, load_study

log = logging.getLogger("onecohort.flow")


@task(task_run_name="pool", cache_policy=NO_CACHE)
def pool(study: Study, run: Run, summaries: list[CenterSummary]) -> None:
    """All centers in one validated table, the balance, and the gates."""
    log.info("pooling")

    def work() -> None:
        pool_centers(study, run, summaries)
        judge_run(study, run)

    told_without_data("pool", log_of(run), work)


@task(task_run_name="analyze", cache_policy=NO_CACHE)
def analyze(study: Study, run: Run, figures: tuple[FigureFormat, ...]) -> None:
    """The study's statistics."""
    log.info("analysis")
    told_without_data(
        "analyze", log_of(run), lambda: analyze_run(study, run.folder, figures=figures)
    )


@task(task_run_name="report", cache_policy=NO_CACHE)
def report(study: Study, run: Run) -> None:
    """The validation report and the centers' report cards."""
    log.info("reports")
    told_without_data("report", log_of(run), lambda: report_run(study, run))


@task(task_run_name="publish", cache_policy=NO_CACHE)
def publish(run: Run) -> Built:
    """The new cohort in place of the old one, where the gates hold."""
    return told_without_data("publish", log_of(run), lambda: finish_run(run))


@task(task_run_name="retire", cache_policy=NO_CACHE)
def retire(out: Path, keep: Retention) -> Swept:
    """Remove runs that need not be kept."""
    return sweep(out, keep, datetime.now(UTC))


@flow(name="build-cohort", task_runner=RUNNER)
def build_cohort(
    study: str = ".",
    exports: str | None = None,
    deliveries: str | None = None,
    out: str | None = None,
    as_of: date | None = None,
    fresh: bool = False,
    quiet_minutes: float = 30,
    wait_minutes: float = 60,
    center_minutes: float = 30,
    patience_seconds: tuple[float, ...] = PATIENCE,
    keep_runs: int = 30,
    keep_days: int = 365,
    reports_url: str | None = None,
    figures: tuple[FigureFormat, ...] = ("svg", "png"),
) -> State[str]:
    """Build the cohort of a study and publish it, if anything has changed and its gates hold.

    Args:
        study: Folder with schemas/ and center_mappings/.
        exports: Folder of the exports; empty means as the study says.
        deliveries: Folder with one folder per center and day; read in place of the exports.
        out: Folder for runs/ and the link `cohort`; empty means the study's.
        as_of: Day of the data, after which no date may lie; empty means as the study says.
        fresh: Redo everything, also what has not changed.
        quiet_minutes: How long a delivery without `.complete` must stay unchanged to be taken.
        wait_minutes: How long to wait for another run that writes into the same folder.
        center_minutes: How long one center may take before it is stopped.
        patience_seconds: Waits before each new try of what can pass, such as a share that is away.
        keep_runs: How many of the newest runs are kept.
        keep_days: For how many days every published run is kept.
        reports_url: Where the `out` folder is served, for links on the run's page.
        figures: Formats of the analysis's figures; PNG takes some seconds more.
    """
    keep = Retention(keep_runs, keep_days)
    home = Path(out or study).resolve()
    opened = load_study(Path(study), exports=Path(exports) if exports else None, as_of=as_of)
    take_secret_key()
    page = Page(reports_url)
    try:
        with lock_output(home, wait_seconds=wait_minutes * 60, note=name_run()) as held:
            report_dead_run(held.died)
            received = None
            if deliveries:
                received = receive_patiently(
                    deliveries, home, opened.centers, quiet_minutes * 60, patience_seconds
                )
                opened = load_study(Path(study), exports=received.exports, as_of=as_of)
            page.show_deliveries(received)
            run = start_run(opened, home)
            try:
                summaries = harmonize_centers(
                    opened, opened.centers, run,
                    fresh=fresh, timeout=center_minutes * 60, patience=patience_seconds,
                    on_center=page.show_center,
                )  # fmt: skip
                same = None if fresh else find_same(home, run_key(opened, summaries))
                if same is not None:
                    page.show_unchanged(same, summaries)
                    return end_unchanged(same, summaries)
                built = build(opened, run, summaries, received, page, figures)
            finally:
                shutil.rmtree(run.folder, ignore_errors=True)  # what did not become a run
            retire(home, keep)
            page.show_build(built, home)
            return end(built)
    except Busy as busy:
        return leave(busy)


def build(
    study: Study,
    run: Run,
    summaries: list[CenterSummary],
    received: Received | None,
    page: Page,
    figures: tuple[FigureFormat, ...],
) -> Built:
    """From harmonized centers to a published cohort."""
    pool(study, run, summaries)
    amend_manifest(run.folder, {**page.place(), "deliveries": told_deliveries(received)})
    page.show_step("pooled")
    analyze(study, run, figures)
    page.show_step("analyzed")
    report(study, run)
    page.show_step("reported")
    return publish(run)


def told_deliveries(received: Received | None) -> list[dict[str, object]]:
    """What became of the deliveries, for the manifest."""
    return [vars(delivery) for delivery in received.deliveries] if received else []
