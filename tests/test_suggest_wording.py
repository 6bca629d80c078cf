"""How headings and values are read before they are compared."""

import doctest

import pytest

from onecohort.suggest import contents, kinds, wording
from onecohort.suggest.contents import as_number, read_values
from onecohort.suggest.naming import name_similarity, word_similarity
from onecohort.suggest.wording import differ, fold, spelled_out, unit_of, words


@pytest.mark.parametrize("module", [contents, kinds, wording], ids=lambda m: m.__name__)
def test_the_examples_in_the_docstrings_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("heading", "read"),
    [
        ("dataNascita", ("data", "nascita")),
        ("Tumor_Size_cm", ("tumor", "size")),
        ("Smoking.Status", ("smoking", "status")),
        ("hemoglobin_g_dl", ("hemoglobin",)),
        ("WBC (x10^9/L)", ("wbc",)),
        ("Sesso (M/F)", ("sesso", "m", "f")),
        ("Data di nascita", ("data", "nascita")),
        ("di", ("di",)),
        ("Path_Stage-pT", ("path", "stage", "pt")),
        ("", ()),
    ],
)
def test_headings_are_cut_into_words_without_units(heading: str, read: tuple[str, ...]) -> None:
    assert words(heading) == read


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ddn", "Data di nascita"),
        ("ddn", "date of birth"),
        ("Sesso", "gender"),
        ("PLT", "piastrine"),
        ("GB", "WBC"),
        ("Emoglobina (g/dL)", "hb"),
        ("BMI", "Indice di massa corporea"),
        ("ultimo FU", "last contact"),
        ("cicli", "cycles"),
        ("Geburtsdatum", "Date de naissance"),
        ("verstorben am", "data decesso"),
        ("Erstdiagnose", "diagnosi"),
        ("Geschlecht", "Sexe"),
        ("Anzahl Zyklen", "Nombre de cycles"),
        ("Thrombozyten", "Plaquettes"),
        ("letzter Kontakt", "last contact"),
        ("bestes Ansprechen", "Meilleure réponse"),
    ],
)
def test_abbreviations_and_languages_come_to_one_wording(one: str, other: str) -> None:
    assert spelled_out(one) == spelled_out(other)


@pytest.mark.parametrize(
    ("heading", "unit"),
    [
        ("Hb (g/L)", "g/L"),
        ("GB [/mmc]", "/mmc"),
        ("PLT (10^3/uL)", "10^3/uL"),
        ("WBC (x10^9/L)", "x10^9/L"),
        ("blasti (%)", "%"),
        ("Sesso (M/F)", None),
        ("Peso_kg", "kg"),
        ("Peso", None),
    ],
)
def test_units_are_read_off_headings(heading: str, unit: str | None) -> None:
    assert unit_of(heading) == unit


@pytest.mark.parametrize(
    ("one", "other", "different"),
    [
        ("stadio III", "stadio II", True),
        ("G1", "G2", True),
        ("non deceduto", "deceduto", True),
        ("maschio", "MASCHIO", False),
        ("vivo", "viva", False),
    ],
)
def test_marks_that_change_the_meaning_differ(one: str, other: str, different: bool) -> None:
    assert differ(one, other) is different


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,234.5", 1234.5),
        ("1.234,5", 1234.5),
        ("-3", -3.0),
        ("1e-5", 1e-5),
        ("1.2.3", None),
        ("3 mesi", None),
        ("", None),
    ],
)
def test_numbers_are_read_with_either_decimal_sign(text: str, number: float | None) -> None:
    assert as_number(text) == number


def test_folding_takes_case_accents_and_blanks_off() -> None:
    assert fold("  Sì,   È ") == "si, e"


def test_a_repeated_first_word_is_dropped_only_where_most_values_have_it() -> None:
    assert read_values(["Grado 1", "Grado 2", "Grado 3"]) == ["1", "2", "3"]
    assert read_values(["Grado 1", "lieve", "grave"]) == ["grado 1", "lieve", "grave"]


def test_the_same_heading_is_most_similar_to_itself() -> None:
    headings = ["data diagnosi", "data decesso", "emoglobina", "sesso"]
    alike = name_similarity(headings, headings)
    assert alike.argmax(axis=1).tolist() == [0, 1, 2, 3]
    assert alike.diagonal().min() == pytest.approx(1)


def test_a_frequent_word_weighs_less_than_a_rare_one() -> None:
    corpus = [f"data {i}" for i in range(50)]
    near_rare, near_frequent = name_similarity(
        ["data trapianto"], ["trapianto sede", "data sede"], corpus=corpus
    )[0]
    assert near_rare > near_frequent


def test_stems_are_near_and_opposites_are_not() -> None:
    assert word_similarity(["patho"], ["pathologic"])[0, 0] == 0.9
    assert word_similarity(["ipertensione"], ["ipotensione"])[0, 0] == 0
    assert word_similarity(["g1"], ["g2"])[0, 0] == 0


def test_no_headings_give_an_empty_array() -> None:
    assert name_similarity([], ["a"]).shape == (0, 1)
