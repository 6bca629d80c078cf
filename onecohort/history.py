"""The runs of an output folder: what there is, in which order, and what each came to.

The order is the runs' own count, not the clock, which may be set back.
"""

from dataclasses import dataclass
from pathlib import Path

from onecohort.center import CenterSummary
from onecohort.publish import RUNS, published_run
from onecohort.run import MANIFEST, Built, Json, read_manifest


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


def read_built(folder: Path) -> Built:
    """What a complete run came to, read back from its folder."""
    manifest = read_manifest(folder)
    told = manifest["centers"]
    assert isinstance(told, dict)
    centers = [
        CenterSummary(
            center=center,
            folder="",
            **{name: tuple(v) if isinstance(v, list) else v for name, v in fields.items()},
        )
        for center, fields in told.items()
    ]
    return Built(folder, manifest["state"] == "published", manifest, tuple(centers))
