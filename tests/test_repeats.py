"""Repeated keys are found by hashes that do not depend on what else is hashed with them."""

import numpy as np
import pyarrow as pa
import pytest

from onecohort.repeats import hash_texts, repeated_hashes

TEXTS = ["", "1", "12345678", "123456789", "P0000001", "Müller|1950-01-02", "x" * 40]


def hash_one(text: str) -> int:
    return int(hash_texts(pa.array([text]))[0])


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("beside", [[], ["a"], ["a much longer text than any of these" * 3]])
def test_a_text_has_the_same_hash_whatever_stands_beside_it(text: str, beside: list[str]) -> None:
    assert int(hash_texts(pa.array([*beside, text, *beside]))[len(beside)]) == hash_one(text)


def test_a_part_of_an_array_hashes_as_the_array() -> None:
    whole = pa.array(TEXTS)
    assert hash_texts(whole.slice(2, 3)).tolist() == hash_texts(whole).tolist()[2:5]


def test_different_texts_have_different_hashes() -> None:
    texts = [f"P{number}" for number in range(20_000)] + TEXTS
    assert len(np.unique(hash_texts(pa.array(texts)))) == len(set(texts))


def test_null_hashes_as_the_empty_text() -> None:
    assert hash_texts(pa.array([None, ""], pa.string())).tolist() == [hash_one("")] * 2


def test_only_hashes_that_occur_twice_are_repeated() -> None:
    hashes = hash_texts(pa.array(["a", "b", "a", "c", "c", "c"]))
    assert set(repeated_hashes(hashes).tolist()) == {hash_one("a"), hash_one("c")}


def test_no_text_has_no_hash() -> None:
    assert len(hash_texts(pa.array([], pa.string()))) == 0
