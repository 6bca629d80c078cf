"""The validation report and the report cards: written from a run's folder, each one file by itself.

The report may be mailed to every center: it is made of counts, of which none below 5 shows. A card
goes to its own center only and shows the texts that have to be mended.
"""

import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
from markupsafe import Markup, escape

from onecohort.disclosure import show_count
from onecohort.report.balance_flow import balance_rows, draw_balance
from onecohort.report.cards import write_cards
from onecohort.report.check_table import State
from onecohort.report.distributions import draw_distributions
from onecohort.report.finding_groups import SharedFindings, group_shared
from onecohort.report.matrix import build_matrix
from onecohort.report.review import Review, review_run
from onecohort.report.run_changes import shared_changes
from onecohort.report.source_rows import RowReader
from onecohort.report.summary import summary_markdown
from onecohort.sanity import TITLES, TooSmall
from onecohort.schema import CohortSchema

if TYPE_CHECKING:
    import jinja2

TEMPLATES = Path(__file__).parent / "templates"
STATE_INK: dict[State, str] = {
    "passed": "go-ink",
    "passed with failures": "look-ink",
    "failed": "stop-ink",
    "not applicable": "soft",
}
STATE_SIGN: dict[State, str] = {
    "passed": "●",
    "passed with failures": "▲",
    "failed": "■",
    "not applicable": "–",
}
LEVELS = ("stop", "look", "go")  # who has to act comes first
KEY_WORDS = {
    "demonstration": "the demonstration key of the synthetic sample",
    "environment": "the study's own key",
    "random": "a random key, so that patients cannot be met again in another run",
}
FILTERS = (
    ("center", "Center"),
    ("severity", "Severity"),
    ("category", "Category"),
    ("status", "Status"),
)
HEADS = (
    ("center", "Center"),
    ("severity", "Severity"),
    ("title", "Check"),
    ("message", "What is wrong"),
    ("field", "Field"),
    ("column", "Column"),
    ("export", "File"),
    ("count", "Findings"),
    ("status", "Status"),
)


def write_report(
    run_folder: Path,
    schema: CohortSchema,
    *,
    previous: Path | None = None,
    rows: RowReader | None = None,
) -> None:
    """Write report/index.html, summary.md and cards/<center>.html and .xlsx into a run's folder.

    Where there is a last run, findings.parquet gets its column `status` filled on the way.

    previous   folder of the last run, to compare with
    rows       reads whole rows of an export again, for the workbooks; without it they hold the cells
               that stand in findings and quarantine
    """
    review = review_run(run_folder, schema, previous)
    if review.since is not None:
        pq.write_table(review.findings, run_folder / "findings.parquet")
    folder = run_folder / "report"
    folder.mkdir(exist_ok=True)
    (folder / "index.html").write_text(render_report(review), encoding="utf-8")
    (folder / "summary.md").write_text(summary_markdown(review), encoding="utf-8")
    write_cards(folder / "cards", review, rows=rows, environment=environment())


def render_report(review: Review) -> str:
    """The validation report as one HTML file."""
    run, schema, since = review.run, review.schema, review.since
    shared = group_shared(review.findings, schema)
    patients = {center.name: center.patients for center in run.centers.values()}
    filters = [pair for pair in FILTERS if pair[0] != "status" or since is not None]
    return (
        environment()
        .get_template("validation.html.j2")
        .render(
            run=run,
            verdict=review.verdict,
            lights=sorted(review.verdict.lights, key=lambda light: LEVELS.index(light.level)),
            since=since,
            centers=list(run.centers),
            changes=shared_changes(since, run.centers) if since is not None else [],
            flow=draw_balance(run.balance),
            balance=balance_rows(run),
            matrix=build_matrix(run, schema),
            sanity=review.sanity,
            too_small=_join_too_small(review.sanity.too_small),
            titles={field.name: field.title for field in schema.fields.values()},
            kinds=TITLES,
            checks=review.checks,
            quiet=("passed", "not applicable"),
            state_ink=STATE_INK,
            state_sign=STATE_SIGN,
            distributions=draw_distributions(run.cohort, schema, patients),
            findings=shared,
            findings_total=show_count(run.findings.num_rows),
            findings_json=_as_script(shared),
            filters=filters,
            heads=[pair for pair in HEADS if pair[0] != "status" or since is not None],
            key_words=KEY_WORDS.get(run.key_origin, run.key_origin),
        )
    )


@cache
def environment() -> "jinja2.Environment":
    """The templates, with everything that is put in escaped."""
    import jinja2

    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    made.filters["code"] = _mark_code
    return made


def _mark_code(text: str) -> Markup:
    """What stands between backticks, as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def _as_script(shared: SharedFindings) -> Markup:
    """JSON that no text in it can end: every "<" is written as an escape."""
    names = list(shared.columns)
    told = {"names": names, "columns": dict(shared.columns), "rows": shared.rows}
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("&", "\\u0026"))


def _join_too_small(too_small: Sequence[TooSmall]) -> list[tuple[str, str, str]]:
    """(field, its centers, reason); centers with the same field stand together."""
    joined: dict[str, list[TooSmall]] = {}
    for told in too_small:
        joined.setdefault(told.field, []).append(told)
    return [
        (name, ", ".join(t.center.capitalize() for t in told), _reason(told))
        for name, told in joined.items()
    ]


def _reason(told: Sequence[TooSmall]) -> str:
    reasons = sorted({t.reason.split(" values", 1)[-1].strip(": ") for t in told})
    return "; ".join(reasons)
