"""Codes read the wrong way round are named; what is too small to judge is said to be."""

from collections.abc import Mapping

import pandas as pd
import pytest

from onecohort.findings import SCHEMA as FINDINGS
from onecohort.sanity import Sanity, find_swaps, judge_cohort
from tests.run_folders import cohort_of, finding, findings_of, frame, schema

RISK_3_IS_FAVORABLE = {
    "favorable": "adverse",
    "intermediate": "intermediate",
    "adverse": "favorable",
}


def recode(
    field: str, center: str, codes: Mapping[object, object], data: pd.DataFrame | None = None
) -> pd.DataFrame:
    data = frame() if data is None else data
    mine = data["center"] == center
    data.loc[mine, field] = [codes.get(value, value) for value in data.loc[mine, field]]
    return data


def judge(data: pd.DataFrame) -> Sanity:
    return judge_cohort(cohort_of(data), FINDINGS.empty_table(), schema())


def swaps(sanity: Sanity) -> list[tuple[str, str]]:
    return [(s.center, s.field) for s in sanity.suspicions if s.kind in ("swap", "share")]


@pytest.mark.parametrize(
    ("field", "center", "codes", "evidence"),
    [
        pytest.param(
            "ecog", "brenta", {0: 4, 1: 3, 3: 1, 4: 0}, "read 0 as 4, 1 as 3", id="ECOG reversed"
        ),
        pytest.param(
            "ecog", "adige", {0: 3, 1: 2, 2: 1, 3: 0}, "read 0 as 3, 1 as 2", id="ECOG 3 to 0"
        ),
        pytest.param(
            "eln2017_risk", "piave", RISK_3_IS_FAVORABLE, "read favorable as adverse", id="risk"
        ),
        pytest.param(
            "prior_allo_hsct", "dora", {True: False, False: True}, "read yes as no", id="yes and no"
        ),
        pytest.param(
            "vital_status", "tevere", {"dead": "alive", "alive": "dead"}, "alive as dead", id="dead"
        ),
    ],
)
def test_codes_the_other_way_round_are_named_with_the_evidence(
    field: str, center: str, codes: Mapping[object, object], evidence: str
) -> None:
    found = [s for s in judge(recode(field, center, codes)).suspicions if s.kind == "swap"]
    assert [(s.center, s.field) for s in found] == [(center, field)]
    assert evidence in found[0].evidence
    assert len(found[0].cohort_rows) == found[0].of


def test_sex_swapped_is_named_where_the_shares_can_tell() -> None:
    """Nine centers of 40 patients, four of five of them men; one codes men as 2, women as 1."""
    counts = {name: [32, 8] for name in "abcdefgh"} | {"i": [9, 31]}
    (swap,) = find_swaps(counts, ["male", "female"]).swaps
    assert (swap.center, swap.meant) == ("i", ("female", "male"))


def test_sex_swapped_at_eleven_of_a_half_and_half_disease_is_too_small_to_judge() -> None:
    sanity = judge(recode("sex", "brenta", {"male": "female", "female": "male"}))
    assert ("brenta", "sex") not in swaps(sanity)
    told = [t.reason for t in sanity.too_small if (t.center, t.field) == ("brenta", "sex")]
    assert told == ["13 values: these shares swapped would look much the same"]


def test_a_check_that_nearly_all_of_one_center_fail_is_a_code_read_wrong() -> None:
    """However few: where two fields contradict each other in all rows it cannot be slips."""
    check = "secondary_flag_agrees_with_type"
    rows = [
        finding(
            center="ticino", check=check, field="is_secondary", row=2 + n, column=None, raw=None
        )
        for n in range(8)
    ]
    rows.append(finding(center="adige", check=check, field="is_secondary", row=3))
    sanity = judge_cohort(cohort_of(frame()), findings_of(*rows), schema())
    found = [s for s in sanity.suspicions if s.kind == "systematic"]
    assert [(s.center, s.field, s.part, s.of) for s in found] == [("ticino", "is_secondary", 8, 8)]


def test_a_witness_alone_does_not_accuse() -> None:
    """Where the shares by themselves speak against a swap, another field may not speak for it."""
    counts = {name: [[30, 0], [0, 30]] for name in "abcdefgh"} | {"i": [[0, 20], [10, 0]]}
    told = find_swaps(counts, ["x", "y"]).swaps
    assert [swap.center for swap in told] == ["i"]  # shares allow it, the witness is sure
    lopsided = {name: [[50, 0], [0, 10]] for name in "abcdefgh"} | {"i": [[0, 20], [2, 0]]}
    assert find_swaps(lopsided, ["x", "y"]).swaps == ()


def test_a_share_far_off_that_no_swap_explains_is_still_said() -> None:
    counts = {name: [2, 30, 8] for name in "abcdefgh"} | {"i": [20, 2, 18]}
    told = find_swaps(counts, ["a", "b", "c"]).swaps
    assert [(s.center, s.is_swap) for s in told] == [("i", False)]


def test_centers_that_differ_by_their_patients_are_not_accused() -> None:
    counts = {"a": [12, 28], "b": [20, 20], "c": [15, 25], "d": [22, 18]}
    assert find_swaps(counts, ["yes", "no"]).swaps == ()
