"""The text of a center's cell on its card: what cannot be seen is spelled, what never ends is cut."""

import re

LONGEST_SHOWN = (
    400  # characters of one text on a card; nobody reads on, and the row says where it is
)
LONGEST_CELL = 32_767  # what a workbook can hold in a cell, in UTF-16 units as Excel counts
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # no workbook can hold them
# Controls, blanks of no width or that look like a common one, and marks that turn the direction.
UNSEEN = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\xa0\xad\u2000-\u200f\u2028-\u202f\u2060-\u206f\ufeff]"
)


def show_text(text: str) -> str:
    """A text in which everything can be seen.

    >>> show_text("a\\tb\\xa0"), show_text("x" * 500)[-20:]
    ('a⟨U+0009⟩b⟨U+00A0⟩', 'xx… (500 characters)')
    """
    cut = text[:LONGEST_SHOWN]
    seen = UNSEEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", cut)
    return f"{seen}… ({len(text):,} characters)" if len(text) > LONGEST_SHOWN else seen


def fit_cell(text: str, longest: int = LONGEST_CELL) -> str:
    """A text as a cell of a workbook can hold it: Excel refuses a file with a longer one.

    >>> fit_cell("a\\x00b"), fit_cell("😀😀😀", 5)
    ('a\\ufffdb', '😀😀…')
    """
    text = UNPRINTABLE.sub("\ufffd", text)
    units = text.encode("utf-16-le", "surrogatepass")
    if len(units) <= 2 * longest:
        return text
    return units[: 2 * (longest - 1)].decode("utf-16-le", "ignore") + "…"
