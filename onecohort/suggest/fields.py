"""Which field a column is: the evidence summed into one score that compares across columns.

The score is a logistic sum of the evidence. Its weights were fitted to five published cancer studies
with labelled columns (736 possible fields), each held out in turn, then rounded: rounding and leaving
one study out change the figures by less than .02. So .5 means "as often right as wrong" for such
tables, and a column of another table with .8 is the surer guess.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from onecohort.suggest.evidence import Evidence, gather
from onecohort.suggest.kinds import kind_of
from onecohort.suggest.records import NO_MEMORY, Memory, SourceColumn, Suggestion, TargetField
from onecohort.suggest.wording import fold

FloatArray = npt.NDArray[np.float64]

BIAS = -11.0  # nothing alike: the field is not it
NAME = 11.0
TELLING = 7.0
AGREES = 1.7
CLASHES = -1.8
STRANGE = -1.0
CENTERS = 5.0
SAME_HEADING = 3.0
HELD = 4.0
FLAGS = 12.0
ALONE = 4.0  # set by hand for schemas of a few dozen fields; costs the five studies .005 of MRR
SUREST = 0.9999  # a score is no surer than that, however it was rounded
TIE = 1e-6  # a guess at the very least is better than none
SAME = 0.98  # similarity from which two headings are the same but for case and signs
_KINDS = {  # what is said where the type agrees, and where it cannot fit
    "identifier": ("one text per patient", "but it identifies nobody"),
    "text": ("texts", "but it holds no text"),
    "term": ("codes", "but it holds no codes"),
    "date": ("holds dates", "but it holds no dates"),
    "number": ("holds numbers in range", "but it holds no numbers"),
    "boolean": ("yes and no", "but it holds more than yes and no"),
    "unknown": ("fits", "but it does not fit"),
}
WORTH_EXPLAINING = 0.001  # a guess scored lower is in the list only to fill it
LITTLE = "little speaks for it"
WORTH_SAYING = 0.35  # evidence below it is not a reason


def rank_fields(
    columns: Sequence[SourceColumn],
    fields: Sequence[TargetField],
    memory: Memory = NO_MEMORY,
    *,
    limit: int = 20,
) -> tuple[tuple[Suggestion, ...], ...]:
    """For each column its `limit` likeliest fields, the likeliest first.

    memory  what the other centers' mappings decided; leave out the center that is being drafted
    """
    if not columns or not fields:
        return tuple(() for _ in columns)
    memory = _relevant(memory, fields)
    evidence = gather(columns, fields, memory)
    scores = score(evidence)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :limit]
    return tuple(
        tuple(
            Suggestion(
                fields[place].name,
                float(scores[row, place]),
                _why(evidence, (row, int(place)), column, fields[place], memory)
                if scores[row, place] >= WORTH_EXPLAINING
                else LITTLE,
            )
            for place in order[row]
        )
        for row, column in enumerate(columns)
    )


def _relevant(memory: Memory, fields: Sequence[TargetField]) -> Memory:
    names = {field.name for field in fields}
    accepted = tuple(pair for pair in memory.accepted if pair.field in names)
    return Memory(accepted=accepted, ignored=memory.ignored)


def score(evidence: Evidence) -> FloatArray:
    """(columns, fields) how likely each pair is, 0 to 1."""
    total = (
        BIAS
        + NAME * evidence.name
        + TELLING * evidence.telling
        + AGREES * evidence.agrees
        + CLASHES * evidence.clashes
        + STRANGE * evidence.strange
        + CENTERS * np.log1p(evidence.centers)
        + SAME_HEADING * (evidence.vouched >= SAME)
        + HELD * evidence.held
        + FLAGS * evidence.flags
        + ALONE * evidence.alone
    )
    return np.asarray(1 / (1 + np.exp(-total)), dtype=np.float64)


def assign(
    rankings: Sequence[Sequence[Suggestion]], *, least: float = 0.1
) -> tuple[Suggestion | None, ...]:
    """One field for each column and one column for each field, so that all are likeliest together.

    A column stays without a field (None) where its guesses score under `least` or where others have
    a better claim to them.
    """
    fields = sorted({guess.field for ranking in rankings for guess in ranking})
    if not fields:
        return tuple(None for _ in rankings)
    place = {field: i for i, field in enumerate(fields)}
    gain = np.zeros((len(rankings), len(fields)))
    for row, ranking in enumerate(rankings):
        for guess in ranking:
            # Odds, not scores: two poor guesses must not outweigh a sure one.
            if guess.score >= least:
                gain[row, place[guess.field]] = _log_odds(guess.score) - _log_odds(least) + TIE
    rows, columns = linear_sum_assignment(gain, maximize=True)
    taken = {int(r): fields[c] for r, c in zip(rows, columns, strict=True) if gain[r, c] > 0}
    return tuple(
        next((guess for guess in ranking if guess.field == taken.get(row)), None)
        for row, ranking in enumerate(rankings)
    )


def _log_odds(score: float) -> float:
    bounded = min(score, SUREST)
    return float(np.log(bounded / (1 - bounded)))


def _why(
    evidence: Evidence,
    at: tuple[int, int],
    column: SourceColumn,
    field: TargetField,
    memory: Memory,
) -> str:
    """The reasons in words, the weightiest first."""
    reasons = [
        (CENTERS * evidence.vouched[at], _said_by(evidence, at, column, memory)),
        (NAME * evidence.name[at], _said_by_name(evidence, at, column, field)),
        (TELLING * evidence.share[at], _said_by_values(evidence.share[at], field)),
        (HELD * evidence.held[at], "values as other centers have them"),
        (ALONE * evidence.alone[at], "no other field permits all its values"),
        (FLAGS * evidence.flags[at], f"called like a term of {field.name}, holds marks"),
        (AGREES * evidence.agrees[at], _KINDS[kind_of(field)][0]),
    ]
    strengths = (
        evidence.vouched[at],
        evidence.name[at],
        min(evidence.share[at], 3 * evidence.telling[at]),
        evidence.held[at],
        evidence.alone[at],
        evidence.flags[at],
        evidence.agrees[at],
    )
    said = [r for r, s in zip(reasons, strengths, strict=True) if s >= WORTH_SAYING and r[1]]
    words = [text for _, text in sorted(said, key=lambda reason: -reason[0])]
    if evidence.clashes[at]:
        words.append(_KINDS[kind_of(field)][1])
    elif evidence.strange[at]:
        words.append("but none of its values is a term")
    return "; ".join(words) or LITTLE


def _said_by(evidence: Evidence, at: tuple[int, int], column: SourceColumn, memory: Memory) -> str:
    if evidence.voucher[at] < 0:
        return ""
    pair = memory.accepted[int(evidence.voucher[at])]
    if evidence.vouched[at] >= SAME:
        return f"same name as in {pair.center}"
    return f"like {pair.column!r} in {pair.center}"


def _said_by_name(
    evidence: Evidence, at: tuple[int, int], column: SourceColumn, field: TargetField
) -> str:
    wording = evidence.wordings[int(evidence.wording[at])]
    headings = {fold(column.name), fold(column.label)}
    same = [text for text in (field.name, field.title, *field.synonyms) if fold(text) in headings]
    wording = same[0] if same else wording
    what = "the field's name" if wording == field.name else f"{wording!r}"
    near = "same as" if evidence.name[at] >= SAME else "like"
    label = f"label {column.label!r} " if column.label and fold(column.label) != column.name else ""
    return f"{label}{near} {what}"


def _said_by_values(share: float, field: TargetField) -> str:
    if share >= 0.995:
        return f"values inside {field.name}'s terms"
    return f"{share:.0%} of the values inside {field.name}'s terms"
