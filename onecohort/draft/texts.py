"""What a single text of an export is to a draft: a yes, a no, or somebody's own."""

import re

YES_WORDS = frozenset(
    ("si", "sì", "s", "yes", "y", "true", "vero", "1", "x", "+", "checked", "ja", "oui")
)
NO_WORDS = frozenset(("no", "n", "false", "falso", "0", "-", "unchecked", "nein", "non"))
_PERSONAL = re.compile(
    r"""  \d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[ T].*)?   # a date
        | (?=\S*\d)(?=\S*[A-Za-z])[A-Za-z0-9_-]{10,}  # letters and digits: a codice fiscale, an id
        | \d{5,}                                     # a number longer than any code
    """,
    re.VERBOSE,
)


def yes_or_no(folded: str) -> str | None:
    """What a folded text says, where it says yes or no in Italian, English, German, French or a sign."""
    if folded in YES_WORDS:
        return "yes"
    return "no" if folded in NO_WORDS else None


def looks_personal(text: str) -> bool:
    """Whether a text in a coded column came from another column: a date, a codice fiscale, an id.

    A mapping is kept and shared with the code, so no patient's text may get into it.
    """
    return bool(_PERSONAL.fullmatch(text.strip()))


def amount(cells: int) -> str:
    """A count of cells in words: `1 cell`, `2 cells`."""
    return f"{cells:,} cell{'s' * (cells != 1)}"
