"""What a person decides about a run: let a held one through, or put an earlier one back. Always on record.

A decision stands in the run's manifest and, in the order of time, in `runs/decisions.jsonl`.
"""

import getpass
import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from onecohort.errors import Mistake, StudyError
from onecohort.history import PastRun, find_run, list_runs
from onecohort.lock import lock_output
from onecohort.manifest import read_manifest, write_manifest
from onecohort.publish import RUNS, publish

RECORD = "decisions.jsonl"
Action = Literal["published although held", "restored"]


@dataclass(frozen=True)
class Decision:
    """Who did what with which run, when (UTC) and why; `instead_of` is the run that was in its place."""

    run: str
    action: Action
    because: str
    who: str
    at: str
    instead_of: str | None


def let_through(out: Path, name: str, because: str) -> Decision:
    """Publish a held run; raises StudyError where it is not held, or something newer was published."""
    with lock_output(out):
        run = find_run(out, name)
        if run.state != "held":
            what = f"is {run.state}, not held"
            raise StudyError(Mistake(run.run_id, what, "`onecohort runs restore` puts a run back"))
        newer = [each for each in list_runs(out) if each.current and each.number > run.number]
        if newer:
            what = f"was overtaken: {newer[0].run_id} was published after it"
            raise StudyError(Mistake(run.run_id, what, "decide about the newest run"))
        return _decide(out, run, "published although held", because)


def restore(out: Path, name: str, because: str) -> Decision:
    """Publish again a run that was published before; raises StudyError where it never was."""
    with lock_output(out):
        run = find_run(out, name)
        if run.state != "published":
            fix = "`onecohort publish` lets a held run through" if run.state == "held" else ""
            raise StudyError(Mistake(run.run_id, f"is {run.state}; it was never published", fix))
        if run.current:
            raise StudyError(Mistake(run.run_id, "is the published run already"))
        return _decide(out, run, "restored", because)


def _decide(out: Path, run: PastRun, action: Action, because: str) -> Decision:
    if not because.strip():
        raise StudyError(Mistake("--because", "is empty", "say why; it goes on record"))
    current = next((each.run_id for each in list_runs(out) if each.current), None)
    at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    decision = Decision(run.run_id, action, because.strip(), getpass.getuser(), at, current)
    manifest = read_manifest(run.folder)
    earlier = manifest.get("decisions", [])
    assert isinstance(earlier, list)
    manifest["decisions"] = [*earlier, asdict(decision)]
    manifest["state"] = "published"
    # First the record, then the deed: a decision that a crash undid is on record, not the other way.
    _record(out, decision)
    write_manifest(run.folder, manifest)
    publish(out, run.folder)
    return decision


def _record(out: Path, decision: Decision) -> None:
    with (out / RUNS / RECORD).open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(decision), ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
