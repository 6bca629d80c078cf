"""The study's vocabularies: closed lists whose spellings never point two ways."""

import unicodedata

import pytest

from schemas.cohort import Cohort
from schemas.vocabulary import VOCABULARIES, Term

TERMS = [(name, term) for name, terms in VOCABULARIES.items() for term in terms]


def spellings(term: Term) -> set[str]:
    """Every text that stands for a term, folded as a mapping folds texts."""
    texts = (term.code, *term.en, *term.it)
    return {unicodedata.normalize("NFKC", text).casefold().strip() for text in texts}


def meanings(vocabulary: str, text: str) -> list[str]:
    """Codes of the terms that a text stands for."""
    folded = text.casefold()
    return [term.code for term in VOCABULARIES[vocabulary] if folded in spellings(term)]


@pytest.mark.parametrize(
    ("vocabulary", "codes"),
    [
        ("sex", "male female"),
        ("date_precision", "day month year"),
        ("aml_type", "de_novo secondary therapy_related"),
        ("who_category", "recurrent_genetic mrc therapy_related nos"),
        ("eln2017_risk", "favorable intermediate adverse"),
        ("disease_status", "relapsed refractory"),
        ("hma_drug", "azacitidine decitabine"),
        ("best_response", "CR CRi MLFS PR SD PD NE"),
        ("vital_status", "alive dead lost"),
        ("cause_of_death", "leukemia infection hemorrhage transplant treatment other unknown"),
    ],
)
def test_a_vocabulary_is_a_closed_ordered_list(vocabulary: str, codes: str) -> None:
    assert [term.code for term in VOCABULARIES[vocabulary]] == codes.split(" ")


def test_every_vocabulary_serves_a_field_and_every_coded_field_has_one() -> None:
    metadata = [column.metadata for column in Cohort.to_schema().columns.values()]
    coded = [data for data in metadata if data is not None and data["kind"] == "term"]
    assert {data["vocabulary"] for data in coded} == set(VOCABULARIES)


@pytest.mark.parametrize(("vocabulary", "term"), TERMS, ids=[f"{n}-{t.code}" for n, t in TERMS])
def test_a_term_says_what_it_means_and_who_says_so(vocabulary: str, term: Term) -> None:
    assert term.definition.endswith(".")
    assert term.source
    assert term.en and term.it
    for text in (term.code, *term.en, *term.it):
        assert text == unicodedata.normalize("NFKC", text).strip() != ""
    assert VOCABULARIES[vocabulary].count(term) == 1


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
def test_no_spelling_stands_for_two_terms(vocabulary: str) -> None:
    texts = [text for term in VOCABULARIES[vocabulary] for text in spellings(term)]
    assert {text for text in texts if texts.count(text) > 1} == set()


@pytest.mark.parametrize(
    ("vocabulary", "text", "code"),
    [
        ("best_response", "RC", "CR"),
        ("best_response", "remissione completa", "CR"),
        ("best_response", "risposta completa", "CR"),
        ("best_response", "RCi", "CRi"),
        ("best_response", "remissione completa con recupero incompleto", "CRi"),
        ("best_response", "RP", "PR"),
        ("best_response", "malattia stabile", "SD"),
        ("best_response", "MS", "SD"),
        ("best_response", "progressione di malattia", "PD"),
        ("hma_drug", "Vidaza", "azacitidine"),
        ("hma_drug", "5-AZA", "azacitidine"),
        ("hma_drug", "Dacogen", "decitabine"),
        ("hma_drug", "DEC", "decitabine"),
        ("vital_status", "deceduto", "dead"),
        ("vital_status", "PFU", "lost"),
        ("disease_status", "recidiva", "relapsed"),
        ("disease_status", "refrattaria", "refractory"),
        ("aml_type", "secondaria a SMD", "secondary"),
        ("aml_type", "post-chemioterapia", "therapy_related"),
        ("sex", "femmina", "female"),
    ],
)
def test_an_italian_spelling_is_known(vocabulary: str, text: str, code: str) -> None:
    assert meanings(vocabulary, text) == [code]


@pytest.mark.parametrize(
    ("vocabulary", "text"),
    [
        ("best_response", "NR"),  # no response, not reached, "non rilevato"
        ("best_response", "risposta"),  # which one?
        ("best_response", "remissione"),
        ("best_response", "resistente"),  # SD or PD
        ("best_response", "ND"),  # no data, or "nessuna data"
        ("vital_status", "DEC"),  # decitabine, or "deceduto"
        ("vital_status", "D"),
        ("sex", "1"),
        ("aml_type", "MRC"),  # a WHO class, not an origin
    ],
)
def test_an_ambiguous_spelling_is_left_to_the_mapping(vocabulary: str, text: str) -> None:
    assert meanings(vocabulary, text) == []
