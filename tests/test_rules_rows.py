"""Which row counts: `take` and its words, rows left out, keys, joins, repeated rows, corrections."""

from datetime import date
from typing import Any

import pytest

from onecohort.exports.table import Fault
from tests.small_study import Cells, Outcome, mapping_of, outcome_of, require, table_of

VISITS = "v: { files: v.csv, key: id, rows: many }"


def taken(rule: str, rows: list[tuple[str, str]], field: str = "wbc_10e9_l") -> Outcome:
    """What a rule takes of one patient's visits, each a date `d` and a value `x`."""
    loaded = mapping_of(f"start_date: {{ from: s }}\n{field}: {{ {rule} }}", tables=VISITS)
    visits = [{"id": "1", "d": day, "x": cell} for day, cell in rows]
    table = table_of(visits, name="v", columns=("id", "d", "x"))
    return outcome_of(loaded, [{"id": "1", "s": "2020-01-10"}], v=table)


THREE = [("2020-01-05", "2"), ("2020-01-01", "3"), ("2020-01-20", "1")]
TAKEN = [
    ("the first row", "take: first", THREE, 2.0),
    ("the last row", "take: last", THREE, 1.0),
    ("the first filled row", "take: first", [("2020-01-05", ""), *THREE], 2.0),
    ("the first by date", "take: first, by: v.d", THREE, 3.0),
    ("the last by date", "take: last, by: v.d", THREE, 1.0),
    ("the last of one day", "take: last, by: v.d", [*THREE, ("2020-01-20", "7")], 7.0),
    ("the earliest", "take: earliest, by: v.d", THREE, 3.0),
    ("the latest", "take: latest, by: v.d", THREE, 1.0),
    ("the smallest", "take: min", THREE, 1.0),
    ("the largest", "take: max", THREE, 3.0),
    ("the nearest", "take: nearest, near: start_date, by: v.d", THREE, 2.0),
    ("the nearest, before goes first", "take: nearest, near: start_date, by: v.d",
     [("2020-01-12", "9"), ("2020-01-08", "8")], 8.0),
    ("the nearest within days", "take: nearest, near: start_date, by: v.d, within_days: 5", THREE, 2.0),
    ("none within days", "take: nearest, near: start_date, by: v.d, within_days: 4", THREE, None),
    ("all agree", "take: agree", [("", "2"), ("", "2.0"), ("", "")], 2.0),
    ("agree, unsaid", "missing: n.d.", [("", "2"), ("", "n.d.")], 2.0),
    ("only some rows", "take: max, where: { v.d: [2020-01-01, 2020-01-20] }", THREE, 3.0),
    ("no row", "take: max", [], None),
    ("equal values of one day", "take: latest, by: v.d", [("2020-01-05", "2"), ("2020-01-05", "2")], 2.0),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "rows", "value"), [r[1:] for r in TAKEN], ids=[r[0] for r in TAKEN]
)
def test_the_row_that_counts_is_the_one_the_mapping_names(
    rule: str, rows: list[tuple[str, str]], value: float | None
) -> None:
    found = taken(f"from: v.x, {rule}", rows)
    assert found.column("wbc_10e9_l") == [value]
    assert set(found.checks) <= {"cell.unused", "column.unmapped"}


@pytest.mark.parametrize(
    ("field", "take", "cells", "value"),
    [
        ("response", "best", ["PD", "CRi", "SD"], "CRi"),
        ("response", "min", ["PD", "CRi"], "CRi"),
        ("note", "max", ["a", "b", "a"], "b"),
        ("is_treated", "max", ["no", "yes"], True),
        ("is_treated", "min", ["no", "yes"], False),
        ("death_date", "earliest", ["2020-03-01", "2020-02-01"], date(2020, 2, 1)),
        ("death_date", "latest", ["2020-03-01", "2020-02-01"], date(2020, 3, 1)),
        ("cycles", "count", ["C1", "C2", "", "C2"], 3),
        ("cycles", "count", [""], None),
        ("wbc_10e9_l", "count", ["2020-01-01"], 1.0),
    ],
)
def test_every_kind_of_value_can_be_taken(
    field: str, take: str, cells: list[str], value: Any
) -> None:
    loaded = mapping_of(f"{field}: {{ from: v.x, take: {take} }}", tables=VISITS)
    found = outcome_of(loaded, [{"id": "1"}], v=[{"id": "1", "x": cell} for cell in cells])
    assert (found.column(field), found.findings) == ([value], [])


