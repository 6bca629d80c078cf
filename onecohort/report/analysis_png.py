"""The figures of the analysis as PNG for a manuscript, drawn by matplotlib at 300 dots per inch."""

from collections.abc import Sequence
from pathlib import Path
from typing import assert_never

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas

from onecohort.report.figure_data import BarFigure, CurveFigure, Figure, ForestFigure
from onecohort.report.flow_chart import FlowStep

DOTS_PER_INCH = 300
# Okabe & Ito's colors, with a dash each, so that the lines differ in greyscale too.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")
DASHES = ("-", (0, (6, 2.5)), (0, (1.5, 1.5)), (0, (7, 2, 2, 2)))
SMALL = 8


def draw_png(figure: Figure, path: Path) -> None:
    """Draw one figure; the file carries neither date nor version, so equal inputs give equal bytes."""
    if isinstance(figure, CurveFigure):
        canvas = _curves(figure)
    elif isinstance(figure, BarFigure):
        canvas = _bars(figure)
    elif isinstance(figure, ForestFigure):
        canvas = _forest(figure)
    else:
        assert_never(figure)
    _save(canvas, path)


def draw_flow_png(steps: Sequence[FlowStep], path: Path) -> None:
    """Draw the flow of patients."""
    height = sum(0.9 + 0.2 * len(step.lost) for step in steps)
    canvas = Canvas(figsize=(7, height))
    axes = canvas.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 7), ylim=(-height, 0))
    axes.axis("off")
    box = {"boxstyle": "square,pad=0.6", "facecolor": "white", "edgecolor": "black"}
    y = -0.3
    for place, step in enumerate(steps):
        words = f"{step.label}\nn = {step.count}"
        axes.text(1.6, y, words, ha="center", va="center", fontsize=SMALL + 1, bbox=box, zorder=2)
        if place + 1 == len(steps):
            break
        below = y - 0.9 - 0.2 * len(step.lost)
        middle = (y + below) / 2
        arrow = {"arrowstyle": "-|>", "color": "black"}
        axes.annotate("", (1.6, below + 0.22), (1.6, y), arrowprops=arrow, zorder=1)
        axes.plot((1.6, 3.3), (middle, middle), "k-", linewidth=1, zorder=1)
        lines = "\n".join(f"{count}  {reason}" for reason, count in step.lost) or "none lost"
        axes.text(3.3, middle, lines, va="center", fontsize=SMALL, bbox=box, zorder=2)
        y = below
    _save(canvas, path)


def _save(canvas: Canvas, path: Path) -> None:
    FigureCanvasAgg(canvas)
    canvas.savefig(
        path, dpi=DOTS_PER_INCH, format="png", bbox_inches="tight", metadata={"Software": None}
    )


def _curves(figure: CurveFigure) -> Canvas:
    canvas = Canvas(figsize=(6.5, 4.2 + 0.2 * len(figure.curves)))
    axes = canvas.add_axes((0.2, 0.36, 0.77, 0.56))
    for place, shown in enumerate(figure.curves):
        color, curve = COLORS[place % 4], shown.curve
        time = np.concatenate(([0.0], curve.time))
        survival = np.concatenate(([1.0], curve.survival))
        label = f"{shown.label} (n = {curve.n})"
        axes.step(
            time, survival, where="post", color=color, linestyle=DASHES[place % 4], label=label
        )
        axes.fill_between(
            curve.time, curve.lower, curve.upper, step="post", color=color, alpha=0.15, linewidth=0
        )
        lost = curve.censored > 0
        axes.plot(curve.time[lost], curve.survival[lost], "|", color=color, markersize=6)
        row = -0.26 - 0.07 * place
        axes.text(-0.05, row, shown.label, transform=axes.transAxes, ha="right", fontsize=SMALL)
        for tick, count in zip(figure.ticks, shown.at_risk, strict=True):
            axes.text(
                tick,
                row,
                str(count),
                transform=axes.get_xaxis_transform(),
                ha="center",
                fontsize=SMALL,
            )
    axes.text(-0.05, -0.19, "At risk", transform=axes.transAxes, ha="right", fontsize=SMALL)
    if len(figure.curves) > 1:
        axes.legend(frameon=False, fontsize=SMALL, handlelength=3.5)
    axes.set(xlim=(0, figure.ticks[-1]), ylim=(0, 1.02), xticks=figure.ticks)
    below = -0.26 - 0.07 * len(figure.curves) - 0.02
    _finish(axes, figure.title, figure.x_label, figure.note, below)
    axes.set_ylabel(figure.y_label, fontsize=SMALL + 1)
    return canvas


