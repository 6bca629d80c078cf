"""What goes wrong in the night, injected one by one: nothing is lost, and each ends in the right state."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from prefect_service import Service, free_port, serving, wait_for

from onecohort.lock import LOCK, lock_output

pytestmark = [pytest.mark.loopback, pytest.mark.slow]

CENTERS = [
    "adige", "brenta", "dora", "garigliano", "piave", "tagliamento", "tevere", "ticino", "volturno",
]  # fmt: skip
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT MAX(i) FROM n"


@dataclass
class Told:
    """What arrived at the two receivers."""

    mails: list[Message] = field(default_factory=list)
    posts: list[dict[str, str]] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.mails.append(message_from_bytes(envelope.content))
        return "250 OK"

    def wait_for(self, state: str) -> dict[str, str]:
        """The message on a state, once it has come both ways."""
        subject = f"build-cohort: {state}"

        def come() -> dict[str, str] | None:
            mailed = [mail for mail in self.mails if mail["subject"] == subject]
            posted = [post for post in self.posts if post["title"] == subject]
            return posted[-1] if mailed and posted else None

        return wait_for(come, f"notification of {state}", 60)


@pytest.fixture(scope="module")
def told() -> Iterator[Told]:
    """An SMTP server and a webhook on loopback; their addresses are in the environment."""
    told = Told()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.posts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            return

    mail = Controller(told, hostname="127.0.0.1", port=free_port())
    hook = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    mail.start()
    thread = threading.Thread(target=hook.serve_forever)
    thread.start()
    told.addresses = {  # type: ignore[attr-defined]
        "--mail": f"mailto://127.0.0.1:{mail.port}/?from=night@example.org&to=ops@example.org"
        "&mode=insecure",
        "--webhook": f"http://127.0.0.1:{hook.server_port}/hook",
    }
    yield told
    mail.stop()
    hook.shutdown()
    thread.join()
    hook.server_close()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, told: Told) -> Iterator[Service]:
    """A server that has published all nine centers."""
    with serving(tmp_path_factory.mktemp("faults")) as service:
        addresses = [text for pair in told.addresses.items() for text in pair]  # type: ignore[attr-defined]
        service.deploy(*addresses)
        service.start_worker()
        assert service.build()[1]["name"] == "Completed"
        yield service


class Broken:
    """A file of the study that says something else for a while."""

    def __init__(self, path: Path, old: str, new: str) -> None:
        self.path, self.text = path, path.read_text(encoding="utf-8")
        assert old in self.text
        self.new = self.text.replace(old, new, 1)

    def __enter__(self) -> None:
        self.path.write_text(self.new, encoding="utf-8")

    def __exit__(self, *_: object) -> None:
        self.path.write_text(self.text, encoding="utf-8")


def broken_mapping(service: Service) -> Broken:
    """An editor has saved half a line."""
    return Broken(service.study / "center_mappings" / "brenta.yaml", "tables:", "tables: [")


def hanging_center(service: Service) -> Broken:
    path = service.study / "center_mappings" / "volturno.yaml"
    return Broken(path, "SELECT * FROM esami ORDER BY rowid", ENDLESS)


def patients(service: Service) -> int:
    return len(pq.read_table(service.out / "cohort" / "cohort.parquet"))


def manifest(service: Service) -> dict[str, dict[str, dict[str, object]]]:
    found: dict[str, dict[str, dict[str, object]]] = json.loads(
        (service.out / "cohort" / "manifest.json").read_text()
    )
    return found


def test_two_centers_lost_at_once_hold_the_run_until_a_person_decides(
    service: Service, told: Told
) -> None:
    before = service.runs()
    workbook = next((service.study / "deliveries" / "tevere" / "2021-06-20").glob("*.xlsx"))
    newer = service.study / "deliveries" / "tevere" / "2021-06-21"
    newer.mkdir()
    (newer / workbook.name).write_bytes(workbook.read_bytes()[:3000])  # truncated on its way
    (newer / ".complete").touch()
    with broken_mapping(service):
        run, state = service.build()
        held = service.runs()[-1]
        assert (state["type"], state["name"]) == ("FAILED", "Held")
        assert "2, limit 1 (brenta, tevere)" in state["message"]
        assert patients(service) == 100
        assert (service.out / "cohort").resolve().name == before[-1]
        page = service.artifacts(run)["summary"]
        assert "# Held: " in page
        assert f"onecohort publish {held}" in page
        assert "brenta, tevere" in told.wait_for("Held")["text"]

        state = service.build()[1]
        assert state["name"] == "Held"
        assert state["message"].startswith(f"nothing has changed since {held}, which is still held")
        assert service.runs() == [*before, held]

        why = "both were announced"
        service.onecohort("publish", held, "--out", str(service.out), "--because", why)
        assert (service.out / "cohort").resolve().name == held
        record = (service.out / "runs" / "decisions.jsonl").read_text()
        assert json.loads(record)["because"] == why
    (newer / workbook.name).write_bytes(workbook.read_bytes())


def test_a_broken_mapping_costs_its_center_and_is_not_tried_again(
    service: Service, told: Told
) -> None:
    with broken_mapping(service):
        run, state = service.build()
    assert state["type"] == "COMPLETED"
    assert state["name"] == "CompletedWithFailures"
    assert state["message"].endswith("is published without brenta")
    assert service.task_states(run, at_least=14)["brenta"] == "Failed"
    assert "Retries" not in (service.home / "worker.log").read_text()
    center = manifest(service)["centers"]["brenta"]
    assert center["cause"] == "mapping"
    assert "center_mappings/brenta.yaml:" in str(center["error"])
    assert patients(service) == 87
    assert "is published without brenta" in told.wait_for("CompletedWithFailures")["text"]


def test_a_share_that_is_away_for_a_moment_is_waited_for(service: Service) -> None:
    share = service.study / "deliveries"
    share.rename(service.study / "away")
    run = service.trigger(patience_seconds=[2] * 30)

    def waiting() -> bool | None:
        found = service.ask("/task_runs/filter", {"flow_runs": {"id": {"any_": [run]}}})
        return True if any(t["state"]["name"] == "AwaitingRetry" for t in found) else None

    wait_for(waiting, "try that found no share", 60)
    (service.study / "away").rename(share)
    assert service.ended(run)["name"] == "Completed"
    assert patients(service) == 100


def test_a_full_disk_at_publishing_leaves_the_old_cohort(service: Service, told: Told) -> None:
    before, link = service.runs(), (service.out / "cohort").readlink()
    shown = service.call_flow(
        "import errno\n"
        "def full(*args): raise OSError(errno.ENOSPC, 'No space left on device')\n"
        "b.finish_run = full"
    )
    assert "state: Failed" in shown
    assert "publish: OSError (No space left on device) at <string>:3" in shown
    assert (service.runs(), (service.out / "cohort").readlink()) == (before, link)
    assert not list(service.out.glob("runs/.draft*"))
    assert "No space left on device" in told.wait_for("Failed")["text"]


def test_a_clock_set_back_does_not_confuse_the_order_of_runs(service: Service) -> None:
    shown = service.call_flow(
        "import datetime, onecohort.run as r\n"
        "class Back(datetime.datetime):\n"
        "    @classmethod\n"
        "    def now(cls, tz=None): return cls(2001, 1, 1, 3, 4, 5, 678, tzinfo=tz)\n"
        "r.datetime = Back"
    )
    assert "state: Completed" in shown
    assert (service.out / "cohort").resolve().name == "20010101T030405-000678"
    assert "state: Completed" in service.call_flow("")
    assert (service.out / "cohort").resolve().name == service.runs()[-1]
    listed = service.onecohort("runs", "--out", str(service.out)).splitlines()
    assert listed[1].startswith("→")
    assert "20010101T030405" in listed[2]


def test_two_runs_at_once_go_one_after_the_other(service: Service) -> None:
    with hanging_center(service):
        runs = [service.trigger(center_minutes=0.1), service.trigger(center_minutes=0.1)]
        states = [service.ended(run) for run in runs]
    assert [state["name"] for state in states] == ["CompletedWithFailures"] * 2
    assert sum("nothing has changed since" in state["message"] for state in states) == 1
    assert manifest(service)["centers"]["volturno"]["cause"] == "timeout"
    assert "took longer than 6 s and was stopped" in str(manifest(service)["centers"]["volturno"])
    assert patients(service) == 90


def test_a_run_that_need_not_wait_leaves(service: Service) -> None:
    with lock_output(service.out, note={"name": "the test"}):
        state = service.build(wait_minutes=0.01)[1]
    assert (state["type"], state["name"]) == ("CANCELLED", "Busy")
    assert "another run is writing here" in state["message"]
    assert "the test" in state["message"]


def test_a_server_that_restarts_midway_learns_how_the_run_ended(service: Service) -> None:
    with hanging_center(service):
        run = service.trigger(center_minutes=0.5, fresh=True)
        wait_for(lambda: holder(service) == run or None, "run that holds the lock", 60)
        service.kill("server", signal.SIGKILL)
        time.sleep(3)
        service.start_server()
        state = service.ended(run)
    assert state["name"] == "CompletedWithFailures"
    assert patients(service) == 90


def test_a_killed_worker_costs_nothing_that_was_done(service: Service, told: Told) -> None:
    delivery = service.study / "deliveries" / "adige"
    newer = delivery / "2021-06-28"
    newer.mkdir()
    for path in (delivery / "2021-06-20").iterdir():
        (newer / path.name).write_bytes(path.read_bytes())
    with next(newer.glob("*DATA_2*.csv")).open("ab") as file:
        file.write(b"\r\n")
    link = (service.out / "cohort").readlink()
    with hanging_center(service):
        killed = service.trigger(center_minutes=10)
        done = service.out / "runs" / ".centers" / "adige"
        count = len(list(done.iterdir()))
        wait_for(lambda: len(list(done.glob("[!.]*"))) > count or None, "adige's result", 60)
        flow = json.loads((service.out / LOCK).read_text())
        assert flow["flow_run"] == killed
        service.kill("worker", signal.SIGKILL)
        wait_for(lambda: not alive(int(flow["process"])) or None, "end of the run's process", 10)
    assert (service.out / "cohort").readlink() == link
    assert patients(service) == 90
    run = service.trigger()
    told.wait_for("Late")  # nobody is there to begin it
    service.start_worker()
    assert service.ended(run)["name"] == "Completed"
    dead = service.flow_run(killed)
    assert dead["state"]["type"] == "CRASHED"
    assert dead["state"]["message"].endswith(f"{service.flow_run(run)['name']} picked its work up")
    told.wait_for("Crashed")
    # The kill may have come between the center's result and Prefect's note of it.
    states = service.task_states(run, at_least=14)
    assert {center for center in CENTERS if states[center] != "Cached"} <= {"adige"}
    told_of = manifest(service)["centers"]["adige"]
    assert told_of["state"] == "cached"
    assert patients(service) == 100
    wait_for(lambda: not endless_processes() or None, "end of the orphaned reader", 20)


def holder(service: Service) -> str | None:
    try:
        note = json.loads((service.out / LOCK).read_text() or "{}")
    except ValueError:
        return None
    found: str | None = note.get("flow_run")
    return found


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def endless_processes() -> list[str]:
    """Center processes whose parent is gone."""
    if sys.platform != "linux":
        return []
    listed = subprocess.run(
        ["ps", "-eo", "ppid,args"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [line for line in listed if line.split()[0] == "1" and "center_process" in line]
