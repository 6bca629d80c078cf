"""A cohort that may be shared: intervals instead of dates, old ages grouped, new ids, small cells hidden.

The cohort itself stays inside the study. What is released cannot be joined to it again: patients get
numbers in an order that only a keyed hash knows, and no calendar date leaves.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from onecohort.disclosure import show_count
from onecohort.errors import Mistake, StudyError
from onecohort.pseudonym import PseudonymKey
from onecohort.schema import CohortSchema, Field

OLDEST_SHOWN = 89  # ages above are one group, as the HIPAA safe harbor (45 CFR 164.514) has it
OLDER = OLDEST_SHOWN + 1
AGE_UNITS = frozenset({"a"})


@dataclass(frozen=True)
class Released:
    """What was written, and what was left out of it."""

    rows: int
    columns: tuple[str, ...]
    left_out: tuple[str, ...]
    grouped_ages: int


def release(
    cohort: pa.Table, schema: CohortSchema, anchor: str | None, key: PseudonymKey, folder: Path
) -> Released:
    """Write `cohort.parquet`, `cohort.csv` and `tables.csv` of a shareable cohort into a folder.

    anchor    the date field from which all others count their days; without one, dates are left out

    Raises StudyError for a cohort that has patients without the anchor: their dates would be lost.
    """
    if anchor is not None and cohort.column(anchor).null_count:
        what = f"anchor: {cohort.column(anchor).null_count} patients have no {anchor}"
        raise StudyError(Mistake("schemas/study.yaml", what, "choose a required date"))
    order = _order(cohort, key)
    columns: dict[str, pa.Array | pa.ChunkedArray] = {
        "patient": pa.array(np.arange(1, len(cohort) + 1)),
    }
    left_out, grouped = [], 0
    for spec in schema.published:
        values = cohort.column(spec.name).take(order)
        if spec.kind in ("identifier", "text"):
            left_out.append(spec.name)
        elif spec.kind == "date":
            if anchor is None or spec.name == anchor:
                left_out.append(spec.name)
            else:
                name = f"{spec.name.removesuffix('_date')}_days"
                columns[name] = days_since(values, cohort.column(anchor).take(order))
        elif _is_age(spec):
            columns[spec.name], grouped = group_ages(values)
        else:
            columns[spec.name] = values
    released = pa.table(columns)
    if "center" in schema.fields:
        released = released.append_column("center", _lettered(cohort.column("center").take(order)))
        left_out = [name for name in left_out if name != "center"]
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(released, folder / "cohort.parquet")
    _write_csv(released, folder / "cohort.csv")
    _write_tables(released, schema, folder / "tables.csv")
    return Released(len(released), tuple(released.column_names), tuple(left_out), grouped)


def days_since(dates: pa.ChunkedArray, anchor: pa.ChunkedArray) -> pa.ChunkedArray:
    """Whole days from the anchor to each date; missing where the date is."""
    return pc.subtract(dates.cast(pa.int32()), anchor.cast(pa.int32()))


def group_ages(ages: pa.ChunkedArray) -> tuple[pa.ChunkedArray, int]:
    """Ages with everybody above 89 as 90, and how many that were."""
    older = pc.greater(ages, OLDEST_SHOWN)
    grouped = pc.if_else(older, pa.scalar(OLDER, ages.type), ages)
    return grouped, int(pc.sum(older).as_py() or 0)


def _is_age(spec: Field) -> bool:
    return spec.kind in ("integer", "number") and spec.unit in AGE_UNITS


def _order(cohort: pa.Table, key: PseudonymKey) -> pa.Array:
    """An order of the patients that says nothing of centers, files or time."""
    hashed = key.hash(cohort.column("patient_id").combine_chunks(), "order of release")
    return pc.sort_indices(hashed)


def _lettered(centers: pa.ChunkedArray) -> pa.Array:
    """Centers as letters, in the order in which they first come in the shuffled cohort."""
    coded = centers.combine_chunks().dictionary_encode()
    letters = [_letter(number) for number in range(len(coded.dictionary))]
    return pa.array(letters, pa.string()).take(coded.indices)


def _letter(number: int) -> str:
    """A, B, …, Z, AA, AB, …

    >>> [_letter(number) for number in (0, 25, 26)]
    ['A', 'Z', 'AA']
    """
    head, last = divmod(number, 26)
    return (_letter(head - 1) if head else "") + chr(ord("A") + last)


def _write_csv(table: pa.Table, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(table.column_names)
        writer.writerows(zip(*(column.to_pylist() for column in table.columns), strict=True))


def _write_tables(table: pa.Table, schema: CohortSchema, path: Path) -> None:
    """Counts of every coded field; small cells are hidden, and so is what would give them away."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["field", "term", "patients"])
        for name in table.column_names:
            spec = schema.fields.get(name)
            if spec is None or spec.kind not in ("term", "boolean"):
                continue
            counted = table.column(name).value_counts().to_pylist()
            counts = {
                "missing" if item["values"] is None else str(item["values"]): item["counts"]
                for item in counted
            }
            writer.writerows([name, term, count] for term, count in hide_small(counts))


def hide_small(counts: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """Counts with small cells hidden; where only one is, the next smallest is hidden as well.

    >>> dict(hide_small({"a": 50, "b": 3, "c": 9}))
    {'a': '50', 'b': '<5', 'c': 'hidden'}
    """
    shown = {term: show_count(count) for term, count in counts.items()}
    small = [term for term, text in shown.items() if text.startswith("<")]
    if len(small) == 1 and len(counts) > 1:
        # One hidden cell is the total less all the others.
        rest = {term: count for term, count in counts.items() if term not in small and count}
        if rest:
            shown[min(rest, key=lambda term: rest[term])] = "hidden"
    yield from sorted(shown.items())
