"""Names of columns: from one or several header rows, each name once, none empty."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from onecohort.errors import ExportError

_LOOKED_AT = 30  # rows in which a header is looked for
_NUMBER_SIGNS = str.maketrans("", "", ",.-/: ")  # of numbers, dates and times


@dataclass(frozen=True)
class Header:
    """Names of a table's columns, and which of them had to be made up or told apart."""

    columns: tuple[str, ...]
    unnamed: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()

    def facts(self) -> dict[str, object]:
        """What the manifest states of the names."""
        facts: dict[str, object] = {}
        if self.repeated:
            facts["repeated_names"] = list(self.repeated)
        if self.unnamed:
            facts["unnamed_columns"] = list(self.unnamed)
        return facts


def name_columns(rows: Sequence[Sequence[str]]) -> Header:
    """Join header rows cell by cell with a blank; then make each name stand once.

    A repeated name gets " (2)", an empty one "column 7". Line breaks and runs of blanks inside a
    name become one blank, as a wrapped header cell is read by a person.
    """
    width = max((len(row) for row in rows), default=0)
    padded = [[*row, *[""] * (width - len(row))] for row in rows]
    joined = [" ".join(" ".join(parts).split()) for parts in zip(*padded, strict=True)]
    names: list[str] = []
    repeated: list[str] = []
    unnamed: list[str] = []
    taken = set(joined)
    seen: set[str] = set()
    for number, text in enumerate(joined, start=1):
        name = text or f"column {number}"
        if name in seen or (not text and name in taken):
            name = _free(name, seen | taken)
            repeated.append(name)
        if not text:
            unnamed.append(name)
        seen.add(name)
        names.append(name)
    return Header(tuple(names), tuple(unnamed), tuple(repeated))


def _free(name: str, taken: set[str]) -> str:
    number = 2
    while f"{name} ({number})" in taken:
        number += 1
    return f"{name} ({number})"


def declared_columns(columns: Sequence[str], *, where: str) -> Header:
    """Names from the mapping, for a file without a header row; each must stand once."""
    twice = sorted(name for name, times in Counter(columns).items() if times > 1)
    if twice:
        raise ExportError(where, f"columns: names {', '.join(twice)} more than once")
    return Header(tuple(columns))


def likely_header_row(rows: Sequence[Sequence[str]]) -> int:
    """The row (1-based) that most looks like a header: the first full row of distinct words.

    Full means: as many filled cells as the fullest of the rows looked at, one less allowed from four
    on, so titles and notes above a table are passed over. Where no row qualifies, the first filled
    one.
    """
    looked = [[cell.strip() for cell in row] for row in rows[:_LOOKED_AT]]
    filled = [[cell for cell in row if cell] for row in looked]
    fullest = max((len(row) for row in filled), default=0)
    needed = fullest - 1 if fullest >= 4 else max(fullest, 1)
    for number, cells in enumerate(filled, start=1):
        if len(cells) < needed or len(set(cells)) < len(cells):
            continue
        if not any(filled[number:]):
            break
        if sum(_is_number(cell) for cell in cells) * 2 <= len(cells):
            return number
    return next((number for number, cells in enumerate(filled, start=1) if cells), 1)


def _is_number(text: str) -> bool:
    return text.translate(_NUMBER_SIGNS).isdigit()


def require_header(
    row: Sequence[str], number: int, rows: Sequence[Sequence[str]], where: str
) -> None:
    """Raise ExportError if the header row is blank, naming the row that looks like one."""
    if any(cell.strip() for cell in row):
        return
    if not any(cell.strip() for other in rows for cell in other):
        raise ExportError(where, "holds no text in any row", "ask for the file again")
    raise ExportError(
        where,
        f"row {number} is blank and cannot be the header",
        f"declare header_row: {likely_header_row(rows)} (the first row that looks like one)",
    )
