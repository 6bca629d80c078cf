"""What a center's card says besides its findings: rows kept out, suspicions, changes."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from onecohort.report.review import Review
from onecohort.report.row_addresses import describe_row, spell_rows
from onecohort.report.run_changes import FINDING_KINDS, PATIENT_KINDS, Since
from onecohort.sanity import TITLES, Suspicion

FOLLOWING = "patient.quarantined"
MOST_LINES = 100  # addresses of a suspicion: more of them say nothing new


@dataclass(frozen=True)
class Concern:
    """A suspicion across centers, with the center's rows behind it."""

    title: str
    field: str
    evidence: str
    action: str
    addresses: tuple[str, ...]
    left_off: int


@dataclass(frozen=True)
class KeptOut:
    """Rows of one file that are not in the cohort for the same reason."""

    place: str
    rows: str
    count: int
    reason: str


@dataclass(frozen=True)
class Change:
    """Patients to whom the same happened since the last run, with where they stand."""

    title: str
    addresses: tuple[str, ...]


def list_kept_out(quarantine: pa.Table) -> list[KeptOut]:
    """A center's quarantined rows by reason; those that only follow their patient come last."""
    keys = ["check", "export", "sheet", "reason"]
    grouped = quarantine.select([*keys, "row"]).group_by(keys).aggregate([("row", "list")])
    told = sorted(
        grouped.to_pylist(),
        key=lambda g: (g["check"] == FOLLOWING, g["export"], min(g["row_list"])),
    )
    return [
        KeptOut(
            describe_row(g["export"], g["sheet"], None),
            spell_rows(g["row_list"]),
            len(g["row_list"]),
            g["reason"],
        )
        for g in told
    ]


def list_concerns(center: str, review: Review) -> list[Concern]:
    """What the look across centers says of this one, with file and row of each value."""
    return [_concern(suspicion, review) for suspicion in review.sanity.of(center)]


def list_changes(center: str, review: Review, previous: pa.Table | None) -> list[Change]:
    """What happened to this center's patients since the last run.

    previous   lineage of the last run, where patients who are gone still have a row
    """
    since = review.since
    if since is None or since.cohort is None:
        return []
    cohort, now = since.cohort, review.run.lineage
    days = {row["patient_id"]: row["days"] for row in cohort.backwards.to_pylist()}
    found = []
    for kind, table in (
        ("gone", cohort.gone),
        ("revived", cohort.revived),
        ("backwards", cohort.backwards),
        ("added", cohort.added),
    ):
        mine = table.filter(pc.equal(table.column("center"), center)).column("patient_id")
        lineage = previous if kind == "gone" else now
        if len(mine) == 0 or lineage is None:
            continue
        told = [
            (f"{place}: {days[patient]} days earlier" if kind == "backwards" else place)
            for patient, place in _addresses(lineage, mine.combine_chunks()).items()
        ]
        where = ", as they stood in the last delivery" if kind == "gone" else ""
        found.append(Change(PATIENT_KINDS[kind].capitalize() + where, tuple(told)))
    return found


def count_status(center: str, since: Since) -> list[tuple[str, int]]:
    """How many of the center's findings are new, worse, as before or gone."""
    counts = since.counts(center)
    return [(words, counts[kind]) for kind, words in FINDING_KINDS.items()]


def _concern(suspicion: Suspicion, review: Review) -> Concern:
    field = review.schema.fields.get(suspicion.field)
    addresses: list[str] = []
    if len(suspicion.cohort_rows):
        patients = review.run.cohort.column("patient_id").take(pa.array(suspicion.cohort_rows))
        addresses += _addresses(review.run.lineage, patients.combine_chunks()).values()
    for row in review.findings.take(pa.array(np.sort(suspicion.finding_rows))).to_pylist():
        addresses.append(describe_row(row["export"] or "", row["sheet"], row["row"]))
    return Concern(
        title=TITLES[suspicion.kind],
        field=field.title if field else "",
        evidence=suspicion.evidence,
        action=suspicion.action,
        addresses=tuple(addresses[:MOST_LINES]),
        left_off=max(len(addresses) - MOST_LINES, 0),
    )


def _addresses(lineage: pa.Table, patients: pa.Array) -> dict[str, str]:
    """patient_id -> where the patient's first row stands, in the order of the file."""
    mine = lineage.filter(pc.is_in(lineage.column("patient_id"), value_set=patients))
    found: dict[str, str] = {}
    for row in mine.to_pylist():
        place = describe_row(row["export"] or "", row["sheet"], row["row"])
        found.setdefault(row["patient_id"], place)
    return found
