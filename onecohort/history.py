"""The runs of an output folder: what there is, in which order, and what each came to.

The order is the runs' own count, not the clock, which may be set back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from onecohort.errors import Mistake, StudyError
from onecohort.manifest import MANIFEST, Json, read_manifest
from onecohort.publish import RUNS, published_run


@dataclass(frozen=True)
class PastRun:
    """A run that is complete.

    number     counts the runs of a folder, from 1
    state      published, held, partial
    current    whether `cohort` points to it
    """

    run_id: str
    number: int
    folder: Path
    state: str
    current: bool
    manifest: Json

    @property
    def begun(self) -> datetime:
        """When the run began, by the clock of that day; UTC."""
        return datetime.strptime(self.run_id[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)

    @property
    def centers(self) -> Mapping[str, Mapping[str, object]]:
        """What the run came to at each center."""
        told = self.manifest["centers"]
        assert isinstance(told, dict)
        return told


def list_runs(out: Path) -> list[PastRun]:
    """All complete runs of a folder, the newest first; what has no readable manifest is left out."""
    current = published_run(out)
    found = []
    for path in (out / RUNS).glob(f"*/{MANIFEST}"):
        if path.parent.name.startswith("."):
            continue
        try:
            manifest = read_manifest(path.parent)
        except (OSError, ValueError):
            continue
        number = manifest.get("number")
        found.append(
            PastRun(
                path.parent.name,
                number if isinstance(number, int) else 0,
                path.parent,
                str(manifest["state"]),
                current is not None and current.name == path.parent.name,
                manifest,
            )
        )
    return sorted(found, key=lambda run: (run.number, run.run_id), reverse=True)


def next_number(out: Path) -> int:
    """The number of the next run."""
    return max((run.number for run in list_runs(out)), default=0) + 1


def find_run(out: Path, name: str) -> PastRun:
    """A run by its name or by the beginning of it; raises StudyError where that is none, or several."""
    runs = list_runs(out)
    found = [run for run in runs if run.run_id == name] or [
        run for run in runs if name and run.run_id.startswith(name)
    ]
    if len(found) == 1:
        return found[0]
    what = f"{len(found)} runs begin with {name!r}" if found else f"there is no run {name!r}"
    raise StudyError(Mistake(str(out / RUNS), what, "`onecohort runs` lists them"))


def find_same(out: Path, key: str) -> PastRun | None:
    """The published run, or else the newest one, if it was made from the same as a new one would be.

    The newest counts too: a held run is not held twice, and one that was put back by hand not redone.
    """
    runs = list_runs(out)
    for run in [*(run for run in runs if run.current), *runs[:1]]:
        if run.manifest.get("key") == key and run.state in ("published", "held"):
            return run
    return None
