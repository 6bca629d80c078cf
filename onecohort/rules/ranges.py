"""What a value may be: the possible and the plausible range of a field, and the days a date may lie on."""

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from onecohort.rules.outcome import Converted, Remark, State
from onecohort.rules.units import find_unit, plausible_under
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
    column_hint: str | None = None  # sought once, when the first value is doubted
    with np.errstate(invalid="ignore"):
        for window, check, words in (
            (field.possible, "range.possible", "is outside what is possible"),
            (field.plausible, "range.plausible", "is outside what is usual"),
        ):
            if window is None:
                continue
            outside = carried & ((numbers < window[0]) | (numbers > window[1]))
            message = f"{words} ({window[0]:g} to {window[1]:g}{unit})"
            for number in np.flatnonzero(outside):
                if column_hint is None:
                    column_hint = _unit_of_all(numbers[found.states == State.CARRIED], field)
                hint = column_hint or _unit_of_one(numbers[number : number + 1], field)
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
        if when.day <= 12:
            swapped = when.replace(day=when.month, month=when.day)
            if swapped <= as_of:
                hint = f"day and month swapped it would be {swapped}; correct the cell"
        remark = Remark("date.after_as_of", f"is after {as_of}, the day of the data", hint)
        found.fault(int(number), remark)
    for number in np.flatnonzero(carried & (days < (EARLIEST - EPOCH).days)):
        remark = Remark("date.too_early", f"is before {EARLIEST}", "correct the cell")
        found.fault(int(number), remark)


def _unit_of_all(values: npt.NDArray[np.float64], field: Field) -> str:
    """The unit under which a column's distinct values as a whole would be usual, in words; or ""."""
    window = field.plausible or field.possible
    if window is None or len(values) < 2:
        return ""
    usual = ((values >= window[0]) & (values <= window[1])).mean()
    fitting = _fitting(values, field, window) if usual < 0.5 else []
    if not fitting:
        return ""
    return f"the column as a whole would be usual in {' or '.join(fitting[:3])}: declare `unit`"


def _unit_of_one(value: npt.NDArray[np.float64], field: Field) -> str:
    window = field.plausible or field.possible
    fitting = _fitting(value, field, window) if window is not None else []
    if not fitting:
        return "correct the cell"
    return f"would be usual in {' or '.join(fitting[:3])}; correct the cell or declare its unit"


def _fitting(
    values: npt.NDArray[np.float64], field: Field, window: tuple[float, float]
) -> list[str]:
    if field.unit is None or find_unit(field.unit) is None:
        return []
    return plausible_under(values, field.unit, field.name, window)
