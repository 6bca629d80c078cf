"""Columns that look made up, left out or entered twice at one center and nowhere else."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onecohort.disclosure import show_share
from onecohort.repeats import repeated_hashes
from onecohort.sanity.scale import log_binomial_tail
from onecohort.sanity.suspicion import Suspicion

Floats = npt.NDArray[np.float64]
Counts = Mapping[str, tuple[int, int]]  # center -> (values, patients)

CHANCE = math.log(1e-4)  # below which a pattern is not chance
CONTRAST = 0.5  # a center's share of missing values, above that of the others
ENOUGH = 20  # values of a center below which its last digits say nothing
SAME = 5  # fields that two patients must share, all of them, to be one
MIXING = np.uint64(0x9E3779B97F4A7C15)


def find_gaps(field: str, filled: Counts) -> list[Suspicion]:
    """Name the centers that leave a field empty that the others fill.

    filled   center -> (patients with a value, patients)
    """
    found = []
    for center, (here, of) in filled.items():
        others = [pair for name, pair in filled.items() if name != center]
        known, total = sum(p[0] for p in others), sum(p[1] for p in others)
        if of == 0 or total == 0 or known / total - here / of < CONTRAST:
            continue
        if log_binomial_tail(of - here, of, (total - known + 0.5) / (total + 1)) > CHANCE:
            continue
        elsewhere = f"at the others {show_share(known, total)}"
        found.append(
            Suspicion(
                kind="missing",
                center=center,
                field=field,
                evidence=f"{here} of {of} patients have a value, {elsewhere}",
                shared=f"{show_share(here, of)} of the patients have a value, {elsewhere}",
                action="see whether the column was left out or its missing code is not known",
                part=of - here,
                of=of,
            )
        )
    return found


def find_constants(field: str, values: Mapping[str, pa.Array]) -> list[Suspicion]:
    """Name the centers that give one value to all, where the others' share makes that no chance.

    values   center -> its values without missing ones
    """
    found = []
    for center, here in values.items():
        if len(here) < 5 or pc.count_distinct(here).as_py() != 1:
            continue
        others = [array for name, array in values.items() if name != center and len(array)]
        total = sum(len(array) for array in others)
        if total == 0:
            continue
        same = sum(pc.sum(pc.equal(array, here[0])).as_py() or 0 for array in others)
        if len(here) * math.log((same + 0.5) / (total + 1)) > CHANCE:
            continue
        words = (
            f"all {len(here)} values are the same; at the others "
            f"{show_share(same, total)} have that value"
        )
        found.append(
            Suspicion(
                kind="constant",
                center=center,
                field=field,
                evidence=words,
                shared=words,
                action="see whether a default of the form was never changed",
                part=len(here),
                of=len(here),
            )
        )
    return found


def find_rounding(field: str, values: Mapping[str, Floats]) -> list[Suspicion]:
    """Name the centers whose last digit is 0 or 5 far more often than at the others.

    The last digit is that of the finest precision with which any center gives the field.
    """
    finite = {name: array[np.isfinite(array)] for name, array in values.items()}
    step = _step(np.concatenate([np.empty(0), *finite.values()]))
    rounded = {name: _ends_in_5(array, step) for name, array in finite.items()}
    found = []
    for center, here in rounded.items():
        others = np.concatenate(
            [np.empty(0, bool), *(a for name, a in rounded.items() if name != center)]
        )
        if len(here) < ENOUGH or len(others) < ENOUGH or here.mean() - others.mean() < CONTRAST:
            continue
        chance = (others.sum() + 0.5) / (len(others) + 1)
        if log_binomial_tail(int(here.sum()), len(here), float(chance)) > CHANCE:
            continue
        elsewhere = f"at the others {show_share(int(others.sum()), len(others))}"
        found.append(
            Suspicion(
                kind="digits",
                center=center,
                field=field,
                evidence=f"{int(here.sum())} of {len(here)} values end in 0 or 5, {elsewhere}",
                shared=f"{show_share(int(here.sum()), len(here))} of the values end in 0 or 5, {elsewhere}",
                action="ask whether values were estimated or copied from a chart",
                part=int(here.sum()),
                of=len(here),
            )
        )
    return found


def find_duplicates(cohort: pa.Table, fields: Sequence[str]) -> list[Suspicion]:
    """Name the patients of one center that agree in every one of the given fields."""
    names = [name for name in fields if name in cohort.schema.names]
    if len(names) < SAME or cohort.num_rows == 0:
        return []
    alike = _perhaps_alike(cohort, names)
    numbered = cohort.select(["center", *names]).take(pa.array(alike))
    numbered = numbered.append_column("_row", pa.array(alike))
    groups = numbered.group_by(["center", *names]).aggregate([("_row", "list"), ("_row", "count")])
    repeated = groups.filter(pc.greater(groups.column("_row_count"), 1))
    found = []
    for center in sorted(set(repeated.column("center").to_pylist())):
        mine = repeated.filter(pc.equal(repeated.column("center"), center))
        rows = mine.column("_row_list").combine_chunks().flatten().to_numpy()
        of = pc.sum(pc.equal(cohort.column("center"), center)).as_py()
        what = f"agree in all {len(names)} fields compared"
        found.append(
            Suspicion(
                kind="duplicate",
                center=center,
                field="",
                evidence=f"{len(rows)} patients under different codes {what}",
                shared=f"patients under different codes {what}",
                action="see whether one person was entered twice",
                part=len(rows),
                of=int(of),
                cohort_rows=np.sort(rows),
            )
        )
    return found


def _perhaps_alike(cohort: pa.Table, names: Sequence[str]) -> npt.NDArray[np.int64]:
    """Rows with enough values whose mark over all fields comes more than once, in their order.

    Equal rows have equal marks; whether others have one as well is for the caller to see.
    """
    mark = np.zeros(cohort.num_rows, np.uint64)
    known = np.zeros(cohort.num_rows, np.int64)
    for name in ("center", *names):
        coded = cohort.column(name).combine_chunks().dictionary_encode().indices
        code = coded.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        known += (code >= 0) & (name != "center")
        mark = (mark ^ code.astype(np.uint64)) * MIXING
        mark ^= mark >> np.uint64(29)
    rows = np.flatnonzero(known >= SAME)
    return rows[np.isin(mark[rows], repeated_hashes(mark[rows]))]


def _step(pooled: Floats) -> float:
    for step in (0.001, 0.01, 0.1, 1.0):
        scaled = pooled / step
        if len(pooled) and (np.abs(scaled / 10 - np.rint(scaled / 10)) > 1e-6).mean() > 0.2:
            return step
    return 1.0


def _ends_in_5(array: Floats, step: float) -> npt.NDArray[np.bool_]:
    return np.asarray(np.rint(array / step) % 5 == 0)
