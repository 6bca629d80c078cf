"""The text of a typed cell: what a person sees of a number, a date, a truth value.

Whole numbers stored as floats lose their ".0"; other numbers keep the shortest text that reads back
to the same number (spreadsheets: at most 15 digits, all that they show). Dates are ISO text, and a
time follows after a blank unless it is midnight.
"""

import datetime
import json
from collections.abc import Callable, Sequence
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

SPREADSHEET_DIGITS = 15
_EQUAL_MEANS_SAME = frozenset(
    (str, int, float, bool, datetime.date, datetime.datetime, datetime.time, datetime.timedelta)
)
_PLAIN_FROM, _PLAIN_BELOW = -7, 21  # powers of ten that are written out; others keep their "e"


def float_text(value: float, digits: int = 17) -> str:
    """Shortest text of one number, at most `digits` significant digits, no exponent if it is sane.

    >>> float_text(1.0), float_text(0.1 + 0.2, SPREADSHEET_DIGITS), float_text(1e-5)
    ('1', '0.3', '0.00001')
    """
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Inf" if value > 0 else "-Inf"
    if value == 0:
        return "0"
    text = repr(value)
    if digits < 17 and len(text) > digits:
        text = min(text, f"{value:.{digits}g}", key=len)
    exact = Decimal(text)
    if _PLAIN_FROM <= exact.adjusted() < _PLAIN_BELOW:
        text = format(exact, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return text


def floats_text(values: pa.Array, digits: int = 17) -> pa.Array:
    """`float_text` of a whole float array; nulls stay null, a NaN becomes "NaN".

    Floats of 32 bits are written with the digits that 32 bits hold.
    """
    text = values.cast(pa.string())
    finite = pc.fill_null(pc.is_finite(values), True)
    plain = pc.match_substring_regex(text, r"^-?[0-9.]+$")
    if digits < 17:
        plain = pc.and_(plain, pc.less_equal(pc.utf8_length(text), digits))
    zero = pc.equal(text, "-0")
    odd = pc.or_(pc.or_(pc.invert(plain), zero), pc.invert(finite))
    odd = pc.fill_null(odd, False)
    if not pc.any(odd).as_py():
        return text
    single = pa.types.is_float32(values.type)
    taken = values.filter(odd)
    mended = [
        float_text(float(str(np.float32(value))) if single else value, digits)
        for value in taken.to_pylist()
    ]
    return pc.replace_with_mask(text, odd, pa.array(mended, pa.string()))


def percent_text(value: float) -> str:
    """Text of a number that a spreadsheet displays as a percentage, with all its digits.

    >>> percent_text(0.25), percent_text(0.07), percent_text(1 / 3)
    ('25%', '7%', '33.3333333333333%')
    """
    return f"{float_text(float(Decimal(f'{value:.{SPREADSHEET_DIGITS}g}').scaleb(2)))}%"


def date_text(value: datetime.date) -> str:
    """ISO text of a date or date-time; the time only if it is not midnight, its zone if it has one.

    >>> date_text(datetime.datetime(2019, 3, 12)), date_text(datetime.datetime(2019, 3, 12, 8, 5))
    ('2019-03-12', '2019-03-12 08:05:00')
    """
    if not isinstance(value, datetime.datetime):
        return value.isoformat()
    if value.time() == datetime.time():
        return value.date().isoformat()
    return value.isoformat(sep=" ")


def duration_text(value: datetime.timedelta) -> str:
    """A length of time as hours:minutes:seconds, as a spreadsheet's [h]:mm:ss shows it.

    >>> duration_text(datetime.timedelta(days=1, hours=2, minutes=30))
    '26:30:00'
    """
    sign = "-" if value < datetime.timedelta() else ""
    size = abs(value)
    seconds, rest = divmod(size, datetime.timedelta(seconds=1))
    fraction = f".{rest.microseconds:06d}".rstrip("0") if rest else ""
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{fraction}"


def object_text(
    value: object, *, digits: int = 17, truth: tuple[str, str] = ("TRUE", "FALSE")
) -> str:
    """Text of one value of whatever type a library hands over; `truth` is how true and false look."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_):
        return truth[0] if value else truth[1]
    if isinstance(value, float | np.floating):
        return float_text(float(value), digits)
    if isinstance(value, datetime.date):
        return date_text(value)
    if isinstance(value, datetime.timedelta):
        return duration_text(value)
    if isinstance(value, datetime.time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bytes | bytearray | memoryview):
        return "0x" + bytes(value).hex()
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=object_text)
    return str(value)


def column_text(
    values: Sequence[object], *, digits: int = 17, truth: tuple[str, str] = ("TRUE", "FALSE")
) -> pa.Array:
    """Texts of one column of mixed Python values; None is null.

    One distinct value is turned once, where equal values have equal texts: the decimals 1.5 and 1.50
    are equal and so are 10:00+00:00 and 12:00+02:00, and neither is written like the other.
    """
    kinds = set(map(type, values))
    if kinds <= {str, type(None)}:
        return pa.array(values, pa.string())
    if kinds <= {float, type(None)}:
        return floats_text(pa.array(values, pa.float64()), digits)
    known: dict[tuple[type, object], str | None] = {}

    def text(value: object) -> str | None:
        if type(value) not in _EQUAL_MEANS_SAME or getattr(value, "tzinfo", None) is not None:
            return object_text(value, digits=digits, truth=truth)
        key = (type(value), value)
        if key not in known:
            known[key] = object_text(value, digits=digits, truth=truth)
        return known[key]

    return pa.array([None if value is None else text(value) for value in values], pa.string())


def arrow_text(values: pa.Array, *, nested: Callable[[object], str]) -> pa.Array:
    """Texts of an Arrow array of any type; `nested` writes a list or a struct."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        words = arrow_text(values.dictionary, nested=nested)
        return pa.DictionaryArray.from_arrays(values.indices, words)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return values
    if pa.types.is_null(kind):
        return pa.nulls(len(values), pa.string())
    if pa.types.is_float16(kind):
        return floats_text(values.cast(pa.float32()))
    if pa.types.is_floating(kind):
        return floats_text(values)
    if pa.types.is_timestamp(kind):
        return _timestamps_text(values)
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_date(kind):
        return values.cast(pa.string())
    if pa.types.is_decimal(kind):
        return values.cast(pa.string())
    if pa.types.is_nested(kind):
        return pa.array([None if v is None else nested(v) for v in values.to_pylist()], pa.string())
    return column_text(values.to_pylist(), truth=("true", "false"))


def _timestamps_text(values: pa.Array) -> pa.Array:
    zone = values.type.tz
    if zone is not None:
        return column_text(values.to_pylist())
    text = values.cast(pa.string())
    text = pc.replace_substring_regex(text, r"(\.\d*?)0+$", r"\1")
    text = pc.replace_substring_regex(text, r"\.$", "")
    return pc.replace_substring_regex(text, r" 00:00:00$", "")
