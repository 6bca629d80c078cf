"""A mapping against the schema: (fields, what is wrong, the way out), all of a file's mistakes at once."""

from pathlib import Path

import pytest

from onecohort.errors import StudyError
from onecohort.mapping.check import check_mapping
from onecohort.mapping.check_rules import BESIDE, COMPANIONS
from onecohort.mapping.language import FieldRule
from onecohort.mapping.load import LoadedMapping, load_mapping, parse_mapping
from onecohort.mapping.named import named_columns
from onecohort.mapping.references import plan_mapping, references_of
from onecohort.mapping.source import parse_yaml, read_yaml
from tests.small_study import SCHEMA, mapping_of

VISITS = "v: { files: v.csv, key: id, rows: many }"


def mistakes_of(loaded: LoadedMapping) -> list[tuple[str, str]]:
    """What is wrong, without the fields that these small mappings leave out."""
    return [
        (one.what, one.fix)
        for one in check_mapping(loaded, SCHEMA)
        if not one.what.endswith("is neither mapped nor unavailable")
    ]


MISTAKES = [
    ("two sources", "sex: { from: x, constant: male }",
     "sex must come from one of from, constant, first_of, any_of, filled_from, cases; "
     "here it is from and constant", "write exactly one"),
    ("a word without effect", "sex: { from: x, otherwise: male }",
     "`otherwise` says nothing beside `from`", "take it out"),
    ("a word without effect beside cases", "sex: { cases: [{ when: { x: a }, then: male }], pattern: a }",
     "`pattern` says nothing beside `cases`", "take it out"),
    ("a unit column beside the first filled", "wbc_10e9_l: { filled_from: [x, y], unit_from: u }",
     "`unit_from` says nothing beside `filled_from`", "take it out"),
    ("a part of nothing", "note: { from: x, part: 2 }",
     "`part` says nothing without `split`", "take it out, or write `split:`"),
    ("units of nothing", "wbc_10e9_l: { from: x, units: { k: /uL } }",
     "`units` says nothing without `unit_from`", "take it out, or write `unit_from:`"),
    ("no term", "sex: { from: x, values: { M: man } }",
     "'man' is no term of sex", "did you mean 'male'? permitted: male, female"),
    ("no term in a case", "sex: { cases: [{ when: { x: a }, then: maschio }] }",
     "'maschio' is no term of sex", "did you mean 'male'? permitted: male, female"),
    ("no term otherwise", "sex: { cases: [{ when: { x: a }, then: male }], otherwise: zzz }",
     "'zzz' is no term of sex", "permitted: male, female"),
    ("a mark of no term", "sex: { first_of: [x], values: { y: male } }",
     "'x' is no term of sex", "say which term the column marks: `values: { x: male }`"),
    ("neither yes nor no", "is_treated: { from: x, values: { s: si } }",
     "'si' is neither yes nor no", "write yes or no"),
    ("no number", 'wbc_10e9_l: { from: x, values: { few: "1,5" } }',
     "'1,5' is not a number", "write the number that the text means, as 1.5"),
    ("no whole number", 'cycles: { constant: "1.5" }',
     "'1.5' is not a whole number", "write the number that the text means"),
    ("no day", "death_date: { constant: 31/02/2019 }",
     "'31/02/2019' is not a day", "write it as 2021-06-30"),
    ("no such day", "death_date: { from: x, values: { then: 2019-02-31 } }",
     "'2019-02-31' is not a day", "write it as 2021-06-30"),
    ("a day in short", 'death_date: { constant: "20190228" }',
     "'20190228' is not a day", "write it as 2021-06-30"),
    ("one text, two meanings", "sex: { from: x, values: { M: male, m: female } }",
     "'m' and 'M' are the same but for case and blanks, and mean two things", "keep one of them"),
    ("a case that is never reached",
     "sex: { cases: [{ when: { x: present }, then: male }, { when: { x: a }, then: female }] }",
     "this case is never reached: an earlier one covers it", "move it up, or take it out"),
    ("a comparison with nothing", "sex: { cases: [{ when: { x: '> few' }, then: male }] }",
     "'> few' compares with no number", "write it as `>= 5`"),
    ("a comparison of a unit", "hemoglobin_g_dl: { from: x, unit_when: [{ when: { x: '>' }, unit: g/L }] }",
     "'>' compares with no number", "write it as `>= 5`"),
    ("no regular expression", "note: { from: x, pattern: '(a' }",
     "not a regular expression: missing ), unterminated subpattern at position 0",
     "mend it, or take it out"),
    ("an unknown unit", "hemoglobin_g_dl: { from: x, unit: g/l/day }",
     "the unit 'g/l/day' is not known", "did you mean 'g/L'?"),
    ("a unit of another quantity", "hemoglobin_g_dl: { from: x, unit: kg }",
     "'kg' cannot be converted into g/dL, the unit of hemoglobin_g_dl", None),
    ("an unknown local unit", "hemoglobin_g_dl: { from: x, unit_from: u, units: { k: stone } }",
     "the unit 'stone' is not known", None),
    ("an unknown unit of a condition",
     "hemoglobin_g_dl: { from: x, unit_when: [{ when: { x: a }, unit: ell }] }",
     "the unit 'ell' is not known", None),
    ("two words for the unit",
     "hemoglobin_g_dl: { from: x, unit_from: u, unit_when: [{ when: { x: a }, unit: g/L }] }",
     "`unit_from` and `unit_when` both say the unit of a cell", "keep one of the two"),
    ("a unit where there is none", "cycles: { from: x, unit: d }",
     "cycles has no unit in the schema", "take the unit out"),
    ("one sign for two", "wbc_10e9_l: { from: x, decimal: ',', thousands: ',' }",
     "',' is both the decimal and the thousands sign of wbc_10e9_l", "keep one of the two"),
    ("a format without a year", "death_date: { from: x, dates: '%d/%m' }",
     "not a date format: '%d/%m' has no year", "such as %d/%m/%Y, %m/%Y or excel"),
    ("a format spelled out", "death_date: { from: x, dates: [gg/mm/aaaa] }",
     "not a date format: 'gg/mm/aaaa' has no year", "did you mean '%d/%m/%Y'?"),
    ("no century", "death_date: { from: x, dates: '%d/%m/%y' }",
     "'%d/%m/%y' has two-digit years, and no pivot_year says which century",
     "write `pivot_year: 1925` for the years 1925 to 2024"),
    ("no such date field", "death_date: { from: x, days_from: star_date }",
     "'star_date' is no date field of the cohort", "did you mean 'start_date'?"),
    ("a date that nobody maps", "death_date: { from: x, days_from: start_date }",
     "start_date is not mapped, so nothing can be counted from it",
     "map start_date, or count from another date"),
    ("days that are no date", "start_date: { from: s }\ncycles: { from: x, days_from: start_date }",
     "cycles is no date", "take it out"),
    ("an age that is no number", "start_date: { from: s }\nnote: { from: x, age_at: start_date }",
     "note is no number", "take it out"),
    ("take without many rows", "sex: { from: x, take: first }",
     "`take` is for tables with `rows: many`, or with `split`", "take it out, or write `rows: many` for t"),
    ("nearest to nothing", "wbc_10e9_l: { from: v.x, take: nearest, by: v.d }",
     "`take: nearest` and `near` belong together",
     "write `take: nearest`, `near: <date field>` and `by: <date column>`"),
    ("latest of what", "wbc_10e9_l: { from: v.x, take: latest }",
     "`take: latest` needs the column with the date of each row", "write `by: <date column>`"),
    ("an order that is not asked for", "wbc_10e9_l: { from: v.x, take: max, by: v.d }",
     "`by` has no meaning with `take: max`",
     "write `take:` with one of earliest, latest, first, last, nearest, or take `by` out"),
    ("an order of rows that agree", "wbc_10e9_l: { from: v.x, by: v.d }",
     "`by` has no meaning with `take: agree`",
     "write `take:` with one of earliest, latest, first, last, nearest, or take `by` out"),
    ("days within nothing", "wbc_10e9_l: { from: v.x, take: max, within_days: 3 }",
     "`within_days` belongs to `take: nearest`", "take it out"),
    ("a count that is no number", "note: { from: v.x, take: count }", "note is no number", "take it out"),
    ("the best number", "wbc_10e9_l: { from: v.x, take: best }",
     "wbc_10e9_l has no order of terms", "use max or min"),
    ("a misspelt table", "start_date: { from: s }\nwbc_10e9_l: { from: v.x, take: first, by: w.d }",
     "there is no table 'w'", None),
    ("no such field", "sexx: { from: x }", "the cohort has no field 'sexx'", "did you mean 'sex'?"),
    ("the engine's own field", "patient_id: { from: x }", None, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "what", "fix"), [m[1:] for m in MISTAKES], ids=[m[0] for m in MISTAKES]
)
def test_a_mistake_is_told_with_its_way_out(fields: str, what: str | None, fix: str | None) -> None:
    found = mistakes_of(mapping_of(fields, tables=VISITS))
    assert found, "nothing was told"
    whats = [told for told, _ in found]
    assert what is None or what in whats
    assert fix is None or (what, fix) in found


