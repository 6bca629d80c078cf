"""Opening a study: what is no study says so, with the file and the way out."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from onecohort.errors import StudyError
from onecohort.study import hash_schema, load_study


@pytest.fixture
def root(tmp_path: Path, project: Path) -> Path:
    for name in ("schemas", "center_mappings"):
        shutil.copytree(
            project / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    return tmp_path


def _write(path: str, old: str, new: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        text = (root / path).read_text(encoding="utf-8")
        assert old in text
        (root / path).write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def _rewrite(path: str, text: str) -> Callable[[Path], None]:
    return lambda root: (root / path).write_text(text + "\n", encoding="utf-8") and None


def _remove(path: str) -> Callable[[Path], None]:
    return lambda root: (root / path).unlink()


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (_remove("schemas/cohort.py"), "is not a study: there is no schemas/cohort.py"),
        (_write("schemas/cohort.py", "class Cohort", "clas Cohort"), "SyntaxError"),
        (_write("schemas/study.yaml", "title:", "titel:"), "schemas/study.yaml:"),
        (_write("schemas/study.yaml", "2021-06-30", "last June"), "as_of"),
        (_write("schemas/checks.yaml", "severity: error", "severity: eror"), "'eror' is none of"),
        (
            _write("schemas/study.yaml", "hma_start_date", "hma_strat"),
            "'hma_strat' is no published date",
        ),
        (_rewrite("schemas/checks.yaml", "- a list"), "holds no names with what belongs to them"),
        (_rewrite("schemas/checks.yaml", "checks: 3"), "holds no names with what belongs to them"),
        (_rewrite("schemas/checks.yaml", "overrides: { tevere: [x] }"), "schemas/checks.yaml:1:"),
        (
            _write(
                "schemas/checks.yaml",
                "  tevere:\n    person.at_two",
                "  tevere:\n    person.at_tow",
            ),
            "overrides a check 'person.at_tow_centers' that is not above",
        ),
        (
            _write("schemas/checks.yaml", "threshold_pct: 15,", "threshold_pct: many,"),
            "valid number",
        ),
        (_write("schemas/patient.py", 'vocabulary="sex"', 'vocabulary="sexx"'), "KeyError: 'sexx'"),
    ],
)
def test_a_mistake_in_a_study_has_an_address(
    root: Path, harm: Callable[[Path], None], words: str
) -> None:
    harm(root)
    with pytest.raises(StudyError) as caught:
        load_study(root)
    assert words in str(caught.value)


def test_two_studies_can_be_open_in_one_process(root: Path, project: Path) -> None:
    change = _write("schemas/study.yaml", "title: ", "title: Another of ")
    change(root)
    one, other = load_study(project), load_study(root)
    assert one.title != other.title
    assert one.schema.model is not other.schema.model


def test_a_study_without_settings_is_named_after_its_folder(root: Path) -> None:
    (root / "schemas" / "study.yaml").unlink()
    study = load_study(root, as_of=date(2020, 1, 2))
    assert (study.title, study.as_of, study.synthetic) == (root.name, date(2020, 1, 2), False)
    assert study.exports == root / "exports"


def test_the_hash_of_a_schema_follows_its_checks_and_not_its_plan_of_analysis(root: Path) -> None:
    before = hash_schema(root)
    (root / "schemas" / "analysis.yaml").write_text("another: plan\n", encoding="utf-8")
    assert hash_schema(root) == before
    _write("schemas/checks.yaml", "severity: error", "severity: warning")(root)
    assert hash_schema(root) != before


def test_an_unknown_center_is_told_with_its_nearest_name(project: Path) -> None:
    with pytest.raises(StudyError, match="did you mean 'brenta'"):
        load_study(project).load_mapping("brena")


def test_only_the_studys_own_checks_decide_who_is_eligible(project: Path) -> None:
    assert set(load_study(project).schema.eligibility) == {
        "eligibility_adult",
        "eligibility_salvage_line",
        "eligibility_without_venetoclax",
    }


def test_a_study_without_a_word_on_its_checks_is_a_study(root: Path) -> None:
    (root / "schemas" / "checks.yaml").write_text("", encoding="utf-8")
    assert load_study(root).schema.policies == {}
