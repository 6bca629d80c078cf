"""Center processes: what hangs is stopped, what crashes costs one center, the next goes on."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from onecohort.center import run_center
from onecohort.center_process import CenterProcesses, center_processes
from onecohort.pseudonym import find_key
from onecohort.study import Study, load_study

ROOT = Path(__file__).parents[1]
KEY = find_key(synthetic=True)
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT MAX(i) FROM n"


@pytest.fixture
def study(tmp_path: Path) -> Study:
    root = tmp_path / "study"
    for name in ("schemas", "center_mappings"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    return load_study(root, exports=ROOT / "sample_exports")


@pytest.fixture
def processes(study: Study, tmp_path: Path) -> Iterator[CenterProcesses]:
    log = tmp_path / "logs" / "run.log"
    with center_processes(study, tmp_path / "store", KEY, size=1, timeout=60, log=log) as found:
        yield found


def test_a_center_comes_out_as_it_does_in_this_process(
    study: Study, processes: CenterProcesses, tmp_path: Path
) -> None:
    there = processes.run("tevere")
    here = run_center(study, "tevere", tmp_path / "other", KEY)
    assert (there.state, there.key, there.patients) == ("done", here.key, here.patients)
    assert (there.tables, there.findings, there.inputs) == (here.tables, here.findings, here.inputs)
    assert processes.run("tevere").state == "cached"


def test_one_process_serves_center_after_center(processes: CenterProcesses) -> None:
    processes.run("tevere")
    first = processes._idle.get()
    processes._idle.put(first)
    processes.run("dora")
    assert processes._idle.get_nowait() is first
    processes._idle.put(first)


def test_what_hangs_is_stopped_and_the_next_center_goes_on(
    study: Study, processes: CenterProcesses
) -> None:
    path = study.root / "center_mappings" / "volturno.yaml"
    path.write_text(path.read_text().replace("SELECT * FROM esami ORDER BY rowid", ENDLESS))
    processes.run("tevere")  # so that the libraries are loaded within another center's time
    processes.timeout = 3
    summary = processes.run("volturno")
    assert (summary.state, summary.cause) == ("failed", "timeout")
    assert summary.error[0]["what"] == "took longer than 3 s and was stopped"
    processes.timeout = 60
    assert processes.run("dora").state == "done"


def test_what_crashes_costs_one_center(processes: CenterProcesses) -> None:
    processes.run("tevere")
    process = processes._idle.get()
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)
    processes._idle.put(process)
    processes.timeout = 60

    def killed(pid: int) -> None:
        os.kill(pid, signal.SIGKILL)

    import threading

    threading.Timer(0.5, killed, [process.pid]).start()
    summary = processes.run("dora")
    assert (summary.state, summary.cause) == ("failed", "crash")
    assert summary.error[0]["what"] == "the process that read it died (exit code -9)"
    assert processes.run("dora").state == "done"


def test_a_mistake_comes_back_as_a_failed_center(study: Study, processes: CenterProcesses) -> None:
    path = study.root / "center_mappings" / "tevere.yaml"
    path.write_text(path.read_text().replace("fields:", "fiels:"))
    summary = processes.run("tevere")
    assert (summary.state, summary.cause) == ("failed", "mapping")
    assert "fiels" in str(summary.error)


def test_processes_end_with_the_block(study: Study, tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    with center_processes(study, tmp_path / "store", KEY, size=1, timeout=60, log=log) as found:
        found.run("tevere")
        process = found._idle.get()
        found._idle.put(process)
    assert isinstance(process, subprocess.Popen)
    assert process.returncode == 0
    assert "tevere: 9 patients" in log.read_text()


@pytest.mark.parametrize(
    ("trouble", "cause"),
    [
        (PermissionError(13, "Permission denied"), "unreachable"),
        (OSError(5, "Input/output error"), "unreachable"),
        (TimeoutError(110, "Connection timed out"), "unreachable"),
    ],
)
def test_a_file_that_cannot_be_read_for_now_is_told_from_a_mistake(
    study: Study,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    trouble: OSError,
    cause: str,
) -> None:
    def fail(path: Path) -> str:
        raise trouble

    monkeypatch.setattr("onecohort.delivery.sha256_file", fail)
    summary = run_center(study, "tevere", tmp_path, KEY)
    assert (summary.state, summary.cause) == ("failed", cause)
    assert str(trouble.strerror) in summary.error[0]["what"]


def test_a_share_that_is_away_is_told_from_a_file_that_is_not_there(tmp_path: Path) -> None:
    away = load_study(ROOT, exports=tmp_path / "away")
    assert run_center(away, "tevere", tmp_path, KEY).cause == "unreachable"
    empty = load_study(ROOT, exports=tmp_path)
    assert run_center(empty, "tevere", tmp_path, KEY).cause == "export"


def test_a_run_that_is_stopped_kills_what_is_at_work_and_begins_nothing(
    study: Study, tmp_path: Path
) -> None:
    path = study.root / "center_mappings" / "volturno.yaml"
    path.write_text(path.read_text().replace("SELECT * FROM esami ORDER BY rowid", ENDLESS))
    log = tmp_path / "run.log"
    with (
        ThreadPoolExecutor(1) as threads,
        center_processes(study, tmp_path / "store", KEY, size=1, timeout=60, log=log) as found,
    ):
        hanging = threads.submit(found.run, "volturno")
        while not found._started:
            time.sleep(0.05)
        found.close()
        assert hanging.result(timeout=10).cause == "crash"
        assert found.run("dora").error[0]["what"] == "the run was stopped before it was read"
        assert len(found._started) == 1
