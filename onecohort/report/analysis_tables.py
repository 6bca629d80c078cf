"""The tables of the analysis, as text: the page, the CSV files and the workbook show the same cells."""

from collections.abc import Iterator
from dataclasses import dataclass

from onecohort.analysis.analyze import Analysis, Models
from onecohort.analysis.model_results import ModelResult
from onecohort.analysis.survival_results import GroupSurvival
from onecohort.analysis.table_one import Baseline, TableOne
from onecohort.estimates import Estimate
from onecohort.report.journal import (
    NOTHING,
    as_sentence,
    count_percent,
    in_sentence,
    number,
    p_value,
    with_interval,
)

WORDS = {"true": "Yes", "false": "No"}


@dataclass(frozen=True)
class Row:
    """One line; a heading has its words in the first cell and, it may be, a p in the last."""

    cells: tuple[str, ...]
    kind: str = "plain"  # plain | heading | indented


@dataclass(frozen=True)
class Table:
    """One table with its note."""

    id: str
    title: str
    head: tuple[str, ...]
    rows: tuple[Row, ...]
    note: str = ""


def build_tables(analysis: Analysis) -> dict[str, Table]:
    """All tables of the analysis, by their id, in the order of the report."""
    tables = [
        published_table(analysis),
        *(_baseline(analysis, table) for table in analysis.baseline),
        _response(analysis),
        _survival(analysis),
        *(_landmarks(analysis)),
        _models(analysis, analysis.cox, "survival-models", "Hazard ratio", "Died"),
        *(
            [_models(analysis, analysis.odds, "response-models", "Odds ratio", "Responded")]
            if analysis.plan.odds
            else []
        ),
        *_centers(analysis),
    ]
    return {table.id: table for table in tables}


def published_table(analysis: Analysis) -> Table:
    """Published, computed, agrees: the first table of the report."""
    rows = []
    for figure in analysis.published:
        unit = {"1": "", "mo": " months", "%": "%"}.get(figure.unit, f" {figure.unit}")
        computed = figure.rounded + unit if figure.computed is not None else NOTHING
        exact = f"{figure.computed:.6g}" if figure.computed is not None else figure.statement
        cells = (figure.what, figure.printed + unit, computed, exact, figure.verdict)
        rows.append(Row(cells))
    return Table(
        "published",
        "Published and computed",
        ("Figure", "Published", "Computed", "Before rounding", "Verdict"),
        tuple(rows),
        f"Published: {analysis.source}. Computed figures are rounded to the printed digits.",
    )


def _baseline(analysis: Analysis, table: TableOne) -> Table:
    head = [f"{name} (n = {size})" for name, size in zip(table.groups, table.sizes, strict=True)]
    rows = [row for variable in table.rows for row in _variable(analysis, variable)]
    return Table(
        f"baseline-{table.factor or 'all'}",
        f"Table 1. Patients by {in_sentence(table.title)}" if table.factor else "Table 1. Patients",
        ("", *head),
        tuple(rows),
        "Median (range) or count (percent of the patients with a value).",
    )


def _variable(analysis: Analysis, variable: Baseline) -> Iterator[Row]:
    rounding = analysis.plan.rounding
    if variable.summaries:
        cells = (
            f"{_plain(summary.median, rounding.number)} "
            f"({_plain(summary.lowest, rounding.number)}–"
            f"{_plain(summary.highest, rounding.number)})"
            if summary.median is not None
            else NOTHING
            for summary in variable.summaries
        )
        yield Row((variable.title, *cells))
    else:
        yield Row((variable.title, *[""] * len(variable.missing)), "heading")
        for word, counts in variable.counts.items():
            cells = (count_percent(c.count, c.known, rounding.percent) for c in counts)
            yield Row((WORDS.get(word, word.replace("_", " ")), *cells), "indented")
    if any(variable.missing):
        yield Row(("Missing", *(str(count) for count in variable.missing)), "indented")


def _plain(value: float | None, digits: int) -> str:
    """Whole numbers without decimals: ages and cycles are not measured to a tenth."""
    if value is not None and float(value).is_integer():
        digits = 0
    return number(value, digits)


