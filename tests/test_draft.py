"""A first mapping for a center: it loads, its guesses are marked and mostly right, it leaks nobody."""

import csv
import doctest
import shutil
from pathlib import Path

import pytest

from onecohort.cli.check import check_center
from onecohort.draft import draft_mapping, find_marks, save_draft, spelled, write
from onecohort.errors import StudyError
from onecohort.mapping import marks
from onecohort.mapping.check import check_mapping
from onecohort.mapping.load import LoadedMapping, parse_mapping
from onecohort.rules.coded import fold
from onecohort.study import Study, load_study
from onecohort.suggest.sources import columns_of_fields

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "sample_exports"
CENTERS = sorted(path.stem for path in (ROOT / "center_mappings").glob("*.yaml"))


@pytest.fixture(scope="module")
def sample() -> Study:
    return load_study(ROOT, exports=SAMPLE)


@pytest.fixture(scope="module")
def drafts(sample: Study) -> dict[str, str]:
    """Each center's draft, made without its own mapping."""
    return {center: draft_mapping(sample, center, delivery(center)).text for center in CENTERS}


def delivery(center: str) -> list[Path]:
    return sorted(path for path in (SAMPLE / center).iterdir() if path.suffix != ".txt")


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """The sample's schema and mappings with exports of its own."""
    shutil.copytree(ROOT / "schemas", tmp_path / "schemas")
    shutil.copytree(ROOT / "center_mappings", tmp_path / "center_mappings")
    (tmp_path / "exports" / "sarca").mkdir(parents=True)
    return load_study(tmp_path, exports=tmp_path / "exports")


def export(study: Study, name: str, rows: list[dict[str, str]]) -> Path:
    path = study.exports / "sarca" / name
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def draft(study: Study, *rows: dict[str, str]) -> str:
    """The draft from a CSV whose rows come five times, each time of another patient."""
    patients = [
        {"Codice": f"S-{number:03}", **row}
        for number, row in enumerate([row for _ in range(5) for row in rows])
    ]
    return draft_mapping(study, "sarca", [export(study, "sarca.csv", patients)]).text


@pytest.mark.parametrize("center", CENTERS)
def test_a_draft_loads_and_is_free_of_mistakes(
    center: str, drafts: dict[str, str], sample: Study
) -> None:
    assert check_mapping(parse_mapping(drafts[center]), sample.schema) == []


@pytest.mark.parametrize("center", CENTERS)
def test_a_draft_carries_marks_and_is_not_reviewed(center: str, drafts: dict[str, str]) -> None:
    assert len(find_marks(drafts[center])) > 20
    assert parse_mapping(drafts[center]).mapping.reviewed is None


def test_drafts_give_the_fields_the_columns_that_the_mappings_give_them(
    drafts: dict[str, str], sample: Study
) -> None:
    right = wanted = 0
    for center in CENTERS:
        ours, theirs = (
            by_column(parse_mapping(drafts[center])),
            by_column(sample.load_mapping(center)),
        )
        wanted += len(theirs)
        right += sum(bool(ours.get(column, set()) & fields) for column, fields in theirs.items())
    assert wanted > 250
    assert right / wanted >= 0.90


def by_column(loaded: LoadedMapping) -> dict[str, set[str]]:
    """Column -> its fields, whatever the tables are called."""
    found: dict[str, set[str]] = {}
    for (_, column), fields in columns_of_fields(loaded).items():
        found.setdefault(column, set()).update(fields)
    return found


def test_drafts_fill_in_no_value_that_the_mappings_decide_otherwise(
    drafts: dict[str, str], sample: Study
) -> None:
    differing = []
    for center in CENTERS:
        ours, theirs = parse_mapping(drafts[center]).mapping, sample.load_mapping(center).mapping
        for name, rule in theirs.fields.items():
            drafted = ours.fields.get(name)
            if rule.values and drafted and drafted.values:
                known = {fold(text): term for text, term in rule.values.items()}
                differing += [
                    (center, name, text, term, known[fold(text)])
                    for text, term in drafted.values.items()
                    if known.get(fold(text), term) != term
                ]
    assert differing == []


