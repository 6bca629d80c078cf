"""A center that counts in another unit is named, with the factor and the values; a clean one never."""

import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from onecohort.findings import SCHEMA as FINDINGS
from onecohort.sanity import Sanity, find_slips, judge_cohort
from tests.run_folders import cohort_of, findings_of, frame, schema, withdrawn

Floats = npt.NDArray[np.float64]


def plant(
    field: str, center: str, ratio: float, share: float = 1.0
) -> tuple[pd.DataFrame, list[int]]:
    """The truth with a part of one center's values multiplied; and where these stand."""
    data = frame()
    rows = data.index[(data["center"] == center) & data[field].notna()]
    hit = rows[: round(len(rows) * share)]
    data.loc[hit, field] = data.loc[hit, field] * ratio
    return data, [int(row) for row in hit]


def judge(data: pd.DataFrame) -> Sanity:
    return judge_cohort(cohort_of(data), FINDINGS.empty_table(), schema())


def named(sanity: Sanity, kind: str = "unit") -> list[tuple[str, str]]:
    return [(s.center, s.field) for s in sanity.suspicions if s.kind == kind]


@pytest.mark.parametrize(
    ("field", "center", "ratio", "share", "unit"),
    [
        pytest.param("hemoglobin_g_dl", "brenta", 10, 1.0, "g/L", id="Hb in g/L"),
        pytest.param("hemoglobin_g_dl", "adige", 0.62073, 1.0, "mmol/L", id="Hb in mmol/L"),
        pytest.param("wbc_10e9_l", "dora", 1000, 0.4, "/uL", id="40 % of WBC per mm³"),
        pytest.param("wbc_10e9_l", "ticino", 1000, 1.0, "/uL", id="WBC per mm³"),
        pytest.param("creatinine_mg_dl", "piave", 88.42, 1.0, "umol/L", id="creatinine in µmol/L"),
        pytest.param("platelets_10e9_l", "tevere", 1000, 1.0, "/uL", id="platelets per mm³"),
        pytest.param("ldh_u_l", "adige", 1 / 60, 1.0, "ukat/L", id="LDH in µkat/L"),
        pytest.param("bm_blasts_pct", "brenta", 0.01, 1.0, "as 1", id="blasts as a fraction"),
        pytest.param("age_at_hma_years", "dora", 12, 1.0, "mo", id="age in months"),
    ],
)
def test_a_center_in_another_unit_is_named_with_the_unit_and_the_rows(
    field: str, center: str, ratio: float, share: float, unit: str
) -> None:
    data, rows = plant(field, center, ratio, share)
    found = [s for s in judge(data).suspicions if s.kind == "unit"]
    assert [(s.center, s.field) for s in found] == [(center, field)]
    assert unit in found[0].evidence
    assert set(found[0].cohort_rows.tolist()) == set(rows)


def test_values_that_were_withdrawn_as_impossible_still_tell_their_unit() -> None:
    data = frame()
    mine = data["center"] == "brenta"
    texts = [f"{10 * value:g}".replace(".", ",") for value in data.loc[mine, "hemoglobin_g_dl"]]
    data.loc[mine, "hemoglobin_g_dl"] = None
    lost = withdrawn(data, "brenta", "hemoglobin_g_dl", texts)
    sanity = judge_cohort(cohort_of(data), lost, schema())
    (found,) = (s for s in sanity.suspicions if s.kind == "unit")
    assert (found.center, found.field, found.of) == ("brenta", "hemoglobin_g_dl", len(texts))
    assert found.finding_rows.tolist() == list(range(len(texts)))


def test_two_wrong_centers_do_not_excuse_each_other() -> None:
    data, _ = plant("hemoglobin_g_dl", "brenta", 10)
    rows = (data["center"] == "piave") & data["hemoglobin_g_dl"].notna()
    data.loc[rows, "hemoglobin_g_dl"] = data.loc[rows, "hemoglobin_g_dl"] * 10
    assert sorted(named(judge(data))) == [
        ("brenta", "hemoglobin_g_dl"),
        ("piave", "hemoglobin_g_dl"),
    ]


def test_the_clean_sample_raises_no_suspicion_but_the_columns_that_centers_do_not_have() -> None:
    assert {s.kind for s in judge(frame()).suspicions} <= {"missing"}


def test_what_is_too_small_to_judge_is_said() -> None:
    few = {"a": np.array([9.1, 8.7]), "b": np.linspace(7, 11, 40)}
    told = find_slips(few, unit="g/dL", field="hemoglobin_g_dl")
    assert [(u.center, u.reason) for u in told.undecided] == [
        ("a", "fewer than 5 values"),
        ("b", "fewer than 15 values at the other centers"),
    ]


def test_units_that_the_spread_of_the_values_hides_are_listed() -> None:
    rng = np.random.default_rng(3)
    wide = {name: np.exp(rng.normal(1, 1.5, 11)) for name in "abcdefghi"}
    told = find_slips(wide, unit="10*9/L", field="wbc_10e9_l")
    assert not told.slips
    assert all("10 times as large" in u.reason for u in told.undecided)


def test_a_long_tail_is_not_a_second_unit() -> None:
    rng = np.random.default_rng(5)
    ages = {"adults": rng.uniform(45, 80, 400), "mixed": rng.uniform(1, 80, 400)}
    assert not find_slips(ages, unit="a", field="age").slips


@pytest.mark.parametrize("array", [[0.0, -1.0, np.nan], []])
def test_values_without_a_logarithm_are_passed_over(array: list[float]) -> None:
    values: dict[str, Floats] = {"a": np.array(array), "b": np.linspace(7, 11, 40)}
    assert find_slips(values, unit="g/dL", field="hemoglobin_g_dl").slips == ()


def test_findings_of_another_unit_than_the_fields_are_not_taken_as_they_stand() -> None:
    """A raw text that would be possible was converted first: 98 under `unit: g/L`."""
    lost = findings_of()
    data = frame()
    data.loc[data["center"] == "brenta", "hemoglobin_g_dl"] = None
    lost = withdrawn(data, "brenta", "hemoglobin_g_dl", ["9.8"] * 12)
    assert named(judge_cohort(cohort_of(data), lost, schema())) == []


def read_column(path: Path, column: str) -> Floats:
    with path.open(encoding="utf-8", newline="") as file:
        return np.array([float(row[column] or "nan") for row in csv.DictReader(file)])


COLUMNS = {
    "MCHC_g_L": "g/L",
    "WBC_G_L": "10*9/L",
    "MCV_fL": "fL",
    "Platelets_G_L": "10*9/L",
    "LDH_UI_L": "U/L",
    "Fibrinogen_g_L": "g/L",
    "ANC_G_L": "10*9/L",
    "PT_percent": "%",
    "age": "a",
}


@pytest.mark.parametrize("column", COLUMNS)
def test_six_french_hospitals_of_whom_two_and_a_half_count_hemoglobin_per_decilitre(
    column: str, real_data: Path
) -> None:
    files = sorted((real_data / "aipal_france").glob("*.csv"))
    values = {path.stem: read_column(path, column) for path in files}
    slips = find_slips(values, unit=COLUMNS[column], field=column.lower()).slips
    if column != "MCHC_g_L":
        assert slips == ()
        return
    told = {slip.center: slip for slip in slips}
    assert set(told) == {"cochin", "mondor", "nantes"}
    assert {slip.label for slip in slips} == {"g/dL"}
    assert told["cochin"].is_whole and told["mondor"].is_whole
    assert (len(told["nantes"].rows), told["nantes"].of) == (67, 129)
    assert (values["nantes"][told["nantes"].rows] < 100).all()
