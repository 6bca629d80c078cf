"""Which tables a delivery holds, what reads them, and what tells one patient from another there."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from onecohort.exports import Layout, TableSummary, list_tables, open_table
from onecohort.profiling import ColumnProfile, TableProfile, profile_table
from onecohort.schema import CohortSchema
from onecohort.study import Study
from onecohort.suggest import Memory, rank_fields
from onecohort.suggest.sources import KEY_FIELD, source_column, target_field
from onecohort.suggest.wording import fold, spelled_out

DICTIONARY_HEADING = "Variable / Field Name"  # of a REDCap data dictionary, which is no table
UNIQUE = 0.9  # distinct keys per row from which a table has one row per patient
MERGED_BELOW = 0.8  # share of filled keys under which merged cells are filled down
TOTALS = frozenset(("totale", "totali", "total", "totals", "media", "mean", "somma", "sum"))


@dataclass(frozen=True)
class DraftTable:
    """A table of the draft.

    files     glob below the exports' folder
    layout    what reads it
    declared  what has to be declared of the layout, as the mapping language spells it
    key       the column that most likely tells one patient from another, with the reason
    rows      "one" or "many" per patient
    totals    (column, text) of rows of totals: the key, or the first column where the key is blank
    zero_pad  digits of the key, where leading zeros were lost in one of several tables
    """

    name: str
    files: str
    layout: Layout
    declared: Mapping[str, str]
    profile: TableProfile
    key: str
    why_key: str
    rows: str
    totals: tuple[tuple[str, str], ...] = ()
    zero_pad: int | None = None

    def column(self, name: str) -> ColumnProfile:
        """The profile of one column."""
        return next(column for column in self.profile.columns if column.name == name)


def find_tables(
    study: Study, files: Sequence[Path], memory: Memory
) -> tuple[list[DraftTable], list[str]]:
    """The tables of some files, that of the patients first, and what was left aside and why."""
    root = study.exports
    summaries: list[tuple[Path, TableSummary]] = []
    skipped: list[str] = []
    dictionaries: list[Path] = []
    for path in (path.resolve() for path in files):
        for summary in list_tables(path, root=root):
            if summary.columns and summary.columns[0] == DICTIONARY_HEADING:
                dictionaries.append(path)
            else:
                summaries.append((path, summary))
    found: list[DraftTable] = []
    for path, summary in summaries:
        if len(summary.columns) < 2:
            skipped.append(f"{_title(summary)} has one column")
            continue
        layout = summary.layout
        if layout.format == "redcap" and dictionaries:
            layout = replace(layout, dictionary=Path(dictionaries[0].name))
        table = _read(path, layout, summary, study, memory)
        if table is None:
            skipped.append(f"{_title(summary)} has no column that tells patients apart")
        else:
            found.append(table)
    return _padded(_named(_patients_first(_own_columns(found)))), skipped


def _title(summary: TableSummary) -> str:
    return f"{summary.export} {summary.sheet}" if summary.sheet else summary.export


def _read(
    path: Path, layout: Layout, summary: TableSummary, study: Study, memory: Memory
) -> DraftTable | None:
    table = open_table(path, root=study.exports, layout=layout)
    profile = profile_table(table)
    key = _key(profile, study.schema, memory)
    if key is not None and key.filled < MERGED_BELOW * key.rows and "merged_ranges" in table.facts:
        # A merged cell holds the key of several rows; only its first has the text.
        layout = replace(layout, merged="fill")
        profile = profile_table(open_table(path, root=study.exports, layout=layout))
        key = next(column for column in profile.columns if column.name == key.name)
    if key is None or not key.filled:
        return None
    one = key.distinct_at_least or key.distinct >= UNIQUE * key.filled
    return DraftTable(
        name=_slug(summary.sheet or layout.instrument or path.stem, path.parent.name),
        files=_glob(path, study.exports),
        layout=layout,
        declared=_declared(layout, table.facts),
        profile=profile,
        key=key.name,
        why_key=_why_key(key),
        rows="one" if one else "many",
        totals=_totals(key, profile.columns[0]),
    )


def _why_key(key: ColumnProfile) -> str:
    least = "more than " if key.distinct_at_least else ""
    return f"{least}{key.distinct:,} different texts in {key.filled:,} of {key.rows:,} rows"


def _totals(key: ColumnProfile, first: ColumnProfile) -> tuple[tuple[str, str], ...]:
    return tuple(
        dict.fromkeys(
            (column.name, text)
            for column in (key, first)
            for text, _ in column.texts
            if fold(text) in TOTALS
        )
    )


def _key(profile: TableProfile, schema: CohortSchema, memory: Memory) -> ColumnProfile | None:
    """The column that is most like a patient's code; the first identifier where none is."""
    fields = [target_field(field) for field in schema.fields.values() if field.name == KEY_FIELD]
    columns = profile.columns
    rankings = rank_fields([source_column(c) for c in columns], fields, memory, limit=1)
    scores = [ranking[0].score if ranking else 0.0 for ranking in rankings]
    best = max(range(len(columns)), key=lambda place: (scores[place], -place))
    if scores[best] >= 0.05:
        return columns[best]
    return next((c for c in columns if c.appearance.looks == "identifier"), None)


