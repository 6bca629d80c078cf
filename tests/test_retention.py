"""Runs: their order, which are kept, which are compared, and what a person decides about them."""

import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from onecohort.cli.app import app
from onecohort.decisions import RECORD, let_through, restore
from onecohort.errors import StudyError
from onecohort.history import find_run, find_same, list_runs, next_number
from onecohort.manifest import read_manifest, write_manifest
from onecohort.publish import publish, published_run
from onecohort.retention import Retention, sweep
from onecohort.run_comparison import CenterChange, compare

NOW = datetime(2026, 6, 30, 2, 30, tzinfo=UTC)
GATE = {
    "gate": "center_missing", "title": "Centers that are missing", "limit": 1.0, "value": 2.0,
    "holds": False, "detail": "brenta, dora",
}  # fmt: skip


def write_run(
    out: Path,
    number: int,
    *,
    days_ago: int = 0,
    state: str = "published",
    key: str = "",
    patients: dict[str, str] | None = None,
    failed: tuple[str, ...] = (),
    mapping: str = "m",
) -> str:
    """A complete run of one center; `patients` maps each to a value."""
    run_id = f"{NOW - timedelta(days=days_ago):%Y%m%dT%H%M%S}-{number:06d}"
    folder = out / "runs" / run_id
    folder.mkdir(parents=True)
    given = patients or {"a": "1"}
    rows = {
        "center": ["dora"] * len(given),
        "patient_id": list(given),
        "value": list(given.values()),
        "maybe": pa.nulls(len(given), pa.int64()),
    }
    pq.write_table(pa.table(rows), folder / "cohort.parquet")
    before = published_run(out)
    center = {
        "state": "done", "key": key or f"k{number}", "patients": len(given), "mapping_sha256": mapping,
        "findings": {"error": 0, "warning": number, "note": 9},
        "inputs": [{"table": "t", "sha256": key or f"k{number}"}],
    }  # fmt: skip
    centers = {"dora": center} | {
        name: {
            "state": "failed", "key": "", "patients": 0, "mapping_sha256": "", "findings": {},
            "inputs": [],
        }
        for name in failed
    }  # fmt: skip
    manifest = {
        "run": run_id, "number": number, "state": state, "key": key or f"k{number}",
        "centers": centers, "cohort": {"rows": len(given)}, "previous_run": before and before.name,
        "gates": [GATE] if state == "held" else [],
    }  # fmt: skip
    write_manifest(folder, manifest)
    if state == "published":
        publish(out, folder)
    return run_id


def names(out: Path) -> list[str]:
    return [run.run_id for run in list_runs(out)]


# --- the order of runs ----------------------------------------------------------------------------


def test_runs_are_ordered_by_their_number_and_not_by_the_clock(tmp_path: Path) -> None:
    first = write_run(tmp_path, 1)
    second = write_run(tmp_path, 2, days_ago=9000)
    assert names(tmp_path) == [second, first]
    assert next_number(tmp_path) == 3


def test_what_is_not_a_complete_run_is_no_run(tmp_path: Path) -> None:
    run = write_run(tmp_path, 1)
    (tmp_path / "runs" / ".draft-x").mkdir()
    (tmp_path / "runs" / ".draft-x" / "manifest.json").write_text("{}")
    (tmp_path / "runs" / "20260101T000000-000000").mkdir()
    (tmp_path / "runs" / "20260101T000000-000000" / "manifest.json").write_text('{"half')
    assert names(tmp_path) == [run]


def test_a_run_is_found_by_the_beginning_of_its_name(tmp_path: Path) -> None:
    write_run(tmp_path, 1, days_ago=1)
    run = write_run(tmp_path, 2)
    assert find_run(tmp_path, "20260630").run_id == run
    for name, message in (("2026", "2 runs begin with '2026'"), ("x", "there is no run 'x'")):
        with pytest.raises(StudyError, match=message):
            find_run(tmp_path, name)


@pytest.mark.parametrize(
    ("states", "key", "found"),
    [
        (["published", "published"], "k2", 2),
        (["published", "published"], "k1", None),
        (["published", "held"], "k1", 1),
        (["published", "held"], "k2", 2),
        (["published", "held", "held"], "k2", None),
        (["published", "partial"], "k2", None),
        ([], "k1", None),
    ],
)
def test_the_same_again_is_known_by_the_published_run_or_the_newest(
    tmp_path: Path, states: list[str], key: str, found: int | None
) -> None:
    for number, state in enumerate(states, 1):
        write_run(tmp_path, number, state=state)
    same = find_same(tmp_path, key)
    assert (same.number if same else None) == found


