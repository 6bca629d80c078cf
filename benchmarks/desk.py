"""How long a person waits for each command at the desk, whole processes.

    python -m benchmarks.desk [REPEATS]

The study is a copy of the sample. Drafts are of an export of 200 columns x 10,000 rows, Italian names
and texts, and of 1,000,000 rows of `generate.py`. The table goes into benchmarks/README.md.
"""

import csv
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.generate import write_export
from benchmarks.measure import Cost, machine, middle, run_process

ROOT = Path(__file__).parents[1]
README = Path(__file__).with_name("README.md")
STUDY = ("schemas", "center_mappings", "sample_exports")
NAMES = ("Sesso", "Emoglobina", "Data visita", "Eziologia", "Nota")
TEXTS = (
    ("M", "F"),
    ("9,8", "11,2", "n.d."),
    ("13/01/2019",),
    ("de novo", "t-LAM"),
    ("a", "b", "c"),
)
WIDE, LONG = "sample_exports/wide.csv", "sample_exports/long.csv"
COMMANDS = (
    "--help",
    "fields",
    "check",
    "explain tevere TEV01",
    "preview dora",
    "build --fresh",
    "build",
    f"profile {WIDE}",
    f"draft sarca {WIDE}",
    f"draft sarca {LONG}",
)
_MEASURED = re.compile(r"(?<=<!-- desk -->\n).*(?=<!-- /desk -->)", re.DOTALL)


def wide_rows(columns: int, rows: int) -> Iterator[list[str]]:
    """A header and the rows of an export whose columns look like a hospital's."""
    yield ["Codice", *(f"{NAMES[i % 5]} {i}" for i in range(columns - 1))]
    for row in range(rows):
        texts = (TEXTS[i % 5] for i in range(columns - 1))
        yield [f"S-{row:05}", *(choice[row % len(choice)] for choice in texts)]


def measure(command: str, study: Path, repeats: int) -> Cost:
    """The median of some runs of `onecohort command`; what a draft wrote is removed again."""
    onecohort = str(Path(sys.executable).with_name("onecohort"))
    costs = []
    for _ in range(repeats):
        told = study / "told.txt"
        costs.append(
            run_process((onecohort, *command.split()), folder=study, told=told, allowed=(0, 1))
        )
        (study / "center_mappings" / "sarca.yaml").unlink(missing_ok=True)
    return middle(costs)


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    lines = ["| command | wall s | CPU s | peak MB |", "|---|---:|---:|---:|"]
    with tempfile.TemporaryDirectory() as name:
        study = Path(name)
        for part in STUDY:
            shutil.copytree(ROOT / part, study / part)
        with (study / WIDE).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, delimiter=";").writerows(wide_rows(200, 10_000))
        write_export(study / LONG, 1_000_000, dirty=0.02)
        for command in COMMANDS:
            cost = measure(command, study, repeats)
            row = f"{cost.wall:.1f} | {cost.cpu:.1f} | {cost.peak:.0f}"
            lines.append(f"| `onecohort {command}` | {row} |")
            print(lines[-1], file=sys.stderr)
    table = f"{machine()}\n\n" + "\n".join(lines) + "\n"
    text = README.read_text(encoding="utf-8")
    README.write_text(_MEASURED.sub(lambda _: table, text), encoding="utf-8")


if __name__ == "__main__":
    main()
