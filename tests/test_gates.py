"""Gates: what holds a new cohort back, each judged against the published run."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from onecohort.errors import StudyError
from onecohort.findings import SCHEMA as FINDINGS
from onecohort.gates import MEASURES, Gate, Verdict, judge, read_gates
from onecohort.manifest import write_manifest

ROOT = Path(__file__).parents[1]
Finding = tuple[str, str, str, str]  # center, column, raw, check


def write_run(
    folder: Path,
    patients: dict[str, int],
    *,
    failed: Sequence[str] = (),
    findings: Sequence[Finding] = (),
    quarantined: int = 0,
    key: str = "environment",
) -> Path:
    """A run with so many patients per center, numbered from 0."""
    folder.mkdir()
    rows = [(center, f"{center}-{n}") for center, count in patients.items() for n in range(count)]
    names = {"center": [row[0] for row in rows], "patient_id": [row[1] for row in rows]}
    pq.write_table(pa.table(names), folder / "cohort.parquet")
    told = [
        {"center": center, "column": column, "raw": raw, "check": check}
        for center, column, raw, check in findings
    ]
    pq.write_table(pa.Table.from_pylist(told, FINDINGS), folder / "findings.parquet")
    states = {center: {"state": "done"} for center in patients}
    states |= {center: {"state": "failed"} for center in failed}
    delivered = len(rows) + quarantined
    balance = {"delivered": delivered, "cohort": len(rows), "quarantined": quarantined}
    write_manifest(folder, {"centers": states, "balance": balance, "pseudonym_key": key})
    return folder


def judged(gate: str, limit: float, folder: Path, before: Path | None) -> Verdict:
    return judge([Gate(gate, gate, limit)], folder, before)[0]


def test_every_gate_of_the_study_is_known_and_every_gate_is_used() -> None:
    assert {gate.gate for gate in read_gates(ROOT)} == set(MEASURES)


@pytest.mark.parametrize("gate", [name for name in MEASURES if name != "quarantined_pct"])
def test_a_first_run_has_nothing_to_be_held_against(tmp_path: Path, gate: str) -> None:
    new = write_run(
        tmp_path / "new", {"adige": 1}, findings=[("adige", "A", "x", "column.unmapped")]
    )
    verdict = judged(gate, 0, new, None)
    assert (verdict.value, verdict.holds) == (None, True)
    assert verdict.detail == "there is no published run to compare with"


@pytest.mark.parametrize(
    ("now", "failed", "value", "detail"),
    [
        ({"adige": 1, "brenta": 1, "dora": 1}, [], 0, ""),
        ({"adige": 1, "brenta": 1, "dora": 1, "tevere": 1}, [], 0, ""),
        ({"adige": 1, "brenta": 1}, ["dora"], 1, "dora"),
        ({"adige": 1}, ["dora"], 2, "brenta, dora"),
    ],
    ids=["all there", "one more", "one failed", "one failed and one without a mapping"],
)
def test_centers_of_the_published_run_that_are_missing_are_counted(
    tmp_path: Path, now: dict[str, int], failed: list[str], value: int, detail: str
) -> None:
    old = write_run(tmp_path / "old", {"adige": 1, "brenta": 1, "dora": 1})
    new = write_run(tmp_path / "new", now, failed=failed)
    verdict = judged("center_missing", 1, new, old)
    assert (verdict.value, verdict.detail, verdict.holds) == (value, detail, value <= 1)


def test_a_center_that_had_failed_before_is_not_missed_again(tmp_path: Path) -> None:
    old = write_run(tmp_path / "old", {"adige": 1}, failed=["dora"])
    new = write_run(tmp_path / "new", {"adige": 1}, failed=["dora"])
    assert judged("center_missing", 0, new, old).value == 0


@pytest.mark.parametrize(
    ("now", "failed", "value", "holds", "detail"),
    [
        ({"adige": 50, "brenta": 50}, [], 0, True, ""),
        ({"adige": 48, "brenta": 50}, [], 2, True, "adige 2"),
        ({"adige": 47, "brenta": 50}, [], 3, False, "adige 3"),
        ({"adige": 49, "brenta": 48}, [], 3, False, "adige 1, brenta 2"),
        ({"adige": 60, "brenta": 48}, [], 2, True, "brenta 2"),
        ({"adige": 49}, ["brenta"], 2, True, "adige 1"),
        ({}, ["adige", "brenta"], 0, True, ""),
    ],
    ids=[
        "none", "at the limit", "above", "two centers", "new ones make up for none",
        "a failed center is not counted", "all failed",
    ],
)  # fmt: skip
def test_patients_that_are_not_delivered_any_more_are_counted(
    tmp_path: Path, now: dict[str, int], failed: list[str], value: float, holds: bool, detail: str
) -> None:
    old = write_run(tmp_path / "old", {"adige": 50, "brenta": 50})
    new = write_run(tmp_path / "new", now, failed=failed)
    verdict = judged("patients_lost_pct", 2, new, old)
    assert (verdict.value, verdict.holds, verdict.detail) == (value, holds, detail)


@pytest.mark.parametrize("keys", [("random", "environment"), ("environment", "random")])
def test_without_a_key_lost_patients_cannot_be_told(tmp_path: Path, keys: tuple[str, str]) -> None:
    old = write_run(tmp_path / "old", {"adige": 50}, key=keys[0])
    new = write_run(tmp_path / "new", {"adige": 1}, key=keys[1])
    verdict = judged("patients_lost_pct", 2, new, old)
    assert (verdict.value, verdict.holds) == (None, True)
    assert "without a key" in verdict.detail


@pytest.mark.parametrize(("quarantined", "holds"), [(0, True), (20, True), (21, False)])
def test_the_share_of_quarantined_rows_is_judged_in_a_first_run_too(
    tmp_path: Path, quarantined: int, holds: bool
) -> None:
    new = write_run(tmp_path / "new", {"adige": 100 - quarantined}, quarantined=quarantined)
    verdict = judged("quarantined_pct", 20, new, None)
    assert (verdict.value, verdict.holds) == (quarantined, holds)
    assert verdict.detail == f"{quarantined} of 100 rows"


@pytest.mark.parametrize(
    ("gate", "check", "before", "now", "value", "detail"),
    [
        ("new_column", "column.unmapped", [], ["B"], 1, "adige: B"),
        ("new_column", "column.unmapped", ["B"], ["B"], 0, ""),
        ("new_column", "values.unlisted", [], ["B"], 0, ""),
        ("new_code", "values.unlisted", [], ["B"], 1, "adige: B"),
        ("new_code", "mark.unlisted", [], ["B"], 1, "adige: B"),
        ("new_code", "values.unlisted", ["B"], ["B"], 0, ""),
        ("new_code", "column.unmapped", [], ["B"], 0, ""),
    ],
)
def test_what_no_mapping_speaks_for_is_counted_once_it_is_new(
    tmp_path: Path,
    gate: str,
    check: str,
    before: list[str],
    now: list[str],
    value: int,
    detail: str,
) -> None:
    def findings(columns: list[str]) -> list[Finding]:
        return [("adige", column, "raw text", check) for column in columns for _ in range(3)]

    old = write_run(tmp_path / "old", {"adige": 1}, findings=findings(before))
    new = write_run(tmp_path / "new", {"adige": 1}, findings=findings(now))
    verdict = judged(gate, 0, new, old)
    assert (verdict.value, verdict.detail, verdict.holds) == (value, detail, value == 0)
    assert "raw text" not in verdict.detail


def test_a_new_center_brings_its_codes_without_being_held_for_them(tmp_path: Path) -> None:
    old = write_run(tmp_path / "old", {"adige": 1})
    found = [("dora", "stadio", "IVb", "values.unlisted")]
    new = write_run(tmp_path / "new", {"adige": 1, "dora": 1}, findings=found)
    assert judged("new_code", 0, new, old).holds


def test_many_places_are_named_in_part(tmp_path: Path) -> None:
    old = write_run(tmp_path / "old", {"adige": 1})
    found = [("adige", f"C{n}", "", "column.unmapped") for n in range(8)]
    new = write_run(tmp_path / "new", {"adige": 1}, findings=found)
    detail = judged("new_column", 0, new, old).detail
    assert detail == "adige: C0, adige: C1, adige: C2, adige: C3, adige: C4 and 3 more"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gates: { new_colum: { title: t, limit: 0 } }", "there is no gate 'new_colum'"),
        ("gates: { new_code: { title: t } }", "limit: Field required"),
        ("gates: { new_code: { title: t, limit: -1 } }", "greater than or equal to 0"),
        ("gates: { new_code: { title: t, limit: nan } }", "finite number"),
        ("gates: { new_code: { title: t, limit: 0, x: 1 } }", "x: Extra inputs"),
        ("gates: [new_code]", "holds no gates by name"),
    ],
)
def test_a_gate_that_is_declared_wrongly_is_a_mistake_with_its_line(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "checks.yaml").write_text(f"checks: {{}}\n{text}\n")
    with pytest.raises(StudyError) as caught:
        read_gates(tmp_path)
    assert message in str(caught.value)
    assert str(caught.value).startswith("schemas/checks.yaml:2:")


def test_a_study_without_gates_has_none(tmp_path: Path) -> None:
    assert read_gates(tmp_path) == []
