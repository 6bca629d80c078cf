"""What a new delivery adds to a mapping: marked lines, and not one other line touched."""

import shutil
from pathlib import Path

import pytest

from onecohort.draft import find_marks, save_update, update_center
from onecohort.draft.surgery import Surgery
from onecohort.mapping.load import parse_mapping
from onecohort.study import Study, load_study

ROOT = Path(__file__).parents[1]

MAPPING = """\
# kept: a comment at the head
center: sarca
title: Sarca – one text file   # kept: an odd place

tables:
  pazienti:
    files: sarca/*.csv
    key:   Codice               # kept: three blanks
    missing: [n.d.]

fields:
  sex: { from: Sesso, values: { M: male, F: female } }   # kept: at the end
  aml_type:
    from: Origine
    values:
      # kept: above a value
      de novo: de_novo
      t-LAM: therapy_related   # kept
      # kept: below the last value
  best_response: { from: Risposta }
  prior_allo_hsct:
    from: Allo
    values:
      "sì": yes
      "no": no
  hma_line: { from: Linea, pattern: "^([0-9])a$" }

unavailable:
  ldh_u_l: not recorded

ignore:
  Note: free text
corrections:
  - { patient: S-1, column: Sesso, was: MM, now: M, reason: typing error }
# kept: a comment at the end
"""
ROW = {"Codice": "S-1", "Sesso": "M", "Origine": "de novo", "Risposta": "CR", "Allo": "no"}
ROW |= {"Linea": "2a", "Note": "x"}


@pytest.fixture
def study(tmp_path: Path) -> Study:
    shutil.copytree(ROOT / "schemas", tmp_path / "schemas")
    (tmp_path / "center_mappings").mkdir()
    (tmp_path / "exports" / "sarca").mkdir(parents=True)
    return load_study(tmp_path, exports=tmp_path / "exports")


