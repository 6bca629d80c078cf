"""The delivery check: what has arrived is taken and read at once, so that the night brings no surprise.

It publishes nothing. Each center that it reads is ready for the nightly run, which need not do it again.
"""

import shutil
import sys
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # Prefect puts only this file's folder there

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.centers import PATIENCE, RUNNER, harmonize_centers, receive_patiently
from flows.outcome import (
    UNCHANGED,
    WITH_FAILURES,
    leave,
    name_failed,
    name_run,
    report_dead_run,
    take_secret_key,
)
from flows.page import Page
from onecohort.lock import Busy, lock_output
from onecohort.run import start_run
from onecohort.study import load_study


@flow(name="check-deliveries", task_runner=RUNNER)
def check_deliveries(
    deliveries: str,
    study: str = ".",
    out: str | None = None,
    as_of: date | None = None,
    quiet_minutes: float = 30,
    wait_minutes: float = 1,
    center_minutes: float = 30,
    patience_seconds: tuple[float, ...] = PATIENCE,
    reports_url: str | None = None,
) -> State[str]:
    """Take the deliveries that are complete, and read those that are new.

    Args:
        deliveries: Folder with one folder per center and day.
        study: Folder with schemas/ and center_mappings/.
        out: Folder for runs/ and the link `cohort`; empty means the study's.
        as_of: Day of the data, after which no date may lie; empty means as the study says.
        quiet_minutes: How long a delivery without `.complete` must stay unchanged to be taken.
        wait_minutes: How long to wait for a run that writes into the same folder.
        center_minutes: How long one center may take before it is stopped.
        patience_seconds: Waits before each new try of what can pass, such as a share that is away.
        reports_url: Where the `out` folder is served, for links on the run's page.
    """
    home = Path(out or study).resolve()
    opened = load_study(Path(study), as_of=as_of)
    take_secret_key()
    page = Page(reports_url)
    try:
        with lock_output(home, wait_seconds=wait_minutes * 60, note=name_run()) as held:
            report_dead_run(held.died)
            received = receive_patiently(
                deliveries, home, opened.centers, quiet_minutes * 60, patience_seconds
            )
            page.show_deliveries(received)
            new = [each.center for each in received.deliveries if each.new]
            if not new:
                return Completed(name=UNCHANGED, message="no new delivery")
            opened = load_study(Path(study), exports=received.exports, as_of=as_of)
            run = start_run(opened, home)
            try:
                summaries = harmonize_centers(
                    opened, sorted(set(new)), run,
                    fresh=False, timeout=center_minutes * 60, patience=patience_seconds,
                    on_center=page.show_center,
                )  # fmt: skip
            finally:
                shutil.rmtree(run.folder, ignore_errors=True)
            page.show_centers(summaries)
            failed = name_failed(summaries)
            if failed:
                message = f"cannot be used: {', '.join(failed)}"
                return Completed(name=WITH_FAILURES, message=message)
            return Completed(message=f"new and readable: {', '.join(sorted(set(new)))}")
    except Busy as busy:
        return leave(busy)
