"""`melt`: repeated columns of a wide table are rows of their own, and their cells keep their addresses."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from desk_study import MAPPING, make_study
from hypothesis import given, settings
from hypothesis import strategies as st
from slips import MARK, places_of, told_of

from onecohort.center import run_center
from onecohort.draft.update import update_mapping
from onecohort.errors import ExportError
from onecohort.exports.table import Fault, MemoryTable
from onecohort.pseudonym import find_key
from onecohort.study import Study, load_study
from onecohort.trace import Cell, trace_patients
from tests.small_study import Cells, Outcome, mapping_of, outcome_of, require, table_of

PARTS = 3
MELT = "melt: { GB: [g1, g2, g3], D: [d1, d2, d3] }"
WIDE = f'v: {{ files: t.csv, key: id, rows: many, missing: n.d., dates: "%d/%m/%Y", {MELT} }}'
LONG = 'v: { files: v.csv, key: id, rows: many, missing: n.d., dates: "%d/%m/%Y" }'
COLUMNS = ("id", "s", *(f"{letter}{part + 1}" for part in range(PARTS) for letter in "gd"))
LATEST = "wbc_10e9_l: { from: v.GB, take: latest, by: v.D }"


def wide(rows: Sequence[Cells], rule: str = LATEST, more: str = "", tables: str = WIDE) -> Outcome:
    """What comes of patients whose visits stand beside each other in the patients' own sheet."""
    fields = f"sex: {{ from: s, values: {{ M: male }} }}\n{rule}"
    table = table_of(rows, columns=COLUMNS)
    return outcome_of(mapping_of(fields, tables=tables, more=more), table, v=table)


def visits(*cells: tuple[str, str], key: str = "1", **more: str) -> Cells:
    """One patient's row: value and date of each visit."""
    named = {f"g{n}": value for n, (value, _) in enumerate(cells, 1)}
    return {
        "id": key,
        "s": "M",
        **named,
        **{f"d{n}": d for n, (_, d) in enumerate(cells, 1)},
        **more,
    }


THREE = visits(("2", "05/01/2020"), ("3", "01/01/2020"), ("1", "20/01/2020"))


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ("wbc_10e9_l: { from: v.GB, take: first }", 2.0),
        ("wbc_10e9_l: { from: v.GB, take: last }", 1.0),
        ("wbc_10e9_l: { from: v.GB, take: max }", 3.0),
        ("wbc_10e9_l: { from: v.GB, take: earliest, by: v.D }", 3.0),
        ("wbc_10e9_l: { from: v.GB, take: latest, by: v.D }", 1.0),
        ("wbc_10e9_l: { from: v.GB, take: first, where: { v.D: 01/01/2020 } }", 3.0),
        ("wbc_10e9_l: { from: v.GB, take: count }", 3.0),
    ],
)
def test_a_melted_row_is_taken_as_any_other(rule: str, value: float) -> None:
    found = wide([THREE], rule)
    assert found.column("wbc_10e9_l") == [value]
    assert set(found.checks) <= {"cell.unused"}


def test_rows_come_in_the_order_of_the_file_and_there_of_the_lists() -> None:
    rows = [visits(("1", ""), ("2", "")), visits(("3", ""), ("4", ""))]
    loaded = mapping_of("wbc_10e9_l: { from: v.GB, take: last }", tables=WIDE)
    found = outcome_of(loaded, [{"id": "1"}], v=table_of(rows, columns=COLUMNS))
    assert found.column("wbc_10e9_l") == [4.0]


def test_a_part_of_nothing_but_blanks_is_no_row_and_is_not_counted() -> None:
    found = wide([visits(("2", "05/01/2020"), (" ", ""), ("", "06/01/2020"))])
    balance = found.harmonized.tables["v"]
    assert (balance.delivered, balance.cohort) == (2, 2)
    assert found.harmonized.columns["v"]["GB"].filled == 1
    assert found.harmonized.columns["v"]["D"].filled == 2


def test_a_row_without_any_melted_cell_stays_one_row() -> None:
    found = wide([visits(), THREE | {"id": "2"}])
    assert found.column("wbc_10e9_l") == [None, 1.0]
    assert found.harmonized.tables["v"].delivered == 1 + PARTS


