"""Numbers as journals print them."""

from decimal import ROUND_HALF_UP, Decimal

from onecohort.estimates import Estimate, Test

NOT_REACHED = "not reached"
NOTHING = "–"


def number(value: float | None, digits: int) -> str:
    """A number with so many decimals, halves away from zero, and a real minus sign."""
    if value is None:
        return NOTHING
    rounded = Decimal(repr(value)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    return str(abs(rounded) if rounded == 0 else rounded).replace("-", "−")


def p_value(p: float | None) -> str:
    """Three decimals below 0.1, else two; never 0 and never 1 (AMA Manual of Style, 11th edition).

    >>> [p_value(p) for p in (0.0004, 0.0371, 0.25, 0.999)]
    ['<0.001', '0.037', '0.25', '>0.99']
    """
    if p is None:
        return NOTHING
    if p < 0.001:
        return "<0.001"
    if p > 0.99:
        return ">0.99"
    return number(p, 3 if p < 0.0995 else 2)


def p_statement(p: float | None) -> str:
    """`p = 0.037`, `p < 0.001`."""
    text = p_value(p)
    return f"p {text[0]} {text[1:]}" if text[0] in "<>" else f"p = {text}"


def interval(estimate: Estimate, digits: int, *, factor: float = 1.0) -> str:
    """`5.2–8.1`; `5.2–not reached`; "" where neither limit is there.

    factor  what the numbers are multiplied with, 100 for percent
    """
    if estimate.lower is None and estimate.upper is None:
        return ""
    lower, upper = (
        NOT_REACHED if limit is None else number(limit * factor, digits)
        for limit in (estimate.lower, estimate.upper)
    )
    signed = "−" in lower + upper
    return f"{lower} to {upper}" if signed else f"{lower}–{upper}"


def with_interval(estimate: Estimate, digits: int, *, factor: float = 1.0) -> str:
    """`6.5 (5.2–8.1)`, or the reason why there is no number."""
    if estimate.value is None:
        limits = interval(estimate, digits, factor=factor)
        reason = estimate.statement or NOTHING
        if NOT_REACHED in reason:
            reason = NOT_REACHED
        return f"{reason} ({limits})" if limits else reason
    value = number(estimate.value * factor, digits)
    limits = interval(estimate, digits, factor=factor)
    return f"{value} ({limits})" if limits else value


def count_percent(count: int, n: int, digits: int) -> str:
    """`24 (24%)`; only the count where there is no denominator."""
    return f"{count} ({number(100 * count / n, digits)}%)" if n else str(count)


def test_statement(test: Test) -> str:
    """`log-rank p = 0.037`, or why there is no test."""
    if test.p is None:
        return f"{test.method}: {test.statement}"
    return f"{test.method} {p_statement(test.p)}"


def in_sentence(title: str) -> str:
    """A title inside a sentence: lower case, unless it is an abbreviation such as AML or ELN."""
    return title if title[1:2].isupper() else f"{title[:1].lower()}{title[1:]}"


def as_sentence(words: str) -> str:
    """Words that begin a sentence."""
    return f"{words[:1].upper()}{words[1:]}"
