"""A source column as its distinct texts and, per row, which of them it holds.

Cells of one column repeat. Everything a rule does, it does once per distinct text; the codes carry the
outcome back to the rows. Where texts do not repeat the distinct texts are the column itself and the same
Arrow kernels run over it.
"""

import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onecohort.rules.letters import are_visible_ascii

Codes = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

# Outer blanks of any kind, no-break and zero-width blanks anywhere, and combining marks (the second
# Unicode form of an accented letter). Nothing else about a text is touched.
_UNTIDY = r"^[\s\pZ]|[\s\pZ]$|[\x{00A0}\x{2007}\x{202F}\x{200B}\x{FEFF}\p{Mn}]"
_FOLDS_FURTHER = r"[^\x20-\x7E]|  "  # what lower case alone does not fold
_INVISIBLE = str.maketrans(
    {"\u00a0": " ", "\u2007": " ", "\u202f": " ", "\u200b": None, "\ufeff": None}
)
_ALL_DIFFERENT = 2000  # a column whose first texts are so many different ones is an id or the like


def tidy(text: str) -> str:
    """The text without outer and invisible blanks, in the composed Unicode form.

    >>> tidy(" Sì\u00a0")
    'Sì'
    """
    return unicodedata.normalize("NFC", text).translate(_INVISIBLE).strip()


def fold(text: str) -> str:
    """The form in which texts are compared: tidy, compatibility forms, case and blanks folded.

    >>> fold("  Post  CT") == fold("post ct")
    True
    """
    folded = unicodedata.normalize("NFKC", tidy(text)).casefold()
    return " ".join(folded.split())


def is_listed(texts: pa.Array, folded: Collection[str]) -> Mask:
    """(d,) True where a tidied text, folded, is one of some folded texts."""
    if not folded:
        return np.zeros(len(texts), bool)
    wanted = pa.array(sorted(folded), pa.string())
    found = np.array(pc.is_in(pc.utf8_lower(texts), value_set=wanted))
    # Folding in Python is for the few; plain texts, of which there may be a million, compare in Arrow.
    odd = pc.match_substring_regex(texts, _FOLDS_FURTHER).to_numpy(zero_copy_only=False)
    for number in np.flatnonzero(odd):
        found[number] = fold(texts[int(number)].as_py()) in folded
    return found


@dataclass(frozen=True)
class Coded:
    """One column of a table.

    codes     (n,) int32: which distinct text stands in each row, never negative
    texts     the distinct texts, tidied; blank is "". Of a column that does not repeat, every row's
    raw       the same as they stand in the export
    untidy    (d,) True where tidying changed a text
    blank     (d,) True where nothing stands
    repeats   False where each row has its own text, in order
    """

    codes: Codes
    texts: pa.Array
    raw: pa.Array
    untidy: Mask
    blank: Mask
    repeats: bool = True

    def __len__(self) -> int:
        """Rows of the column."""
        return len(self.codes)

    @property
    def blank_rows(self) -> Mask:
        """(n,) True where the cell is blank."""
        return self.blank[self.codes]

    def raw_rows(self, rows: npt.NDArray[np.int64]) -> pa.Array:
        """The raw texts of some rows."""
        return self.raw.take(pa.array(self.codes[rows]))

    @property
    def raw_cells(self) -> pa.Array:
        """(n,) the raw text of every row."""
        return self.spread(self.raw)

    def spread(self, outcome: pa.Array) -> pa.Array:
        """(n,) what became of each distinct text, carried back to the rows."""
        return outcome.take(pa.array(self.codes)) if self.repeats else outcome

    def per_row(self, outcome: Mask) -> Mask:
        """An outcome per distinct text, carried back to the rows."""
        return outcome[self.codes]

    def where(self, holds: Callable[[str], bool]) -> Mask:
        """(n,) True where a predicate holds of the cell's tidied text."""
        return self.per_row(np.fromiter(map(holds, self.texts.to_pylist()), bool, len(self.texts)))

    def replace(self, rows: npt.NDArray[np.int64], text: str) -> "Coded":
        """The column with another text in some rows (a correction)."""
        codes = self.codes.copy()
        codes[rows] = len(self.texts)
        return encode_texts(codes, pa.concat_arrays([self.raw, pa.array([text], self.raw.type)]))

    def select(self, rows: npt.NDArray[np.int64]) -> "Coded":
        """Some rows of the column; the distinct texts stay as they are."""
        return Coded(self.codes[rows], self.texts, self.raw, self.untidy, self.blank)


def encode(cells: pa.Array) -> Coded:
    """Dictionary-encode a column of texts; null and "" are both blank."""
    if isinstance(cells, pa.ChunkedArray):
        cells = cells.combine_chunks()
    if not pa.types.is_dictionary(cells.type):
        if _never_repeats(cells):
            texts = cells.cast(pa.string()).fill_null("")
            return replace(
                encode_texts(np.arange(len(texts), dtype=np.int32), texts), repeats=False
            )
        cells = cells.dictionary_encode()
    texts = cells.dictionary
    if texts.type != pa.string():
        texts = texts.cast(pa.string())
    codes = cells.indices
    if codes.null_count:
        codes = pc.fill_null(codes.cast(pa.int32()), len(texts))
        texts = pa.concat_arrays([texts, pa.array([""], pa.string())])
    if texts.null_count:
        texts = pc.fill_null(texts, "")
    return encode_texts(codes.to_numpy(zero_copy_only=False).astype(np.int32, copy=False), texts)


def _never_repeats(cells: pa.Array) -> bool:
    """Whether looking for equal texts would be in vain; decides speed only."""
    if len(cells) <= _ALL_DIFFERENT:
        return False
    return len(pc.unique(cells.slice(0, _ALL_DIFFERENT))) == _ALL_DIFFERENT


def encode_texts(codes: Codes, raw: pa.Array) -> Coded:
    """A column from its codes and distinct raw texts."""
    texts = raw
    if are_visible_ascii(raw):
        untidy = np.zeros(len(raw), bool)
    else:
        untidy = pc.match_substring_regex(raw, _UNTIDY).to_numpy(zero_copy_only=False)
    if untidy.any():
        listed = raw.to_pylist()
        for number in np.flatnonzero(untidy):
            listed[number] = tidy(listed[number])
        texts = pa.array(listed, pa.string())
        changed = pc.not_equal(texts, raw).to_numpy(zero_copy_only=False)
        # A cell of nothing but blanks is blank: nothing was lost, nobody need hear of it.
        untidy = changed & (pc.utf8_length(texts).to_numpy(zero_copy_only=False) > 0)
    blank = pc.equal(texts, "").to_numpy(zero_copy_only=False)
    return Coded(codes, texts, raw, untidy, blank)


def combine(columns: Sequence[Coded]) -> tuple[Codes, list[npt.NDArray[np.int64]]]:
    """The distinct combinations of several columns.

    Returns (n,) codes of the combinations and, for each column, (d,) the code of its own distinct
    text in each combination.
    """
    if len(columns) == 1:
        only = columns[0]
        return only.codes, [np.arange(len(only.texts))]
    whole = columns[0].codes.astype(np.int64)
    for column in columns[1:]:
        whole = whole * max(len(column.texts), 1) + column.codes
    distinct, codes = np.unique(whole, return_inverse=True)
    parts: list[npt.NDArray[np.int64]] = []
    rest = distinct
    for column in reversed(columns[1:]):
        rest, part = np.divmod(rest, max(len(column.texts), 1))
        parts.append(part)
    return codes.astype(np.int32).ravel(), [rest, *reversed(parts)]
