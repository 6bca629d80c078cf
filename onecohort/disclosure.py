"""Small numbers in what may be mailed around: nothing below 5 is shown, nor to be had by subtraction."""

import math
from collections.abc import Sequence

SMALLEST_SHOWN = 5


def is_small(count: int) -> bool:
    """Whether a count is of so few that they might be recognised; nobody is nobody.

    >>> [is_small(count) for count in (0, 1, 4, 5)]
    [False, True, True, False]
    """
    return 0 < count < SMALLEST_SHOWN


def show_count(count: int) -> str:
    """A count as a shared report shows it.

    >>> show_count(0), show_count(3), show_count(12345)
    ('0', '<5', '12,345')
    """
    return f"<{SMALLEST_SHOWN}" if is_small(count) else f"{count:,}"


def show_total(parts: Sequence[int]) -> str:
    """The sum of parts that stand beside it; a range where it would tell the one that is masked.

    >>> show_total([7, 2, 3]), show_total([7, 0, 2]), show_total([2])
    ('12', '8–11', '<5')
    """
    small = [part for part in parts if is_small(part)]
    rest = sum(parts) - sum(small)
    if len(small) == 1 and rest:
        return f"{rest + 1:,}–{rest + SMALLEST_SHOWN - 1:,}"
    return show_count(sum(parts))


def show_percent(part: int, whole: int) -> str:
    """A share in percent; what is not nothing never shows as nothing, nor what is not all as all.

    >>> show_percent(0, 90), show_percent(6, 100_000), show_percent(99_994, 100_000)
    ('0 %', '<0.01 %', '>99.99 %')
    >>> show_percent(2, 90), show_percent(30, 90), show_percent(0, 0)
    ('<5.6 %', '33 %', '–')
    >>> show_percent(3, 100_000)
    '<0.01 %'
    """
    if whole == 0:
        return "–"
    if is_small(part):
        bound = max(math.ceil(1000 * SMALLEST_SHOWN / whole) / 10, 0.01)
        return f"<{bound if whole < 50_000 else 0.01:g} %"
    return f"{_percent(100 * part / whole)} %"


def show_part(part: int, whole: int) -> str:
    """How many of a whole, so that neither the part nor the rest can be had where it is small.

    >>> show_part(40, 90), show_part(88, 90), show_part(3, 90), show_part(90, 90)
    ('40 of 90', '86 to 89 of 90', '<5 of 90', '90 of 90')
    """
    rest = whole - part
    if is_small(part):
        return f"<{SMALLEST_SHOWN} of {show_count(whole)}"
    if is_small(rest):
        low = max(whole - SMALLEST_SHOWN + 1, 0)
        return f"{low:,} to {whole - 1:,} of {whole:,}"
    return f"{part:,} of {whole:,}"


def show_share(part: int, whole: int) -> str:
    """The share that `show_part` allows to be known.

    >>> show_share(40, 90), show_share(88, 90), show_share(3, 9), show_share(9, 9)
    ('44 %', '95–99 %', '11–45 %', '100 %')
    """
    if whole == 0:
        return "–"
    rest = whole - part
    if not is_small(part) and not is_small(rest):
        return f"{_percent(100 * part / whole)} %"
    low, high = (
        (1, SMALLEST_SHOWN - 1) if is_small(part) else (whole - SMALLEST_SHOWN + 1, whole - 1)
    )
    return f"{max(math.floor(100 * low / whole), 0)}–{min(math.ceil(100 * high / whole), 100)} %"


def _percent(value: float) -> str:
    if 0 < value < 0.01:
        return "<0.01"
    if 99.99 < value < 100:
        return ">99.99"
    if 0 < value < 1:
        return f"{value:.2f}"
    if 99 < value < 100:
        return f"{math.floor(value * 100) / 100:.2f}"
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}".removesuffix(".0")
