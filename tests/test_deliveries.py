"""Deliveries: taken when complete, kept, hashed, never written to."""

import hashlib
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from onecohort.deliveries import Delivery, Received, receive
from onecohort.delivery_copy import KEPT, SUMS

QUIET = 600.0
NOON = 1_700_000_000.0


@pytest.fixture
def share(tmp_path: Path) -> Path:
    folder = tmp_path / "deliveries"
    folder.mkdir()
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def deliver(share: Path, center: str, date: str, *, complete: bool = True, **files: str) -> Path:
    folder = share / center / date
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (files or {"patients": "id\n1\n"}).items():
        (folder / f"{name}.csv").write_text(text)
    if complete:
        (folder / ".complete").touch()
    return folder


def look(share: Path, out: Path, *, at: float = NOON, centers: str = "brenta dora") -> Received:
    return receive(share, out, centers.split(), quiet_seconds=QUIET, now=at)


def only(received: Received) -> Delivery:
    assert len(received.deliveries) == 1
    return received.deliveries[0]


def exports(received: Received) -> dict[str, str]:
    return {
        path.relative_to(received.exports).as_posix(): path.read_text()
        for path in received.exports.rglob("*")
        if path.is_file()
    }


def test_a_delivery_with_the_mark_is_taken_at_once(share: Path, out: Path) -> None:
    deliver(share, "brenta", "2026-05-14")
    received = look(share, out)
    assert only(received).state == "taken"
    assert exports(received) == {"brenta/patients.csv": "id\n1\n"}


def test_without_the_mark_it_waits_for_the_quiet_period(share: Path, out: Path) -> None:
    deliver(share, "brenta", "2026-05-14", complete=False)
    first = only(look(share, out))
    assert first.state == "waiting"
    assert first.why == "no .complete in it, and unchanged for only 0 of 600 s"
    assert only(look(share, out, at=NOON + 599)).state == "waiting"
    assert only(look(share, out, at=NOON + 600)).state == "taken"


def test_a_change_begins_the_quiet_period_again(share: Path, out: Path) -> None:
    folder = deliver(share, "brenta", "2026-05-14", complete=False)
    look(share, out)
    (folder / "patients.csv").write_text("id\n1\n2\n")
    assert only(look(share, out, at=NOON + 600)).state == "waiting"
    assert only(look(share, out, at=NOON + 1200)).state == "taken"


def test_a_clock_set_back_makes_the_wait_no_longer_than_the_quiet_period(
    share: Path, out: Path
) -> None:
    deliver(share, "brenta", "2026-05-14", complete=False)
    look(share, out, at=NOON)
    assert only(look(share, out, at=NOON - 86_400)).state == "waiting"
    assert only(look(share, out, at=NOON - 86_400 + QUIET)).state == "taken"


def test_the_newest_complete_delivery_is_read(share: Path, out: Path) -> None:
    deliver(share, "brenta", "2026-05-14", patients="may")
    deliver(share, "brenta", "2026-06-14", patients="june")
    deliver(share, "brenta", "2026-07-14", complete=False, patients="july")
    received = look(share, out)
    assert [each.state for each in received.deliveries] == ["older", "taken", "waiting"]
    assert exports(received) == {"brenta/patients.csv": "june"}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("patients.csv.part", "a file in it is still being copied, or is open"),
        ("patients.xlsx.filepart", "a file in it is still being copied, or is open"),
        ("~$patients.xlsx", "a file in it is still being copied, or is open"),
        (".~lock.patients.ods#", "a file in it is still being copied, or is open"),
    ],
)
def test_an_unfinished_file_outweighs_the_mark(share: Path, out: Path, name: str, why: str) -> None:
    folder = deliver(share, "brenta", "2026-05-14")
    (folder / name).touch()
    found = only(look(share, out))
    assert (found.state, found.why) == ("waiting", why)


def test_an_empty_delivery_waits(share: Path, out: Path) -> None:
    (share / "brenta" / "2026-05-14").mkdir(parents=True)
    assert only(look(share, out)).why == "it is empty"


@pytest.mark.parametrize("name", ["maggio", "14-05-2026", "2026-5-14", "old"])
def test_a_folder_that_is_no_date_is_refused(share: Path, out: Path, name: str) -> None:
    deliver(share, "brenta", name)
    found = only(look(share, out))
    assert found.state == "refused"
    assert found.why == "its folder is not named by a date, as in 2026-05-14"


def test_a_center_without_a_mapping_is_told(share: Path, out: Path) -> None:
    deliver(share, "bretna", "2026-05-14")
    assert only(look(share, out)).why == "there is no mapping for a center of this name"


def test_a_link_is_refused(share: Path, out: Path, tmp_path: Path) -> None:
    folder = deliver(share, "brenta", "2026-05-14")
    (tmp_path / "secret").write_text("x")
    (folder / "link.csv").symlink_to(tmp_path / "secret")
    found = only(look(share, out))
    assert (found.state, found.why) == ("refused", "it holds a link; put the file itself there")
    assert not list((out / KEPT).glob("brenta/*"))


def test_a_pipe_is_refused_and_not_waited_for(share: Path, out: Path) -> None:
    folder = deliver(share, "brenta", "2026-05-14")
    os.mkfifo(folder / "pipe.csv")
    assert only(look(share, out)).why == "it holds something that is not a file"


