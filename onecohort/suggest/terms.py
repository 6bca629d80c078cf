"""Which term a text of a coded column is: certain, or a ranked guess that a person has to accept.

Certain is what needs no judgement: the term itself, its synonym, its value label, or what another
center's mapping decided, all after folding. Nearness never makes certain, and where digits, Roman
numerals, negation or a pair of opposites differ there is no nearness at all.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz, process
from rapidfuzz.distance import JaroWinkler

from onecohort.suggest.contents import is_missing
from onecohort.suggest.records import (
    NO_MEMORY,
    Memory,
    SourceColumn,
    TargetField,
    TargetTerm,
    TermSuggestion,
)
from onecohort.suggest.wording import differ, fold, spelled_out

FloatArray = npt.NDArray[np.float64]

SHORT = 3  # a code this short is looked up, never guessed: RC has nothing of CR
LEAST = 0.55  # guesses below it only distract
INITIALS = BEGINNING = 0.7  # "DN" for de novo, "SEC" for secondary: a guess, never certain
SAME_WORDS = 0.9  # "weiblich" for female: a guess all the same
BY_DEFINITION = 0.9  # a definition speaks of more than the term


def rank_terms(
    column: SourceColumn,
    field: TargetField,
    memory: Memory = NO_MEMORY,
    *,
    limit: int = 5,
) -> dict[str, tuple[TermSuggestion, ...]]:
    """For each text of the column the likeliest terms of the field, the likeliest first.

    A text that is certain has one suggestion; one without any suggestion has to be decided by hand.
    Blank texts and the usual codes for "nothing known" are left out unless a term claims them.
    """
    known = _dictionary(field)
    remembered = _remembered(field, memory)
    out: dict[str, tuple[TermSuggestion, ...]] = {}
    open_texts: list[str] = []
    for text, _ in column.texts:
        sure = _certain(text, column.value_labels.get(text, ""), known, remembered)
        if sure is not None:
            out[text] = (sure,)
        elif fold(text) and not is_missing(fold(text)):
            out[text] = ()
            open_texts.append(text)
    labels = [column.value_labels.get(text, "") or text for text in open_texts]
    for text, guesses in zip(open_texts, _guesses(labels, field.terms, limit), strict=True):
        out[text] = guesses
    return out


def _dictionary(field: TargetField) -> dict[str, tuple[str, str]]:
    """Folded text -> (term, why); a wording that two terms share belongs to neither."""
    claims: dict[str, dict[str, str]] = {}
    for term in field.terms:
        for text, why in (
            (term.code, "the term"),
            (term.definition, "its definition"),
            *((synonym, f"synonym {synonym!r}") for synonym in term.synonyms),
        ):
            if fold(text):
                claims.setdefault(fold(text), {}).setdefault(term.code, why)
    return {text: next(iter(owners.items())) for text, owners in claims.items() if len(owners) == 1}


def _remembered(field: TargetField, memory: Memory) -> dict[str, tuple[str, str]]:
    """Folded text -> (term, why), where the other centers agree."""
    votes: dict[str, dict[str, list[str]]] = {}
    permitted = {term.code for term in field.terms}
    for pair in memory.accepted:
        if pair.field == field.name:
            for text, term in pair.values:
                if term in permitted:
                    votes.setdefault(fold(text), {}).setdefault(term, []).append(pair.center)
    return {
        text: (term, f"as in {', '.join(sorted(set(centers)))}")
        for text, terms in votes.items()
        if len(terms) == 1
        for term, centers in terms.items()
    }


def _certain(
    text: str,
    label: str,
    known: Mapping[str, tuple[str, str]],
    remembered: Mapping[str, tuple[str, str]],
) -> TermSuggestion | None:
    """The one suggestion that needs no judgement.

    A numeric code means something only through its label: that "1" is male in one center does not
    make it male in the next.
    """
    folded = fold(text)
    if label and fold(label) in known:
        term, why = known[fold(label)]
        return TermSuggestion(term, 1.0, f"label {label!r} is {why}", certain=True)
    if label and fold(label) in remembered:
        term, why = remembered[fold(label)]
        return TermSuggestion(term, 1.0, f"label {label!r} {why}", certain=True)
    if folded in known and not label:
        term, why = known[folded]
        return TermSuggestion(term, 1.0, why, certain=True)
    if folded in remembered and not label:
        term, why = remembered[folded]
        return TermSuggestion(term, 0.95, why, certain=not folded.isdigit())
    return None


def _guesses(
    texts: Sequence[str], terms: Sequence[TargetTerm], limit: int
) -> list[tuple[TermSuggestion, ...]]:
    wordings = [
        (wording, place, weight)
        for place, term in enumerate(terms)
        for wording, weight in (
            (term.code.replace("_", " "), 1.0),
            (term.definition, BY_DEFINITION),
            *((synonym, 1.0) for synonym in term.synonyms),
        )
        if wording
    ]
    if not texts or not wordings:
        return [() for _ in texts]
    ours, theirs = [fold(text) for text in texts], [fold(wording) for wording, *_ in wordings]
    winkler = process.cdist(ours, theirs, scorer=JaroWinkler.similarity, dtype=np.float64)
    tokens = process.cdist(ours, theirs, scorer=fuzz.token_sort_ratio, dtype=np.float64)
    near = (0.5 * winkler + 0.005 * tokens) * np.array([weight for *_, weight in wordings])
    same = [[_same_words(text, wording) for wording in theirs] for text in ours]
    near = np.maximum(near, np.array(same))
    shortened = [[_shortens(text, wording) for wording in theirs] for text in ours]
    near = np.maximum(near, np.array(shortened))
    return [
        _ranked(text, near[row], theirs, wordings, terms, limit) for row, text in enumerate(ours)
    ]


def _same_words(text: str, wording: str) -> float:
    """Whether two texts are the same words in another language, as far as headings know them."""
    spelled = spelled_out(text)
    return SAME_WORDS if spelled and spelled == spelled_out(wording) else 0.0


def _shortens(text: str, wording: str) -> float:
    """How likely a text abbreviates a wording: its beginning, or the initials of its words."""
    if len(text) >= len(wording) or not text.isalpha():
        return 0.0
    initials = "".join(word[0] for word in wording.split())
    if text == initials and len(text) > 1:
        return INITIALS
    return BEGINNING if wording.startswith(text) else 0.0


def _ranked(
    text: str,
    near: FloatArray,
    theirs: Sequence[str],
    wordings: Sequence[tuple[str, int, float]],
    terms: Sequence[TargetTerm],
    limit: int,
) -> tuple[TermSuggestion, ...]:
    best: dict[str, float] = {}
    why: dict[str, str] = {}
    for place in np.argsort(-near, kind="stable"):
        wording, owner, _ = wordings[place]
        value, code = float(near[place]), terms[owner].code
        if value < LEAST:
            break
        short = min(len(text), len(theirs[place])) <= SHORT
        if short and not _shortens(text, theirs[place]):
            continue
        if differ(text, theirs[place]):
            continue
        if code not in best:
            best[code], why[code] = value, f"like {wording!r}"
    return tuple(
        TermSuggestion(code, value, why[code], certain=False)
        for code, value in list(best.items())[:limit]
    )