RIGHT = [
    "sex: { from: x, values: { M: male } }",
    "start_date: { from: s }\ndeath_date: { from: x, days_from: start_date, values: { now: '0' } }",
    "start_date: { from: s }\nage_years: { from: x, age_at: start_date, values: { war: 1945-05-08 } }",
    "cycles: { from: v.x, take: count, values: { a: any text } }",
    "wbc_10e9_l: { from: x, decimal: '.', thousands: ',' }",
    "response: { first_of: [CR, PR], otherwise: PD }",
    "hemoglobin_g_dl: { from: x, unit_when: [{ when: { x: '> 30' }, unit: g/L }], unit: g/dL }",
    "response: { from: x, split: ';', take: best }",
    "wbc_10e9_l: { from: v.x, where: { v.k: a }, take: latest, by: v.d }",
]


@pytest.mark.parametrize("fields", RIGHT)
def test_what_is_right_is_not_complained_of(fields: str) -> None:
    assert mistakes_of(mapping_of(fields, tables=VISITS)) == []


def test_every_word_of_a_rule_is_beside_some_source_or_is_one() -> None:
    words = {spec.alias or name for name, spec in FieldRule.model_fields.items()}
    assert set().union(*BESIDE.values()) | set(BESIDE) == words
    assert set(COMPANIONS) | set(COMPANIONS.values()) <= words


