"""Putting a run in place: with a link, and where the system has none, with a pointer."""

import os
from pathlib import Path

import pytest

from onecohort.publish import POINTER, complete, draft_folder, publish, published_run


def finished(out: Path, name: str) -> Path:
    draft = draft_folder(out, name)
    (draft / "cohort.parquet").write_text(name, encoding="utf-8")
    return complete(draft)


@pytest.fixture
def without_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system on which only an administrator may make links, and folders cannot be opened."""
    take_links_away(monkeypatch)


def take_links_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("a required privilege is not held by the client")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    opened = os.open
    monkeypatch.setattr(
        os, "open", lambda path, flags: refuse() if Path(path).is_dir() else opened(path, flags)
    )


def test_nothing_is_published_before_the_first_run(tmp_path: Path) -> None:
    assert published_run(tmp_path) is None


def test_a_link_turns_from_run_to_run(tmp_path: Path) -> None:
    for name in ("a", "b"):
        publish(tmp_path, finished(tmp_path, name))
        assert published_run(tmp_path) == tmp_path / "runs" / name
        assert (tmp_path / "cohort" / "cohort.parquet").read_text(encoding="utf-8") == name


@pytest.mark.usefixtures("without_links")
def test_without_links_a_pointer_names_the_run(tmp_path: Path) -> None:
    for name in ("a", "b"):
        publish(tmp_path, finished(tmp_path, name))
        assert (tmp_path / POINTER).read_text(encoding="utf-8") == f"runs/{name}\n"
        assert published_run(tmp_path) == tmp_path / "runs" / name
    assert not list(tmp_path.glob(".cohort-*"))


def test_the_last_run_counts_whoever_published_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tmp_path, finished(tmp_path, "by an administrator"))
    with monkeypatch.context() as here:
        take_links_away(here)
        publish(tmp_path, finished(tmp_path, "by a user"))
        assert published_run(tmp_path) == tmp_path / "runs" / "by a user"
    publish(tmp_path, finished(tmp_path, "by an administrator again"))
    assert published_run(tmp_path) == tmp_path / "runs" / "by an administrator again"
    assert not (tmp_path / POINTER).exists()


def test_a_published_run_that_somebody_removed_is_no_run(tmp_path: Path) -> None:
    run = finished(tmp_path, "a")
    publish(tmp_path, run)
    (run / "cohort.parquet").unlink()
    run.rmdir()
    assert published_run(tmp_path) is None


def test_what_a_killed_run_left_is_swept_away_by_the_next(tmp_path: Path) -> None:
    draft_folder(tmp_path, "killed")
    finished(tmp_path, "next")
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["next"]
