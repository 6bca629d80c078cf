"""The rest of each patient, invented around what the calibration fixed: people, dates, laboratory.

Margins follow what published series of this treatment show (Itzykson 2015, Stahl 2018); no value is
taken from any of them, and none is known from the study itself.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from sample_exports.conventions import AS_OF, CENTERS
from sample_exports.people import codice_fiscale, invent_name
from sample_exports.truth import Patient

if TYPE_CHECKING:
    from sample_exports.calibrate import Draw

FIRST_START, LAST_START = date(2009, 4, 1), date(2020, 11, 30)
CREATININE_UMOL_L = 8842  # mg/dL = umol/L * 100 / 8842

# What a center does not deliver: its patients have no such value in the truth.
UNAVAILABLE: dict[str, tuple[str, ...]] = {
    "adige": (),
    "brenta": ("ldh_u_l", "cause_of_death"),
    "dora": ("creatinine_mg_dl", "who_category"),
    "garigliano": ("person_key", "pb_blasts_pct", "allo_hsct_date"),
    "piave": ("anc_10e9_l",),
    "tagliamento": ("person_key", "best_response_date", "cause_of_death"),
    "ticino": (
        "person_key", "who_category", "progression_date", "cause_of_death", "hma_end_date",
    ),
    "volturno": ("birth_date", "progression_date"),
    "tevere": (
        "person_key", "who_category", "hma_end_date", "progression_date", "cause_of_death",
    ),
}  # fmt: skip
KNOWS_VENETOCLAX = ("adige", "volturno", "tevere")
PARTIAL_DIAGNOSIS = {
    "brenta": (2, 7),
    "dora": (4,),
    "piave": (1, 8),
}  # number in the center, from 0
LAB_MISSING = {"wbc_10e9_l": 0.08, "anc_10e9_l": 0.15, "hemoglobin_g_dl": 0.08} | {
    "platelets_10e9_l": 0.08, "bm_blasts_pct": 0.22, "pb_blasts_pct": 0.2, "ldh_u_l": 0.2,
    "creatinine_mg_dl": 0.12,
}  # fmt: skip
CODES = {
    "adige": lambda n: str(n),
    "brenta": lambda n: f"B-{n:03}",
    "dora": lambda n: f"LAM{n:02}/DO",
    "garigliano": lambda n: str(400 + 7 * n),
    "piave": lambda n: f"{3170 + 41 * n:06}",
    "tagliamento": lambda n: str(1000 + n),
    "ticino": lambda n: f"TI{n:04}",
    "volturno": lambda n: str(n),
    "tevere": lambda n: f"TEV{n:02}",
}


@dataclass(frozen=True)
class Fixed:
    """What the calibration fixed of one patient."""

    days: int
    died: bool
    response: str
    aml_type: str
    risk: str
    ecog: int
    age: int


def invent_patients(draw: "Draw", rng: np.random.Generator) -> list[Patient]:
    """100 whole patients, center by center, numbered within each."""
    columns = (draw.days, draw.died, draw.response, draw.aml_type, draw.risk, draw.ecog, draw.age)
    fixed = [Fixed(*(value.item() for value in row)) for row in zip(*columns, strict=True)]
    females = set(rng.choice(len(fixed), 40, replace=False).tolist())
    patients = []
    for center, places in _deal(fixed, rng).items():
        for number, place in enumerate(places):
            sex = "female" if place in females else "male"
            patient = invent_patient(fixed[place], sex, rng)
            patients.append(as_delivered(patient, center, number, rng))
    return patients


def _deal(fixed: list[Fixed], rng: np.random.Generator) -> dict[str, list[int]]:
    """Who goes to which center, in the center's order: every kind of patient evenly spread."""
    shuffled = rng.permutation(len(fixed)).tolist()
    by_kind = sorted(shuffled, key=lambda place: (fixed[place].response, fixed[place].aml_type))
    slots = sorted(
        ((number + 0.5) / size, center)
        for center, size in CENTERS.items()
        for number in range(size)
    )
    dealt: dict[str, list[int]] = {center: [] for center in CENTERS}
    for place, (_, center) in zip(by_kind, slots, strict=True):
        dealt[center].append(place)
    return {center: rng.permutation(places).tolist() for center, places in dealt.items()}


