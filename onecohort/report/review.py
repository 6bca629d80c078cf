"""All that is judged of a run before anything is drawn."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from onecohort.report.check_table import CheckTable, judge_checks
from onecohort.report.run_changes import Since, compare_runs
from onecohort.report.run_folder import RunFolder, read_run
from onecohort.report.verdict import Verdict, judge_run
from onecohort.sanity import Sanity, judge_cohort
from onecohort.schema import CohortSchema


@dataclass(frozen=True)
class Review:
    """A run, what changed, what the checks and the looks across centers say, and the verdict.

    findings   the run's findings with their status
    """

    run: RunFolder
    schema: CohortSchema
    findings: pa.Table
    since: Since | None
    checks: CheckTable
    sanity: Sanity
    verdict: Verdict


def review_run(folder: Path, schema: CohortSchema, previous: Path | None = None) -> Review:
    """Judge the run in a folder; `previous` is the folder of the run to compare with."""
    run = read_run(folder)
    since = compare_runs(run, read_run(previous) if previous is not None else None)
    findings = run.findings
    if since is not None:
        place = findings.schema.names.index("status")
        findings = findings.set_column(place, "status", since.findings.status)
    checks = judge_checks(run, schema)
    unavailable = {
        (center.name, name)
        for center in run.centers.values()
        for name, fill in center.fields.items()
        if fill["state"] in ("unavailable", "unmapped")
    }
    sanity = judge_cohort(run.cohort, run.findings, schema, unavailable=unavailable)
    verdict = judge_run(run, schema, checks.by_center, sanity, since)
    return Review(run, schema, findings, since, checks, sanity, verdict)
