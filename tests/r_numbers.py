"""The numbers that R printed, and the data sets that it and our estimators were given."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from onecohort.estimates import FloatArray

GOLDEN = Path(__file__).parent / "golden"


@dataclass(frozen=True)
class DataSet:
    """Columns of one data set, as tests/golden/r_survival.R reads it; `x` is (n, 3)."""

    time: FloatArray
    event: FloatArray
    group: FloatArray
    x: FloatArray
    strata: FloatArray
    cluster: FloatArray
    at: tuple[float, ...]
    until: float


def read_numbers(path: Path) -> dict[str, float | None]:
    """`name<tab>value` lines; NA becomes None."""
    with path.open(encoding="utf-8") as lines:
        rows = csv.reader(lines, delimiter="\t")
        return {name: None if text == "NA" else float(text) for name, text in rows}


def data_set(name: str) -> DataSet:
    """One of the data sets of r_survival.R."""
    at, until = SETTINGS[name]
    columns = _ties() if name == "ties" else _csv(GOLDEN / f"{name}.csv")
    return DataSet(
        time=columns["time"],
        event=columns["event"],
        group=columns["group"],
        x=np.column_stack([columns[key] for key in ("x1", "x2", "x3")]),
        strata=columns["strata"],
        cluster=columns["cluster"],
        at=at,
        until=until,
    )


SETTINGS: dict[str, tuple[tuple[float, ...], float]] = {
    "aml": ((9, 23, 48), 48),
    "lung": ((100, 310, 700), 365),
    "veteran": ((1, 80, 400), 365),
    "gbsg": ((365, 1000, 2000), 1825),
    "ties": ((6, 12, 24), 24),
}


def _csv(path: Path) -> dict[str, FloatArray]:
    with path.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    return {key: np.array([float(row[key]) for row in rows]) for key in rows[0]}


def _ties() -> dict[str, FloatArray]:
    """100,000 patients on 60 times, by whole numbers only: the formula of r_survival.R."""
    i = np.arange(100_000)
    k, x1, x2 = i * 7919 % 10007, i * 613 % 11, i * 271 % 2
    found = {
        "time": 1 + k * k * 60 // (10007 * 10007 + x1 * 9_000_000 + x2 * 40_000_000),
        "event": i * 31 % 97 < 60,
        "group": i % 3,
        "x1": x1,
        "x2": x2,
        "x3": i * 47 % 5,
        "strata": i * 17 % 7,
        "cluster": i * 13 % 25,
    }
    return {key: values.astype(np.float64) for key, values in found.items()}