# --- beside the rules ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "what", "fix"),
    [
        ("tables: { t: { key: id } }\nfields: {}", "the table 't' comes from nowhere",
         "write `files:` with a glob below the exports' folder"),
        ("tables: { t.u: { files: a.csv, key: id } }\nfields: {}", "a table's name has no point: 't.u'",
         "take it out"),
        ("tables: { t: { files: a.csv, key: id, decimal: ',', thousands: ',' } }\nfields: {}",
         "',' is both the decimal and the thousands sign", "keep one of the two"),
        ("tables: { t: { files: a.csv, key: id, dates: '%d.%m' } }\nfields: {}",
         "not a date format: '%d.%m' has no year", "such as %d/%m/%Y, %m/%Y or excel"),
        ("tables: { t: { files: a.csv, key: id } }\nfields: { sex: { from: x } }\nignore: { x: why }",
         "'x' is ignored, but sex is made from it", "take it out of ignore"),
        ("tables: { t: { files: a.csv, key: id } }\nfields: {}\n"
         "corrections: [{ column: x, was: a, now: b, reason: c }]",
         "a correction names either a patient or a row", "write one of `patient:` and `row:`"),
        ("tables: { t: { files: a.csv, key: id } }\nfields: {}\n"
         "corrections: [{ row: 2, column: x, was: a, now: a, reason: c }]",
         "was and now are the same, so nothing is corrected",
         "write what `now` should be, or take the correction out"),
    ],
)  # fmt: skip
def test_mistakes_beside_the_rules_are_told_too(text: str, what: str, fix: str) -> None:
    assert (what, fix) in mistakes_of(parse_mapping(f"center: c\ntitle: T\n{text}"))