def invent_patient(fixed: Fixed, sex: str, rng: np.random.Generator) -> Patient:
    """One whole patient, everything known; the center is still to be told."""
    start = _start_date(fixed, rng)
    end = start + timedelta(days=fixed.days)
    birth = _birth_date(start, fixed.age, rng)
    surname, given_name = invent_name(sex, rng)
    status = "relapsed" if rng.random() < 0.58 else "refractory"
    before = int(rng.integers(240, 1_500) if status == "relapsed" else rng.integers(70, 200))
    prior_lines = int(rng.choice((1, 2, 3, 4), p=(0.66, 0.23, 0.08, 0.03)))
    response_date, progression = _course(fixed, start, end, rng)
    cycles = _cycles(fixed, rng)
    transplanted = fixed.response in ("CR", "CRi") and fixed.days > 280 and fixed.age < 71
    drug = "azacitidine" if rng.random() < 0.75 else "decitabine"
    last_dose = start + timedelta(days=(cycles - 1) * 30 + (6 if drug == "azacitidine" else 4))
    transplant = start + timedelta(days=int(rng.integers(150, 260)))
    if transplanted:
        cycles = min(cycles, 5)
        last_dose = start + timedelta(days=(cycles - 1) * 28 + 6)
    return Patient(
        center="",
        patient_id="",
        surname=surname,
        given_name=given_name,
        sex=sex,
        birth_date=birth,
        person_key=codice_fiscale(surname, given_name, birth, sex, f"M9{rng.integers(10, 99)}"),
        age_at_hma_years=fixed.age,
        diagnosis_date=start - timedelta(days=before),
        diagnosis_date_precision="day",
        aml_type=fixed.aml_type,
        is_secondary=fixed.aml_type != "de_novo",
        who_category=_who(fixed, rng),
        eln2017_risk=fixed.risk,
        ecog=fixed.ecog,
        disease_status=status,
        prior_lines=prior_lines,
        prior_allo_hsct=status == "relapsed" and bool(rng.random() < 0.19),
        hma_drug=drug,
        hma_start_date=start,
        hma_end_date=min(last_dose, end),
        hma_cycles=cycles,
        hma_line=prior_lines + 1,
        has_venetoclax=False,
        **_laboratory(rng),
        best_response=fixed.response,
        best_response_date=response_date,
        progression_date=progression,
        allo_hsct_after_hma=transplanted,
        allo_hsct_date=transplant if transplanted else None,
        vital_status="dead" if fixed.died else "lost" if rng.random() < 0.15 else "alive",
        death_date=end if fixed.died else None,
        cause_of_death=_cause(transplanted, rng) if fixed.died else None,
        last_contact_date=end,
        os_months_given=None,
    )


def as_delivered(patient: Patient, center: str, number: int, rng: np.random.Generator) -> Patient:
    """The patient as far as this center knows; `number` counts within the center, from 0."""
    known: dict[str, object] = {"center": center, "patient_id": CODES[center](number + 1)}
    known |= dict.fromkeys(UNAVAILABLE[center])
    known |= {name: None for name, share in LAB_MISSING.items() if rng.random() < share}
    if center not in KNOWS_VENETOCLAX:
        known["has_venetoclax"] = None
    if number in PARTIAL_DIAGNOSIS.get(center, ()):
        assert patient.diagnosis_date
        known["diagnosis_date"] = patient.diagnosis_date.replace(day=15)
        known["diagnosis_date_precision"] = "month"
    if center == "ticino":
        known |= _measured_in_ticino(patient, number, known)
    decimals = {"tevere": 2, "volturno": 1}.get(center)
    if decimals:
        known["os_months_given"] = round(patient.os_months, decimals)
    return replace(patient, **known)  # type: ignore[arg-type]


def _measured_in_ticino(
    patient: Patient, number: int, known: dict[str, object]
) -> dict[str, object]:
    """Values whose unit at the source is another one: what an exact conversion gives."""
    found: dict[str, object] = {}
    if "creatinine_mg_dl" not in known and patient.creatinine_mg_dl and number % 2:
        umol = round(patient.creatinine_mg_dl * 88.42)
        found["creatinine_mg_dl"] = umol * 100 / CREATININE_UMOL_L
    if "ldh_u_l" not in known and patient.ldh_u_l and number % 4 == 2:
        found["ldh_u_l"] = float(round(patient.ldh_u_l / 6) * 6)  # one decimal in ukat/L
    return found