def test_the_first_table_may_be_melted_and_loses_nobody() -> None:
    loaded = mapping_of(
        "sex: { from: s, values: { M: male } }\nwbc_10e9_l: { from: GB, take: max }\n"
        "note: { from: D, take: first }",
        table=f"rows: many, {MELT}",
    )
    rows = [THREE, visits(key="2"), visits(("x", ""), ("4", ""), key="3", s="?")]
    found = outcome_of(loaded, table_of(rows, columns=COLUMNS))
    assert [(p["patient_id"], p["sex"], p["wbc_10e9_l"]) for p in found.patients] == [
        ("1", "male", 3.0), ("2", "male", None), ("3", None, 4.0)
    ]  # fmt: skip
    # A cell that is not melted stands in two rows, and is told of once.
    assert [(f["check"], f["row"], f["column"]) for f in found.findings] == [
        ("number.unreadable", 4, "g1"), ("values.unlisted", 4, "s")
    ]  # fmt: skip
    assert found.harmonized.tables["t"].cohort == 3 + 1 + 2
    assert len(found.harmonized.lineage) == 0  # each patient has one row of the file


def test_a_finding_names_the_column_and_the_row_of_the_file() -> None:
    rows = [THREE, visits(("boh", "01/01/2020"), ("5", ""), ("6", "31/02/2020"), key="2")]
    found = wide(rows)
    assert [(f["check"], f["row"], f["column"], f["raw"]) for f in found.findings] == [
        ("date.impossible", 3, "d3", "31/02/2020"),
        ("number.unreadable", 3, "g1", "boh"),
        ("order.missing", 3, "g2", "5"),
        ("order.missing", 3, "g3", "6"),
    ]  # fmt: skip
    missing = [f["message"] for f in found.findings if f["check"] == "order.missing"]
    assert missing[0] == "has no date in d2, so nobody knows whether it counts"
    assert missing[1] == "has no date in d3, so nobody knows whether it counts"


def test_rows_that_disagree_are_told_at_their_columns() -> None:
    found = wide([visits(("1", ""), ("", "05/01/2020"), ("2", ""))], "wbc_10e9_l: { from: v.GB }")
    conflicts = [f for f in found.findings if f["check"] == "rows.disagree"]
    assert [(f["row"], f["column"]) for f in conflicts] == [(2, "g1"), (2, "g3")]
    unused = [f for f in found.findings if f["check"] == "cell.unused"]
    assert [(f["row"], f["column"], f["raw"]) for f in unused] == [(2, "d2", "05/01/2020")]


def test_a_check_of_the_study_names_the_column_of_the_file() -> None:
    rows = [visits(("", ""), ("", "05/01/2019")), visits(key="2")]
    rule = "start_date: { constant: 2020-01-01 }\ndeath_date: { from: v.D, take: latest }"
    finding = wide(rows, rule).finding("start_before_death")
    assert (finding["row"], finding["column"], finding["raw"]) == (2, "d2", "05/01/2019")


def test_a_column_of_a_patient_without_a_row_has_no_name() -> None:
    rule = "start_date: { constant: 2020-01-01 }\ndeath_date: { from: v.D, take: latest }"
    loaded = mapping_of(rule, tables=WIDE)
    table = table_of([visits(key="2")], columns=COLUMNS)
    found = outcome_of(loaded, [{"id": "1"}], schema=require("death_date"), v=table)
    finding = found.finding("required.missing")
    assert (finding["row"], finding["column"]) == (None, None)


def test_columns_of_a_melted_sheet_are_spoken_for_beside_it() -> None:
    found = wide([{**THREE, "x": "1"}])
    unmapped = [(f["column"]) for f in found.findings if f["check"] == "column.unmapped"]
    assert unmapped == ["x"]


def test_conditions_of_the_table_look_at_melted_rows() -> None:
    tables = WIDE.replace(
        "melt:", 'where: { GB: ">= 2" }, leave_out: [{ when: { D: n.d. }, reason: r }], melt:'
    )
    found = wide([visits(("2", "n.d."), ("1", ""), ("boh", "01/01/2020"))], LATEST, tables=tables)
    assert [(f["check"], f["row"], f["column"]) for f in found.findings if "." in f["check"]] == [
        ("row.left_out", 2, "d1"), ("condition.open", 2, "g3"), ("row.outside_where", 2, None),
    ]  # fmt: skip
    balance = found.harmonized.tables["v"]
    assert (balance.delivered, balance.left_out, balance.quarantined) == (3, 2, 1)
    (kept,) = found.harmonized.quarantine.to_pylist()
    assert kept["cells"] == '{"id": "1", "s": "M", "g3": "boh", "d3": "01/01/2020"}'