def test_an_impossible_count_is_a_finding_at_the_first_row() -> None:
    loaded = mapping_of("cycles: { from: v.x, take: count }", tables=VISITS)
    found = outcome_of(loaded, [{"id": "1"}], v=[{"id": "1", "x": "c"}] * 61)
    assert found.column("cycles") == [None]
    finding = found.finding("range.possible")
    assert (finding["row"], finding["export"], finding["column"]) == (2, "v.csv", "x")


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("from: v.x", "differs between the rows of one patient, so none of them was taken"),
        ("from: v.x, take: latest, by: v.d",
         "differs between rows of one patient that count alike, so none of them was taken"),
    ],
)  # fmt: skip
def test_rows_that_contradict_each_other_are_findings_not_silent_picks(
    rule: str, message: str
) -> None:
    found = taken(rule, [("2020-01-05", "2"), ("2020-01-05", "3")])
    assert found.column("wbc_10e9_l") == [None]
    conflicts = [f for f in found.findings if f["check"] == "rows.disagree"]
    assert [(f["row"], f["raw"], f["message"]) for f in conflicts] == [
        (2, "2", message),
        (3, "3", message),
    ]
    assert found.harmonized.columns["v"]["x"].findings == 2


def test_a_value_without_its_date_is_a_finding() -> None:
    found = taken("from: v.x, take: latest, by: v.d", [("", "2"), ("2020-01-01", "3")])
    assert found.column("wbc_10e9_l") == [3.0]
    finding = found.finding("order.missing")
    assert (finding["row"], finding["raw"]) == (2, "2")
    assert finding["message"] == "has no date in d, so nobody knows whether it counts"


def test_a_date_that_cannot_be_read_costs_its_row_only() -> None:
    found = taken("from: v.x, take: latest, by: v.d", [("soon", "2"), ("2020-01-01", "3")])
    assert found.column("wbc_10e9_l") == [3.0]
    assert sorted(found.checks) == ["date.unreadable", "order.missing"]


def test_nothing_is_near_to_a_date_that_is_missing() -> None:
    loaded = mapping_of(
        "start_date: { from: s }\n"
        "wbc_10e9_l: { from: v.x, take: nearest, near: start_date, by: v.d }",
        tables=VISITS,
    )
    found = outcome_of(loaded, [{"id": "1", "s": ""}], v=[{"id": "1", "d": "2020-01-01", "x": "3"}])
    assert found.column("wbc_10e9_l") == [None]
    finding = found.finding("anchor.missing")
    assert finding["message"] == "cannot be chosen, because start_date is missing"
    assert finding["hint"] == "look at start_date"


def test_a_long_laboratory_table_is_read_field_by_field() -> None:
    loaded = mapping_of(
        """
        start_date: { from: s }
        hemoglobin_g_dl: { from: lab.v, unit_from: lab.u, where: { lab.a: [Hb, HGB] },
                           take: nearest, near: start_date, by: lab.d, within_days: 7 }
        wbc_10e9_l: { from: lab.v, unit_from: lab.u, where: { lab.a: WBC },
                      take: nearest, near: start_date, by: lab.d, within_days: 7 }
        """,
        tables="lab: { files: lab.csv, key: id, rows: many }",
    )
    lab = [
        ("Hb", "98", "g/L", "2020-01-08"),
        ("hgb", "9.1", "g/dL", "2020-01-09"),
        ("WBC", "3400", "/mmc", "2020-01-10"),
        ("WBC", "9", "10^9/L", "2020-03-10"),
        ("PLT", "44", "10^9/L", "2020-01-10"),
    ]
    rows = [{"id": "1", "a": a, "v": v, "u": u, "d": d} for a, v, u, d in lab]
    found = outcome_of(loaded, [{"id": "1", "s": "2020-01-10"}], lab=rows)
    assert found.patients[0]["hemoglobin_g_dl"] == 9.1
    assert found.patients[0]["wbc_10e9_l"] == 3.4
    unused = [f for f in found.findings if f["check"] == "cell.unused"]
    assert {(f["row"], f["column"]) for f in unused} == {(6, "v"), (6, "u")}


