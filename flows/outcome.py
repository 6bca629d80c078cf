"""How a run ends in Prefect's words."""

from prefect.client.schemas.objects import State
from prefect.states import Completed

from onecohort.run import Built


def as_state(built: Built) -> State[str]:
    """The flow run's last state; its data is the run's folder."""
    failed = [summary.center for summary in built.centers if summary.state == "failed"]
    if failed:
        message = f"published without {', '.join(failed)}"
        return Completed(name="CompletedWithFailures", message=message, data=str(built.folder))
    return Completed(message=f"published {built.folder.name}", data=str(built.folder))
