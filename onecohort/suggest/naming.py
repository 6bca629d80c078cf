"""How alike two headings are: letters, words and spelling together.

Three views that fail differently: n-gram cosines forgive spelling and inflection, word coverage
weighs what is rare ("bilirubin") over what is not ("date"), rapidfuzz sees order and length.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz, process
from rapidfuzz.distance import JaroWinkler

from onecohort.suggest.tfidf import learn
from onecohort.suggest.wording import differ, opposed, spelled_out, words

FloatArray = npt.NDArray[np.float64]

GRAMS, COVERAGE, SPELLING = 0.4, 0.4, 0.2  # shares of the three views
OPPOSED = 0.3  # at most, for two headings of which one has the opposite of the other: start, end


def name_similarity(
    left: Sequence[str], right: Sequence[str], *, corpus: Sequence[str] = ()
) -> FloatArray:
    """(len(left), len(right)) similarities between headings, 0 to 1.

    corpus  further headings; what is frequent among all of them weighs little
    """
    if not left or not right:
        return np.zeros((len(left), len(right)))
    alike = (
        GRAMS * _grams(left, right, corpus)
        + COVERAGE * _coverage(left, right, corpus)
        + SPELLING * _spelling(left, right)
    )
    ours, theirs = ([" ".join(words(text)) for text in side] for side in (left, right))
    for i, j in zip(*np.nonzero(alike > OPPOSED), strict=True):
        if opposed(ours[i], theirs[j]):
            alike[i, j] = OPPOSED
    return alike


def _grams(left: Sequence[str], right: Sequence[str], corpus: Sequence[str]) -> FloatArray:
    best = np.zeros((len(left), len(right)))
    for read in (words, spelled_out):
        ours, theirs, others = ([" ".join(read(t)) for t in side] for side in (left, right, corpus))
        grams = learn([*ours, *theirs, *others])
        best = np.maximum(best, (grams.vectors(ours) @ grams.vectors(theirs).T).toarray())
    return best


def _spelling(left: Sequence[str], right: Sequence[str]) -> FloatArray:
    ours, theirs = ([" ".join(spelled_out(t)) for t in side] for side in (left, right))
    winkler = process.cdist(ours, theirs, scorer=JaroWinkler.similarity, dtype=np.float64)
    tokens = process.cdist(ours, theirs, scorer=fuzz.token_set_ratio, dtype=np.float64)
    return 0.5 * winkler + 0.005 * tokens


def _coverage(left: Sequence[str], right: Sequence[str], corpus: Sequence[str]) -> FloatArray:
    ours, theirs, others = ([spelled_out(t) for t in side] for side in (left, right, corpus))
    texts = [*ours, *theirs, *others]
    frequency = Counter(word for text in texts for word in text)
    weight = {w: 1 + float(np.log((1 + len(texts)) / (1 + n))) for w, n in frequency.items()}
    forth = _one_way(ours, theirs, weight)
    back = _one_way(theirs, ours, weight).T
    return np.sqrt(forth * back)


def _one_way(
    ours: Sequence[tuple[str, ...]], theirs: Sequence[tuple[str, ...]], weight: dict[str, float]
) -> FloatArray:
    """(ours, theirs) share of the weight of our words that finds a counterpart in their text."""
    vocabulary = sorted({word for text in theirs for word in text})
    place = {word: i for i, word in enumerate(vocabulary)}
    own = sorted({word for text in ours for word in text})
    alike = word_similarity(own, vocabulary)
    best = np.zeros((len(own), len(theirs)))
    for column, text in enumerate(theirs):
        if text:
            best[:, column] = alike[:, [place[word] for word in text]].max(axis=1)
    row = {word: i for i, word in enumerate(own)}
    out = np.zeros((len(ours), len(theirs)))
    for i, text in enumerate(ours):
        if text:
            weights = np.array([weight[word] for word in text])
            out[i] = weights @ best[[row[word] for word in text]] / weights.sum()
    return out


def word_similarity(left: Sequence[str], right: Sequence[str]) -> FloatArray:
    """(len(left), len(right)): 1 for the same word, up to .9 for a stem or a misspelling, else 0."""
    winkler = process.cdist(left, right, scorer=JaroWinkler.similarity, dtype=np.float64)
    out = np.where(winkler >= 0.85, (winkler - 0.85) / 0.15 * 0.5 + 0.4, 0.0)
    for i, j in zip(*np.nonzero(winkler >= 0.7), strict=True):
        a, b = left[i], right[j]
        if a == b:
            out[i, j] = 1.0
        elif differ(a, b) or min(len(a), len(b)) < 3:
            out[i, j] = 0.0
        elif a.startswith(b) or b.startswith(a):
            out[i, j] = 0.9
    return out