def test_a_first_table_may_have_many_rows_per_patient() -> None:
    loaded = mapping_of("wbc_10e9_l: { from: x, take: max }", table="rows: many")
    rows = [{"id": "b", "x": "1"}, {"id": "a", "x": "2"}, {"id": "b", "x": "3"}]
    found = outcome_of(loaded, rows)
    assert {p["patient_id"]: p["wbc_10e9_l"] for p in found.patients} == {"b": 3.0, "a": 2.0}
    assert found.harmonized.tables["t"].cohort == 3


# --- keys and joins ------------------------------------------------------------------------------


def test_tables_are_joined_by_keys_whose_zeros_were_lost() -> None:
    loaded = mapping_of(
        "wbc_10e9_l: { from: c.x }",
        table="zero_pad: 6",
        tables="c: { files: c.csv, key: code, zero_pad: 6 }",
    )
    found = outcome_of(loaded, [{"id": "000042"}, {"id": "B7"}], c=[{"code": "42", "x": "3"}])
    assert [p["patient_id"] for p in found.patients] == ["000042", "B7"]
    assert found.column("wbc_10e9_l") == [3.0, None]


def test_a_key_may_be_two_columns() -> None:
    loaded = mapping_of("wbc_10e9_l: { from: x }", table="key: [site, id]")
    rows = [
        {"site": "A", "id": "1", "x": "1"},
        {"site": "B", "id": "1", "x": "2"},
        {"site": "", "id": "2", "x": "3"},
    ]
    found = outcome_of(loaded, rows)
    assert {p["patient_id"]: p["wbc_10e9_l"] for p in found.patients} == {"A|1": 1.0, "B|1": 2.0}
    assert found.finding("key.missing")["row"] == 4


def test_a_key_that_is_declared_missing_is_missing() -> None:
    loaded = mapping_of("wbc_10e9_l: { from: x }", table="missing: n.d.")
    found = outcome_of(loaded, [{"id": "N.D.", "x": "1"}])
    assert (found.patients, found.checks) == ([], ["key.missing"])
    assert found.harmonized.quarantine.to_pylist()[0]["reason"].startswith("has no key")


def test_a_row_that_belongs_to_nobody_is_quarantined() -> None:
    loaded = mapping_of("wbc_10e9_l: { from: v.x, take: max }", tables=VISITS)
    found = outcome_of(loaded, [{"id": "1"}], v=[{"id": "1", "x": "1"}, {"id": "9", "x": "2"}])
    finding = found.finding("key.orphan")
    assert (finding["export"], finding["row"], finding["raw"]) == ("v.csv", 3, "9")
    assert found.harmonized.tables["v"].quarantined == 1
    (kept,) = found.harmonized.quarantine.to_pylist()
    assert (kept["check"], kept["cells"]) == ("key.orphan", '{"id": "9", "x": "2"}')


def test_rows_follow_the_fate_of_their_patient() -> None:
    loaded = mapping_of(
        "sex: { from: s }\nwbc_10e9_l: { from: v.x, take: max }",
        table="leave_out: [{ when: { s: test }, reason: a test }]",
        tables=VISITS,
    )
    people = [{"id": "1", "s": "male"}, {"id": "2", "s": ""}, {"id": "3", "s": "test"}]
    visits = [{"id": number, "x": "1"} for number in "123"]
    found = outcome_of(loaded, people, v=visits, schema=require("sex"))
    balance = found.harmonized.tables["v"]
    assert (balance.cohort, balance.quarantined, balance.left_out) == (1, 1, 1)
    lineage = found.harmonized.lineage.to_pylist()
    assert [(one["patient_id"], one["table"], one["row"]) for one in lineage] == [("1", "v", 2)]
    reasons = [(q["export"], q["row"], q["check"]) for q in found.harmonized.quarantine.to_pylist()]
    assert reasons == [("t.csv", 3, "required.missing"), ("v.csv", 3, "patient.quarantined")]


