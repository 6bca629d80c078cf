"""How each field is distributed, the centers side by side; nobody can be read off a mark."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from markupsafe import Markup, escape

from onecohort.report.distribution_data import (
    RARE,
    Floats,
    Parts,
    Spread,
    is_masked,
    summarise_numbers,
    summarise_terms,
)
from onecohort.report.unit_words import spell_unit
from onecohort.sanity.judge import list_terms
from onecohort.sanity.values import split_by_center
from onecohort.schema import CohortSchema, Field

LEFT, WIDTH, ROW, TOP = 96, 520, 22, 8
RIGHT = 92  # room for "n 1,406–1,409"
LONGEST_NAME = 18  # of a center; beyond 12 letters they are drawn narrower
LOG_FROM = 30.0  # a field whose quartiles of all centers spread this much is drawn on a log scale


@dataclass(frozen=True)
class Distribution:
    """One field: its drawing and its numbers as a table."""

    field: str
    title: str
    unit: str
    kind: Literal["numbers", "terms", "dates"]
    svg: Markup
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    legend: tuple[str, ...]


def draw_distributions(
    cohort: pa.Table, schema: CohortSchema, patients: Mapping[str, int]
) -> list[Distribution]:
    """Every published field that is no identifier.

    patients   center -> its patients; how many have a value is shown so that few without are not told
    """
    found = []
    for field in schema.published:
        if field.name == "center" or field.kind in ("identifier", "text"):
            continue
        if field.name not in cohort.schema.names:
            continue
        values = split_by_center(cohort, field.name)
        if list_terms(field):
            found.append(_draw_terms(field, values, patients))
        else:
            found.append(_draw_numbers(field, values, patients))
    return found


def _draw_numbers(
    field: Field, values: Mapping[str, pa.Array], patients: Mapping[str, int]
) -> Distribution:
    arrays = {center: _floats(array) for center, array in values.items()}
    rows = [
        summarise_numbers(center, array, patients.get(center, 0))
        for center, array in arrays.items()
    ]
    pooled = np.concatenate([np.empty(0), *arrays.values()])
    if sum(map(is_masked, rows)) != 1:
        rows.append(summarise_numbers("all", pooled, sum(patients.values())))
    is_date = field.kind == "date"
    axis = _Axis.around(rows, is_date=is_date)
    unit = "" if is_date else spell_unit(field.unit)
    marks = "".join(_box(row, number, axis) for number, row in enumerate(rows))
    label = f"{field.title} by center: median and quartiles, as in the table below"
    shown = tuple((row.center, row.n, *_quantile_texts(row, axis)) for row in rows)
    return Distribution(
        field.name,
        field.title,
        unit,
        "dates" if is_date else "numbers",
        _svg(label, len(rows), axis.ticks_svg(len(rows)) + marks),
        ("Center", "n", "25 %", "median", "75 %"),
        shown,
        (),
    )


def _quantile_texts(row: Spread, axis: "_Axis") -> tuple[str, ...]:
    return tuple(map(axis.spell, row.quantiles)) if row.quantiles else ("–", "–", "–")


def _draw_terms(
    field: Field, values: Mapping[str, pa.Array], patients: Mapping[str, int]
) -> Distribution:
    terms = list_terms(field)
    counted = {center: _count(array, field, terms) for center, array in values.items()}
    rows = [
        summarise_terms(center, counts, patients.get(center, 0))
        for center, counts in counted.items()
    ]
    every = {term: sum(counts[term] for counts in counted.values()) for term in terms}
    if sum(map(is_masked, rows)) != 1:
        rows.append(summarise_terms("all", every, sum(patients.values())))
    used = [t for t in (*terms, RARE) if any(t in row.shares for row in rows)]
    colours = {term: "rare" if term == RARE else f"c{terms.index(term) % 8}" for term in used}
    marks = "".join(_stack(row, number, used, colours) for number, row in enumerate(rows))
    label = f"{field.title} by center: shares of the terms, as in the table below"
    shown = tuple((row.center, row.n, *(_share(row, t) for t in used)) for row in rows)
    return Distribution(
        field.name,
        field.title,
        "",
        "terms",
        _svg(label, len(rows), marks),
        ("Center", "n", *map(_in_words, used)),
        shown,
        tuple(f"{colours[term]} {_in_words(term)}" for term in used),
    )


def _floats(array: pa.Array) -> Floats:
    if pa.types.is_date(array.type):
        days = array.cast(pa.date32()).cast(pa.int32()).to_numpy(zero_copy_only=False)
        return np.asarray(days / 365.2425 + 1970, dtype=np.float64)
    return np.asarray(array.cast(pa.float64()).to_numpy(zero_copy_only=False))


def _count(array: pa.Array, field: Field, terms: Sequence[str]) -> dict[str, int]:
    is_flag = field.kind == "boolean"
    texts = pc.if_else(array, "yes", "no") if is_flag else array.cast(pa.string())
    counted = {str(v["values"]): int(v["counts"]) for v in pc.value_counts(texts).to_pylist()}
    return {term: counted.get(term, 0) for term in terms}


def _in_words(term: str) -> str:
    return term.replace("_", " ")


def _share(row: Parts, term: str) -> str:
    if term not in row.shares:
        return "–"
    if row.at_least is not None and term in (row.at_least, RARE):
        return f"{'≥' if term == row.at_least else '≤'} {100 * row.shares[term]:.0f} %"
    return f"{100 * row.shares[term]:.0f} %"


@dataclass(frozen=True)
class _Axis:
    low: float
    high: float
    is_log: bool
    is_date: bool

    @classmethod
    def around(cls, rows: Sequence[Spread], *, is_date: bool) -> "_Axis":
        edges = [v for r in rows for v in (*(r.quantiles or ()), *(r.whiskers or ()))]
        if not edges:
            return cls(0.0, 1.0, False, is_date)
        low, high = min(edges), max(edges)
        is_log = not is_date and low > 0 and high / low > LOG_FROM
        if is_log:
            return cls(low / 1.15, high * 1.15, True, is_date)
        pad = (high - low) * 0.04 or abs(high) * 0.1 or 1.0
        return cls(
            low - pad if is_date or low - pad > 0 else min(0.0, low), high + pad, False, is_date
        )

    def x(self, value: float) -> float:
        """Where a value stands, in drawing units."""
        a, b, v = self.low, self.high, value
        if self.is_log:
            a, b, v = math.log(a), math.log(b), math.log(max(v, self.low))
        return LEFT + WIDTH * (v - a) / (b - a)

    def ticks(self) -> list[float]:
        """Round values along the axis."""
        if self.is_log:
            first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
            steps = (1, 3) if last - first < 4 else (1,)
            ticks = [s * 10.0**p for p in range(first, last + 1) for s in steps]
        else:
            rough = (self.high - self.low) / 5
            size = 10.0 ** math.floor(math.log10(rough))
            step = next(s * size for s in (1, 2, 5, 10) if s * size >= rough)
            step = max(step, 1.0) if self.is_date else step
            start = math.ceil(self.low / step)
            ticks = [i * step for i in range(start, start + 8)]
        return [t for t in ticks if self.low <= t <= self.high]

    def spell(self, value: float) -> str:
        """A value as the table shows it; dates as year and month."""
        if self.is_date:
            year = math.floor(value)
            return f"{year}-{min(math.floor((value - year) * 12) + 1, 12):02d}"
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"

    def ticks_svg(self, rows: int) -> str:
        """Grid lines with their labels below."""
        bottom = TOP + rows * ROW
        return "".join(
            f'<path class="grid" d="M{self.x(t):.1f} {TOP}V{bottom}"/>'
            f'<text class="tick" x="{self.x(t):.1f}" y="{bottom + 14}">{t:g}</text>'
            for t in self.ticks()
        )


def _svg(label: str, rows: int, inner: str) -> Markup:
    height = TOP + rows * ROW + 20
    return Markup(
        f'<svg viewBox="0 0 {LEFT + WIDTH + RIGHT} {height}" role="img" aria-label="{escape(label)}">'
        f"{inner}</svg>"
    )


def _row_texts(center: str, n: str, number: int) -> str:
    y = TOP + number * ROW + ROW * 0.68
    name = center if len(center) <= LONGEST_NAME else f"{center[: LONGEST_NAME - 1]}…"
    fit = f' textLength="{LEFT - 10}" lengthAdjust="spacingAndGlyphs"' if len(name) > 12 else ""
    return (
        f'<text class="center" x="{LEFT - 8}" y="{y:.1f}"{fit}>{escape(name)}</text>'
        f'<text class="n" x="{LEFT + WIDTH + 8}" y="{y:.1f}">n {escape(n)}</text>'
    )


def _box(row: Spread, number: int, axis: _Axis) -> str:
    texts = _row_texts(row.center, row.n, number)
    if row.quantiles is None:
        return texts
    y = TOP + number * ROW + ROW / 2
    low, middle, high = (axis.x(v) for v in row.quantiles)
    kind = "box all" if row.center == "all" else "box"
    told = " to ".join(axis.spell(v) for v in (row.quantiles[0], row.quantiles[2]))
    whisker = ""
    if row.whiskers is not None:
        a, b = (axis.x(v) for v in row.whiskers)
        whisker = f'<path class="whisker" d="M{a:.1f} {y}H{b:.1f}"/>'
    return (
        f"{texts}<g><title>{escape(row.center)}: median {axis.spell(row.quantiles[1])}, "
        f'quartiles {told}</title>{whisker}<rect class="{kind}" x="{low:.1f}" y="{y - 6}" '
        f'width="{max(high - low, 1.5):.1f}" height="12" rx="2"/>'
        f'<path class="median" d="M{middle:.1f} {y - 8}V{y + 8}"/></g>'
    )


def _stack(row: Parts, number: int, terms: Sequence[str], colours: Mapping[str, str]) -> str:
    return _row_texts(row.center, row.n, number) + "".join(_segments(row, number, terms, colours))


def _segments(
    row: Parts, number: int, terms: Sequence[str], colours: Mapping[str, str]
) -> Iterator[str]:
    y, at = TOP + number * ROW + 4, float(LEFT)
    for term in terms:
        share = row.shares.get(term, 0.0)
        if share <= 0:
            continue
        width = WIDTH * share
        yield (
            f'<rect class="{colours[term]}" x="{at:.1f}" y="{y}" width="{max(width - 1, 0.5):.1f}" '
            f'height="14"><title>{escape(row.center)}, {escape(_in_words(term))}: '
            f"{_share(row, term)}</title></rect>"
        )
        at += width
