"""A second study, without any engine code: Beat AML 2, 942 specimens of 805 patients.

The data are found by ONECOHORT_REAL_DATA; Bottomly et al., Cancer Cell 2022;40:850, CC BY 4.0.
"""

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from onecohort.center import run_center
from onecohort.center_summary import CenterSummary
from onecohort.examples import run_examples
from onecohort.mapping.check import check_mapping
from onecohort.mapping.load import LoadedMapping, parse_mapping
from onecohort.pool import pool
from onecohort.pseudonym import PseudonymKey
from onecohort.study import Study, load_study
from onecohort.survival import kaplan_meier, median_survival
from tests.study_run import harmonize_files

FOLDER = Path(__file__).parent / "studies" / "beataml"
REAL = os.environ.get("ONECOHORT_REAL_DATA", "")
KEY = PseudonymKey(b"beataml", "demonstration")
Row = Mapping[str, Any]

needs_data = pytest.mark.skipif(not REAL, reason="ONECOHORT_REAL_DATA is not set")


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study(FOLDER, exports=Path(REAL) / "beataml2")


@pytest.fixture(scope="module")
def run(study: Study, tmp_path_factory: pytest.TempPathFactory) -> tuple[CenterSummary, Path]:
    summary = run_center(study, "beataml", tmp_path_factory.mktemp("store"), KEY)
    folder = tmp_path_factory.mktemp("run")
    assert summary.error == ()
    pool(study, [summary], folder)
    return summary, folder


@pytest.fixture(scope="module")
def cohort(run: tuple[CenterSummary, Path]) -> list[Row]:
    rows: list[Row] = pq.read_table(run[1] / "cohort.parquet").to_pylist()
    return rows


@pytest.fixture(scope="module")
def findings(run: tuple[CenterSummary, Path]) -> list[Row]:
    rows: list[Row] = pq.read_table(run[1] / "findings.parquet").to_pylist()
    return rows


def test_the_mapping_has_no_mistake_and_keeps_its_examples() -> None:
    opened = load_study(FOLDER)
    loaded = opened.load_mapping("beataml")
    assert check_mapping(loaded, opened.schema) == []
    assert run_examples(loaded, opened.schema, as_of=opened.as_of) == ()


@needs_data
def test_the_specimens_become_patients_and_all_rows_are_accounted_for(
    run: tuple[CenterSummary, Path], cohort: list[Row]
) -> None:
    balance = run[0].tables["specimens"]
    assert (balance["delivered"], balance["cohort"]) == (942, 942)
    assert len(cohort) == 805
    assert sum(row["specimens"] for row in cohort) == 942
    lineage = pq.read_table(run[1] / "lineage.parquet")
    assert len(lineage) == 942
    assert set(lineage.column("row").to_pylist()) == set(range(2, 944))


@needs_data
@pytest.mark.parametrize(
    ("field", "counts"),
    [
        ("sex", {"male": 449, "female": 355, None: 1}),
        ("vital_status", {"dead": 468, "alive": 305, None: 32}),
        ("response", {"CR": 338, "CRi": 14, "refractory": 217, None: 236}),
    ],
)
def test_the_terms_have_the_published_counts(
    cohort: list[Row], field: str, counts: dict[str | None, int]
) -> None:
    assert Counter(row[field] for row in cohort) == counts


@needs_data
def test_median_survival_is_the_published_one(cohort: list[Row]) -> None:
    known = [row for row in cohort if row["vital_status"] and row["os_days"] is not None]
    days = [row["os_days"] for row in known]
    found = median_survival(kaplan_meier(days, [row["vital_status"] == "dead" for row in known]))
    assert (found.value, found.lower, found.upper) == (505, 430, 581)


@needs_data
def test_specimens_that_contradict_each_other_are_findings_and_not_silent_picks(
    study: Study,
) -> None:
    loaded = without(study.load_mapping("beataml"), "corrections:", "examples:")
    found = harmonize_files(study, loaded)
    torn = [
        f for f in found.findings if f["check"] == "rows.disagree" and f["field"] != "wbc_10e9_l"
    ]
    assert Counter(f["field"] for f in torn) == {
        "os_days": 2, "age_at_diagnosis_years": 2, "response": 2,
    }  # fmt: skip
    assert {f["raw"] for f in torn} == {
        "2346",
        "2014",
        "74",
        "75",
        "Refractory",
        "Complete Response",
    }
    responses = Counter(p["response"] for p in found.patients)
    assert (responses["CR"], responses["refractory"], responses[None]) == (337, 217, 237)


@needs_data
def test_a_conflict_is_settled_by_a_correction_with_its_reason(findings: list[Row]) -> None:
    settled = [f for f in findings if f["check"] == "correction.applied"]
    assert {(f["column"], f["raw"]) for f in settled} == {
        ("ageAtDiagnosis", "74"), ("overallSurvival", "2346"), ("responseToInductionTx", "Refractory"),
    }  # fmt: skip
    assert {f["row"] for f in settled} == {489}


@needs_data
def test_texts_among_the_numbers_are_declared_or_findings(findings: list[Row]) -> None:
    raws: dict[str, Counter[str]] = {}
    for finding in findings:
        raws.setdefault(finding["check"], Counter())[finding["raw"]] += 1
    assert raws["number.bound_taken"] == {">90": 2, "<1": 1, ">95": 1}
    assert raws["number.unreadable"] == {"rare": 4, "occasional": 2, "predominant": 1}
    assert set(raws) <= {
        "number.bound_taken", "number.unreadable", "rows.disagree", "correction.applied",
        "range.plausible", "text.untidy",
    }  # fmt: skip


def without(loaded: LoadedMapping, start: str, end: str) -> LoadedMapping:
    """The mapping without what stands between two of its keys."""
    text = (FOLDER / "center_mappings" / "beataml.yaml").read_text(encoding="utf-8")
    head, _, rest = text.partition(f"\n{start}")
    return parse_mapping(f"{head}\n{end}{rest.partition(end)[2]}", loaded.source.name)


def test_the_study_brings_no_engine_code() -> None:
    names = {
        path.suffix
        for path in FOLDER.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert names == {".py", ".yaml"}
    for path in FOLDER.rglob("*.py"):
        assert "onecohort" not in path.read_text(encoding="utf-8")
