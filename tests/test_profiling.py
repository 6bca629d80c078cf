"""What a profile says of a table: kinds, spellings, missing codes, sampling, and how it is shown."""

import doctest
import io
import json

import numpy as np
import pyarrow as pa
import pytest
from rich.console import Console

from onecohort import profiling, spelling
from onecohort.exports.table import MemoryTable
from onecohort.profile_views import as_html, as_rich, as_values, describe, frequent
from onecohort.profiling import ColumnProfile, TableProfile, profile_table
from onecohort.spelling import read_date_spelling, read_number_spelling, unit_in_heading


def table(
    cells: dict[str, list[str | None]],
    *,
    labels: dict[str, str] | None = None,
    value_labels: dict[str, dict[str, str]] | None = None,
    user_missing: dict[str, frozenset[str]] | None = None,
) -> MemoryTable:
    length = len(next(iter(cells.values())))
    batch = pa.record_batch({name: pa.array(texts, pa.string()) for name, texts in cells.items()})
    return MemoryTable(
        "adda.csv",
        None,
        pa.array(range(2, length + 2), pa.int64()),
        batch,
        labels=labels or {},
        value_labels=value_labels or {},
        user_missing=user_missing or {},
    )


def column(name: str, *texts: str | None) -> ColumnProfile:
    return profile_table(table({name: list(texts)})).columns[0]


def many(*texts: str) -> list[str]:
    """Each text five times."""
    return [text for text in texts for _ in range(5)]


