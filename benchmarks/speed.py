"""Processor seconds and peak memory of whole processes on the same export, program beside program.

    make bench                  (python -m benchmarks.speed [--large] [--repeat 3] [--polars PYTHON])

The programs take turns, so that a busy machine slows all of them. The table goes into benchmarks/README.md.
This process stays small on purpose: a child's peak begins with what its parent had in memory.
"""

import argparse
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.generate import write_export
from benchmarks.measure import Cost, machine, middle, run_process

HERE = Path(__file__).parent
README = HERE / "README.md"
DIRTY = 0.02  # share of spoilt rows
SIZES = (10_000, 100_000, 1_000_000)
LARGE = 10_000_000
_MEASURED = re.compile(r"(?<=<!-- measured -->\n).*(?=<!-- /measured -->)", re.DOTALL)


@dataclass(frozen=True)
class Program:
    """One program of the comparison; EXPORT, EXPORTS, OUT and FILE in its command are filled in.

    allowed    exit codes that are no failure: 1 of `onecohort build` means that there are findings
    largest    rows beyond which it is not asked
    """

    name: str
    command: tuple[str, ...]
    allowed: tuple[int, ...] = (0,)
    largest: int = SIZES[-1]


@dataclass(frozen=True)
class Line:
    """A line of the table."""

    rows: int
    program: str
    costs: tuple[Cost, ...]


def programs(polars: str | None) -> list[Program]:
    """What is compared; polars where an interpreter that has it is named."""
    onecohort = str(Path(sys.executable).with_name("onecohort"))
    study = str(HERE / "study")
    listed = [
        Program(
            "onecohort: exports to published cohort",
            (sys.executable, "-m", "benchmarks.cohort_only", "EXPORTS", "OUT"),
            largest=LARGE,
        ),
        Program(
            "onecohort build: the same, report and report card",
            (onecohort, "build", "--study", study, "--exports", "EXPORTS", "--out", "OUT"),
            allowed=(0, 1),
        ),
        Program(
            "pandas + pandera by hand",
            (sys.executable, str(HERE / "pandas_by_hand.py"), "EXPORT", "FILE"),
        ),
    ]
    if polars is None:
        print("polars is left out: name an interpreter that has it with --polars", file=sys.stderr)
        return listed
    script = str(HERE / "polars_transform.py")
    transform = Program("polars, transform only", (polars, script, "EXPORT", "FILE"), largest=LARGE)
    return [*listed, transform]


def measure(rows: int, compared: Sequence[Program], repeat: int, folder: Path) -> list[Line]:
    """Run all programs in turn, `repeat` times, on one export of so many rows."""
    exports = folder / f"exports_{rows}"
    exports.mkdir()
    write_export(exports / "export.csv", rows, dirty=DIRTY)
    asked = [program for program in compared if rows <= program.largest]
    costs: dict[str, list[Cost]] = {program.name: [] for program in asked}
    for _ in range(repeat):
        for program in asked:
            costs[program.name].append(run_once(program, exports, folder))
    shutil.rmtree(exports)
    return [Line(rows, name, tuple(found)) for name, found in costs.items()]


def run_once(program: Program, exports: Path, folder: Path) -> Cost:
    """Run a program into a fresh folder, which is then removed."""
    out = Path(tempfile.mkdtemp(dir=folder))
    filled = {
        "EXPORT": str(exports / "export.csv"),
        "EXPORTS": str(exports),
        "OUT": str(out),
        "FILE": str(out / "cohort.parquet"),
    }
    command = [filled.get(part, part) for part in program.command]
    cost = run_process(command, folder=HERE.parent, told=out / "told.txt", allowed=program.allowed)
    shutil.rmtree(out)
    return cost


def show(lines: Sequence[Line]) -> str:
    """The table, in Markdown."""
    told = [
        "| rows | program | CPU s | rows per CPU s | wall s | peak MB |",
        "|---:|---|---:|---:|---:|---:|",
    ]
    for line in lines:
        cost = middle(line.costs)
        spread = f"{cost.cpu:.2f}"
        if len(line.costs) > 1:
            each = [one.cpu for one in line.costs]
            spread += f" ({min(each):.2f} to {max(each):.2f})"
        pace = round(line.rows / cost.cpu, -2)
        told.append(
            f"| {line.rows:,} | {line.program} | {spread} | {pace:,.0f} | {cost.wall:.1f} "
            f"| {cost.peak:.0f} |"
        )
    return "\n".join(told)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--large", action="store_true", help="10,000,000 rows as well")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--polars", help="interpreter of an environment that has polars")
    given = parser.parse_args()
    heading, compared = machine(), programs(given.polars)
    lines: list[Line] = []
    with tempfile.TemporaryDirectory() as name:
        for rows in [*given.sizes, *([LARGE] if given.large else [])]:
            repeat = 1 if rows == LARGE else given.repeat
            lines += measure(rows, compared, repeat, Path(name))
            print(f"{rows:,} rows done", file=sys.stderr)
    table = f"{heading}\n\n{show(lines)}\n"
    print(table)
    text = README.read_text(encoding="utf-8")
    README.write_text(_MEASURED.sub(lambda _: table, text), encoding="utf-8")


if __name__ == "__main__":
    main()
