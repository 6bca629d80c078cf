"""The data dictionary, and the schema by which editors check a mapping: both true, both complete."""

import datetime
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from openpyxl import load_workbook
from ruamel.yaml import YAML

from onecohort.dictionary import COLUMNS, as_html, as_markdown, rows_of, term_rows, write_workbook
from onecohort.mapping.json_schema import mapping_json_schema
from onecohort.mapping.language import Mapping
from onecohort.mapping.source import parse_yaml
from onecohort.study import Study, load_study

ROOT = Path(__file__).parents[1]
STUDY = load_study(ROOT)
SCHEMA = mapping_json_schema(STUDY.schema)
JUDGE = jsonschema.Draft202012Validator(SCHEMA)
BRENTA = (ROOT / "center_mappings" / "brenta.yaml").read_text(encoding="utf-8")


@pytest.fixture
def study() -> Study:
    return STUDY


def as_typed(text: str) -> Any:
    """A mapping as the engine reads it: every scalar a text."""
    return parse_yaml(text, "mapping.yaml").tree


def as_editors_read(text: str) -> Any:
    """A mapping as an ordinary YAML library reads it: 1 a number, true a truth; days stay texts."""

    def plain(node: Any) -> Any:
        if isinstance(node, dict):
            return {_key(key): plain(value) for key, value in node.items()}
        if isinstance(node, list):
            return [plain(value) for value in node]
        return node.isoformat() if isinstance(node, datetime.date) else node

    def _key(key: Any) -> str:
        return json.dumps(key) if isinstance(key, bool | int | float) else str(key)

    return plain(YAML(typ="safe").load(text))


READERS = pytest.mark.parametrize("read", [as_typed, as_editors_read], ids=["typed", "ordinary"])


# --- the data dictionary ----------------------------------------------------------------------------


def test_the_written_dictionary_is_that_of_the_schema(study: Study) -> None:
    written = (ROOT / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
    assert written == as_markdown(study.schema, study.title), (
        "write it again: onecohort fields --markdown docs/data-dictionary.md"
    )


def test_every_field_and_every_term_has_a_row(study: Study) -> None:
    rows = {row[0]: row for row in rows_of(study.schema)}
    assert list(rows) == list(study.schema.fields)
    assert rows["hemoglobin_g_dl"][2:5] == ("number", "g/dL", "3 to 18 usual")
    assert rows["hma_drug"][4:6] == ("azacitidine, decitabine", "required")
    assert rows["birth_date"][4] == "year-month-day"
    assert rows["is_dead"][4:6] == ("yes, no", "derived")
    assert rows["person_key"][6] == "identifier, not published"
    terms = list(term_rows(study.schema.fields["best_response"]))
    assert [term[0] for term in terms] == ["CR", "CRi", "MLFS", "PR", "SD", "PD", "NE"]
    assert "remissione completa" in terms[0][4]


def test_markdown_has_a_table_of_fields_and_one_of_each_vocabulary(study: Study) -> None:
    text = as_markdown(study.schema, "A | study")
    assert text.startswith("# Data dictionary: A | study\n")
    tables = re.findall(r"^\| (?:field|term) \|", text, re.M)
    assert len(tables) == 1 + len(set(re.findall(r"^## (\w+)$", text, re.M)))
    for line in text.splitlines():
        if line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) in (len(COLUMNS) + 1, 6)


def test_the_page_is_whole_has_no_link_and_shows_a_title_as_text(study: Study) -> None:
    page = as_html(study.schema, "<script>alert(1)</script>")
    assert "<script>" not in page
    assert "http" not in re.sub(r">[^<]*<", "><", page)

    class Counter(HTMLParser):
        rows = 0
        opened: list[str]

        def handle_starttag(self, tag: str, attrs: Any) -> None:
            self.rows += tag == "tr"

    counter = Counter()
    counter.feed(page)
    coded = {field.vocabulary: len(field.terms) for field in study.schema.fields.values()}
    coded.pop(None)
    assert counter.rows == 1 + len(study.schema.fields) + sum(coded.values()) + len(coded)
    for name in study.schema.fields:
        assert f"<td>{name}</td>" in page


