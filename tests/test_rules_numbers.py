"""Numbers, units and ranges: (cell, rule, value) and (cell, rule, finding)."""

import numpy as np
import pytest

from onecohort.rules.units import (
    QUANTITIES,
    SPELLINGS,
    Factor,
    convertible_to,
    factor_between,
    find_unit,
    known_units,
    plausible_under,
)
from tests.small_study import cells_of, mapping_of, outcome_of, read

READ = [
    ("plain", "from: x", "3.4", 3.4),
    ("a sign", "from: x", "+3.4", 3.4),
    ("below zero", "from: x", "-0.5", -0.5),
    ("without a whole part", "from: x", ".5", 0.5),
    ("scientific", "from: x", "1.2e3", 1200.0),
    ("scientific, small", "from: x", "12E-1", 1.2),
    ("outer blanks", "from: x", " 3.4 ", 3.4),
    ("a no-break space", "from: x", "\u00a03.4", 3.4),
    ("decimal comma", 'from: x, decimal: ","', "3,4", 3.4),
    ("either sign, as declared", 'from: x, decimal: [",", "."]', "3.4", 3.4),
    ("thousands point", 'from: x, decimal: ",", thousands: "."', "1.234,5", 1234.5),
    ("thousands point, millions", 'from: x, decimal: ",", thousands: "."', "1.234.567", 1234567.0),
    ("thousands comma", 'from: x, thousands: ","', "12,000", 12000.0),
    ("thousands blank", 'from: x, decimal: ",", thousands: " "', "1 234,5", 1234.5),
    ("thousands no-break space", 'from: x, decimal: ",", thousands: " "', "1\u00a0234", 1234.0),
    ("thousands apostrophe", 'from: x, thousands: "\'"', "1'234.5", 1234.5),
    ("not grouped", 'from: x, decimal: ",", thousands: "."', "1234,5", 1234.5),
    ("times ten to a power", "from: x", "3.4x10^3", 3400.0),
    ("times, spaced", "from: x", "3.4 × 10^3", 3400.0),
    ("times, starred", "from: x", "5*10**-1", 0.5),
    ("times, E", "from: x", "2 x 10E2", 200.0),
    ("times, raised digit", "from: x", "2·10³", 2000.0),
    ("a bound as its limit", "from: x, bounds: limit", "<1", 1.0),
    ("an upper bound as its limit", "from: x, bounds: limit", "> 90", 90.0),
    ("a bound, not strict", "from: x, bounds: limit", "≤5", 5.0),
    ("half of a lower bound", "from: x, bounds: half", "<1", 0.5),
    ("an upper bound is never halved", "from: x, bounds: half", ">=90", 90.0),
    ("a listed word", 'from: x, values: { absent: "0.5" }', "Absent", 0.5),
    ("a pattern's group", r"from: x, pattern: '^ca\.? *([\d.]+)'", "ca. 150", 150.0),
    ("a pattern without a group", r"from: x, pattern: '[\d.]+'", "about 3.5 each", 3.5),
    ("declared missing", "from: x, missing: [n.d.]", "N.D.", None),
    ("declared missing, other blanks", "from: x, missing: not known", "NOT  known", None),
    ("blank", "from: x", "", None),
    ("null", "from: x", None, None),
    ("nothing but blanks", "from: x", "  ", None),
]


@pytest.mark.parametrize(("rule", "cell", "value"), [r[1:] for r in READ], ids=[r[0] for r in READ])
def test_a_number_is_read_as_the_mapping_says(rule: str, cell: str, value: float | None) -> None:
    found = read(rule, cell, field="wbc_10e9_l")
    assert found.column("wbc_10e9_l") == [value]
    assert {f["severity"] for f in found.findings} <= {"note"}


