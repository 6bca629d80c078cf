"""The figures of the analysis, filled from its results in the order of the report."""

from collections.abc import Iterator, Sequence

import numpy as np

from onecohort.analysis.analyze import Analysis
from onecohort.analysis.model_results import ModelResult
from onecohort.analysis.survival_results import GroupSurvival
from onecohort.estimates import Estimate
from onecohort.heterogeneity import Pooled
from onecohort.report.figure_data import (
    Bar,
    BarFigure,
    Curve,
    CurveFigure,
    Figure,
    ForestFigure,
    ForestRow,
    log_axis,
    time_ticks,
)
from onecohort.report.journal import (
    NOTHING,
    as_sentence,
    count_percent,
    in_sentence,
    interval,
    number,
    p_statement,
    p_value,
    test_statement,
    with_interval,
)
from onecohort.response import Proportion
from onecohort.survival import at_risk

MOST_CURVES = 4  # beyond that neither color nor dash tells them apart


def build_figures(analysis: Analysis) -> dict[str, Figure]:
    """All figures of the analysis, by their id, in the order of the report."""
    return {figure.id: figure for figure in _figures(analysis)}


def _figures(analysis: Analysis) -> Iterator[Figure]:
    survival = analysis.survival
    yield _response_bars(analysis)
    yield from _response_forest(analysis)
    yield _curves(analysis, "survival-all", "", [survival.everybody], "")
    for by in survival.by:
        if len(by.groups) <= MOST_CURVES:
            note = test_statement(by.log_rank)
            yield _curves(analysis, f"survival-{by.factor}", by.title, by.groups, note)
    for landmark in survival.landmarks:
        name = f"survival-landmark-{landmark.at:g}"
        origin = f"{landmark.at:g} {analysis.plan.endpoint.unit} after "
        note = test_statement(landmark.log_rank)
        yield _curves(analysis, name, landmark.title, landmark.groups, note, origin)
    for model in analysis.cox.models:
        yield _model_forest(analysis, model, "survival-model", "Hazard ratio", "died")
    for model in analysis.odds.models:
        yield _model_forest(analysis, model, "response-model", "Odds ratio", "responded")
    yield from _center_forests(analysis)


def _curves(
    analysis: Analysis,
    name: str,
    title: str,
    groups: Sequence[GroupSurvival],
    note: str,
    origin: str = "",
) -> CurveFigure:
    endpoint = analysis.plan.endpoint
    shown = [group for group in groups if group.n]
    longest = max((float(group.curve.time[-1]) for group in shown), default=1.0)
    ticks = time_ticks(longest)
    percent = number(100 * analysis.plan.confidence, 0)
    band = f"Bands: {percent}% confidence interval. Ticks: censored patients."
    return CurveFigure(
        id=name,
        title=f"{endpoint.title} by {in_sentence(title)}" if title else endpoint.title,
        x_label=f"{endpoint.unit.capitalize()} from {origin}{endpoint.origin}",
        y_label=f"{endpoint.title}, probability",
        ticks=ticks,
        curves=tuple(
            Curve(group.level, group.curve, tuple(int(n) for n in at_risk(group.curve, ticks)))
            for group in shown
        ),
        note=f"{as_sentence(note)}. {band}" if note else band,
    )


def _response_bars(analysis: Analysis) -> BarFigure:
    response, digits = analysis.response, analysis.plan.rounding.percent
    named = [(group.level, group.responders) for group in response.best]
    named.append((" + ".join(response.responder_set), response.responders))
    percent = number(100 * analysis.plan.confidence, 0)
    return BarFigure(
        id="response-best",
        title=f"Best response, n = {response.n}",
        x_label="Patients, %",
        bars=tuple(Bar(name, share.rate, _share_text(share, digits)) for name, share in named),
        note=f"Lines: exact {percent}% confidence interval.",
    )


def _share_text(share: Proportion, digits: int) -> str:
    limits = interval(share.rate, digits, factor=100)
    return f"{count_percent(share.count, share.n, digits)}, {limits}"


