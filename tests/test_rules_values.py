"""Terms, booleans, texts, split cells and constants: (cell, rule, value or finding)."""

from typing import Any

import pytest

from tests.small_study import SCHEMA, mapping_of, outcome_of, read

READ = [
    ("a listed text", "sex", "from: x, values: { M: male, F: female }", "F", "female"),
    ("case and blanks do not matter", "sex", "from: x, values: { De  Sesso M: male }",
     " de sesso m ", "male"),
    ("two Unicode forms are one", "sex", "from: x, values: { \u00e8 donna: female }",
     "e\u0300 donna", "female"),
    ("compatibility forms are one", "sex", "from: x, values: { M2: male }", "M²", "male"),
    ("the same but for case, as typed", "response", "from: x, values: { CR: CR, cr: CRi }", "cr", "CRi"),
    ("the term itself, without a list", "sex", "from: x", "Male", "male"),
    ("numbers are texts", "sex", 'from: x, values: { "1": male, "01": female }', "01", "female"),
    ("a word of YAML is a text", "is_treated", "from: x, values: { no: no, yes: yes }", "no", False),
    ("yes", "is_treated", "from: x", "Yes", True),
    ("false", "is_treated", "from: x", "FALSE", False),
    ("listed yes", "is_treated", "from: x, values: { sì: yes, no: no }", "Sì", True),
    ("text as it is", "note", "from: x", "Any text", "Any text"),
    ("text without outer blanks", "note", "from: x", "\u00a0 a b \u200b", "a b"),
    ("listed text", "note", "from: x, values: { A: alpha }", "a", "alpha"),
    ("ids keep their zeros", "note", "from: x", "007", "007"),
    ("ids get their zeros back", "note", "from: x, zero_pad: 5", "42", "00042"),
    ("letters are not padded", "note", "from: x, zero_pad: 5", "B42", "B42"),
    ("a part of the cell", "note", 'from: x, split: "/", part: 2', "120 / 80", "80"),
    ("a part, as a number", "wbc_10e9_l", 'from: x, split: "/", part: 1', "3.4 / 80", 3.4),
    ("parts that agree", "response", 'from: x, split: ";"', "CR; CR", "CR"),
    ("the best part", "response", 'from: x, split: ";", take: best', "PD; PR; SD", "PR"),
    ("the first part", "response", 'from: x, split: ";", take: first', "PD; PR", "PD"),
    ("the last part", "response", 'from: x, split: ";", take: last', "PD; PR", "PR"),
    ("the smallest part", "wbc_10e9_l", 'from: x, split: ";", take: min', "3;1;2", 1.0),
    ("the largest part", "wbc_10e9_l", 'from: x, split: ";", take: max', "3;1;2", 3.0),
    ("a blank part says nothing", "response", 'from: x, split: ";"', ";CR;", "CR"),
    ("a missing part says nothing", "response", 'from: x, split: ";", missing: n.d.', "n.d.; CR", "CR"),
    ("all parts missing", "response", 'from: x, split: ";", missing: n.d.', "n.d.; N.D.", None),
    ("a pattern, then a list", "sex", r"from: x, pattern: '^sex: (\w)', values: { m: male }",
     "sex: M", "male"),
    ("declared missing", "sex", "from: x, values: { M: male }, missing: [n.d., '?']", "?", None),
    ("the pattern leaves what is missing", "sex", r"from: x, pattern: '(\w+)!', missing: n.d.",
     "n.d.", None),
    ("what the pattern takes may be missing", "sex", r"from: x, pattern: '(\w+)!', missing: nd",
     "nd!", None),
    ("blank", "sex", "from: x, values: { M: male }", "", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "rule", "cell", "value"), [r[1:] for r in READ], ids=[r[0] for r in READ]
)
def test_a_text_becomes_what_the_mapping_says(field: str, rule: str, cell: str, value: Any) -> None:
    found = read(rule, cell, field=field)
    assert found.column(field) == [value]
    assert set(found.checks) <= {"text.untidy"}


