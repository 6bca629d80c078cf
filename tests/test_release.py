"""What is released cannot be joined back: no date, no id, no center's name, no small cell."""

import csv
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from onecohort.errors import StudyError
from onecohort.pseudonym import PseudonymKey
from onecohort.release import Released, group_ages, hide_small, release
from onecohort.study import Study, load_study

KEY = PseudonymKey(b"a key for tests", "environment")


@pytest.fixture(scope="module")
def study(project: Path) -> Study:
    return load_study(project)


def _cohort(study: Study, count: int = 12, **given: list[object]) -> pa.Table:
    """A cohort of `count` patients with plain values, and those given."""
    columns = {}
    for spec in study.schema.published:
        plain: dict[str, object] = {
            "term": spec.codes[0] if spec.terms else None,
            "date": date(2015, 3, 1),
            "integer": 60,
            "number": 1.5,
            "boolean": True,
        }
        value = plain.get(spec.kind, f"{spec.name}-secret")
        columns[spec.name] = pa.array(given.get(spec.name, [value] * count), spec.arrow_type)
    columns["patient_id"] = pa.array([f"brenta-{number:012x}" for number in range(count)])
    columns["center"] = pa.array(["brenta", "dora"] * (count // 2))
    return pa.table(columns)


@pytest.fixture
def released(study: Study, tmp_path: Path) -> Released:
    return release(_cohort(study), study.schema, "hma_start_date", KEY, tmp_path / "release")


def test_no_calendar_date_and_no_id_is_in_any_released_file(
    released: Released, tmp_path: Path
) -> None:
    assert released.rows == 12
    table = pq.read_table(tmp_path / "release" / "cohort.parquet")
    assert not any(pa.types.is_date(kind) for kind in table.schema.types)
    for path in (tmp_path / "release").iterdir():
        content = path.read_bytes()
        for secret in (b"brenta", b"2015", b"secret"):
            assert secret not in content, path.name


def test_dates_become_days_since_the_anchor(study: Study, tmp_path: Path) -> None:
    cohort = _cohort(study, 2, death_date=[date(2015, 3, 31), None])
    release(cohort, study.schema, "hma_start_date", KEY, tmp_path)
    days = pq.read_table(tmp_path / "cohort.parquet").column("death_days").to_pylist()
    assert sorted(days, key=str) == [30, None]


def test_without_an_anchor_dates_are_left_out(study: Study, tmp_path: Path) -> None:
    done = release(_cohort(study), study.schema, None, KEY, tmp_path)
    assert not any(name.endswith("_days") for name in done.columns)
    assert "death_date" in done.left_out


def test_a_patient_without_the_anchor_is_a_mistake(study: Study, tmp_path: Path) -> None:
    cohort = _cohort(study, 2, hma_start_date=[date(2015, 3, 1), None])
    with pytest.raises(StudyError, match="1 patients have no hma_start_date"):
        release(cohort, study.schema, "hma_start_date", KEY, tmp_path)


def test_the_order_of_release_is_not_the_order_of_the_cohort(study: Study, tmp_path: Path) -> None:
    ages = list(range(40, 80))
    cohort = _cohort(study, 40, age_at_hma_years=list[object](ages))
    release(cohort, study.schema, "hma_start_date", KEY, tmp_path)
    shuffled = pq.read_table(tmp_path / "cohort.parquet").column("age_at_hma_years").to_pylist()
    assert shuffled != ages
    assert sorted(shuffled) == ages


def test_ages_above_89_are_one_group() -> None:
    grouped, count = group_ages(pa.chunked_array([pa.array([18, 89, 90, 101, None])]))
    assert grouped.to_pylist() == [18, 89, 90, 90, None]
    assert count == 2


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ({"yes": 50, "no": 40}, {"yes": "50", "no": "40"}),
        ({"yes": 50, "no": 2}, {"yes": "hidden", "no": "<5"}),
        ({"a": 50, "b": 2, "c": 3}, {"a": "50", "b": "<5", "c": "<5"}),
        ({"a": 50, "b": 2, "c": 9}, {"a": "50", "b": "<5", "c": "hidden"}),
        ({"a": 3}, {"a": "<5"}),
        ({"a": 9, "b": 0}, {"a": "9", "b": "0"}),
    ],
)
def test_small_cells_are_hidden_and_cannot_be_had_by_subtraction(
    counts: dict[str, int], shown: dict[str, str]
) -> None:
    assert dict(hide_small(counts)) == shown


def test_the_tables_hide_small_cells(study: Study, tmp_path: Path) -> None:
    sexes: list[object] = ["male"] * 10 + ["female"] * 2
    release(_cohort(study, 12, sex=sexes), study.schema, "hma_start_date", KEY, tmp_path)
    with (tmp_path / "tables.csv").open(encoding="utf-8", newline="") as file:
        rows = {(row["field"], row["term"]): row["patients"] for row in csv.DictReader(file)}
    assert rows["sex", "female"] == "<5"
    assert rows["sex", "male"] == "hidden"
