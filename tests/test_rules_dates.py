"""Dates: (cell, rule, day and precision) and (cell, rule, finding)."""

from datetime import date

import pytest

from onecohort.rules.dates import COMMON_FORMATS, pattern_of
from tests.small_study import cells_of, mapping_of, outcome_of, read

READ = [
    ("ISO needs no format", "from: x", "2019-02-28", date(2019, 2, 28), "day"),
    ("ISO with a time", "from: x", "2019-02-28 14:30:05", date(2019, 2, 28), "day"),
    ("ISO with a zone", "from: x", "2019-02-28T14:30:05.123Z", date(2019, 2, 28), "day"),
    ("Italian", 'from: x, dates: "%d/%m/%Y"', "28/02/2019", date(2019, 2, 28), "day"),
    ("one digit", 'from: x, dates: "%d/%m/%Y"', "3/2/2019", date(2019, 2, 3), "day"),
    ("leap day", 'from: x, dates: "%d/%m/%Y"', "29/02/2020", date(2020, 2, 29), "day"),
    ("leap day of a century", 'from: x, dates: "%d/%m/%Y"', "29/02/2000", date(2000, 2, 29), "day"),
    ("the first format that fits", 'from: x, dates: ["%d.%m.%Y", "%d/%m/%Y"]', "01/02/2019",
     date(2019, 2, 1), "day"),
    ("month first, as declared", 'from: x, dates: "%m/%d/%Y"', "02/03/2019", date(2019, 2, 3), "day"),
    ("two digits, late", 'from: x, dates: "%d/%m/%y", pivot_year: 1925', "01/02/25",
     date(1925, 2, 1), "day"),
    ("two digits, before the pivot", 'from: x, dates: "%d/%m/%y", pivot_year: 1925', "01/02/19",
     date(2019, 2, 1), "day"),
    ("Italian month", 'from: x, dates: "%d %B %Y"', "3 Marzo 2019", date(2019, 3, 3), "day"),
    ("short Italian month", 'from: x, dates: "%d-%b-%Y"', "03-GIU-2019", date(2019, 6, 3), "day"),
    ("English month", 'from: x, dates: "%d %b %Y"', "3 May 2019", date(2019, 5, 3), "day"),
    ("English month, pointed", 'from: x, dates: "%b %d, %Y"', "Sept. 3, 2019", date(2019, 9, 3), "day"),
    ("letters of the format", 'from: x, dates: "%d/%m/%Y h%H"', "03/02/2019 H10", date(2019, 2, 3), "day"),
    ("time of day", 'from: x, dates: "%d/%m/%Y %H:%M:%S"', "03/02/2019 10:20:30", date(2019, 2, 3), "day"),
    ("Excel serial", "from: x, dates: excel", "43524", date(2019, 2, 28), "day"),
    ("Excel serial with a time", "from: x, dates: excel", "43524.75", date(2019, 2, 28), "day"),
    ("Excel serial of 1904", "from: x, dates: excel1904", "42062", date(2019, 2, 28), "day"),
    ("month, its middle", 'from: x, dates: "%m/%Y", impute: middle', "02/2019", date(2019, 2, 15), "month"),
    ("month, its first", 'from: x, dates: "%m/%Y", impute: first', "02/2019", date(2019, 2, 1), "month"),
    ("month, no day", 'from: x, dates: "%m/%Y", impute: none', "02/2019", None, "month"),
    ("month by name", 'from: x, dates: "%B %Y", impute: first', "aprile 2019", date(2019, 4, 1), "month"),
    ("year, its middle", 'from: x, dates: "%Y", impute: middle', "2019", date(2019, 7, 1), "year"),
    ("year, its first", 'from: x, dates: "%Y", impute: first', "2019", date(2019, 1, 1), "year"),
    ("a listed text", 'from: x, values: { inizio: "2019-01-01" }', "Inizio", date(2019, 1, 1), "day"),
    ("listed beside read", 'from: x, dates: "%d/%m/%Y", values: { inizio: "2019-01-01" }', "02/01/2019",
     date(2019, 1, 2), "day"),
    ("declared missing", "from: x, missing: n.d.", "n.d.", None, None),
    ("blank", "from: x", "", None, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "cell", "day", "precision"), [r[1:] for r in READ], ids=[r[0] for r in READ]
)
def test_a_date_is_read_as_the_mapping_says(
    rule: str, cell: str, day: date | None, precision: str | None
) -> None:
    found = read(rule, cell, field="start_date")
    assert found.column("start_date") == [day]
    assert found.column("start_date_precision") == [precision]
    assert {f["severity"] for f in found.findings} <= {"note"}


