"""Fields that are computed from others, each a function of the whole cohort.

A frame of n rows comes in, a column of n values in the field's own type goes out. What cannot be
computed stays missing.
"""

from collections.abc import Callable

import pandas as pd

DAYS_PER_MONTH = 30.4375  # 365.25 / 12
RESPONSES = ("CR", "CRi", "PR")  # the responders of the study; MLFS is not among them
SECONDARY = ("secondary", "therapy_related")


def age_at_hma_years(rows: pd.DataFrame) -> pd.Series:
    """Completed years from birth_date to hma_start_date, Int64."""
    birth, start = rows["birth_date"].dt, rows["hma_start_date"].dt
    before_birthday = start.month * 100 + start.day < birth.month * 100 + birth.day
    years: pd.Series = start.year - birth.year - before_birthday
    return years.where(rows["birth_date"].notna() & rows["hma_start_date"].notna()).astype("Int64")


def is_secondary(rows: pd.DataFrame) -> pd.Series:
    """Whether aml_type is secondary or therapy-related, boolean."""
    return _is_among(rows["aml_type"], SECONDARY)


def is_dead(rows: pd.DataFrame) -> pd.Series:
    """Whether vital_status is dead, boolean; who is lost to follow-up is censored."""
    return _is_among(rows["vital_status"], ("dead",))


def is_responder(rows: pd.DataFrame) -> pd.Series:
    """Whether best_response is one of `RESPONSES`, boolean."""
    return _is_among(rows["best_response"], RESPONSES)


def os_months(rows: pd.DataFrame) -> pd.Series:
    """Overall survival in months, float: from the dates, and where they are missing as given."""
    return months_from_dates(rows).fillna(rows["os_months_given"])


def months_from_dates(rows: pd.DataFrame) -> pd.Series:
    """Months from hma_start_date to death_date of the dead, to last_contact_date of the others.

    The last contact never stands in for a missing date of death. Definition of overall survival and
    its censoring: ELN 2017 (Döhner et al., Blood 2017;129:424), with the first dose as time zero.
    """
    dead = rows["vital_status"].eq("dead")
    end = rows["last_contact_date"].where(~dead, rows["death_date"])
    end = end.where(rows["vital_status"].notna())
    months: pd.Series = (end - rows["hma_start_date"]).dt.days / DAYS_PER_MONTH
    return months


def _is_among(values: pd.Series, codes: tuple[str, ...]) -> pd.Series:
    return values.isin(codes).astype("boolean").mask(values.isna())


DERIVATIONS: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
    "age_at_hma_years": age_at_hma_years,
    "is_secondary": is_secondary,
    "os_months": os_months,
    "is_dead": is_dead,
    "is_responder": is_responder,
}
