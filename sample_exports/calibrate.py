"""Draw 100 patients and search for survival times that meet every published figure at once.

    python -m sample_exports.calibrate        writes sample_exports/truth.csv anew

First the covariates are drawn to fixed margins, adverse risk and poor performance status more often
among the secondary leukemias: only so can a contrast be weak alone (p = 0.037) and strong in the
model (p < 0.00001). Then times are drawn from a Weibull model and a seeded local search moves one
time after the other, keeping what brings the figures nearer. The rest of each patient is invented
around it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import log
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sample_exports.clinic import invent_patients
from sample_exports.conventions import (
    COUNTS,
    COX_RESPONSE,
    COX_SECONDARY_BELOW,
    DAYS_PER_MONTH,
    LOGRANK,
    MEDIANS,
    SEED,
)
from sample_exports.estimates import Bools, Floats, cox_wald, logrank_p, median_months
from sample_exports.truth import write_truth

PATIENTS = 100
STEPS = 40_000
GOOD_ENOUGH = 2.0  # printed precision is met with room to spare (see `distance`)
LONGEST = 1_900  # days to a death


@dataclass(frozen=True)
class Draw:
    """What the published figures depend on: n = 100 in every array; `days` is overall survival."""

    days: NDArray[np.int64]
    died: Bools
    response: NDArray[np.str_]
    aml_type: NDArray[np.str_]
    risk: NDArray[np.str_]
    ecog: NDArray[np.int64]
    age: NDArray[np.int64]

    @property
    def covariates(self) -> Floats:
        """The columns of `conventions.COX_MODEL`."""
        return np.column_stack(
            [self.responder, self.secondary, self.age, self.risk == "adverse", self.ecog >= 2]
        ).astype(float)

    @property
    def responder(self) -> Bools:
        """CR, CRi or PR."""
        return np.asarray(np.isin(self.response, ("CR", "CRi", "PR")))

    @property
    def secondary(self) -> Bools:
        """After another blood disease or after treatment."""
        return np.asarray(self.aml_type != "de_novo")


def main() -> None:
    rng = np.random.default_rng(SEED)
    drawn = draw_covariates(rng)
    found = search(drawn, rng)
    write_truth(invent_patients(found, rng), Path(__file__).with_name("truth.csv"))


def draw_covariates(rng: np.random.Generator) -> Draw:
    """100 patients with fixed margins and times from a Weibull model that points the right way."""
    aml_type = _shuffled(rng, {"de_novo": 70, "secondary": 22, "therapy_related": 8})
    secondary = aml_type != "de_novo"
    response = np.empty(PATIENTS, dtype="<U4")
    response[secondary] = _shuffled(rng, {"CR": 4, "CRi": 2, "PR": 3, "SD": 8, "PD": 13})
    response[~secondary] = _shuffled(rng, {"CR": 7, "CRi": 4, "PR": 4, "SD": 18, "PD": 37})
    risk = np.empty(PATIENTS, dtype="<U12")
    risk[secondary] = _shuffled(rng, {"intermediate": 7, "adverse": 23})
    risk[~secondary] = _shuffled(rng, {"favorable": 6, "intermediate": 49, "adverse": 15})
    ecog = np.empty(PATIENTS, dtype=np.int64)
    ecog[secondary] = _shuffled(rng, {0: 5, 1: 15, 2: 8, 3: 2})
    ecog[~secondary] = _shuffled(rng, {0: 25, 1: 35, 2: 8, 3: 2})
    age = np.clip(np.round(rng.normal(66, 9.5, PATIENTS)), 25, 84).astype(np.int64)
    age[rng.choice(PATIENTS, 3, replace=False)] = (25, 34, 84)
    responder = np.isin(response, ("CR", "CRi", "PR"))
    hazard = (
        0.9 * (risk == "adverse")
        + 0.5 * (ecog >= 2)
        + 0.02 * (age - 66)
        - 1.3 * secondary
        - 0.8 * responder
        - 0.7 * (response == "SD")
    )
    draws = 215 * np.exp(-hazard / 1.15) * rng.weibull(1.15, PATIENTS) / log(2) ** (1 / 1.15) * 0.85
    # A response is assessed after two cycles at the earliest: who responded lived to see it.
    floor = np.where(responder, 95, np.where(response == "SD", 70, 9))
    days = np.clip(np.round(draws), floor, 1_900).astype(np.int64)
    died = np.ones(PATIENTS, dtype=bool)
    alive = rng.choice(np.flatnonzero(responder), 5, replace=False)
    alive = np.append(alive, rng.choice(np.flatnonzero(response == "SD"), 2, replace=False))
    alive = np.append(alive, rng.choice(np.flatnonzero(response == "PD"), 1, replace=False))
    died[alive] = False
    days[alive] = rng.integers(330, 2_200, len(alive))
    return Draw(days, died, response, aml_type, risk, ecog, age)


def search(draw: Draw, rng: np.random.Generator) -> Draw:
    """Move one time after the other; keep a move that does not raise the distance."""
    days, beta = draw.days.copy(), np.zeros(draw.covariates.shape[1])
    floor = np.where(draw.responder, 95, np.where(draw.response == "SD", 70, 9))
    nearest, beta = distance(draw, beta)
    for step in range(STEPS):
        moved = _move(days, draw.died, floor, rng)
        now, new_beta = distance(replace(draw, days=moved), beta)
        # A cooling search: early on it may also walk uphill, else it stops at the first hollow.
        heat = 20.0 * 0.01 ** (step / STEPS)
        if now <= nearest + heat * rng.exponential():
            days, nearest, beta = moved, now, new_beta
        if nearest < GOOD_ENOUGH:
            print(f"met after {step + 1} steps")
            return replace(draw, days=days)
    raise RuntimeError(f"the figures were not met; distance {nearest:.3f}")


def _move(
    days: NDArray[np.int64], died: Bools, floor: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """One death a little earlier or later, or two patients' deaths exchanged."""
    moved = days.copy()
    one, other = rng.choice(np.flatnonzero(died), 2, replace=False)
    if rng.random() < 0.3:
        moved[[one, other]] = days[[other, one]]
    else:
        moved[one] = round(days[one] * float(np.exp(rng.normal(0, 0.2)))) + rng.integers(-2, 3)
    return np.where((moved < floor) | (moved > LONGEST), days, moved)


