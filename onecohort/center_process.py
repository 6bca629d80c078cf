"""The center step in processes of their own: what hangs is stopped, what crashes costs one center.

A reader that waits for ever on a share, a database query without an end, a crash in native code or a
kill for lack of memory cannot be caught inside a process. A few processes serve all centers of a run, one
center after the other, so that the libraries are loaded once per process and not once per center.
"""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import IO

from onecohort.center import run_center
from onecohort.center_summary import CenterSummary, summary_from_json
from onecohort.pseudonym import Origin, PseudonymKey
from onecohort.study import Study, load_study


class CenterProcesses:
    """Processes that harmonize centers; safe to use from several threads.

    size       how many centers at once
    timeout    seconds that one center may take
    log        file that gets what the processes log, tracebacks included; it may hold texts of cells
    """

    def __init__(
        self,
        study: Study,
        store: Path,
        key: PseudonymKey,
        *,
        size: int,
        timeout: float,
        log: Path,
        fresh: bool = False,
    ) -> None:
        self.study = study
        self.store = store
        self.key = key
        self.timeout = timeout
        self.fresh = fresh
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log: IO[bytes] = log.open("ab")
        self._idle: queue.Queue[subprocess.Popen[bytes] | None] = queue.Queue()
        self._started: list[subprocess.Popen[bytes]] = []
        self._closed = False
        for _ in range(size):
            self._idle.put(None)

    def run(self, center: str) -> CenterSummary:
        """Harmonize one center; a hang or a crash comes back as a failed center, never as an exception."""
        process = self._idle.get()
        try:
            if self._closed:
                return self._failed(center, "crash", "the run was stopped before it was read", "")
            if process is None or process.poll() is not None:
                process = self._start()
            answer, stopped = self._ask(process, center)
            if answer:
                return summary_from_json(json.loads(answer))
            process.kill()
            code = process.wait()
            _forget(process)
            process = None
        finally:
            self._idle.put(process)
        return self._lost(center, code, stopped)

    def close(self) -> None:
        """End the processes; one that is still at work, as when a run is stopped, is killed."""
        self._closed = True
        while not self._idle.empty():
            process = self._idle.get()
            if process is not None:
                assert process.stdin is not None
                process.stdin.close()
                try:
                    process.wait(timeout=10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                _forget(process)
        for process in self._started:
            process.kill()
        self._idle.put(
            None
        )  # for a thread that waits for its turn, and now learns that there is none
        self._log.close()

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "onecohort.center_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=_environment(),
            start_new_session=True,  # Ctrl-C is for the run, which ends these itself
        )
        self._started.append(process)
        order = {
            "root": str(self.study.root),
            "exports": str(self.study.exports),
            "as_of": self.study.as_of.isoformat(),
            "store": str(self.store),
            "key": self.key.secret.hex(),
            "origin": self.key.origin,
        }
        _send(process, order)
        return process

    def _ask(self, process: subprocess.Popen[bytes], center: str) -> tuple[bytes, bool]:
        """The answer, b"" where the process died over it; and whether it was stopped for its time."""
        assert process.stdout is not None
        timer = threading.Timer(self.timeout, process.kill)
        timer.start()
        try:
            _send(process, {"center": center, "fresh": self.fresh})
            answer = process.stdout.readline()
        except OSError:
            answer = b""
        stopped = not timer.is_alive()
        timer.cancel()
        return answer, stopped

    def _lost(self, center: str, code: int, stopped: bool) -> CenterSummary:
        if stopped:
            cause = "timeout"
            what = f"took longer than {self.timeout:g} s and was stopped"
            fix = "look whether its share or database answers; a large delivery may need a longer limit"
        else:
            cause = "crash"
            what = f"the process that read it died (exit code {code})"
            fix = "look for a lack of memory or a damaged file; the run's log may say more"
        return self._failed(center, cause, what, fix)

    def _failed(self, center: str, cause: str, what: str, fix: str) -> CenterSummary:
        told = {"where": center, "what": what, "fix": fix}
        return CenterSummary(center, center, "failed", "", cause=cause, error=(told,))


@contextmanager
def center_processes(
    study: Study,
    store: Path,
    key: PseudonymKey,
    *,
    size: int,
    timeout: float,
    log: Path,
    fresh: bool = False,
) -> Iterator[CenterProcesses]:
    """`CenterProcesses` that are ended when the block is left."""
    processes = CenterProcesses(study, store, key, size=size, timeout=timeout, log=log, fresh=fresh)
    try:
        yield processes
    finally:
        processes.close()


def serve_centers() -> None:
    """Read an order from standard input, then centers; answer each with its summary, one line each."""
    import logging

    # Answers have the standard output to themselves, whatever a library may print.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    lines = iter(sys.stdin.buffer.readline, b"")
    order: dict[str, str] = json.loads(next(lines))
    study = load_study(
        Path(order["root"]),
        exports=Path(order["exports"]),
        as_of=date.fromisoformat(order["as_of"]),
    )
    origins: dict[str, Origin] = {
        "environment": "environment", "demonstration": "demonstration", "random": "random"
    }  # fmt: skip
    key = PseudonymKey(bytes.fromhex(order["key"]), origins[order["origin"]])
    for line in lines:
        asked = json.loads(line)
        summary = run_center(
            study, asked["center"], Path(order["store"]), key, fresh=asked["fresh"]
        )
        answers.write(json.dumps(asdict(summary)).encode() + b"\n")
        answers.flush()


def _end_with_parent(parent: int) -> None:
    """A process that hangs in a reader does not see that nobody waits for it any more."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _environment() -> dict[str, str]:
    """This process's environment, in which the engine is found where this one was."""
    places = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, places))}


def _send(process: subprocess.Popen[bytes], message: dict[str, object] | dict[str, str]) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(message).encode() + b"\n")
    process.stdin.flush()


def _forget(process: subprocess.Popen[bytes]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            try:
                stream.close()
            except OSError:  # the rest of a message to a process that is gone
                continue


if __name__ == "__main__":
    serve_centers()
