"""What became of each distinct text: blank, declared missing, carried, or a finding; no fifth state."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa

States = npt.NDArray[np.uint8]


class State(IntEnum):
    """The four states of law 1."""

    BLANK = 0
    MISSING = 1
    CARRIED = 2
    FAULT = 3


@dataclass(frozen=True)
class Remark:
    """Why a text is a finding, or what is to be known of one that was carried."""

    check: str
    message: str
    hint: str = ""


@dataclass
class Converted:
    """The outcome of a rule over d distinct texts.

    values      (d,) typed values, null but where carried
    states      (d,) one of `State`
    remarks     number of the text -> why it is a finding (state FAULT) or doubtful (CARRIED)
    notes       number of the text -> what was done as declared (an imputed day, a bound taken)
    precision   (d,) "day", "month" or "year" of a date; None elsewhere
    """

    values: pa.Array
    states: States
    remarks: dict[int, Remark] = field(default_factory=dict)
    notes: dict[int, Remark] = field(default_factory=dict)
    precision: pa.Array | None = None

    def fault(self, number: int, remark: Remark) -> None:
        """Make one text a finding; its value is withdrawn by `seal`, and what was done with it too."""
        self.states[number] = State.FAULT
        self.remarks[number] = remark
        self.notes.pop(number, None)

    def seal(self) -> "Converted":
        """Withdraw every value that is not carried, so that no finding leaves a value behind."""
        lost = self.states != State.CARRIED
        if lost.any():
            import pyarrow.compute as pc

            self.values = pc.if_else(pa.array(lost), pa.scalar(None, self.values.type), self.values)
        return self


Converter = Callable[[pa.Array], Converted]
"""A rule for one source column: (d,) distinct tidied texts -> their outcome."""