def test_a_field_is_mapped_or_unavailable() -> None:
    loaded = mapping_of("sex: { from: x }", more="unavailable: { note: not asked }")
    whats = [one.what for one in check_mapping(loaded, SCHEMA)]
    assert "response is neither mapped nor unavailable" in whats
    assert "note is neither mapped nor unavailable" not in whats
    assert "survival_days is neither mapped nor unavailable" not in whats


def test_rules_that_count_from_each_other_are_a_circle() -> None:
    loaded = mapping_of(
        "start_date: { from: a, days_from: death_date }\ndeath_date: { from: b, days_from: start_date }"
    )
    with pytest.raises(StudyError, match="start_date → death_date → start_date"):
        plan_mapping(loaded, SCHEMA)


def test_a_rule_joins_no_table_of_many_rows() -> None:
    loaded = mapping_of("wbc_10e9_l: { filled_from: [x, v.x] }", tables=VISITS)
    with pytest.raises(StudyError, match="joins 'v', which has many rows per patient"):
        plan_mapping(loaded, SCHEMA)


def test_a_plan_is_made_of_known_fields_only() -> None:
    with pytest.raises(StudyError, match="the cohort has no field 'sexx'"):
        plan_mapping(mapping_of("sexx: { from: x }"), SCHEMA)


def test_every_column_that_a_rule_names_is_found_at_its_place() -> None:
    loaded = mapping_of(
        """
        hemoglobin_g_dl: { from: a, unit_when: [{ when: { b: x }, unit: g/L }], where: { c: x } }
        sex: { cases: [{ when: { d: x }, then: male }] }
        """,
        table="where: { e: x }, leave_out: [{ when: { f: x }, reason: y }], repeated: { latest: g }",
        more="corrections: [{ row: 2, table: nowhere, column: h, was: a, now: b, reason: c }]",
    )
    named = {column for _, column in named_columns(loaded)}
    assert named == {"id", "a", "b", "c", "d", "e", "f", "g"}
    assert references_of(loaded.mapping.fields["hemoglobin_g_dl"]) == ["a", "c", "b"]


# --- reading the file ----------------------------------------------------------------------------


def test_every_scalar_stays_the_text_that_was_typed() -> None:
    tree = parse_yaml("a: no\nb: 01\nc: 1.0\nd: 2019-02-28\ne: ~\nf: [yes, 1e3]\n", "m.yaml").tree
    assert tree == {
        "a": "no",
        "b": "01",
        "c": "1.0",
        "d": "2019-02-28",
        "e": "~",
        "f": ["yes", "1e3"],
    }


def test_an_empty_file_is_an_empty_mapping() -> None:
    assert parse_yaml("", "m.yaml").tree == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"a: \xff\n", "m.yaml:1:1  is not UTF-8 text"),
        (
            b"a: 1\nb: 2\na: 3\n",
            "m.yaml:3:1  the key 'a' stands here a second time (first in line 1)",
        ),
        (None, "m.yaml  there is no such file"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_in_one_line(
    tmp_path: Path, text: bytes | None, told: str
) -> None:
    path = tmp_path / "m.yaml"
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(StudyError) as refused:
        read_yaml(path, "m.yaml")
    assert str(refused.value).splitlines()[0] == told


def test_a_mapping_is_called_as_its_file(tmp_path: Path) -> None:
    path = tmp_path / "brenta.yaml"
    path.write_text(
        "center: adige\ntitle: T\ntables: { t: { files: a.csv, key: id } }\nfields: {}\n"
    )
    with pytest.raises(
        StudyError, match=r"the center is called 'adige' but its file 'brenta\.yaml'"
    ):
        load_mapping(path, "brenta.yaml")
    path.rename(tmp_path / "adige.yaml")
    assert load_mapping(tmp_path / "adige.yaml", "adige.yaml").center == "adige"