def test_rows_of_nobody_are_quarantined_with_their_own_cells() -> None:
    loaded = mapping_of(LATEST, tables=WIDE)
    rows = [visits(("1", ""), ("2", ""), key="9"), visits(("3", ""), key="")]
    found = outcome_of(loaded, [{"id": "1"}], v=table_of(rows, columns=COLUMNS))
    assert [row["cells"] for row in found.harmonized.quarantine.to_pylist()] == [
        '{"id": "9", "s": "M", "g1": "1"}', '{"id": "9", "s": "M", "g2": "2"}',
        '{"s": "M", "g1": "3"}',
    ]  # fmt: skip
    assert (found.count("key.orphan"), found.count("key.missing")) == (1, 1)


def test_a_correction_names_the_column_of_the_file() -> None:
    more = """
    corrections:
      - { patient: "1", table: v, column: g2, was: 3O, now: "30", reason: letter for digit }
      - { row: 2, table: v, column: d3, was: "", now: 01/01/2021, reason: asked by mail }
      - { row: 2, table: v, column: g1, was: "7", now: "8", reason: mended since }
    """
    rows = [visits(("1", "01/01/2020"), ("3O", "02/01/2020"))]
    found = wide(rows, more=more)
    assert found.column("wbc_10e9_l") == [30.0]
    applied = [f for f in found.findings if f["check"] == "correction.applied"]
    assert [(f["row"], f["column"], f["raw"]) for f in applied] == [(2, "d3", ""), (2, "g2", "3O")]
    assert found.finding("correction.unused")["column"] == "g1"
    assert found.harmonized.tables["v"].delivered == 3


def test_a_cell_that_the_reader_could_not_give_is_blank_and_told_at_its_column() -> None:
    table = table_of(
        [THREE], columns=COLUMNS, faults=(Fault(2, "g3", "#REF!", "cell.error", "is an error"),)
    )
    found = outcome_of(mapping_of(LATEST, tables=WIDE), [{"id": "1", "s": "M"}], v=table)
    assert found.column("wbc_10e9_l") == [2.0]
    assert found.finding("cell.error")["column"] == "g3"


def test_texts_that_the_file_declares_missing_are_so_after_melting() -> None:
    table = table_of(
        [visits(("1", "01/01/2020"), ("999", "02/01/2020"))], columns=COLUMNS,
        user_missing={"g1": frozenset({"999"}), "g2": frozenset({"999"})},
    )  # fmt: skip
    found = outcome_of(mapping_of(LATEST, tables=WIDE), [{"id": "1"}], v=table)
    assert found.column("wbc_10e9_l") == [1.0]
    assert found.harmonized.columns["v"]["GB"].missing == 1


def test_a_melted_column_that_is_gone_is_a_changed_layout() -> None:
    loaded = mapping_of(LATEST, tables=WIDE)
    table = table_of(
        [{"id": "1", "g1": "", "g2": "", "d1": "", "d2": "", "d3": "", "g4": ""}], name="v"
    )
    with pytest.raises(ExportError, match="no column 'g3'"):
        outcome_of(loaded, [{"id": "1"}], v=table)


# --- the same data, delivered long ---------------------------------------------------------------

VALUE = st.sampled_from(["", "", " ", None, "n.d.", "3", "4.5", "boh", "3", "-1", "\u00a07"])
DAY = st.sampled_from(["", "", None, "n.d.", "01/01/2020", "02/01/2020", "31/02/2020", "soon"])
DELIVERY = st.lists(
    st.tuples(
        st.sampled_from(["1", "2", "3", "4"]),
        st.lists(st.tuples(VALUE, DAY), min_size=PARTS, max_size=PARTS),
    ),
    max_size=8,
)
RULES = [
    LATEST,
    "wbc_10e9_l: { from: v.GB }\nstart_date: { from: v.D, take: earliest }",
    'wbc_10e9_l: { from: v.GB, take: max, where: { v.D: ["01/01/2020", present] } }\n'
    "cycles: { from: v.GB, take: count }",
]
Delivery = list[tuple[str, list[tuple[str | None, str | None]]]]


def blank(text: str | None) -> bool:
    return not (text or "").strip()


