"""The table of real files in docs/formats.md: what the readers make of files that nobody here wrote.

ONECOHORT_REAL_DATA=… python tests/real_files.py    # writes the table anew
"""

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from onecohort.errors import ExportError
from onecohort.exports import Layout, list_tables, open_table

FOLDERS = ("aipal_france", "beataml2", "formats", "uci_heart")
PAGE = Path(__file__).parents[1] / "docs" / "formats.md"
BEGIN, END = "<!-- real files: begin -->", "<!-- real files: end -->"
_BESIDE = {".md", ".txt", ".names", ".R", ".py", ".sas", ""}  # licences, notes and programs

# What no file says of itself and a mapping declares.
_WRAPPED = {"delimiter": "whitespace", "columns": tuple(f"v{n}" for n in range(1, 77))}
DECLARED: dict[str, Layout] = {
    **{
        f"uci_heart/{name}.data": Layout(record_lines=10, **_WRAPPED)  # type: ignore[arg-type]
        for name in ("cleveland", "hungarian", "long-beach-va", "switzerland")
    },
    "uci_heart/new.data": Layout(
        record_lines=12, delimiter="whitespace", columns=tuple(f"v{n}" for n in range(1, 91))
    ),
    **{
        f"uci_heart/{name}": Layout(columns=tuple(f"v{n}" for n in range(1, 15)))
        for name in (
            "processed.hungarian.data",
            "processed.switzerland.data",
            "processed.va.data",
            "reprocessed.hungarian.data",
        )
    },
    **{f"formats/calamine/pass_protected.{s}": Layout(password="PW") for s in ("xlsx", "xlsb")},
}


def real_files(root: Path) -> Iterator[Path]:
    """Every data file below `root`, in order."""
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and path.suffix not in _BESIDE:
                yield path


def layouts(path: Path, root: Path) -> list[Layout]:
    """What reads the tables of a file: as declared above, else as a listing finds."""
    declared = DECLARED.get(path.relative_to(root).as_posix())
    if declared is not None:
        return [declared]
    found = [summary.layout for summary in list_tables(path, root=root)]
    return [layout if layout.sheet else replace(layout, delimiter=None) for layout in found]


def outcomes(path: Path, root: Path) -> Iterator[tuple[str, str]]:
    """Table name and "rows × columns" for every table of a file, or the one line of its refusal."""
    try:
        for layout in layouts(path, root):
            table = open_table(path, root=root, layout=layout)
            rows = faults = 0
            for batch in table.batches():
                rows += len(batch.rows)
                faults += len(batch.faults)
            size = f"{rows:,} × {len(table.columns)}" + (f", {faults} faults" if faults else "")
            name = layout.sheet or layout.instrument
            yield ("(base rows)" if layout.instrument == "" else name or ""), size
    except ExportError as refused:
        yield "", f"refused: {refused.mistakes[0].what}"


def table_of_real_files(root: Path) -> str:
    """The Markdown table."""
    lines = ["| file | table | rows × columns |", "|---|---|---|"]
    for path in real_files(root):
        name = path.relative_to(root).as_posix()
        lines += [f"| {name} | {table} | {size} |" for table, size in outcomes(path, root)]
    return "\n".join(lines)


def table_of_page() -> str:
    """The table as it stands in the documentation."""
    text = PAGE.read_text(encoding="utf-8")
    return text[text.index(BEGIN) + len(BEGIN) : text.index(END)].strip()


def main() -> None:
    """Write the table of the documentation anew."""
    root = os.environ.get("ONECOHORT_REAL_DATA")
    if not root:
        sys.exit("set ONECOHORT_REAL_DATA to the folder of the real data")
    text = PAGE.read_text(encoding="utf-8")
    head, tail = text[: text.index(BEGIN) + len(BEGIN)], text[text.index(END) :]
    PAGE.write_text(f"{head}\n{table_of_real_files(Path(root))}\n{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
