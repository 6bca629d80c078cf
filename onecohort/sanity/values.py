"""The values of a field by center, with those that were withdrawn because no patient can have them.

A column in another unit is mostly outside of what is possible, so its values stand in no cohort: they
come back from the findings of `range.possible`, where the raw text still stands.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Floats = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

WITHDRAWN = "range.possible"
NUMBER = r"^[+-]?[0-9]+([.,][0-9]+)?$"


@dataclass(frozen=True)
class Numbers:
    """One center's values of one field.

    values         (n,)
    cohort_rows    (n,) position in the cohort, or -1
    finding_rows   (n,) position in the findings, or -1
    """

    values: Floats
    cohort_rows: Index
    finding_rows: Index


def gather_numbers(
    cohort: pa.Table, findings: pa.Table, field: str, possible: tuple[float, float] | None
) -> Mapping[str, Numbers]:
    """The numbers of a field, center by center, in the order of the cohort and then of the findings."""
    center, value, at = _carried(cohort, field)
    lost_center, lost_value, lost_at = _withdrawn(findings, field, possible)
    found = {}
    for name in sorted({*np.unique(center).tolist(), *np.unique(lost_center).tolist()}):
        mine, lost = center == name, lost_center == name
        found[name] = Numbers(
            values=np.concatenate([value[mine], lost_value[lost]]),
            cohort_rows=np.concatenate([at[mine], np.full(lost.sum(), -1)]),
            finding_rows=np.concatenate([np.full(mine.sum(), -1), lost_at[lost]]),
        )
    return found


def split_by_center(cohort: pa.Table, field: str) -> dict[str, pa.Array]:
    """center -> the values of a field, without missing ones."""
    known = cohort.select(["center", field]).filter(pc.is_valid(cohort.column(field)))
    centers = pc.unique(cohort.column("center").combine_chunks()).to_pylist()
    column = known.column("center")
    return {
        name: known.column(field).filter(pc.equal(column, name)).combine_chunks()
        for name in sorted(centers)
    }


def _carried(cohort: pa.Table, field: str) -> tuple[npt.NDArray[np.str_], Floats, Index]:
    if field not in cohort.schema.names:
        return np.empty(0, np.str_), np.empty(0), np.empty(0, np.int64)
    column = cohort.column(field).combine_chunks()
    at = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
    value = column.take(at).cast(pa.float64()).to_numpy(zero_copy_only=False)
    center = cohort.column("center").combine_chunks().take(at).to_numpy(zero_copy_only=False)
    return center.astype(np.str_), value, at


def _withdrawn(
    findings: pa.Table, field: str, possible: tuple[float, float] | None
) -> tuple[npt.NDArray[np.str_], Floats, Index]:
    mask = pc.and_(
        pc.equal(findings.column("check"), WITHDRAWN), pc.equal(findings.column("field"), field)
    )
    readable = pc.match_substring_regex(findings.column("raw"), NUMBER)
    at = np.flatnonzero(
        pc.fill_null(pc.and_(mask, readable), False).combine_chunks().to_numpy(zero_copy_only=False)
    )
    texts = findings.column("raw").combine_chunks().take(at)
    number = pc.replace_substring(texts, ",", ".").cast(pa.float64())
    value = number.to_numpy(zero_copy_only=False)
    # A text that would be possible as it stands was converted first: its unit is not the field's.
    low, high = possible or (np.inf, -np.inf)
    sure = (value < low) | (value > high)
    center = findings.column("center").combine_chunks().take(at).to_numpy(zero_copy_only=False)
    return center.astype(np.str_)[sure], value[sure], at[sure]
