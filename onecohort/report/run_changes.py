"""What changed since the last run, for everybody and for one center."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from onecohort.changes import CohortChanges, FindingChanges, compare_cohorts, compare_findings
from onecohort.disclosure import show_count, show_total
from onecohort.report.run_folder import RunFolder

PATIENT_KINDS = {
    "added": "patients added",
    "gone": "patients no longer in the cohort",
    "changed": "patients with a changed value",
    "revived": "patients dead in the last run, not dead now",
    "backwards": "patients whose follow-up ends earlier than in the last run",
}
FINDING_KINDS = {
    "new": "findings that are new",
    "worse": "findings that became worse",
    "persisting": "findings as in the last run",
    "fixed": "findings of the last run that are fixed: no longer found",
}


@dataclass(frozen=True)
class Since:
    """The comparison with the last run.

    centers   (n,) center of each finding of this run
    cohort    None where the pseudonyms of the two runs are of different keys
    previous_lineage   where each patient of the last run stood
    """

    previous: str
    as_of: str
    centers: pa.Array
    findings: FindingChanges
    cohort: CohortChanges | None
    previous_lineage: pa.Table

    def counts(self, center: str | None = None) -> dict[str, int]:
        """How many of each kind, at one center or at all."""
        status = self.findings.status
        here = self._here(center)
        found = {
            kind: pc.sum(pc.and_(here, pc.equal(status, kind))).as_py() or 0
            for kind in ("new", "worse", "persisting")
        }
        found["fixed"] = _rows(self.findings.fixed, center)
        if self.cohort is not None:
            found |= {kind: _rows(table, center) for kind, table in _tables(self.cohort).items()}
        return found

    def _here(self, center: str | None) -> pa.Array:
        status = self.findings.status
        if center is None:
            return pc.is_valid(status)
        return pc.equal(self.centers, center)


def compare_runs(run: RunFolder, previous: RunFolder | None) -> Since | None:
    """Compare two runs; None where there is no last run."""
    if previous is None:
        return None
    linkable = run.is_linkable and previous.is_linkable and run.key_origin == previous.key_origin
    findings = compare_findings(
        run.findings,
        previous.findings,
        patients=run.lineage if linkable else None,
        old_patients=previous.lineage if linkable else None,
    )
    cohort = compare_cohorts(run.cohort, previous.cohort) if linkable else None
    return Since(
        previous.run,
        previous.as_of,
        run.findings.column("center").combine_chunks(),
        findings,
        cohort,
        previous.lineage,
    )


def shared_changes(since: Since, centers: Mapping[str, object]) -> list[tuple[str, list[str]]]:
    """Rows (what, at all centers and at each) of counts as a shared report shows them."""
    by_center = {center: since.counts(center) for center in centers}
    return [
        (words, [show_total(counts), *map(show_count, counts)])
        for kind, words in (PATIENT_KINDS | FINDING_KINDS).items()
        if (counts := [found[kind] for found in by_center.values() if kind in found])
    ]


def _tables(cohort: CohortChanges) -> dict[str, pa.Table]:
    return {
        "added": cohort.added,
        "gone": cohort.gone,
        "changed": cohort.patients_changed,
        "revived": cohort.revived,
        "backwards": cohort.backwards,
    }


def _rows(table: pa.Table, center: str | None) -> int:
    if center is None:
        return int(table.num_rows)
    return int(pc.sum(pc.equal(table.column("center"), center)).as_py() or 0)
