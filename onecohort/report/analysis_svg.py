"""The figures of the analysis as hand-written SVG: small, selectable, no script, no network.

Lines differ in dash and color (Okabe & Ito's colors, told apart by the color-blind and in print); text
and axes take the color of the page, so that a dark page shows a dark figure.
"""

from collections.abc import Callable, Sequence
from html import escape

import numpy as np

from onecohort.estimates import IntArray
from onecohort.report.figure_data import (
    BarFigure,
    CurveFigure,
    Figure,
    ForestFigure,
    ForestRow,
)
from onecohort.survival import SurvivalCurve

WIDTH = 720
CHARACTER = 6.4  # about the width of a small character, in pixels
CLEAR = 30  # pixels between two labels of an axis
SERIES = 4
MOST_POINTS = 2000  # of one curve; more than twice the pixels of the plot
STANDALONE_STYLE = """
text{font:13px "Helvetica Neue",Arial,sans-serif;fill:#222}
.title{font-weight:600}.small{font-size:12px}.note{font-size:11px}
.axis,.box{stroke:#222;fill:none}.arrow{fill:#222}
.grid{stroke:#ddd;fill:none}.reference{stroke:#555;stroke-dasharray:1 3}
.line{fill:none;stroke-width:2}.band{stroke:none;opacity:.16}.mark{stroke-width:1.3}
.s0{stroke:#0072b2;fill:#0072b2}.s1{stroke:#d55e00;fill:#d55e00;stroke-dasharray:8 4}
.s2{stroke:#009e73;fill:#009e73;stroke-dasharray:2 3}
.s3{stroke:#cc79a7;fill:#cc79a7;stroke-dasharray:10 3 2 3}
.line.s0,.line.s1,.line.s2,.line.s3{fill:none}.mark{stroke-dasharray:none}
.bar{fill:#0072b2;opacity:.75}.whisker{stroke:#222;stroke-width:1.5;fill:none}
.point{fill:#0072b2}.pooled{fill:#d55e00}
"""
Scale = Callable[[float], float]


def draw(figure: Figure) -> str:
    """One figure as an `<svg>` element for the page, whose style sheet colors it."""
    if isinstance(figure, CurveFigure):
        return _curves(figure)
    if isinstance(figure, BarFigure):
        return _bars(figure)
    return _forest(figure)


def standalone(svg: str) -> str:
    """The same figure as a file of its own: white ground, its style inside."""
    head, body = svg.split(">", 1)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'{head} xmlns="http://www.w3.org/2000/svg"><style>{STANDALONE_STYLE}</style>'
        f'<rect width="100%" height="100%" fill="#fff"/>{body}\n'
    )


def _svg(
    figure: Figure, height: float, parts: Sequence[str], described: str, width: float = WIDTH
) -> str:
    label = f"{figure.id}-title {figure.id}-desc"
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-labelledby="{label}" '
        f'width="{width:g}" height="{height:g}">'
        f'<title id="{figure.id}-title">{escape(figure.title)}</title>'
        f'<desc id="{figure.id}-desc">{escape(described)}</desc>{"".join(parts)}</svg>'
    )


