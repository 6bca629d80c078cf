"""`python flows/build_cohort.py`: the flow with a server of its own, and a console for people."""

import argparse
import logging
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, cast

from rich.console import Console

from flows.local_server import ServerFailed, start_unless_configured
from onecohort.errors import StudyError

if TYPE_CHECKING:
    from prefect import State

PIPED_WIDTH = 120  # a log file or a pipe has no width; the table of results needs this much


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the flow, show progress and the result; the exit code is that of `onecohort build`."""
    given = _parse(sys.argv[1:] if arguments is None else arguments)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)
    try:
        return _run(given, console)
    except KeyboardInterrupt:
        console.print("stopped; what was published before stays in place", style="bold red")
        return 130
    except ServerFailed as error:
        print(error, file=sys.stderr)
        return 3


def _run(given: argparse.Namespace, console: Console) -> int:
    server = start_unless_configured()
    from flows.build_cohort import build_cohort  # Prefect, which now knows its server
    from onecohort.cli.build import show_result
    from onecohort.run import read_built

    if server is not None:
        console.print("starting Prefect; the first time on a machine takes a minute", style="dim")
        server.wait()
    _show_progress(console)
    try:
        state = cast(
            "State[object]",
            build_cohort(
                study=str(given.study),
                exports=str(given.exports) if given.exports else None,
                deliveries=str(given.deliveries) if given.deliveries else None,
                out=str(given.out) if given.out else None,
                as_of=given.as_of,
                fresh=given.fresh,
                return_state=True,
            ),
        )
    finally:
        if server is not None:
            _hand_in()
            server.stop()
    out = (given.out or given.study).resolve()
    answer = state.result(raise_on_failure=False)
    if isinstance(answer, StudyError):
        for mistake in answer.mistakes:
            print(mistake, file=sys.stderr)
        return 2
    if not isinstance(answer, str):
        console.print(state.message or "failed", style="bold red", markup=False)
        return 3
    built = read_built(Path(answer))
    show_result(console, built, out)
    console.print(state.message, markup=False)
    return built.exit_code


def _hand_in() -> None:
    """Send what Prefect still has in its queues, which would find no server any more."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogHandler

    APILogHandler().flush()
    EventsWorker.drain_all(timeout=5)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="flows/build_cohort.py",
        description="Exports in, validated cohort, statistics and reports out, as a Prefect flow.",
    )
    parser.add_argument("--study", type=Path, default=Path(), help="folder of the study")
    parser.add_argument("--exports", type=_folder, help="folder of the exports")
    parser.add_argument(
        "--deliveries", type=_folder, help="folder of deliveries, in place of exports"
    )
    parser.add_argument("--out", type=Path, help="folder for runs/ and the link `cohort`")
    parser.add_argument("--as-of", type=date.fromisoformat, help="day of the data")
    parser.add_argument("--fresh", action="store_true", help="redo centers that have not changed")
    return parser.parse_args(arguments)


def _folder(text: str) -> Path:
    """A folder that is there: by night a share is waited for, but a person has mistyped it."""
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {text}")
    return Path(text)


def _show_progress(console: Console) -> None:
    """Show what the flow tells of itself, one line each, and nothing that Prefect says."""
    handler = logging.StreamHandler(console.file)
    handler.setFormatter(logging.Formatter("%(message)s"))
    log = logging.getLogger("onecohort.flow")
    log.addHandler(handler)