@settings(max_examples=40, deadline=None)
@given(DELIVERY, st.sampled_from(RULES), st.booleans())
def test_melting_equals_the_same_data_delivered_long(
    delivery: Delivery, rule: str, coded: bool
) -> None:
    long: list[Cells] = []
    beside: list[Cells] = []
    for key, cells in delivery:
        named = [(f"g{n}", g) for n, (g, _) in enumerate(cells, 1)]
        named += [(f"d{n}", d) for n, (_, d) in enumerate(cells, 1)]
        beside.append({"id": key, "s": None, **dict(named)})
        filled = [(g, d) for g, d in cells if not (blank(g) and blank(d))]
        long += [{"id": key, "GB": g, "D": d} for g, d in filled or [(None, None)]]
    patients = [{"id": number} for number in "123"]
    melted = outcome_of(
        mapping_of(rule, tables=WIDE, more="ignore: { v.s: not asked }"), patients,
        v=dictionaries(table_of(beside, columns=COLUMNS)) if coded else table_of(beside, columns=COLUMNS),
    )  # fmt: skip
    as_long = outcome_of(
        mapping_of(rule, tables=LONG), patients,
        v=table_of(long, name="v", columns=("id", "GB", "D")),
    )  # fmt: skip
    assert melted.patients == as_long.patients
    assert melted.harmonized.tables == as_long.harmonized.tables
    assert melted.harmonized.columns == as_long.harmonized.columns
    assert told(melted) == told(as_long)
    for finding in melted.findings:
        if finding["row"] is not None and finding["column"] != "id":
            assert beside[finding["row"] - 2][finding["column"]] == finding["raw"]


def told(found: Outcome) -> list[tuple[Any, ...]]:
    """What is said of cells; a key stands once in a wide row and in every long one."""
    return sorted(
        (f["check"], f["field"] or "", f["raw"] or "", f["severity"])
        for f in found.findings
        if not f["check"].startswith("key.")
    )


def dictionaries(table: MemoryTable) -> MemoryTable:
    """The same table with its columns as a reader gives them that has met few texts."""
    arrays = [column.dictionary_encode() for column in table.cells.columns]
    cells = pa.RecordBatch.from_arrays(arrays, names=table.cells.schema.names)
    return MemoryTable(table.export, table.sheet, table.rows, cells)


# --- a study at the desk -------------------------------------------------------------------------

LISTS = "{ Hb: [Hb v1, Hb v2], Data: [Data v1, Data v2] }"
GOOD = (
    MAPPING.replace("panaro/esami_*.csv", "panaro/pazienti_*.csv")
    .replace("    rows: many\n", f"    rows: many\n    melt: {LISTS}\n")
    .replace("esami.Hb (g/L)", "esami.Hb")
    .replace("  ldh_u_l: { from: esami.LDH, unit: U/L, take: earliest, by: esami.Data }\n", "")
    .replace("  ecog: not recorded", "  ldh_u_l: not recorded\n  ecog: not recorded")
    .replace("Data: 01/03/2015, Hb (g/L)", "Data v2: 01/03/2015, Hb v2")
)
MISTAKES = [
    ("lists of different length", "Hb: [Hb v1, Hb v2]", f"Hb: [Hb v1, Hb v2], Peso: {MARK}[CR]",
     "differ in length (Hb 2, Peso 1, Data 2)", "the n-th of each"),
    ("an empty list", "Hb: [Hb v1, Hb v2]", f"Hb: {MARK}[]", "esami.melt.Hb is empty", "write `Hb: …`"),
    ("nothing melted", LISTS, f"{MARK}{{}}", "esami.melt is empty", "write `melt: …`"),
    ("the same column twice", LISTS,
     f"{{ Hb: [Hb v1, Hb v2, {MARK}Hb v1], Data: [Data v1, Data v2, CR] }}",
     "'Hb v1' stands in `melt` a second time (first for Hb)", "name each column once"),
    ("the same column for two", LISTS,
     f"{{ Hb: [Hb v1, Hb v2, CR], Data: [Data v1, Data v2, {MARK}Hb v2] }}",
     "'Hb v2' stands in `melt` a second time (first for Hb)"),
    ("a new column called as one of its own", "Data: [Data v1, Data v2]",
     f"Data: [Data v1, Data v2], {MARK}PR: [CR, PR]",
     "'PR' is a column of the file already", "call the new column otherwise"),
    ("a new column called as one of the export", "Data: [Data v1, Data v2]",
     f"Data: [Data v1, Data v2], {MARK}Note: [CR, PR]",
     "has a column 'Note' of its own", "call the new column otherwise"),
    ("one row per patient", f"    rows: many\n    melt: {LISTS}", f"    {MARK}melt: {LISTS}",
     "`melt` makes several rows of one, and 'esami' has one row per patient", "`rows: many`"),
    ("a key that is melted", LISTS,
     f"{{ Hb: [Hb v1, Hb v2, CR], Data: [Data v1, Data v2, {MARK}Codice] }}",
     "'Codice' is the key", "take it out of `melt`"),
    ("a new key", "Data: [Data v1, Data v2]", f"Data: [Data v1, Data v2], {MARK}Codice: [CR, PR]",
     "'Codice' is a column of the file already"),
    ("a misspelt column", "Hb v2]", f"{MARK}Hb v22]", "has no column 'Hb v22'", "did you mean 'Hb v2'?"),
    ("a misspelt new column", "by: esami.Data", f"by: {MARK}esami.Dato",
     "has no column 'Dato'", "did you mean 'Data'?"),
    ("a column read as it was", "from: esami.Hb,", f"from: {MARK}esami.Hb v1,",
     "'Hb v1' of esami is melted into 'Hb'", "read `esami.Hb` instead"),
    ("a condition on a column as it was", "    rows: many\n",
     f"    rows: many\n    where: {{ {MARK}Data v1: present }}\n",
     "'Data v1' of esami is melted into 'Data'", "read `Data` instead"),
    ("a melted column that is ignored", "ignore:\n", f"ignore:\n  {MARK}esami.Hb v1: not asked\n",
     "'esami.Hb v1' is ignored, but esami.Hb is made from it", "take it out of ignore"),
    ("a correction of a new column", "\nexamples:",
     f'\ncorrections:\n  - {{ row: 2, table: esami, column: {MARK}Hb, was: "1", now: "2", reason: typo }}'
     "\n\nexamples:",
     "'Hb' is made by `melt`", "one of Hb v1, Hb v2"),
    ("an example of a new column", "Hb v2: \"98\"", f"{MARK}Hb: \"98\"",
     "nothing of a column 'Hb' of esami", "did you mean 'Hb v1'?"),
]  # fmt: skip


