"""What a whole process costs (processor seconds, peak memory, wall time), and on which machine."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib import metadata
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Cost:
    """One run of a program, as the system accounts for it.

    cpu     user and system seconds
    peak    megabytes of resident memory at most
    wall    seconds from start to end
    """

    cpu: float
    peak: float
    wall: float


def run_process(
    command: Sequence[str], *, folder: Path, told: Path, allowed: Sequence[int] = (0,)
) -> Cost:
    """Run a program to its end; raises RuntimeError with its last words where it fails.

    folder    working directory
    told      file for what it prints
    allowed   exit codes that are no failure
    """
    started = time.perf_counter()
    with told.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)  # wait4 took the status from Popen
    if process.returncode not in allowed:
        words = told.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise RuntimeError(f"{command[0]} ended with {process.returncode}:\n{words}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, wall)


def middle(costs: Sequence[Cost]) -> Cost:
    """The median of each figure."""
    return Cost(
        median(cost.cpu for cost in costs),
        median(cost.peak for cost in costs),
        median(cost.wall for cost in costs),
    )


def machine() -> str:
    """Date and machine, as the table's heading says them."""
    model = "an unknown processor"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo.read_text(), re.MULTILINE)
        model = found[1].strip() if found else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    versions = ", ".join(
        f"{name} {metadata.version(name)}" for name in ("pandas", "pandera", "pyarrow")
    )
    python = ".".join(map(str, sys.version_info[:3]))
    load = os.getloadavg()[0]
    return (
        f"{date.today()}, {model}, {os.cpu_count()} cores, {memory:.0f} GiB; Python {python}, {versions}; "
        f"on average {load:.1f} other "
        "processes were waiting for a core when it began."
    )
