"""Several rows with one key in a table that should hold one row per patient."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from onecohort.findings import Findings, Severity
from onecohort.mapping.language import LatestBy
from onecohort.rows import Fate, Index, Rows
from onecohort.rules.coded import Mask, is_listed
from onecohort.rules.dates import DateFormat, read_dates
from onecohort.rules.letters import Letters, letters_of
from onecohort.rules.outcome import State

Hashes = npt.NDArray[np.uint64]
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_FIRST_BYTES = np.array([(1 << 8 * count) - 1 for count in range(9)], np.uint64)


def hash_texts(texts: pa.Array) -> Hashes:
    """64-bit hashes of texts, eight bytes at a time; equal texts have equal hashes in every call.

    Only candidates for equality are found so: whoever acts on them compares the texts themselves.
    """
    letters, places = letters_of(texts.fill_null(""))
    lengths = np.diff(places)
    words = _words(letters)
    hashes = lengths.astype(np.uint64) * _PRIME
    for start in range(0, int(lengths.max(initial=0)), 8):
        long = lengths > start
        inside = slice(None) if long.all() else np.flatnonzero(long)
        left = np.minimum(lengths[inside] - start, 8)
        mixed = (
            hashes[inside] ^ (words[places[:-1][inside] + start] & _FIRST_BYTES[left])
        ) * _PRIME
        hashes[inside] = mixed ^ (mixed >> np.uint64(29))
    return hashes


def _words(letters: Letters) -> npt.NDArray[np.uint64]:
    """The eight bytes that begin at each byte, as one number; zeros follow the last."""
    padded = np.concatenate([letters, np.zeros(8, np.uint8)])
    return np.ndarray((len(letters) + 1,), "<u8", padded, strides=(1,))


def repeated_hashes(hashes: Hashes) -> Hashes:
    """The hashes that occur more than once, sorted."""
    ordered = np.sort(hashes)
    return distinct_hashes(ordered[1:][ordered[1:] == ordered[:-1]])


def distinct_hashes(hashes: Hashes) -> Hashes:
    """Each hash once, sorted; sorting is several times as fast as the hash table of `np.unique`."""
    ordered = np.sort(hashes)
    first = np.ones(len(ordered), bool)
    first[1:] = ordered[1:] != ordered[:-1]
    return ordered[first]


def resolve_repeats(rows: Rows, findings: Findings) -> None:
    """Decide about rows with the same key, as the table's `repeated` declares; changes their fates.

    Rows that say the same in every mapped column are merged into the first. Where they differ, the
    declared row stays and the others are merged with a finding for each cell that is given up; without
    a declaration, or where the declared date cannot tell which of them is the latest, all of them are
    quarantined.
    """
    kept = np.flatnonzero(rows.fates == Fate.KEPT)
    hashes = hash_texts(rows.keys)[kept]
    candidates = kept[np.isin(hashes, repeated_hashes(hashes))]
    if not len(candidates):
        return
    codes = rows.keys.take(pa.array(candidates)).dictionary_encode().indices
    group = codes.to_numpy(zero_copy_only=False)
    often = np.bincount(group)[group] > 1
    candidates, group = candidates[often], group[often]
    stays, settled = _staying(rows, candidates, group, findings)
    differs = {name: _differs(rows, name, candidates, stays) for name in rows.columns}
    torn = np.zeros(len(candidates), bool)
    for mask in differs.values():
        torn |= mask
    torn_group = np.isin(group, group[torn])
    # A row as late as the one that stays, and unlike it, leaves the declaration without an answer.
    open_group = np.isin(group, group[torn & ~settled])
    merged = (candidates != stays) & ~(torn_group & open_group)
    lost = torn_group & open_group
    rows.fates[candidates[merged]] = Fate.MERGED
    rows.fates[candidates[lost]] = Fate.QUARANTINED
    reason = ("key.conflict", "several rows of this patient say different things")
    rows.reasons |= {int(row): reason for row in candidates[lost]}
    _report_same(rows, candidates[merged & ~torn], stays[merged & ~torn], findings)
    for name, mask in differs.items():
        for decided in (True, False):
            here = mask & (open_group != decided)
            _report_conflict(rows, name, candidates[here], stays[here], decided, findings)


def _staying(
    rows: Rows, candidates: Index, group: npt.NDArray[np.int32], findings: Findings
) -> tuple[Index, Mask]:
    """For each candidate the row of its group that stays, and whether the declaration puts it first."""
    rule = rows.rule.repeated
    place = np.arange(len(candidates), dtype=np.float64)
    order = -place if rule == "last" else place
    if isinstance(rule, LatestBy):
        order = -_days(rows, rule.latest, candidates, findings)
    first = np.full(int(group.max()) + 1, -1, np.int64)
    ranked = np.lexsort((place, order, group))[::-1]
    first[group[ranked]] = ranked
    best = first[group]
    settled = (order != order[best]) & (rule != "quarantine")
    return candidates[best], settled


def _days(rows: Rows, name: str, candidates: Index, findings: Findings) -> npt.NDArray[np.float64]:
    """The date that decides of each candidate; a row without one is never the latest."""
    column = rows.columns[name]
    spelling = DateFormat(rows.rule.dates or (), rows.rule.pivot_year, "first")
    read = read_dates(column.texts, spelling).seal()
    codes = column.codes[candidates]
    faulty = (read.states == State.FAULT) & ~is_listed(column.texts, rows.missing)
    for code in np.unique(codes[faulty[codes]]):
        remark, at = read.remarks[int(code)], candidates[codes == code]
        findings.add(
            check=remark.check,
            severity=Severity.WARNING,
            rows=pa.array(rows.numbers[at]),
            export=rows.export,
            sheet=rows.sheet,
            column=name,
            raw=column.raw_rows(at),
            message=f"{remark.message}, so the row counts as undated among those of its patient",
            hint=remark.hint,
        )
    days = read.values.cast(pa.int32()).fill_null(-(10**6)).to_numpy(zero_copy_only=False)
    return np.asarray(days[codes], np.float64)


def _differs(rows: Rows, name: str, candidates: Index, stays: Index) -> Mask:
    column = rows.columns[name]
    codes = column.texts.dictionary_encode().indices.to_numpy(zero_copy_only=False)[column.codes]
    return np.asarray(codes[candidates] != codes[stays])


def _report_same(rows: Rows, at: Index, stays: Index, findings: Findings) -> None:
    findings.add(
        check="key.repeated",
        severity=Severity.NOTE,
        rows=pa.array(rows.numbers[at]),
        export=rows.export,
        sheet=rows.sheet,
        column=rows.rule.key[0],
        raw=rows.columns[rows.rule.key[0]].raw_rows(at),
        message=_same_as("says the same as row {}, into which it was merged", rows, stays),
    )


def _report_conflict(
    rows: Rows, name: str, at: Index, stays: Index, declared: bool, findings: Findings
) -> None:
    words = "differs from row {} of the same patient"
    hint = "correct one of the rows, or declare `repeated:` for the table"
    if isinstance(rows.rule.repeated, LatestBy):
        hint = f"correct one of the rows: {rows.rule.repeated.latest} does not tell which is the latest"
    findings.add(
        check="key.conflict",
        severity=Severity.NOTE if declared else Severity.ERROR,
        rows=pa.array(rows.numbers[at]),
        export=rows.export,
        sheet=rows.sheet,
        column=name,
        raw=rows.columns[name].raw_rows(at),
        message=_same_as(
            words + (", which stays as declared" if declared else ", so neither was taken"),
            rows,
            stays,
        ),
        hint="" if declared else hint,
    )


def _same_as(words: str, rows: Rows, stays: Index) -> pa.Array:
    return pa.array([words.format(number) for number in rows.numbers[stays]], pa.string())
