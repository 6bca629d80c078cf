"""Cross-field checks of the cohort; what each costs stands in checks.yaml under the same name.

A check returns (n,) True where the rule holds or cannot be judged: a missing value never fails.
Dates after the day of the run are the engine's own check. There is on purpose no rule that expects
secondary AML to do worse: in this study it did better.
"""

import pandas as pd
import pandera.pandas as pa

from .derivations import SECONDARY, months_from_dates

OS_TOLERANCE_MONTHS = 0.1 + 1e-9  # centers print one decimal; the rest absorbs binary fractions
ADULT_YEARS = 18
SALVAGE_LINE = 2

# All failures are read from the check's mask; five samples keep pandera from copying every cell.
rule = pa.dataframe_check(n_failure_cases=5)


class CohortChecks(pa.DataFrameModel):
    """Order of dates, survival, consistency of flags, eligibility."""

    @rule
    def birth_before_diagnosis(cls, rows: pd.DataFrame) -> pd.Series:
        """Birth is not after diagnosis."""
        return ~(rows["birth_date"] > rows["diagnosis_date"])

    @rule
    def diagnosis_before_hma_start(cls, rows: pd.DataFrame) -> pd.Series:
        """Diagnosis is not after HMA start, as far as its precision allows to tell."""
        return ~(_earliest_diagnosis(rows) > rows["hma_start_date"])

    @rule
    def hma_start_before_hma_end(cls, rows: pd.DataFrame) -> pd.Series:
        """HMA start is not after HMA end."""
        return ~(rows["hma_start_date"] > rows["hma_end_date"])

    @rule
    def hma_start_before_response(cls, rows: pd.DataFrame) -> pd.Series:
        """HMA start is not after best response."""
        return ~(rows["hma_start_date"] > rows["best_response_date"])

    @rule
    def hma_start_before_progression(cls, rows: pd.DataFrame) -> pd.Series:
        """HMA start is not after progression."""
        return ~(rows["hma_start_date"] > rows["progression_date"])

    @rule
    def hma_start_before_transplant(cls, rows: pd.DataFrame) -> pd.Series:
        """HMA start is not after the transplant that followed it."""
        return ~(rows["hma_start_date"] > rows["allo_hsct_date"])

    @rule
    def hma_start_before_death(cls, rows: pd.DataFrame) -> pd.Series:
        """HMA start is not after death."""
        return ~(rows["hma_start_date"] > rows["death_date"])

    @rule
    def hma_start_before_last_contact(cls, rows: pd.DataFrame) -> pd.Series:
        """HMA start is not after last contact."""
        return ~(rows["hma_start_date"] > rows["last_contact_date"])

    @rule
    def last_contact_not_after_death(cls, rows: pd.DataFrame) -> pd.Series:
        """Nobody was seen alive after death; a last contact before death is usual."""
        return ~(rows["last_contact_date"] > rows["death_date"])

    @rule
    def response_within_follow_up(cls, rows: pd.DataFrame) -> pd.Series:
        """Best response is not after death or last contact, whichever ends the follow-up."""
        return ~(rows["best_response_date"] > _end_of_follow_up(rows))

    @rule
    def progression_within_follow_up(cls, rows: pd.DataFrame) -> pd.Series:
        """Progression is not after death or last contact, whichever ends the follow-up."""
        return ~(rows["progression_date"] > _end_of_follow_up(rows))

    @rule
    def transplant_within_follow_up(cls, rows: pd.DataFrame) -> pd.Series:
        """The transplant is not after death or last contact, whichever ends the follow-up."""
        return ~(rows["allo_hsct_date"] > _end_of_follow_up(rows))

    @rule
    def hma_end_within_follow_up(cls, rows: pd.DataFrame) -> pd.Series:
        """HMA end is not after death or last contact, whichever ends the follow-up."""
        return ~(rows["hma_end_date"] > _end_of_follow_up(rows))

    @rule
    def death_date_only_if_dead(cls, rows: pd.DataFrame) -> pd.Series:
        """Who has a date of death is dead."""
        return ~(rows["death_date"].notna() & rows["vital_status"].isin(["alive", "lost"]))

    @rule
    def dead_has_death_date(cls, rows: pd.DataFrame) -> pd.Series:
        """Who is dead has a date of death, or at least a given survival time."""
        return ~(rows["vital_status"].eq("dead") & rows["death_date"].isna() & _untimed(rows))

    @rule
    def survivor_has_last_contact(cls, rows: pd.DataFrame) -> pd.Series:
        """Who is not known dead has a date of last contact, or at least a given survival time."""
        survivor = rows["vital_status"].isin(["alive", "lost"])
        return ~(survivor & rows["last_contact_date"].isna() & _untimed(rows))

    @rule
    def cause_of_death_only_if_dead(cls, rows: pd.DataFrame) -> pd.Series:
        """Who has a cause of death is dead."""
        return ~(rows["cause_of_death"].notna() & rows["vital_status"].isin(["alive", "lost"]))

    @rule
    def transplant_date_only_if_transplanted(cls, rows: pd.DataFrame) -> pd.Series:
        """Who has a date of transplant was transplanted after the HMA."""
        denied = rows["allo_hsct_after_hma"].eq(False).fillna(False).astype(bool)
        return ~(rows["allo_hsct_date"].notna() & denied)

    @rule
    def os_given_agrees_with_dates(cls, rows: pd.DataFrame) -> pd.Series:
        """Overall survival as given and as derived from the dates differ by at most 0.1 months."""
        difference = (rows["os_months_given"] - months_from_dates(rows)).abs()
        return ~(difference > OS_TOLERANCE_MONTHS)

    @rule
    def secondary_flag_agrees_with_type(cls, rows: pd.DataFrame) -> pd.Series:
        """The flag of secondary AML is that of the type of AML."""
        differs = rows["is_secondary"].ne(rows["aml_type"].isin(SECONDARY))
        return ~(differs.fillna(False).astype(bool) & rows["aml_type"].notna())

    @rule
    def eligibility_adult(cls, rows: pd.DataFrame) -> pd.Series:
        """The study took adults: 18 completed years at HMA start."""
        return ~rows["age_at_hma_years"].lt(ADULT_YEARS).fillna(False).astype(bool)

    @rule
    def eligibility_salvage_line(cls, rows: pd.DataFrame) -> pd.Series:
        """The study took the HMA as salvage: not as the first line of treatment."""
        return ~rows["hma_line"].lt(SALVAGE_LINE).fillna(False).astype(bool)

    @rule
    def eligibility_without_venetoclax(cls, rows: pd.DataFrame) -> pd.Series:
        """The study took the HMA alone: not together with venetoclax."""
        return ~rows["has_venetoclax"].fillna(False).astype(bool)


def _earliest_diagnosis(rows: pd.DataFrame) -> pd.Series:
    """The first day that a partial date of diagnosis can mean."""
    date, precision = rows["diagnosis_date"], rows["diagnosis_date_precision"]
    month = date.dt.to_period("M").dt.start_time
    year = date.dt.to_period("Y").dt.start_time
    return date.mask(precision.eq("month"), month).mask(precision.eq("year"), year)


def _end_of_follow_up(rows: pd.DataFrame) -> pd.Series:
    """The date of death; of those not known dead the last contact; missing otherwise."""
    survivors = rows["last_contact_date"].where(rows["vital_status"].isin(["alive", "lost"]))
    return rows["death_date"].fillna(survivors)


def _untimed(rows: pd.DataFrame) -> pd.Series:
    return rows["os_months"].isna()