CODES = "male, female"
REFUSED = [
    ("an unlisted text", "sex", "from: x, values: { M: male, F: female }", "donna", "values.unlisted",
     f"is not listed under values ({CODES})", "add it to values"),
    ("nearly a listed text", "sex", "from: x, values: { maschio: male }", "maschi", "values.unlisted",
     f"is not listed under values ({CODES})", "add it to values (nearest: 'maschio', male)"),
    ("a term is not understood beside a list", "sex", "from: x, values: { M: male }", "male",
     "values.unlisted", f"is not listed under values ({CODES})",
     "add it to values (nearest: 'male', male)"),
    ("a negated term is no term", "sex", "from: x", "not male", "values.unlisted",
     f"is not listed under values ({CODES})", "add it to values (nearest: 'male', male)"),
    ("a synonym is a hint, never a decision", "sex", "from: x", "femmina", "values.unlisted",
     f"is not listed under values ({CODES})", "add it to values (nearest: 'femmina', female)"),
    ("a boolean", "is_treated", "from: x", "2", "values.unlisted",
     "is not listed under values (yes, no)", "add it to values"),
    ("a text", "note", "from: x, values: { A: alpha }", "B", "values.unlisted",
     "is not listed under values", "add it to values"),
    ("no such part", "note", 'from: x, split: "/", part: 3', "120/80", "split.absent",
     "does not hold part 3", "correct the cell, or add the text to missing"),
    ("no part at all", "response", 'from: x, split: ";"', ";;", "split.absent",
     "does not hold a value", "correct the cell, or add the text to missing"),
    ("parts that differ", "response", 'from: x, split: ";"', "CR; PD", "split.disagrees",
     "holds different values", "say which one counts with `part` or `take`"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "rule", "cell", "check", "message", "hint"),
    [r[1:] for r in REFUSED],
    ids=[r[0] for r in REFUSED],
)
def test_an_unmapped_value_is_a_finding_not_missing(
    field: str, rule: str, cell: str, check: str, message: str, hint: str
) -> None:
    found = read(rule, cell, field=field)
    assert found.column(field) == [None]
    (finding,) = found.findings
    assert (finding["check"], finding["message"], finding["hint"]) == (check, message, hint)
    assert (finding["raw"], finding["severity"]) == (cell, "warning")


def test_one_bad_part_is_a_finding_of_the_whole_cell() -> None:
    found = read('from: x, split: ";", take: best', "CR; better", field="response")
    assert (found.column("response"), found.checks) == ([None], ["values.unlisted"])


def test_a_part_that_is_a_bound_is_noted() -> None:
    found = read('from: x, split: "/", part: 1, bounds: limit', "<3 / 4", field="wbc_10e9_l")
    assert (found.column("wbc_10e9_l"), found.checks) == ([3.0], ["number.bound_taken"])


def test_the_parts_of_a_date_keep_their_precision() -> None:
    rule = 'from: x, split: ";", take: latest, dates: "%m/%Y", impute: first'
    found = read(rule, "2019-01-05; 03/2019", field="start_date")
    assert found.column("start_date_precision") == ["month"]
    assert found.checks == ["date.imputed"]


def test_a_constant_is_the_same_for_everybody() -> None:
    found = outcome_of(
        mapping_of(
            'sex: { constant: male }\nwbc_10e9_l: { constant: "3.5" }', table='decimal: ","'
        ),
        [{"id": "1"}, {"id": "2"}],
    )
    assert found.column("sex") == ["male", "male"]
    assert found.column("wbc_10e9_l") == [3.5, 3.5]


def test_blanks_that_nobody_sees_are_noted_once_per_cell() -> None:
    finding = read("from: x", " CR\u00a0", field="response").finding("text.untidy")
    assert (finding["severity"], finding["raw"]) == ("note", " CR\u00a0")


def test_a_closed_list_stays_closed_in_a_batch_where_nothing_of_it_stands() -> None:
    loaded = mapping_of("note: { from: x, values: { A: alpha } }")
    found = outcome_of(loaded, [{"id": "1", "x": "A"}, {"id": "2", "x": "B"}], batch_rows=1)
    assert (found.column("note"), found.checks) == (["alpha", None], ["values.unlisted"])


def test_an_identifier_leaves_as_a_keyed_hash_of_its_letters() -> None:
    rows = [{"id": "1", "x": "rss mra 1"}, {"id": "2", "x": "RSSMRA1"}, {"id": "3", "x": ""}]
    hashes = outcome_of(mapping_of("person: { from: x }"), rows).column("person")
    assert hashes[0] == hashes[1] != None  # noqa: E711
    assert hashes[2] is None
    assert "RSSMRA1" not in hashes[0]


# --- marks, first filled columns and cases -------------------------------------------------------


def marks(rule: str, **cells: str) -> Any:
    loaded = mapping_of(rule, more="ignore: { c: not looked at }")
    return outcome_of(loaded, [{"id": "1", "a": "", "b": "", "c": ""} | cells])


FIRST_OF = "response: { first_of: [a, b, c], values: { a: CR, b: PR, c: PD }, missing: n.d. }"


@pytest.mark.parametrize(
    ("cells", "value", "checks"),
    [
        ({"b": "x"}, "PR", []),
        ({"b": "X", "a": "0"}, "PR", []),
        ({"b": "1", "c": "Sì"}, "PR", ["mark.several"]),
        ({}, None, []),
        ({"a": "no"}, None, []),
        ({"a": "maybe"}, None, ["mark.unlisted"]),
        ({"a": "maybe", "c": "x"}, "PD", ["mark.unlisted"]),
        ({"a": "n.d."}, None, []),
        ({"a": "n.d.", "b": "x"}, "PR", []),
    ],
)
def test_the_first_marked_column_counts(
    cells: dict[str, str], value: str, checks: list[str]
) -> None:
    found = marks(FIRST_OF, **cells)
    assert (found.column("response"), found.checks) == ([value], checks)


