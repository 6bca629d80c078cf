"""The whole run: what one bad file costs, what a killed run leaves, and that the same gives the same."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from onecohort.accounts import SIDES, check_balance
from onecohort.center import run_center
from onecohort.errors import StudyError
from onecohort.publish import published_run
from onecohort.run import Built, build
from onecohort.study import Study, load_study

CENTERS = (
    "adige", "brenta", "dora", "garigliano", "piave", "tagliamento", "tevere", "ticino", "volturno",
)  # fmt: skip


@pytest.fixture
def study(tmp_path: Path, project: Path) -> Study:
    """A copy of the sample study whose files a test may break."""
    root = tmp_path / "study"
    for name in ("schemas", "center_mappings", "sample_exports"):
        shutil.copytree(project / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    return load_study(root)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Built:
    """The sample, built once and left alone."""
    return build(load_study(project), tmp_path_factory.mktemp("whole"))


def test_the_sample_gives_a_published_cohort_of_100_patients(whole: Built) -> None:
    assert whole.published
    assert pq.read_table(whole.folder / "cohort.parquet").num_rows == 100
    assert whole.manifest["state"] == "published"


def test_a_run_folder_holds_everything_that_the_readme_names(whole: Built) -> None:
    names = {path.relative_to(whole.folder).as_posix() for path in whole.folder.rglob("*.*")}
    expected = {
        "cohort.parquet", "findings.parquet", "quarantine.parquet", "lineage.parquet",
        "manifest.json", "analysis.json", "report/index.html", "report/analysis.html",
        *(f"report/cards/{center}.{suffix}" for center in CENTERS for suffix in ("html", "xlsx")),
    }  # fmt: skip
    assert expected <= names


def test_the_balance_of_a_run_is_in_its_manifest_on_both_sides(whole: Built) -> None:
    balance = whole.manifest["balance"]
    assert isinstance(balance, dict)
    assert balance["delivered"] == sum(balance[side] for side in SIDES[1:])
    centers = whole.manifest["centers"]
    assert isinstance(centers, dict)
    for name, told in centers.items():
        for table, rows in told["tables"].items():
            right = sum(rows[side] for side in SIDES[1:])
            assert rows["delivered"] == right, (name, table)
        for table, columns in told["columns"].items():
            for column, cells in columns.items():
                right = sum(cells[side] for side in ("carried", "missing", "findings", "unused"))
                assert cells["filled"] == right, (name, table, column)


def test_the_flow_of_patients_leads_from_the_rows_delivered_to_those_analysed(whole: Built) -> None:
    analysis = json.loads((whole.folder / "analysis.json").read_text(encoding="utf-8"))
    steps = [(step["count"], [count for _, count in step["lost"]]) for step in analysis["flow"]]
    # The rows of cycles and dates of an ineligible patient are in quarantine too, and are no patients.
    assert steps == [(111, [3, 3, 2]), (103, [1, 1, 1]), (100, []), (100, [])]


def test_the_counts_of_a_center_are_those_of_the_runs_findings(whole: Built) -> None:
    table = pq.read_table(whole.folder / "findings.parquet", columns=["center", "severity"])
    told = Counter((row["center"], row["severity"]) for row in table.to_pylist())
    counts = {(c.center, s): n for c in whole.centers for s, n in c.findings.items() if n}
    assert counts == told
    assert ("dora", "warning") in counts  # of the pool, which no center knows of by itself


@pytest.mark.parametrize(
    ("total", "patients", "rows"),
    [
        ({"delivered": 5, "cohort": 3, "quarantined": 1, "merged": 0, "left_out": 0}, 3, 3),
        ({"delivered": 4, "cohort": 3, "quarantined": 1, "merged": 0, "left_out": 0}, 3, 2),
    ],
    ids=["a row that is nowhere", "a patient that is nowhere"],
)
def test_a_run_that_does_not_balance_fails(total: dict[str, int], patients: int, rows: int) -> None:
    with pytest.raises(AssertionError, match=r"accounted for|the cohort"):
        check_balance(total, patients, rows)


def test_the_same_inputs_give_the_same_bytes(whole: Built, tmp_path: Path, project: Path) -> None:
    again = build(load_study(project), tmp_path)
    first = (whole.folder / "cohort.parquet").read_bytes()
    assert (again.folder / "cohort.parquet").read_bytes() == first


def test_lineage_names_a_row_of_an_export_for_every_patient(whole: Built) -> None:
    cohort = pq.read_table(whole.folder / "cohort.parquet", columns=["center", "patient_id"])
    lineage = pq.read_table(whole.folder / "lineage.parquet")
    patients = set(cohort.column("patient_id").to_pylist())
    assert set(lineage.column("patient_id").to_pylist()) == patients
    assert lineage.column("row").null_count == 0


# --- damage stays small -----------------------------------------------------------------------------


def _remove(study: Study) -> None:
    for path in (study.exports / "brenta").glob("*.xlsx"):
        path.unlink()


def _truncate(study: Study) -> None:
    for path in (study.exports / "brenta").glob("*.xlsx"):
        path.write_bytes(path.read_bytes()[:2000])


def _rename_column(study: Study) -> None:
    import openpyxl

    path = next((study.exports / "brenta").glob("*.xlsx"))
    book = openpyxl.load_workbook(path)
    for row in book["Pazienti"].iter_rows():
        for cell in row:
            if cell.value == "Sesso":
                cell.value = "Genere"
    book.save(path)


def _break_mapping(study: Study) -> None:
    path = study.root / "center_mappings" / "brenta.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("fields:", "feilds:", 1), "utf-8")


@pytest.mark.parametrize(
    ("harm", "exit_code", "words"),
    [
        (_remove, 3, "brenta"),
        (_truncate, 3, "brenta"),
        (_rename_column, 3, "the layout has changed: no column 'Sesso'"),
        (_break_mapping, 2, "did you mean 'fields'?"),
    ],
)
def test_a_center_that_fails_leaves_the_other_eight_published(
    study: Study, tmp_path: Path, harm: Callable[[Study], None], exit_code: int, words: str
) -> None:
    harm(study)
    built = build(study, tmp_path / "out")
    failed = [summary for summary in built.centers if summary.state == "failed"]
    assert [summary.center for summary in failed] == ["brenta"]
    assert built.exit_code == exit_code
    assert built.published
    cohort = pq.read_table(built.folder / "cohort.parquet")
    assert set(cohort.column("center").to_pylist()) == set(CENTERS) - {"brenta"}
    centers = built.manifest["centers"]
    assert isinstance(centers, dict)
    assert centers["brenta"]["state"] == "failed"
    assert words in json.dumps(centers["brenta"]["error"], ensure_ascii=False)
    page = (built.folder / "report" / "index.html").read_text(encoding="utf-8")
    assert "brenta" in page
    assert "failed" in page


def test_a_bug_of_ours_costs_its_center_only_and_tells_no_value(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onecohort.center

    def broken(*args: object, **kwargs: object) -> None:
        raise ValueError("RSSMRA80A01H501U")

    monkeypatch.setattr(onecohort.center, "harmonize", broken)
    from onecohort.pseudonym import find_key

    summary = run_center(study, "dora", tmp_path / "store", find_key(synthetic=True))
    assert (summary.state, summary.cause) == ("failed", "engine")
    assert "ValueError" in summary.error[0]["what"]
    assert "RSSMRA" not in str(summary)
    assert not list((tmp_path / "store").rglob("*.arrow"))


def test_a_study_whose_every_center_fails_publishes_nothing(study: Study, tmp_path: Path) -> None:
    for path in (study.root / "center_mappings").glob("*.yaml"):
        path.write_text("center: [\n", encoding="utf-8")
    with pytest.raises(StudyError, match="is not YAML"):
        build(study, tmp_path / "out")
    assert published_run(tmp_path / "out") is None


def test_some_centers_alone_are_built_and_not_published(study: Study, tmp_path: Path) -> None:
    built = build(study, tmp_path / "out", centers=["dora", "piave"])
    assert not built.published
    assert published_run(tmp_path / "out") is None
    cohort = pq.read_table(built.folder / "cohort.parquet")
    assert set(cohort.column("center").to_pylist()) == {"dora", "piave"}


def test_no_date_lies_after_the_day_of_the_data_whatever_today_is(
    study: Study, tmp_path: Path
) -> None:
    early = load_study(study.root, as_of=date(2015, 1, 1))
    built = build(early, tmp_path / "out", centers=["dora"])
    findings = pq.read_table(built.folder / "findings.parquet")
    assert "date.after_as_of" in findings.column("check").to_pylist()
    cohort = pq.read_table(built.folder / "cohort.parquet")
    for name in ("death_date", "last_contact_date", "best_response_date"):
        dates = [day for day in cohort.column(name).to_pylist() if day]
        assert all(day <= date(2015, 1, 1) for day in dates)


# --- nothing is done twice, nothing is lost to a kill -------------------------------------------------


def test_an_unchanged_center_is_taken_from_the_store_and_a_changed_one_is_not(
    study: Study, tmp_path: Path
) -> None:
    first = build(study, tmp_path / "out")
    assert {summary.state for summary in first.centers} == {"done"}
    path = study.root / "center_mappings" / "dora.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "\n# read again\n", encoding="utf-8")
    second = build(load_study(study.root), tmp_path / "out")
    states = {summary.center: summary.state for summary in second.centers}
    assert states.pop("dora") == "done"
    assert set(states.values()) == {"cached"}
    cohorts = [(b.folder / "cohort.parquet") for b in (first, second)]
    assert pq.read_table(cohorts[0]).equals(pq.read_table(cohorts[1]))


@pytest.mark.slow
def test_a_killed_run_leaves_the_published_cohort_readable_and_the_next_run_clean(
    tmp_path: Path, project: Path
) -> None:
    out = tmp_path / "out"
    build(load_study(project), out)
    command = [sys.executable, "-m", "onecohort", "build", "--fresh", "--study", str(project)]
    chance = random.Random(4)
    for _ in range(7):
        process = subprocess.Popen(
            [*command, "--out", str(out)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        )
        time.sleep(chance.uniform(0.5, 5.0))
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert pq.read_table(out / "cohort" / "cohort.parquet").num_rows == 100
        assert json.loads((out / "cohort" / "manifest.json").read_text("utf-8"))["cohort"]
    clean = build(load_study(project), out, fresh=True)
    assert clean.published
    assert published_run(out) == clean.folder
    assert not list((out / "runs").glob(".draft-*"))