def test_the_workbook_has_a_sheet_of_fields_and_a_sheet_of_terms(
    study: Study, tmp_path: Path
) -> None:
    path = tmp_path / "dictionary.xlsx"
    write_workbook(study.schema, path)
    book = load_workbook(path)
    assert book.sheetnames == ["fields", "terms"]
    fields = list(book["fields"].values)
    assert fields[0] == COLUMNS
    assert [row[0] for row in fields[1:]] == list(study.schema.fields)
    terms = list(book["terms"].values)
    assert ("sex", "female") in [row[:2] for row in terms]
    assert book["fields"].freeze_panes == "A2"
    assert book["fields"]["A1"].font.bold


# --- the schema for editors ---------------------------------------------------------------------------


def test_the_written_schema_is_that_of_the_language_and_of_the_cohort() -> None:
    written = (ROOT / "center_mappings" / "mapping.schema.json").read_text(encoding="utf-8")
    assert json.loads(written) == SCHEMA, "write it again: onecohort schema"


def test_the_schema_is_itself_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@READERS
@pytest.mark.parametrize("center", STUDY.centers)
def test_the_schema_accepts_every_mapping(center: str, read: Any) -> None:
    text = STUDY.mapping_path(center).read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=mapping.schema.json\n")
    assert [error.message for error in JUDGE.iter_errors(read(text))] == []


@READERS
@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("  sex: {", "  sesso: {", "fields"),
        ("  ldh_u_l: not", "  ldh: not", "unavailable"),
        ("M: male", "M: mail", "fields.sex.values.M"),
        ("{ sì: yes, no: no } }", "{ sì: si, no: no } }", "fields.prior_allo_hsct.values.sì"),
        ("take: earliest", "take: earlyest", "fields.hma_start_date.take"),
        ("values: { M: male", "value: { M: male", "fields.sex"),
        ("rows: many", "rows: several", "tables.cicli.rows"),
        ("header_row: 4", "header_row: four", "tables.pazienti.header_row"),
        ("header_row: 4", "header_row: 0", "tables.pazienti.header_row"),
        ("sheet: Cicli", "shet: Cicli", "tables.cicli"),
        ("    key: Codice\n    dates", "    dates", "tables.pazienti"),
        ("reason: typing error", "reasons: typing error", "corrections.0"),
        ("title: Brenta", "titel: Brenta", ""),
        ("      sex: female", "      sex: donna", "examples.0.expect.sex"),
        ("      sex: female", "      sesso: female", "examples.0.expect"),
    ],
)
def test_the_schema_underlines_a_misspelt_name(old: str, new: str, place: str, read: Any) -> None:
    assert old in BRENTA
    told = JUDGE.iter_errors(read(BRENTA.replace(old, new, 1)))
    places = {".".join(map(str, error.absolute_path)) for error in told}
    # A zero is a text for us, and a text may be any whole number.
    assert place in places or (new == "header_row: 0" and read is as_typed)


def test_every_word_of_the_language_is_in_the_schema_with_its_description() -> None:
    rules = SCHEMA["$defs"]["FieldRule"]["properties"]  # type: ignore[index]
    language = Mapping.model_json_schema(by_alias=True)["$defs"]["FieldRule"]["properties"]
    assert set(rules) == set(language)
    assert rules["take"]["description"] == language["take"]["description"]


def test_units_that_can_be_converted_are_proposed() -> None:
    fields = SCHEMA["properties"]["fields"]["properties"]  # type: ignore[index]
    assert {"g/L", "g/dL"} <= set(fields["hemoglobin_g_dl"]["properties"]["unit"]["examples"])
    assert "unit" not in fields["sex"]["properties"]
    assert fields["hemoglobin_g_dl"]["description"].endswith("Unit: g/dL.")
