"""The truth: 100 patients as the harmonised cohort must show them, and how they are kept as CSV."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

from sample_exports.conventions import DAYS_PER_MONTH, RESPONDERS


@dataclass(frozen=True, kw_only=True)
class Patient:
    """One patient: the fields of the cohort in its order; None where the center does not know.

    patient_id            the center's own code, as written there
    surname, given_name   are no field of the cohort, but stand in some deliveries
    """

    center: str
    patient_id: str
    surname: str
    given_name: str
    sex: str
    birth_date: date | None
    person_key: str | None
    age_at_hma_years: int
    diagnosis_date: date | None
    diagnosis_date_precision: str | None
    aml_type: str
    is_secondary: bool
    who_category: str | None
    eln2017_risk: str
    ecog: int
    disease_status: str
    prior_lines: int
    prior_allo_hsct: bool
    hma_drug: str
    hma_start_date: date
    hma_end_date: date | None
    hma_cycles: int
    hma_line: int
    has_venetoclax: bool | None
    wbc_10e9_l: float | None
    anc_10e9_l: float | None
    hemoglobin_g_dl: float | None
    platelets_10e9_l: float | None
    bm_blasts_pct: float | None
    pb_blasts_pct: float | None
    ldh_u_l: float | None
    creatinine_mg_dl: float | None
    best_response: str
    best_response_date: date | None
    progression_date: date | None
    allo_hsct_after_hma: bool
    allo_hsct_date: date | None
    vital_status: str
    death_date: date | None
    cause_of_death: str | None
    last_contact_date: date
    os_months_given: float | None

    @property
    def os_months(self) -> float:
        """From the first dose to death or last contact, in months of 30.4375 days."""
        return ((self.death_date or self.last_contact_date) - self.hma_start_date).days / (
            DAYS_PER_MONTH
        )

    @property
    def is_dead(self) -> bool:
        """Whether the patient died."""
        return self.vital_status == "dead"

    @property
    def is_responder(self) -> bool:
        """CR, CRi or PR."""
        return self.best_response in RESPONDERS


FIELDS = tuple(field.name for field in fields(Patient))
DERIVED = ("os_months", "is_dead", "is_responder")


def write_truth(patients: Iterable[Patient], path: Path) -> None:
    """One line per patient, blank for None, ISO dates, true and false, shortest exact numbers."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow((*FIELDS, *DERIVED))
        for patient in patients:
            writer.writerow([_text(getattr(patient, name)) for name in (*FIELDS, *DERIVED)])


def read_truth(path: Path) -> list[Patient]:
    """The patients of a truth file; derived columns are computed anew."""
    kinds = {name: _kind(hint) for name, hint in get_type_hints(Patient).items()}
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Patient(**{name: _value(row[name], kinds[name]) for name in FIELDS})
            for row in csv.DictReader(file)
        ]


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _kind(hint: object) -> object:
    return next((part for part in get_args(hint) if part is not NoneType), hint)


def _value(text: str, kind: object) -> Any:
    if not text:
        return None
    if kind is date:
        return date.fromisoformat(text)
    if kind is bool:
        return text == "true"
    return int(text) if kind is int else float(text) if kind is float else text
