"""All that is judged of a run before anything is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from onecohort.report.check_table import CheckTable, judge_checks
from onecohort.report.run_changes import Since, compare_runs
from onecohort.report.run_folder import RunFolder, read_run
from onecohort.report.verdict import Verdict, judge_run
from onecohort.sanity import Sanity, judge_cohort
from onecohort.schema import CohortSchema, Override


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
    run = _with_own_severities(read_run(folder), schema.overrides)
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


def _with_own_severities(run: RunFolder, overrides: Sequence[Override]) -> RunFolder:
    """The run, with findings as grave as the study says they are at their center."""
    findings = run.findings
    place = findings.schema.names.index("severity")
    for own in overrides:
        if own.severity is None:
            continue
        concerned = pc.and_(
            pc.equal(findings.column("center"), own.center),
            pc.equal(findings.column("check"), own.check),
        )
        severity = pc.if_else(concerned, own.severity, findings.column("severity"))
        findings = findings.set_column(place, "severity", severity)
    return replace(run, findings=findings)