def _bars(figure: BarFigure) -> Canvas:
    canvas = Canvas(figsize=(6.5, 1.3 + 0.3 * len(figure.bars)))
    axes = canvas.add_axes((0.2, 0.25, 0.5, 0.65))
    for place, bar in enumerate(figure.bars):
        share = bar.share
        axes.text(1.05, place, bar.text, va="center", fontsize=SMALL)
        if share.value is None or share.lower is None or share.upper is None:
            continue
        axes.barh(place, share.value, height=0.65, color=COLORS[0], alpha=0.75)
        axes.plot((share.lower, share.upper), (place, place), "k|-", linewidth=1, markersize=5)
    axes.set(xlim=(0, 1), xticks=np.linspace(0, 1, 6), yticks=range(len(figure.bars)))
    axes.set_xticklabels([f"{100 * level:g}" for level in np.linspace(0, 1, 6)])
    axes.set_yticklabels([bar.label for bar in figure.bars])
    axes.invert_yaxis()
    _finish(axes, figure.title, figure.x_label, figure.note, -0.95 / (0.3 * len(figure.bars) + 0.5))
    return canvas


def _forest(figure: ForestFigure) -> Canvas:
    height = 0.26 * len(figure.rows)
    canvas = Canvas(figsize=(7.5, height + 1.3))
    axes = canvas.add_axes((0.4, 0.6 / (height + 1.3), 0.28, height / (height + 1.3)))
    places = (1.2, 1.75, 2.05) if len(figure.heads) > 2 else (1.25, 1.85)
    for head, place in zip(figure.heads, places, strict=True):
        _beside(axes, place, -1.0, head, "bold")
    for number, shown in enumerate(figure.rows):
        weight = "normal" if shown.kind == "estimate" else "bold"
        axes.text(
            -1.35,
            number,
            shown.label,
            va="center",
            fontsize=SMALL,
            weight=weight,
            transform=axes.get_yaxis_transform(),
        )
        for words, place in zip(shown.columns, places, strict=True):
            _beside(axes, place, number, words, weight)
        found = shown.estimate
        if found is None or found.value is None or found.lower is None or found.upper is None:
            continue
        color = COLORS[1] if shown.kind == "pooled" else COLORS[0]
        low, high = max(found.lower, figure.low), min(found.upper, figure.high)
        axes.plot((low, high), (number, number), "k-", linewidth=1)
        marker = "D" if shown.kind == "pooled" else "s"
        if figure.low <= found.value <= figure.high:
            axes.plot(found.value, number, marker, color=color, markersize=5)
        # An interval that goes on beyond the axis ends in an arrow.
        for limit, beyond, arrow in (
            (figure.low, found.lower < figure.low, "<"),
            (figure.high, found.upper > figure.high, ">"),
        ):
            if beyond:
                axes.plot(limit, number, f"k{arrow}", markersize=4, clip_on=False)
    if figure.reference is not None:
        axes.axvline(figure.reference, color="0.4", linestyle=":", linewidth=1)
    axes.set_xscale(figure.scale)
    axes.set(xlim=(figure.low, figure.high), ylim=(len(figure.rows) - 0.4, -0.6), yticks=[])
    percent = figure.x_label.endswith("%")
    axes.set_xticks(figure.ticks, [f"{100 * t:g}" if percent else f"{t:g}" for t in figure.ticks])
    axes.minorticks_off()
    axes.spines["left"].set_visible(False)
    _finish(axes, "", figure.x_label, "", 0)
    above, below, whole = 1 + 0.45 / height, -0.62 / height, axes.transAxes
    axes.text(-1.35, above, figure.title, weight="bold", fontsize=SMALL, transform=whole)
    axes.text(-1.35, below, figure.note, fontsize=SMALL, transform=whole)
    return canvas


def _beside(axes: Axes, place: float, row: float, words: str, weight: str) -> None:
    axes.text(
        place,
        row,
        words,
        va="center",
        ha="right",
        fontsize=SMALL,
        weight=weight,
        transform=axes.get_yaxis_transform(),
    )


def _finish(axes: Axes, title: str, x_label: str, note: str, below: float) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(labelsize=SMALL)
    axes.set_xlabel(x_label, fontsize=SMALL + 1)
    if title:
        axes.set_title(title, fontsize=SMALL + 2, weight="bold", loc="left")
    if note:
        axes.text(0, below, note, transform=axes.transAxes, fontsize=SMALL - 1, ha="left")
