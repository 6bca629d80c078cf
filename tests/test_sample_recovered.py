"""From nine messy deliveries back to the truth: every cell, every defect, nothing else."""

import csv
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from onecohort.center import run_center
from onecohort.center_summary import CenterSummary
from onecohort.pool import Pooled, pool
from onecohort.pseudonym import find_key
from onecohort.study import load_study
from sample_exports.conventions import AS_OF, CENTERS
from sample_exports.truth import read_truth

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "sample_exports"
KEY = find_key(synthetic=True)
Run = tuple[list[CenterSummary], Pooled, Path]
Row = Mapping[str, object]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    study = load_study(ROOT, exports=SAMPLE)
    store = tmp_path_factory.mktemp("store")
    summaries = [run_center(study, center, store, KEY) for center in study.centers]
    folder = tmp_path_factory.mktemp("run")
    return summaries, pool(study, summaries, folder), folder


@pytest.fixture(scope="module")
def findings(run: Run) -> list[Row]:
    found: list[Row] = pq.read_table(run[2] / "findings.parquet").to_pylist()
    return found


def test_the_study_is_read_as_of_the_day_of_the_sample() -> None:
    study = load_study(ROOT)
    assert study.as_of == AS_OF
    assert study.synthetic
    assert study.exports == SAMPLE


def test_every_center_comes_through(run: Run) -> None:
    assert {summary.center: summary.error for summary in run[0]} == dict.fromkeys(CENTERS, ())


def test_the_cohort_is_the_truth_cell_by_cell(run: Run) -> None:
    cohort = {
        row["patient_id"]: row for row in pq.read_table(run[2] / "cohort.parquet").to_pylist()
    }
    truth = {
        pseudonym(each.center, each.patient_id): each for each in read_truth(SAMPLE / "truth.csv")
    }
    assert cohort.keys() == truth.keys()
    names = [name for name in next(iter(cohort.values())) if name != "patient_id"]
    different = [
        (truth[key].center, truth[key].patient_id, name, getattr(truth[key], name), row[name])
        for key, row in cohort.items()
        for name in names
        if plain(row[name]) != getattr(truth[key], name)
    ]
    assert different == []


def test_every_planted_defect_is_a_finding_at_its_address(findings: list[Row]) -> None:
    cells = {(row["export"], row["sheet"] or "", row["row"], row["column"], row["raw"] or "")
             for row in findings}  # fmt: skip
    rows = {cell[:3] for cell in cells}
    missed = [
        defect
        for defect in defects()
        if (
            (*address(defect), defect["column"], defect["raw"]) not in cells
            if defect["column"]
            else address(defect) not in rows
        )
    ]
    assert missed == []


def test_there_is_no_finding_on_a_clean_cell(findings: list[Row]) -> None:
    whole = {address(defect) for defect in defects() if not defect["column"]}
    cells = {(*address(defect), defect["column"]) for defect in defects() if defect["column"]}
    alarms = [
        row
        for row in findings
        if (place := (row["export"], row["sheet"] or "", row["row"])) not in whole
        and (*place, row["column"]) not in cells
    ]
    assert alarms == []


def test_rows_that_are_no_patients_go_where_they_should(run: Run, findings: list[Row]) -> None:
    quarantined = {
        (row["export"], row["row"])
        for row in pq.read_table(run[2] / "quarantine.parquet").to_pylist()
    }
    merged = {
        (row["export"], row["row"])
        for row in findings
        if row["check"] in ("key.repeated", "key.conflict", "person.at_two_centers")
    }
    left_out = {
        (row["export"], row["row"])
        for row in findings
        if row["check"] in ("row.blank", "row.left_out")
    }
    went = {"quarantined": quarantined, "merged": merged, "left_out": left_out}
    astray = [
        defect
        for defect in defects()
        if defect["expected"] in went
        and (defect["file"], int(defect["row"])) not in went[defect["expected"]]
    ]
    assert astray == []


def pseudonym(center: str, code: str) -> str:
    """The patient_id that the demonstration key gives a center's own code."""
    hashed = KEY.hash(pa.array([code]), f"patient of {center}", f"{center}-")
    return str(hashed[0].as_py())


def plain(value: object) -> object:
    """A date without its midnight; anything else as it is."""
    return value.date() if isinstance(value, datetime) else value


def defects() -> list[dict[str, str]]:
    with (SAMPLE / "defects.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def address(defect: Mapping[str, str]) -> tuple[str, str, int]:
    return defect["file"], defect["sheet"], int(defect["row"])
