"""What a figure of the analysis shows, apart from how it is drawn.

The page draws these as SVG (`analysis_svg`), a manuscript's PNG is drawn by matplotlib (`analysis_png`);
`analysis_figures` fills them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from onecohort.estimates import Estimate
from onecohort.survival import SurvivalCurve

TICK_STEPS = (1, 2, 3, 6, 12, 24, 36, 60, 120)
MOST_TICKS = 11
MOST_RATIOS = 7


@dataclass(frozen=True)
class Curve:
    """One line of a survival figure; `at_risk` has a number for each tick."""

    label: str
    curve: SurvivalCurve
    at_risk: tuple[int, ...]


@dataclass(frozen=True)
class CurveFigure:
    """Kaplan–Meier curves."""

    id: str
    title: str
    x_label: str
    y_label: str
    ticks: tuple[float, ...]
    curves: tuple[Curve, ...]
    note: str


@dataclass(frozen=True)
class Bar:
    """A proportion with its interval; `text` stands beside it."""

    label: str
    share: Estimate
    text: str


@dataclass(frozen=True)
class BarFigure:
    """Proportions as bars, from 0 to 100 %."""

    id: str
    title: str
    x_label: str
    bars: tuple[Bar, ...]
    note: str


@dataclass(frozen=True)
class ForestRow:
    """One line of a forest plot: an estimate, a heading (no estimate), or a pooled diamond."""

    label: str
    estimate: Estimate | None
    columns: tuple[str, ...]
    kind: str = "estimate"  # estimate | heading | pooled


@dataclass(frozen=True)
class ForestFigure:
    """Estimates with intervals on one axis; `reference` is the line of no effect, if there is one."""

    id: str
    title: str
    x_label: str
    scale: str  # log | linear
    reference: float | None
    low: float
    high: float
    ticks: tuple[float, ...]
    heads: tuple[str, ...]
    rows: tuple[ForestRow, ...]
    note: str


Figure = CurveFigure | BarFigure | ForestFigure


def time_ticks(longest: float) -> tuple[float, ...]:
    """From 0 to beyond the longest follow-up in whole steps, at most eleven."""
    step = next((s for s in TICK_STEPS if longest / s <= MOST_TICKS - 1), 0)
    if not step:
        step = int(10 ** np.ceil(np.log10(longest / (MOST_TICKS - 1))))
    last = int(np.ceil(longest / step)) if longest > 0 else 1
    return tuple(float(step * place) for place in range(max(last, 1) + 1))


def log_axis(estimates: Sequence[Estimate]) -> tuple[float, float, tuple[float, ...]]:
    """An axis of ratios that holds all intervals, though never beyond 1/100 to 100."""
    limits = [
        limit for e in estimates for limit in (e.lower, e.upper) if limit is not None and limit > 0
    ]
    low, high = min([0.5, *limits]), max([2.0, *limits])
    low, high = max(low / 1.1, 0.01), min(high * 1.1, 100.0)
    marks = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
    shown = tuple(mark for mark in marks if low <= mark <= high)
    if len(shown) > MOST_RATIOS:
        shown = tuple(mark for mark in (0.01, 0.1, 1, 10, 100) if low <= mark <= high)
    return low, high, shown
