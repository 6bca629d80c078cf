"""What is different since the last run: findings new, fixed, persisting, worse; patients changed.

Rows move when a center inserts one, files get the date of the day, so a finding is recognised by where
it stands for a person: center, export without its date, column, field, check, the patient where known,
and the text of the cell. Only what is left over is told apart by its row.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    import pandas as pd

RANKS = ("note", "warning", "error")
DATES = re.compile(
    r"""
      20\d\d [-_.]? (?:0\d|1[0-2]) (?:[-_.]? [0-3]\d)?      # 2021-06-15, 202106
    | [0-3]\d [-_.] (?:0\d|1[0-2]) [-_.] (?:20)?\d\d        # 15-06-2021
    | (?: jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec     # june2021, giugno2021
        | gen|mag|giu|lug|ago|set|ott|dic) [a-z]* [-_. ]? (?:20)?\d\d
    | 20\d\d
    """,
    re.VERBOSE,
)
# The ways to meet a finding again, the surest first: what must be the same of both.
PLACE = ("center", "stem", "column", "field", "check")
PASSES = (
    (*PLACE, "patient", "raw"),
    (*PLACE, "patient"),
    (*PLACE, "raw", "row"),
    (*PLACE, "raw"),
    (*PLACE, "row"),
)


@dataclass(frozen=True)
class FindingChanges:
    """How each finding stands to those of the last run.

    status   (n,) "new", "persisting" or "worse" (the same, now more severe); null without a last run
    fixed    the findings of the last run that are no more, as they stood there
    grown    (m,) center, field, check, before, now: findings that are more than they were
    """

    status: pa.Array
    fixed: pa.Table
    grown: pa.Table


@dataclass(frozen=True)
class FollowUp:
    """The fields that say how long and to what end a patient was followed."""

    status: str = "vital_status"
    dead: str = "dead"
    death: str = "death_date"
    contact: str = "last_contact_date"


@dataclass(frozen=True)
class CohortChanges:
    """How the cohort stands to that of the last run.

    added, gone   center, patient_id
    absent        those gone whose whole center is absent from the new cohort
    changed       center, patient_id, field, before, after: texts, null where there was no value
    backwards     center, patient_id, days: follow-up that ends earlier than it did
    revived       center, patient_id: dead in the last run, not dead now
    """

    added: pa.Table
    gone: pa.Table
    absent: pa.Table
    changed: pa.Table
    backwards: pa.Table
    revived: pa.Table

    @property
    def patients_changed(self) -> pa.Table:
        """(m,) center and patient_id of every patient with a changed value."""
        return (
            self.changed.select(["center", "patient_id"])
            .group_by(["center", "patient_id"])
            .aggregate([])
        )


def compare_findings(
    new: pa.Table,
    old: pa.Table | None,
    *,
    patients: pa.Table | None = None,
    old_patients: pa.Table | None = None,
) -> FindingChanges:
    """Meet the findings of two runs again.

    patients, old_patients   lineage of each run (center, export, sheet, row, patient_id), where
                             the pseudonyms of both runs are of one key; else None
    """
    if old is None:
        nothing = pa.nulls(new.num_rows, pa.string())
        return FindingChanges(nothing, new.slice(0, 0), _grown_table([]))
    linked = patients is not None and old_patients is not None
    here = _addressed(new, patients if linked else None)
    there = _addressed(old, old_patients if linked else None)
    match = _match(here, there)
    status = np.where(match >= 0, "persisting", "new").astype(object)
    met = np.flatnonzero(match >= 0)
    rank, before = _ranks(new), _ranks(old)
    status[met[rank[met] > before[match[met]]]] = "worse"
    fixed = np.setdiff1d(np.arange(old.num_rows), match[met])
    return FindingChanges(
        pa.array(status, pa.string()), old.take(pa.array(fixed)), _grown(new, old)
    )


def findings_status(new: pa.Table, old: pa.Table | None) -> pa.Array:
    """The status of each finding, where nothing is known of the patients behind the rows."""
    return compare_findings(new, old).status


def compare_cohorts(
    new: pa.Table, old: pa.Table, *, follow_up: FollowUp | None = None
) -> CohortChanges:
    """Compare two cohorts patient by patient; their pseudonyms must be of one key."""
    follow_up = follow_up or FollowUp()
    after, before = new.to_pandas(), old.to_pandas()
    known = after["patient_id"].isin(before["patient_id"])
    gone = before.loc[~before["patient_id"].isin(after["patient_id"]), ["center", "patient_id"]]
    away = ~gone["center"].isin(after["center"])
    common = [name for name in new.schema.names if name in old.schema.names]
    both = after.loc[known, common].set_index("patient_id").sort_index()
    earlier = before[common].set_index("patient_id").loc[both.index]
    return CohortChanges(
        added=_pairs(after.loc[~known, ["center", "patient_id"]]),
        gone=_pairs(gone),
        absent=_pairs(gone[away]),
        changed=_changed(both, earlier),
        backwards=_backwards(both, earlier, follow_up),
        revived=_revived(both, earlier, follow_up),
    )


def _addressed(findings: pa.Table, lineage: pa.Table | None) -> "pd.DataFrame":
    coded = findings.column("export").combine_chunks().dictionary_encode()
    stems = [_stem(name) for name in coded.dictionary.to_pylist()]
    stem = pa.array(stems, pa.string()).take(coded.indices)
    names = ["center", "export", "sheet", "row", "column", "field", "check", "raw"]
    frame: pd.DataFrame = findings.select(names).append_column("stem", stem).to_pandas()
    if lineage is None:
        frame["patient"] = None
    else:
        rows = ["center", "export", "sheet", "row"]
        known = lineage.select([*rows, "patient_id"]).to_pandas().drop_duplicates(rows)
        known["row"] = known["row"].astype("float64")
        frame["row"] = frame["row"].astype("float64")
        frame["patient"] = frame.merge(known, on=rows, how="left")["patient_id"].to_numpy()
    return frame


def _stem(export: str) -> str:
    """The name of a file without folder, suffix, date and version.

    >>> _stem("dora/LAM_HMA_dora_giugno2021.csv"), _stem("dora/LAM_HMA_dora_2022-01-09 (2).csv")
    ('lamhmadora', 'lamhmadora')
    """
    name = export.lower().rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return re.sub(r"[^a-z]+", "", DATES.sub("", name))


def _match(
    here: "pd.DataFrame", there: "pd.DataFrame"
) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """(n,) position in `there` of the same finding, or -1; each is met once."""
    match = np.full(len(here), -1, np.int64)
    taken = np.zeros(len(there), bool)
    for keys in PASSES:
        left = here.loc[match < 0, list(keys)]
        right = there.loc[~taken, list(keys)]
        if "patient" in keys:
            left, right = left[left["patient"].notna()], right[right["patient"].notna()]
        left, right = left.assign(_here=left.index), right.assign(_there=right.index)
        left["_nth"] = left.groupby(list(keys), dropna=False).cumcount()
        right["_nth"] = right.groupby(list(keys), dropna=False).cumcount()
        both = left.merge(right, on=[*keys, "_nth"], how="inner")
        match[both["_here"].to_numpy()] = both["_there"].to_numpy()
        taken[both["_there"].to_numpy()] = True
    return match


def _ranks(findings: pa.Table) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    ranks = pc.index_in(findings.column("severity"), value_set=pa.array(RANKS))
    return np.asarray(ranks.combine_chunks().fill_null(0).to_numpy().astype(np.int64))


def _grown(new: pa.Table, old: pa.Table) -> pa.Table:
    keys = ["center", "field", "check"]
    counts = [
        t.select(keys).append_column("n", t.column("severity")).group_by(keys) for t in (new, old)
    ]
    now, before = (
        {tuple(r[k] for k in keys): r["n_count"] for r in c.aggregate([("n", "count")]).to_pylist()}
        for c in counts
    )
    return _grown_table(
        [
            (*key, before[key], n)
            for key, n in sorted(now.items(), key=str)
            if n > before.get(key, n)
        ]
    )


def _grown_table(rows: Sequence[tuple[object, ...]]) -> pa.Table:
    kinds = {"center": pa.string(), "field": pa.string(), "check": pa.string()}
    kinds |= {"before": pa.int64(), "now": pa.int64()}
    columns = list(zip(*rows, strict=True)) or [()] * len(kinds)
    return pa.table({n: pa.array(c, k) for (n, k), c in zip(kinds.items(), columns, strict=True)})


def _changed(after: "pd.DataFrame", before: "pd.DataFrame") -> pa.Table:
    parts: list[pa.Table] = []
    for name in after.columns:
        now, then = after[name], before[name]
        differs = ((now != then) & ~(now.isna() & then.isna())).fillna(True).to_numpy(dtype=bool)
        if not differs.any():
            continue
        parts.append(
            pa.table(
                {
                    "center": _texts(after.loc[differs, "center"]),
                    "patient_id": _texts(after.index[differs].to_series()),
                    "field": pa.repeat(str(name), int(differs.sum())),
                    "before": _texts(then[differs]),
                    "after": _texts(now[differs]),
                }
            )
        )
    names = ("center", "patient_id", "field", "before", "after")
    return pa.concat_tables(parts) if parts else _empty({name: pa.string() for name in names})


def _backwards(after: "pd.DataFrame", before: "pd.DataFrame", fields: FollowUp) -> pa.Table:
    if not {fields.death, fields.contact} <= set(after.columns):
        return _empty({"center": pa.string(), "patient_id": pa.string(), "days": pa.int64()})
    days = (_end(before, fields) - _end(after, fields)).dt.days
    shorter = (days > 0).to_numpy(dtype=bool)
    found = _pairs(after.loc[shorter, ["center"]].reset_index())
    return found.append_column(
        "days", pa.array(days[shorter].astype("int64").to_numpy(), pa.int64())
    )


def _end(frame: "pd.DataFrame", fields: FollowUp) -> "pd.Series":
    import pandas as pd

    return pd.to_datetime(frame[fields.death]).fillna(pd.to_datetime(frame[fields.contact]))


def _revived(after: "pd.DataFrame", before: "pd.DataFrame", fields: FollowUp) -> pa.Table:
    if fields.status not in after.columns:
        return _empty({"center": pa.string(), "patient_id": pa.string()})
    was = (before[fields.status] == fields.dead).fillna(False).to_numpy(dtype=bool)
    known = after[fields.status].notna().to_numpy(dtype=bool)
    still = (after[fields.status] == fields.dead).fillna(False).to_numpy(dtype=bool)
    return _pairs(after.loc[was & known & ~still, ["center"]].reset_index())


def _pairs(frame: "pd.DataFrame") -> pa.Table:
    return pa.table({"center": _texts(frame["center"]), "patient_id": _texts(frame["patient_id"])})


def _texts(values: "pd.Series") -> pa.Array:
    return pa.Array.from_pandas(values.astype("str").where(values.notna(), None), type=pa.string())


def _empty(kinds: Mapping[str, pa.DataType]) -> pa.Table:
    return pa.schema(list(kinds.items())).empty_table()
