"""What Prefect adds to the same work: `onecohort build`, the flow with its own server, with a standing one.

    python -m benchmarks.prefect_overhead [REPEATS]

Each run is a process of its own and redoes every center of the sample. CPU is that of the process and all
that it started, a standing server's not included.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flows.local_server import QUIET, free_port

ROOT = Path(__file__).parents[1]
FLOW = ("flows/build_cohort.py", "--fresh")
DESK = ("-c", "from onecohort.cli import main; main()", "build", "--fresh")


@dataclass(frozen=True)
class Cost:
    """Seconds of one run."""

    wall: float
    cpu: float


def measure(command: Sequence[str], out: Path, environment: Mapping[str, str]) -> Cost:
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, *command, "--out", str(out)],
        cwd=ROOT,
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1):
        raise SystemExit(done.stdout + done.stderr)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Cost(wall, cpu)


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT")}
    environment = {**clean, **QUIET, "PYTHONPATH": str(ROOT)}
    found: dict[str, list[Cost]] = {}
    with tempfile.TemporaryDirectory() as folder:
        out, home = Path(folder) / "out", Path(folder) / "home"
        own = {**environment, "PREFECT_HOME": str(home)}
        found["flow, own server, first start on a machine"] = [measure(FLOW, out, own)]
        with_server = {**own, "PREFECT_API_URL": ""}
        server = start_server(with_server)
        for _ in range(repeats):  # in turn, so that a busy machine is busy for all of them
            found.setdefault("onecohort build", []).append(measure(DESK, out, environment))
            found.setdefault("flow, own server", []).append(measure(FLOW, out, own))
            found.setdefault("flow, standing server", []).append(measure(FLOW, out, with_server))
        server.terminate()
        server.wait()
    desk = best(found["onecohort build"])
    print("| | wall s | CPU s | Prefect adds, wall s | CPU s |")
    print("|---|---|---|---|---|")
    for name, costs in found.items():
        cost = best(costs)
        print(
            f"| {name} | {cost.wall:.1f} | {cost.cpu:.1f} "
            f"| {cost.wall - desk.wall:+.1f} | {cost.cpu - desk.cpu:+.1f} |"
        )
    walls = ", ".join(f"{cost.wall:.1f}" for cost in found["onecohort build"])
    spread = statistics.pstdev(cost.wall for cost in found["onecohort build"])
    print(f"\nBest of {repeats}; onecohort build took {walls} s (spread {spread:.1f} s).")


def best(costs: Sequence[Cost]) -> Cost:
    return min(costs, key=lambda cost: cost.wall)


def start_server(environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    """A standing server; its address is put into the environment."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "prefect", "server", "start", "--port", str(port)],
        cwd=ROOT,
        env={k: v for k, v in environment.items() if k != "PREFECT_API_URL"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    environment["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
    for _ in range(600):
        try:
            with urllib.request.urlopen(environment["PREFECT_API_URL"] + "/health", timeout=5):
                return server
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise SystemExit("the server did not start")


if __name__ == "__main__":
    main()
