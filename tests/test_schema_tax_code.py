"""The codice fiscale: its check letter, its day and its sex, against a second implementation."""

from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sample_exports.people import check_letter, codice_fiscale
from schemas.tax_code import (
    DIGIT_PLACES,
    IDENTIFIER_CHECKS,
    STAND_INS,
    agrees_with_birth_date,
    agrees_with_sex,
    is_sound,
)

ROSSI = "RSSMRA89T13F205B"  # the worked example of the tax office's own description
NOBODY = pd.DataFrame({"sex": [None], "birth_date": [pd.NaT]})


@pytest.mark.parametrize(
    ("code", "sound"),
    [
        (ROSSI, True),
        (None, True),
        ("RSSMRA89T13F205C", False),
        ("RSSMRA89T13F205", False),
        ("RSSMRA89T13F2O5B", False),
        ("", False),
        ("RSSMRA89T00F205" + check_letter("RSSMRA89T00F205"), False),
        ("RSSMRA89T32F205" + check_letter("RSSMRA89T32F205"), False),
        ("RSSMRA89T72F205" + check_letter("RSSMRA89T72F205"), False),
        ("RSSMRA89T53F205" + check_letter("RSSMRA89T53F205"), True),
    ],
)
def test_a_code_is_sound_or_not(code: str | None, sound: bool) -> None:
    assert is_sound(pd.Series([code], dtype="str"), NOBODY).tolist() == [sound]


@pytest.mark.parametrize(
    ("sex", "holds"), [("male", True), ("female", False), (None, True), ("unknown", True)]
)
def test_the_day_of_a_code_tells_the_sex(sex: str | None, holds: bool) -> None:
    rows = pd.DataFrame({"sex": pd.Series([sex], dtype="str")})
    assert agrees_with_sex(pd.Series([ROSSI]), rows).tolist() == [holds]


@pytest.mark.parametrize(
    ("born", "holds"),
    [("1989-12-13", True), ("1889-12-13", True), ("1989-12-12", False), ("1989-11-13", False),
     ("1988-12-13", False), (None, True)],
)  # fmt: skip
def test_a_code_tells_the_birth_date_but_not_its_century(born: str | None, holds: bool) -> None:
    rows = pd.DataFrame({"birth_date": pd.to_datetime(pd.Series([born]))})
    assert agrees_with_birth_date(pd.Series([ROSSI]), rows).tolist() == [holds]


def test_an_unsound_code_is_reported_once() -> None:
    rows = pd.DataFrame({"sex": ["female"], "birth_date": pd.to_datetime(["1950-01-01"])})
    codes = pd.Series(["RSSMRA89T13F205C"])
    held = {name: check(codes, rows).tolist() for name, (_, check) in IDENTIFIER_CHECKS.items()}
    assert [name for name, holds in held.items() if holds == [False]] == ["tax_code_is_sound"]


@given(
    st.dates(date(1900, 1, 1), date(1999, 12, 31)),
    st.sampled_from(["male", "female"]),
    st.sets(st.sampled_from(DIGIT_PLACES)),
)
def test_every_code_that_is_made_is_sound_and_agrees(
    born: date, sex: str, replaced: set[int]
) -> None:
    made = list(codice_fiscale("Rossi", "Mario", born, sex, "F205")[:15])
    for place in replaced:
        made[place] = STAND_INS[int(made[place])]
    body = "".join(made)
    codes = pd.Series([body + check_letter(body)])
    rows = pd.DataFrame({"sex": [sex], "birth_date": pd.to_datetime([born])})
    for _, check in IDENTIFIER_CHECKS.values():
        assert check(codes, rows).tolist() == [True]
    other = pd.DataFrame(
        {
            "sex": ["female" if sex == "male" else "male"],
            "birth_date": pd.to_datetime([born + timedelta(days=1)]),
        }
    )
    assert agrees_with_sex(codes, other).tolist() == [False]
    assert agrees_with_birth_date(codes, other).tolist() == [False]