# --- retention --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "days", "kept"),
    [
        (1, 0, [6, 4, 3]),  # the newest; the published one; the one published before it
        (3, 0, [6, 5, 4, 3]),
        (1, 45, [6, 4, 3]),
        (1, 75, [6, 4, 3, 2]),
        (1, 365, [6, 4, 3, 2, 1]),
        (99, 0, [6, 5, 4, 3, 2, 1]),
    ],
)
def test_the_last_runs_and_the_published_ones_of_a_period_are_kept(
    tmp_path: Path, last: int, days: int, kept: list[int]
) -> None:
    for number, (ago, state) in enumerate(
        [(90, "published"), (70, "published"), (40, "published"), (30, "published"), (20, "held"),
         (10, "held")],
        1,
    ):  # fmt: skip
        write_run(tmp_path, number, days_ago=ago, state=state)
    swept = sweep(tmp_path, Retention(last, days), NOW)
    assert [run.number for run in list_runs(tmp_path)] == kept
    assert len(swept.runs) == 6 - len(kept)
    assert not list((tmp_path / "runs").glob(".draft*"))


def test_the_published_run_is_kept_however_old_it_is(tmp_path: Path) -> None:
    old = write_run(tmp_path, 1, days_ago=4000)
    for number in (2, 3, 4):
        write_run(tmp_path, number, state="held")
    sweep(tmp_path, Retention(1, 0), NOW)
    assert [run.number for run in list_runs(tmp_path)] == [4, 1]
    assert published_run(tmp_path) == tmp_path / "runs" / old


