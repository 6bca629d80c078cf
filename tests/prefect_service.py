"""A real Prefect server on loopback, a real worker, and a copy of the study, for tests of the flows."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).parents[1]
FINAL = ("COMPLETED", "FAILED", "CANCELLED", "CRASHED")
Json = dict[str, Any]
T = TypeVar("T")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def descendants(parent: int) -> list[int]:
    """The processes that a process has started, and those that they have."""
    listed = subprocess.run(
        ["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True
    ).stdout.split()
    parents = dict(zip(map(int, listed[::2]), map(int, listed[1::2]), strict=True))
    found = [parent]
    for one in found:  # it grows while it is walked through
        found += [pid for pid, above in parents.items() if above == one]
    return found[1:]


def wait_for(found: Callable[[], T | None], what: str, seconds: float = 120) -> T:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        got = found()
        if got is not None:
            return got
        time.sleep(0.25)
    raise AssertionError(f"no {what} within {seconds:g} s")


def copy_study(folder: Path) -> Path:
    """The study with its flows, and the sample laid out as deliveries of one day."""
    for name in ("schemas", "center_mappings", "flows"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("prefect.yaml", "prefect.toml"):
        shutil.copy(ROOT / name, folder / name)
    for center in sorted(path.stem for path in (folder / "center_mappings").glob("*.yaml")):
        day = folder / "deliveries" / center / "2021-06-20"
        shutil.copytree(ROOT / "sample_exports" / center, day)
        (day / ".complete").touch()
    return folder


@dataclass
class Service:
    """A server and what is done with it, each in a process of its own."""

    home: Path
    study: Path
    port: int = field(default_factory=free_port)
    more: Mapping[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    @property
    def out(self) -> Path:
        return self.home / "out"

    @property
    def environment(self) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT", "ONECOHORT"))}
        return {
            **clean,
            "HOME": str(self.home),
            "PYTHONPATH": str(ROOT),
            "DO_NOT_TRACK": "1",
            "PREFECT_HOME": str(self.home / "prefect"),
            "PREFECT_API_URL": self.url,
            "PREFECT_UI_API_URL": self.url,
            "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "2",
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            **self.more,
        }

    # --- processes ---------------------------------------------------------------------------------

    def start(self, name: str, *command: str) -> None:
        log = (self.home / f"{name}.log").open("ab")
        with log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *command],
                cwd=self.study,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def start_server(self) -> None:
        options = ("--host", "127.0.0.1", "--port", str(self.port))
        self.start("server", "-m", "prefect", "server", "start", *options)
        wait_for(self._healthy, f"server: {self.home / 'server.log'}", 180)

    def start_worker(self) -> None:
        self.start("worker", "-m", "prefect", "worker", "start", "--pool", "onecohort")

    def kill(self, name: str, how: signal.Signals = signal.SIGTERM) -> None:
        """End a process; what it had started and leaves behind is killed."""
        process = self.processes.pop(name)
        children = descendants(process.pid)
        if process.poll() is None:
            process.send_signal(how)
        process.wait(timeout=60)
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    def stop(self) -> None:
        for name in ("worker", "serve", "server"):
            if name in self.processes:
                self.kill(name, signal.SIGKILL)

    def run(self, *command: str, code: int | None = 0) -> str:
        """Run Python with arguments in the study; returns what it printed."""
        done = subprocess.run(
            [sys.executable, *command],
            cwd=self.study,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert code is None or done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def onecohort(self, *arguments: str) -> str:
        """Type a command; returns what it printed."""
        return self.run("-c", "from onecohort.cli import main; main()", *arguments)

    def deploy(self, *options: str) -> None:
        self.run("flows/set_up.py", *options)
        self.run("-m", "prefect", "--no-prompt", "deploy", "--all")

    # --- the server's answers ----------------------------------------------------------------------

    def ask(self, path: str, body: Mapping[str, object] | None = None) -> Any:
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(
            self.url + path, data=data, headers={"Content-Type": "application/json"}
        )
        for _ in range(20):
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                error.close()
                if error.code != 503:
                    raise
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                if body is not None and path.endswith("create_flow_run"):
                    raise
            time.sleep(0.5)  # the server is busy or just starts; Prefect's own client waits too
        raise AssertionError(f"{path}: no answer")

    def _healthy(self) -> bool | None:
        try:
            with urllib.request.urlopen(self.url + "/health", timeout=5) as answer:
                return True if json.load(answer) else None
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return None

    def deployment(self, name: str) -> Json:
        found: list[Json] = self.ask("/deployments/filter", {})
        return next(each for each in found if each["name"] == name)

    def trigger(self, deployment: str = "nightly", **parameters: object) -> str:
        """Start a deployment; returns the flow run's id."""
        given: Json = {
            "out": str(self.out), "deliveries": str(self.study / "deliveries"),
            "patience_seconds": [1, 1],
        } | ({"figures": ["svg"]} if deployment.startswith("nightly") else {}) | parameters  # fmt: skip
        path = f"/deployments/{self.deployment(deployment)['id']}/create_flow_run"
        run: Json = self.ask(path, {"parameters": given, "state": {"type": "SCHEDULED"}})
        return str(run["id"])

    def trigger_check(self) -> str:
        """Start the delivery check; returns the flow run's id."""
        return self.trigger("arrivals")

    def call_flow(self, patch: str, **parameters: object) -> str:
        """Call the flow in a process of its own, after some lines that break it; what it printed."""
        given = {
            "out": str(self.out), "deliveries": str(self.study / "deliveries"),
            "patience_seconds": [], "fresh": True, "figures": ["svg"], **parameters,
        }  # fmt: skip
        call = f"state = b.build_cohort(return_state=True, **{given!r})"
        tell = "print('state:', state.name, '|', state.message)"
        return self.run("-c", "\n".join(["import flows.build_cohort as b", patch, call, tell]))

    def flow_run(self, run: str) -> Json:
        answer: Json = self.ask(f"/flow_runs/{run}")
        return answer

    def ended(self, run: str, seconds: float = 120) -> Json:
        """The last state of a flow run."""

        def state() -> Json | None:
            found: Json = self.flow_run(run)["state"]
            return found if found["type"] in FINAL else None

        return wait_for(state, f"end of {run}", seconds)

    def build(self, **parameters: Any) -> tuple[str, Json]:
        """Run the nightly deployment to its end; returns the flow run and its last state."""
        run = self.trigger(**parameters)
        return run, self.ended(run)

    def task_states(self, run: str, at_least: int = 9) -> dict[str, str]:
        """Task -> name of its state, once all are recorded; the server learns of them by events."""

        def states() -> dict[str, str] | None:
            body = {"flow_runs": {"id": {"any_": [run]}}}
            found = {t["name"]: t["state"]["name"] for t in self.ask("/task_runs/filter", body)}
            open_ones = {"Running", "Pending"} & set(found.values())
            return found if len(found) >= at_least and not open_ones else None

        return wait_for(states, f"task runs of {run}", 30)

    def artifacts(self, run: str) -> dict[str, Any]:
        body = {"flow_runs": {"id": {"any_": [run]}}}
        return {item["key"]: item["data"] for item in self.ask("/artifacts/filter", body)}

    def runs(self) -> list[str]:
        """Names of the complete runs, the oldest first."""
        return sorted(path.parent.name for path in self.out.glob("runs/2*/manifest.json"))


@contextmanager
def serving(home: Path, more: Mapping[str, str] | None = None) -> Iterator[Service]:
    """A server on a fresh home, stopped at the end."""
    study = home / "study"
    study.mkdir(parents=True)
    service = Service(home, copy_study(study), more=more or {})
    try:
        service.start_server()
        yield service
    finally:
        service.stop()
