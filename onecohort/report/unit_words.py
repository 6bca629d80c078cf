"""Units as a person writes them: the schema has them in UCUM, which machines read."""

import re

WORDS = {"a": "years", "mo": "months", "wk": "weeks", "d": "days", "h": "hours", "1": ""}
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
MICRO = re.compile(r"\bu(?=(?:mol|kat|g|L|U)\b)")


def spell_unit(unit: str | None) -> str:
    """A unit in words and signs.

    >>> spell_unit("a"), spell_unit("10*9/L"), spell_unit("umol/L"), spell_unit(None)
    ('years', '10⁹/L', 'µmol/L', '')
    """
    if unit is None or unit in WORDS:
        return WORDS.get(unit or "", "")
    powers = re.sub(r"\b10\*(\d+)", lambda found: "10" + found[1].translate(RAISED), unit)
    return MICRO.sub("µ", powers)
