"""The same person delivered twice: recognised by the study's linkage rule.

At two centers the fuller record stays. Under two codes of one center both stay: which code is right, and
whether they are two persons after all, only the center can say.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from onecohort.center_summary import CenterSummary
from onecohort.findings import Findings, Severity
from onecohort.harmonize import ROW
from onecohort.repeats import hash_texts, repeated_hashes
from onecohort.rows import Index
from onecohort.rules.coded import Mask
from onecohort.schema import CohortSchema


def link(
    schema: CohortSchema,
    done: Sequence[CenterSummary],
    patients: Sequence[pa.Table],
    findings: Mapping[str, Findings],
) -> list[Mask]:
    """Per center (p,) True for the patients that stay; a finding for each who came twice.

    patients    of the centers `done`, in that order; only what links them is looked at
    findings    name of the center -> where its findings go

    A list of fields decides where both rows have all of it. A later list decides only where one of the
    two lacks an earlier one: two different codici fiscali are two persons, whatever else agrees.
    """
    if not done or not schema.linkage:
        return [np.ones(len(table), bool) for table in patients]
    center = np.repeat(np.arange(len(done)), [len(table) for table in patients])
    place = np.concatenate([np.arange(len(table)) for table in patients])
    stays = np.ones(len(center), bool)
    filled = _filled(schema, patients)
    twice = np.zeros(len(center), bool)
    earlier: list[tuple[pa.Array, Mask]] = []
    for names in schema.linkage:
        texts, complete = _linking_texts(patients, names)
        at = np.flatnonzero(complete & stays)
        hashes = hash_texts(texts.take(pa.array(at)))
        at = at[np.isin(hashes, repeated_hashes(hashes))]
        for group in _groups(texts, at):
            best = max(group, key=lambda n: (filled[n], -center[n], -place[n]))
            for number in group:
                if number == best or twice[number] or _told_apart(earlier, number, best):
                    continue
                here, there = done[center[number]], done[center[best]]
                row, other = (
                    patients[center[n]].column(ROW)[place[n]].as_py() for n in (number, best)
                )
                if here is there:
                    twice[number] = True
                    told = _TWICE, f"row {other}, under another code"
                else:
                    stays[number] = False
                    told = _ELSEWHERE, f"a patient of {there.center}"
                _report(findings[here.center], here, row, told, names, schema)
        earlier.append((texts, complete))
    return [stays[center == number] for number in range(len(done))]


def _linking_texts(patients: Sequence[pa.Table], names: Sequence[str]) -> tuple[pa.Array, Mask]:
    """All centers' patients: the linking fields as one text, and where none of them is missing."""
    columns = [
        pa.concat_arrays(
            [table.column(name).cast(pa.string()).combine_chunks() for table in patients]
        )
        for name in names
    ]
    texts = pc.binary_join_element_wise(*columns, "|", null_handling="emit_null")
    return texts, pc.is_valid(texts).to_numpy(zero_copy_only=False)


def _groups(texts: pa.Array, at: Index) -> Iterator[list[int]]:
    """Numbers of the rows with equal texts, where there are several."""
    found: dict[str, list[int]] = {}
    for number, text in zip(at.tolist(), texts.take(pa.array(at)).to_pylist(), strict=True):
        found.setdefault(text, []).append(number)
    return (numbers for numbers in found.values() if len(numbers) > 1)


def _told_apart(earlier: Sequence[tuple[pa.Array, Mask]], one: int, other: int) -> bool:
    return any(
        complete[one] and complete[other] and texts[one] != texts[other]
        for texts, complete in earlier
    )


def _filled(schema: CohortSchema, patients: Sequence[pa.Table]) -> Index:
    """(all patients,) how many published fields are filled."""
    counts = []
    for table in patients:
        count = np.zeros(len(table), np.int64)
        for spec in schema.published:
            column = table.column(spec.name)
            if column.null_count == 0:
                count += 1
            elif column.null_count < len(table):
                count += column.is_valid().to_numpy(zero_copy_only=False)
        counts.append(count)
    return np.concatenate(counts)


def _report(
    findings: Findings,
    summary: CenterSummary,
    row: int,
    told: tuple["_Told", str],
    names: Sequence[str],
    schema: CohortSchema,
) -> None:
    what, whom = told
    policy = schema.policies.get(what.check)
    export, sheet = summary.first_export
    findings.add(
        check=what.check,
        severity=Severity(policy.severity) if policy else Severity.NOTE,
        rows=[row],
        export=export,
        sheet=sheet,
        message=f"the same person as {whom} (by {', '.join(names)}), {what.outcome}",
        hint=what.hint,
    )


@dataclass(frozen=True)
class _Told:
    """How a person who came twice is reported."""

    check: str
    outcome: str
    hint: str


_ELSEWHERE = _Told(
    "person.at_two_centers",
    "whose record says as much or more and stays",
    "nothing has to be done, unless they are two persons",
)
_TWICE = _Told(
    "person.twice_at_center",
    "and both are in the cohort",
    "give both rows the one right code at the source or by a correction; of two persons, mend the fields",
)
