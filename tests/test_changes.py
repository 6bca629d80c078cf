"""What is new, fixed, persisting or worse since the last run, however the rows have moved."""

import datetime

import pandas as pd
import pyarrow as pa
import pytest

from onecohort.changes import compare_cohorts, compare_findings, findings_status
from onecohort.lineage import SCHEMA as LINEAGE
from tests.run_folders import cohort_of, finding, findings_of, frame

OLD = "piave/pazienti_2021-06.csv"
NEW = "piave/pazienti_2021-12-01.csv"


def statuses(new: list[dict[str, object]], old: list[dict[str, object]]) -> list[str | None]:
    found: list[str | None] = findings_status(findings_of(*new), findings_of(*old)).to_pylist()
    return found


def test_without_an_earlier_run_nothing_has_a_status() -> None:
    assert findings_status(findings_of(finding()), None).to_pylist() == [None]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        pytest.param({}, "persisting", id="the same"),
        pytest.param({"row": 44}, "persisting", id="the row moved"),
        pytest.param({"export": NEW}, "persisting", id="the file has the day of the new delivery"),
        pytest.param({"export": NEW, "row": 9}, "persisting", id="both"),
        pytest.param({"raw": "dodici"}, "persisting", id="still wrong, by another text"),
        pytest.param({"message": "is no number"}, "persisting", id="other words"),
        pytest.param({"severity": "error"}, "worse", id="now an error"),
        pytest.param({"severity": "note"}, "persisting", id="now a note"),
        pytest.param({"raw": "dodici", "row": 9}, "new", id="another text in another row"),
        pytest.param({"column": "plt"}, "new", id="another column"),
        pytest.param({"check": "number.bound"}, "new", id="another check"),
        pytest.param({"center": "dora", "export": "dora/a.csv"}, "new", id="another center"),
    ],
)
def test_a_finding_is_met_again_by_what_it_is_about(change: dict[str, object], status: str) -> None:
    assert statuses([finding(**change)], [finding(export=OLD)]) == [status]


def test_of_equal_texts_as_many_persist_as_there_were() -> None:
    old = [finding(row=row) for row in (3, 8)]
    new = [finding(row=row) for row in (4, 9, 20)]
    assert sorted(map(str, statuses(new, old))) == ["new", "persisting", "persisting"]


def test_an_inserted_row_moves_findings_and_makes_none_new() -> None:
    old = [finding(row=row, raw=raw) for row, raw in ((3, "a"), (4, "b"), (9, "c"))]
    new = [finding(row=row, raw=raw) for row, raw in ((4, "a"), (5, "b"), (10, "c"))]
    assert statuses(new, old) == ["persisting"] * 3


def test_findings_without_row_text_or_column_are_met_again() -> None:
    bare = finding(row=None, raw=None, column=None, export=None)
    assert statuses([bare], [bare]) == ["persisting"]


def test_the_patient_behind_the_row_decides_where_it_is_known() -> None:
    """The same text in the same column, but of another patient, is another finding."""

    def lineage(row: int, patient: str) -> pa.Table:
        told = {"center": "piave", "patient_id": patient, "table": "pazienti"}
        return pa.Table.from_pylist([told | {"export": OLD, "sheet": None, "row": row}], LINEAGE)

    new, old = findings_of(finding(export=OLD, row=7)), findings_of(finding(export=OLD, row=5))
    same = compare_findings(
        new, old, patients=lineage(7, "piave-1"), old_patients=lineage(5, "piave-1")
    )
    assert same.status.to_pylist() == ["persisting"]
    changed = findings_of(finding(export=OLD, row=7, raw="x"))
    same = compare_findings(
        changed, old, patients=lineage(7, "piave-1"), old_patients=lineage(5, "piave-1")
    )
    assert same.status.to_pylist() == ["persisting"]


def test_what_is_gone_is_fixed_and_what_has_become_more_is_counted() -> None:
    old = findings_of(finding(), finding(check="date.partial", row=9, raw="2017"))
    new = findings_of(finding(), finding(row=30, raw="boh"))
    told = compare_findings(new, old)
    assert told.fixed.column("check").to_pylist() == ["date.partial"]
    assert told.grown.to_pylist() == [
        {"center": "piave", "field": "hemoglobin_g_dl", "check": "number.unreadable", "before": 1, "now": 2}
    ]  # fmt: skip


def test_a_second_delivery_with_every_kind_of_change() -> None:
    before = frame()
    after = before.copy()
    dead = after.index[after["vital_status"] == "dead"]
    after.loc[dead[0], ["vital_status", "death_date", "cause_of_death"]] = ["alive", None, None]
    shorter = dead[1]
    for name in ("death_date", "last_contact_date"):
        after.loc[shorter, name] = before.loc[shorter, name] - datetime.timedelta(days=1967)
    vanished = before["patient_id"].iloc[50]
    after = after[after["patient_id"] != vanished]
    newcomer = before.iloc[[3]].assign(patient_id="adige-000000000000")
    told = compare_cohorts(
        cohort_of(pd_concat(after, newcomer)),
        cohort_of(before),
    )
    assert told.added.column("patient_id").to_pylist() == ["adige-000000000000"]
    assert told.gone.column("patient_id").to_pylist() == [vanished]
    assert told.absent.num_rows == 0
    assert told.revived.column("patient_id").to_pylist() == [before["patient_id"].iloc[dead[0]]]
    assert told.backwards.to_pylist() == [
        {
            "center": before["center"].iloc[shorter],
            "patient_id": before["patient_id"].iloc[shorter],
            "days": 1967,
        }
    ]
    fields = set(told.changed.column("field").to_pylist())
    assert fields == {"vital_status", "death_date", "cause_of_death", "last_contact_date"}
    assert told.patients_changed.num_rows == 2


def pd_concat(*frames: pd.DataFrame) -> pd.DataFrame:

    return pd.concat(list(frames), ignore_index=True)


def test_the_same_cohort_in_another_order_has_not_changed() -> None:
    shuffled = frame().sample(frac=1, random_state=4)
    told = compare_cohorts(cohort_of(shuffled), cohort_of(frame()))
    assert [t.num_rows for t in (told.added, told.gone, told.changed, told.backwards)] == [0] * 4


def test_patients_of_a_center_that_is_absent_have_not_vanished_one_by_one() -> None:
    rest = frame()
    rest = rest[rest["center"] != "tevere"]
    told = compare_cohorts(cohort_of(rest), cohort_of(frame()))
    assert told.gone.num_rows == told.absent.num_rows == 8


def test_a_cohort_without_fields_of_follow_up_is_compared_all_the_same() -> None:
    short = cohort_of(frame()).select(["center", "patient_id", "sex"])
    told = compare_cohorts(short, short)
    assert (told.revived.num_rows, told.backwards.num_rows) == (0, 0)


def test_a_value_that_came_and_one_that_went_are_changes() -> None:
    after = frame()
    empty, full = after["ldh_u_l"].isna(), after["ldh_u_l"].notna()
    came, went = after.index[empty][0], after.index[full][0]
    after.loc[came, "ldh_u_l"], after.loc[went, "ldh_u_l"] = 250.0, None
    told = compare_cohorts(cohort_of(after), cohort_of(frame())).changed
    assert told.num_rows == 2
    assert told.column("before").null_count == told.column("after").null_count == 1