def _response(analysis: Analysis) -> Table:
    response, digits = analysis.response, analysis.plan.rounding.percent
    rows = [Row(("Best response", *[""] * 4), "heading")]
    for group in response.best:
        rows.append(
            _share_row(
                group.level,
                group.responders.count,
                group.responders.n,
                group.responders.rate,
                digits,
            )
        )
    overall = response.responders
    rows.append(Row((f"Response ({', '.join(response.responder_set)})", *[""] * 4), "heading"))
    rows.append(_share_row("All patients", overall.count, overall.n, overall.rate, digits))
    for by in response.by:
        rows.append(
            Row((f"Response by {in_sentence(by.title)}", "", "", "", p_value(by.test.p)), "heading")
        )
        for group in by.groups:
            share = group.responders
            rows.append(_share_row(group.level, share.count, share.n, share.rate, digits))
        if by.missing:
            rows.append(Row(("Missing", "", str(by.missing), "", ""), "indented"))
    percent = number(100 * analysis.plan.confidence, 0)
    return Table(
        "response",
        "Response",
        ("", "n", "of", f"% ({percent}% CI)", "p"),
        tuple(rows),
        f"{as_sentence(response.method)}.",
    )


def _share_row(label: str, count: int, n: int, rate: Estimate, digits: int) -> Row:
    text = with_interval(rate, digits, factor=100)
    return Row((label, str(count), str(n), text, ""), "indented")


def _survival(analysis: Analysis) -> Table:
    survival, plan = analysis.survival, analysis.plan
    rows = [_survival_row(analysis, survival.everybody, "plain")]
    width = len(rows[0].cells)
    for by in survival.by:
        tests = f"{p_value(by.log_rank.p)}"
        rows.append(Row((by.title, *[""] * (width - 2), tests), "heading"))
        rows += [_survival_row(analysis, group, "indented") for group in by.groups]
        if by.log_rank_stratified is not None:
            label = f"Stratified by {in_sentence(by.stratified_by or '')}"
            p = p_value(by.log_rank_stratified.p)
            rows.append(Row((label, *[""] * (width - 2), p), "indented"))
        if by.missing:
            rows.append(Row(("Missing", str(by.missing), *[""] * (width - 2)), "indented"))
    follow_up = with_interval(survival.follow_up, plan.rounding.time)
    return Table(
        "survival",
        plan.endpoint.title,
        _survival_head(analysis),
        tuple(rows),
        f"{survival.method}. Median follow-up {follow_up} {plan.endpoint.unit}.",
    )


def _survival_head(analysis: Analysis) -> tuple[str, ...]:
    plan, unit = analysis.plan, analysis.plan.endpoint.unit
    percent = number(100 * plan.confidence, 0)
    times = (f"Alive at {at:g} {unit}, %" for at in plan.survival.at)
    mean = f"Mean within {plan.survival.restricted_mean:g} {unit}"
    return ("", "n", "Died", f"Median, {unit} ({percent}% CI)", *times, mean, "p")


def _survival_row(analysis: Analysis, group: GroupSurvival, kind: str) -> Row:
    rounding = analysis.plan.rounding
    times = (with_interval(at.survival, rounding.percent, factor=100) for at in group.at)
    return Row(
        (
            group.level,
            str(group.n),
            str(group.events),
            with_interval(group.median, rounding.time),
            *times,
            with_interval(group.restricted_mean, rounding.time),
            "",
        ),
        kind,
    )


def _landmarks(analysis: Analysis) -> Iterator[Table]:
    plan = analysis.plan
    for landmark in analysis.survival.landmarks:
        rows = [_survival_row(analysis, group, "plain") for group in landmark.groups]
        width = len(rows[0].cells)
        rows.append(Row(("Log-rank", *[""] * (width - 2), p_value(landmark.log_rank.p)), "plain"))
        found = landmark.hazard_ratio
        ratio = with_interval(
            Estimate(found.ratio, found.lower, found.upper, found.statement), plan.rounding.ratio
        )
        rows.append(
            Row(("Hazard ratio of response", "", "", ratio, *[""] * (width - 5), p_value(found.p)))
        )
        unit = plan.endpoint.unit
        left_out = (
            f"Left out: {landmark.dead_before} died and {landmark.censored_before} were censored "
            f"by {landmark.at:g} {unit}; {landmark.undated} responders without a date."
        )
        yield Table(
            f"landmark-{landmark.at:g}",
            f"{plan.endpoint.title} by response, from a landmark at {landmark.at:g} {unit}",
            _survival_head(analysis),
            tuple(rows),
            f"{landmark.reason} {left_out}",
        )