def test_a_rule_may_read_columns_of_two_tables() -> None:
    loaded = mapping_of(
        'is_treated: { cases: [{ when: { x: "1", c.y: present }, then: yes }], otherwise: no }\n'
        "wbc_10e9_l: { filled_from: [x, c.y] }",
        tables="c: { files: c.csv, key: id }",
    )
    rows = [{"id": "1", "x": "1"}, {"id": "2", "x": ""}, {"id": "3", "x": "1"}]
    found = outcome_of(loaded, rows, c=[{"id": "2", "y": "soon"}, {"id": "1", "y": "2"}])
    assert found.column("is_treated") == [True, False, False]
    assert found.column("wbc_10e9_l") == [1.0, None, 1.0]
    finding = found.finding("number.unreadable")
    address = [finding[name] for name in ("export", "column", "row", "raw")]
    assert address == ["c.csv", "y", 2, "soon"]


def test_what_is_missing_in_the_other_table_is_missing_here() -> None:
    loaded = mapping_of(
        "wbc_10e9_l: { filled_from: [x, c.y] }\n"
        'is_treated: { cases: [{ when: { x: "", c.y: present }, then: yes }], otherwise: no }',
        tables="c: { files: c.csv, key: id, missing: n.d. }",
    )
    declared = {"y": frozenset({"999"})}
    others = table_of([{"id": "1", "y": "999"}, {"id": "2", "y": "N.D."}], user_missing=declared)
    found = outcome_of(loaded, [{"id": "1", "x": ""}, {"id": "2", "x": ""}], c=others)
    assert found.column("wbc_10e9_l") == [None, None]
    assert found.column("is_treated") == [False, False]
    assert found.findings == []


# --- rows that do not count ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "table",
    ['where: { n: ">= 3" }', 'leave_out: [{ when: { n: "< 3" }, reason: too few }]'],
)
def test_a_row_that_leaves_the_condition_open_is_quarantined(table: str) -> None:
    rows = [{"id": str(k), "x": "1", "n": n} for k, n in enumerate(("5", "many", "2"), 1)]
    found = outcome_of(mapping_of("wbc_10e9_l: { from: x }", table=table), rows)
    assert found.column("patient_id") == ["1"]
    finding = found.finding("condition.open")
    assert (finding["row"], finding["column"], finding["raw"]) == (3, "n", "many")
    balance = found.harmonized.tables["t"]
    assert (balance.quarantined, balance.left_out) == (1, 1)


def test_rows_outside_where_are_left_out_and_counted() -> None:
    loaded = mapping_of("wbc_10e9_l: { from: x }", table="where: { k: [AML, LAM] }")
    rows = [
        {"id": "1", "k": "lam", "x": "1"},
        {"id": "2", "k": "MDS", "x": "2"},
        {"id": "3", "k": "", "x": "3"},
    ]
    found = outcome_of(loaded, rows)
    assert found.column("wbc_10e9_l") == [1.0]
    assert [f["row"] for f in found.findings if f["check"] == "row.outside_where"] == [3, 4]
    assert found.harmonized.tables["t"].left_out == 2
    assert found.harmonized.columns["t"]["x"].set_aside == 2


def test_a_code_that_the_file_declares_missing_meets_no_condition() -> None:
    loaded = mapping_of("note: { from: x }", table="where: { x: present }")
    declared = {"x": frozenset({"999"})}
    rows = table_of([{"id": "1", "x": "999"}, {"id": "2", "x": "1"}], user_missing=declared)
    assert [p["patient_id"] for p in outcome_of(loaded, rows).patients] == ["2"]


def test_rows_left_out_carry_their_reason() -> None:
    loaded = mapping_of(
        "wbc_10e9_l: { from: x }",
        table="leave_out: [{ when: { id: Total }, reason: total row }, { when: { x: '0' }, reason: zero }]",
    )
    rows = [{"id": "1", "x": "1"}, {"id": "total", "x": "9"}, {"id": "2", "x": "0"}]
    found = outcome_of(loaded, rows)
    messages = {f["row"]: f["message"] for f in found.findings}
    assert messages == {3: "left out: total row", 4: "left out: zero"}


def test_a_blank_row_is_no_patient_and_no_loss() -> None:
    rows: list[Cells] = [{"id": "1", "x": "1", "n": ""}, {"id": "", "x": " ", "n": None}]
    found = outcome_of(mapping_of("wbc_10e9_l: { from: x }", more="ignore: { n: notes }"), rows)
    assert (found.checks, found.harmonized.tables["t"].left_out) == (["row.blank"], 1)


