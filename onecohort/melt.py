"""Several rows of one: repeated columns of a wide table (`GB v1`, `GB v2`) below each other."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from onecohort.mapping.melted import Melt
from onecohort.rows import Index, Melted, Rows
from onecohort.rules.coded import Coded, encode_texts


def melt_rows(rows: Rows, melt: Melt) -> Rows:
    """Each row of a file as its parts, one below the other; all lists of `melt` have one length.

    A part whose cells are all blank is no row. But a row with no such cell at all stays as one: its
    key and its other columns say something of their own.
    """
    blank = [
        np.stack([rows.columns[name].blank_rows for name in names], axis=1)
        for names in melt.values()
    ]
    stays = ~np.logical_and.reduce(blank)
    stays[:, 0] |= ~stays.any(axis=1)
    of_cells, part = (found.astype(np.int64) for found in np.nonzero(stays))
    whole = {real for names in melt.values() for real in names}
    columns = {
        name: column.select(of_cells) for name, column in rows.columns.items() if name not in whole
    }
    for new, names in melt.items():
        columns[new] = _below_each_other([rows.columns[name] for name in names], of_cells, part)
    return Rows(
        rows.table,
        rows.rule,
        rows.export,
        rows.sheet,
        rows.numbers[of_cells],
        columns,
        rows.keys.take(pa.array(of_cells)),
        rows.fates[of_cells],
        rows.cells,
        rows.missing,
        lost=rows.lost,
        melted=Melted(melt, part, of_cells),
    )


def _below_each_other(parts: list[Coded], rows: Index, part: Index) -> Coded:
    """One column of some rows of several, each of the one that its part says."""
    starts = np.cumsum([0, *(len(column.raw) for column in parts)])
    codes = np.stack([column.codes + start for column, start in zip(parts, starts, strict=False)])
    raw = pa.concat_arrays([column.raw for column in parts])
    return encode_texts(codes[part, rows].astype(np.int32), raw)


def melt_missing(
    declared: Mapping[str, frozenset[str]], melt: Melt | None
) -> dict[str, frozenset[str]]:
    """Per column the texts that the file declares missing; of a new one those of all its columns."""
    made = {
        new: frozenset[str]().union(*(declared.get(name, ()) for name in names))
        for new, names in (melt or {}).items()
    }
    return {**declared, **made}