def test_units_date_formats_and_decimal_signs_are_those_of_the_mappings(
    drafts: dict[str, str],
) -> None:
    dora = parse_mapping(drafts["dora"]).mapping
    table = next(iter(dora.tables.values()))
    assert (table.dates, table.decimal, table.encoding) == (("%d/%m/%y", "%m/%Y"), (",",), "cp1252")
    assert dora.fields["platelets_10e9_l"].unit == "10*3/uL"
    tevere = parse_mapping(drafts["tevere"]).mapping
    assert next(iter(tevere.tables.values())).dates == ("%m/%d/%Y",)
    assert tevere.fields["hemoglobin_g_dl"].unit == "g/L"
    assert parse_mapping(drafts["tagliamento"]).mapping.fields["wbc_10e9_l"].unit == "/uL"


def test_tables_of_many_rows_take_what_the_other_centers_take(drafts: dict[str, str]) -> None:
    piave = parse_mapping(drafts["piave"]).mapping
    assert {name: rule.rows for name, rule in piave.tables.items()} == {
        "pazienti": "one",
        "followup": "one",
        "cicli": "many",
    }
    assert piave.fields["hma_start_date"].take == "earliest"
    assert piave.fields["hma_cycles"].take == "count"
    assert {rule.zero_pad for rule in piave.tables.values()} == {6}


def test_a_long_table_gives_a_field_for_each_name_it_holds(drafts: dict[str, str]) -> None:
    mapping = parse_mapping(drafts["ticino"]).mapping
    by_hand = parse_mapping((ROOT / "center_mappings" / "ticino.yaml").read_text("utf-8")).mapping
    measured = {name for name, rule in by_hand.fields.items() if rule.unit_from}
    assert len(measured) == 8
    for name in measured:
        drafted, wanted = mapping.fields[name], by_hand.fields[name]
        assert drafted.where == wanted.where
        assert (drafted.from_, drafted.unit_from) == (wanted.from_, wanted.unit_from)
        assert (drafted.take, drafted.by, drafted.near) == (wanted.take, wanted.by, wanted.near)


def test_a_long_table_without_a_date_takes_the_first(study: Study) -> None:
    people = [{"Codice": f"S-{n}", "Sesso": "M"} for n in range(12)]
    tests = [("LDH", "250"), ("Emoglobina", "9.8"), ("Piastrine", "40"), ("Ferritina", "300")]
    rows = [
        {"Codice": person["Codice"], "Esame": name, "Valore": f"{float(value) + n}"}
        for n, person in enumerate(people)
        for name, value in tests
    ]
    files = [export(study, "pazienti.csv", people), export(study, "esami.csv", rows)]
    mapping = parse_mapping(draft_mapping(study, "sarca", files).text).mapping
    rule = mapping.fields["ldh_u_l"]
    assert (rule.from_, rule.take, rule.unit_from) == ("esami.Valore", "first", None)
    assert rule.where == {"esami.Esame": ("LDH",)}


def test_columns_that_are_one_value_each_become_one_field(drafts: dict[str, str]) -> None:
    response = parse_mapping(drafts["tevere"]).mapping.fields["best_response"]
    assert response.first_of == ("CR", "CRi", "PR", "SD", "PD")
    assert response.marked == ("x",)
    drug = parse_mapping(drafts["adige"]).mapping.fields["hma_drug"]
    assert drug.values == {"farmaco___1": "azacitidine", "farmaco___2": "decitabine"}


def test_a_draft_says_why_and_names_the_runners_up(drafts: dict[str, str]) -> None:
    lines = drafts["brenta"].splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("  hma_drug:"))
    above = "\n".join(lines[at - 3 : at])
    assert "same as 'farmaco'" in above
    assert "#   or Linea HMA (0." in above


