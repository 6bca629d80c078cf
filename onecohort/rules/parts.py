"""A cell that holds several values: which of its parts counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onecohort.rules.outcome import Converted, Remark, State


@dataclass(frozen=True)
class Parts:
    """How the parts of a cell become one value.

    part     the one that was asked for, from 1; None: all of them are looked at
    take     which of the values counts; None: they must agree
    codes    terms from best to worst
    """

    part: int | None
    take: str | None
    codes: Sequence[str]

    def reduce(self, flat: Converted, lengths: Sequence[int], texts: pa.Array) -> Converted:
        """One outcome per cell from the outcomes of all parts.

        flat       the parts of all cells, one after the other
        lengths    (d,) how many parts each cell has; texts, (d,) the cells
        """
        values = flat.seal().values.to_pylist()
        blank = pc.equal(texts, "").to_numpy(zero_copy_only=False)
        states = np.zeros(len(lengths), np.uint8)
        chosen: npt.NDArray[np.int64] = np.full(len(lengths), -1, np.int64)
        found = Converted(pa.nulls(len(lengths), flat.values.type), states)
        start = 0
        for number, length in enumerate(lengths):
            span = range(start, start + length)
            start += length
            faulty = [k for k in span if flat.states[k] == State.FAULT]
            carried = [k for k in span if flat.states[k] == State.CARRIED]
            if faulty:
                found.fault(number, flat.remarks[faulty[0]])
            elif carried:
                chosen[number] = self._one_of(carried, values)
                states[number] = State.CARRIED
                if chosen[number] < 0:
                    hint = "say which one counts with `part` or `take`"
                    found.fault(number, Remark("split.disagrees", "holds different values", hint))
            elif any(flat.states[k] == State.MISSING for k in span):
                states[number] = State.MISSING
            elif not blank[number]:
                hint = "correct the cell, or add the text to missing"
                what = f"part {self.part}" if self.part else "a value"
                found.fault(number, Remark("split.absent", f"does not hold {what}", hint))
        taken = pa.array(chosen, mask=chosen < 0)
        found.values = flat.values.take(taken)
        if flat.precision is not None:
            found.precision = flat.precision.take(taken)
        for at in np.flatnonzero(chosen >= 0).tolist():
            note = flat.notes.get(int(chosen[at]))
            if note is not None:
                found.notes[at] = note
        return found

    def _one_of(self, carried: Sequence[int], values: Sequence[object]) -> int:
        """The part that counts, or -1 where they differ and no `take` decides."""

        def value(part: int) -> Any:
            return values[part]

        match self.take:
            case "first":
                return carried[0]
            case "last":
                return carried[-1]
            case "min" | "earliest":
                return min(carried, key=value)
            case "max" | "latest":
                return max(carried, key=value)
            case "best":
                return min(carried, key=lambda part: self.codes.index(value(part)))
            case _:
                return carried[0] if len({values[part] for part in carried}) == 1 else -1