@pytest.fixture
def study(tmp_path: Path, project: Path) -> Study:
    found = load_study(make_study(tmp_path / "desk", project))
    path = found.exports / "panaro" / "pazienti_2021-06.csv"
    head, *rows = path.read_text(encoding="utf-8").splitlines()
    rows = [f"{row};92;28/04/2016;;" for row in rows]
    rows[0] = rows[0].removesuffix(";;") + ";95;01/05/2016"
    path.write_text("\n".join([f"{head};Hb v1;Data v1;Hb v2;Data v2", *rows]), encoding="utf-8")
    return found


def test_a_good_mapping_of_a_melted_sheet_has_no_mistake(study: Study) -> None:
    assert told_of(study, GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [(old, new, words) for _, old, new, *words in MISTAKES],
    ids=[name.replace(" ", "-") for name, *_ in MISTAKES],
)
def test_a_mistake_in_melt_is_told_at_its_place_with_its_way_out(
    study: Study, old: str, new: str, words: list[str]
) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    told = told_of(study, text.replace(MARK, ""))
    assert [each.mistake.where for each in told] == places_of(text), [each.mistake for each in told]
    said = f"{told[0].mistake.what}\n{told[0].mistake.fix}"
    assert [word for word in words if word not in said] == [], said


def test_a_value_walks_back_to_the_column_of_the_file(study: Study, tmp_path: Path) -> None:
    (study.root / "center_mappings" / "panaro.yaml").write_text(GOOD, encoding="utf-8")
    loaded, key = study.load_mapping("panaro"), find_key(synthetic=True)
    (patient,) = trace_patients(study, loaded, key, patient="P-01").patients
    export = "panaro/pazienti_2021-06.csv"
    assert patient.values["hemoglobin_g_dl"].value == 9.5
    assert patient.values["hemoglobin_g_dl"].cells == (
        Cell("esami", export, None, 2, "Hb v2", "95"),
        Cell("esami", export, None, 2, "Data v2", "01/05/2016"),
    )
    summary = run_center(study, "panaro", tmp_path / "store", key)
    assert summary.tables["esami"]["delivered"] == summary.tables["pazienti"]["delivered"] + 1


def test_a_second_delivery_adds_a_new_column_once(study: Study) -> None:
    (study.root / "center_mappings" / "panaro.yaml").write_text(GOOD, encoding="utf-8")
    path = study.exports / "panaro" / "pazienti_2021-06.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    more = ["zzz", *("1" for _ in lines[1:])]
    path.write_text(
        "\n".join(f"{a};{b}" for a, b in zip(lines, more, strict=True)), encoding="utf-8"
    )
    updated = update_mapping(study, study.load_mapping("panaro"), GOOD, [])
    assert (len(updated.added), updated.gone) == (1, ())
