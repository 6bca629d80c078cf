"""The runs of an output folder: what there is, in which order, and what each came to.

The order is the runs' own count, not the clock, which may be set back.
"""

from dataclasses import dataclass
from pathlib import Path

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


def list_runs(out: Path) -> list[PastRun]:
    """All complete runs of a folder, the newest first; one without a readable manifest is left out."""
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
