"""Who enters the analysis of survival, and who does not and why."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from onecohort.analysis.columns import numbers
from onecohort.analysis.plan import Endpoint
from onecohort.estimates import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class Excluded:
    """Patients that cannot be analysed for one reason; `rows` are their places in the cohort."""

    check: str
    reason: str
    rows: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many."""
        return len(self.rows)


@dataclass(frozen=True)
class Population:
    """The patients of the survival analysis.

    rows   (n,) their places in the cohort
    time   (n,) follow-up, in the endpoint's unit
    died   (n,) True for an event
    """

    rows: IntArray
    time: FloatArray
    died: BoolArray
    excluded: tuple[Excluded, ...]


def select_population(cohort: pa.Table, endpoint: Endpoint) -> Population:
    """Leave out whom the endpoint does not describe; each patient is counted under one reason.

    A death on the first day stays: it is an outcome. A patient who was never seen again after the
    first day brings no follow-up and goes.
    """
    time, event = numbers(cohort, endpoint.time), numbers(cohort, endpoint.event)
    never_seen_again = (time == 0) & (event == 0)
    reasons = (
        ("survival.unknown_status", "vital status unknown", np.isnan(event)),
        ("survival.no_time", "no date of death or last contact", ~np.isfinite(time)),
        ("survival.negative_time", "time to death or last contact is negative", time < 0),
        ("survival.no_follow_up", "no follow-up after the first day", never_seen_again),
    )
    kept = np.ones(len(time), np.bool_)
    excluded = []
    for check, reason, applies in reasons:
        rows = np.flatnonzero(kept & applies)
        if len(rows):
            excluded.append(Excluded(check, reason, tuple(int(row) for row in rows)))
        kept &= ~applies
    places = np.flatnonzero(kept)
    return Population(places, time[places], event[places] == 1, tuple(excluded))