def test_a_row_with_nothing_but_a_note_is_not_blank() -> None:
    rows = [{"id": "", "x": "", "n": "see above"}]
    found = outcome_of(mapping_of("wbc_10e9_l: { from: x }", more="ignore: { n: notes }"), rows)
    assert found.checks == ["key.missing"]


# --- repeated keys -------------------------------------------------------------------------------

TWICE = [
    {"id": "1", "x": "1", "d": "2020-01-01"},
    {"id": "2", "x": "5", "d": "2020-01-01"},
    {"id": "1", "x": "2", "d": "2020-02-01"},
    {"id": "1", "x": "3", "d": "2020-01-15"},
]
BOTH = "wbc_10e9_l: { from: x }\nstart_date: { from: d }"


@pytest.mark.parametrize(
    ("declared", "value", "merged"),
    [
        ("repeated: first", 1.0, 2),
        ("repeated: last", 3.0, 2),
        ("repeated: { latest: d }", 2.0, 2),
        ("repeated: quarantine", None, 0),
        ("", None, 0),
    ],
)
@pytest.mark.parametrize("batch_rows", [100, 2, 1])
def test_of_repeated_rows_the_declared_one_stays(
    declared: str, value: float | None, merged: int, batch_rows: int
) -> None:
    found = outcome_of(mapping_of(BOTH, table=declared), TWICE, batch_rows=batch_rows)
    by_id = {p["patient_id"]: p["wbc_10e9_l"] for p in found.patients}
    assert by_id == {"2": 5.0} | ({"1": value} if value is not None else {})
    balance = found.harmonized.tables["t"]
    assert (balance.merged, balance.quarantined) == (merged, 0 if value else 3)
    assert found.count("key.conflict") == 4
    assert {f["severity"] for f in found.findings} == {"note" if value else "error"}


def test_a_conflict_names_the_row_it_conflicts_with() -> None:
    found = outcome_of(mapping_of("wbc_10e9_l: { from: x }"), [TWICE[0], TWICE[2]])
    (finding,) = [f for f in found.findings if f["check"] == "key.conflict"]
    assert finding["message"] == "differs from row 2 of the same patient, so neither was taken"
    assert (finding["row"], finding["column"], finding["raw"]) == (3, "x", "2")
    kept = found.harmonized.quarantine.to_pylist()
    assert [(q["row"], q["check"]) for q in kept] == [(2, "key.conflict"), (3, "key.conflict")]


@pytest.mark.parametrize("batch_rows", [100, 1])
def test_identical_rows_are_merged_with_a_note(batch_rows: int) -> None:
    rows = [{"id": "1", "x": "1"}, {"id": " 1", "x": "1 "}]
    found = outcome_of(mapping_of("wbc_10e9_l: { from: x }"), rows, batch_rows=batch_rows)
    assert len(found.patients) == 1
    finding = found.finding("key.repeated")
    assert finding["message"] == "says the same as row 2, into which it was merged"
    assert found.harmonized.tables["t"].merged == 1


def test_a_torn_key_that_comes_back_in_a_later_batch_does_not_enter() -> None:
    rows = [
        {"id": "a", "x": "1"},
        {"id": "a", "x": "2"},
        {"id": "b", "x": "1"},
        {"id": "a", "x": "3"},
    ]
    found = outcome_of(mapping_of("wbc_10e9_l: { from: x }"), rows, batch_rows=2)
    assert [p["patient_id"] for p in found.patients] == ["b"]
    assert found.harmonized.tables["t"].quarantined == 3


UNDECIDED = {
    "the same day": ("2020-01-01", "2020-01-01"),
    "no day at all": ("", ""),
    "not a day": ("soon", "late"),
}


@pytest.mark.parametrize("case", UNDECIDED)
@pytest.mark.parametrize("older", [None, "2019-01-01"])
def test_rows_of_which_none_is_the_latest_are_quarantined(case: str, older: str | None) -> None:
    rows = [
        {"id": "1", "x": str(n), "d": day}
        for n, day in enumerate((*UNDECIDED[case], *([older] if older else [])), 1)
    ]
    found = outcome_of(mapping_of("wbc_10e9_l: { from: x }", table="repeated: { latest: d }"), rows)
    if older and case != "the same day":  # the dated row is the latest of those with a date
        assert found.column("wbc_10e9_l") == [3.0]
        return
    assert found.patients == []
    conflicts = [one for one in found.findings if one["check"] == "key.conflict"]
    assert {one["severity"] for one in conflicts} == {"error"}
    assert conflicts[0]["hint"] == ("correct one of the rows: d does not tell which is the latest")


