"""The evidence that a column belongs to a field, one array (columns, fields) per kind of evidence."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from onecohort.suggest.containment import containment, read_all
from onecohort.suggest.contents import Contents, look
from onecohort.suggest.flags import flags, headings_of
from onecohort.suggest.kinds import kind_agreement
from onecohort.suggest.naming import name_similarity
from onecohort.suggest.records import Memory, SourceColumn, TargetField

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

DESCRIPTION_WEIGHT = 0.7  # a description speaks of other things too
WHOLLY = 0.99  # a near value counts .8 at most, so this takes exact ones
FEW = 12  # distinct values of a column that looks like a closed list
STRANGE_BELOW = 0.05  # share of permitted values under which a closed list is another one


@dataclass(frozen=True)
class Evidence:
    """Arrays (columns, fields), 0 to 1 but for `centers`.

    name       similarity of heading or label with the field's name, title, synonyms, description
    share      share of the column's values that the field permits, rare values weighing more
    telling    `share` times how rare the column's values are
    agrees     1 where type and range fit
    clashes    1 where the type cannot fit
    strange    1 where a coded field permits none of the column's few values
    alone      1 where no other field permits, or held elsewhere, all of the column's values
    flags      1 where the column is called like a term of the field and holds marks only
    vouched    similarity with the nearest column that another center mapped to the field
    centers    how many accepted columns are alike: the sum of the fourth powers of the similarity
    held       share and rarity of the values that other centers' columns of the field held
    wording    place in `wordings` of the field's wording that was nearest
    voucher    place in the memory of the accepted column that was nearest, -1 for none
    wordings   all names, titles, synonyms and descriptions of the fields
    """

    name: FloatArray
    share: FloatArray
    telling: FloatArray
    agrees: FloatArray
    clashes: FloatArray
    strange: FloatArray
    alone: FloatArray
    flags: FloatArray
    vouched: FloatArray
    centers: FloatArray
    held: FloatArray
    wording: IntArray
    voucher: IntArray
    wordings: tuple[str, ...]


def gather(
    columns: Sequence[SourceColumn], fields: Sequence[TargetField], memory: Memory
) -> Evidence:
    """Compare every column with every field."""
    contents = [look(column) for column in columns]
    shape = (len(columns), len(fields))
    wordings, owner, factor = _wordings(fields)
    headings = [name for _, name in memory.ignored]
    name, wording = _nearest(_headed(columns, wordings, headings) * factor, owner, shape)
    place = {field.name: i for i, field in enumerate(fields)}
    vouching = np.array([place.get(pair.field, -1) for pair in memory.accepted], dtype=np.int64)
    alike = _alike(columns, memory, headings)
    vouched, voucher = _nearest(alike, vouching, shape)
    share, rarity = containment(contents, [read_all(field) for field in fields])
    held, held_rarity = containment(contents, _held(fields, memory))
    agrees, clashes = kind_agreement(contents, fields)
    return Evidence(
        name=name,
        share=share,
        telling=share * rarity[:, None],
        agrees=agrees,
        clashes=clashes,
        strange=_strange(contents, fields, share),
        alone=np.maximum(_alone(contents, share), _alone(contents, held)),
        flags=flags(columns, contents, fields),
        vouched=vouched,
        centers=_sums(alike**4, vouching, shape),
        held=held * held_rarity[:, None],
        wording=wording,
        voucher=voucher,
        wordings=tuple(wordings),
    )


def _wordings(fields: Sequence[TargetField]) -> tuple[list[str], IntArray, FloatArray]:
    rows = [
        (text, place, factor)
        for place, field in enumerate(fields)
        for text, factor in (
            (field.name, 1.0),
            (field.title, 1.0),
            *((synonym, 1.0) for synonym in field.synonyms),
            (field.description, DESCRIPTION_WEIGHT),
        )
        if text
    ]
    texts = [text for text, _, _ in rows]
    return texts, np.array([p for _, p, _ in rows], dtype=np.int64), np.array([f for *_, f in rows])


def _headed(
    columns: Sequence[SourceColumn], wordings: Sequence[str], headings: Sequence[str]
) -> FloatArray:
    """(columns, wordings) similarity of the name or of the label, whichever is nearer."""
    given = [(i, text) for i, column in enumerate(columns) for text in headings_of(column)]
    alike = name_similarity([text for _, text in given], wordings, corpus=headings)
    best = np.zeros((len(columns), len(wordings)))
    np.maximum.at(best, [i for i, _ in given], alike)
    return best


def _alike(columns: Sequence[SourceColumn], memory: Memory, headings: Sequence[str]) -> FloatArray:
    """(columns, accepted columns) similarity with their name or label, whichever is nearer."""
    names = [pair.column for pair in memory.accepted]
    alike = _headed(columns, names, headings)
    labelled = [i for i, pair in enumerate(memory.accepted) if pair.label]
    labels = _headed(columns, [memory.accepted[i].label for i in labelled], headings)
    alike[:, labelled] = np.maximum(alike[:, labelled], labels)
    return alike


def _nearest(
    alike: FloatArray, owner: IntArray, shape: tuple[int, int]
) -> tuple[FloatArray, IntArray]:
    """Per column and owner the highest similarity, and which wording had it."""
    best, which = np.zeros(shape), np.full(shape, -1, dtype=np.int64)
    for place in range(shape[1]):
        own = np.flatnonzero(owner == place)
        if len(own):
            top = alike[:, own].argmax(axis=1)
            which[:, place] = own[top]
            best[:, place] = alike[np.arange(shape[0]), own[top]]
    return best, which


def _sums(alike: FloatArray, owner: IntArray, shape: tuple[int, int]) -> FloatArray:
    out = np.zeros(shape)
    for place in range(shape[1]):
        out[:, place] = alike[:, owner == place].sum(axis=1)
    return out


def _held(fields: Sequence[TargetField], memory: Memory) -> list[list[str]]:
    columns: dict[str, list[SourceColumn]] = {field.name: [] for field in fields}
    for pair in memory.accepted:
        if pair.field in columns:
            columns[pair.field].append(
                SourceColumn(
                    name=pair.column, texts=pair.texts + tuple((t, 1) for t, _ in pair.values)
                )
            )
    looks = {name: [look(column) for column in held] for name, held in columns.items()}
    return [
        sorted({text for seen in looks[field.name] if not seen.measured for text in seen.texts})
        for field in fields
    ]


def _alone(contents: Sequence[Contents], share: FloatArray) -> FloatArray:
    several = np.array([len(seen.texts) > 1 for seen in contents], dtype=bool)
    whole = share >= WHOLLY
    alone: FloatArray = np.where(
        several[:, None] & whole & (whole.sum(axis=1, keepdims=True) == 1), 1.0, 0.0
    )
    return alone


def _strange(
    contents: Sequence[Contents], fields: Sequence[TargetField], share: FloatArray
) -> FloatArray:
    few = np.array([seen.worded and seen.distinct <= FEW for seen in contents], dtype=bool)
    coded = np.array([bool(field.terms) for field in fields], dtype=bool)
    strange: FloatArray = np.where(few[:, None] & coded & (share < STRANGE_BELOW), 1.0, 0.0)
    return strange