def _start_date(fixed: Fixed, rng: np.random.Generator) -> date:
    """A first dose that leaves room for the whole follow-up; who is alive was seen lately."""
    if not fixed.died:
        # Between the 7th and the 12th, so that a swap of day and month lies past the day of the run.
        seen = date(AS_OF.year, int(rng.integers(2, 7)), int(rng.integers(7, 13)))
        return max(seen - timedelta(days=fixed.days), FIRST_START)
    latest = min(LAST_START, AS_OF - timedelta(days=fixed.days + 30))
    return FIRST_START + timedelta(days=int(rng.integers(0, (latest - FIRST_START).days)))


def _birth_date(start: date, age: int, rng: np.random.Generator) -> date:
    """Any day that makes the completed years at `start` equal to `age`."""
    birthday = start - timedelta(days=int(rng.integers(1, 364)))
    day = min(birthday.day, 28)
    return birthday.replace(year=birthday.year - age, day=day)


def _course(
    fixed: Fixed, start: date, end: date, rng: np.random.Generator
) -> tuple[date, date | None]:
    """Dates of the best response and of progression (None: never, or not before death)."""
    if fixed.response == "PD":
        # Early deaths are judged on the day before.
        after = min(int(rng.integers(25, 100)), fixed.days - 1)
        return start + timedelta(days=after), start + timedelta(days=after)
    first, last = (56, 94) if fixed.response != "SD" else (50, 69)
    response = start + timedelta(days=int(rng.integers(first, last)))
    room = (end - response).days
    if not fixed.died or room < 40 or rng.random() < 0.2:
        return response, None
    return response, response + timedelta(days=int(room * rng.uniform(0.35, 0.9)))


def _cycles(fixed: Fixed, rng: np.random.Generator) -> int:
    possible = fixed.days // 30 + 1
    wanted = {"PD": rng.integers(1, 5), "SD": rng.integers(3, 11)}.get(
        fixed.response, 4 + rng.geometric(0.14)
    )
    return int(min(wanted, possible, 31))


def _who(fixed: Fixed, rng: np.random.Generator) -> str:
    if fixed.aml_type == "therapy_related":
        return "therapy_related"
    if fixed.aml_type == "secondary" or (fixed.risk == "adverse" and rng.random() < 0.5):
        return "mrc"
    return "recurrent_genetic" if fixed.risk == "favorable" else "nos"


def _cause(transplanted: bool, rng: np.random.Generator) -> str:
    if transplanted and rng.random() < 0.5:
        return "transplant"
    causes = ("leukemia", "infection", "hemorrhage", "other", "unknown")
    return str(rng.choice(causes, p=(0.62, 0.22, 0.08, 0.04, 0.04)))


def _laboratory(rng: np.random.Generator) -> dict[str, float]:
    """Values at the first dose: medians near Stahl 2018, long tails to the right."""
    white = float(np.clip(rng.lognormal(np.log(3.2), 0.95), 0.3, 95))
    wbc = round(white, 1)
    return {
        "wbc_10e9_l": wbc,
        "anc_10e9_l": round(wbc * float(rng.uniform(0.05, 0.6)), 2),
        "hemoglobin_g_dl": round(float(np.clip(rng.normal(8.9, 1.2), 6.2, 13.1)), 1),
        "platelets_10e9_l": float(round(np.clip(rng.lognormal(np.log(40), 0.85), 4, 320))),
        "bm_blasts_pct": float(round(np.clip(rng.lognormal(np.log(30), 0.65), 6, 95))),
        "pb_blasts_pct": float(round(np.clip(rng.lognormal(np.log(9), 1.2), 0, 90))),
        "ldh_u_l": float(round(np.clip(rng.lognormal(np.log(270), 0.5), 110, 2400))),
        "creatinine_mg_dl": round(float(np.clip(rng.normal(0.95, 0.22), 0.45, 2.1)), 2),
    }
