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
NOTHING: tuple[Floats, Index] = (np.empty(0), np.empty(0, np.int64))


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
    carried, lost = _carried(cohort, field), _withdrawn(findings, field, possible)
    found = {}
    for name in sorted({*carried, *lost}):
        value, at = carried.get(name, NOTHING)
        lost_value, lost_at = lost.get(name, NOTHING)
        found[name] = Numbers(
            values=np.concatenate([value, lost_value]),
            cohort_rows=np.concatenate([at, np.full(len(lost_at), -1)]),
            finding_rows=np.concatenate([np.full(len(at), -1), lost_at]),
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


def _carried(cohort: pa.Table, field: str) -> dict[str, tuple[Floats, Index]]:
    """center -> its values and where they stand in the cohort."""
    if field not in cohort.schema.names:
        return {}
    column = cohort.column(field).combine_chunks()
    at = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
    value = column.drop_null().cast(pa.float64()).to_numpy(zero_copy_only=False)
    return _by_center(cohort.column("center"), value, at)


def _withdrawn(
    findings: pa.Table, field: str, possible: tuple[float, float] | None
) -> dict[str, tuple[Floats, Index]]:
    """center -> its values that were withdrawn and where their findings stand."""
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
    return _by_center(findings.column("center"), value[sure], at[sure])


def _by_center(
    centers: pa.ChunkedArray, value: Floats, at: Index
) -> dict[str, tuple[Floats, Index]]:
    """Some rows' values, each center's apart; `at` are their places in `centers`."""
    coded = centers.combine_chunks().dictionary_encode()
    codes = coded.indices.to_numpy(zero_copy_only=False)[at]
    found = {}
    for code, name in enumerate(coded.dictionary.to_pylist()):
        mine = np.flatnonzero(codes == code)
        if len(mine):
            found[str(name)] = value[mine], at[mine]
    return found