def test_marks_are_what_the_mapping_calls_marks() -> None:
    rule = "response: { first_of: [a, b], values: { a: CR, b: PR }, marked: ok, unmarked: [ko] }"
    assert marks(rule, b="OK", a="KO").column("response") == ["PR"]
    assert marks(rule, b="x").checks == ["mark.unlisted"]


def test_columns_may_be_called_as_the_terms_are() -> None:
    loaded = mapping_of("response: { first_of: [CR, PR], otherwise: PD }")
    found = outcome_of(loaded, [{"id": "1", "CR": "", "PR": "x"}, {"id": "2", "CR": "", "PR": ""}])
    assert found.column("response") == ["PR", "PD"]


@pytest.mark.parametrize(
    ("cells", "rule", "value", "checks"),
    [
        ({"b": "x"}, "any_of: [a, b]", True, []),
        ({"b": "0"}, "any_of: [a, b]", None, []),
        ({"b": "0"}, "any_of: [a, b], otherwise: no", False, []),
        ({}, "any_of: [a, b], otherwise: no", False, []),
        ({"a": "n.d."}, "any_of: [a, b], otherwise: no, missing: n.d.", None, []),
        ({"a": "n.d.", "b": "x"}, "any_of: [a, b], otherwise: no, missing: n.d.", True, []),
        ({"a": "maybe"}, "any_of: [a, b], otherwise: no", None, ["mark.unlisted"]),
        ({"a": "maybe", "b": "x"}, "any_of: [a, b], otherwise: no", True, ["mark.unlisted"]),
    ],
)
def test_any_mark_is_a_yes_and_what_is_unknown_is_never_a_no(
    cells: dict[str, str], rule: str, value: bool | None, checks: list[str]
) -> None:
    found = marks(f"is_treated: {{ {rule} }}", **cells)
    assert (found.column("is_treated"), found.checks) == ([value], checks)


@pytest.mark.parametrize(
    ("cells", "value", "checks", "column"),
    [
        ({"a": "3", "b": "4"}, 3.0, [], None),
        ({"b": "4"}, 4.0, [], None),
        ({"a": "n.d.", "b": "4"}, 4.0, [], None),
        ({"a": "n.d."}, None, [], None),
        ({}, None, [], None),
        ({"b": "soon", "c": "4"}, None, ["number.unreadable"], "b"),
    ],
)
def test_the_first_filled_column_counts_and_keeps_its_address(
    cells: dict[str, str], value: float, checks: list[str], column: str | None
) -> None:
    found = marks("wbc_10e9_l: { filled_from: [a, b, c], missing: n.d. }", **cells)
    assert (found.column("wbc_10e9_l"), found.checks) == ([value], checks)
    assert [f["column"] for f in found.findings] == [column] * len(checks)


CASES = """
response:
  cases:
    - { when: { a: [t-LAM, post CT], b: present }, then: CR }
    - { when: { c: ">= 5" }, then: PR }
    - { when: { c: "< 2" }, then: SD }
    - { when: { b: missing, a: de novo }, then: PD }
  missing: n.d.
"""


@pytest.mark.parametrize(
    ("cells", "value", "checks"),
    [
        ({"a": "T-LAM", "b": "yes"}, "CR", []),
        ({"a": "post ct", "b": "no", "c": "9"}, "CR", []),
        ({"a": "t-LAM", "b": "n.d.", "c": "5"}, "PR", []),
        ({"c": "5.0"}, "PR", []),
        ({"c": "1,9"}, None, ["condition.open"]),
        ({"a": "post ct", "b": "yes", "c": "1,9"}, "CR", []),  # told before c is asked
        ({"a": "de novo", "c": "1,9"}, None, ["condition.open"]),
        ({"c": "1.9"}, "SD", []),
        ({"a": "de novo"}, "PD", []),
        ({"a": "de novo", "b": "n.d."}, "PD", []),
        ({"a": "other"}, None, ["cases.unmatched"]),
        ({"a": "other", "c": "3"}, None, ["cases.unmatched"]),
        ({"a": "n.d."}, None, []),
        ({}, None, []),
    ],
)
def test_the_first_case_whose_conditions_all_hold_counts(
    cells: dict[str, str], value: str, checks: list[str]
) -> None:
    found = marks(CASES, **cells)
    assert (found.column("response"), found.checks) == ([value], checks)


