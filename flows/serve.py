"""Both flows on one machine without a work pool: this process waits for the schedule and runs them.

It needs a standing Prefect server (PREFECT_API_URL), for a server that ends with a script has no nights.
"""

import argparse
import logging
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import cast

sys.path.insert(0, str(Path(__file__).parents[1]))  # a script has only its own folder there

from prefect import serve
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron, Interval

from flows.build_cohort import build_cohort
from flows.check_deliveries import check_deliveries

ROOT = Path(__file__).parents[1]
TIMEZONE = "Europe/Rome"
NIGHTLY = "30 2 * * *"
LOOK_SECONDS = 600
AT_ONCE = 2  # one that works and one that waits for it


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until stopped."""
    given = _parse(arguments)
    if not os.environ.get("PREFECT_API_URL"):
        print("set PREFECT_API_URL to a standing server; `prefect server start` starts one")
        return 2
    os.chdir(ROOT)  # the flows are addressed by their path from here
    # Prefect's own handler of SIGTERM forgets to await its stop, and cuts off what its tasks wait for.
    warnings.filterwarnings("ignore", "coroutine 'Runner.astop' was never awaited")
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    shared = {"study": given.study, "out": given.out, "deliveries": given.deliveries}
    deployments = [
        build_cohort.to_deployment(
            "nightly-here",
            schedule=Cron(given.cron, timezone=TIMEZONE),
            parameters=shared,
            tags=["onecohort"],
        )
    ]
    if given.deliveries:
        look = Interval(LOOK_SECONDS, timezone=TIMEZONE)
        deployments.append(
            check_deliveries.to_deployment(
                "arrivals-here", schedule=look, parameters=shared, tags=["onecohort"]
            )
        )
    serve(*cast("list[RunnerDeployment]", deployments), limit=AT_ONCE, print_starting_message=False)
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="flows/serve.py", description=__doc__)
    parser.add_argument("--study", default=".", help="folder of the study")
    parser.add_argument("--out", help="folder for runs/ and the link `cohort`")
    parser.add_argument("--deliveries", help="folder of deliveries, in place of exports")
    parser.add_argument("--cron", default=NIGHTLY, help=f"when the cohort is built ({TIMEZONE})")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
