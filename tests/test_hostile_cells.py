"""Whatever stands in a cell, a center is done or its export is refused: never a traceback, never a leak.

The sample's text exports are damaged at random, with the texts that real exports and bad luck produce; the
balance is checked by the run itself, so that a value that vanished fails here.
"""

import csv
import io
import random
import shutil
from pathlib import Path

import pytest

from onecohort.center import run_center
from onecohort.pseudonym import find_key
from onecohort.study import Study, load_study

NASTY = (
    "", " ", "\u00a0", "\u200b", "<5", ">90", "≤ 3", "< 1,5", "31/02/2019", "12.03.2109", "29/02/1900",
    "0000-00-00", "01/01/0001", "12/2019", "2019", "45000", "1e308", "1e400", "-1", "NaN", "inf", "NULL",
    "n.d.", "e\u0301", "\u0301", "a" * 5000, "=1+1", '"', "1.234,5", "1,5", "1.5", "1.2.3", "٣", "①", "½",
    "100%", "%", "3 x 10^3", "10^3", "x10^3", "99999999999999999999", "true", "x", "☃", "--", "a|b", "a;b",
    "1\n2", "\t", "'", "{}", "null",
)  # fmt: skip
FILES = (
    ("adige", "utf-8"), ("dora", "cp1252"), ("piave", "utf-8"), ("ticino", "utf-8"),
)  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Study:
    root = tmp_path_factory.mktemp("study")
    for name in ("schemas", "center_mappings", "sample_exports"):
        shutil.copytree(project / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    return load_study(root)


def _damage(text: str, chance: random.Random) -> str:
    """The rows with some cells replaced, rows repeated, blanked, dropped, cut short or grown."""
    delimiter = ";" if text.splitlines()[0].count(";") > text.splitlines()[0].count(",") else ","
    rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    for _ in range(chance.choice([1, 3, 30, 200])):
        number = chance.randrange(1, len(rows))
        row, kind = rows[number], chance.random()
        if kind < 0.80 and row:
            row[chance.randrange(len(row))] = chance.choice(NASTY)
        elif kind < 0.85:
            rows.insert(number, list(row))
        elif kind < 0.90:
            rows[number] = [""] * len(row)
        elif kind < 0.93 and len(rows) > 3:
            del rows[number]
        else:
            rows[number] = row[:-1] if kind < 0.96 else [*row, "extra"]
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue()


@pytest.mark.parametrize("seed", range(24))
def test_damaged_cells_never_break_the_engine(study: Study, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    center, encoding = FILES[seed % len(FILES)]
    paths = [
        p for p in sorted((study.exports / center).glob("*.csv")) if "diz" not in p.name.lower()
    ]
    path = chance.choice([p for p in paths if "dictionary" not in p.name.lower()])
    clean = path.read_bytes()
    try:
        damaged = _damage(clean.decode(encoding), chance)
        path.write_bytes(damaged.encode(encoding, errors="replace"))
        summary = run_center(study, center, tmp_path, find_key(synthetic=True), fresh=True)
    finally:
        path.write_bytes(clean)
    assert summary.cause in (None, "export"), summary.error
    if summary.state == "done":
        for name, rows in summary.tables.items():
            right = rows["cohort"] + rows["quarantined"] + rows["merged"] + rows["left_out"]
            assert rows["delivered"] == right, name