def test_no_name_and_no_tax_code_stands_in_a_draft(drafts: dict[str, str]) -> None:
    with (SAMPLE / "truth.csv").open(encoding="utf-8", newline="") as file:
        people = {row["person_key"] for row in csv.DictReader(file)} - {""}
    assert people
    for text in drafts.values():
        assert not [key for key in people if key in text]


def test_values_that_are_not_certain_wait_as_comments(study: Study) -> None:
    text = draft(study, {"Sesso": "M"}, {"Sesso": "donnna"}, {"Sesso": "zz"})
    assert parse_mapping(text).mapping.fields["sex"].values == {"M": "male"}
    assert "# ? donnna: female  # 5 cells; 0." in text
    assert '# ? zz: "…"  # 5 cells; one of male, female' in text


def test_an_undecided_value_becomes_a_line_when_its_mark_is_taken_away(study: Study) -> None:
    text = draft(study, {"Sesso": "M"}, {"Sesso": "donnna"}).replace("# ? donnna", "donnna")
    assert parse_mapping(text).mapping.fields["sex"].values == {"M": "male", "donnna": "female"}


def test_a_list_without_a_certain_value_waits_as_a_whole(study: Study) -> None:
    text = draft(study, {"Sesso": "maschietto"}, {"Sesso": "donnna"})
    assert "# ? values:" in text
    assert parse_mapping(text).mapping.fields["sex"].values is None
    accepted = text.replace("# ? values:", "values:").replace("# ? donnna", "donnna")
    assert parse_mapping(accepted).mapping.fields["sex"].values == {"donnna": "female"}


@pytest.mark.parametrize(
    ("column", "texts", "field", "said"),
    [
        ("Data diagnosi", ("12/2018", "13/01/2019"), "diagnosis_date", "5 cells without a day"),
        ("Data decesso", ("31/02/2018", "13/01/2019"), "death_date", "a day that does not exist"),
        ("LDH (U/L)", ("<100", "250"), "ldh_u_l", "such as <5: say bounds: limit or half"),
        ("Hb (g/dL)", ("9,8 g/dL", "10,1"), "hemoglobin_g_dl", "with g/dL behind the number"),
        ("Hb (cm)", ("9,8", "10,1"), "hemoglobin_g_dl", "the heading says cm, which is no unit"),
        ("Piastrine", ("34.000", "112.500"), "platelets_10e9_l", "it may separate thousands"),
        ("Linea HMA", ("2a", "3a"), "hma_line", "the number is the beginning"),
        ("Linea HMA", ("2", "boh"), "hma_line", "no numbers in 5 cells"),
        ("Data decesso", ("ieri", "domani"), "death_date", "no dates in any format known here"),
        (
            "Emoglobina",
            ("900000000000", "800000000000"),
            "hemoglobin_g_dl",
            "most numbers are not plausible",
        ),
        ("Emoglobina", ("98", "112"), "hemoglobin_g_dl", "plausible only as g/L"),
    ],
)
def test_doubts_about_a_column_are_said_above_its_field(
    study: Study, column: str, texts: tuple[str, str], field: str, said: str
) -> None:
    text = draft(study, *({column: one} for one in texts))
    lines = text.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith(f"  {field}:"))
    assert any(said in line for line in lines[max(at - 8, 0) : at])


def test_a_yes_or_no_that_says_neither_waits_for_a_person(study: Study) -> None:
    text = draft(study, {"Allo precedente": "S"}, {"Allo precedente": "forse"})
    assert parse_mapping(text).mapping.fields["prior_allo_hsct"].values == {"S": "yes"}
    assert '# ? forse: "…"  # 5 cells; one of yes, no' in text


def test_a_coded_column_of_too_many_texts_gets_no_list(study: Study) -> None:
    rows = [{"Sesso": f"testo numero {chr(97 + n % 26)}{chr(97 + n // 26)}"} for n in range(70)]
    text = draft(study, *rows)
    assert "70 different texts: too many for a list of values" in text
    assert parse_mapping(text).mapping.fields["sex"].values is None


