"""The STROBE flow: from delivered rows to analysed patients, and who was lost on the way.

von Elm et al. 2007, Lancet 370:1453, item 13.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import pyarrow as pa

from onecohort.analysis.analyze import Analysis
from onecohort.report.journal import in_sentence

WIDTH = 720
LOSSES = {
    "merged": "merged: repeated rows and patients of two centers",
    "left_out": "left out by a declared rule",
    "quarantined": "quarantined: the row cannot be used",
    "further": "further rows of the same patients",
}


@dataclass(frozen=True)
class FlowStep:
    """A box of the flow, and beside it who does not go on to the next one."""

    label: str
    count: int
    lost: tuple[tuple[str, int], ...] = ()


def count_ineligible(quarantine: pa.Table, titles: Mapping[str, str]) -> dict[str, int]:
    """Rows of a run's quarantine by the rule of eligibility that they did not meet.

    titles  id of each check that decides eligibility -> its title
    """
    checks = quarantine["check"].to_pylist()
    return {title: checks.count(check) for check, title in titles.items() if check in checks}


def build_flow(
    analysis: Analysis, balance: Mapping[str, int], ineligible: Mapping[str, int] | None = None
) -> tuple[FlowStep, ...]:
    """The boxes of the flow: rows delivered, patients, eligible patients, analysed patients.

    balance     rows of the run: `delivered`, `cohort`, `merged`, `left_out`, `quarantined` (see
                `onecohort.balance.RowBalance`); an empty mapping begins the flow at the cohort
    ineligible  rows among the quarantined that are patients outside the protocol, by the rule that
                they did not meet (see `count_ineligible`)

    Raises ValueError if the rows delivered, less those lost, are not the patients of the cohort.
    """
    outside = dict(ineligible or {})
    steps = []
    if "delivered" in balance:
        counted = {name: balance.get(name, 0) for name in ("merged", "left_out", "quarantined")}
        counted["quarantined"] -= sum(outside.values())
        counted["further"] = balance.get("cohort", analysis.patients) - analysis.patients
        lost = tuple((LOSSES[name], count) for name, count in counted.items() if count)
        steps.append(FlowStep("Rows delivered", balance["delivered"], lost))
        unmet = tuple((f"not met: {in_sentence(rule)}", n) for rule, n in outside.items())
        patients = balance["delivered"] - sum(counted.values())
        if counted["quarantined"] < 0 or patients - sum(outside.values()) != analysis.patients:
            raise ValueError(f"the flow does not balance: {dict(balance)}, {outside}")
        steps.append(FlowStep("Patients", patients, unmet))
    excluded = tuple((group.reason, group.count) for group in analysis.excluded)
    steps.append(FlowStep("Eligible patients in the cohort", analysis.patients, excluded))
    title = analysis.plan.endpoint.title
    steps.append(FlowStep(f"Analysed for {title[:1].lower()}{title[1:]}", analysis.analysed))
    return tuple(steps)


def draw_flow(steps: Sequence[FlowStep]) -> str:
    """The flow as an `<svg>` element."""
    parts, y = [], 10.0
    described = []
    for place, step in enumerate(steps):
        parts.append(_box(20, y, 290, 46, [step.label, f"n = {step.count}"]))
        described.append(f"{step.label}: {step.count}")
        if place == len(steps) - 1:
            y += 46
            break
        lines = [f"{count}  {reason}" for reason, count in step.lost] or ["none lost"]
        height = 18.0 * len(lines) + 14
        gap = max(height + 16, 44.0)
        middle = y + 46 + gap / 2
        parts.append(f'<path class="axis" d="M165 {y + 46:g}v{gap:g}"/>')
        parts.append(f'<path class="arrow" d="M160 {y + 46 + gap - 8:g}h10l-5 8z"/>')
        parts.append(f'<path class="axis" d="M165 {middle:g}H350"/>')
        parts.append(_box(350, middle - height / 2, 360, height, lines))
        described.append("lost: " + ", ".join(lines))
        y += 46 + gap
    return (
        f'<svg viewBox="0 0 {WIDTH} {y + 10:g}" role="img" aria-labelledby="flow-title flow-desc" '
        f'width="{WIDTH}" height="{y + 10:g}"><title id="flow-title">Flow of patients</title>'
        f'<desc id="flow-desc">{escape(". ".join(described))}</desc>{"".join(parts)}</svg>'
    )


def _box(x: float, y: float, width: float, height: float, lines: Sequence[str]) -> str:
    centered = len(lines) == 2 and lines[1].startswith("n = ")
    where, anchor = (x + width / 2, "middle") if centered else (x + 10, "start")
    first = y + (height - 18 * len(lines)) / 2 + 14
    words = "".join(
        f'<text class="small" x="{where:g}" y="{first + 18 * place:g}" '
        f'text-anchor="{anchor}">{escape(line)}</text>'
        for place, line in enumerate(lines)
    )
    box = f'<rect class="box" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"/>'
    return f"{box}{words}"