def _response_forest(analysis: Analysis) -> Iterator[ForestFigure]:
    digits = analysis.plan.rounding.percent
    rows: list[ForestRow] = []
    overall = analysis.response.responders
    for by in analysis.response.by:
        if by.factor == (analysis.plan.centers.factor if analysis.plan.centers else None):
            continue  # the centers have a figure of their own
        p = NOTHING if by.test.p is None else p_statement(by.test.p)
        rows.append(ForestRow(by.title, None, ("", p), "heading"))
        for group in by.groups:
            share = group.responders
            rows.append(
                ForestRow(
                    group.level,
                    share.rate,
                    (f"{share.count}/{share.n}", with_interval(share.rate, digits, factor=100)),
                )
            )
    if rows:
        yield ForestFigure(
            id="response-by-group",
            title="Response by group",
            x_label="Patients with a response, %",
            scale="linear",
            reference=overall.rate.value,
            low=0.0,
            high=1.0,
            ticks=(0, 0.2, 0.4, 0.6, 0.8, 1),
            heads=("n/N", "% (CI)"),
            rows=tuple(rows),
            note="Exact intervals; p by Fisher's exact test. Dotted line: all patients.",
        )


def _model_forest(
    analysis: Analysis, model: ModelResult, prefix: str, ratio: str, event: str
) -> ForestFigure:
    digits = analysis.plan.rounding.ratio
    rows: list[ForestRow] = []
    for row in model.rows:
        found = row.coefficient
        estimate = Estimate(found.ratio, found.lower, found.upper, found.statement)
        versus = f" vs {in_sentence(row.reference)}" if row.reference else ""
        text = with_interval(estimate, digits)
        columns = (f"{row.events}/{row.n}", text, p_value(found.p))
        rows.append(ForestRow(f"{row.title}: {in_sentence(row.level)}{versus}", estimate, columns))
    low, high, ticks = log_axis([row.estimate for row in rows if row.estimate])
    percent = number(100 * analysis.plan.confidence, 0)
    return ForestFigure(
        id=f"{prefix}-{model.id}",
        title=f"{model.title}: {in_sentence(ratio)}s",
        x_label=f"{ratio} ({percent}% CI)",
        scale="log",
        reference=1.0,
        low=low,
        high=high,
        ticks=ticks,
        heads=(f"{event}/n", f"{ratio} (CI)", "p"),
        rows=tuple(rows),
        note=f"{as_sentence(model.method)}; n = {model.n}, {model.left_out} left out.",
    )


def _center_forests(analysis: Analysis) -> Iterator[ForestFigure]:
    centers, rounding = analysis.centers, analysis.plan.rounding
    if centers is None:
        return
    rows = [
        ForestRow(
            center.center,
            center.response.rate,
            (
                f"{center.response.count}/{center.response.n}",
                with_interval(center.response.rate, rounding.percent, factor=100),
            ),
        )
        for center in centers.centers
    ]
    pooled = with_interval(centers.response.random, rounding.percent, factor=100)
    rows.append(ForestRow("Random effects", centers.response.random, ("", pooled), "pooled"))
    yield ForestFigure(
        id="centers-response",
        title=f"Response by {in_sentence(centers.title)}",
        x_label="Patients with a response, %",
        scale="linear",
        reference=centers.response.random.value,
        low=0.0,
        high=1.0,
        ticks=(0, 0.2, 0.4, 0.6, 0.8, 1),
        heads=("n/N", "% (CI)"),
        rows=tuple(rows),
        note=_heterogeneity(centers.response),
    )
    until, unit = centers.restricted_mean_until, analysis.plan.endpoint.unit
    rows = [
        ForestRow(
            center.center,
            center.restricted_mean,
            (f"{center.events}/{center.n}", with_interval(center.restricted_mean, rounding.time)),
        )
        for center in centers.centers
    ]
    pooled = with_interval(centers.restricted_mean.random, rounding.time)
    rows.append(ForestRow("Random effects", centers.restricted_mean.random, ("", pooled), "pooled"))
    yield ForestFigure(
        id="centers-survival",
        title=f"Mean survival within {until:g} {unit} by {in_sentence(centers.title)}",
        x_label=f"{unit.capitalize()} lived of the first {until:g}",
        scale="linear",
        reference=centers.restricted_mean.random.value,
        low=0.0,
        high=until,
        ticks=tuple(float(t) for t in np.linspace(0, until, 5)),
        heads=("died/n", f"{unit} (CI)"),
        rows=tuple(rows),
        note=_heterogeneity(centers.restricted_mean),
    )


def _heterogeneity(pooled: Pooled) -> str:
    test = pooled.heterogeneity
    if test.p is None or pooled.i_squared is None:
        return f"{test.method}: {test.statement}."
    i_squared = number(100 * pooled.i_squared, 0)
    return f"Cochran's Q {number(test.statistic, 1)}, {p_statement(test.p)}; I² {i_squared}%."
