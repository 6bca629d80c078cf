"""Patients that could not be analysed, as findings at the rows that they came from."""

from collections.abc import Sequence

import pyarrow as pa

from onecohort.analysis.population import Excluded
from onecohort.findings import SCHEMA, Findings, Severity

CONSEQUENCE = "the patient is in the cohort, but not in the analysis of survival"
HINT = "complete the follow-up at the center, or correct it in the mapping"


def exclusion_findings(
    excluded: Sequence[Excluded], cohort: pa.Table, lineage: pa.Table
) -> pa.Table:
    """One finding for each patient left out, with the address of the patient's first row.

    cohort   the table that was analysed, with center and patient_id
    lineage  the run's lineage: center, patient_id, export, sheet, row
    """
    who = {name: cohort[name].to_pylist() for name in ("center", "patient_id")}
    first: dict[tuple[str, str], dict[str, object]] = {}
    wanted = {who["patient_id"][row] for group in excluded for row in group.rows}
    for told in lineage.to_pylist() if wanted else []:
        if told["patient_id"] in wanted:
            first.setdefault((told["center"], told["patient_id"]), told)
    tables = [SCHEMA.empty_table()]
    for group in excluded:
        for row in group.rows:
            center, patient = who["center"][row], who["patient_id"][row]
            address = first.get((center, patient), {})
            findings = Findings(center)
            findings.add(
                check=group.check,
                severity=Severity.WARNING,
                rows=pa.array([address.get("row")], pa.int64()),
                export=pa.array([address.get("export")], pa.string()),
                sheet=pa.array([address.get("sheet")], pa.string()),
                message=f"{group.reason}; {CONSEQUENCE}",
                hint=HINT,
            )
            tables.append(findings.table())
    return pa.concat_tables(tables)
