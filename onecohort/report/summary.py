"""The validation report in short, as Markdown and small tables: for a page where a run is watched."""

from onecohort.disclosure import show_count
from onecohort.report.check_table import CheckRow
from onecohort.report.review import Review
from onecohort.report.run_changes import shared_changes
from onecohort.sanity import TITLES

MOST = 12  # lines of a list; the report itself has them all


def summary_markdown(review: Review) -> str:
    """Verdict, centers, changes, suspicions and failed checks; no text, code or count below 5."""
    parts = [f"**{review.verdict.sentence}**"]
    if review.run.is_synthetic:
        parts.append("Synthetic data: no patient stands behind these figures.")
    parts.append(_markdown(center_table(review)))
    if review.since is not None:
        parts.append(f"Since run {review.since.previous}:")
        parts.append(_markdown(change_table(review)))
    if review.sanity.suspicions:
        parts.append("Units and codes across centers:")
        parts.append(_markdown(suspicion_table(review)))
    if failed_checks(review):
        parts.append("Checks above their threshold:")
        parts.append(_markdown(check_table(review)))
    return "\n\n".join(parts) + "\n"


def center_table(review: Review) -> list[dict[str, str]]:
    """One row per center: its light, its patients, the gravest reason."""
    return [
        {
            "center": light.center,
            "state": f"{light.sign} {light.word}",
            "patients": light.patients,
            "why": light.reasons[0] if light.reasons else "",
        }
        for light in review.verdict.lights
    ]


def change_table(review: Review) -> list[dict[str, str]]:
    """One row per kind of change, over all centers; empty without an earlier run."""
    if review.since is None:
        return []
    return [
        {"number of": words, "all centers": counts[0]}
        for words, counts in shared_changes(review.since, review.run.centers)
    ]


def suspicion_table(review: Review) -> list[dict[str, str]]:
    """What the look across the centers brought up."""
    fields = review.schema.fields
    return [
        {
            "center": s.center,
            "field": fields[s.field].title if s.field in fields else "",
            "what": TITLES[s.kind],
            "evidence": s.shared,
        }
        for s in review.sanity.suspicions[:MOST]
    ]


def check_table(review: Review) -> list[dict[str, str]]:
    """The checks that failed."""
    return [
        {
            "check": row.title,
            "severity": row.severity,
            "failures": f"{row.failures} of {row.of}",
            "percent": row.percent,
            "threshold": row.threshold,
        }
        for row in failed_checks(review)[:MOST]
    ]


def failed_checks(review: Review) -> list[CheckRow]:
    """Checks above their threshold, in the report's order."""
    return [row for row in review.checks.rows if row.state == "failed"]


def count_findings(review: Review) -> dict[str, str]:
    """Findings by severity, as they may be shown."""
    severities = review.findings.column("severity").to_pylist()
    return {name: show_count(severities.count(name)) for name in ("error", "warning", "note")}


def _markdown(rows: list[dict[str, str]]) -> str:
    head = list(rows[0])
    lines = [head, ["---"] * len(head), *([row[name] for name in head] for row in rows)]
    return "\n".join("| " + " | ".join(_cell(text) for text in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
