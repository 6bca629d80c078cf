"""A table of the analysis as text: page, CSV and workbook show the same cells."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line; a heading has its words in the first cell and, it may be, a p in the last."""

    cells: tuple[str, ...]
    kind: str = "plain"  # plain | heading | indented


@dataclass(frozen=True)
class Table:
    """One table with its note."""

    id: str
    title: str
    head: tuple[str, ...]
    rows: tuple[Row, ...]
    note: str = ""