REFUSED = [
    ("a word", "from: x", "rare", "number.unreadable", "is not a number",
     "correct the cell, or add the text to missing"),
    ("an id", "from: x", "E11", "number.unreadable", "is not a number",
     "correct the cell, or say with `pattern` how to take 11 out of it"),
    ("a text around a number", "from: x", "75 (by flow)", "number.unreadable", "is not a number",
     "correct the cell, or say with `pattern` how to take 75 out of it"),
    ("a decimal comma", "from: x", "3,4", "number.unreadable", "is not a number",
     'every text of this column is a number with decimal: ","'),
    ("a decimal point", 'from: x, decimal: ","', "1.234", "number.unreadable", "is not a number",
     'every text of this column is a number with decimal: "."'),
    ("groups", "from: x", "1.234,5", "number.unreadable", "is not a number",
     'every text of this column is a number with decimal: "," with thousands: "."'),
    ("groups that are none", 'from: x, decimal: ",", thousands: "."', "3.5", "number.unreadable",
     "is not a number", 'every text of this column is a number with decimal: "."'),
    ("a nought before a point is no thousand", 'from: x, decimal: ",", thousands: "."', "0.123",
     "number.unreadable", "is not a number", 'every text of this column is a number with decimal: "."'),
    ("digits of another script", "from: x", "<\u0663", "number.unreadable", "is not a number",
     "correct the cell, or add the text to missing"),
    ("a percentage of something else", "from: x", "25 %", "number.unreadable", "is not a number",
     'a percentage where no percentage is expected: declare unit: "%", or correct the cell'),
    ("a power without its sign", "from: x", "2x103", "number.unreadable", "is not a number",
     "correct the cell, or say with `pattern` how to take 2 out of it"),
    ("two signs", "from: x", "1.2.3", "number.unreadable", "is not a number",
     "correct the cell, or say with `pattern` how to take 1.2 out of it"),
    ("only a sign", "from: x", "-", "number.unreadable", "is not a number",
     "correct the cell, or add the text to missing"),
    ("a bound", "from: x", "<1", "number.bound", "is a bound, not a value",
     "say `bounds: limit` (or half) in the mapping, or correct the cell"),
    ("a bound of nothing", "from: x, bounds: limit", "< few", "number.unreadable",
     "is not a number", "correct the cell, or add the text to missing"),
    ("larger than any number", "from: x", "9e999", "number.unreadable",
     "is larger than any number can be", "correct the cell"),
    ("no match of the pattern", 'from: x, pattern: "^([0-9]+)a$"', "3", "pattern.unmatched",
     "does not match the pattern '^([0-9]+)a$'",
     "widen the pattern, correct the cell, or add the text to missing"),
    ("a match of nothing", 'from: x, pattern: "^([0-9]*)"', "abc", "pattern.unmatched",
     "does not match the pattern '^([0-9]*)'",
     "widen the pattern, correct the cell, or add the text to missing"),
    ("a group that takes no part", 'from: x, pattern: "^([0-9]+)?abc"', "abc", "pattern.unmatched",
     "does not match the pattern '^([0-9]+)?abc'",
     "widen the pattern, correct the cell, or add the text to missing"),
    ("a listed word changes no other cell", 'from: x, decimal: ",", values: { no: "0.5" }', "1.234",
     "number.unreadable", "is not a number",
     'every text of this column is a number with decimal: "."'),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "cell", "check", "message", "hint"),
    [r[1:] for r in REFUSED],
    ids=[r[0] for r in REFUSED],
)
def test_what_is_no_number_is_a_finding_and_never_missing(
    rule: str, cell: str, check: str, message: str, hint: str
) -> None:
    found = read(rule, cell, field="wbc_10e9_l")
    assert found.column("wbc_10e9_l") == [None]
    (finding,) = found.findings
    assert (finding["check"], finding["message"], finding["hint"]) == (check, message, hint)
    assert (finding["raw"], finding["row"], finding["column"]) == (cell, 2, "x")
    assert finding["rule"] == "fields.wbc_10e9_l (line 6)"
    assert check == "pattern.unmatched" or cell not in finding["message"]


def test_a_bound_that_is_taken_is_noted() -> None:
    finding = read("from: x, bounds: limit", "<1", field="wbc_10e9_l").finding("number.bound_taken")
    assert finding["severity"] == "note"
    assert finding["message"] == "a bound, taken as declared (bounds: limit)"


def test_two_spellings_in_one_column_are_named_as_such() -> None:
    found = read('from: x, decimal: ","', "3,4", "3.5", "4,1", field="wbc_10e9_l")
    assert found.column("wbc_10e9_l") == [3.4, None, 4.1]
    hint = 'would be a number with decimal: ".", but the column\'s other texts would not'
    assert found.finding("number.unreadable")["hint"] == hint


def test_the_table_says_how_numbers_are_spelled_unless_the_field_does() -> None:
    found = outcome_of(
        mapping_of(
            'wbc_10e9_l: { from: x }\nblasts_pct: { from: y, decimal: "." }',
            table='decimal: ",", thousands: "."',
        ),
        [{"id": "1", "x": "1.234,5", "y": "3.5"}],
    )
    assert (found.patients[0]["wbc_10e9_l"], found.patients[0]["blasts_pct"]) == (1234.5, 3.5)


