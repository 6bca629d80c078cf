"""Character n-gram TF-IDF: how alike two short texts are, letter by letter.

Rows are unit vectors, so a product of two matrices holds cosines. Frequent n-grams ("_date", "stage")
weigh little, rare ones much (Salton & Buckley 1988, smoothed idf with sublinear counts).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

SIZES = (2, 3, 4)  # short enough for codes such as "CR", long enough to tell "tumor" from "tutor"


@dataclass(frozen=True)
class Grams:
    """The n-grams of a corpus with their weights; made by `learn`."""

    index: dict[str, int]
    idf: npt.NDArray[np.float64]

    def vectors(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """(len(texts), n-grams) unit rows; a text without a known n-gram is a row of zeros."""
        indptr, indices = [0], list[int]()
        data: list[float] = []
        for text in texts:
            counts = Counter(gram for gram in _grams(text) if gram in self.index)
            places = np.array([self.index[gram] for gram in counts], dtype=np.int64)
            weights = (1 + np.log(np.array(list(counts.values()), dtype=np.float64))) * self.idf[
                places
            ]
            indices.extend(places.tolist())
            data.extend((weights / (np.linalg.norm(weights) or 1.0)).tolist())
            indptr.append(len(indices))
        shape = (len(texts), len(self.index))
        return sparse.csr_matrix((data, indices, indptr), shape=shape, dtype=np.float64)


def learn(corpus: Sequence[str]) -> Grams:
    """Take the n-grams and their inverse document frequencies from a corpus of short texts."""
    frequency = Counter(gram for text in corpus for gram in set(_grams(text)))
    index = {gram: place for place, gram in enumerate(sorted(frequency))}
    counts = np.array([frequency[gram] for gram in index], dtype=np.float64)
    return Grams(index, np.log((1 + len(corpus)) / (1 + counts)) + 1)


def _grams(text: str) -> list[str]:
    padded = [f" {word} " for word in text.split()]
    return [word[i : i + n] for word in padded for n in SIZES for i in range(len(word) - n + 1)]
