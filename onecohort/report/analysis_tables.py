"""The tables of the analysis, as text: the page, the CSV files and the workbook show the same cells."""

from collections.abc import Iterator

from onecohort.analysis.analyze import Analysis
from onecohort.analysis.published import with_unit
from onecohort.analysis.table_one import Baseline, Summary, TableOne
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
from onecohort.report.outcome_tables import (
    center_tables,
    landmark_tables,
    model_table,
    survival_table,
)
from onecohort.report.table_data import Row, Table

WORDS = {"true": "Yes", "false": "No"}


def build_tables(analysis: Analysis) -> dict[str, Table]:
    """All tables of the analysis, by their id, in the order of the report."""
    tables = [
        published_table(analysis),
        *(_baseline(analysis, table) for table in analysis.baseline),
        _response(analysis),
        survival_table(analysis),
        *(landmark_tables(analysis)),
        model_table(analysis, analysis.cox, "survival-models", "Hazard ratio", "Died"),
        *(
            [model_table(analysis, analysis.odds, "response-models", "Odds ratio", "Responded")]
            if analysis.plan.odds
            else []
        ),
        *center_tables(analysis),
    ]
    return {table.id: table for table in tables}


def published_table(analysis: Analysis) -> Table:
    """Published, computed, agrees: the first table of the report."""
    rows = []
    for figure in analysis.published:
        computed = with_unit(figure.rounded, figure.unit) or NOTHING
        exact = f"{figure.computed:.6g}" if figure.computed is not None else figure.statement
        cells = (
            figure.what,
            with_unit(figure.printed, figure.unit),
            computed,
            exact,
            figure.verdict,
        )
        rows.append(Row(cells))
    return Table(
        "published",
        "Published and computed",
        ("Figure", "Published", "Computed", "Before rounding", "Verdict"),
        tuple(rows),
        f"Published: {analysis.source}. Computed figures are rounded to the printed digits."
        f" {analysis.published_note}".rstrip(),
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
        everybody = variable.summaries[0]
        whole = all(_is_whole(value) for value in (everybody.lowest, everybody.highest))
        digits = 0 if whole else rounding.number
        yield Row((variable.title, *(_range(each, digits) for each in variable.summaries)))
    else:
        yield Row((variable.title, *[""] * len(variable.missing)), "heading")
        for word, counts in variable.counts.items():
            # Where nobody has a value, none is not a count of nought.
            cells = (
                count_percent(c.count, c.known, rounding.percent) if c.known else NOTHING
                for c in counts
            )
            name = variable.labels.get(word) or WORDS.get(word, word.replace("_", " "))
            yield Row((name, *cells), "indented")
    if any(variable.missing):
        yield Row(("Missing", *(str(count) for count in variable.missing)), "indented")


def _range(summary: Summary, digits: int) -> str:
    if summary.median is None:
        return NOTHING
    # The median of an even number of whole years may end in a half.
    middle = number(summary.median, digits if _is_whole(summary.median) else max(digits, 1))
    return f"{middle} ({number(summary.lowest, digits)}–{number(summary.highest, digits)})"


def _is_whole(value: float | None) -> bool:
    return value is None or float(value).is_integer()


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
