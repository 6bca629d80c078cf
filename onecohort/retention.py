"""Which runs are kept: the last few, every published one within a period, and what is still needed.

Never removed: the run that `cohort` points to, the last two published ones (to go back to), and the newest
run, which may be held and wait for a decision. Deliveries are never removed.
"""

import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from onecohort.history import PastRun, list_runs
from onecohort.publish import DRAFT
from onecohort.run import STORE

LOGS = "runs/.logs"
YOUNG = timedelta(days=7)  # center results of a delivery check that no run has taken up yet


@dataclass(frozen=True)
class Retention:
    """What a study keeps.

    last              newest runs, whatever became of them
    published_days    every run that was published within so many days
    """

    last: int = 30
    published_days: int = 365

    def __post_init__(self) -> None:
        if self.last < 1 or self.published_days < 0:
            raise ValueError("at least one run is kept, and a period is not negative")


@dataclass(frozen=True)
class Swept:
    """What was removed: names of runs, and how many center results."""

    runs: tuple[str, ...]
    results: int


def sweep(out: Path, retention: Retention, now: datetime) -> Swept:
    """Remove what need not be kept; the caller holds the lock of `out`.

    now    in UTC
    """
    runs = list_runs(out)
    kept = select_kept(runs, retention, now)
    gone = [run for run in runs if run.run_id not in kept]
    for run in gone:
        # A draft's name: what a kill leaves half removed is no run, and the next run sweeps it away.
        left = run.folder.with_name(f"{DRAFT}gone-{run.run_id}")
        run.folder.rename(left)
        shutil.rmtree(left)
    staying = [run for run in runs if run.run_id in kept]
    results = _sweep_results(out, staying, now)
    _sweep_logs(out, kept, now)
    return Swept(tuple(run.run_id for run in gone), results)


def select_kept(runs: Sequence[PastRun], retention: Retention, now: datetime) -> set[str]:
    """Names of the runs that stay.

    runs    the newest first
    """
    kept = {run.run_id for run in runs[: retention.last]}
    published = [run for run in runs if run.state == "published"]
    kept |= {run.run_id for run in published[:2]}
    limit = now - timedelta(days=retention.published_days)
    kept |= {run.run_id for run in published if run.begun >= limit}
    for run in runs:
        if run.current:
            kept |= {run.run_id, str(run.manifest.get("previous_run"))}
    return kept


def _sweep_results(out: Path, staying: Sequence[PastRun], now: datetime) -> int:
    used = {
        (center, told["key"])
        for run in staying
        for center, told in run.centers.items()
        if told["key"]
    }
    removed = 0
    for folder in (out / STORE).glob("*/*"):
        young = now.timestamp() - folder.stat().st_mtime < YOUNG.total_seconds()
        if (folder.parent.name, folder.name) not in used and not young:
            shutil.rmtree(folder)
            removed += 1
    return removed


def _sweep_logs(out: Path, kept: Collection[str], now: datetime) -> None:
    for path in (out / LOGS).glob("*.log"):
        young = now.timestamp() - path.stat().st_mtime < YOUNG.total_seconds()
        if path.stem not in kept and not young:
            path.unlink()