def test_our_copy_has_its_hashes_and_nobody_can_write_into_it(share: Path, out: Path) -> None:
    deliver(share, "brenta", "2026-05-14", patients="a", cycles="b")
    found = only(look(share, out))
    kept = out / found.kept
    assert found.files == 2
    assert subprocess.run(["sha256sum", "--check", "--quiet", SUMS], cwd=kept).returncode == 0
    assert {path.stat().st_mode & 0o222 for path in kept.glob("*.csv")} == {0}
    assert hashlib.sha256((kept / SUMS).read_bytes()).hexdigest() == found.sha256


def test_a_delivery_is_never_written_to(share: Path, out: Path) -> None:
    folder = deliver(share, "brenta", "2026-05-14")
    for path in (*folder.iterdir(), folder, folder.parent, share):
        path.chmod(path.stat().st_mode & ~0o222)
    before = {path: path.stat().st_mtime_ns for path in (share, *share.rglob("*"))}
    assert only(look(share, out)).state == "taken"
    assert {path: path.stat().st_mtime_ns for path in (share, *share.rglob("*"))} == before
    for path in (share, folder.parent, folder):
        path.chmod(0o755)


def test_an_unchanged_delivery_is_not_copied_again(share: Path, out: Path) -> None:
    deliver(share, "brenta", "2026-05-14")
    first = only(look(share, out))
    assert first.new
    stamp = (out / first.kept).stat().st_mtime_ns
    assert only(look(share, out, at=NOON + 1)) == replace(first, new=False)
    assert (out / first.kept).stat().st_mtime_ns == stamp


def test_while_a_taken_delivery_changes_our_copy_is_read(share: Path, out: Path) -> None:
    folder = deliver(share, "brenta", "2026-05-14", complete=False, patients="old")
    look(share, out)
    look(share, out, at=NOON + 600)
    (folder / "patients.csv").write_text("new text")
    received = look(share, out, at=NOON + 700)
    assert only(received).why.endswith("; the copy made before is read")
    assert exports(received) == {"brenta/patients.csv": "old"}
    received = look(share, out, at=NOON + 1300)
    assert exports(received) == {"brenta/patients.csv": "new text"}
    assert len(list((out / KEPT / "brenta").iterdir())) == 2


def test_a_delivery_that_is_gone_is_read_from_our_copy(share: Path, out: Path) -> None:
    folder = deliver(share, "brenta", "2026-05-14", patients="kept")
    look(share, out)
    shutil.rmtree(folder.parent)
    received = look(share, out, at=NOON + 1)
    assert only(received).why == "it is gone; the copy made before is read"
    assert exports(received) == {"brenta/patients.csv": "kept"}


def test_a_file_that_vanishes_midway_leaves_the_older_delivery(
    share: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(share, "brenta", "2026-05-14", patients="may")
    look(share, out)
    folder = deliver(share, "brenta", "2026-06-14", cycles="c", patients="june")
    from onecohort import delivery_copy

    def copy(source: Path, target: Path) -> str:
        sha256 = really(source, target)
        (folder / "patients.csv").unlink(missing_ok=True)
        return sha256

    really = delivery_copy._copy
    monkeypatch.setattr(delivery_copy, "_copy", copy)
    received = look(share, out)
    assert [each.state for each in received.deliveries] == ["taken", "waiting"]
    assert received.deliveries[1].why == "a file vanished while it was copied"
    assert exports(received) == {"brenta/patients.csv": "may"}
    assert len(list((out / KEPT / "brenta").iterdir())) == 1


def test_a_file_that_grows_while_it_is_copied_is_not_taken(
    share: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = deliver(share, "brenta", "2026-05-14")
    from onecohort import delivery_copy

    def copy(source: Path, target: Path) -> str:
        sha256 = really(source, target)
        with (folder / "patients.csv").open("a") as file:
            file.write("2\n")
        return sha256

    really = delivery_copy._copy
    monkeypatch.setattr(delivery_copy, "_copy", copy)
    assert only(look(share, out)).why == "it changed while it was copied"


def test_a_locked_file_waits(share: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(share, "brenta", "2026-05-14")

    def copy(source: Path, target: Path) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("onecohort.delivery_copy._copy", copy)
    found = only(look(share, out))
    assert (found.state, found.why) == ("waiting", "cannot be read: Permission denied")


def test_a_share_that_is_away_is_an_error_of_the_system(tmp_path: Path, out: Path) -> None:
    with pytest.raises(FileNotFoundError):
        look(tmp_path / "away", out)


def test_a_damaged_record_of_looks_costs_one_quiet_period(share: Path, out: Path) -> None:
    deliver(share, "brenta", "2026-05-14", complete=False)
    look(share, out)
    (out / KEPT / "looks.json").write_text('{"brenta/2026-05')
    assert only(look(share, out, at=NOON + 600)).state == "waiting"
    assert only(look(share, out, at=NOON + 1200)).state == "taken"


def test_a_copy_without_its_hashes_is_made_again(share: Path, out: Path) -> None:
    deliver(share, "brenta", "2026-05-14")
    first = only(look(share, out))
    shutil.rmtree(out / first.kept)
    assert only(look(share, out, at=NOON + 1)) == first
    assert (out / first.kept / SUMS).is_file()


def test_two_deliveries_of_one_day_are_told_apart(share: Path, out: Path) -> None:
    deliver(share, "brenta", "2026-05-14", patients="first")
    deliver(share, "brenta", "2026-05-14_b", patients="second")
    assert exports(look(share, out)) == {"brenta/patients.csv": "second"}