MEND = "set the right date under corrections, or add the text to missing"
REFUSED = [
    ("a day that is none", 'from: x, dates: "%d.%m.%Y"', "31.02.2019", "date.impossible",
     "is a day that does not exist", MEND),
    ("no leap day", 'from: x, dates: "%d.%m.%Y"', "29.02.2019", "date.impossible",
     "is a day that does not exist", MEND),
    ("no leap day of a century", 'from: x, dates: "%d.%m.%Y"', "29.02.1900", "date.impossible",
     "is a day that does not exist", MEND),
    ("a thirteenth month of ISO", "from: x", "2019-13-01", "date.impossible",
     "is a day that does not exist", MEND),
    ("the other order", 'from: x, dates: "%d/%m/%Y"', "12/31/2019", "date.impossible",
     "is a day that does not exist", "every date of this column fits '%m/%d/%Y'"),
    ("another format", 'from: x, dates: "%d.%m.%Y"', "31/12/2019", "date.unreadable",
     "is not a date in the form %d.%m.%Y or %Y-%m-%d", "every date of this column fits '%d/%m/%Y'"),
    ("a serial", "from: x", "43524", "date.unreadable", "is not a date in the form %Y-%m-%d",
     "every date of this column fits 'excel'"),
    ("a month", 'from: x, dates: "%d/%m/%Y"', "02/2019", "date.unreadable",
     "is not a date in the form %d/%m/%Y or %Y-%m-%d", "every date of this column fits '%m/%Y'"),
    ("a word", "from: x", "soon", "date.unreadable", "is not a date in the form %Y-%m-%d", MEND),
    ("no pivot", 'from: x, dates: "%d/%m/%y"', "01/02/19", "date.unreadable",
     "has a two-digit year", "declare pivot_year"),
    ("a month and no word about it", 'from: x, dates: "%m/%Y"', "02/2019", "date.partial",
     "gives only the month", "say in the mapping how to take it: `impute: middle`, `first` or `none`"),
    ("a year and no word about it", 'from: x, dates: "%Y"', "2019", "date.partial",
     "gives only the year", "say in the mapping how to take it: `impute: middle`, `first` or `none`"),
    ("a month as workbooks hand it on", 'from: x, dates: "%d/%m/%Y"', "2019-02", "date.partial",
     "gives only the month", "say in the mapping how to take it: `impute: middle`, `first` or `none`"),
    ("tomorrow", "from: x", "2021-07-13", "date.after_as_of",
     "is after 2021-06-30, the day of the data", "correct the cell"),
    ("a month too late, or swapped", "from: x", "2021-09-03", "date.after_as_of",
     "is after 2021-06-30, the day of the data",
     "day and month swapped it would be 2021-03-09; correct the cell"),
    ("a year whose middle is to come", 'from: x, dates: "%Y", impute: middle', "2021",
     "date.after_as_of", "is after 2021-06-30, the day of the data",
     "the day taken for it is 2021-07-01: give more of the date, or correct the cell"),
    ("a time of day", 'from: x, dates: "%d/%m/%Y"', "03/02/2019 00:00:00", "date.unreadable",
     "is not a date in the form %d/%m/%Y or %Y-%m-%d",
     "every date of this column fits '%d/%m/%Y %H:%M:%S'"),
    ("another age", "from: x", "1091-03-09", "date.too_early", "is before 1900-01-01", "correct the cell"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "cell", "check", "message", "hint"),
    [r[1:] for r in REFUSED],
    ids=[r[0] for r in REFUSED],
)
def test_what_is_no_date_is_a_finding_and_never_rolls_over(
    rule: str, cell: str, check: str, message: str, hint: str
) -> None:
    found = read(rule, cell, field="death_date")
    assert found.column("death_date") == [None]
    (finding,) = found.findings
    assert (finding["check"], finding["message"], finding["hint"]) == (check, message, hint)
    assert (finding["raw"], finding["row"]) == (cell, 2)


