"""Display formats of a workbook's cells, as far as they change what a person reads.

Most only round or paint. A percentage shows a hundred times what is stored, and a month without its day
is all that was typed.
"""

import re

# Parts of a format that are shown as they stand, or not at all (a language, a colour).
_QUOTED = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
# Display formats that a workbook refers to by number alone (ECMA-376, 18.8.30); locale-dependent
# ones are given as an Italian or English spreadsheet shows them.
BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00",
    12: "# ?/?", 13: "# ??/??", 14: "short date", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy",
    18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "short date h:mm",
    37: "#,##0", 38: "#,##0", 39: "#,##0.00", 40: "#,##0.00", 45: "mm:ss", 46: "[h]:mm:ss",
    47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
}  # fmt: skip


def is_percentage(display_format: str) -> bool:
    """Whether a display format shows a hundred times the number, with the sign.

    >>> is_percentage("0.0%"), is_percentage('0.0" %"'), is_percentage(r"0\\%")
    (True, False, False)
    """
    return "%" in _QUOTED.sub("", display_format)


def is_month(display_format: str) -> bool:
    """Whether a display format shows month and year of a date, and no day.

    >>> is_month("mmm-yy"), is_month("[$-410]mmmm yyyy;@"), is_month("dd/mm/yyyy"), is_month("mm:ss")
    (True, True, False, False)
    """
    return _date_parts(display_format) == {"m", "y"}


def is_year(display_format: str) -> bool:
    """Whether a display format shows the year of a date alone."""
    return _date_parts(display_format) == {"y"}


def _date_parts(display_format: str) -> set[str]:
    plain = _QUOTED.sub("", display_format).lower()
    return {"d"} if plain.startswith("short date") else set(plain) & set("dmyhs")
