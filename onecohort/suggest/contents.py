"""What a column holds: a summary of its texts, and the reading under which values are compared."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from onecohort.suggest.records import SourceColumn
from onecohort.suggest.wording import fold

FloatArray = npt.NDArray[np.float64]

TEXTS_PER_COLUMN = 80  # the most frequent texts decide; the tail of a free text only costs time
_MISSING = """
., .., -, --, ---, /, //, ?, ??, *, na, n/a, n.a, n.a., nan, null, none, nil, nd, n.d, n.d., np, n.p.,
nv, n.v., nr, n.r., nn, unk, unknown, unspecified, undetermined, missing, mancante, ignoto, non noto,
non nota, sconosciuto, non disponibile, non rilevato, non rilevata, non eseguito, non eseguita,
non valutabile, non applicabile, not available, not reported, not applicable, not done,
not collected, not evaluated, not known, not determined, no data, not allowed to collect,
cannot be determined, #n/a, #n/d, #null!
"""
MISSING = frozenset(text.strip() for text in _MISSING.split(","))
_NUMBER = re.compile(r"[<>≤≥~]?\s*[-+]?\d[\d.,' ]*(?:e[-+]?\d+)?\s*%?$")
_DATE = re.compile(
    r"""(?:
        \d{4}[-/.]\d{1,2}(?:[-/.]\d{1,2})?                            # 2019-03-12, 2019-03
      | \d{1,2}[-/. ](?:\d{1,2}|[a-z]{3,9})[-/. ](?:\d{4}|\d{2})      # 12.3.19, 12 mar 2019
      | \d{1,2}[-/.]\d{4}                                             # 03/2019
    )(?:[ t]\d.*)?$""",
    re.VERBOSE,
)
_TNM_PREFIX = re.compile(
    r"\b(?:yp|yc|[pcyra])(?=[tnm](?:\d|x\b|is\b))"
)  # pT2, ypN0: the same T2, N0
_ROMAN = re.compile(r"\b(iv|i{1,3})(?=[a-d]?\d?\b)")
_ARABIC = {"i": "1", "ii": "2", "iii": "3", "iv": "4"}
_PARTS = re.compile(r"[^a-z0-9<>%+-]+")


@dataclass(frozen=True)
class Contents:
    """What was seen of a column; missing codes are left out everywhere.

    texts    value as it is compared -> weight (the root of its count: rare codes tell as well)
    numeric  share of the cells that are numbers
    dated    share of the cells that are dates
    distinct number of distinct texts
    repeats  cells per distinct text
    numbers  (n,) the numbers among its distinct texts
    """

    texts: Mapping[str, float]
    numeric: float
    dated: float
    distinct: int
    repeats: float
    numbers: FloatArray

    @property
    def measured(self) -> bool:
        """Numbers of a quantity rather than a few numeric codes."""
        return self.numeric >= 0.9 and self.distinct > 10

    @property
    def worded(self) -> bool:
        """Words or codes rather than numbers."""
        return self.distinct > 0 and self.numeric < 0.3


def look(column: SourceColumn) -> Contents:
    """Summarise the texts of a column."""
    folded = [(text, fold(text), count) for text, count in column.texts]
    seen = [
        (text, plain, count) for text, plain, count in folded if plain and not is_missing(plain)
    ]
    total = sum(count for _, _, count in seen) or 1
    numbers = {plain: as_number(plain) for _, plain, _ in seen}
    top = seen[:TEXTS_PER_COLUMN]
    weights: dict[str, float] = {}
    readings = read_values([column.value_labels.get(text, plain) for text, plain, _ in top])
    for reading, (_, _, count) in zip(readings, top, strict=True):
        weights[reading] = weights.get(reading, 0.0) + float(np.sqrt(count))
    return Contents(
        texts=weights,
        numeric=sum(count for _, plain, count in seen if numbers[plain] is not None) / total,
        dated=sum(count for _, plain, count in seen if _DATE.match(plain)) / total,
        distinct=len(seen),
        repeats=total / (len(seen) or 1),
        numbers=np.array([n for n in numbers.values() if n is not None], dtype=np.float64),
    )


def is_missing(folded: str) -> bool:
    """Whether a folded text is one of the usual ways to write "nothing known"."""
    return folded in MISSING


def as_number(text: str) -> float | None:
    """The number that a text shows, with a decimal point or comma; None where it shows none.

    >>> as_number("1.234,5"), as_number("<5"), as_number("3,2 %"), as_number("G2")
    (1234.5, 5.0, 3.2, None)
    """
    if not _NUMBER.match(text.casefold()):
        return None
    bare = re.sub(r"[<>≤≥~%'\s]", "", text)
    if "," in bare and "." in bare:
        bare = bare.replace("." if bare.rfind(",") > bare.rfind(".") else ",", "")
    try:
        return float(bare.replace(",", "."))
    except ValueError:
        return None


def read_values(texts: Sequence[str]) -> list[str]:
    """Values as they are compared: folded, Roman stages as digits, without what they all repeat.

    >>> read_values(["Stage I", "Stage IIB", "Unknown", "Stage IV"])
    ['1', '2b', 'unknown', '4']
    >>> read_values(["pT2", "pT1a"])
    ['t2', 't1a']
    """
    folded = [fold(text) for text in texts]
    parts = [[part for part in _PARTS.split(_plain_stage(text)) if part] for text in folded]
    known = [i for i, text in enumerate(folded) if not is_missing(text)]
    first = Counter(parts[i][0] for i in known if len(parts[i]) > 1).most_common(1)
    if first and first[0][1] >= max(3, 0.7 * len(known)) and not first[0][0].isdigit():
        parts = [ps[1:] if len(ps) > 1 and ps[0] == first[0][0] else ps for ps in parts]
    return [" ".join(ps) or text for ps, text in zip(parts, folded, strict=True)]


def _plain_stage(folded: str) -> str:
    return _ROMAN.sub(lambda match: _ARABIC[match[1]], _TNM_PREFIX.sub("", folded))