@pytest.mark.parametrize(
    ("rule", "cell", "value", "check"),
    [
        ("from: x", "12 %", 12.0, None),
        ("from: x", "12%", 12.0, None),
        ('from: x, unit: "1"', "0.12", 12.0, None),
        ('from: x, unit: "1"', "12%", None, "number.unreadable"),
        ("from: x, bounds: limit", "<5%", 5.0, "number.bound_taken"),
    ],
)
def test_a_percent_sign_belongs_to_a_share_in_percent(
    rule: str, cell: str, value: float | None, check: str | None
) -> None:
    found = read(rule, cell, field="blasts_pct")
    assert found.column("blasts_pct") == [value]
    assert found.checks == ([check] if check else [])


@pytest.mark.parametrize(
    ("cell", "value", "checks"),
    [
        ("3", 3, []),
        ("3.0", 3, []),
        ("3.5", None, ["number.fraction"]),
        ("1e20", None, ["number.fraction"]),
        ("9007199254740992", None, ["number.fraction"]),  # from here on neighbours are one number
        ("61", None, ["range.possible"]),
    ],
)
def test_a_whole_number_has_no_fraction(cell: str, value: int | None, checks: list[str]) -> None:
    found = read("from: x", cell, field="cycles")
    assert (found.column("cycles"), found.checks) == ([value], checks)


# --- ranges -------------------------------------------------------------------------------------


def test_an_impossible_value_is_withdrawn_and_an_unusual_one_kept() -> None:
    found = read("from: x", "9.8", "31", "2", field="hemoglobin_g_dl")
    assert found.column("hemoglobin_g_dl") == [9.8, None, 2.0]
    impossible, unusual = found.finding("range.possible"), found.finding("range.plausible")
    assert impossible["message"] == "is outside what is possible (1 to 30 g/dL)"
    assert unusual["message"] == "is outside what is usual (4 to 18 g/dL)"
    assert {impossible["severity"], unusual["severity"]} == {"warning"}


def test_a_value_in_another_unit_is_told_which() -> None:
    found = read("from: x", "9.8", "10.1", "98", field="hemoglobin_g_dl")
    assert found.finding("range.possible")["hint"].startswith("would be usual in g/L; correct")


def test_a_column_in_another_unit_is_told_so_as_a_whole() -> None:
    found = read("from: x", "98", "101", "95", "112", field="hemoglobin_g_dl")
    hints = {f["hint"] for f in found.findings}
    assert hints == {"the column as a whole would be usual in g/L: declare `unit`"}


def test_a_field_without_a_known_unit_has_no_other_unit() -> None:
    assert read("from: x", "61", "70", field="cycles").findings[0]["hint"] == "correct the cell"


@pytest.mark.parametrize(
    ("text", "checks"),
    [("1", ["range.plausible"]), ("4", []), ("18", []), ("30", ["range.plausible"]),
     ("0.999", ["range.possible"]), ("3.999", ["range.plausible"]), ("18.001", ["range.plausible"]),
     ("30.001", ["range.possible"])],
)  # fmt: skip
def test_the_ends_of_a_range_belong_to_it(text: str, checks: list[str]) -> None:
    found = read("from: x", text, field="hemoglobin_g_dl")
    assert found.checks == checks
    assert (found.column("hemoglobin_g_dl") == [None]) == (checks == ["range.possible"])


def test_a_value_that_no_unit_explains_is_to_be_corrected() -> None:
    found = read("from: x", "-5", field="hemoglobin_g_dl")
    assert found.finding("range.possible")["hint"] == "correct the cell"


# --- units --------------------------------------------------------------------------------------

CONVERTED = [
    ("hemoglobin_g_dl", "g/L", "98", 9.8),
    ("hemoglobin_g_dl", "g/dL", "9.8", 9.8),
    ("hemoglobin_g_dl", "mmol/L", "6", 9.666),
    ("wbc_10e9_l", "/mmc", "3400", 3.4),
    ("wbc_10e9_l", "mila/µL", "3.4", 3.4),
    ("wbc_10e9_l", "10⁹/L", "3.4", 3.4),
    ("wbc_10e9_l", "G/L", "3.4", 3.4),  # giga per liter, not grams
    ("wbc_10e9_l", "G/l", "3.4", 3.4),
    ("hemoglobin_g_dl", "G/L", "98", 9.8),
    ("wbc_10e9_l", "10*3/mm3", "3.4", 3.4),
    ("creatinine_mg_dl", "umol/L", "88.42", 1.0),
    ("creatinine_mg_dl", "µmol/l", "88.42", 1.0),
    ("creatinine_mg_dl", "mg/L", "10", 1.0),
    ("blasts_pct", "[ppth]", "120", 12.0),
]


