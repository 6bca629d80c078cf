"""Every example of center_mappings/README.md is run, and no word of the language goes without one.

An example is a yaml block with the tables below it. A table's columns are what the center sent
(`table.Column` for another table than the first), those with → what came out, `finding` what the run
reports at that row, `patient` the key of a patient where the rows are not the patients. Blocks above the
yaml whose first word is a format are the files that it reads.
"""

import re
import sqlite3
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from types import UnionType
from typing import Any, get_args

import msoffcrypto.format.ooxml
import openpyxl
import pandas as pd
import pyarrow as pa
import pyreadstat
import pytest
from pydantic import BaseModel

from onecohort.delivery import find_inputs, open_tables
from onecohort.examples import forgive, render, run_examples, same_value
from onecohort.exports.table import Table
from onecohort.harmonize import harmonize
from onecohort.mapping.language import Mapping as MappingModel
from onecohort.mapping.load import parse_mapping
from onecohort.pseudonym import PseudonymKey
from onecohort.schema import CohortSchema
from onecohort.study import load_study
from tests.small_study import table_of

ROOT = Path(__file__).parents[1]
README = ROOT / "center_mappings" / "README.md"
STUDY = load_study(ROOT)
KEY = PseudonymKey(b"readme", "demonstration")
HEAD = "center: example\ntitle: Example\n"
TABLES = "tables: { pazienti: { files: pazienti.csv, key: Codice } }\n"
HASH_OF = "*hash of* "


@dataclass
class Example:
    """One yaml block with its files and tables."""

    heading: str
    line: int
    yaml: str
    files: list[tuple[str, str]]
    tables: list[list[dict[str, str]]] = field(default_factory=list)

    def __str__(self) -> str:
        words = re.findall(r"`([^`]+)`", self.heading)
        return f"{'-'.join(words)}:{self.line}"


def read_examples() -> list[Example]:
    found: list[Example] = []
    heading = ""
    files: list[tuple[str, str]] = []
    for line, kind, text in blocks(README.read_text(encoding="utf-8")):
        if kind == "heading":
            heading, files = text, []
        elif kind == "yaml":
            found.append(Example(heading, line, text, files))
            files = []
        elif kind == "table":
            found[-1].tables.append(rows_of(text))
        else:
            files.append((kind, text))
    return found


def blocks(text: str) -> Iterator[tuple[int, str, str]]:
    """Headings, fenced blocks (by their info string) and tables, each with its line."""
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        line, start = lines[at], at + 1
        at += 1
        if line.startswith("#"):
            yield start, "heading", line
        elif line.startswith("```"):
            end = lines.index("```", at)
            yield start, line[3:], "\n".join(lines[at:end]) + "\n"
            at = end + 1
        elif line.startswith("|"):
            end = next(
                (n for n in range(at, len(lines)) if not lines[n].startswith("|")), len(lines)
            )
            yield start, "table", "\n".join(lines[at - 1 : end])
            at = end


def rows_of(table: str) -> list[dict[str, str]]:
    def cells(line: str) -> list[str]:
        parts = re.split(r"(?<!\\)\|", line.strip()[1:-1])
        return [part.strip().replace(r"\|", "|") for part in parts]

    head, _, *body = table.splitlines()
    return [dict(zip(cells(head), cells(line), strict=True)) for line in body]


EXAMPLES = read_examples()


