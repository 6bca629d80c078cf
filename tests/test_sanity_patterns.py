"""Gaps, constants, rounding, doubles, lost zeros: named at the center that has them."""

import numpy as np
import pyarrow as pa
import pytest

from onecohort.findings import SCHEMA as FINDINGS
from onecohort.sanity import judge_cohort
from onecohort.sanity.patterns import find_constants, find_gaps, find_rounding
from tests.run_folders import cohort_of, enlarged, frame, schema
from tests.small_study import mapping_of, outcome_of


def test_a_field_that_one_center_leaves_empty_is_a_gap_unless_declared() -> None:
    data = frame()
    data.loc[data["center"] == "adige", "hemoglobin_g_dl"] = None
    cohort, nothing = cohort_of(data), FINDINGS.empty_table()
    gaps = [
        (s.center, s.field)
        for s in judge_cohort(cohort, nothing, schema()).suspicions
        if s.kind == "missing"
    ]
    assert ("adige", "hemoglobin_g_dl") in gaps
    declared = judge_cohort(cohort, nothing, schema(), unavailable=set(gaps))
    assert not [s for s in declared.suspicions if s.kind == "missing"]


def test_a_gap_of_few_patients_is_no_gap() -> None:
    assert find_gaps("ldh_u_l", {"a": (0, 3), "b": (9, 10), "c": (12, 13)}) == []


def test_one_value_for_all_is_named_where_the_others_vary() -> None:
    values = {name: pa.array(np.linspace(7, 12, 20).round(1)) for name in "abc"}
    (found,) = find_constants("hemoglobin_g_dl", values | {"d": pa.array([9.0] * 12)})
    assert (found.center, found.part) == ("d", 12)
    assert "all 12 values are the same" in found.evidence


def test_one_value_that_most_others_have_too_is_no_constant() -> None:
    rare = {name: pa.array(["no"] * 19 + ["yes"]) for name in "abc"}
    assert find_constants("prior_allo_hsct", rare | {"d": pa.array(["no"] * 12)}) == []


def test_values_that_end_in_zero_or_five_are_named_where_the_others_do_not() -> None:
    rng = np.random.default_rng(2)
    values = {name: rng.uniform(10, 90, 60).round(0) for name in "abc"}
    rounded = np.round(rng.uniform(10, 90, 60) / 5) * 5
    (found,) = find_rounding("bm_blasts_pct", values | {"d": rounded})
    assert (found.center, found.kind, found.part) == ("d", "digits", 60)


def test_rounding_is_no_matter_where_all_centers_round() -> None:
    rng = np.random.default_rng(2)
    values = {name: np.round(rng.uniform(10, 90, 60) / 5) * 5 for name in "abcd"}
    assert find_rounding("bm_blasts_pct", values) == []


def test_two_patients_alike_in_every_field_are_named_once() -> None:
    data = frame()
    copy = data.iloc[[20]].assign(patient_id="brenta-000000000000")
    twice = cohort_of(data)
    twice = pa.concat_tables([twice, cohort_of(copy)])
    found = [
        s
        for s in judge_cohort(twice, FINDINGS.empty_table(), schema()).suspicions
        if s.kind == "duplicate"
    ]
    assert [(s.center, s.part, s.cohort_rows.tolist()) for s in found] == [
        (data["center"].iloc[20], 2, [20, 100])
    ]


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        pytest.param(
            ["007", "012", "044", "101"], ["7", "12", "44", "101"],
            "this table has the codes of the first table without their leading zeros",
            id="lost in the second table",
        ),
        pytest.param(
            ["7", "12", "44"], ["007", "012", "044"],
            "the first table has the codes of this table without their leading zeros",
            id="lost in the first table",
        ),
    ],
)  # fmt: skip
def test_a_table_whose_codes_lost_their_zeros_is_one_finding_and_one_suspicion(
    first: list[str], second: list[str], said: str
) -> None:
    mapping = mapping_of("note: { from: u.x }", tables="u: { files: u.csv, key: id, rows: many }")
    rows = [{"id": code} for code in first]
    found = outcome_of(mapping, rows, u=[{"id": code, "x": "a"} for code in second])
    told = found.finding("key.lost_zeros")
    assert (told["message"], told["column"], told["row"]) == (said, "id", None)
    assert "`zero_pad: 3`" in told["hint"]
    suspicions = judge_cohort(cohort_of(frame()), found.harmonized.findings, schema()).suspicions
    (keys,) = (s for s in suspicions if s.kind == "keys")
    assert said in keys.shared and "zero_pad: 3" in keys.action


def test_codes_of_strangers_have_lost_no_zeros() -> None:
    mapping = mapping_of("note: { from: u.x }", tables="u: { files: u.csv, key: id }")
    found = outcome_of(mapping, [{"id": "1"}], u=[{"id": n, "x": "a"} for n in ("7", "8", "9")])
    assert set(found.checks) == {"key.orphan"}


def test_a_hundred_thousand_patients_are_judged_in_vectors() -> None:
    sanity = judge_cohort(enlarged(100_000), FINDINGS.empty_table(), schema())
    assert not [s for s in sanity.suspicions if s.kind in ("unit", "swap")]