@pytest.mark.parametrize(
    ("name", "texts", "looks"),
    [
        ("Data", ["12/03/2019", "31/12/2018", "n.d."], "date"),
        ("Data visita", ["43500", "43600", "44000"], "date"),
        ("Hb", ["9,8", "10,2", "11"], "number"),
        ("Hb", ["9,8", "10,2", "<5", "11 g/dL", "8,1"], "number"),
        ("PS", many("0", "1", "2"), "code"),
        ("Sesso", many("M", "F"), "code"),
        ("Trapianto", many("sì", "no"), "yes or no"),
        ("Centro", many("Padova"), "constant"),
        ("Codice", [f"B-{i:03}" for i in range(30)], "identifier"),
        ("Codice", [str(i) for i in range(30)], "identifier"),
        ("Peso", [str(50 + i) for i in range(30)], "number"),
        ("Note", ["in follow up altrove", "ricoverato a marzo", "trasferito"], "free text"),
        ("Vuota", [None, "", "  "], "empty"),
        ("Ignota", ["n.d.", "ND", "-"], "empty"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_columns_look_like_what_they_hold(name: str, texts: list[str | None], looks: str) -> None:
    assert column(name, *texts).appearance.looks == looks


@pytest.mark.parametrize(
    ("texts", "formats"),
    [
        (["12/03/2019", "31/12/2018"], ["%d/%m/%Y"]),
        (["12/31/2018", "01/02/2018"], ["%m/%d/%Y"]),
        (["31.12.2018", "1.2.2019"], ["%d.%m.%Y"]),
        (["31-12-18"], ["%d-%m-%y"]),
        (["2019-03-12", "2019-03-12 10:00:00"], ["%Y-%m-%d"]),
        (["2019/03/12"], ["%Y/%m/%d"]),
        (["20190312"], ["%Y%m%d"]),
        (["12 mar 2019", "3 gennaio 2020"], ["%d %b %Y"]),
        (["12-Dec-19"], ["%d-%b-%y"]),
        (["31/12/2018 10:30"], ["%d/%m/%Y %H:%M"]),
        (["12/03/2019", "31/12/2019", "03/2019"], ["%d/%m/%Y", "%m/%Y"]),
        (["2019-03"], ["%Y-%m"]),
        (["marzo 2019"], ["%b %Y"]),
        (["31/12/2018", "31/12/2019", "12/31/2018"], ["%d/%m/%Y", "%m/%d/%Y"]),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_date_formats_are_found_in_the_spelling_of_a_mapping(
    texts: list[str], formats: list[str]
) -> None:
    found = read_date_spelling(texts, np.ones(len(texts), dtype=np.int64))
    assert found is not None
    assert [form for form, _ in found.formats] == formats
    assert found.read == len(texts)


def test_the_evidence_for_day_or_month_first_is_counted() -> None:
    found = read_date_spelling(["31/12/2018", "01/02/2018"], np.array([3, 2]))
    assert found is not None
    assert (found.day_first, found.month_first, found.either) == (3, 0, 2)


def test_days_that_do_not_exist_and_partial_dates_are_counted_apart() -> None:
    found = read_date_spelling(["31/12/2018", "31/02/2018", "02/2018"], np.array([1, 2, 4]))
    assert found is not None
    assert (found.read, found.impossible, found.partial) == (5, 2, 4)


@pytest.mark.parametrize(
    ("texts", "decimal", "thousands", "limits"),
    [
        (["3.2", "5"], ".", "", (3.2, 5)),
        (["3,2", "5"], ",", "", (3.2, 5)),
        (["1.234,5", "3,2"], ",", ".", (3.2, 1234.5)),
        (["1,234.5", "3.2"], ".", ",", (3.2, 1234.5)),
        (["7", "5"], "", "", (5, 7)),
        (["1 234,5", "3,5"], ",", " ", (3.5, 1234.5)),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_decimal_and_thousands_signs_are_found(
    texts: list[str], decimal: str, thousands: str, limits: tuple[float, float]
) -> None:
    found = read_number_spelling(texts, np.ones(len(texts), dtype=np.int64))
    assert found is not None
    assert (found.decimal, found.thousands) == (decimal, thousands)
    assert (found.lowest, found.highest) == limits


def test_bounds_and_units_in_cells_are_counted() -> None:
    found = read_number_spelling(["<5", "12 g/L", "14 g/L", "8"], np.array([2, 1, 1, 1]))
    assert found is not None
    assert (found.bounds, found.units, found.read) == (2, (("g/L", 2),), 5)


def test_groups_of_three_digits_raise_a_doubt() -> None:
    found = read_number_spelling(["34.000", "12.500"], np.array([1, 1]))
    assert found is not None
    assert "may separate thousands" in found.doubt


def test_no_date_and_no_number_give_nothing() -> None:
    assert read_date_spelling(["abc", "3"], np.array([1, 1])) is None
    assert read_number_spelling(["abc"], np.array([1])) is None


@pytest.mark.parametrize(
    ("heading", "unit"),
    [
        ("Hb (g/L)", "g/L"),
        ("PLT, 10^3/uL", "10^3/uL"),
        ("blasti %", "%"),
        ("Sesso (M/F)", None),
        ("peso_kg", "kg"),
        ("sigarette_per_day", None),
        ("Sesso", None),
    ],
)
def test_units_are_found_in_headings(heading: str, unit: str | None) -> None:
    assert unit_in_heading(heading) == unit


@pytest.mark.parametrize(
    ("texts", "missing", "why"),
    [
        (["9.8", "n.d."], "n.d.", "a usual text for: not known"),
        (["9.8", "11", "999"], "999", "far from the other numbers (up to 11)"),
        (["9.8", "11", "-1"], "-1", "far from the other numbers (up to 11)"),
        (["31/12/2019", "01/01/1900"], "01/01/1900", "a date that stands for: not known"),
    ],
)
def test_likely_missing_codes_are_named_with_the_reason(
    texts: list[str], missing: str, why: str
) -> None:
    assert column("x", *texts).appearance.missing == ((missing, 1, why),)


def test_a_nine_among_its_like_is_a_number() -> None:
    assert column("x", "98", "99", "100").appearance.missing == ()


def test_missing_codes_do_not_widen_the_limits() -> None:
    numbers = column("x", "9.8", "11", "999").appearance.numbers
    assert numbers is not None
    assert numbers.highest == 11


def test_what_the_file_declares_missing_is_said() -> None:
    given = table({"x": ["1", "2", "8"]}, user_missing={"x": frozenset({"8"})})
    profile = profile_table(given).columns[0]
    assert profile.user_missing == ("8",)
    assert profile.appearance.missing == (("8", 1, "declared missing in the file"),)


def test_counts_leave_out_blank_cells_and_trim() -> None:
    profile = column("x", "a", " a ", "b", "", None)
    assert (profile.rows, profile.filled, profile.distinct) == (5, 3, 2)
    assert profile.texts == (("a", 2), ("b", 1))


def test_dictionary_columns_count_alike() -> None:
    cells = pa.record_batch({"x": pa.array(["a", "b", "a"]).dictionary_encode()})
    given = MemoryTable("a.parquet", None, pa.array([1, 2, 3]), cells)
    assert profile_table(given).columns[0].texts == (("a", 2), ("b", 1))


def test_batches_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    given = table({"x": [*many("a", "b"), "c"]})
    whole = profile_table(given)

    class Sliced(MemoryTable):
        def batches(self, columns=None, *, rows=3):  # type: ignore[no-untyped-def]
            return super().batches(columns, rows=3)

    parts = profile_table(Sliced(given.export, None, given.rows, given.cells))
    assert parts == whole


def test_a_long_table_is_sampled_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiling, "SAMPLE_ROWS", 10)
    profile = profile_table(table({"x": [str(i) for i in range(45)]}))
    assert profile.rows == 45
    assert profile.counted == 14
    assert profile.sampled == "14 of 45 rows counted: the first 10, then every 10th"
    assert {text for text, _ in profile.columns[0].texts} >= {"9", "10", "20", "30", "40"}


def test_a_very_large_table_is_read_no_further_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(profiling, "MOST_CELLS", 4)

    class Sliced(MemoryTable):
        def batches(self, columns=None, *, rows=3):  # type: ignore[no-untyped-def]
            return super().batches(columns, rows=5)

    given = table({"x": [str(i) for i in range(20)]})
    profile = profile_table(Sliced(given.export, None, given.rows, given.cells))
    assert profile.rows == 5
    assert profile.sampled == "only the first 5 rows were read"


def test_a_column_of_very_many_texts_gives_a_lower_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiling, "MOST_DISTINCT", 8)
    profile = column("x", *[f"t{i}" for i in range(30)])
    assert profile.distinct_at_least
    assert profile.distinct == 8
    assert profile.filled == 30


@pytest.mark.parametrize(
    ("name", "texts", "words"),
    [
        ("Hb (g/L)", ["98,5", "102", "<5"], "number; 5 to 102; decimal ','; 1 bound such as <5"),
        ("Hb (g/L)", ["98,5", "102"], "unit g/L"),
        ("Data", ["01/02/2019", "03/04/2019"], "day or month first: no cell decides"),
        ("Data", ["31/12/2019", "12/31/2019"], "day first in 1, month first in 1 cells"),
        ("Data", ["31/12/2019", "02/2019"], "1 without a day"),
        ("Data", ["31/12/2019"] * 5 + ["31/02/2019"], "1 impossible"),
        ("PLT", ["34.000", "12.500"], "it may separate thousands"),
        ("PLT", ["1.234,5", "2,5", "7,5"], "thousands '.'"),
        ("Hb", ["12 g/L", "14"], "g/L in 1 cell"),
    ],
)
def test_a_column_is_described_in_words(name: str, texts: list[str | None], words: str) -> None:
    assert words in describe(column(name, *texts).appearance)


def test_frequent_texts_come_with_counts_labels_and_what_is_left_out() -> None:
    given = table({"x": [*many("1"), "2", *"abcdef"]}, value_labels={"x": {"1": "maschio"}})
    assert frequent(profile_table(given).columns[0]).startswith("1 = maschio (5), 2 (1)")
    assert frequent(profile_table(given).columns[0]).endswith("3 more")


def sample() -> TableProfile:
    cells: dict[str, list[str | None]] = {
        "Sesso": ["M", "F", "M"],
        "Hb <b>": ["9.8", "11.0", "n.d."],
        "Data": ["31/12/2018", "01/02/2019", None],
        "Vuota": [None, None, None],
    }
    return profile_table(table(cells, labels={"Sesso": "Sesso del paziente"}))


def test_json_holds_plain_values_only() -> None:
    read = json.loads(json.dumps(as_values(sample())))
    assert read["export"] == "adda.csv"
    assert [one["appearance"]["looks"] for one in read["columns"]] == [
        "free text",
        "number",
        "date",
        "empty",
    ]


def test_the_terminal_shows_one_line_per_column() -> None:
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(as_rich(sample()))
    text = console.export_text()
    assert "adda.csv  3 rows, 4 columns" in text
    assert "Sesso – Sesso del paziente" in text
    assert "n.d. (1)" in text


def test_the_page_escapes_texts_and_fetches_nothing() -> None:
    page = as_html([sample()])
    assert "Hb &lt;b&gt;" in page
    assert "<b>" not in page
    assert "http" not in page
    assert "<script" not in page
    assert page.count("<svg") == 2


def test_a_code_of_more_patients_than_are_counted_is_an_identifier_still() -> None:
    count = profiling.MOST_DISTINCT + 2_000
    codes = pa.array([f"P{n:06}" if n % 100 else "" for n in range(count)])
    weights = pa.array([f"{n % 3000 / 10 + 30}" for n in range(count)])
    cells = pa.record_batch({"PatNr": codes, "Peso": weights})
    profile = profile_table(MemoryTable("a.csv", None, pa.array(range(count)), cells))
    looks = [column.appearance.looks for column in profile.columns]
    assert (profile.columns[0].distinct_at_least, looks) == (True, ["identifier", "number"])


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(spelling).failed == 0
