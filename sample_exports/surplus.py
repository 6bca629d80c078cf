"""Rows beyond the 100 that must not become patients."""

from dataclasses import replace
from typing import Any

import numpy as np

from sample_exports.clinic import UNAVAILABLE, Fixed, invent_patient
from sample_exports.conventions import SEED
from sample_exports.truth import Patient


def under_age(center: str, patient_id: str) -> Patient:
    """A patient of sixteen."""
    return _extra(center, patient_id, Fixed(402, True, "SD", "de_novo", "intermediate", 1, 16), 1)


def first_line(center: str, patient_id: str) -> Patient:
    """A patient whose first treatment was the HMA."""
    fixed = Fixed(301, True, "SD", "secondary", "adverse", 1, 79)
    patient = _extra(center, patient_id, fixed, 2)
    return replace(patient, prior_lines=0, hma_line=1, prior_allo_hsct=False)


def with_venetoclax(center: str, patient_id: str) -> Patient:
    """A patient who had venetoclax beside the HMA."""
    patient = _extra(center, patient_id, Fixed(204, True, "CRi", "de_novo", "adverse", 1, 71), 3)
    return replace(patient, has_venetoclax=True)


def test_patient(center: str, patient_id: str) -> Patient:
    """An entry made to try the form."""
    patient = _extra(center, patient_id, Fixed(120, True, "PD", "de_novo", "adverse", 0, 50), 4)
    return replace(patient, surname="Prova", given_name="Prova")


def seen_elsewhere(patient: Patient, center: str, patient_id: str) -> Patient:
    """The same patient as a second center knows him: same course, its own code."""
    blanks: dict[str, Any] = dict.fromkeys(UNAVAILABLE[center])
    months = round(patient.os_months, 2) if center == "tevere" else None
    return replace(patient, center=center, patient_id=patient_id, os_months_given=months, **blanks)


def _extra(center: str, patient_id: str, fixed: Fixed, number: int) -> Patient:
    sex = ("female", "male")[number % 2]
    patient = invent_patient(fixed, sex, np.random.default_rng(SEED + number))
    blanks: dict[str, Any] = dict.fromkeys(UNAVAILABLE[center])
    return replace(patient, center=center, patient_id=patient_id, **blanks)
