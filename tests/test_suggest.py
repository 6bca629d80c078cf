"""Which field a column is: reasons, order, assignment, memory, and speed."""

import pytest

from onecohort.suggest import (
    Accepted,
    Memory,
    SourceColumn,
    Suggestion,
    TargetField,
    TargetTerm,
    assign,
    rank_fields,
)

SEX = TargetField(
    name="sex",
    title="Sex",
    kind="term",
    synonyms=("gender", "sesso"),
    terms=(
        TargetTerm(code="male", synonyms=("M", "maschio")),
        TargetTerm(code="female", synonyms=("F", "femmina")),
    ),
)
DRUG = TargetField(
    name="hma_drug",
    title="Drug",
    kind="term",
    terms=(
        TargetTerm(code="azacitidine", synonyms=("Vidaza", "azacitidina")),
        TargetTerm(code="decitabine", synonyms=("Dacogen", "decitabina")),
    ),
)
RESPONSE = TargetField(
    name="best_response",
    title="Best response",
    kind="term",
    terms=(TargetTerm(code="CR"), TargetTerm(code="PR"), TargetTerm(code="SD")),
)
BIRTH = TargetField(
    name="birth_date", title="Date of birth", kind="date", synonyms=("data di nascita",)
)
DEATH = TargetField(name="death_date", title="Date of death", kind="date")
AGE = TargetField(name="age_years", title="Age", kind="integer", possible=(0, 120))
HEMOGLOBIN = TargetField(
    name="hemoglobin_g_dl", title="Hemoglobin", kind="number", unit="g/dL", plausible=(3, 18)
)
PATIENT = TargetField(name="patient_id", title="Patient", kind="identifier")
FIELDS = (PATIENT, SEX, DRUG, RESPONSE, BIRTH, DEATH, AGE, HEMOGLOBIN)


def column(name: str, *texts: str, label: str = "", **labels: str) -> SourceColumn:
    counted = tuple((text, 3) for text in texts)
    return SourceColumn(name=name, label=label, texts=counted, value_labels=labels)


@pytest.mark.parametrize(
    ("given", "field", "reason"),
    [
        (column("Sesso", "M", "F"), "sex", "same as 'sesso'"),
        (column("GENDER"), "sex", "same as"),
        (column("dataNascita", "03/12/1950"), "birth_date", "holds dates"),
        (column("ddn", "03/12/1950"), "birth_date", "same as"),
        (column("Hb (g/L)", "98", "102"), "hemoglobin_g_dl", "same as"),
        (column("Età", "71", "64"), "age_years", "holds numbers in range"),
        (column("exitus il", "03.12.2019"), "death_date", "holds dates"),
        (column("v7", "Vidaza", "Dacogen"), "hma_drug", "values inside hma_drug's terms"),
        (column("v8", label="Data di nascita"), "birth_date", "label 'Data di nascita'"),
        (column("v9", "1", "2", **{"1": "maschio", "2": "femmina"}), "sex", "values inside"),
        (column("Risposta migliore", "CR", "SD"), "best_response", "values inside"),
    ],
    ids=lambda given: given.name if isinstance(given, SourceColumn) else "",
)
def test_the_first_suggestion_is_right_and_says_why(
    given: SourceColumn, field: str, reason: str
) -> None:
    first = rank_fields([given], FIELDS)[0][0]
    assert first.field == field
    assert reason in first.why


def test_scores_fall_and_stay_between_zero_and_one() -> None:
    ranking = rank_fields([column("Sesso", "M", "F")], FIELDS)[0]
    scores = [guess.score for guess in ranking]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert len(ranking) == len(FIELDS)


def test_scores_compare_across_columns() -> None:
    sure, unsure = rank_fields([column("sex", "M", "F"), column("commenti", "sta bene")], FIELDS)
    assert sure[0].score > 0.8
    assert unsure[0].score < 0.1


def test_limit_cuts_the_ranking() -> None:
    assert len(rank_fields([column("sex")], FIELDS, limit=2)[0]) == 2


def test_a_type_that_cannot_fit_lowers_the_score_and_is_said() -> None:
    dates, words = rank_fields(
        [column("data di nascita", "03/12/1950"), column("data di nascita", "Padova")], FIELDS
    )
    assert dates[0].score > words[0].score
    assert "but it holds no dates" in words[0].why


def test_a_closed_list_without_a_term_is_said() -> None:
    ranking = rank_fields([column("sex", "adulto", "bambino")], FIELDS)[0]
    assert "but none of its values is a term" in ranking[0].why


def test_numbers_out_of_range_do_not_agree() -> None:
    inside, outside = rank_fields([column("Hb", "9.8", "11.2"), column("Hb", "98", "112")], FIELDS)
    assert inside[0].score > outside[0].score


