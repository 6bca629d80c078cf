"""Nothing below 5 is shown, nor can it be had by subtraction."""

import doctest
from importlib import import_module

import pytest

from onecohort.disclosure import show_count, show_part, show_percent, show_share


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0"), (1, "<5"), (4, "<5"), (5, "5"), (100_000, "100,000")]
)
def test_counts_below_five_are_masked_and_none_is_none(count: int, shown: str) -> None:
    assert show_count(count) == shown


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (0, 100, "0 %"),
        (0, 0, "–"),
        (1, 100_000, "<0.01 %"),
        (4, 100_000, "<0.01 %"),
        (6, 100_000, "<0.01 %"),
        (12, 100_000, "0.01 %"),
        (3, 100, "<5 %"),
        (3, 11, "<45.5 %"),
        (50, 100, "50 %"),
        (99_994, 100_000, ">99.99 %"),
        (99_999, 100_000, ">99.99 %"),
        (9_960, 10_000, "99.60 %"),
        (100, 100, "100 %"),
    ],
)
def test_a_percentage_that_is_not_zero_never_shows_as_zero(
    part: int, whole: int, shown: str
) -> None:
    assert show_percent(part, whole) == shown


@pytest.mark.parametrize("whole", [5, 8, 11, 100, 5_000])
@pytest.mark.parametrize("few", [1, 2, 3, 4])
def test_the_few_cannot_be_told_from_what_is_shown_of_them_or_of_the_rest(
    whole: int, few: int
) -> None:
    if whole - few >= 5:
        assert show_part(few, whole) == show_part(1, whole)
        assert show_share(few, whole) == show_share(1, whole)
    if few < whole - few:
        assert show_part(whole - few, whole) == show_part(whole - 1, whole) or whole < 9
        assert show_share(whole - few, whole) == show_share(whole - 1, whole) or whole < 9


def test_a_share_of_many_is_plain() -> None:
    assert (show_part(40, 90), show_share(40, 90)) == ("40 of 90", "44 %")
    assert show_share(0, 0) == "–"


@pytest.mark.parametrize(
    "name",
    [
        "onecohort.disclosure",
        "onecohort.changes",
        "onecohort.sanity.scale",
        "onecohort.sanity.shares",
        "onecohort.report.cell_text",
        "onecohort.report.row_addresses",
        "onecohort.report.unit_words",
    ],
)
def test_the_examples_of_the_docstrings_hold(name: str) -> None:
    told = doctest.testmod(import_module(name))
    assert told.attempted > 0 and told.failed == 0
