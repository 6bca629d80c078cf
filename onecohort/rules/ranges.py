"""What a value may be: the possible and the plausible range of a field, and the days a date may lie on."""

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from onecohort.rules.outcome import Converted, Remark, State
from onecohort.rules.units import find_unit, other_units, plausible_under
from onecohort.schema import Field

EPOCH = date(1970, 1, 1)
EARLIEST = date(1900, 1, 1)  # nobody whose record is pooled today was born before
LATEST_DAY = (date.max - EPOCH).days


def check_range(found: Converted, field: Field) -> None:
    """Make values outside the possible range findings, remark on those outside the plausible."""
    if field.possible is None and field.plausible is None:
        return
    if found.values.type not in (pa.float64(), pa.int64()):
        return
    numbers = found.values.cast(pa.float64()).to_numpy(zero_copy_only=False)
    carried = found.states == State.CARRIED
    unit = f" {field.unit}" if field.unit else ""
    every = numbers[carried]
    with np.errstate(invalid="ignore"):
        for window, check, words in (
            (field.possible, "range.possible", "is outside what is possible"),
            (field.plausible, "range.plausible", "is outside what is usual"),
        ):
            if window is None:
                continue
            outside = carried & ((numbers < window[0]) | (numbers > window[1]))
            message = f"{words} ({window[0]:g} to {window[1]:g}{unit})"
            hints = _ways_out(numbers[outside], every, field)
            for number, hint in zip(np.flatnonzero(outside), hints, strict=True):
                remark = Remark(check, message, hint)
                if check == "range.possible":
                    found.fault(int(number), remark)
                    carried[number] = False
                else:
                    found.remarks[int(number)] = remark


def check_dates(found: Converted, as_of: date) -> None:
    """Make dates after `as_of`, and those of another age, findings; never judged by today's date."""
    if found.values.type != pa.date32():
        return
    days = found.values.cast(pa.int32()).fill_null(0).to_numpy(zero_copy_only=False)
    carried = found.states == State.CARRIED
    for number in np.flatnonzero(carried & (days > (as_of - EPOCH).days)):
        when = EPOCH + timedelta(days=min(int(days[number]), LATEST_DAY))
        hint = "correct the cell"
        if found.notes.get(int(number)):  # of an imputed day nobody swapped anything
            hint = f"the day taken for it is {when}: give more of the date, or correct the cell"
        elif when.day <= 12:
            swapped = when.replace(day=when.month, month=when.day)
            if swapped <= as_of:
                hint = f"day and month swapped it would be {swapped}; correct the cell"
        remark = Remark("date.after_as_of", f"is after {as_of}, the day of the data", hint)
        found.fault(int(number), remark)
    for number in np.flatnonzero(carried & (days < (EARLIEST - EPOCH).days)):
        remark = Remark("date.too_early", f"is before {EARLIEST}", "correct the cell")
        found.fault(int(number), remark)


def _ways_out(
    doubted: npt.NDArray[np.float64], every: npt.NDArray[np.float64], field: Field
) -> list[str]:
    """What would make each doubted value usual, in words: the unit of the column, else its own."""
    window = field.plausible or field.possible
    if not len(doubted) or window is None or field.unit is None or find_unit(field.unit) is None:
        return ["correct the cell"] * len(doubted)
    usual = ((every >= window[0]) & (every <= window[1])).mean()
    if len(every) > 1 and usual < 0.5:
        fitting = plausible_under(every, field.unit, field.name, window)
        if fitting:
            units = " or ".join(fitting[:3])
            return [f"the column as a whole would be usual in {units}: declare `unit`"] * len(
                doubted
            )
    each: list[list[str]] = [[] for _ in doubted]
    for unit, converted in other_units(doubted, field.unit, field.name):
        for number in np.flatnonzero((converted >= window[0]) & (converted <= window[1])):
            each[number].append(unit)
    return [
        f"would be usual in {' or '.join(units[:3])}; correct the cell or declare its unit"
        if units
        else "correct the cell"
        for units in each
    ]