def test_an_unreadable_day_that_decides_between_rows_is_a_finding() -> None:
    rows = [
        {"id": "1", "x": "1", "d": "2019-01-01"},
        {"id": "1", "x": "2", "d": "2O20-01-01"},
        {"id": "1", "x": "3", "d": "n.d."},
    ]
    table = "repeated: { latest: d }, missing: n.d."
    found = outcome_of(mapping_of("wbc_10e9_l: { from: x }", table=table), rows)
    assert found.column("wbc_10e9_l") == [1.0]
    unread = found.finding("date.unreadable")
    assert (unread["row"], unread["column"], unread["raw"]) == (3, "d", "2O20-01-01")
    assert unread["message"].endswith("counts as undated among those of its patient")


def test_repeated_rows_of_a_second_table_are_decided_there() -> None:
    loaded = mapping_of(
        "wbc_10e9_l: { from: c.x }", tables="c: { files: c.csv, key: id, repeated: last }"
    )
    found = outcome_of(loaded, [{"id": "1"}], c=[{"id": "1", "x": "1"}, {"id": "1", "x": "2"}])
    assert found.column("wbc_10e9_l") == [2.0]
    assert found.harmonized.tables["c"].merged == 1


# --- corrections ---------------------------------------------------------------------------------


def corrected(correction: str, rows: list[Cells], **more: Any) -> Outcome:
    loaded = mapping_of(
        "wbc_10e9_l: { from: x }",
        more=f"corrections:\n  - {{ {correction}, reason: typing error }}",
        **more,
    )
    return outcome_of(loaded, rows)


@pytest.mark.parametrize("whose", ["patient: '1'", "row: 2"])
def test_a_correction_is_applied_and_noted(whose: str) -> None:
    found = corrected(f"{whose}, column: x, was: 3O, now: '30'", [{"id": "1", "x": "3O"}])
    assert found.column("wbc_10e9_l") == [30.0]
    finding = found.finding("correction.applied")
    assert (finding["raw"], finding["hint"]) == ("3O", "taken as '30'")
    assert finding["message"] == "corrected as declared: typing error"
    assert (finding["rule"], finding["severity"]) == ("corrections[0]", "note")


@pytest.mark.parametrize(("stands", "was"), [(" 3O", "3O"), ("3O\u00a0", "3O"), ("3O", "3O ")])
def test_blanks_that_nobody_sees_do_not_stop_a_correction(stands: str, was: str) -> None:
    found = corrected(f"row: 2, column: x, was: '{was}', now: '30'", [{"id": "1", "x": stands}])
    assert found.column("wbc_10e9_l") == [30.0]
    assert found.finding("correction.applied")["raw"] == stands


@pytest.mark.parametrize(
    "whose",
    ["patient: '1'", "row: 2", "patient: '9'", "row: 99"],
)
def test_a_correction_whose_text_no_longer_stands_is_reported(whose: str) -> None:
    found = corrected(f"{whose}, column: x, was: 3O, now: '30'", [{"id": "1", "x": "31"}])
    assert found.column("wbc_10e9_l") == [31.0]
    finding = found.finding("correction.unused")
    assert finding["message"] == "the correction found no cell that holds what it corrects"
    assert finding["severity"] == "warning"


def test_a_correction_can_mend_a_key() -> None:
    found = corrected(
        "row: 3, column: id, was: '1', now: '2'", [{"id": "1", "x": "1"}, {"id": "1", "x": "2"}]
    )
    assert [p["patient_id"] for p in found.patients] == ["1", "2"]


@pytest.mark.parametrize("missing", ["0", "0000"])
def test_a_key_that_is_declared_missing_is_none_padded_or_not(missing: str) -> None:
    loaded = mapping_of("wbc_10e9_l: { from: x }", table=f'zero_pad: 4, missing: "{missing}"')
    found = outcome_of(loaded, [{"id": "0", "x": "1"}, {"id": "12", "x": "2"}])
    assert found.column("patient_id") == ["0012"]
    assert found.finding("key.missing")["raw"] == "0"


