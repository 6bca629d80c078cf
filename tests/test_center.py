"""When a center is redone: what decides its result is in its key, and nothing else is."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from onecohort.center import find_center_key, run_center
from onecohort.pseudonym import PseudonymKey
from onecohort.study import Study, load_study

KEY = PseudonymKey(b"one key", "environment")
Change = Callable[[Path], None]


@pytest.fixture
def root(tmp_path: Path, project: Path) -> Path:
    """The study with one center, whose export is a REDCap project with its dictionary."""
    root = tmp_path / "study"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(project / "schemas", root / "schemas", ignore=ignored)
    (root / "center_mappings").mkdir()
    shutil.copy(project / "center_mappings" / "adige.yaml", root / "center_mappings")
    shutil.copytree(project / "sample_exports" / "adige", root / "sample_exports" / "adige")
    return root


def append(pattern: str, text: str) -> Change:
    def change(root: Path) -> None:
        (path,) = root.glob(pattern)
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")

    return change


def touch(pattern: str) -> Change:
    def change(root: Path) -> None:
        (path,) = root.glob(pattern)
        path.touch()

    return change


@pytest.mark.parametrize(
    ("change", "redone"),
    [
        pytest.param(append("sample_exports/adige/*_DATA_*.csv", "\n"), True, id="its export"),
        pytest.param(append("sample_exports/adige/*Dictionary*.csv", "\n"), True, id="its dictionary"),
        pytest.param(append("center_mappings/adige.yaml", "\n# a word"), True, id="its mapping"),
        pytest.param(append("schemas/outcome_terms.py", "\n# a word"), True, id="the vocabulary"),
        pytest.param(append("schemas/cohort.py", "\n# a word"), True, id="the schema"),
        pytest.param(append("schemas/analysis.yaml", "\n# a word"), False, id="the plan of analysis"),
        pytest.param(append("sample_exports/adige/README.txt", "\n"), False, id="a file beside it"),
        pytest.param(touch("sample_exports/adige/*_DATA_*.csv"), False, id="the day of the same file"),
    ],
)  # fmt: skip
def test_a_center_is_redone_when_what_decides_its_result_has_changed(
    change: Change, redone: bool, root: Path
) -> None:
    before = find_center_key(load_study(root), "adige", KEY)
    change(root)
    after = find_center_key(load_study(root), "adige", KEY)
    assert before is not None and after is not None
    assert (before != after) is redone


def test_another_day_or_another_secret_is_another_result(root: Path) -> None:
    study = load_study(root)
    keys = {
        find_center_key(study, "adige", KEY),
        find_center_key(replace(study, as_of=date(2021, 7, 1)), "adige", KEY),
        find_center_key(study, "adige", PseudonymKey(b"another key", "environment")),
    }
    assert len(keys) == 3


def test_what_has_not_changed_is_taken_as_it_stands_unless_asked(
    root: Path, tmp_path: Path
) -> None:
    study: Study = load_study(root)
    states = [
        run_center(study, "adige", tmp_path / "store", KEY, fresh=fresh).state
        for fresh in (False, False, True)
    ]
    assert states == ["done", "cached", "done"]


def test_a_dictionary_stands_in_the_summary_with_its_hash(root: Path, tmp_path: Path) -> None:
    summary = run_center(load_study(root), "adige", tmp_path / "store", KEY)
    for item in summary.inputs:
        assert list(item["beside"]) == ["adige/LAM_HMA_DataDictionary_2021-06-15.csv"]  # type: ignore[call-overload]
