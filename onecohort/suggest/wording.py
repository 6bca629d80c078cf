"""How a heading or a value is read before it is compared: folded, cut into words, spelled out.

`fold` is for values (the closed maps of a mapping fold the same way and a little less), `words` for
headings, `spelled_out` replaces abbreviations and synonyms by one canonical wording. `differ` names
what must never count as near: digits, Roman numerals, negation, hyper/hypo, pre/post, positive/negative.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from onecohort.suggest.glossary import LONGEST_PHRASE, PHRASES, singular

_CAMEL = re.compile(r"(?<=[a-z]{2})(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})")
_NOT_WORD = re.compile(r"[^a-z0-9%+<>/]+|(?<=[a-z])/|/(?=[a-z])")
_BRACKETS = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
_UNIT = re.compile(
    r"""^(?:
        %|/?[mcnu]?mol(?:/l|/dl)?|[mknpuµμ]?g(?:/?d?l|/?m[lq2²])?|[mcdµμu]?l|[mck]?m[2q²³3]?|
        [mu]?[iu]{1,2}/?m?l|x?\s*1?0?[\^e*]?[0-9]*\s*/\s*[uµμm]?[lcm]+[3³c]?|
        mg|kg|cm|mm|mmhg|gg|giorni|days?|mesi|months?|anni|years?|yrs?|score|copies/ml|cell(?:s)?/ul
    )$""",
    re.VERBOSE,
)
_UNIT_WORDS = re.compile(
    r"[_ .](?:x?1?0?e?[0-9]|[mnpu]?g|[mu]?mol|[mk]?i?u|ukat)[_ .](?:d?l|ml|ul|mm3|m2)$",
    re.IGNORECASE,
)
PASSES = 3  # an abbreviation inside a phrase: `ultimo fu`, `last follow up`, `last contact`
_TRAILING_UNITS = frozenset(["cm", "mm", "kg", "mg", "dl", "ul", "ml", "mmol", "umol", "mmhg", "%"])
_FILLER_WORDS = """
a al alla alle an and at by con d da dal dalla de degli dei del dell della delle di e for from il in
is its la le lo nel nella of on or per the this to un una with
"""
_FILLERS = frozenset(_FILLER_WORDS.split())


def fold(text: str) -> str:
    """Compatibility forms, accents, case and repeated blanks gone: `" Sì "` is `"si"`."""
    if text.isascii():
        return " ".join(text.casefold().split())
    plain = unicodedata.normalize("NFKD", text)
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).casefold().split())


@lru_cache(maxsize=65_536)
def words(heading: str) -> tuple[str, ...]:
    """The words of a heading: camelCase split, accents, units and fillers off.

    >>> words("dataNascita")
    ('data', 'nascita')
    >>> words("Hb (g/L)"), words("Tumor_Size_cm"), words("Età alla diagnosi")
    (('hb',), ('tumor', 'size'), ('eta', 'diagnosi'))
    """
    bare = _BRACKETS.sub(lambda m: " " if _UNIT.match(fold(m[1])) else f" {m[1]} ", heading)
    plain = fold(_CAMEL.sub(" ", _UNIT_WORDS.sub("", bare)))
    found = [word for word in _NOT_WORD.split(plain) if word]
    while len(found) > 1 and found[-1] in _TRAILING_UNITS:
        found.pop()
    kept = [word for word in found if word not in _FILLERS]
    return tuple(kept or found)


@lru_cache(maxsize=65_536)
def spelled_out(heading: str) -> tuple[str, ...]:
    """The words of a heading with abbreviations and synonyms replaced, longest phrase first.

    >>> spelled_out("ddn"), spelled_out("Sesso"), spelled_out("blasti midollari")
    (('date', 'birth'), ('sex',), ('blast', 'bone', 'marrow'))
    """
    found = tuple(map(singular, words(heading)))
    for _ in range(PASSES):
        found, before = _replace_phrases(found), found
        if found == before:
            break
    return tuple(dict.fromkeys(found))


def _replace_phrases(left: tuple[str, ...]) -> tuple[str, ...]:
    out: list[str] = []
    while left:
        longest = min(LONGEST_PHRASE, len(left))
        length = next((n for n in range(longest, 0, -1) if left[:n] in PHRASES), 1)
        out.extend(PHRASES.get(left[:length], left[:length]))
        left = left[length:]
    return tuple(out)


def unit_of(heading: str) -> str | None:
    """The unit that a heading states in brackets or as its last word, as written there.

    >>> unit_of("Hb (g/L)"), unit_of("Tumor_Size_cm"), unit_of("Sesso (M/F)")
    ('g/L', 'cm', None)
    """
    for inside in reversed(_BRACKETS.findall(heading)):
        if _UNIT.match(fold(inside)):
            return str(inside).strip()
    last = re.split(r"[\s_.]+", heading.strip())[-1]
    return last if last.casefold() in _TRAILING_UNITS else None


_NUMBERS = re.compile(r"\d+(?:[.,]\d+)?")
_ROMAN = re.compile(r"\b(?:i{1,3}|iv|vi{0,3}|ix|x)(?=[a-d]?\d?\b)")
_NEGATION = re.compile(
    r"\b(?:non?|not|senza|without|never|mai|assente|assenza|absent|nessun[oa]?|nega)\b"
)
_OPPOSITES = tuple(
    (re.compile(one), re.compile(other))
    for one, other in (
        (r"\b(?:iper|hyper)", r"\b(?:ipo|hypo)"),
        (
            r"\bpre|\bbefore\b|\bprima\b|\bprior\b|\bpregress",
            r"\bpost|\bafter\b|\bdopo\b|\bsuccessiv",
        ),
        (r"\b(?:inizio|start\w*|begin\w*)\b", r"\b(?:fine|end|stop\w*)\b"),
        (r"\b(?:nascita|nato|birth|born)\b", r"\b(?:morte|decesso|exitus|death|died)\b"),
        (r"\bpos(?:itiv\w*)?\b|\+$", r"\bneg(?:ativ\w*)?\b|-$"),
        (r"\bcomplet\w*", r"\b(?:in|non[- ])complet\w*|\bpar[tz]ial\w*"),
        (r"\b(?:dx|destr[oa]|right)\b", r"\b(?:sx|sinistr[oa]|left)\b"),
        (r"\b(?:alto|alta|high|maggiore)\b", r"\b(?:basso|bassa|low|minore)\b"),
    )
)


@lru_cache(maxsize=65_536)
def differ(one: str, other: str) -> bool:
    """Whether two texts that look alike mean different things and must not be called near.

    >>> differ("stadio III", "stadio II"), differ("non deceduto", "deceduto"), differ("G1", "G2")
    (True, True, True)
    >>> differ("ipertensione", "ipotensione"), differ("maschio", "Maschi")
    (True, False)
    """
    return _marks(one).exact != _marks(other).exact or opposed(one, other)


def opposed(one: str, other: str) -> bool:
    """Whether one text has the opposite of what the other has.

    >>> opposed("allo prima di hma", "allo after hma"), opposed("data inizio", "start")
    (True, False)
    """
    pairs = zip(_marks(one).opposites, _marks(other).opposites, strict=True)
    return any(
        (x and not y and v and not u) or (y and not x and u and not v) for (x, y), (u, v) in pairs
    )


@dataclass(frozen=True)
class _Marks:
    """What must be equal in two texts, and which of each pair of opposites a text has."""

    exact: tuple[tuple[str, ...], tuple[str, ...], bool]
    opposites: tuple[tuple[bool, bool], ...]


@lru_cache(maxsize=65_536)
def _marks(text: str) -> _Marks:
    folded = fold(text)
    return _Marks(
        (
            tuple(sorted(_NUMBERS.findall(folded))),
            tuple(_ROMAN.findall(folded)),
            bool(_NEGATION.search(folded)),
        ),
        tuple((bool(a.search(folded)), bool(b.search(folded))) for a, b in _OPPOSITES),
    )