@pytest.mark.parametrize(
    ("condition", "cell", "holds"),
    [
        (">= 5", "5", True), (">5", "5", False), ("> 5", "5.1", True), ("<= 5", "5", True),
        ("≤5", "6", False), ("≥ 5", "5", True), ("< 5", "-1", True), ("< 5", "", False),
        ("< 5", "abc", None), ("> 5", "99", False), ("99", "99", True), ("missing", "99", True),
        ("present", "99", False), ("present", "5", True), ("missing", "", True), ("> 1,5", "1.6", True),
        (">= 5", ">= 5", True), (">= 20", "25%", True), ("< 20", "25 %", False),
        (">= 5", "> 4", None), ("< 5", "<5", True), ("< 5", "≤5", None),
        ("< 5", ">= 5", False), ("<= 5", "> 5", False), ("> 5", ">5", True), ("> 5", "<= 5", False),
        (">= 5", "< 5", False), ("< 5", "4 circa", None), ("< 5', '4 circa", "4 circa", True),
    ],
)  # fmt: skip
def test_a_condition_holds_or_does_not(condition: str, cell: str, holds: bool | None) -> None:
    """None: the cell does not tell, which is a finding and never a no."""
    loaded = mapping_of(
        f"is_treated: {{ cases: [{{ when: {{ x: ['{condition}'] }}, then: yes }}], otherwise: no }}",
        table='missing: "99"',
    )
    found = outcome_of(loaded, [{"id": "1", "x": cell}])
    assert found.column("is_treated") == [holds]
    assert found.checks == (["condition.open"] if holds is None else [])


@pytest.mark.parametrize(
    ("cells", "value", "checks"),
    [
        ({"a": "yes", "b": "many"}, None, ["condition.open"]),  # the other condition holds
        ({"a": "no", "b": "many"}, False, []),  # the other one tells that the case does not hold
        ({"a": "yes", "b": "6"}, True, []),
    ],
)
def test_a_condition_is_open_only_where_the_others_hold(
    cells: dict[str, str], value: bool | None, checks: list[str]
) -> None:
    rule = """
    is_treated: { cases: [{ when: { a: "yes", b: ">= 5" }, then: yes }], otherwise: no }
    """
    found = marks(rule, **cells)
    assert (found.column("is_treated"), found.checks) == ([value], checks)


def test_a_mark_that_cannot_be_read_is_no_value_of_a_row() -> None:
    loaded = mapping_of(
        "is_treated: { any_of: [a, b], otherwise: no, take: first }", table="rows: many"
    )
    rows = [{"id": "1", "a": "?", "b": ""}, {"id": "1", "a": "", "b": "x"}]
    found = outcome_of(loaded, rows)
    assert (found.column("is_treated"), found.checks) == ([True], ["mark.unlisted"])


def test_a_unit_that_a_condition_leaves_open_is_not_concluded() -> None:
    loaded = mapping_of(
        """
        hemoglobin_g_dl:
          { from: x, unit_when: [{ when: { y: "< 2015" }, unit: g/L }], unit: g/dL }
        """
    )
    cells = (("98", "2010"), ("9.8", "2018"), ("9", "about 2010"), ("", "about 2010"), ("9.9", ""))
    found = outcome_of(
        loaded, [{"id": str(n), "x": x, "y": y} for n, (x, y) in enumerate(cells, 1)]
    )
    assert found.column("hemoglobin_g_dl") == [9.8, 9.8, None, None, 9.9]
    finding = found.finding("condition.open")
    assert (finding["row"], finding["column"], finding["raw"]) == (4, "y", "about 2010")
    assert finding["message"] == "does not tell whether the condition < 2015 holds"


def test_no_case_falls_through_to_a_default_unless_it_is_declared() -> None:
    loaded = mapping_of(CASES.replace("missing: n.d.", "otherwise: PD"))
    found = outcome_of(loaded, [{"id": "1", "a": "other", "b": "", "c": ""}])
    assert (found.column("response"), found.checks) == (["PD"], [])


def test_codes_that_the_file_declares_missing_are_missing_in_every_rule() -> None:
    from tests.small_study import table_of

    loaded = mapping_of(
        """
        wbc_10e9_l: { from: a }
        blasts_pct: { filled_from: [a, b] }
        is_treated: { cases: [{ when: { a: present }, then: yes }], otherwise: no }
        """
    )
    declared = {"a": frozenset({"999"})}
    found = outcome_of(loaded, table_of([{"id": "1", "a": "999", "b": "5"}], user_missing=declared))
    patient = found.patients[0]
    assert [patient[n] for n in ("wbc_10e9_l", "blasts_pct", "is_treated")] == [None, 5.0, False]
    assert found.findings == []


def test_the_small_schema_knows_its_terms() -> None:
    assert SCHEMA.fields["response"].codes == ("CR", "CRi", "PR", "SD", "PD")
