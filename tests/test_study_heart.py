"""Four centers of 1988: `?` and -9 for missing, records wrapped over ten lines, damaged files.

UCI heart disease (CC BY 4.0); found by ONECOHORT_REAL_DATA.
"""

import os
from collections import Counter
from pathlib import Path

import pytest

from onecohort.center import run_center
from onecohort.errors import ExportError
from onecohort.examples import run_examples
from onecohort.mapping.check import check_mapping
from onecohort.mapping.load import LoadedMapping, parse_mapping
from onecohort.pool import pool
from onecohort.pseudonym import PseudonymKey
from onecohort.study import Study, load_study
from tests.study_run import Found, harmonize_files

FOLDER = Path(__file__).parent / "studies" / "heart"
REAL = os.environ.get("ONECOHORT_REAL_DATA", "")
CENTERS = ("cleveland", "hungary", "longbeach", "switzerland")

needs_data = pytest.mark.skipif(not REAL, reason="ONECOHORT_REAL_DATA is not set")


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study(FOLDER, exports=Path(REAL) / "uci_heart")


@pytest.fixture(scope="module")
def found(study: Study) -> dict[str, Found]:
    return {name: harmonize_files(study, study.load_mapping(name)) for name in CENTERS}


def changed(study: Study, center: str, *changes: tuple[str, str]) -> LoadedMapping:
    text = study.mapping_path(center).read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    return parse_mapping(text, f"{center}.yaml")


@pytest.mark.parametrize("center", CENTERS)
def test_a_mapping_has_no_mistake_and_keeps_its_examples(center: str) -> None:
    study = load_study(FOLDER)
    loaded = study.load_mapping(center)
    assert check_mapping(loaded, study.schema) == []
    assert run_examples(loaded, study.schema, as_of=study.as_of) == ()


@needs_data
def test_every_record_is_a_patient(found: dict[str, Found]) -> None:
    counts = {name: len(one.table) for name, one in found.items()}
    assert counts == {"cleveland": 303, "hungary": 292, "longbeach": 200, "switzerland": 123}


@needs_data
def test_two_patients_of_one_number_are_told_apart_from_one_patient_twice(
    found: dict[str, Found],
) -> None:
    conflicts = [f for f in found["hungary"].findings if f["check"] == "key.conflict"]
    assert {f["row"] for f in conflicts} == {1391}
    assert {"age", "chol"} <= {f["column"] for f in conflicts}


@needs_data
@pytest.mark.parametrize(
    ("center", "field", "counts"),
    [
        ("cleveland", "has_disease", {False: 164, True: 139}),
        ("hungary", "has_disease", {False: 188, True: 104}),
        ("switzerland", "has_disease", {False: 8, True: 115}),
        ("longbeach", "has_disease", {False: 51, True: 149}),
        ("cleveland", "thal", {"normal": 166, "fixed": 18, "reversible": 117, None: 2}),
    ],
)
def test_the_terms_have_the_documented_counts(
    found: dict[str, Found], center: str, field: str, counts: dict[object, int]
) -> None:
    assert Counter(p[field] for p in found[center].patients) == counts


@needs_data
def test_a_cholesterol_of_zero_is_missing_where_declared_and_impossible_elsewhere(
    study: Study, found: dict[str, Found]
) -> None:
    assert all(p["cholesterol_mg_dl"] is None for p in found["switzerland"].patients)
    undeclared = harmonize_files(study, changed(study, "switzerland", (', missing: "0"', "")))
    impossible = Counter(
        (f["check"], f["raw"]) for f in undeclared.findings if f["field"] == "cholesterol_mg_dl"
    )
    assert impossible == {("range.possible", "0"): 123}


@needs_data
def test_a_text_for_missing_that_nobody_declared_is_a_finding_in_every_cell(study: Study) -> None:
    loaded = parse_mapping(
        """
        center: hungary
        title: processed
        tables:
          patients:
            files: processed.hungarian.data
            format: csv
            columns: [age, sex, cp, trestbps, chol, fbs, restecg, thalach, exang, oldpeak, slope, ca,
                      thal, num]
            key: row number
        fields:
          sex: { from: sex, values: { "1": male, "0": female } }
          cholesterol_mg_dl: { from: chol }
          thal: { from: thal, values: { "3": normal, "6": fixed, "7": reversible } }
        """
    )
    undeclared = harmonize_files(study, loaded)
    checks = Counter((f["check"], f["raw"]) for f in undeclared.findings if f["raw"])
    assert checks["number.unreadable", "?"] == 23
    assert checks["values.unlisted", "?"] == 266
    assert len(undeclared.patients) == 294


@needs_data
@pytest.mark.parametrize(
    ("file", "lines", "message"),
    [
        ("cleveland.data", 10, r"holds a NUL byte at byte 56,998 \(line 2,824\): damaged"),
        ("new.data", 12, "columns: names 76 columns, the rows have 90 fields"),
    ],
)
def test_a_damaged_file_is_refused_in_one_clear_line(
    study: Study, file: str, lines: int, message: str
) -> None:
    loaded = changed(
        study, "hungary", ("hungarian.data", file), ("record_lines: 10", f"record_lines: {lines}")
    )
    with pytest.raises(ExportError, match=message) as refused:
        harmonize_files(study, loaded)
    assert refused.value.mistakes[0].fix


@needs_data
def test_the_four_centers_are_one_cohort(study: Study, tmp_path: Path) -> None:
    key = PseudonymKey(b"heart", "demonstration")
    summaries = [run_center(study, name, tmp_path / "store", key) for name in study.centers]
    assert {summary.center: summary.state for summary in summaries} == dict.fromkeys(
        CENTERS, "done"
    )
    pooled = pool(study, summaries, tmp_path)
    assert pooled.rows == 918
