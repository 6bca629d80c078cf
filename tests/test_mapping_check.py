"""What else may be wrong with a mapping: words at the wrong place, or with nothing to do."""

from pathlib import Path

import pandas as pd
import pyreadstat
import pytest
from desk_study import MAPPING, make_study
from slips import MARK, Slip, edited, expect_told, slip, told_of

from onecohort.cli.check import check_center
from onecohort.errors import ExportError, StudyError
from onecohort.mapping import against_cells
from onecohort.mapping.load import load_mapping, nearest, parse_mapping, survey_mapping
from onecohort.mapping.source import parse_yaml, read_yaml
from onecohort.study import Study, load_study

TABLE = "    key: Codice\n    dates"


def unspoken(column: str, name: str, old: str, new: str, *words: str) -> Slip:
    """An edit after which nothing speaks of a column any more; it is put under ignore."""
    ignored = ("  Note: free", f"  {column}: no more\n  Note: free")
    return Slip(name, old, new, (("mistake", *words),), (ignored,))


SLIPS = (
    # --- tables ---------------------------------------------------------------------------------
    slip("a sign for two things", TABLE, f'    decimal: ","\n    thousands: {MARK}","\n{TABLE}',
         "both the decimal and the thousands sign", "keep one"),
    slip("a sign for two things in a rule", "{ from: Linea }",
         f'{{ from: Linea, decimal: ",", thousands: {MARK}"," }}',
         "both the decimal and the thousands sign of hma_line", "keep one"),
    slip("rows left out without a reason", TABLE,
         f"    leave_out:\n      - {MARK}{{ when: {{ Codice: X }} }}\n{TABLE}",
         "tables.pazienti.leave_out.reason is missing", "`reason: …`"),
    slip("rows left out by a misspelt column", TABLE,
         f"    leave_out:\n      - {{ when: {{ {MARK}Codise: X }}, reason: test }}\n{TABLE}",
         "no column 'Codise'", "did you mean 'Codice'?"),
    slip("rows left out by a comparison of nothing", TABLE,
         f'    leave_out:\n      - {{ when: {{ Cicli: [{MARK}"> x"] }}, reason: test }}\n{TABLE}',
         "'> x' compares with no number"),
    slip("rows chosen by a misspelt column", TABLE, f"    where: {{ {MARK}Sess: M }}\n{TABLE}",
         "no column 'Sess'", "did you mean 'Sesso'?"),
    slip("the latest by a misspelt column", TABLE, f"    repeated: {{ latest: {MARK}Inizi }}\n{TABLE}",
         "no column 'Inizi'", "did you mean 'Inizio'?"),
    slip("repeated rows decided by nothing", TABLE, f"    repeated: {MARK}newest\n{TABLE}",
         "must be one of quarantine, first, last"),
    slip("a sheet that is none", TABLE, f"    format: xlsxx\n{TABLE}", "there is no format 'xlsxx'"),
    slip("a block that holds no words", "  pazienti:\n    files: panaro/pazienti_*.csv\n    key: Codice\n"
         '    dates: "%d/%m/%Y"\n    missing: n.d.\n', f"  {MARK}pazienti: panaro/pazienti_*.csv\n",
         "tables.pazienti must be a block of keys", "such as { files, format"),
    slip("a list in place of a text", "title: Panaro – two text files, Italian",
         f"title: {MARK}[Panaro, Italian]", "title must be one text"),
    slip("unavailable as a list", "  person_key: not handed out\n", "  - person_key\n", "is not YAML"),
    # --- rules ----------------------------------------------------------------------------------
    slip("counted from a date, and none itself", "{ from: Cicli }",
         f"{{ from: Cicli, {MARK}days_from: hma_start_date }}", "hma_cycles is no date", "take it out"),
    unspoken("Sesso", "an age that is no number", "sex: { from: Sesso, values: { M: male, F: female } }",
         f"sex: {{ from: Nascita, {MARK}age_at: hma_start_date }}", "sex is no number"),
    slip("the best of what has no order", "take: earliest, by: esami.Data", f"take: {MARK}best",
         "ldh_u_l has no order of terms", "use max or min"),
    unspoken("Sesso", "a count that is no number", "  sex: { from: Sesso, values: { M: male, F: female } }",
         f"  sex: {{ from: esami.Data, take: {MARK}count }}", "sex is no number"),
    slip("an order that decides nothing", "take: earliest, by: esami.Data",
         f"take: max, {MARK}by: esami.Data", "`by` has no meaning with `take: max`"),
    slip("a window that decides nothing", "take: earliest, by: esami.Data",
         f"take: max, {MARK}within_days: 30", "`within_days` belongs to `take: nearest`"),
    unspoken("Sesso", "a constant that is no term",
         "sex: { from: Sesso, values: { M: male, F: female } }",
         f"sex: {{ constant: {MARK}uomo }}", "'uomo' is no term of sex", "did you mean 'male'?"),
    unspoken("Nascita", "a constant that is no day", "{ from: Nascita }",
         f"{{ constant: {MARK}03/04/1948 }}",
         "'03/04/1948' is not a day", "2021-06-30"),
    unspoken("esami.LDH", "a constant that is no number",
         "{ from: esami.LDH, unit: U/L, take: earliest, by: esami.Data }",
         f'{{ constant: {MARK}"1,5" }}', "'1,5' is not a number", "as 1.5"),
    slip("a word that says nothing here", "{ first_of: [CR, CRi, PR, SD, PD], marked: x }",
         f"{{ first_of: [CR, CRi, PR, SD, PD], marked: x, {MARK}dates: \"%Y\" }}",
         "`dates` says nothing beside `first_of`", "take it out"),
    slip("a word without its companion", "{ from: Cicli }", f"{{ from: Cicli, {MARK}part: 2 }}",
         "`part` says nothing without `split`"),
    slip("a date format that is almost one", "{ from: Nascita }",
         f'{{ from: Nascita, dates: {MARK}"%d/%n/%Y" }}', "not a date format", "such as %d/%m/%Y"),
    slip("a unit by row and by column", ", unit: g/L, take: nearest",
         f", unit_from: esami.Data, unit_when: {MARK}[{{ when: {{ esami.Data: x }}, unit: g/L }}], "
         "take: nearest",
         "`unit_from` and `unit_when` both say", "keep one"),
    slip("a unit by a misspelt word", ", unit: g/L, take: nearest",
         f", unit_when: [{{ when: {{ esami.Data: x }}, unit: {MARK}grammi }}], take: nearest",
         "the unit 'grammi' is not known"),
    unspoken("Linea", "a column that is like no other", "{ from: Linea }", f"{{ from: {MARK}qqqqqqqq }}",
         "no column 'qqqqqqqq'", "one of: Codice, Sesso"),
)  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Study:
    return load_study(make_study(tmp_path_factory.mktemp("desk"), project))


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip.name.replace(" ", "-"))
def test_a_mistake_is_told_at_its_place(study: Study, slip: Slip) -> None:
    expect_told(study, slip)