def distance(draw: Draw, beta: Floats) -> tuple[float, Floats]:
    """How far the figures are from the printed ones, in units of what may be off."""
    months = draw.days / DAYS_PER_MONTH
    everyone = np.ones(PATIENTS, dtype=bool)
    groups = {
        "all": everyone,
        "de_novo": ~draw.secondary,
        "secondary": draw.secondary,
        "SD": draw.response == "SD",
        "responders": draw.responder,
    }
    off = 0.0
    for figure in MEDIANS:
        try:
            found = median_months(months[groups[figure.name]], draw.died[groups[figure.name]])
        except ValueError:
            return float("inf"), beta
        # One day is 0.033 months: no time may be nearer than half of that.
        off += sum(max(0.0, abs(value - figure.value) - 0.02) / 0.02 for value in found)
    beta, p = cox_wald(months, draw.died, draw.covariates, beta)
    off += abs(log(logrank_p(months, draw.died, draw.secondary) / LOGRANK.value)) / 0.005
    off += abs(log(p[0] / COX_RESPONSE.value)) / 0.005
    off += max(0.0, log(p[1] / (COX_SECONDARY_BELOW / 3))) * 50
    # Harm has to look like harm: older, adverse and frail patients do not live longer here.
    least = np.array([0.005, 0.3, 0.2])  # age, adverse risk, ECOG
    off += 200 * float(np.maximum(0.0, least - beta[2:]).sum())
    return off, beta


def _shuffled(rng: np.random.Generator, counts: Mapping[Any, int]) -> NDArray[Any]:
    return rng.permutation(np.repeat(list(counts), list(counts.values())))


assert sum(COUNTS.values()) == PATIENTS

if __name__ == "__main__":
    main()