def _models(analysis: Analysis, models: Models, name: str, ratio: str, event: str) -> Table:
    percent = number(100 * analysis.plan.confidence, 0)
    cox = any(model.proportional_hazards for model in (*models.univariate, *models.models))
    head = ["", "n", event, f"{ratio} ({percent}% CI)", "p (Wald)", "p (LR)"]
    head += ["p (PH)"] if cox else []
    rows = [Row(("Univariate", *[""] * (len(head) - 1)), "heading")]
    for model in models.univariate:
        rows += _model_rows(analysis, model, cox)
    for model in models.models:
        whole = f"{model.title} (n = {model.n}, {event.lower()} {model.events})"
        drift = p_value(model.proportional_hazards.p) if model.proportional_hazards else ""
        tests = [p_value(model.wald.p), p_value(model.likelihood_ratio.p)] + [drift] * cox
        rows.append(Row((whole, *[""] * 3, *tests), "heading"))
        rows += _model_rows(analysis, model, cox)
        if model.concordance is not None:
            agreement = with_interval(model.concordance, 2)
            rows.append(
                Row(("Concordance", "", "", agreement, *[""] * (len(head) - 4)), "indented")
            )
        if model.left_out:
            left_out = ("Left out (a term is missing)", str(model.left_out))
            rows.append(Row((*left_out, *[""] * (len(head) - 2)), "indented"))
    methods = dict.fromkeys(model.method for model in (*models.univariate, *models.models))
    note = f"{'; '.join(as_sentence(method) for method in methods)}. LR: likelihood ratio."
    if cox:
        note += " PH: test of proportional hazards by Schoenfeld residuals; small p: they drift."
    title = "Models of survival" if cox else "Models of response"
    return Table(name, title, tuple(head), tuple(rows), note)


def _model_rows(analysis: Analysis, model: ModelResult, cox: bool) -> Iterator[Row]:
    terms = {term.term: term for term in model.terms}
    for row in model.rows:
        found, term = row.coefficient, terms.pop(row.term, None)
        estimate = Estimate(found.ratio, found.lower, found.upper, found.statement)
        versus = f" vs {in_sentence(row.reference)}" if row.reference else ""
        tests = [p_value(found.p), p_value(term.likelihood_ratio.p) if term else ""]
        if cox:
            drift = term.proportional_hazards if term else None
            tests.append(p_value(drift.p) if drift else "")
        label = f"{row.title}: {in_sentence(row.level)}{versus}"
        text = with_interval(estimate, analysis.plan.rounding.ratio)
        yield Row((label, str(row.n), str(row.events), text, *tests), "indented")


def _centers(analysis: Analysis) -> Iterator[Table]:
    centers, rounding = analysis.centers, analysis.plan.rounding
    if centers is None:
        return
    unit = analysis.plan.endpoint.unit
    rows = [
        Row(
            (
                center.center,
                f"{center.response.count}/{center.response.n}",
                with_interval(center.response.rate, rounding.percent, factor=100),
                f"{center.events}/{center.n}",
                with_interval(center.median, rounding.time),
                with_interval(center.restricted_mean, rounding.time),
            )
        )
        for center in centers.centers
    ]
    pools = (("Random effects", "random"), ("Fixed effect", "fixed"))
    for label, which in pools:
        rate, mean = getattr(centers.response, which), getattr(centers.restricted_mean, which)
        rate_text = with_interval(rate, rounding.percent, factor=100)
        rows.append(Row((label, "", rate_text, "", "", with_interval(mean, rounding.time))))
    spread = (centers.response, centers.restricted_mean)
    i_squared = [
        NOTHING if p.i_squared is None else f"{number(100 * p.i_squared, 0)}%" for p in spread
    ]
    q = [p_value(pooled.heterogeneity.p) for pooled in spread]
    rows.append(Row(("I²", "", i_squared[0], "", "", i_squared[1])))
    rows.append(Row(("Cochran's Q, p", "", q[0], "", "", q[1])))
    until = centers.restricted_mean_until
    yield Table(
        "centers",
        f"Between {in_sentence(centers.title)}s",
        (
            centers.title,
            "Responded",
            "Response, % (CI)",
            "Died",
            f"Median, {unit} (CI)",
            f"Mean within {until:g} {unit} (CI)",
        ),
        tuple(rows),
        f"{centers.method}.",
    )
