"""The report cards: what goes back to each center, and only its own."""

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from onecohort.report.card_data import (
    count_status,
    list_changes,
    list_concerns,
    list_kept_out,
)
from onecohort.report.card_groups import group_findings, name_fields
from onecohort.report.card_workbook import write_workbook
from onecohort.report.finding_groups import SEVERITIES
from onecohort.report.review import Review
from onecohort.report.source_rows import RowReader

if TYPE_CHECKING:
    import jinja2


def write_cards(
    folder: Path, review: Review, *, rows: RowReader | None, environment: "jinja2.Environment"
) -> None:
    """Write <center>.html and <center>.xlsx for every center of a run."""
    folder.mkdir(exist_ok=True)
    for center in review.run.centers:
        html = render_card(center, review, environment)
        (folder / f"{center}.html").write_text(html, encoding="utf-8")
        write_workbook(
            folder / f"{center}.xlsx",
            findings=_findings(center, review),
            quarantine=_of(review.run.quarantine, center),
            policies=review.schema.policies,
            rows=rows,
        )


def render_card(center: str, review: Review, environment: "jinja2.Environment") -> str:
    """One center's card as one HTML file."""
    findings = _findings(center, review)
    since = review.since
    light = next(light for light in review.verdict.lights if light.center == center)
    severities = findings.column("severity").to_pylist()
    return environment.get_template("card.html.j2").render(
        run=review.run,
        center=review.run.centers[center],
        light=light,
        counts=[(name, severities.count(name)) for name in SEVERITIES],
        groups=group_findings(findings, review),
        kept_out=list_kept_out(_of(review.run.quarantine, center)),
        concerns=list_concerns(center, review),
        since=since,
        status=count_status(center, since) if since is not None else [],
        changes=list_changes(center, review, since.previous_lineage if since is not None else None),
    )


def _findings(center: str, review: Review) -> pa.Table:
    return name_fields(_of(review.findings, center), review.schema)


def _of(table: pa.Table, center: str) -> pa.Table:
    return table.filter(pc.equal(table.column("center"), center))