@pytest.mark.parametrize(("field", "unit", "cell", "value"), CONVERTED)
def test_a_column_in_one_unit_is_converted_exactly(
    field: str, unit: str, cell: str, value: float
) -> None:
    found = read(f'from: x, unit: "{unit}"', cell, field=field)
    assert found.column(field) == [pytest.approx(value, rel=1e-12)]


def test_each_cell_is_converted_by_its_own_unit() -> None:
    found = outcome_of(
        mapping_of("hemoglobin_g_dl: { from: x, unit_from: u, unit: g/L, units: { gramm: g/L } }"),
        [
            {"id": "1", "x": "9.8", "u": "g/dL"},
            {"id": "2", "x": "98", "u": "G/L"},
            {"id": "3", "x": "98", "u": "Gramm"},
            {"id": "4", "x": "98", "u": ""},
            {"id": "5", "x": "98", "u": "furlong"},
            {"id": "6", "x": "", "u": "g/dL"},
            {"id": "7", "x": "abc", "u": "g/dL"},
            {"id": "8", "x": "9.8", "u": "mg"},
        ],
    )
    expected = [9.8, 9.8, 9.8, 9.8, None, None, None, None]
    assert found.column("hemoglobin_g_dl") == pytest.approx(expected)
    unknown = [f for f in found.findings if f["check"] == "unit.unknown"]
    assert [(f["row"], f["raw"]) for f in unknown] == [(6, "98"), (9, "9.8")]
    assert unknown[0]["message"] == "has a unit that is not known here"
    assert unknown[0]["hint"] == "list 'furlong' under units, as a unit of g/dL"


def test_a_cell_without_any_unit_is_a_finding() -> None:
    found = outcome_of(
        mapping_of("hemoglobin_g_dl: { from: x, unit_from: u }"), [{"id": "1", "x": "98", "u": ""}]
    )
    finding = found.finding("unit.unknown")
    assert (finding["message"], finding["hint"]) == ("has no unit", "state `unit` too")


BY_CONDITION = """
hemoglobin_g_dl:
  from: x
  unit_when:
    - { when: { x: "> 30" }, unit: g/L }
    - { when: { lab: extern }, unit: mmol/L }
"""


@pytest.mark.parametrize(
    ("more", "cells", "value", "checks"),
    [
        ("  unit: g/dL", {"x": "98"}, 9.8, ["unit.concluded"]),
        ("  unit: g/dL", {"x": "98", "lab": "extern"}, 9.8, ["unit.concluded"]),
        ("  unit: g/dL", {"x": "6", "lab": "Extern"}, 9.666, ["unit.concluded"]),
        ("  unit: g/dL", {"x": "9.8"}, 9.8, []),
        ("  unit: g/dL", {"x": "", "lab": "extern"}, None, []),
        ("  unit: g/dL", {"x": "abc"}, None, ["number.unreadable"]),
        ("  unit: g/dL", {"x": "400"}, None, ["range.possible"]),
        ("", {"x": "98"}, 9.8, ["unit.concluded"]),
        ("", {"x": "9.8"}, None, ["unit.unknown"]),
    ],
)
def test_a_unit_that_nobody_wrote_is_concluded_by_a_declared_condition_and_noted(
    more: str, cells: dict[str, str], value: float | None, checks: list[str]
) -> None:
    found = outcome_of(mapping_of(f"{BY_CONDITION}{more}"), [{"id": "1", "lab": ""} | cells])
    assert found.column("hemoglobin_g_dl") == [pytest.approx(value) if value else None]
    assert found.checks == checks
    assert all(f["severity"] == "note" for f in found.findings if f["check"] == "unit.concluded")


def test_the_range_is_judged_after_the_conversion() -> None:
    found = outcome_of(
        mapping_of("hemoglobin_g_dl: { from: x, unit_from: u }"),
        [{"id": "1", "x": "98", "u": "g/L"}, {"id": "2", "x": "98", "u": "g/dL"}],
    )
    assert found.column("hemoglobin_g_dl") == [9.8, None]
    assert found.finding("range.possible")["row"] == 3