@pytest.mark.parametrize(
    ("field", "take"),
    [("hma_end_date", "latest"), ("diagnosis_date", "earliest"), ("ecog", "agree")],
)
def test_what_counts_of_many_rows_follows_the_field_where_no_center_says(
    study: Study, field: str, take: str
) -> None:
    shutil.rmtree(study.root / "center_mappings")
    heading = {"hma_end_date": "Data fine HMA", "diagnosis_date": "Data diagnosi", "ecog": "ECOG"}
    cell = "1" if field == "ecog" else "13/01/2019"
    people = [{"Codice": f"S-{n}", "Sesso": "M"} for n in range(12)]
    rows = [{"Codice": f"S-{n % 12}", heading[field]: cell, "Nota": f"n{n}"} for n in range(36)]
    files = [export(study, "pazienti.csv", people), export(study, "visite.csv", rows)]
    mapping = parse_mapping(draft_mapping(study, "sarca", files).text).mapping
    assert mapping.fields[field].take == take


def test_thousands_signs_are_declared(study: Study) -> None:
    text = draft(study, {"LDH (U/L)": "1.234,5"}, {"LDH (U/L)": "250,5"})
    table = next(iter(parse_mapping(text).mapping.tables.values()))
    assert (table.decimal, table.thousands) == ((",",), ".")


def test_that_no_cell_decides_the_order_of_day_and_month_is_said(study: Study) -> None:
    text = draft(study, {"Data diagnosi": "02/03/2019"}, {"Data diagnosi": "04/05/2019"})
    assert "# ? no cell decides between day and month first" in text


def test_several_files_of_one_kind_keep_their_names_apart(study: Study) -> None:
    people = [{"Codice": f"S-{n}", "Sesso": "M"} for n in range(12)]
    dates = [{"Codice": f"S-{n}", "Data diagnosi": "13/01/2019"} for n in range(12)]
    files = [export(study, "dati 2019-01.csv", people), export(study, "dati 2020-01.csv", dates)]
    tables = parse_mapping(draft_mapping(study, "sarca", files).text).mapping.tables
    assert {name: rule.files for name, rule in tables.items()} == {
        "dati": "sarca/dati 2019-01.csv",
        "dati_2": "sarca/dati *.csv",
    }


def test_a_table_without_a_patients_code_is_left_aside_and_that_is_said(study: Study) -> None:
    people = [{"Codice": f"S-{n}", "Sesso": "M"} for n in range(12)]
    legend = [{"Voce": "a b", "Testo": "uno due"}, {"Voce": "c d", "Testo": "tre quattro"}]
    files = [export(study, "pazienti.csv", people), export(study, "legenda.csv", legend)]
    drafted = draft_mapping(study, "sarca", files)
    assert drafted.notes == (
        "not drafted: sarca/legenda.csv has no column that tells patients apart",
    )
    assert list(parse_mapping(drafted.text).mapping.tables) == ["pazienti"]


def test_a_key_that_is_called_nothing_known_is_found_by_its_texts(study: Study) -> None:
    rows = [{"zzz": f"S-{n}", "Sesso": "M"} for n in range(12)]
    mapping = parse_mapping(
        draft_mapping(study, "sarca", [export(study, "a.csv", rows)]).text
    ).mapping
    assert next(iter(mapping.tables.values())).key == ("zzz",)


def test_roman_numerals_become_numbers(study: Study) -> None:
    text = draft(study, {"Linea HMA": "II"}, {"Linea HMA": "III"})
    assert parse_mapping(text).mapping.fields["hma_line"].values == {"II": "2", "III": "3"}


def test_missing_texts_of_the_table_and_of_one_column_are_told_apart(study: Study) -> None:
    text = draft(
        study,
        {"Sesso": "M", "LDH (U/L)": "999", "Data diagnosi": "13/01/2019"},
        {"Sesso": "n.d.", "LDH (U/L)": "210", "Data diagnosi": "n.d."},
    )
    mapping = parse_mapping(text).mapping
    assert next(iter(mapping.tables.values())).missing == ("n.d.",)
    assert mapping.fields["ldh_u_l"].missing == ("999",)


