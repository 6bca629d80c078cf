"""How many planted defects a run names: with file row, source column, raw text and rule.

    make bench-defects                     (python -m benchmarks.defects [--rows 1000] [--dirty 0.15])

A defect is named where a finding stands at its row and column, with the text that stands there and the
rule that met it. A false alarm is a finding at any other cell. A patient is lost where the row does
not enter the cohort though its key is there: no other field of this study is required.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.generate import Defect, write_export
from onecohort.center import run_center
from onecohort.center_summary import CenterSummary
from onecohort.pool import COHORT, pool
from onecohort.pseudonym import find_key
from onecohort.study import load_study

STUDY = Path(__file__).parent / "study"
CENTER = "klinik"
EXPORT = "export.csv"  # as the mapping's `files` has it


@dataclass(frozen=True)
class Score:
    """What came of the planted defects.

    named            kind and column -> how many of how many were named, and the checks that did
    false_alarms     findings at cells that nobody spoilt
    repeated         findings at spoilt cells beyond the first of each
    lost             rows with a key that are not in the cohort
    """

    planted: Counter[tuple[str, str]]
    named: Counter[tuple[str, str]]
    checks: dict[tuple[str, str], set[str]]
    false_alarms: int
    repeated: int
    lost: int

    @property
    def is_perfect(self) -> bool:
        """Everything named once, nothing else said, nobody lost."""
        wrong = self.false_alarms or self.repeated or self.lost
        return self.named == self.planted and not wrong


def build_cohort(exports: Path, out: Path) -> CenterSummary:
    """Harmonize and pool the study's one center from an exports folder into `out`."""
    study = load_study(STUDY, exports=exports)
    summary = run_center(study, CENTER, out / "store", find_key(synthetic=True))
    if summary.state == "failed":
        raise RuntimeError(str(summary.error))
    pool(study, [summary], out)
    return summary


def score(defects: Sequence[Defect], rows: int, out: Path) -> Score:
    """Hold the findings of a run against the defects planted in an export of so many rows."""
    findings = pq.read_table(out / "findings.parquet").to_pylist()
    spoilt = {(defect.row, defect.column): defect for defect in defects}
    kind_of = {address: (defect.kind, defect.column) for address, defect in spoilt.items()}
    found: dict[tuple[int, str], str] = {}
    false_alarms = repeated = 0
    for finding in findings:
        address = (finding["row"], finding["column"])
        defect = spoilt.get(address)
        if defect is None:
            false_alarms += 1
        elif address in found:
            repeated += 1
        elif finding["raw"] == defect.raw and finding["rule"]:
            found[address] = finding["check"]
    checks: dict[tuple[str, str], set[str]] = {}
    for address, check in found.items():
        checks.setdefault(kind_of[address], set()).add(check)
    keyless = sum(defect.kind == "missing_key" for defect in defects)
    cohort = pq.read_metadata(out / COHORT).num_rows
    return Score(
        Counter(kind_of.values()),
        Counter(kind_of[address] for address in found),
        checks,
        false_alarms,
        repeated,
        rows - keyless - cohort,
    )


def show(result: Score) -> str:
    """The score as a table, kind by kind."""
    lines = [f"{'planted':<16}{'column':<16}{'named':>5}{'of':>6}  by the check"]
    for (kind, column), planted in sorted(result.planted.items()):
        named = result.named[kind, column]
        checks = ", ".join(sorted(result.checks.get((kind, column), ())))
        lines.append(f"{kind:<16}{column:<16}{named:>5}{planted:>6}  {checks}")
    lines += [
        f"{'':<32}{result.named.total():>5}{result.planted.total():>6}",
        "",
        f"false alarms {result.false_alarms} · named more than once {result.repeated} · "
        f"patients lost beside those without a key {result.lost}",
    ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--dirty", type=float, default=0.15)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        exports, out = Path(folder, "exports"), Path(folder, "out")
        exports.mkdir()
        out.mkdir()
        defects = write_export(exports / EXPORT, given.rows, dirty=given.dirty, seed=given.seed)
        build_cohort(exports, out)
        result = score(defects, given.rows, out)
    print(show(result))
    return 0 if result.is_perfect else 1


if __name__ == "__main__":
    sys.exit(main())
