"""The same columns by polars, and nothing else: no finding, no check, no lineage.

    python benchmarks/polars_transform.py EXPORT.csv COHORT.parquet

What cannot be read is missing without a word. It shows what the bare work costs in a fast engine.
"""

import sys

import polars as pl

SEX = {"1": "male", "2": "female", "9": "unknown"}
STAGE = {f"Stadium {stage}": stage for stage in ("I", "II", "III", "IV")}
RESPONSE = {"Vollremission": "CR", "Teilremission": "PR", "stabil": "SD", "Progress": "PD"}
VITAL_STATUS = {"0": "alive", "1": "dead"}


def terms(column: str, codes: dict[str, str]) -> pl.Expr:
    return pl.col(column).replace_strict(codes, default=None)


def dates(column: str) -> pl.Expr:
    return pl.col(column).str.to_date("%d/%m/%Y", strict=False)


def numbers(column: str, factor: float) -> pl.Expr:
    return pl.col(column).cast(pl.Float64, strict=False) * factor


def main(export: str, cohort: str) -> None:
    raw = pl.read_csv(export, infer_schema=False)
    raw.select(
        patient_id=pl.col("PatNr"),
        sex=terms("Geschlecht", SEX),
        birth_date=dates("GebDat"),
        diagnosis_date=dates("DiagDat"),
        weight_kg=numbers("Gewicht_lb", 0.45359237),
        height_cm=numbers("Groesse_in", 2.54),
        hemoglobin_g_l=numbers("Hb_gdl", 10),
        ecog=pl.col("ECOG").cast(pl.Int64, strict=False),
        stage=terms("Stadium", STAGE),
        best_response=terms("Ansprechen", RESPONSE),
        vital_status=terms("Verstorben", VITAL_STATUS),
        last_contact_date=dates("LetzterKontakt"),
    ).write_parquet(cohort, compression="snappy")


if __name__ == "__main__":
    main(*sys.argv[1:])
