"""Patient codes that meet only without their leading zeros, between tables or between centers."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

FEWEST = 3  # codes that must be gained for the zeros to be the reason
SHARE = 0.5  # of the codes that did not meet before


@dataclass(frozen=True)
class Disagreement:
    """Two lists of codes that are the same but for leading zeros.

    shorter, longer   names of the lists without and with the zeros
    width             how many characters the longer codes mostly have
    met, gained       codes in both as they stand, and once the zeros are off
    """

    shorter: str
    longer: str
    width: int
    met: int
    gained: int

    def __str__(self) -> str:
        """What is wrong and the way out, without a code."""
        return (
            f"{self.gained} codes of {self.shorter} are those of {self.longer} without their "
            f"leading zeros; pad them to {self.width} characters (zero_pad: {self.width})"
        )


def find_lost_zeros(codes: Mapping[str, pa.Array]) -> list[Disagreement]:
    """Compare every two lists of patient codes, tables of a center or centers of a study.

    codes   name of the list -> its codes as texts; blank ones are passed over
    """
    lists = {
        name: pc.unique(array.filter(pc.not_equal(array, ""))) for name, array in codes.items()
    }
    names = list(lists)
    found = []
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            if (pair := _compare(first, lists[first], second, lists[second])) is not None:
                found.append(pair)
    return found


def _compare(first: str, one: pa.Array, second: str, two: pa.Array) -> Disagreement | None:
    met = pc.is_in(one, value_set=two)
    apart = one.filter(pc.invert(met))
    other = two.filter(pc.invert(pc.is_in(two, value_set=one)))
    bare_one, bare_two = _strip(apart), _strip(other)
    gained = pc.sum(pc.is_in(bare_one, value_set=bare_two)).as_py() or 0
    if gained < FEWEST or gained < SHARE * min(len(apart), len(other)):
        return None
    lengths = {first: _width(apart), second: _width(other)}
    shorter, longer = sorted((first, second), key=lambda name: lengths[name])
    return Disagreement(shorter, longer, lengths[longer], pc.sum(met).as_py() or 0, gained)


def _strip(codes: pa.Array) -> pa.Array:
    """Without leading zeros, also after a prefix of letters: "B-007" and "B-7" meet."""
    return pc.replace_substring_regex(codes, r"^(\D*)0+(\d)", r"\1\2")


def _width(codes: pa.Array) -> int:
    return int(pc.max(pc.utf8_length(codes)).as_py())
