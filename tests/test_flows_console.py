"""`python flows/build_cohort.py` on a machine where Prefect never ran: progress, the result, no noise."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from prefect_service import copy_study, descendants, wait_for

ROOT = Path(__file__).parents[1]
FLOWS = ["build_cohort.py:build_cohort", "check_deliveries.py:check_deliveries"]

# The sample has findings that ask for a person.
NEEDS_A_PERSON = 1


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("console")
    copy_study(home / "study")
    return home


def clean_environment(home: Path) -> dict[str, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT", "ONECOHORT"))}
    return {**clean, "HOME": str(home / "user"), "PYTHONPATH": str(ROOT)}


def start_command(home: Path, *options: str) -> "subprocess.Popen[str]":
    """The script as a terminal starts it: in a group of its own, all of which gets a Ctrl-C."""
    return subprocess.Popen(
        [sys.executable, "-u", "flows/build_cohort.py", *options],
        cwd=home / "study",
        env=clean_environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
        # A shell that runs the tests in the background has them ignore a Ctrl-C, and hands that on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def is_alive(pid: int) -> bool:
    """Whether a process is there and not merely waits to be forgotten."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def type_command(
    home: Path, *options: str, environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "flows/build_cohort.py", *options],
        cwd=home / "study",
        env={**clean_environment(home), **(environment or {})},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.loopback
@pytest.mark.slow
def test_a_first_start_shows_progress_then_the_result_and_nothing_else(home: Path) -> None:
    done = type_command(home, "--deliveries", "deliveries", "--out", "out")
    assert done.stderr == ""
    assert done.returncode == NEEDS_A_PERSON, done.stdout
    lines = done.stdout.splitlines()
    assert lines[0].startswith("starting Prefect; the first time")
    progress = lines[1 : lines.index("reports") + 1]
    told = re.compile(r"\w+: \d+ patients, (1 finding|\d+ findings) for a person")
    assert len([line for line in progress if told.match(line)]) == 9
    assert progress[9:] == ["pooling", "analysis", "reports"]
    assert lines[lines.index("reports") + 1].startswith("center ")
    assert any(re.fullmatch(r"Patients +100 +100 +agrees *", line) for line in lines)
    assert sum(line.rstrip().endswith(" agrees") for line in lines) == 13
    assert any("better than de novo, multivariate p " in line for line in lines)  # on one line
    assert any("out/cohort/cohort.parquet" in line for line in lines)
    assert lines[-1].endswith(" is published")
    for word in ("Traceback", "Error", "WARNING", "prefect.", "CancelledError"):
        assert word not in done.stdout
    # Nothing of the user's is touched: Prefect's home is in the project.
    assert (home / "study" / ".prefect" / "prefect.db").is_file()
    assert not (home / "user" / ".prefect").exists()


@pytest.mark.loopback
@pytest.mark.slow
def test_a_second_start_finds_nothing_new(home: Path) -> None:
    done = type_command(home, "--deliveries", "deliveries", "--out", "out")
    assert (done.stderr, done.returncode) == ("", NEEDS_A_PERSON)
    assert done.stdout.count(", unchanged\n") == 9
    assert done.stdout.splitlines()[-1].endswith("; nothing is published")


@pytest.mark.loopback
@pytest.mark.slow
@pytest.mark.parametrize(
    ("stop", "code", "told"),
    [
        (signal.SIGINT, 130, ["stopped; what was published before stays in place"]),
        (signal.SIGTERM, -signal.SIGTERM, []),
    ],
    ids=["ctrl-c", "terminated"],
)
def test_a_run_that_is_stopped_ends_at_once_and_leaves_nobody_behind(
    home: Path, stop: signal.Signals, code: int, told: list[str]
) -> None:
    with start_command(home, "--deliveries", "deliveries", "--out", "out", "--fresh") as running:
        assert running.stdout is not None
        seen = [next(running.stdout), next(running.stdout)]
        assert seen[1].startswith("adige: ")
        below = descendants(running.pid)
        assert len(below) >= 2
        os.killpg(running.pid, stop)
        rest = running.stdout.read().splitlines()
        assert running.wait(timeout=20) == code
    assert [line for line in rest if not line.endswith("for a person")] == told
    wait_for(lambda: None if any(map(is_alive, below)) else True, "end of its processes", 20)
    assert len(list((home / "study" / "out" / "runs").glob("2*"))) == 1


@pytest.mark.parametrize("option", ["--exports", "--deliveries"])
def test_a_folder_that_is_mistyped_is_not_waited_for(home: Path, option: str) -> None:
    done = type_command(home, option, "nowhere")
    assert done.returncode == 2
    assert done.stderr.endswith(f"argument {option}: there is no folder nowhere\n")


@pytest.mark.loopback
@pytest.mark.slow
def test_a_mistake_in_the_study_is_a_message_and_exit_code_2(home: Path) -> None:
    checks = home / "study" / "schemas" / "study.yaml"
    text = checks.read_text()
    checks.write_text(text + "anchorr: 1\n")
    done = type_command(home, "--deliveries", "deliveries", "--out", "out")
    checks.write_text(text)
    assert done.returncode == 2, done.stdout + done.stderr
    assert re.fullmatch(r"schemas/study.yaml:\d+:\d+  anchorr: Extra inputs.*\n", done.stderr)


@pytest.mark.parametrize("entrypoint", FLOWS)
def test_each_flow_file_loads_without_prefects_placeholder(entrypoint: str) -> None:
    code = (
        "from prefect.flows import load_flow_from_entrypoint as load\n"
        f"flow = load('flows/{entrypoint}', use_placeholder_flow=False)\n"
        "print(flow.name)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == entrypoint.partition(".")[0].replace("_", "-") + "\n"


def test_every_flow_file_is_among_those_that_are_loaded() -> None:
    with_flows = {
        path.name for path in (ROOT / "flows").glob("*.py") if "\n@flow(" in path.read_text()
    }
    assert with_flows == {entrypoint.partition(":")[0] for entrypoint in FLOWS}
