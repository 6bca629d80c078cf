"""Patient codes of two tables that meet only without their leading zeros."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

FEWEST = 3  # codes that must be gained for the zeros to be the reason
SHARE = 0.5  # of the codes that did not meet before


@dataclass(frozen=True)
class LostZeros:
    """Two lists of codes that are the same but for leading zeros.

    here_lost  whether it is the list at hand that has none, and not the other one
    width      how many characters the longer codes have at the most
    gained     codes that meet once the zeros are off
    """

    here_lost: bool
    width: int
    gained: int


class ZeroWatch:
    """Holds one list of codes against another that passes in batches of any size.

    Nothing is decided before the last batch is through, so that the batches cannot change the verdict.
    """

    def __init__(self, codes: pa.Array) -> None:
        """Watch for these codes; blank ones are passed over."""
        self.codes = pc.unique(codes.filter(pc.not_equal(codes, "")))
        self.bare = _strip(self.codes)
        self.gained = np.zeros(len(self.codes), bool)
        self.others = self.width = 0

    def see(self, theirs: pa.Array) -> None:
        """Take in a batch of the other list, in which no code comes twice."""
        met = pc.is_in(theirs, value_set=self.codes)
        other = theirs.filter(pc.and_(pc.invert(met), pc.not_equal(theirs, "")))
        if not len(other):
            return
        self.others += len(other)
        self.width = max(self.width, _width(other))
        found = pc.is_in(self.bare, value_set=_strip(other))
        self.gained |= found.to_numpy(zero_copy_only=False)

    def verdict(self, apart: pa.Array) -> LostZeros | None:
        """What is wrong with the codes at hand that met none of the other list, if it is the zeros."""
        left = pc.is_in(self.codes, value_set=apart).to_numpy(zero_copy_only=False)
        gained, alone = int((self.gained & left).sum()), int(left.sum())
        if gained < FEWEST or gained < SHARE * min(alone, self.others):
            return None
        width = _width(self.codes.filter(pa.array(left)))
        return LostZeros(width <= self.width, max(width, self.width), gained)


def _strip(codes: pa.Array) -> pa.Array:
    """Without leading zeros, also after a prefix of letters: "B-007" and "B-7" meet."""
    return pc.replace_substring_regex(codes, r"^(\D*)0+(\d)", r"\1\2")


def _width(codes: pa.Array) -> int:
    return int(pc.max(pc.utf8_length(codes)).as_py())
