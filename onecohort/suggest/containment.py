"""Which of a column's values a field permits, and how much that says.

That a column holds "yes" and "no" says nothing where a hundred fields permit them; that it holds
"azacitidine" says nearly everything. So values weigh by their rarity among the fields.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from onecohort.suggest.contents import Contents, read_values
from onecohort.suggest.records import TargetField
from onecohort.suggest.tfidf import learn
from onecohort.suggest.wording import differ

FloatArray = npt.NDArray[np.float64]

NEAR = 0.5  # below this cosine two values have nothing to do with each other
NEAR_WEIGHT = 0.8  # a near value counts less than the value itself
LEAST_RARITY = 0.02  # what every field permits still tells a little
_YES_NO = "yes no si s y n x true false vero falso ja nein oui non 0 1"
YES_NO = tuple(_YES_NO.split())


def read_all(field: TargetField) -> list[str]:
    """Everything that a field permits, as values are compared."""
    texts = [text for term in field.terms for text in (term.code, *term.synonyms) if text]
    if field.kind == "boolean":
        texts.extend(YES_NO)
    return sorted(set(read_values(texts)))


def containment(
    contents: Sequence[Contents], permitted: Sequence[Sequence[str]]
) -> tuple[FloatArray, FloatArray]:
    """(columns, fields) share of a column's values among the permitted ones; (columns,) their rarity.

    Both 0 to 1; columns of measured numbers hold no values to compare and have zeros.
    """
    comparable = [seen for seen in contents if not seen.measured]
    values = sorted({text for seen in comparable for text in seen.texts})
    place = {text: i for i, text in enumerate(values)}
    share, rarity = np.zeros((len(contents), len(permitted))), np.zeros(len(contents))
    if not values or not any(permitted):
        return share, rarity
    match = _match(values, permitted)
    rare = np.log((1 + len(permitted)) / (1 + match.sum(axis=1))) / np.log(1 + len(permitted))
    rare = np.clip(rare, LEAST_RARITY, 1.0)
    for row, seen in enumerate(contents):
        at = [place[text] for text in seen.texts if text in place]
        if at and not seen.measured:
            weight = np.array(list(seen.texts.values()))
            share[row] = (weight * rare[at]) @ match[at] / (weight * rare[at]).sum()
            rarity[row] = (weight * rare[at]).sum() / weight.sum()
    return share, rarity


def _match(values: Sequence[str], permitted: Sequence[Sequence[str]]) -> FloatArray:
    """(values, fields) 1 where a field permits the value, less where only something near it."""
    texts = sorted({text for texts in permitted for text in texts})
    place = {text: i for i, text in enumerate(texts)}
    grams = learn([*values, *texts])
    alike = (grams.vectors(values) @ grams.vectors(texts).T).toarray()
    near = np.where(alike >= NEAR, alike * NEAR_WEIGHT, 0.0)
    for i, j in zip(*np.nonzero(near), strict=True):
        if values[i] == texts[j]:
            near[i, j] = 1.0
        elif differ(values[i], texts[j]):
            near[i, j] = 0.0
    out = np.zeros((len(values), len(permitted)))
    for column, own in enumerate(permitted):
        if own:
            out[:, column] = near[:, [place[text] for text in own]].max(axis=1)
    return out