def test_a_table_with_a_point_in_its_name_is_the_first_thing_told(study: Study) -> None:
    told = told_of(study, MAPPING.replace("esami", "es.ami"))
    assert told[0].mistake.what == "a table's name has no point: 'es.ami'"


def test_a_required_field_that_nobody_maps_is_told_otherwise(study: Study) -> None:
    text = edited("  hma_start_date: { from: Inizio }\n", "", (", near: hma_start_date", ""),
                  ("take: nearest, by", "take: earliest, by"))  # fmt: skip
    first = told_of(study, text)[0]
    assert first.mistake.what == "hma_start_date is required, and not mapped"
    values = "      Vidaza: azacitidine\n      Dacogen: decitabine\n"
    rule = f"  hma_drug:\n    from: Farmaco\n    values:\n{values}"
    text = edited(rule, "", ("  ecog:", "  hma_drug: elsewhere\n  ecog:"))
    what = [each.mistake.what for each in told_of(study, text)]
    assert "hma_drug is required and cannot be unavailable: no patient could enter" in what


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("a: 'b\nc: d\n", "m.yaml:1:4", "the quotes that open here are never closed"),
        ("a: &x\nb: *y\n", "m.yaml:2:4", "found undefined alias"),
        ("a: [b, c\nd: e\n", "m.yaml:1:4", "what opens here is not closed before line 2"),
        ("a: |x\n  b\n", "m.yaml:1:5", "is not YAML"),
        ("a: \x07\n", "m.yaml", "is not YAML"),
        ("a: b\n---\nc: d\n", "m.yaml", "is not YAML"),
    ],
)
def test_what_is_not_yaml_is_told_in_words(text: str, where: str, what: str) -> None:
    with pytest.raises(StudyError) as caught:
        parse_yaml(text, "m.yaml")
    (mistake,) = caught.value.mistakes
    assert mistake.where.startswith(where)
    assert what in mistake.what


def test_a_file_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="there is no such file"):
        read_yaml(tmp_path / "none.yaml", "none.yaml")