def _text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    css = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{css} text-anchor="{anchor}">{escape(words)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def _curves(figure: CurveFigure) -> str:
    longest = max((len(shown.label) for shown in figure.curves), default=0)
    left, right, top, plot = max(110.0, CHARACTER * longest + 34), WIDTH - 20.0, 34.0, 300.0
    bottom = top + plot
    last = figure.ticks[-1]

    def x(value: float) -> float:
        return left + (right - left) * value / last

    def y(value: float) -> float:
        return bottom - plot * value

    parts = [_text(left, 20, figure.title, "title")]
    for level in (0, 0.25, 0.5, 0.75, 1):
        parts.append(_line(left, y(level), right, y(level), "grid" if level else "axis"))
        parts.append(_text(left - 8, y(level) + 4, f"{level:g}", "small", "end"))
    parts.append(_line(left, top, left, bottom, "axis"))
    for tick in figure.ticks:
        parts.append(_line(x(tick), bottom, x(tick), bottom + 5, "axis"))
        parts.append(_text(x(tick), bottom + 19, f"{tick:g}", "small", "middle"))
    parts.append(_text((left + right) / 2, bottom + 38, figure.x_label, "small", "middle"))
    middle = top + plot / 2
    parts.append(
        f'<text class="small" text-anchor="middle" '
        f'transform="translate({left - 46:.0f} {middle:.0f}) rotate(-90)">'
        f"{escape(figure.y_label)}</text>"
    )
    for place, shown in enumerate(figure.curves):
        parts.append(_band(shown.curve, x, y, place))
    for place, shown in enumerate(figure.curves):
        parts += _steps(shown.curve, x, y, place)
    parts += _legend(figure, right, top)
    table = bottom + 62
    parts.append(_text(4, table, "At risk", "small title"))
    for place, shown in enumerate(figure.curves):
        row = table + 18 * (place + 1)
        parts.append(_text(4, row, shown.label, "small"))
        for tick, count in zip(figure.ticks, shown.at_risk, strict=True):
            parts.append(_text(x(tick), row, str(count), "small", "middle"))
    height = table + 18 * (len(figure.curves) + 1) + 8
    parts.append(_text(4, height - 4, figure.note, "note"))
    sizes = "; ".join(f"{c.label}: {c.curve.n} patients" for c in figure.curves)
    return _svg(figure, height + 6, parts, f"Kaplan–Meier curves. {sizes}. {figure.note}")


def _steps(curve: SurvivalCurve, x: Scale, y: Scale, place: int) -> list[str]:
    drawn = _drawn(curve)
    path = [f"M{x(0):.1f} {y(1):.1f}"]
    before = 1.0
    marks = []
    for row in drawn:
        when, value = x(float(curve.time[row])), float(curve.survival[row])
        if value != before:
            path.append(f"H{when:.1f}V{y(value):.1f}")
            before = value
        if curve.censored[row]:
            marks.append(f"M{when:.1f} {y(value) - 5:.1f}v10")
    if len(drawn):
        path.append(f"H{x(float(curve.time[-1])):.1f}")
    lines = [f'<path class="line s{place % SERIES}" d="{"".join(path)}"/>']
    if marks:
        lines.append(f'<path class="mark s{place % SERIES}" d="{"".join(marks)}"/>')
    return lines


def _band(curve: SurvivalCurve, x: Scale, y: Scale, place: int) -> str:
    rows = [int(row) for row in _drawn(curve) if not np.isnan(curve.lower[row])]
    if not rows:
        return ""
    ends = [x(float(curve.time[row])) for row in (*rows[1:], rows[-1])]
    steps = [(x(float(curve.time[row])), end, row) for row, end in zip(rows, ends, strict=True)]
    up = "".join(f"L{a:.1f} {y(float(curve.upper[row])):.1f}H{b:.1f}" for a, b, row in steps)
    down = "".join(
        f"L{b:.1f} {y(float(curve.lower[row])):.1f}H{a:.1f}" for a, b, row in reversed(steps)
    )
    return f'<path class="band s{place % SERIES}" d="M{up[1:]}{down}Z"/>'


def _drawn(curve: SurvivalCurve) -> IntArray:
    """The rows of a curve that are drawn: all, or evenly chosen ones of a very long curve."""
    last = len(curve.time) - 1
    return np.unique(np.linspace(0, last, min(last + 1, MOST_POINTS)).round().astype(np.int64))


def _legend(figure: CurveFigure, right: float, top: float) -> list[str]:
    if len(figure.curves) < 2:
        return []
    named = [f"{shown.label} (n = {shown.curve.n})" for shown in figure.curves]
    start = right - CHARACTER * max(len(words) for words in named)
    parts = []
    for place, words in enumerate(named):
        y = top + 12 + 20 * place
        parts.append(_text(start, y, words, "small"))
        sample = f"M{start - 50:.0f} {y - 4:.0f}h42"
        parts.append(f'<path class="line s{place % SERIES}" d="{sample}"/>')
    return parts


def _bars(figure: BarFigure) -> str:
    left, right, top, row = 150.0, WIDTH - 190.0, 44.0, 30.0
    bottom = top + row * len(figure.bars)

    def x(value: float) -> float:
        return left + (right - left) * value

    parts = [_text(4, 20, figure.title, "title")]
    for level in (0, 0.2, 0.4, 0.6, 0.8, 1):
        parts.append(_line(x(level), top - 6, x(level), bottom, "grid" if level else "axis"))
        parts.append(_text(x(level), bottom + 16, f"{100 * level:g}", "small", "middle"))
    parts.append(_text((left + right) / 2, bottom + 34, figure.x_label, "small", "middle"))
    for place, bar in enumerate(figure.bars):
        y = top + row * place
        parts.append(_text(left - 8, y + 15, bar.label, "small", "end"))
        parts.append(_text(WIDTH - 4, y + 15, bar.text, "small", "end"))
        share = bar.share
        if share.value is None or share.lower is None or share.upper is None:
            continue
        width = x(share.value) - left
        parts.append(f'<rect class="bar" x="{left:g}" y="{y:g}" width="{width:.1f}" height="20"/>')
        parts.append(_whisker(x(share.lower), x(share.upper), y + 10))
    parts.append(_text(4, bottom + 54, figure.note, "note"))
    described = "; ".join(f"{bar.label} {bar.text}" for bar in figure.bars)
    return _svg(figure, bottom + 64, parts, f"{described}. {figure.note}")


def _whisker(low: float, high: float, y: float) -> str:
    ends = f"M{low:.1f} {y - 4:.1f}v8M{high:.1f} {y - 4:.1f}v8"
    return f'<path class="whisker" d="M{low:.1f} {y:.1f}H{high:.1f}{ends}"/>'


def _forest(figure: ForestFigure) -> str:
    longest = max(len(row.label) for row in figure.rows)
    left, plot, top, row = max(160.0, CHARACTER * longest + 30), 230.0, 52.0, 24.0
    right = left + plot
    places = [right + 70]
    for column, head in enumerate(figure.heads[1:], start=1):
        words = max(len(head), *(len(shown.columns[column]) for shown in figure.rows))
        places.append(places[-1] + CHARACTER * words + 20)
    width = places[-1] + 6
    bottom = top + row * len(figure.rows)
    position = np.log if figure.scale == "log" else float
    low, high = float(position(figure.low)), float(position(figure.high))

    def x(value: float) -> float:
        inside = min(max(value, figure.low), figure.high)
        return left + (right - left) * (float(position(inside)) - low) / (high - low)

    parts = [_text(4, 20, figure.title, "title")]
    for head, place in zip(figure.heads, places, strict=True):
        parts.append(_text(place, 40, head, "small title", "end"))
    labelled = float(-CLEAR)
    for tick in figure.ticks:
        label = f"{100 * tick:g}" if figure.x_label.endswith("%") else f"{tick:g}"
        parts.append(_line(x(tick), top - 6, x(tick), bottom, "grid"))
        if x(tick) - labelled >= CLEAR:
            parts.append(_text(x(tick), bottom + 16, label, "small", "middle"))
            labelled = x(tick)
    parts.append(_line(left, bottom, right, bottom, "axis"))
    if figure.reference is not None:
        parts.append(_line(x(figure.reference), top - 6, x(figure.reference), bottom, "reference"))
    parts.append(_text((left + right) / 2, bottom + 34, figure.x_label, "small", "middle"))
    for number, shown in enumerate(figure.rows):
        y = top + row * number + row / 2
        indent = 4 if shown.kind != "estimate" or figure.rows[0].kind != "heading" else 16
        weight = "small" if shown.kind == "estimate" else "small title"
        parts.append(_text(indent, y + 4, shown.label, weight))
        for cell, place in zip(shown.columns, places, strict=True):
            parts.append(_text(place, y + 4, cell, weight, "end"))
        parts += _forest_mark(shown, x, y, figure)
    parts.append(_text(4, bottom + 54, figure.note, "note"))
    described = "; ".join(f"{r.label} {' '.join(r.columns)}" for r in figure.rows)
    return _svg(figure, bottom + 64, parts, f"{described}. {figure.note}", width)


def _forest_mark(shown: ForestRow, x: Scale, y: float, figure: ForestFigure) -> list[str]:
    found = shown.estimate
    if found is None or found.value is None or found.lower is None or found.upper is None:
        return []
    low, middle, high = x(found.lower), x(found.value), x(found.upper)
    if shown.kind == "pooled":
        shape = f"{low:.1f},{y:g} {middle:.1f},{y - 7:g} {high:.1f},{y:g} {middle:.1f},{y + 7:g}"
        return [f'<polygon class="pooled" points="{shape}"/>']
    parts = [_whisker(low, high, y)]
    for limit, edge, step in ((found.lower, figure.low, -1), (found.upper, figure.high, 1)):
        if (limit - edge) * step > 0:  # the interval goes on beyond the axis
            tip = x(limit)
            parts.append(
                f'<path class="whisker" d="M{tip - 6 * step:.1f} {y - 5:g}'
                f'L{tip:.1f} {y:g}L{tip - 6 * step:.1f} {y + 5:g}"/>'
            )
    if figure.low <= found.value <= figure.high:
        parts.append(
            f'<rect class="point" x="{middle - 4:.1f}" y="{y - 4:g}" width="8" height="8"/>'
        )
    return parts