def test_a_date_that_fits_another_format_alone_is_told_so() -> None:
    found = read('from: x, dates: "%d/%m/%Y"', "01/02/2019", "2019", field="death_date")
    hint = "would be a date in the form '%Y'; correct the cell or add the form"
    assert found.finding("date.unreadable")["hint"] == hint


def test_an_imputed_day_is_noted_with_what_was_known() -> None:
    found = read('from: x, dates: "%m/%Y", impute: middle', "02/2019", field="death_date")
    finding = found.finding("date.imputed")
    assert finding["message"] == "gives only the month; the middle of it was taken"
    assert finding["severity"] == "note"


def test_a_month_that_values_give_for_a_text_is_imputed_and_noted() -> None:
    rule = "from: x, values: { spring: 2019-04 }, impute: middle"
    found = read(rule, "spring", "2019-02-03", field="start_date")
    assert found.column("start_date") == [date(2019, 4, 15), date(2019, 2, 3)]
    assert found.column("start_date_precision") == ["month", "day"]
    assert found.checks == ["date.imputed"]


def test_a_partial_date_kept_without_a_day_is_missing_not_lost() -> None:
    found = read('from: x, dates: "%m/%Y", impute: none', "02/2019", field="start_date")
    assert found.finding("date.partial")["severity"] == "note"
    assert found.harmonized.columns["t"]["x"].missing == 1


def test_the_precision_of_a_partial_date_is_kept_where_the_date_is_not() -> None:
    found = read('from: x, dates: "%m/%Y"', "02/2019", field="start_date")
    assert found.patients[0]["start_date_precision"] == "month"


def test_the_table_says_how_dates_are_written_unless_the_field_does() -> None:
    found = outcome_of(
        mapping_of(
            'start_date: { from: x }\ndeath_date: { from: y, dates: "%m-%d-%Y" }',
            table='dates: "%d/%m/%y", pivot_year: 1930',
        ),
        [{"id": "1", "x": "03/02/19", "y": "02-04-2019"}],
    )
    assert found.column("start_date") == [date(2019, 2, 3)]
    assert found.column("death_date") == [date(2019, 2, 4)]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("%d/%m", "'%d/%m' has no year"),
        ("%d.%Y", "'%d.%Y' has a day but no month"),
        ("%Y-%j", "'%Y-%j' has '%j'; known are"),
        ("%d/%d/%Y", "'%d/%d/%Y' names %d part twice"),
        ("%b %B %Y", "'%b %B %Y' names the same part twice"),
    ],
)
def test_a_format_that_cannot_be_a_date_is_refused(written: str, message: str) -> None:
    with pytest.raises(ValueError, match="^" + message.replace(".", r"\.")):
        pattern_of(written)


@pytest.mark.parametrize("written", COMMON_FORMATS)
def test_every_suggested_format_is_one(written: str) -> None:
    assert pattern_of(written).startswith("^")


# --- time counted from another date --------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "cell", "day"),
    [
        ("days_from: start_date", "0", date(2019, 1, 1)),
        ("days_from: start_date", "31", date(2019, 2, 1)),
        ("days_from: start_date", "-1", date(2018, 12, 31)),
        ("days_from: start_date, unit: weeks", "2", date(2019, 1, 15)),
        ("days_from: start_date, unit: mesi", "12", date(2020, 1, 1)),
        ('days_from: start_date, decimal: ","', "1,4", date(2019, 1, 2)),
    ],
)
def test_days_are_counted_from_the_date_they_name(rule: str, cell: str, day: date) -> None:
    loaded = mapping_of(f"start_date: {{ from: s }}\nbirth_date: {{ from: x, {rule} }}")
    found = outcome_of(loaded, [{"id": "1", "s": "2019-01-01", "x": cell}])
    assert (found.column("birth_date"), found.findings) == ([day], [])


def test_days_with_their_own_unit_are_counted_too() -> None:
    loaded = mapping_of(
        "start_date: { from: s }\ndeath_date: { from: x, unit_from: u, days_from: start_date }"
    )
    found = outcome_of(loaded, [{"id": "1", "s": "2019-01-01", "x": "2", "u": "weeks"}])
    assert found.column("death_date") == [date(2019, 1, 15)]


