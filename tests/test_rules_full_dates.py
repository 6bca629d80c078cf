"""The short cut for dates with all their digits says what the regular expression says."""

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecohort.rules.dates import DateFormat, _read_parts
from onecohort.rules.full_dates import read_full_dates

FORMATS = ["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y-%m-%d", "%Y%m%d", "%d %m %Y"]
ODD = [
    "", "1/2/2019", "31/02/2019", "29/02/2019", "29/02/2000", "29/02/1900", "00/01/2019", "01/00/2019",
    "01/13/2019", "01/01/0000", "01/01/201a", "ab/cd/efgh", "01-01-2019", " 1/01/2019", "è1/01/201",
    "٠١/٠١", "01/01/2019 ", "2019-02-30", "2019-02-28", "20190228", "//////////",
]  # fmt: skip


def by_expression(texts: pa.Array, date_format: str) -> tuple[np.ndarray, np.ndarray]:
    days, precision = _read_parts(texts, date_format, DateFormat((date_format,)))
    return days, precision > 0


@pytest.mark.parametrize("date_format", FORMATS)
@given(st.lists(st.sampled_from(ODD) | st.from_regex(r"[0-3]\d/[01]\d/\d{4}", fullmatch=True)))
def test_what_it_reads_is_what_the_expression_reads(date_format: str, cells: list[str]) -> None:
    texts = pa.array(cells, pa.string())
    read = read_full_dates(texts, date_format)
    assert read is not None
    days, good = read
    expected_days, expected = by_expression(texts, date_format)
    assert not (good & ~expected).any()
    assert days[good].tolist() == expected_days[good].tolist()


@pytest.mark.parametrize("date_format", FORMATS)
def test_it_reads_every_day_of_forty_years(date_format: str) -> None:
    first = date(1984, 1, 1)
    days = [first + timedelta(days=number) for number in range(40 * 365)]
    texts = pa.array([day.strftime(date_format) for day in days])
    read = read_full_dates(texts, date_format)
    assert read is not None
    assert read[1].all()
    assert read[0].tolist() == [(day - date(1970, 1, 1)).days for day in days]


@pytest.mark.parametrize(
    "date_format", ["%d/%m/%y", "%m/%Y", "%d %B %Y", "excel", "%d/%m/%YT%H", "%Y%Y"]
)
def test_other_formats_are_left_to_the_expression(date_format: str) -> None:
    assert read_full_dates(pa.array(["01/02/2019"]), date_format) is None


def test_a_part_of_an_array_is_read_as_the_array() -> None:
    texts = pa.array(["x", "01/02/2019", "soon", "02/02/2019"]).slice(1)
    read = read_full_dates(texts, "%d/%m/%Y")
    assert read is not None
    assert read[1].tolist() == [True, False, True]
    assert read[0][[0, 2]].tolist() == [17928, 17929]