def test_results_of_centers_go_with_the_runs_that_used_them(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        write_run(tmp_path, number, days_ago=100 - number)
    store = tmp_path / "runs" / ".centers" / "dora"
    for name in ("k1", "k2", "k3", "old", "young"):
        (store / name).mkdir(parents=True)
        when = NOW.timestamp() - (0 if name == "young" else 30 * 86_400)
        os.utime(store / name, (when, when))
    swept = sweep(tmp_path, Retention(1, 0), NOW)
    assert swept.results == 2
    assert {path.name for path in store.iterdir()} == {"k2", "k3", "young"}


def test_logs_go_with_their_runs(tmp_path: Path) -> None:
    kept = write_run(tmp_path, 1)
    logs = tmp_path / "runs" / ".logs"
    logs.mkdir()
    for name in (kept, "20200101T000000-000000"):
        (logs / f"{name}.log").touch()
        os.utime(logs / f"{name}.log", (0, 0))
    sweep(tmp_path, Retention(1, 0), NOW)
    assert [path.stem for path in logs.iterdir()] == [kept]


@pytest.mark.parametrize(("last", "days"), [(0, 1), (1, -1)])
def test_nonsense_is_not_a_retention(last: int, days: int) -> None:
    with pytest.raises(ValueError, match="at least one run is kept"):
        Retention(last, days)


# --- decisions ----------------------------------------------------------------------------------------


def test_a_held_run_is_let_through_on_record(tmp_path: Path) -> None:
    old = write_run(tmp_path, 1, days_ago=1)
    held = write_run(tmp_path, 2, state="held")
    decision = let_through(tmp_path, held, " the center has closed ")
    assert published_run(tmp_path) == tmp_path / "runs" / held
    assert (decision.because, decision.instead_of) == ("the center has closed", old)
    assert json.loads((tmp_path / "runs" / RECORD).read_text())["run"] == held
    manifest = read_manifest(tmp_path / "runs" / held)
    assert manifest["state"] == "published"
    assert manifest["decisions"] == [vars(decision)]


@pytest.mark.parametrize(
    ("state", "because", "message"),
    [
        ("published", "why", "is published, not held"),
        ("partial", "why", "is partial, not held"),
        ("held", "  ", "--because  is empty"),
    ],
)
def test_what_cannot_be_let_through_is_said(
    tmp_path: Path, state: str, because: str, message: str
) -> None:
    run = write_run(tmp_path, 1, state=state)
    with pytest.raises(StudyError, match=message):
        let_through(tmp_path, run, because)
    assert not (tmp_path / "runs" / RECORD).exists()


def test_a_held_run_that_was_overtaken_stays_held(tmp_path: Path) -> None:
    held = write_run(tmp_path, 1, state="held", days_ago=1)
    newer = write_run(tmp_path, 2)
    with pytest.raises(StudyError, match=f"was overtaken: {newer} was published after it"):
        let_through(tmp_path, held, "why")


def test_a_run_that_was_published_before_is_restored(tmp_path: Path) -> None:
    old = write_run(tmp_path, 1, days_ago=1)
    new = write_run(tmp_path, 2)
    decision = restore(tmp_path, old, "the new delivery was of another study")
    assert published_run(tmp_path) == tmp_path / "runs" / old
    assert decision.instead_of == new
    with pytest.raises(StudyError, match="is the published run already"):
        restore(tmp_path, old, "again")


def test_a_run_that_was_never_published_is_not_restored(tmp_path: Path) -> None:
    run = write_run(tmp_path, 1, state="held")
    with pytest.raises(StudyError, match="is held; it was never published"):
        restore(tmp_path, run, "why")


# --- two runs side by side -------------------------------------------------------------------------


def test_two_runs_are_compared_by_patient(tmp_path: Path) -> None:
    old = write_run(tmp_path, 1, days_ago=1, patients={"a": "1", "b": "1", "c": "1"})
    new = write_run(tmp_path, 2, patients={"b": "1", "c": "2", "d": "1", "e": "1"}, mapping="n")
    runs = tmp_path / "runs"
    assert compare(runs / old, runs / new) == [
        CenterChange("dora", (3, 4), 2, 1, 1, (1, 2), ("delivery", "mapping"))
    ]


def test_a_center_that_failed_or_came_is_told(tmp_path: Path) -> None:
    old = write_run(tmp_path, 1, days_ago=1, key="k", failed=("brenta",))
    new = write_run(tmp_path, 2, key="k", failed=("adige", "brenta"))
    runs = tmp_path / "runs"
    because = {change.center: change.because for change in compare(runs / old, runs / new)}
    assert because == {"adige": ("a new center",), "brenta": ("failed",), "dora": ()}


# --- what is typed ----------------------------------------------------------------------------------


def type_command(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    return result.output


def test_runs_lists_the_newest_first_with_the_reason_of_a_held_one(tmp_path: Path) -> None:
    assert type_command("runs", "--out", str(tmp_path)) == "there is no run yet\n"
    old = write_run(tmp_path, 1, days_ago=1, failed=("brenta",))
    held = write_run(tmp_path, 2, state="held")
    lines = type_command("runs", "--out", str(tmp_path)).splitlines()
    assert lines[1].split()[:2] == [held, "held"]
    assert lines[2].split() == ["→", old, "published", "1", "brenta"]
    assert lines[1].endswith("Centers that are missing: 2, limit 1 (brenta, dora)")
    narrow = CliRunner().invoke(app, ["runs", "--out", str(tmp_path)], env={"COLUMNS": "60"})
    assert held in narrow.output


def test_publish_compare_and_restore_as_they_are_typed(tmp_path: Path) -> None:
    out = ("--out", str(tmp_path))
    old = write_run(tmp_path, 1, days_ago=1)
    held = write_run(tmp_path, 2, state="held")
    told = type_command("publish", held, "--because", "announced", *out)
    assert told == f"{held} is published in place of {old}; on record: announced\n"
    table = type_command("runs", "compare", old, held, *out).splitlines()
    assert table[1].split() == ["dora", "1", "1", "0", "0", "0", "1", "2", "delivery"]
    told = type_command("runs", "restore", old, "--because", "wrong file", *out)
    assert told == f"{old} is published again in place of {held}\n"
    lines = type_command("runs", *out).splitlines()
    assert "restored: wrong file" in lines[2]


def test_a_removed_published_run_is_not_mistaken_for_a_cohort(tmp_path: Path) -> None:
    run = write_run(tmp_path, 1)
    shutil.rmtree(tmp_path / "runs" / run)
    assert published_run(tmp_path) is None
    assert list_runs(tmp_path) == []