def test_a_bound_with_its_own_unit_is_converted_and_noted() -> None:
    found = outcome_of(
        mapping_of("hemoglobin_g_dl: { from: x, unit_from: u, bounds: limit }"),
        [{"id": "1", "x": "<60", "u": "g/L"}],
    )
    assert found.column("hemoglobin_g_dl") == [6.0]
    assert found.checks == ["number.bound_taken"]


@pytest.mark.parametrize(
    ("text", "unit", "years"),
    [("24", "mesi", 2), ("7", "mesi", None), ("3652.5", "giorni", 10), ("1.5", "anni", None)],
)
def test_whole_numbers_are_whole_in_the_unit_of_the_field(
    text: str, unit: str, years: int | None
) -> None:
    found = outcome_of(
        mapping_of("age_years: { from: x, unit_from: u }"), [{"id": "1", "x": text, "u": unit}]
    )
    assert found.column("age_years") == [years]
    assert found.checks == ([] if years else ["number.fraction"])


@pytest.mark.parametrize(
    ("rule", "value", "message"),
    [("unit_from: u, unit: g/L", 9.8, None), ("unit_from: u", None, "has no unit")],
)
def test_a_unit_that_is_declared_missing_is_no_unit(
    rule: str, value: float | None, message: str | None
) -> None:
    loaded = mapping_of(f"hemoglobin_g_dl: {{ from: x, {rule} }}", table="missing: n.d.")
    found = outcome_of(loaded, [{"id": "1", "x": "98", "u": "N.D."}])
    assert found.column("hemoglobin_g_dl") == [value]
    assert [one["message"] for one in found.findings] == [message] * (value is None)


def test_every_unit_is_found_by_every_spelling_of_it() -> None:
    for unit, spellings in SPELLINGS.items():
        assert {find_unit(spelling) for spelling in (unit, *spellings)} == {unit}


def test_the_listed_spellings_are_of_listed_units() -> None:
    assert set(SPELLINGS) <= set(known_units())


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_units_of_a_quantity_convert_there_and_back(quantity: str) -> None:
    units = list(QUANTITIES[quantity])
    for here in units:
        for there in units:
            forth, back = factor_between(here, there, ""), factor_between(there, here, "")
            assert forth is not None and back is not None
            assert forth.over * back.over == forth.under * back.under


@pytest.mark.parametrize(
    ("here", "there", "field", "factor"),
    [
        ("g/L", "g/L", "hemoglobin_g_dl", Factor(1, 1)),
        ("furlong", "furlong", "x", Factor(1, 1)),
        ("g/L", "g/dL", "x", Factor(1, 10)),
        ("umol/L", "mg/dL", "creatinine_mg_dl", Factor(50, 4421)),
        ("umol/L", "mg/dL", "x", None),
        ("kg", "mol/L", "creatinine", None),
        ("U/L", "g/L", "creatinine", None),
        ("furlong", "g/L", "x", None),
    ],
)
def test_a_factor_stands_between_units_of_one_quantity_only(
    here: str, there: str, field: str, factor: Factor | None
) -> None:
    assert factor_between(here, there, field) == factor


def test_a_factor_multiplies_and_divides_once() -> None:
    values = np.array([98.0, 101.0])
    assert Factor(1, 10).apply(values).tolist() == [9.8, 10.1]
    assert Factor(10, 1).apply(values).tolist() == [980.0, 1010.0]


def test_the_units_of_an_analyte_include_amounts_of_substance() -> None:
    assert {"umol/L", "mg/L", "mg/dL"} <= set(convertible_to("mg/dL", "creatinine_mg_dl"))
    assert "umol/L" not in convertible_to("mg/dL", "something_mg_dl")


def test_units_are_plausible_where_most_values_are() -> None:
    values = np.array([98.0, 101.0, 120.0])
    assert plausible_under(values, "g/dL", "hemoglobin_g_dl", (4, 18)) == ["g/L"]
    assert plausible_under(values, "furlong", "x", (4, 18)) == []


def test_cells_that_say_nothing_are_no_findings() -> None:
    found = outcome_of(mapping_of("wbc_10e9_l: { from: x }"), cells_of("x", "", None, "1"))
    assert found.findings == []