def test_a_correction_finds_a_padded_key() -> None:
    found = corrected(
        "patient: '42', column: x, was: '1', now: '2'",
        [{"id": "0042", "x": "1"}],
        table="zero_pad: 4",
    )
    assert found.column("wbc_10e9_l") == [2.0]


def test_a_correction_names_its_table() -> None:
    loaded = mapping_of(
        "wbc_10e9_l: { from: v.x, take: max }",
        tables=VISITS,
        more="corrections: [{ patient: '1', table: v, column: x, was: '1', now: '7', reason: why }]",
    )
    found = outcome_of(loaded, [{"id": "1"}], v=[{"id": "1", "x": "1"}, {"id": "1", "x": "2"}])
    assert (found.column("wbc_10e9_l"), found.checks) == ([7.0], ["correction.applied"])


# --- what a reader could not give ----------------------------------------------------------------


def test_a_row_that_the_reader_lost_is_delivered_and_quarantined() -> None:
    fault = Fault(3, None, "1;2;3;4", "row.ragged", "has 4 cells, the header 2")
    found = outcome_of(
        mapping_of("wbc_10e9_l: { from: x }"), table_of([{"id": "1", "x": "1"}], faults=(fault,))
    )
    balance = found.harmonized.tables["t"]
    assert (balance.delivered, balance.quarantined, balance.cohort) == (2, 1, 1)
    assert found.finding("row.ragged")["severity"] == "error"
    assert found.harmonized.quarantine.to_pylist()[0]["cells"] == "1;2;3;4"


def test_a_cell_that_the_reader_lost_is_a_finding_and_never_read() -> None:
    faults = (
        Fault(2, "x", "#N/A", "cell.error", "holds an error"),
        Fault(2, "ignored", "#REF!", "cell.error", "holds an error"),
    )
    rows = table_of([{"id": "1", "x": "5"}], faults=faults)
    found = outcome_of(mapping_of("wbc_10e9_l: { from: x }"), rows)
    assert (found.column("wbc_10e9_l"), found.count("cell.error")) == ([None], 2)


@pytest.mark.parametrize("batch_rows", [1, 2, 100])
def test_a_batch_in_which_nobody_may_enter_stops_nothing(batch_rows: int) -> None:
    rows = [{"id": "", "x": "1"}, {"id": "", "x": "2"}, {"id": "1", "x": "3"}]
    found = outcome_of(mapping_of("wbc_10e9_l: { from: x }"), rows, batch_rows=batch_rows)
    assert (found.column("wbc_10e9_l"), found.count("key.missing")) == ([3.0], 2)


def test_visits_may_be_ordered_by_their_number() -> None:
    found = taken("from: v.x, take: latest, by: v.d", [("9", "1"), ("10", "2"), ("1.5", "3")])
    assert (found.column("wbc_10e9_l"), found.checks) == ([2.0], [])


def test_rows_without_any_key_are_patients_by_their_number() -> None:
    loaded = mapping_of("wbc_10e9_l: { from: x }", table="key: row number")
    rows = [{"x": "1", "n": ""}, {"x": "", "n": ""}, {"x": "1", "n": ""}]
    found = outcome_of(loaded, rows, batch_rows=1)
    assert [p["patient_id"] for p in found.patients] == ["2", "4"]
    assert sorted(set(found.checks)) == ["column.unmapped", "row.blank"]


def test_a_table_without_rows_gives_an_empty_cohort() -> None:
    empty = table_of([], columns=("id", "x"))
    found = outcome_of(mapping_of("wbc_10e9_l: { from: x }"), empty)
    assert (found.patients, found.findings) == ([], [])


def test_every_row_of_a_patient_stands_in_the_lineage() -> None:
    loaded = mapping_of("wbc_10e9_l: { from: x, take: max }", table="rows: many")
    rows = [{"id": "b", "x": "1"}, {"id": "a", "x": "2"}, {"id": "b", "x": "3"}]
    found = outcome_of(loaded, rows)
    assert {p["patient_id"]: p["_row"] for p in found.patients} == {"b": 2, "a": 3}
    further = found.harmonized.lineage.to_pylist()
    assert [(one["patient_id"], one["table"], one["row"]) for one in further] == [("b", "t", 4)]
