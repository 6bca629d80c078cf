"""A check across fields that nearly every patient of one center fails, and hardly any of the others.

Two fields that contradict each other in one patient are a slip; in nearly all of a center they are a
code read the wrong way round: the sex against the tax code, dead against a date of death.
"""

import math

import pyarrow as pa
import pyarrow.compute as pc

from onecohort.disclosure import show_part
from onecohort.sanity.scale import log_binomial_tail
from onecohort.sanity.suspicion import Suspicion
from onecohort.schema import CohortSchema

MOST = 0.5
FEWEST = 3
CHANCE = math.log(1e-6)


def find_systematic(cohort: pa.Table, findings: pa.Table, schema: CohortSchema) -> list[Suspicion]:
    """Name the checks of several fields that most patients of a center fail."""
    crossing = {
        name: p for name, p in schema.policies.items() if len(p.fields) > 1 and "." not in name
    }
    patients = _count(cohort)
    failed = findings.filter(
        pc.is_in(findings.column("check"), value_set=pa.array(list(crossing), pa.string()))
    )
    grouped = (
        failed.select(["center", "check", "export", "sheet", "row"])
        .group_by(["center", "check", "export", "sheet", "row"])
        .aggregate([])
        .group_by(["center", "check"])
        .aggregate([("row", "count")])
    )
    counts = {(r["center"], r["check"]): r["row_count"] for r in grouped.to_pylist()}
    total = sum(patients.values())
    found = []
    for (center, check), here in sorted(counts.items()):
        of = max(patients.get(center, 0), here)
        elsewhere = sum(n for (name, same), n in counts.items() if same == check and name != center)
        others = max(total - patients.get(center, 0), elsewhere)
        if here < FEWEST or here < MOST * of or elsewhere > MOST * others / 2:
            continue
        if log_binomial_tail(here, of, (elsewhere + 0.5) / (others + 1)) > CHANCE:
            continue
        policy = crossing[check]
        title = schema.fields[policy.fields[0]].title
        found.append(
            Suspicion(
                kind="systematic",
                center=center,
                field=policy.fields[0],
                evidence=f"{here} of {of} patients fail “{policy.title}”",
                shared=f"{show_part(here, of)} patients fail “{policy.title}”",
                action=f"look at the codes of “{title}”: so many cannot be slips",
                part=here,
                of=of,
            )
        )
    return found


def find_key_trouble(findings: pa.Table) -> list[Suspicion]:
    """Name the tables whose codes lost their leading zeros: the center's step saw both lists."""
    told = findings.filter(pc.equal(findings.column("check"), "key.lost_zeros"))
    found = []
    for row in told.to_pylist():
        where = (row["export"] or "").rsplit("/", 1)[-1]
        words = f"{where}, column {row['column']}: {row['message']}"
        found.append(
            Suspicion(
                kind="keys",
                center=row["center"],
                field="",
                evidence=words,
                shared=words,
                action=row["hint"] or "",
                part=0,
                of=0,
            )
        )
    return found


def _count(cohort: pa.Table) -> dict[str, int]:
    pairs = pc.value_counts(cohort.column("center").combine_chunks()).to_pylist()
    return {str(pair["values"]): int(pair["counts"]) for pair in pairs}
