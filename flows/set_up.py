"""What a fresh Prefect server needs once: the work pool and the notifications.

There is no automation that waits for the heartbeats of runs that died: it writes into Prefect's database at
each event, which SQLite answers with locks of a minute. The next run finds out and tells.

It may be run again at any time, as after a change of the address; nothing is made twice.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

sys.path.insert(0, str(Path(__file__).parents[1]))  # a script has only its own folder there

from prefect import get_client
from prefect.blocks.notifications import CustomWebhookNotificationBlock, SlackWebhook
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.events.actions import SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification
from prefect.exceptions import ObjectNotFound
from prefect.workers.process import ProcessWorker
from pydantic import SecretStr

from flows.outcome import HELD, WITH_FAILURES

POOL = "onecohort"
# One run that works and one that waits for it, so that a run that died does not block the next one.
POOL_LIMIT = 2
FLOWS = ["build-cohort", "check-deliveries"]
FIRST_START_SECONDS = 180.0  # for the database is made then
# Late: its time has come and nobody has begun it, as when the worker is down.
TOLD = ["Failed", "Crashed", "TimedOut", "Late", HELD, WITH_FAILURES]

SUBJECT = "{{ flow.name }}: {{ flow_run.state.name }}"
BODY = """\
{{ flow_run.state.message }}

Run {{ flow_run.name }}: {{ flow_run|ui_url }}
What to do when it is red stands in docs/operate.md.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Make or bring up to date all that the deployments rely on."""
    given = _parse(arguments)
    if not os.environ.get("PREFECT_API_URL"):
        print("set PREFECT_API_URL to a standing server; `prefect server start` starts one")
        return 2
    with get_client(sync_client=True) as client:
        if not is_up(client, FIRST_START_SECONDS):
            print(f"no Prefect server answers at {client.api_url}; its log says why")
            return 3
        make_work_pool(client)
        blocks = {}
        if given.webhook:
            blocks["webhook"] = save_webhook(given.webhook)
        if given.mail:
            blocks["mail"] = save_mail(given.mail)
        for name, block in blocks.items():
            make_automation(client, tell_by(name, block))
    print(f"work pool {POOL}, notifications: {', '.join(blocks) or 'none'}")
    return 0


def is_up(client: SyncPrefectClient, seconds: float) -> bool:
    """Wait for a server that was started just now; whether it answers within so many seconds."""
    until = time.monotonic() + seconds
    while client.api_healthcheck() is not None:
        if time.monotonic() >= until:
            return False
        time.sleep(0.5)
    return True


def make_work_pool(client: SyncPrefectClient) -> None:
    """The process work pool, with its limit of runs at a time."""
    try:
        client.read_work_pool(POOL)
    except ObjectNotFound:
        client.create_work_pool(
            WorkPoolCreate(
                name=POOL,
                type="process",
                base_job_template=ProcessWorker.get_default_base_job_template(),
                concurrency_limit=POOL_LIMIT,
            )
        )
    else:
        client.update_work_pool(POOL, WorkPoolUpdate(concurrency_limit=POOL_LIMIT))


def save_webhook(url: str) -> UUID:
    """A block that posts `{"title": …, "text": …}` to an address."""
    block = CustomWebhookNotificationBlock(
        name="onecohort",
        url=url,
        json_data={"title": "{{subject}}", "text": "{{body}}"},
        headers=None,
        cookies=None,
    )
    return _saved(block.save("onecohort-webhook", overwrite=True, _sync=True))  # type: ignore[call-arg]


def save_mail(address: str) -> UUID:
    """A block that sends e-mail.

    Prefect has none for a plain SMTP server that its server could load, but its Slack block takes any
    address of the Apprise library, `mailtos://` among them.
    """
    block = SlackWebhook(url=SecretStr(address))
    return _saved(block.save("onecohort-mail", overwrite=True, _sync=True))  # type: ignore[call-arg]


def tell_by(name: str, block: UUID) -> AutomationCore:
    """Notification of each state that asks for a person."""
    return AutomationCore(
        name=f"onecohort: tell by {name}",
        description="Held, failed, crashed, late, or published without a center",
        trigger=EventTrigger(
            expect={f"prefect.flow-run.{state}" for state in TOLD},
            match=ResourceSpecification({"prefect.resource.id": "prefect.flow-run.*"}),
            match_related=ResourceSpecification(
                {"prefect.resource.role": "flow", "prefect.resource.name": FLOWS}
            ),
            posture=Posture.Reactive,
            threshold=1,
        ),
        actions=[SendNotification(block_document_id=block, subject=SUBJECT, body=BODY)],
    )


def make_automation(client: SyncPrefectClient, automation: AutomationCore) -> None:
    """Create an automation, or bring the one of that name up to date."""
    found = client.read_automations_by_name(automation.name)
    if found:
        client.update_automation(found[0].id, automation)
    else:
        client.create_automation(automation)


def _saved(document: object) -> UUID:
    assert isinstance(document, UUID)
    return document


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="flows/set_up.py", description=__doc__)
    parser.add_argument("--webhook", help="address that gets a JSON message on Held and Failed")
    parser.add_argument(
        "--mail",
        help="mailtos://user:password@smtp.example.org:587/?from=…&to=…, as Apprise writes it",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