# --- running one ---------------------------------------------------------------------------------


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_what_the_readme_says_comes_out(
    example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = "" if "tables:" in example.yaml else TABLES
    head = "" if "center:" in example.yaml else HEAD
    loaded = parse_mapping(head + tables + example.yaml, "README.md")
    schema = open_schema(STUDY.schema)
    for kind, text in example.files:
        write_file(kind, text, tmp_path, monkeypatch)
    opened: Mapping[str, Table]
    if example.files:
        opened = open_tables(loaded, find_inputs(loaded, tmp_path), tmp_path)
    else:
        opened = tables_of(example, list(loaded.mapping.tables))
    received: list[pa.Table] = []
    result = harmonize(
        loaded, opened, schema, as_of=STUDY.as_of, key=KEY,
        sink=received.append, restart=received.clear,
    )  # fmt: skip
    patients = {p["patient_id"]: p for table in received for p in table.to_pylist()}
    key = loaded.mapping.tables[next(iter(loaded.mapping.tables))].key[0]
    assert expected_values(example, key, patients, schema)
    assert met(result.findings.to_pylist()) == expected_findings(example, next(iter(opened)))
    assert run_examples(loaded, STUDY.schema, as_of=STUDY.as_of) == ()


def expected_values(
    example: Example, key: str, patients: Mapping[str, Mapping[str, Any]], schema: CohortSchema
) -> bool:
    """Whether every → column holds; at least one has to be there."""
    seen = 0
    for rows in example.tables:
        for row in rows:
            for name in (name for name in row if name.startswith("→ ")):
                spec = schema.fields[name[2:]]
                patient = patients.get(row.get("patient", row.get(key, "")))
                assert patient is not None, f"{row} is not in the cohort"
                wanted = row[name]
                if wanted.startswith(HASH_OF):
                    hashed = KEY.hash(pa.array([wanted.removeprefix(HASH_OF)]), spec.name)
                    wanted = hashed[0].as_py()
                got = render(patient[spec.name])
                assert same_value(wanted, got, spec), (row, name, got)
                seen += 1
    expected = {row["patient"] for rows in example.tables for row in rows if "patient" in row}
    assert expected in (set(), set(patients)), "the table of patients names all of them"
    return seen > 0


def expected_findings(example: Example, first: str) -> Counter[tuple[str, int, str]]:
    found: Counter[tuple[str, int, str]] = Counter()
    for rows in example.tables:
        for number, row in enumerate(rows, 2):
            table = next((n.split(".")[0] for n in row if "." in n and n[0] != "→"), first)
            for check in re.findall(r"`([^`]+)`", row.get("finding", "")):
                found[table, number, check] += 1
    return found


def met(findings: list[dict[str, Any]]) -> Counter[tuple[str, int, str]]:
    """What rules report; the study's own checks of several fields have no dot in their names."""
    return Counter(
        (f["export"].removesuffix(".csv"), f["row"], f["check"])
        for f in findings
        if "." in f["check"]
    )


def tables_of(example: Example, names: list[str]) -> dict[str, Table]:
    """The left columns of the tables, by the table that they name."""
    given: dict[str, list[dict[str, str]]] = {name: [] for name in names}
    for rows in example.tables:
        for row in rows:
            if "patient" in row:
                continue
            sent = {k: v for k, v in row.items() if k != "finding" and not k.startswith("→")}
            head = next(iter(sent)).split(".")[0]
            name = head if head in names[1:] else names[0]
            given[name].append({k.removeprefix(f"{name}."): v for k, v in sent.items()})
    return {name: table_of(rows, name=name) for name, rows in given.items()}


def open_schema(schema: CohortSchema) -> CohortSchema:
    """The study's schema with nothing required and the center's own key as the patient's id."""
    forgiving = forgive(schema)
    patient = replace(schema.fields["patient_id"], privacy="clinical")
    return replace(forgiving, fields={**forgiving.fields, "patient_id": patient})


def write_file(kind: str, text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write what a block shows: its info string is format, path and what the format needs."""
    form, name, *more = kind.split()
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if form == "csv":
        path.write_text(text, encoding=more[0] if more else "utf-8")
    elif form == "xlsx":
        path.write_bytes(workbook_of(text, *more, monkeypatch=monkeypatch))
    elif form == "sav":
        write_sav(path, text)
    else:
        assert form == "sql"
        with sqlite3.connect(path) as database:
            database.executescript(text)
        database.close()
        monkeypatch.setenv(more[0], f"sqlite:///{path}")


def workbook_of(text: str, sheet: str, *locked: str, monkeypatch: pytest.MonkeyPatch) -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = sheet
    for number, line in enumerate(text.splitlines(), 1):
        for column, cell in enumerate(line.split(";"), 1):
            if cell == "^":
                page.merge_cells(
                    start_row=number - 1, end_row=number, start_column=column, end_column=column
                )
            else:
                page.cell(number, column, cell)
    plain = BytesIO()
    book.save(plain)
    for variable, _, password in (one.partition("=") for one in locked):
        monkeypatch.setenv(variable, password)
        out = BytesIO()
        msoffcrypto.format.ooxml.OOXMLFile(plain).encrypt(password, out)
        return out.getvalue()
    return plain.getvalue()


def write_sav(path: Path, text: str) -> None:
    """A header, rows, and lines such as `labels Sesso: 1=maschio 2=femmina`."""
    lines = text.splitlines()
    rows = [line.split(";") for line in lines if not line.startswith("labels ")]
    labels = {}
    for line in (line for line in lines if line.startswith("labels ")):
        name, _, pairs = line.removeprefix("labels ").partition(": ")
        labels[name] = {float(c): t for c, t in (pair.split("=") for pair in pairs.split())}
    frame = pd.DataFrame(rows[1:], columns=rows[0]).astype(float)
    pyreadstat.write_sav(frame, path, variable_value_labels=labels)


# --- nothing is left out -------------------------------------------------------------------------


def words_of(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Every key of the language with the model that it belongs to."""
    for name, spec in model.model_fields.items():
        yield model.__name__, spec.alias or name
        for part in models_in(spec.annotation):
            yield from words_of(part)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in (
        get_args(annotation) if not isinstance(annotation, UnionType) else annotation.__args__
    ):
        yield from models_in(argument)


WORDS = sorted(set(words_of(MappingModel)))


def headings_with_examples() -> set[str]:
    return {word for e in EXAMPLES for word in re.findall(r"`([^`]+)`", e.heading)}


@pytest.mark.parametrize("word", sorted({word for _, word in WORDS}))
def test_every_word_of_the_language_has_a_heading_and_an_example(word: str) -> None:
    assert word in headings_with_examples()
    assert any(re.search(rf"(?<![\w]){word}:", e.yaml) for e in EXAMPLES)


def test_every_word_in_a_heading_is_one_of_the_language() -> None:
    assert headings_with_examples() <= {word for _, word in WORDS}


@pytest.mark.parametrize(
    "word", sorted({w for m, w in WORDS if m in ("FieldRule", "UnitCase", "Case")})
)
def test_every_word_of_a_rule_stands_in_the_tables_of_the_rule_tests(word: str) -> None:
    tables = [
        path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_rules_*.py")
    ]
    assert any(re.search(rf"(?<![\w]){word}:", text) for text in tables)


def test_examples_are_found_where_they_stand() -> None:
    text = textwrap.dedent(
        """
        ### `one`

        ```yaml
        fields: {}
        ```

        | Codice | → sex |
        |---|---|
        | A\\|1 | male |
        """
    )
    kinds = [(line, kind) for line, kind, _ in blocks(text)]
    assert kinds == [(2, "heading"), (4, "yaml"), (8, "table")]
    assert rows_of(list(blocks(text))[2][2]) == [{"Codice": "A|1", "→ sex": "male"}]