def _slug(text: str, folder: str) -> str:
    """A table's name: letters only, without the name of the center's folder."""
    words = re.sub(r"[^a-z]+", " ", fold(text)).split()
    own = [word for word in words if word != fold(folder)]
    return "_".join(own or words) or "data"


def _glob(path: Path, root: Path) -> str:
    """The file's name with dates and numbers open, so that the next delivery is found as well."""
    folder = path.parent.relative_to(root.resolve())
    same = [other for other in path.parent.glob(f"*{path.suffix}") if other.is_file()]
    if len(same) == 1:
        name = f"*{path.suffix}"
    else:
        name = re.sub(r"\d[\d_.-]*\d|\d+", "*", path.stem) + path.suffix
        if sorted(path.parent.glob(name))[-1:] != [path]:
            name = path.name
    return (folder / name).as_posix()


def _declared(layout: Layout, facts: Mapping[str, object]) -> dict[str, str]:
    delimiter = {"\t": "tab"}.get(str(facts.get("delimiter")), str(facts.get("delimiter", "")))
    encoding = str(facts.get("encoding", ""))
    given: dict[str, str | None] = {
        "format": layout.format,
        "sheet": layout.sheet,
        "header_row": str(layout.header_row) if (layout.header_row or 1) > 1 else None,
        "header_rows": str(layout.header_rows) if layout.header_rows > 1 else None,
        "encoding": encoding if facts.get("encoding_from") and encoding != "utf-8" else None,
        "delimiter": delimiter if delimiter not in ("", ",") else None,
        "merged": "fill" if layout.merged == "fill" else None,
        "instrument": layout.instrument,
        "event": layout.event,
        "dictionary": layout.dictionary.name if layout.dictionary else None,
    }
    return {key: text for key, text in given.items() if text is not None}


def _own_columns(tables: Sequence[DraftTable]) -> list[DraftTable]:
    """Each instrument of a REDCap export with the columns that its own rows fill.

    All instruments share one header; a column that none of them fills stays with the first.
    """
    own = [table for table in tables if table.layout.instrument is not None]
    filled = {(t.profile.export, c.name) for t in own for c in t.profile.columns if c.filled}
    out, seen = [], set[str]()
    for table in tables:
        export = table.profile.export
        if table in own:
            columns = tuple(
                column
                for column in table.profile.columns
                if column.filled or (export not in seen and (export, column.name) not in filled)
            )
            seen.add(export)
            table = replace(table, profile=replace(table.profile, columns=columns))
        out.append(table)
    return out


def _patients_first(tables: Sequence[DraftTable]) -> list[DraftTable]:
    """The patients' own table leads, else the widest with one row per patient."""
    return sorted(
        tables,
        key=lambda table: (
            table.rows == "many",
            "patient" not in spelled_out(table.name),
            -len(table.profile.columns),
        ),
    )


def _named(tables: Sequence[DraftTable]) -> list[DraftTable]:
    """Tables whose names differ, numbered where they would not."""
    seen: Counter[str] = Counter()
    out = []
    for table in tables:
        seen[table.name] += 1
        number = seen[table.name]
        out.append(replace(table, name=table.name if number == 1 else f"{table.name}_{number}"))
    return out


def _padded(tables: Sequence[DraftTable]) -> list[DraftTable]:
    """Ids of digits that lost their leading zeros in one of several tables get them back."""
    texts = [[text for text, _ in table.column(table.key).texts] for table in tables]
    flat = [text for own in texts for text in own]
    if len(tables) < 2 or not all(text.isdigit() for text in flat):
        return list(tables)
    with_zeros = {len(text) for text in flat if text.startswith("0") and len(text) > 1}
    if len(with_zeros) != 1 or {len(text) for text in flat} == with_zeros:
        return list(tables)
    return [replace(table, zero_pad=max(with_zeros)) for table in tables]
