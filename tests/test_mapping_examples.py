"""Each mapping brings its own tests: its `examples` run here, whatever center it is of."""

from dataclasses import replace
from pathlib import Path

import pytest

from onecohort.examples import run_examples, same_value
from onecohort.study import load_study
from tests.small_study import AS_OF, POLICY, SCHEMA, mapping_of, require

STUDY = load_study(Path(__file__).parents[1])


@pytest.mark.parametrize("center", STUDY.centers)
def test_what_a_mapping_expects_comes_out(center: str) -> None:
    loaded = STUDY.load_mapping(center)
    assert loaded.mapping.examples, "a mapping without examples tests nothing"
    assert run_examples(loaded, STUDY.schema, as_of=STUDY.as_of) == ()


# --- what an example that does not hold is told -----------------------------------------------------


def differences(
    given: str, expect: str, fields: str = "hemoglobin_g_dl: { from: x, unit: g/L }"
) -> list[str]:
    loaded = mapping_of(
        fields, more=f"examples:\n  - given: {{ t: {given} }}\n    expect: {{ {expect} }}"
    )
    return [str(one) for one in run_examples(loaded, SCHEMA, as_of=AS_OF)]


@pytest.mark.parametrize(
    ("given", "expect"),
    [
        ('{ x: "98" }', 'hemoglobin_g_dl: "9.8"'),
        ('{ x: "98" }', 'hemoglobin_g_dl: "9.80"'),
        ('{ id: "7", x: "98" }', "patient_id: '7'"),
        ("{ id: '7' }", 'hemoglobin_g_dl: ""'),
        ('[{ id: "1", x: "98" }, { id: "2", x: "99" }]', 'hemoglobin_g_dl: "9.8"'),
    ],
)
def test_an_example_that_holds_says_nothing(given: str, expect: str) -> None:
    assert differences(given, expect) == []


@pytest.mark.parametrize(
    ("given", "expect", "told"),
    [
        ('{ x: "98" }', 'hemoglobin_g_dl: "98"', "should be 98, but is 9.8"),
        ('{ x: "98" }', 'hemoglobin_g_dl: ""', "should be nothing, but is 9.8"),
        ('{ x: "98" }', "hemoglobin_g_dl: high", "should be high, but is 9.8"),
        ("{ x: n.d. }", 'hemoglobin_g_dl: "98"',
         "should be 98, but is nothing\n    'n.d.' in 'x' is not a number"),
        ('{ id: "", x: "98" }', 'hemoglobin_g_dl: "9.8"',
         "should be 9.8, but is nothing\n    has no key, so nobody knows whose row this is"),
    ],
)  # fmt: skip
def test_an_example_that_does_not_hold_is_told_with_line_and_reason(
    given: str, expect: str, told: str
) -> None:
    (difference,) = differences(given, expect)
    assert difference == f"mapping.yaml:9:15  example 1: hemoglobin_g_dl {told}"


def test_a_difference_knows_its_line() -> None:
    loaded = mapping_of("sex: { from: x }", more="examples: [{ given: {}, expect: { sex: male } }]")
    (difference,) = run_examples(loaded, SCHEMA, as_of=AS_OF)
    assert (difference.line, difference.field, difference.expected, difference.got) == (
        7,
        "sex",
        "male",
        "",
    )


@pytest.mark.parametrize(
    ("expected", "got", "field", "same"),
    [
        ("yes", "true", "is_treated", True),
        ("No", "false", "is_treated", True),
        ("yes", "false", "is_treated", False),
        ("male", "female", "sex", False),
        ("2019-01-01", "2019-01-01", "start_date", True),
        ("", "1", "cycles", False),
    ],
)
def test_values_are_compared_as_their_field_means_them(
    expected: str, got: str, field: str, same: bool
) -> None:
    assert same_value(expected, got, SCHEMA.fields[field]) is same


def test_an_example_is_lenient_about_what_it_does_not_give() -> None:
    loaded = mapping_of(
        "sex: { from: x, values: { M: male } }\nstart_date: { from: s }\ndeath_date: { from: d }",
        more="examples:\n"
        "  - { given: { t: { s: 2020-01-01, d: 2019-01-01 } }, expect: { start_date: 2020-01-01 } }",
    )
    row = replace(POLICY, costs="row")
    schema = replace(require("sex"), policies={POLICY.check: row})
    assert run_examples(loaded, schema, as_of=AS_OF) == ()
