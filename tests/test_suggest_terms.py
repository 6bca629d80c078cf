"""Which term a text is: what is certain, what is only near, and what is never near."""

import pytest

from onecohort.suggest import (
    Accepted,
    Memory,
    SourceColumn,
    TargetField,
    TargetTerm,
    TermSuggestion,
    rank_terms,
)

RESPONSE = TargetField(
    name="best_response",
    kind="term",
    terms=(
        TargetTerm(
            code="CR", definition="complete remission", synonyms=("RC", "remissione completa")
        ),
        TargetTerm(code="CRi", synonyms=("RCi", "incomplete recovery")),
        TargetTerm(code="PR", definition="partial remission", synonyms=("remissione parziale",)),
        TargetTerm(code="SD", synonyms=("malattia stabile",)),
        TargetTerm(code="PD", synonyms=("progressione di malattia",)),
    ),
)


def terms_of(
    field: TargetField,
    *texts: str,
    memory: Memory | None = None,
    labels: dict[str, str] | None = None,
) -> dict[str, tuple[TermSuggestion, ...]]:
    given = SourceColumn(name="x", texts=tuple((t, 1) for t in texts), value_labels=labels or {})
    return rank_terms(given, field, memory or Memory())


def coded(*codes: str) -> TargetField:
    return TargetField(name="f", kind="term", terms=tuple(TargetTerm(code=code) for code in codes))


@pytest.mark.parametrize(
    ("text", "term", "why"),
    [
        ("CR", "CR", "the term"),
        (" cr ", "CR", "the term"),
        ("Remissione  Completa", "CR", "synonym 'remissione completa'"),
        ("partial remission", "PR", "its definition"),
        ("rci", "CRi", "synonym 'RCi'"),
    ],
)
def test_the_term_its_synonym_and_its_definition_are_certain(
    text: str, term: str, why: str
) -> None:
    (sure,) = terms_of(RESPONSE, text)[text]
    assert (sure.term, sure.why, sure.certain) == (term, why, True)


def test_a_near_text_is_ranked_but_never_certain() -> None:
    guesses = terms_of(RESPONSE, "remissione complta")["remissione complta"]
    assert guesses[0].term == "CR"
    assert "remissione completa" in guesses[0].why
    assert not any(guess.certain for guess in guesses)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("non deceduto", ["deceduto"]),
        ("stadio III", ["stadio II"]),
        ("grado 1", ["grado 2"]),
        ("ipertensione", ["ipotensione"]),
        ("iperkaliemia", ["ipokaliemia"]),
        ("positivo", ["non positivo"]),
        ("HIV positivo", ["HIV negativo"]),
        ("pre trapianto", ["post trapianto"]),
        ("remissione parziale", ["remissione completa"]),
        ("senza blasti", ["blasti"]),
        ("occhio dx", ["occhio sx"]),
        ("rischio alto", ["rischio basso"]),
    ],
)
def test_texts_that_mean_the_opposite_are_never_near(text: str, terms: list[str]) -> None:
    assert terms_of(coded(*terms), text)[text] == ()


def test_short_codes_are_looked_up_and_never_guessed() -> None:
    assert terms_of(coded("CR"), "RC")["RC"] == ()


def test_a_wording_that_two_terms_share_is_not_certain() -> None:
    field = TargetField(
        name="f",
        terms=(
            TargetTerm(code="stable_disease", synonyms=("stabile",)),
            TargetTerm(code="stable_dose", synonyms=("stabile",)),
        ),
    )
    guesses = terms_of(field, "stabile")["stabile"]
    assert {guess.term for guess in guesses} == {"stable_disease", "stable_dose"}
    assert not any(guess.certain for guess in guesses)


def test_a_value_label_decides_before_the_code() -> None:
    found = terms_of(RESPONSE, "1", "2", labels={"1": "remissione completa", "2": "CR"})
    assert [found[code][0].term for code in ("1", "2")] == ["CR", "CR"]
    assert found["1"][0].why == "label 'remissione completa' is synonym 'remissione completa'"


def test_missing_codes_and_blanks_are_left_out_unless_a_term_claims_them() -> None:
    assert terms_of(RESPONSE, "", "n.d.", "non noto") == {}
    claimed = terms_of(coded("unknown", "known"), "unknown")
    assert claimed["unknown"][0].term == "unknown"


def remember(center: str, **values: str) -> Accepted:
    return Accepted(
        center=center, field="best_response", column="Esito", values=tuple(values.items())
    )


def test_memory_is_certain_where_the_centers_agree() -> None:
    memory = Memory(accepted=(remember("adda", OTTIMA="CR"), remember("brenta", ottima="CR")))
    (sure,) = terms_of(RESPONSE, "Ottima", memory=memory)["Ottima"]
    assert (sure.term, sure.why, sure.certain) == ("CR", "as in adda, brenta", True)


def test_memory_of_centers_that_disagree_decides_nothing() -> None:
    memory = Memory(accepted=(remember("adda", buona="CR"), remember("brenta", buona="PR")))
    assert not any(g.certain for g in terms_of(RESPONSE, "buona", memory=memory)["buona"])


@pytest.mark.parametrize(
    ("text", "term"),
    [("weiblich", "female"), ("Männlich", "male"), ("décédée", "dead"), ("lebt", "alive")],
)
def test_a_neighbours_word_is_guessed_and_has_to_be_accepted(text: str, term: str) -> None:
    guess = terms_of(coded("male", "female", "alive", "dead"), text)[text][0]
    assert (guess.term, guess.score, guess.certain) == (term, 0.9, False)


def test_another_centers_number_for_a_term_is_only_a_guess() -> None:
    memory = Memory(accepted=(remember("adda", **{"1": "CR"}),))
    (guess,) = terms_of(RESPONSE, "1", memory=memory)["1"]
    assert (guess.term, guess.certain) == ("CR", False)


def test_memory_of_a_term_that_no_longer_exists_is_passed_over() -> None:
    memory = Memory(accepted=(remember("adda", ottima="CRx"),))
    assert terms_of(RESPONSE, "ottima", memory=memory)["ottima"] == ()


def test_a_field_without_terms_suggests_nothing() -> None:
    assert terms_of(coded(), "ottima") == {"ottima": ()}


@pytest.mark.parametrize(
    ("text", "term"),
    [("SEC", "secondary"), ("DN", "de_novo"), ("ther", "therapy_related")],
)
def test_an_abbreviation_is_guessed_and_has_to_be_accepted(text: str, term: str) -> None:
    (guess, *_) = terms_of(coded("de_novo", "secondary", "therapy_related"), text)[text]
    assert (guess.term, guess.certain) == (term, False)


def test_a_label_that_another_center_decided_is_certain() -> None:
    memory = Memory(accepted=(remember("adda", ottima="CR"),))
    (sure,) = terms_of(RESPONSE, "1", memory=memory, labels={"1": "Ottima"})["1"]
    assert (sure.term, sure.certain) == ("CR", True)
    assert sure.why == "label 'Ottima' as in adda"