def test_a_text_from_another_column_is_counted_and_not_shown(study: Study) -> None:
    text = draft(study, {"Sesso": "M"}, {"Sesso": "RSSMRA89T13F205B"})
    assert "RSSMRA89T13F205B" not in text
    assert "5 cells with a date or a person's code, not shown here" in text


def test_a_total_row_is_left_out(study: Study) -> None:
    rows = [{"Codice": f"S-{i}", "Sesso": "M"} for i in range(12)]
    path = export(study, "sarca.csv", [*rows, {"Codice": "Totale", "Sesso": ""}])
    mapping = parse_mapping(draft_mapping(study, "sarca", [path]).text).mapping
    (left_out,) = next(iter(mapping.tables.values())).leave_out
    assert left_out.when == {"Codice": ("Totale",)}


def test_a_total_row_without_a_key_is_left_out_by_its_first_column(study: Study) -> None:
    rows = [{"N°": str(i), "Codice": f"S-{i}", "Sesso": "M"} for i in range(1, 13)]
    path = export(study, "sarca.csv", [*rows, {"N°": "Totale", "Codice": "", "Sesso": ""}])
    mapping = parse_mapping(draft_mapping(study, "sarca", [path]).text).mapping
    (left_out,) = next(iter(mapping.tables.values())).leave_out
    assert left_out.when == {"N°": ("Totale",)}
    assert mapping.ignore["N°"] == "numbers the rows"


def test_groups_of_thousands_are_told_from_fractions_by_the_other_columns(study: Study) -> None:
    rows = [
        {"Codice": f"S-{i}", "GB (/mmc)": f"{i}.400", "Hb": f"9,{i}", "PLT": f"{i + 20}.000"}
        for i in range(1, 10)
    ]
    text = draft_mapping(study, "sarca", [export(study, "sarca.csv", rows)]).text
    mapping = parse_mapping(text).mapping
    table = next(iter(mapping.tables.values()))
    assert (table.decimal, table.thousands) == ((",",), ".")
    assert mapping.fields["platelets_10e9_l"].unit == "/uL"
    assert "it may separate thousands; it is read so" in text


def test_texts_that_differ_by_case_are_one_value(study: Study) -> None:
    text = draft(study, {"Sesso": "M"}, {"Sesso": "m"}, {"Sesso": "F"})
    assert parse_mapping(text).mapping.fields["sex"].values == {"F": "female", "M": "male"}


def test_yes_under_a_heading_that_is_a_term_is_guessed_to_be_the_term(study: Study) -> None:
    text = draft(study, {"Deceduto": "SI"}, {"Deceduto": "NO"})
    assert "# ? SI: dead  # 5 cells; 0.90 the column is called like 'dead'" in text
    assert '# ? NO: "…"' in text


@pytest.mark.parametrize(
    ("column", "cells", "said", "silent"),
    [
        ("Blasti BM %", ("40", "50 %"), "bm_blasts_pct: { from: Blasti BM % }", "take it out"),
        (
            "ECOG performance status",
            ("0 - Fully active", "1 - Restricted", "2 - Ambulatory"),
            'pattern: "^(',
            "correct them",
        ),
        ("Medico", ("dr. Rossi", ""), "Medico: the same wherever it is filled", "every row"),
        ("Medico", ("dr. Rossi", "dr. Rossi"), "Medico: the same in every row", "wherever"),
    ],
)
def test_what_a_rule_reads_by_itself_is_no_question(
    study: Study, column: str, cells: tuple[str, ...], said: str, silent: str
) -> None:
    text = draft(study, *({column: cell} for cell in cells))
    assert said in text
    assert silent not in text


