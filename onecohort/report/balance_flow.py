"""The balance of a run as a flow: every delivered row goes somewhere."""

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup, escape

from onecohort.disclosure import SMALLEST_SHOWN, is_small, show_count
from onecohort.report.run_folder import SIDES, RunFolder

TITLES = {
    "cohort": "in the cohort",
    "merged": "merged as duplicates",
    "left_out": "left out by a declared rule",
    "quarantined": "quarantined, with the reason",
}
WIDTH, BODY, THIN, GAP = 490, 120, 4.0, 30
SOURCE, MOUTH = 122, 232  # where the streams begin and end


@dataclass(frozen=True)
class BalanceRow:
    """One center's rows, as a shared report shows them."""

    center: str
    delivered: str
    sides: tuple[str, ...]
    balances: bool


def balance_rows(run: RunFolder) -> list[BalanceRow]:
    """Center by center; where a side is small, so that none can be had by subtraction.

    The sides besides the cohort are then all shown as "<5", those of nobody too.
    """
    rows = []
    for center in run.centers.values():
        if center.state == "failed":
            continue
        counts = [center.rows[side] for side in SIDES]
        rows.append(
            BalanceRow(
                center.name,
                _delivered(center.rows),
                _mask(counts),
                center.rows["delivered"] == sum(counts),
            )
        )
    return rows


def _delivered(rows: Mapping[str, int]) -> str:
    """A range where fewer than 5 rows did not enter: the difference would tell how many."""
    if is_small(rows["delivered"] - rows["cohort"]):
        return f"{rows['cohort'] + 1:,} to {rows['cohort'] + SMALLEST_SHOWN - 1:,}"
    return show_count(rows["delivered"])


def _mask(counts: list[int]) -> tuple[str, ...]:
    cohort, *others = counts
    if not any(map(is_small, others)):
        return tuple(map(show_count, counts))
    small = f"<{SMALLEST_SHOWN}"
    return (
        show_count(cohort),
        *(small if count < SMALLEST_SHOWN else f"{count:,}" for count in others),
    )


def draw_balance(balance: Mapping[str, int]) -> Markup:
    """The whole run as streams from what was delivered to where it went."""
    shown = dict(zip(SIDES, _mask([balance[side] for side in SIDES]), strict=True))
    delivered = max(balance["delivered"], 1)
    streams, left, right = [], 20.0, 20.0
    for side in SIDES:
        hidden = shown[side].startswith("<")
        size = THIN if hidden or balance[side] == 0 else max(THIN, BODY * balance[side] / delivered)
        if balance[side] or hidden:
            streams.append(_stream(side, shown[side], left, right, size))
            left += size
            right += max(size, 14) + GAP * 0.55
    height = max(left, right) + 10
    source = (
        f'<rect class="source" x="{SOURCE - 8}" y="20" width="8" height="{left - 20:.1f}"/>'
        f'<text x="{SOURCE - 14}" y="{(20 + left) / 2 - 4:.1f}" text-anchor="end">'
        f'<tspan class="big">{_delivered(balance)}</tspan>'
        f'<tspan x="{SOURCE - 14}" dy="18">rows delivered</tspan></text>'
    )
    told = ", ".join(f"{shown[side]} {TITLES[side]}" for side in SIDES)
    label = f"{_delivered(balance)} rows delivered: {told}"
    return Markup(
        f'<svg class="flow" viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(label)}">'
        f"{''.join(streams)}{source}</svg>"
    )


def _stream(side: str, shown: str, left: float, right: float, size: float) -> str:
    a, b = left + size / 2, right + size / 2
    middle = (SOURCE + MOUTH) // 2
    return (
        f'<path class="stream {side}" stroke-width="{size:.1f}" '
        f'd="M{SOURCE} {a:.1f}C{middle} {a:.1f} {middle} {b:.1f} {MOUTH} {b:.1f}"/>'
        f'<text x="{MOUTH + 8}" y="{b + 5:.1f}"><tspan class="big">{shown}</tspan> '
        f"<tspan>{TITLES[side]}</tspan></text>"
    )
