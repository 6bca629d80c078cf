"""Codes that meet only without their leading zeros, whatever batches the other list comes in."""

import pyarrow as pa
import pytest

from onecohort.lost_zeros import LostZeros, ZeroWatch


@pytest.mark.parametrize("size", [1, 2, 10])
@pytest.mark.parametrize(
    ("here", "there", "told"),
    [
        pytest.param(
            ["7", "12", "101", "44"],
            ["007", "012", "101", "044"],
            LostZeros(here_lost=True, width=3, gained=3),
            id="lost here",
        ),
        pytest.param(
            ["B-007", "B-012", "B-044"],
            ["B-7", "B-12", "B-44"],
            LostZeros(here_lost=False, width=5, gained=3),
            id="lost there, behind a prefix",
        ),
        pytest.param(["A1", "A2", "A3"], ["B1", "B2", "B3"], None, id="other codes"),
        pytest.param(["1", "2", "3"], ["1", "2", "3"], None, id="the same codes"),
        pytest.param(["01", "2", "3", "4"], ["1", "2", "3", "4"], None, id="a single slip"),
        pytest.param(
            ["1", "2", "3", *(f"X{n}" for n in range(9))],
            ["01", "02", "03", *(f"Y{n}" for n in range(9))],
            None,
            id="a few among strangers",
        ),
        pytest.param(["", ""], ["", "1"], None, id="blank"),
    ],
)
def test_codes_that_meet_only_without_their_leading_zeros(
    here: list[str], there: list[str], told: LostZeros | None, size: int
) -> None:
    watch = ZeroWatch(pa.array(here))
    for start in range(0, len(there), size):
        watch.see(pa.array(there[start : start + size]))
    assert watch.verdict(pa.array(sorted(set(here) - set(there)), pa.string())) == told