def test_an_instrument_has_the_columns_that_its_own_rows_fill(study: Study) -> None:
    head = {
        "Record ID": "",
        "Repeat Instrument": "",
        "Repeat Instance": "",
        "Sex": "",
        "Cycle number": "",
    }
    base = [
        {**head, "Record ID": str(i), "Sex": "Male" if i % 2 else "Female"} for i in range(1, 13)
    ]
    cycles = [
        {**head, "Record ID": str(i), "Repeat Instrument": "Cycles", "Repeat Instance": str(n),
         "Cycle number": str(n)}
        for i in range(1, 13) for n in (1, 2)
    ]  # fmt: skip
    path = export(study, "sarca_DATA_LABELS.csv", [*base, *cycles])
    drafted = draft_mapping(study, "sarca", [path])
    assert "cycles.Sex" not in drafted.text
    save_draft(study, drafted)
    told = [str(each.mistake) for each in check_center(study, "sarca")]
    assert not [line for line in told if "neither mapped nor ignored" in line]


def test_a_draft_never_overwrites(study: Study) -> None:
    rows = [{"Codice": f"S-{i}", "Sesso": "M"} for i in range(12)]
    drafted = draft_mapping(study, "sarca", [export(study, "sarca.csv", rows)])
    path = save_draft(study, drafted)
    assert path.read_text(encoding="utf-8") == drafted.text
    with pytest.raises(
        StudyError, match=r"center_mappings/sarca.yaml.*not overwritten\s.*--update"
    ):
        save_draft(study, drafted)


def test_a_delivery_without_a_table_of_patients_is_a_mistake(study: Study) -> None:
    path = export(study, "note.csv", [{"Nota": "a"}, {"Nota": "b"}])
    with pytest.raises(StudyError, match="no table with patients"):
        draft_mapping(study, "sarca", [path])


def test_a_mapping_with_mistakes_is_no_memory_and_that_is_said(study: Study) -> None:
    (study.root / "center_mappings" / "dora.yaml").write_text("center: dora\n", encoding="utf-8")
    rows = [{"Codice": f"S-{i}", "Sesso": "M"} for i in range(12)]
    drafted = draft_mapping(study, "sarca", [export(study, "sarca.csv", rows)])
    assert any("dora is no memory" in note for note in drafted.notes)
    assert "# dora is no memory" in drafted.text


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a: b\n", ()),
        ("a: b  # ? why\n", (1,)),
        ("# ? why\na: b\n  # ?\n", (1, 3)),
        ("a: 'x # ? y'\n", ()),
        ('a: "x # ? y"  # ? z\n', (1,)),
        ("a: b#?c\n", ()),
    ],
)
def test_marks_are_found_in_comments_only(text: str, lines: tuple[int, ...]) -> None:
    assert find_marks(text) == lines


@pytest.mark.parametrize("module", [marks, spelled, write], ids=lambda m: m.__name__)
def test_the_examples_in_the_docstrings_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["a: b", "- a", "'a", "a #b", "%d", "[a]", "no", "1", "è", "", " a"]
)
def test_every_text_is_written_so_that_it_is_read_back(text: str) -> None:
    loaded = parse_mapping(
        f"center: a\ntitle: b\ntables: {{ t: {{ key: k, missing: [{write.scalar(text)}] }} }}\nfields: {{}}"
    )
    assert loaded.mapping.tables["t"].missing == (text,)


def test_an_unconfirmed_draft_vouches_for_nothing(study: Study) -> None:
    rows = [{"Codice": f"S-{n:03}", "Zurlo": "M" if n % 2 else "F"} for n in range(20)]
    first = draft_mapping(study, "sarca", [export(study, "sarca.csv", rows)])
    save_draft(study, first)
    again = draft_mapping(load_study(study.root, exports=study.exports), "adda",
                          [study.exports / "sarca" / "sarca.csv"])  # fmt: skip
    guesses = len(find_marks(first.text))
    assert f"sarca is no memory: {guesses} of its guesses are not confirmed" in again.notes
    assert "in sarca" not in again.text.partition("tables:")[2]
