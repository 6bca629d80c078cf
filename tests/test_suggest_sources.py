"""Schema, profile and mappings as suggestions see them; and the sample drafted from its own memory."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from onecohort.delivery import find_inputs, open_tables
from onecohort.mapping.load import LoadedMapping, parse_mapping
from onecohort.mapping.references import split_reference
from onecohort.profiling import profile_table
from onecohort.rules.coded import fold
from onecohort.study import Study, load_study
from onecohort.suggest import SourceColumn, TermSuggestion, rank_fields, rank_terms
from onecohort.suggest.sources import (
    KEY_FIELD,
    columns_of_fields,
    remember,
    source_column,
    target_field,
)

ROOT = Path(__file__).parents[1]

MAPPING = parse_mapping(
    """
center: adda
title: Adda
tables:
  pazienti: { files: adda/*.csv, key: Codice }
  cicli: { files: adda/cicli.csv, key: Codice, rows: many }
fields:
  sex: { from: Sesso, values: { M: male, F: female } }
  hma_start_date: { from: cicli.Inizio, take: earliest }
  best_response: { first_of: [CR, PR], marked: x }
ignore: { Note: free text, cicli.Firma: a signature }
"""
)


def test_memory_holds_columns_values_keys_and_what_was_ignored() -> None:
    memory = remember([MAPPING])
    pairs = {(pair.field, pair.column) for pair in memory.accepted}
    assert pairs == {
        ("patient_id", "Codice"),
        ("sex", "Sesso"),
        ("hma_start_date", "Inizio"),
        ("best_response", "CR"),
        ("best_response", "PR"),
    }
    sex = next(pair for pair in memory.accepted if pair.field == "sex")
    assert (sex.center, sex.values) == ("adda", (("M", "male"), ("F", "female")))
    assert memory.ignored == (("adda", "Note"), ("adda", "Firma"))


def test_the_fields_of_a_column_are_found_by_table() -> None:
    found = columns_of_fields(MAPPING)
    assert found["pazienti", "Codice"] == {KEY_FIELD}
    assert found["cicli", "Inizio"] == {"hma_start_date"}
    assert found["pazienti", "CR"] == {"best_response"}


@dataclass(frozen=True)
class Tally:
    """Of one center drafted from the others: columns, right at 1, right within 5; values likewise."""

    columns: int
    first: int
    within_five: int
    values: int
    values_right: int
    certain_and_wrong: int


@pytest.fixture(scope="module")
def study() -> Study:
    found = load_study(ROOT, exports=ROOT / "sample_exports")
    if len(found.centers) < 2:
        pytest.skip("the sample's mappings are not there")
    return found


@pytest.fixture(scope="module")
def tallies(study: Study) -> dict[str, Tally]:
    mappings = {center: study.load_mapping(center) for center in study.centers}
    return {center: leave_out(center, mappings, study) for center in mappings}


def leave_out(center: str, mappings: dict[str, LoadedMapping], study: Study) -> Tally:
    """Draft one center from the memory of all others and compare with its own mapping."""
    loaded = mappings[center]
    memory = remember(other for name, other in mappings.items() if name != center)
    tables = open_tables(loaded, find_inputs(loaded, study.exports), study.exports)
    columns = {
        (name, profile.name): source_column(profile)
        for name, table in tables.items()
        for profile in profile_table(table).columns
    }
    fields = {f.name: target_field(f) for f in study.schema.fields.values() if f.name != "center"}
    rankings = rank_fields(list(columns.values()), list(fields.values()), memory)
    truth = columns_of_fields(loaded)
    ranks = [
        next((i for i, guess in enumerate(ranking, 1) if guess.field in truth[place]), 99)
        for place, ranking in zip(columns, rankings, strict=True)
        if place in truth
    ]
    values = []
    for name, (reference, wanted) in coded_rules(loaded):
        if fields[name].terms:
            place = split_reference(
                reference, loaded.mapping.tables, next(iter(loaded.mapping.tables))
            )
            guesses = rank_terms(columns[place], fields[name], memory)
            values += list(outcomes(columns[place], guesses, wanted))
    return Tally(
        columns=len(ranks),
        first=sum(rank == 1 for rank in ranks),
        within_five=sum(rank <= 5 for rank in ranks),
        values=len(values),
        values_right=sum(right for right, _ in values),
        certain_and_wrong=sum(certain and not right for right, certain in values),
    )


def coded_rules(loaded: LoadedMapping) -> Iterator[tuple[str, tuple[str, dict[str, str]]]]:
    for name, rule in loaded.mapping.fields.items():
        if rule.from_ and rule.values:
            yield name, (rule.from_, {fold(text): term for text, term in rule.values.items()})


def outcomes(
    column: SourceColumn,
    guesses: dict[str, tuple[TermSuggestion, ...]],
    wanted: dict[str, str],
) -> Iterator[tuple[bool, bool]]:
    """Per text that stands in the export and in the mapping: right at first place, called certain."""
    for text, _ in column.texts:
        if fold(text) in wanted:
            first = next(iter(guesses.get(text, ())), None)
            right = first is not None and first.term == wanted[fold(text)]
            yield right, first is not None and first.certain


def share(tallies: dict[str, Tally], part: str, whole: str) -> float:
    counted = [asdict(tally) for tally in tallies.values()]
    return float(sum(one[part] for one in counted) / sum(one[whole] for one in counted))


def test_each_center_drafted_from_the_others_has_its_columns_right(
    tallies: dict[str, Tally],
) -> None:
    assert sum(tally.columns for tally in tallies.values()) > 250
    assert share(tallies, "first", "columns") >= 0.90
    assert share(tallies, "within_five", "columns") >= 0.98


def test_each_center_drafted_from_the_others_has_its_values_right(
    tallies: dict[str, Tally],
) -> None:
    assert sum(tally.values for tally in tallies.values()) > 150
    assert share(tallies, "values_right", "values") >= 0.85


def test_nothing_that_is_called_certain_is_wrong(tallies: dict[str, Tally]) -> None:
    assert {name: t.certain_and_wrong for name, t in tallies.items() if t.certain_and_wrong} == {}
