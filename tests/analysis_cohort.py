"""Cohorts for the tests of the analysis: rows state what matters, the builder fills the rest."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from onecohort.analysis import LoadedPlan, Published, load_plan, load_published

STUDY = Path(__file__).parents[1]
TRUTH = STUDY / "sample_exports" / "truth.csv"
START = date(2015, 1, 1)
FILLED: dict[str, object] = {
    "center": "adige",
    "os_months": 6.0,
    "is_dead": True,
    "hma_start_date": START,
    "best_response": "SD",
    "best_response_date": None,
    "is_secondary": False,
    "aml_type": "de_novo",
    "eln2017_risk": "intermediate",
    "ecog": 1,
    "hma_drug": "azacitidine",
    "hma_line": 2,
    "disease_status": "relapsed",
    "age_at_hma_years": 66,
    "sex": "male",
    "who_category": "nos",
    "prior_lines": 1,
    "prior_allo_hsct": False,
    "hma_cycles": 4,
    "wbc_10e9_l": 3.2,
    "anc_10e9_l": 0.9,
    "hemoglobin_g_dl": 9.1,
    "platelets_10e9_l": 40.0,
    "bm_blasts_pct": 27.0,
    "pb_blasts_pct": 8.0,
    "ldh_u_l": 250.0,
    "creatinine_mg_dl": 0.9,
}
TYPES = {
    "os_months": pa.float64(),
    "is_dead": pa.bool_(),
    "hma_start_date": pa.date32(),
    "best_response_date": pa.date32(),
    "is_secondary": pa.bool_(),
    "ecog": pa.int64(),
    "age_at_hma_years": pa.int64(),
    "best_response": pa.string(),
    "eln2017_risk": pa.string(),
    "ldh_u_l": pa.float64(),
}


def cohort(*rows: dict[str, object]) -> pa.Table:
    """One patient per dict; fields that a row does not name are those of `FILLED`."""
    arrays = {
        name: pa.array([row.get(name, usual) for row in rows], TYPES.get(name))
        for name, usual in FILLED.items()
    }
    return pa.table(arrays)


def simulated(n: int, seed: int = 1) -> pa.Table:
    """A cohort with every level of every factor of the plan, some values missing."""
    rng = np.random.default_rng(seed)
    centers = ("adige", "brenta", "dora", "piave")
    rows: list[dict[str, object]] = []
    for _ in range(n):
        responds = bool(rng.random() < 0.3)
        rows.append(
            {
                "center": str(rng.choice(centers)),
                "os_months": round(float(rng.exponential(9)) + 0.1, 1),
                "is_dead": bool(rng.random() < 0.8),
                "best_response": str(rng.choice(["CR", "PR"] if responds else ["SD", "PD"])),
                "best_response_date": START + timedelta(days=60) if responds else None,
                "is_secondary": bool(rng.random() < 0.3),
                "eln2017_risk": [None, "intermediate", "adverse"][int(rng.integers(3))],
                "ecog": int(rng.integers(4)),
                "hma_drug": str(rng.choice(["azacitidine", "decitabine"])),
                "hma_line": int(rng.integers(2, 6)),
                "disease_status": str(rng.choice(["relapsed", "refractory"])),
                "age_at_hma_years": int(rng.integers(25, 85)),
                "ldh_u_l": None if rng.random() < 0.3 else float(rng.integers(100, 900)),
            }
        )
    return cohort(*rows)


def truth() -> pa.Table:
    """The 100 patients that the synthetic sample was made from."""
    return arrow_csv.read_csv(
        TRUTH, convert_options=arrow_csv.ConvertOptions(strings_can_be_null=True, null_values=[""])
    )


def study_plan() -> LoadedPlan:
    """The study's own plan of analysis."""
    return load_plan(STUDY / "schemas" / "analysis.yaml")


def study_figures() -> Published:
    """The figures of the study's abstract."""
    return load_published(STUDY / "schemas" / "published.yaml")