def update(study: Study, *rows: dict[str, str], mapping: str = MAPPING) -> tuple[str, list[str]]:
    """The updated text and the lines that are new in it."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [",".join(names), *(",".join(row.get(name, "") for name in names) for row in rows)]
    (study.exports / "sarca" / "sarca.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    path = study.root / "center_mappings" / "sarca.yaml"
    path.write_text(mapping, encoding="utf-8", newline="")
    text = update_center(study, "sarca").text
    before = mapping.splitlines()
    return text, [line for line in text.splitlines() if line not in before]


def test_a_delivery_that_brings_nothing_new_changes_nothing(study: Study) -> None:
    text, new = update(study, ROW, ROW | {"Sesso": "n.d."}, ROW | {"Sesso": "MM"})
    assert text == MAPPING
    assert new == []


def test_a_certain_code_is_added_to_a_list_of_several_lines(study: Study) -> None:
    text, new = update(study, ROW, ROW | {"Origine": "secondaria"})
    assert new == [
        "      # ? new: secondaria (1 cell; synonym 'secondaria')",
        "      secondaria: secondary",
    ]
    assert parse_mapping(text).mapping.fields["aml_type"].values == {
        "de novo": "de_novo",
        "t-LAM": "therapy_related",
        "secondaria": "secondary",
    }


def test_a_yes_in_another_word_is_certain(study: Study) -> None:
    text, new = update(study, ROW, ROW | {"Allo": "S"})
    assert new == ["      # ? new: S (1 cell; says yes)", "      S: yes"]
    assert (parse_mapping(text).mapping.fields["prior_allo_hsct"].values or {})["S"] == "yes"


def test_a_certain_code_is_added_to_a_list_of_one_line(study: Study) -> None:
    text, new = update(study, ROW, ROW | {"Sesso": "donna"})
    assert new == [
        "  # ? new: donna (1 cell; synonym 'donna')",
        "  sex: { from: Sesso, values: { M: male, F: female, donna: female } }   # kept: at the end",
    ]
    assert parse_mapping(text).mapping.fields["sex"].values == {
        "M": "male",
        "F": "female",
        "donna": "female",
    }


def test_an_undecided_code_is_added_as_a_comment(study: Study) -> None:
    text, new = update(study, ROW, ROW | {"Origine": "boh"}, ROW | {"Allo": "forse"})
    assert new == [
        '      # ? boh: "…"  # new; 1 cell; one of de_novo, secondary, therapy_related',
        '      # ? forse: "…"  # new; 1 cell; one of yes, no',
    ]
    assert parse_mapping(text).mapping == parse_mapping(MAPPING).mapping


def test_an_undecided_code_of_a_field_without_a_list_stands_above_it(study: Study) -> None:
    _, new = update(study, ROW, ROW | {"Risposta": "stazionaria"})
    (line,) = new
    assert line.startswith("  # ? new, not in values: stazionaria: ")


def test_a_new_column_goes_to_the_field_that_nobody_spoke_of(study: Study) -> None:
    text, new = update(study, ROW | {"Data di nascita": "1950-03-12"})
    assert new[0].startswith("  # ? new column; ")
    assert new[1] == "  birth_date: { from: Data di nascita }"
    assert parse_mapping(text).mapping.fields["birth_date"].from_ == "Data di nascita"


def test_a_new_column_of_an_unavailable_field_goes_under_ignore_and_says_so(study: Study) -> None:
    _, new = update(study, ROW | {"LDH (U/L)": "210"})
    assert "perhaps ldh_u_l, which is under unavailable" in new[0]
    assert new[1] == "  LDH (U/L): not in the protocol"


def test_a_new_column_like_nothing_goes_under_ignore(study: Study) -> None:
    _, new = update(study, ROW | {"Hobby": "scacchi"})
    assert new == ["  # ? new column; free text", "  Hobby: not in the protocol"]


@pytest.mark.parametrize("ending", ["\n", ""])
def test_a_block_that_is_not_there_is_begun_at_the_end(study: Study, ending: str) -> None:
    mapping = MAPPING.replace("ignore:\n  Note: free text\n", "").rstrip("\n") + ending
    row = {key: text for key, text in ROW.items() if key != "Note"}
    text, _ = update(study, row | {"Hobby": "scacchi"}, mapping=mapping)
    assert parse_mapping(text).mapping.ignore == {"Hobby": "not in the protocol"}
    assert text.startswith(mapping)


def test_texts_that_a_pattern_reads_are_not_asked_for(study: Study) -> None:
    _, new = update(study, ROW | {"Linea": "3a"}, ROW | {"Linea": "boh"})
    assert new == []


def test_a_text_that_identifies_somebody_is_counted_and_not_shown(study: Study) -> None:
    text, new = update(study, ROW, ROW | {"Sesso": "RSSMRA89T13F205B"})
    assert "RSSMRA89T13F205B" not in text
    assert new == ["  # ? new: 1 cell of 'Sesso' with a text that is no code"]


def test_all_additions_are_marked_and_no_line_is_lost_or_moved(study: Study) -> None:
    rows = [ROW, ROW | {"Sesso": "donna", "Origine": "boh", "Risposta": "boh", "Hobby": "a"}]
    text, new = update(study, *rows, ROW | {"Data di nascita": "1950-03-12", "LDH": "3"})
    lines = text.splitlines()
    kept = [line for line in lines if line not in new]
    changed = "  sex: { from: Sesso, values: { M: male, F: female } }   # kept: at the end"
    assert kept == [line for line in MAPPING.splitlines() if line != changed]
    assert len(find_marks(text)) == 6


def test_a_field_whose_column_is_gone_is_passed_over(study: Study) -> None:
    row = {key: text for key, text in ROW.items() if key != "Sesso"}
    text, new = update(study, row)
    assert (text, new) == (MAPPING, [])
    assert update_center(study, "sarca").gone == ("Sesso",)


def test_surgery_at_the_end_of_a_text_without_a_line_end() -> None:
    surgery = Surgery("a:\n  b: c")
    surgery.add_lines(("a",), ["x: 1"])
    assert surgery.operate() == "a:\n  b: c\n  x: 1\n"


def test_windows_line_ends_stay(study: Study) -> None:
    mapping = MAPPING.replace("\n", "\r\n")
    text, _ = update(study, ROW, ROW | {"Origine": "boh", "Hobby": "a"}, mapping=mapping)
    assert "\n" not in text.replace("\r\n", "")


def test_what_waits_for_a_person_is_not_added_twice(study: Study) -> None:
    unsure = {"Sesso": "boh", "Origine": "boh", "Risposta": "boh", "Allo": "boh"}
    rows = [ROW, ROW | unsure, ROW | {"Sesso": "RSSMRA89T13F205B"}]
    text, new = update(study, *rows)
    assert len(new) == 5
    save_update(study, update_center(study, "sarca"))
    assert update_center(study, "sarca").added == ()
    assert update_center(study, "sarca").text == text


def test_what_was_added_and_what_is_gone_is_told(study: Study) -> None:
    row = {key: text for key, text in ROW.items() if key != "Note"}
    update(study, row | {"Hobby": "a", "Sesso": "donna"})
    told = update_center(study, "sarca")
    assert told.added == ("sex: 'donna' (1 cell)", "column 'Hobby', under ignore")
    assert told.gone == ("Note",)


def test_an_update_is_saved_whole_and_leaves_nothing_beside_it(study: Study) -> None:
    update(study, ROW, ROW | {"Sesso": "donna"})
    told = update_center(study, "sarca")
    path = save_update(study, told)
    assert path.read_text(encoding="utf-8") == told.text
    assert [file.name for file in path.parent.iterdir()] == ["sarca.yaml"]
    assert update_center(study, "sarca").added == ()


def test_surgery_keeps_the_order_of_insertions_at_one_place() -> None:
    surgery = Surgery("a:\n  b: c\nd: e\n")
    surgery.add_lines(("a",), ["x: 1"])
    surgery.add_lines(("a",), ["y: 2"])
    assert surgery.operate() == "a:\n  b: c\n  x: 1\n  y: 2\nd: e\n"


def test_surgery_writes_into_an_empty_block_of_one_line() -> None:
    surgery = Surgery("a: {}\n")
    surgery.add_entry(("a",), "b", "c", ["# ? new"])
    assert surgery.operate() == "# ? new\na: { b: c }\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a: {}\n", "a: { b: c, d: e }\n"),
        ("a: { }\n", "a: { b: c, d: e }\n"),
        ("a: { x: y }\n", "a: { x: y, b: c, d: e }\n"),
        ("a: { x: y, }\n", "a: { x: y, b: c, d: e, }\n"),
        ("a: {\n  x: y  # why\n}\n", "a: {\n  x: y, b: c, d: e  # why\n}\n"),
    ],
)
def test_surgery_writes_twice_into_a_block_of_one_line(before: str, after: str) -> None:
    surgery = Surgery(before)
    surgery.add_entry(("a",), "b", "c", [])
    surgery.add_entry(("a",), "d", "e", [])
    assert surgery.operate() == after


def test_a_byte_order_mark_stays(study: Study) -> None:
    text, added = update(study, ROW | {"Hobby": "a"}, mapping="\ufeff" + MAPPING)
    assert added
    assert text.startswith("\ufeff# kept: a comment at the head")


def test_surgery_below_a_nested_block_goes_after_its_last_line() -> None:
    surgery = Surgery("a:\n  b:\n    c:\n      - d\n      - e: f\n  # end of a\ng: h\n")
    surgery.add_lines(("a",), ["x: 1"])
    assert surgery.operate().splitlines()[5:7] == ["  x: 1", "  # end of a"]


def test_surgery_names_a_path_that_is_not_there() -> None:
    surgery = Surgery("a: { b: c }\n")
    assert not surgery.has(("a", "x"))
    assert not surgery.has_block(("a", "b", "c"))
    assert not surgery.has_block(("a",))
