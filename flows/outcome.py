"""How a run begins and ends in Prefect's words: Completed, Unchanged, Held, CompletedWithFailures, Busy."""

import logging
import os
from collections.abc import Mapping, Sequence
from uuid import UUID

from prefect import get_client
from prefect.blocks.system import Secret
from prefect.client.schemas.objects import State, StateType
from prefect.exceptions import ObjectNotFound
from prefect.runtime import flow_run
from prefect.states import Cancelled, Completed, Crashed

from onecohort.center_summary import CenterSummary
from onecohort.history import PastRun
from onecohort.lock import Busy
from onecohort.manifest import Json
from onecohort.pseudonym import KEY_VARIABLE
from onecohort.run import Built

log = logging.getLogger("onecohort.flow")

KEY_BLOCK = "onecohort-key"
HELD, UNCHANGED, WITH_FAILURES, BUSY = "Held", "Unchanged", "CompletedWithFailures", "Busy"


def end(built: Built) -> State[str]:
    """The last state of a run that has built something; its data is the run's folder."""
    run, folder = built.folder.name, str(built.folder)
    failed = name_failed(built.centers)
    if not built.published:
        reasons = "; ".join(why_held(built.manifest))
        message = f"{run} is held and the old cohort stays: {reasons}"
        return State(type=StateType.FAILED, name=HELD, message=message, data=folder)
    if failed:
        message = f"{run} is published without {', '.join(failed)}"
        return Completed(name=WITH_FAILURES, message=message, data=folder)
    return Completed(message=f"{run} is published", data=folder)


def end_unchanged(same: PastRun, summaries: Sequence[CenterSummary]) -> State[str]:
    """The last state of a run that found nothing new: nothing is published, what waits still waits."""
    folder, failed = str(same.folder), name_failed(summaries)
    told = f"nothing has changed since {same.run_id}"
    if same.state == "held":
        reasons = "; ".join(why_held(same.manifest))
        message = f"{told}, which is still held: {reasons}"
        return State(type=StateType.FAILED, name=HELD, message=message, data=folder)
    if failed:
        message = f"{told}, and {', '.join(failed)} failed again"
        return Completed(name=WITH_FAILURES, message=message, data=folder)
    return Completed(name=UNCHANGED, message=f"{told}; nothing is published", data=folder)


def leave(busy: Busy) -> State[str]:
    """The last state of a run that waited for another one, and then left."""
    return Cancelled(name=BUSY, message=str(busy))


def why_held(manifest: Json) -> list[str]:
    """A line for each gate that does not hold."""
    gates = manifest.get("gates", [])
    assert isinstance(gates, list)
    lines = []
    for gate in gates:
        if not gate["holds"]:
            detail = f" ({gate['detail']})" if gate["detail"] else ""
            lines.append(f"{gate['title']}: {gate['value']:g}, limit {gate['limit']:g}{detail}")
    return lines


def name_run() -> dict[str, str]:
    """What the lock says of this run."""
    return {"flow_run": str(flow_run.id), "name": str(flow_run.name)} if flow_run.id else {}


def report_dead_run(died: Mapping[str, str]) -> None:
    """Tell Prefect of a run that held the lock and was killed; nobody else may have noticed."""
    dead = died.get("flow_run")
    if not dead:
        return
    log.info("the run %s died before it was done; this one picks its work up", died.get("name"))
    with get_client(sync_client=True) as client:
        try:
            state = client.read_flow_run(UUID(dead)).state
            if state is not None and not state.is_final():
                message = f"its process died; {flow_run.name} picked its work up"
                client.set_flow_run_state(dead, Crashed(message=message), force=True)
        except ObjectNotFound:  # of another Prefect server, as when a script ran in between
            return


def take_secret_key() -> None:
    """The pseudonym key from Prefect's Secret block, where the environment has none."""
    if os.environ.get(KEY_VARIABLE):
        return
    try:
        block = Secret.load(KEY_BLOCK)
    except ValueError:  # there is no such block: the engine says what it does without a key
        return
    os.environ[KEY_VARIABLE] = str(block.get())  # type: ignore[union-attr]


def name_failed(summaries: Sequence[CenterSummary]) -> list[str]:
    """The centers that gave no result."""
    return [summary.center for summary in summaries if summary.state == "failed"]
