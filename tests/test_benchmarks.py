"""The scoreboard: every planted defect is named, nothing else is, and no patient is lost."""

import hashlib
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from benchmarks import defects as scoreboard
from benchmarks import pandas_by_hand
from benchmarks.generate import COLUMNS, Defect, make_rows, write_export
from onecohort.examples import run_examples
from onecohort.study import load_study

ROWS, DIRTY, SEED = 1000, 0.15, 7
Built = tuple[list[Defect], Path, Path]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    exports, out = tmp_path_factory.mktemp("exports"), tmp_path_factory.mktemp("out")
    planted = write_export(exports / scoreboard.EXPORT, ROWS, dirty=DIRTY, seed=SEED)
    scoreboard.build_cohort(exports, out)
    return planted, exports / scoreboard.EXPORT, out


def test_all_153_defects_are_named_and_nothing_else_is(built: Built) -> None:
    planted, _, out = built
    result = scoreboard.score(planted, ROWS, out)
    assert result.planted.total() == 153
    assert result.named == result.planted
    assert (result.false_alarms, result.repeated, result.lost) == (0, 0, 0)
    assert result.is_perfect


def test_every_kind_of_defect_has_its_own_words(built: Built) -> None:
    result = scoreboard.score(built[0], ROWS, built[2])
    assert {kind: checks for (kind, _), checks in result.checks.items()} == {
        "bad_date": {"date.impossible"},
        "below_lod": {"number.bound"},
        "date_order": {"birth_before_last_contact"},
        "missing_key": {"key.missing"},
        "non_numeric": {"number.unreadable"},
        "out_of_range": {"range.possible"},
        "unmapped_code": {"values.unlisted"},
    }


def test_the_score_counts_a_defect_that_is_not_named(built: Built) -> None:
    planted, _, out = built
    result = scoreboard.score([*planted, Defect(2, "Stadium", "unmapped_code", "V")], ROWS, out)
    assert result.named.total() == 153
    assert not result.is_perfect


def test_the_score_counts_a_finding_where_nothing_was_spoilt(built: Built) -> None:
    planted, _, out = built
    result = scoreboard.score(planted[1:], ROWS, out)
    assert result.false_alarms == 1
    assert not result.is_perfect


def test_a_finding_with_another_text_names_nothing(built: Built) -> None:
    planted, _, out = built
    assert planted[0].raw
    changed = [replace(planted[0], raw="something else"), *planted[1:]]
    assert scoreboard.score(changed, ROWS, out).named.total() == 152


def test_what_nobody_spoilt_is_what_pandas_reads(built: Built) -> None:
    planted, export, out = built
    names = dict(zip(COLUMNS, FIELDS, strict=True))
    expected = pandas_by_hand.harmonize(str(export))
    for defect in planted:
        expected.loc[defect.row - 2, names[defect.column]] = None
    expected = expected.dropna(subset="patient_id").reset_index(drop=True)
    cohort = pq.read_table(out / "cohort.parquet").to_pandas().drop(columns="center")
    for name in expected:
        pd.testing.assert_series_equal(
            cohort[name].astype(expected[name].dtype), expected[name], rtol=1e-12
        )


def test_the_pandas_script_loses_what_the_findings_keep(built: Built, tmp_path: Path) -> None:
    pandas_by_hand.main(str(built[1]), str(tmp_path / "cohort.parquet"))
    by_hand = pq.read_metadata(tmp_path / "cohort.parquet").num_rows
    kept = pq.read_metadata(built[2] / "cohort.parquet").num_rows
    assert by_hand < kept == ROWS - 15


def test_the_same_seed_makes_the_same_bytes(tmp_path: Path) -> None:
    """The task does not drift: scores of other programs on these rows stay comparable."""
    write_export(tmp_path / "a.csv", ROWS, dirty=DIRTY, seed=SEED)
    digest = hashlib.sha256((tmp_path / "a.csv").read_bytes()).hexdigest()
    assert digest == "46f7414354ca5f84c58737e5f57bf636aba8ef692353a7e193f233fc4cc1ee09"


def test_a_spoilt_row_is_spoilt_in_one_cell() -> None:
    spoilt = {
        defect.row: (row, defect)
        for row, defect in make_rows(ROWS, dirty=DIRTY, seed=SEED)
        if defect is not None
    }
    assert len(spoilt) == 153
    for row, defect in spoilt.values():
        assert row[COLUMNS.index(defect.column)] == defect.raw
        if defect.kind == "date_order":
            born, seen = (
                read_day(row[COLUMNS.index(name)]) for name in ("GebDat", "LetzterKontakt")
            )
            assert (born - seen).days == 30


def test_the_mappings_examples_hold() -> None:
    study = load_study(scoreboard.STUDY)
    loaded = study.load_mapping(scoreboard.CENTER)
    assert loaded.mapping.examples
    assert run_examples(loaded, study.schema, as_of=study.as_of) == ()


def read_day(text: str) -> date:
    day, month, year = text.split("/")
    return date(int(year), int(month), int(day))


FIELDS = (
    "patient_id", "sex", "birth_date", "diagnosis_date", "weight_kg", "height_cm", "hemoglobin_g_l", "ecog",
    "stage", "best_response", "vital_status", "last_contact_date",
)  # fmt: skip
