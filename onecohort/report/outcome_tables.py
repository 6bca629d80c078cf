"""The tables of survival, of the models and of the centers."""

from collections.abc import Iterator

from onecohort.analysis.analyze import Analysis, Models
from onecohort.analysis.model_results import ModelResult
from onecohort.analysis.survival_results import GroupSurvival
from onecohort.estimates import Estimate
from onecohort.report.journal import (
    NOTHING,
    as_sentence,
    in_sentence,
    number,
    p_value,
    with_interval,
)
from onecohort.report.table_data import Row, Table


def survival_table(analysis: Analysis) -> Table:
    """Medians, survival at the plan's times and restricted means, of all and by factors."""
    survival, plan = analysis.survival, analysis.plan
    rows = [_survival_row(analysis, survival.everybody, "plain")]
    width = len(rows[0].cells)
    for by in survival.by:
        tests = f"{p_value(by.log_rank.p)}"
        rows.append(Row((by.title, *[""] * (width - 2), tests), "heading"))
        rows += [_survival_row(analysis, group, "indented") for group in by.groups]
        if by.log_rank_stratified is not None:
            label = f"Log-rank, stratified by {in_sentence(by.stratified_by or '')}"
            p = p_value(by.log_rank_stratified.p)
            rows.append(Row((label, *[""] * (width - 2), p), "indented"))
        if by.missing:
            rows.append(Row(("Missing", str(by.missing), *[""] * (width - 2)), "indented"))
    follow_up = with_interval(survival.follow_up, plan.rounding.time)
    return Table(
        "survival",
        plan.endpoint.title,
        _survival_head(analysis, "p (log-rank)"),
        tuple(rows),
        f"{survival.method}. Median follow-up {follow_up} {plan.endpoint.unit}.",
    )


def _survival_head(analysis: Analysis, p: str) -> tuple[str, ...]:
    plan, unit = analysis.plan, analysis.plan.endpoint.unit
    percent = number(100 * plan.confidence, 0)
    times = (f"Alive at {at:g} {unit}, %" for at in plan.survival.at)
    mean = f"Mean within {plan.survival.restricted_mean:g} {unit}"
    return ("", "n", "Died", f"Median, {unit} ({percent}% CI)", *times, mean, p)


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


def landmark_tables(analysis: Analysis) -> Iterator[Table]:
    """One table for each landmark of the plan."""
    plan = analysis.plan
    for landmark in analysis.survival.landmarks:
        rows = [_survival_row(analysis, group, "plain") for group in landmark.groups]
        width = len(rows[0].cells)
        rows.append(Row(("Log-rank", *[""] * (width - 2), p_value(landmark.log_rank.p)), "plain"))
        found = landmark.hazard_ratio
        name = f"Hazard ratio of response ({number(100 * plan.confidence, 0)}% CI)"
        ratio = with_interval(
            Estimate(found.ratio, found.lower, found.upper, found.statement), plan.rounding.ratio
        )
        rows.append(
            Row(
                (
                    name,
                    "",
                    "",
                    ratio,
                    *[""] * (width - 5),
                    p_value(found.p),
                )
            )
        )
        unit = plan.endpoint.unit
        left_out = (
            f"Left out: {landmark.dead_before} died and {landmark.censored_before} were censored "
            f"by {landmark.at:g} {unit}; {landmark.undated} responders have no date of response. "
            "Times count from the landmark."
        )
        yield Table(
            f"landmark-{landmark.at:g}",
            f"{plan.endpoint.title} by response, from a landmark at {landmark.at:g} {unit}",
            _survival_head(analysis, "p"),
            tuple(rows),
            left_out,
        )


def model_table(analysis: Analysis, models: Models, name: str, ratio: str, event: str) -> Table:
    """Univariate models and those of the plan, one block each; `event` heads the outcome's counts."""
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
        note += (
            " PH: test of proportional hazards by Schoenfeld residuals; a small p says that the "
        )
        note += "ratio changes with time."
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


def center_tables(analysis: Analysis) -> Iterator[Table]:
    """The centers side by side, if the plan compares them."""
    centers, rounding = analysis.centers, analysis.plan.rounding
    if centers is None:
        return
    unit = analysis.plan.endpoint.unit
    # Not 3/14, of which a spreadsheet that opens the CSV file makes a day in March.
    rows = [
        Row(
            (
                center.center,
                f"{center.response.count} of {center.response.n}",
                with_interval(center.response.rate, rounding.percent, factor=100),
                f"{center.events} of {center.n}",
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
