"""The lock of an output folder: one at a time, and a crash of its holder locks nobody out."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from onecohort.lock import LOCK, Busy, lock_output

ROOT = Path(__file__).parents[1]
HOLD = """
import sys, time
from pathlib import Path
from onecohort.lock import lock_output
with lock_output(Path(sys.argv[1]), note={"flow_run": "123"}):
    print("held", flush=True)
    time.sleep(60)
"""


def hold_elsewhere(out: Path) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(out)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()


def test_a_second_holder_is_told_who_has_the_lock(tmp_path: Path) -> None:
    process = hold_elsewhere(tmp_path)
    with pytest.raises(Busy) as caught, lock_output(tmp_path):
        raise AssertionError("two hold the lock")
    end(process)
    assert caught.value.holder["flow_run"] == "123"
    assert caught.value.holder["process"] == str(process.pid)
    assert "another run is writing here" in str(caught.value)
    assert "wait until it has ended" in str(caught.value)


def test_two_of_one_process_exclude_each_other_too(tmp_path: Path) -> None:
    with lock_output(tmp_path), pytest.raises(Busy), lock_output(tmp_path):
        raise AssertionError("two hold the lock")


def test_who_waits_gets_the_lock_when_it_is_free(tmp_path: Path) -> None:
    order = []

    def wait() -> None:
        with lock_output(tmp_path, wait_seconds=30):
            order.append("second")

    with lock_output(tmp_path):
        waiting = threading.Thread(target=wait)
        waiting.start()
        time.sleep(0.7)
        order.append("first")
    waiting.join()
    assert order == ["first", "second"]


def test_a_killed_holder_locks_nobody_out_and_is_named(tmp_path: Path) -> None:
    process = hold_elsewhere(tmp_path)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with lock_output(tmp_path) as held:
        assert held.died["flow_run"] == "123"


def test_an_orderly_end_leaves_no_note(tmp_path: Path) -> None:
    with lock_output(tmp_path, note={"flow_run": "1"}) as held:
        assert held.died == {}
        assert json.loads((tmp_path / LOCK).read_text())["flow_run"] == "1"
    with lock_output(tmp_path) as held:
        assert held.died == {}


def test_an_error_inside_lets_go_of_the_lock(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), lock_output(tmp_path):
        raise ZeroDivisionError
    with lock_output(tmp_path) as held:
        assert held.died == {}


def test_a_note_cut_short_by_a_crash_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / LOCK).parent.mkdir()
    (tmp_path / LOCK).write_text('{"flow_run": "12')
    with lock_output(tmp_path) as held:
        assert held.died == {}