def test_a_mapping_under_another_name_is_refused_by_a_run(tmp_path: Path) -> None:
    path = tmp_path / "secchia.yaml"
    path.write_text(MAPPING, encoding="utf-8")
    with pytest.raises(StudyError, match="write `center: secchia`"):
        load_mapping(path, "secchia.yaml")


def test_a_text_is_folded_as_it_is_read() -> None:
    tree = parse_yaml("a: >\n  one\n  two\nb: no\nc: 01\n", "m.yaml").tree
    assert tree == {"a": "one two\n", "b": "no", "c": "01"}


def test_a_place_that_does_not_stand_is_that_of_its_nearest_ancestor() -> None:
    source = parse_yaml("a:\n  b: c\n", "m.yaml")
    assert source.where("a", "b", "x") == "m.yaml:2:3"
    assert source.at("a", "b") == "m.yaml:2:6"
    assert source.at("a", "x") == "m.yaml:1:1"
    assert source.where("nothing") == "m.yaml:1:1"


def test_what_cannot_be_understood_at_all_has_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "panaro.yaml"
    for text in (
        "center: panaro\n",
        "- a\n- b\n",
        "center: panaro\ntitle: x\ntables: {}\nfields: {}\n",
    ):
        path.write_text(text, encoding="utf-8")
        loaded, mistakes = survey_mapping(path, "panaro.yaml")
        assert loaded is None
        assert mistakes


def test_a_faulty_part_is_left_out_of_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "panaro.yaml"
    path.write_text(
        edited("sex: {", "sex: { form: x,", ("reviewed: {", "reviewed: { who: me,")),
        encoding="utf-8",
    )
    loaded, mistakes = survey_mapping(path, "panaro.yaml")
    assert loaded is not None
    assert len(mistakes) == 2
    assert loaded.faulty == {("fields", "sex"), ("reviewed",)}
    assert "sex" not in loaded.mapping.fields
    assert "sex" in loaded.written("fields")


def test_a_mapping_is_read_from_a_text_as_from_a_file() -> None:
    assert parse_mapping(MAPPING).center == "panaro"
    with pytest.raises(StudyError, match="'row' is not a word"):
        parse_mapping(MAPPING.replace("rows: many", "row: many"))


@pytest.mark.parametrize(
    ("text", "choices", "expected"),
    [
        ("Hb", ["Hb (g/dL)", "HbA1c quite another thing"], "Hb (g/dL)"),
        ("Male", ["female", "male"], "male"),
        ("row", ["header_row", "rows"], "rows"),
        ("xyz", ["abc"], None),
        ("anything", [], None),
    ],
)
def test_the_nearest_is_near_as_a_whole_before_in_part(
    text: str, choices: list[str], expected: str | None
) -> None:
    assert nearest(text, choices) == expected


def test_an_export_that_breaks_off_is_a_mistake_beside_the_rest(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(*_: object, **__: object) -> None:
        raise ExportError("panaro/pazienti_2021-06.csv", "ends in the middle of a row")

    monkeypatch.setattr(against_cells, "harmonize", break_off)
    (told,) = told_of(study, MAPPING)
    assert (told.level, told.mistake.what) == ("mistake", "ends in the middle of a row")


def test_a_text_beside_others_in_a_cell_counts_as_seen(study: Study) -> None:
    rule = 'ldh_u_l: { from: esami.Data, split: "/", part: 1, values: { 28: 280, 99: 990 }, take: first }'
    text = edited("ldh_u_l: { from: esami.LDH, unit: U/L, take: earliest, by: esami.Data }", rule)
    never = [each.mistake.what for each in told_of(study, text) if each.level == "note"]
    assert never == ["'99' is listed, and no cell of the export holds it"]


def test_a_code_that_is_not_listed_is_told_with_its_label(tmp_path: Path, project: Path) -> None:
    root = make_study(tmp_path, project)
    sav = root / "exports" / "panaro" / "base.sav"
    labels = {"sesso": {1: "maschio", 2: "femmina"}}
    frame = pd.DataFrame({"id": ["a", "b", "c"], "sesso": [1.0, 2.0, 2.0]})
    pyreadstat.write_sav(frame, str(sav), variable_value_labels=labels)
    mapping = root / "center_mappings" / "panaro.yaml"
    mapping.write_text(
        "center: panaro\ntitle: Panaro\ntables:\n  base: { files: panaro/*.sav, key: id }\n"
        "fields:\n  sex: { from: sesso, values: { 1: male } }\n",
        encoding="utf-8",
    )
    said = [each.mistake.what for each in check_center(load_study(root), "panaro")]
    assert (
        "'2' in 'sesso' is not listed under values (male, female)"
        " (2 cells, first in row 2); its label is 'femmina'"
    ) in said