def test_memory_names_the_center_that_vouches() -> None:
    memory = Memory(accepted=(Accepted(center="brenta", field="hma_drug", column="Principio"),))
    without = rank_fields([column("principio")], FIELDS)[0]
    ranking = rank_fields([column("principio")], FIELDS, memory)[0]
    assert ranking[0].field == "hma_drug"
    assert "same name as in brenta" in ranking[0].why
    before = next(guess.score for guess in without if guess.field == "hma_drug")
    assert ranking[0].score > before


def test_memory_recognises_what_other_columns_held() -> None:
    held = (("ospedale nord", 5), ("ospedale sud", 4))
    memory = Memory(accepted=(Accepted(center="adda", field="patient_id", column="x", texts=held),))
    given = column("q1", "ospedale nord", "ospedale sud")
    ranking = rank_fields([given], FIELDS, memory)[0]
    assert ranking[0].field == "patient_id"
    assert "values as other centers have them" in ranking[0].why


def test_memory_knows_labels_too() -> None:
    memory = Memory(
        accepted=(
            Accepted(center="adda", field="sex", column="q3", label="Biologico alla nascita"),
        )
    )
    given = column("v1", label="biologico alla nascita")
    assert rank_fields([given], FIELDS, memory)[0][0].field == "sex"


def test_memory_of_a_field_that_no_longer_exists_is_passed_over() -> None:
    memory = Memory(accepted=(Accepted(center="adda", field="gone", column="Sesso"),))
    assert rank_fields([column("Sesso")], FIELDS, memory)[0][0].field == "sex"


def test_assignment_gives_the_field_to_the_better_claim_not_to_the_first() -> None:
    rankings = (
        (Suggestion("sex", 0.8, ""), Suggestion("age", 0.7, "")),
        (Suggestion("sex", 0.9, ""), Suggestion("age", 0.1, "")),
    )
    assert [guess and guess.field for guess in assign(rankings)] == ["age", "sex"]


def test_assignment_leaves_a_column_without_field_below_the_least_score() -> None:
    rankings = ((Suggestion("sex", 0.8, ""),), (Suggestion("age", 0.05, ""),))
    assert [guess and guess.field for guess in assign(rankings)] == ["sex", None]


def test_two_poor_guesses_do_not_outweigh_a_sure_one() -> None:
    rankings = (
        (Suggestion("drug", 1.0, ""), Suggestion("line", 0.9, "")),
        (Suggestion("start", 0.99, ""), Suggestion("drug", 0.3, "")),
        (Suggestion("start", 0.98, ""),),
    )
    assert [guess and guess.field for guess in assign(rankings, least=0.15)] == [
        "drug",
        "start",
        None,
    ]


def test_nothing_in_gives_nothing_out() -> None:
    assert rank_fields([], FIELDS) == ()
    assert rank_fields([column("x")], []) == ((),)
    assert assign([(), ()]) == (None, None)


def test_the_order_of_columns_does_not_matter() -> None:
    columns = [column("Sesso", "M"), column("ddn", "1.1.1950"), column("Hb", "9.8")]
    forth = rank_fields(columns, FIELDS)
    back = rank_fields(columns[::-1], FIELDS)[::-1]
    assert [[g.field for g in r[:1]] for r in forth] == [[g.field for g in r[:1]] for r in back]
    assert [r[0].score for r in forth] == pytest.approx([r[0].score for r in back])


def test_a_column_called_like_a_term_and_holding_marks_is_one_of_its_values() -> None:
    ranking = rank_fields([column("CR", "x"), column("PR", "x", "")], FIELDS)
    assert [guesses[0].field for guesses in ranking] == ["best_response", "best_response"]
    assert "called like a term of best_response" in ranking[0][0].why


def test_a_column_called_like_a_term_that_holds_something_else_is_no_mark() -> None:
    first = rank_fields([column("CR", "98,5", "101,2")], FIELDS)[0][0]
    assert "called like a term" not in first.why


def test_a_checkbox_is_read_by_its_choice() -> None:
    given = column("farmaco___1", "0", "1", label="Farmaci (choice=Azacitidina)")
    assert rank_fields([given], FIELDS)[0][0].field == "hma_drug"


def test_the_opposite_heading_is_not_near() -> None:
    fields = (
        TargetField(name="start_date", kind="date", synonyms=("data inizio terapia",)),
        TargetField(name="end_date", kind="date", synonyms=("data fine terapia",)),
    )
    ranking = rank_fields([column("fine terapia", "01.01.2019")], fields)[0]
    assert ranking[0].field == "end_date"
    assert ranking[1].score < 0.1
