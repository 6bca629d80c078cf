"""Invented people: names that nobody bears, and codici fiscali that belong to nobody.

The place of birth in every codice fiscale is M9xx, a code that no municipality has been given; the
check letter is right all the same, so that a program can verify it.
"""

import unicodedata
from datetime import date

import numpy as np

SURNAMES = (
    "Provetti", "Esempi", "Campioni", "Fittizi", "Inventati", "Simulati", "Immaginari", "Ipotesi",
    "Finzioni", "Modelli", "Figurini", "Segnaposto", "Facsimile", "Bozzetti", "Sagome", "Manichini",
    "Pseudonimi", "Astratti", "Teorici", "Virtuali",
)  # fmt: skip
MALE_NAMES = (
    "Alberto", "Bruno", "Carlo", "Dario", "Enrico", "Fabio", "Giulio", "Luca", "Marco", "Nicolò",
    "Osvaldo", "Paolo", "Renato", "Sergio", "Tommaso", "Ugo", "Vito", "Walter",
)  # fmt: skip
FEMALE_NAMES = (
    "Anna", "Bianca", "Chiara", "Dora", "Elena", "Franca", "Gemma", "Irene", "Lidia", "Marta",
    "Noemi", "Ornella", "Paola", "Rita", "Silvia", "Teresa", "Ursula", "Zoè",
)  # fmt: skip

MONTH_LETTERS = "ABCDEHLMPRST"
# Agenzia delle Entrate, D.M. 23 December 1976: value of a character at an odd place (from 1).
_ODD = (
    "1 0 5 7 9 13 15 17 19 21 1 0 5 7 9 13 15 17 19 21 2 4 18 20 11 3 6 8 12 14 16 10 22 25 24 23"
)
ODD_VALUES = dict(zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", map(int, _ODD.split()), strict=True))


def invent_name(sex: str, rng: np.random.Generator) -> tuple[str, str]:
    """Surname and given name."""
    names = MALE_NAMES if sex == "male" else FEMALE_NAMES
    return str(rng.choice(SURNAMES)), str(rng.choice(names))


def codice_fiscale(surname: str, name: str, birth: date, sex: str, place: str) -> str:
    """The sixteen characters for a person; `place` is the code of the place of birth.

    >>> codice_fiscale("Rossi", "Mario", date(1989, 12, 13), "male", "F205")
    'RSSMRA89T13F205B'
    """
    day = birth.day + (40 if sex == "female" else 0)
    letter = MONTH_LETTERS[birth.month - 1]
    body = f"{_three(surname)}{_three_of_name(name)}{birth:%y}{letter}{day:02}{place}"
    return body + check_letter(body)


def check_letter(body: str) -> str:
    """The sixteenth character for the first fifteen."""
    total = sum(
        ODD_VALUES[character] if place % 2 == 0 else int(character, 36) % 10 if character.isdigit()
        else ord(character) - ord("A")
        for place, character in enumerate(body)
    )  # fmt: skip
    return chr(ord("A") + total % 26)


def _letters(name: str) -> tuple[str, str]:
    plain = unicodedata.normalize("NFD", name.upper())
    letters = [letter for letter in plain if "A" <= letter <= "Z"]
    vowels = "".join(letter for letter in letters if letter in "AEIOU")
    return "".join(letter for letter in letters if letter not in "AEIOU"), vowels


def _three(name: str) -> str:
    consonants, vowels = _letters(name)
    return (consonants + vowels + "XXX")[:3]


def _three_of_name(name: str) -> str:
    consonants, vowels = _letters(name)
    if len(consonants) > 3:
        consonants = consonants[0] + consonants[2] + consonants[3]
    return (consonants + vowels + "XXX")[:3]