@pytest.mark.parametrize(("days", "day"), [("1.4", 2), ("1.6", 3), ("-0.4", 1), ("-0.6", 31)])
def test_parts_of_a_day_go_to_the_nearest(days: str, day: int) -> None:
    loaded = mapping_of("start_date: { from: s }\nbirth_date: { from: x, days_from: start_date }")
    found = outcome_of(loaded, [{"id": "1", "s": "2019-01-01", "x": days}])
    assert found.column("birth_date")[0].day == day


def test_a_rule_may_count_from_a_field_that_stands_below_it() -> None:
    loaded = mapping_of("death_date: { from: x, days_from: start_date }\nstart_date: { from: s }")
    found = outcome_of(loaded, [{"id": "1", "s": "2019-01-01", "x": "31"}])
    assert found.column("death_date") == [date(2019, 2, 1)]


@pytest.mark.parametrize(
    ("start", "cell", "check"),
    [
        ("", "31", "anchor.missing"),
        ("2019-01-01", "9000", "date.after_as_of"),
        ("2019-01-01", "99999999999", "date.after_as_of"),
        ("2019-01-01", "-99999999999", "date.too_early"),
        ("2019-01-01", "soon", "number.unreadable"),
    ],
)
def test_days_that_lead_nowhere_are_findings(start: str, cell: str, check: str) -> None:
    loaded = mapping_of("start_date: { from: s }\ndeath_date: { from: x, days_from: start_date }")
    found = outcome_of(loaded, [{"id": "1", "s": start, "x": cell}])
    assert found.column("death_date") == [None]
    assert found.checks == [check]
    assert found.findings[0]["column"] == "x"


def test_a_missing_anchor_names_itself() -> None:
    loaded = mapping_of("start_date: { from: s }\ndeath_date: { from: x, days_from: start_date }")
    found = outcome_of(loaded, [{"id": "1", "s": "", "x": "3"}])
    finding = found.finding("anchor.missing")
    assert finding["message"] == "cannot be counted, because start_date is missing"


@pytest.mark.parametrize(
    ("born", "age"),
    [
        ("1950-01-02", 68),
        ("1950-01-01", 69),
        ("1949-12-31", 69),
        ("1952-02-29", 66),
        ("2019-01-01", 0),
    ],
)
def test_an_age_counts_birthdays(born: str, age: int) -> None:
    loaded = mapping_of("start_date: { from: s }\nage_years: { from: b, age_at: start_date }")
    found = outcome_of(loaded, [{"id": "1", "s": "2019-01-01", "b": born}])
    assert found.column("age_years") == [age]


def test_an_age_below_zero_is_impossible() -> None:
    loaded = mapping_of("start_date: { from: s }\nage_years: { from: b, age_at: start_date }")
    found = outcome_of(loaded, [{"id": "1", "s": "2019-01-01", "b": "2019-01-02"}])
    assert (found.column("age_years"), found.checks) == ([None], ["range.possible"])


def test_days_in_a_second_table_are_counted_once_whatever_the_batches() -> None:
    loaded = mapping_of(
        "start_date: { from: s }\ndeath_date: { from: c.x, days_from: start_date, take: latest }",
        tables="c: { files: c.csv, key: id, rows: many }",
    )
    rows = [{"id": str(n), "s": "2019-01-01" if n else ""} for n in range(4)]
    visits = [{"id": str(n), "x": str(n)} for n in range(4)] + [{"id": "zz", "x": "5"}]
    whole = outcome_of(loaded, rows, c=visits)
    assert whole.column("death_date") == [None, *(date(2019, 1, 1 + n) for n in (1, 2, 3))]
    assert sorted(whole.checks) == ["anchor.missing", "key.orphan"]
    parts = outcome_of(loaded, rows, c=visits, batch_rows=1)
    assert (parts.patients, parts.findings) == (whole.patients, whole.findings)


def test_every_cell_of_a_date_column_is_accounted_for() -> None:
    texts = ("2019-01-01", "", "n.d.", "soon", "2019")
    found = outcome_of(
        mapping_of('death_date: { from: x, dates: "%Y", impute: none, missing: n.d. }'),
        cells_of("x", *texts),
    )
    column = found.harmonized.columns["t"]["x"]
    assert (column.filled, column.carried, column.missing, column.findings) == (4, 1, 2, 1)
