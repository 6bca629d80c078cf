"""Values in another unit: a center whose numbers fit the pooled others only after a known factor.

Judged on logarithms, where a factor is a shift, against the median and spread of the other centers.
A whole column is judged by its median; a part of a column by values that lie where the shifted
others lie and not where the others lie. The center that fits worst is taken out of the others before
the rest is judged, so that two wrong centers do not excuse each other.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from onecohort.rules.units import convertible_to, factor_between

Floats = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

# All thresholds were set by resampling the clean sample (tests/test_sanity_false_alarms.py): together
# they name a center in fewer than one clean pooling of twenty, over all its fields.
MEDIAN_Z = 5.0  # a median this many standard errors off cannot be chance, even over 400 looks
FIT_Z = 3.0  # and after the factor it has to lie within this of the others
PART_P = 1e-5  # chance that so many values of one center lie there by themselves
LIKELIER = math.log(50)  # a value counts as shifted where that is 50 times likelier
SMALLEST = 5  # values of a center below which nothing is said
REFERENCE = 15  # values of the other centers, likewise
DECIMAL_SLIPS = (10.0, 0.1, 100.0, 0.01, 1000.0, 0.001)
NEAREST = 0.3  # factors closer to 1 (log) than this are not told apart from how patients differ
SQUARE_OF_MEDIAN = math.pi / 2  # variance of a median of normal values, in variances of their mean


@dataclass(frozen=True)
class Candidate:
    """A way a center may have counted: `ratio` times the value in the field's unit.

    units   the units that are so much smaller; none: a slip of the decimal point
    """

    ratio: float
    units: tuple[str, ...]

    @property
    def label(self) -> str:
        """The unit, or the factor in words."""
        return " or ".join(self.units) or f"{spell_factor(self.ratio)} as large"


@dataclass(frozen=True)
class Slip:
    """One center's values that fit the others only after division by `ratio`.

    rows      positions in the array that was given for the center
    of        how many values the center has
    before, after, elsewhere   medians: of the named values, of them mended, of the other centers
    """

    center: str
    ratio: float
    label: str
    is_unit: bool
    rows: Index
    of: int
    before: float
    after: float
    elsewhere: float

    @property
    def is_whole(self) -> bool:
        """Whether every value of the center is named."""
        return len(self.rows) == self.of


@dataclass(frozen=True)
class Undecided:
    """What the numbers are too few or too alike to tell."""

    center: str
    reason: str


@dataclass(frozen=True)
class Scales:
    """What one field's values say of the centers' units."""

    slips: tuple[Slip, ...]
    undecided: tuple[Undecided, ...]


@dataclass(frozen=True)
class _Reference:
    logs: Floats
    middle: float
    spread: float
    between: float  # spread of the other centers' medians: patients do differ between centers


def find_slips(values: Mapping[str, Floats], *, unit: str | None = None, field: str = "") -> Scales:
    """Name the centers whose values lie a known factor off the others'.

    values   center -> its values of one field; missing and non-positive ones are passed over
    unit     UCUM unit of the field; its other units are candidates besides the decimal slips
    field    name of the field; its beginning may name the analyte (mass against substance)
    """
    candidates = list_candidates(unit, field)
    logs = {name: _log(array) for name, array in values.items()}
    trusted = {name: np.isfinite(array) for name, array in logs.items()}
    slips: dict[str, Slip] = {}
    while True:
        found: list[tuple[float, Slip]] = []
        for center in logs:
            if center in slips:
                continue
            reference = _reference(logs, trusted, center)
            if reference is not None:
                found += _judge(center, logs[center], values[center], reference, candidates)
        if not found:
            break
        slip = _most_telling(found)
        slips[slip.center] = slip
        trusted[slip.center][slip.rows] = False
    undecided = [
        Undecided(center, reason)
        for center in logs
        if center not in slips
        and (reason := _why_undecided(logs, trusted, center, candidates)) is not None
    ]
    return Scales(tuple(slips.values()), tuple(undecided))


def _most_telling(found: list[tuple[float, Slip]]) -> Slip:
    """The strongest; of one center's, a unit goes before a slip of the point that fits as well."""
    strength, slip = max(found, key=lambda pair: pair[0])
    units = [
        (how, other)
        for how, other in found
        if other.center == slip.center and other.is_unit and how > strength / 3
    ]
    return max(units, key=lambda pair: pair[0])[1] if units else slip


def list_candidates(unit: str | None, field: str) -> list[Candidate]:
    """The factors that are tried: the field's other units, then slips of the decimal point.

    >>> [c.label for c in list_candidates("umol/L", "urate_umol_l")][:2]
    ['g/L', 'g/dL']
    """
    by_ratio: dict[float, list[str]] = {}
    for other in convertible_to(unit, field) if unit else ():
        factor = factor_between(unit or "", other, field)
        if factor is not None:
            ratio = float(f"{factor.over / factor.under:.6g}")
            by_ratio.setdefault(ratio, []).append(other)
    for ratio in DECIMAL_SLIPS:
        by_ratio.setdefault(ratio, [])
    return [
        Candidate(ratio, tuple(sorted(units)))
        for ratio, units in by_ratio.items()
        if abs(math.log(ratio)) >= NEAREST
    ]


def spell_factor(ratio: float) -> str:
    """How a person writes a factor.

    >>> spell_factor(10.0), spell_factor(0.1), spell_factor(88.42)
    ('10 times', '1/10', '88.4 times')
    """
    return f"1/{1 / ratio:.3g}" if ratio < 1 else f"{ratio:.3g} times"


def _log(array: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(array > 0, np.log(array), np.nan)


def _reference(
    logs: Mapping[str, Floats], trusted: Mapping[str, npt.NDArray[np.bool_]], center: str
) -> _Reference | None:
    others = {n: array[trusted[n]] for n, array in logs.items() if n != center}
    pooled = np.concatenate([np.empty(0), *others.values()])
    if len(pooled) < REFERENCE:
        return None
    low, first, middle, third, high = np.quantile(pooled, [0.05, 0.25, 0.5, 0.75, 0.95])
    spread = max((third - first) / 1.349, min((high - low) / 3.29, third - first), 0.02)
    medians = np.array([np.median(a) for a in others.values() if len(a) >= SMALLEST])
    between = 0.0
    if len(medians) > 2:
        between = 1.4826 * float(np.median(np.abs(medians - np.median(medians))))
    return _Reference(pooled, float(middle), float(spread), between)


def _judge(
    center: str,
    logs: Floats,
    values: Floats,
    reference: _Reference,
    candidates: list[Candidate],
) -> list[tuple[float, Slip]]:
    usable = np.flatnonzero(np.isfinite(logs))
    if len(usable) < SMALLEST:
        return []
    found = []
    for candidate in candidates:
        strength, rows = _try_candidate(logs[usable], reference, math.log(candidate.ratio))
        if strength == 0.0:
            continue
        named = usable[rows]
        before = float(np.median(values[named]))
        slip = Slip(
            center=center,
            ratio=candidate.ratio,
            label=candidate.label,
            is_unit=bool(candidate.units),
            rows=named,
            of=len(usable),
            before=before,
            after=before / candidate.ratio,
            elsewhere=math.exp(reference.middle),
        )
        found.append((strength, slip))
    return found


def _try_candidate(x: Floats, reference: _Reference, shift: float) -> tuple[float, Index]:
    """How strongly the shift speaks, in units of -log10 of chance (0: not), and for which values."""
    likelier = _shift_likelihood(x, reference, shift)
    off = x - reference.middle
    hit = (likelier > LIKELIER) & (np.abs(off - shift) < 3.5 * reference.spread)
    at_base = (likelier < -LIKELIER) & (np.abs(off) < 3.5 * reference.spread)
    between = np.abs(off - shift / 2) < abs(shift) / 6
    strength = _whole(x, reference, shift)
    if between.sum() <= hit.sum() / 3:  # else a long tail, not a second heap
        strength = max(strength, _part(hit, reference, shift))
    if strength == 0.0 or hit.mean() < at_base.mean() / 9:
        return 0.0, np.empty(0, np.int64)
    misfit = abs(float(np.median(off[hit] if hit.any() else off)) - shift) / reference.spread
    rows = np.flatnonzero(hit) if at_base.any() else np.arange(len(x))
    return strength / (1 + misfit), rows


def _shift_likelihood(x: Floats, reference: _Reference, shift: float) -> Floats:
    off = x - reference.middle
    return (off**2 - (off - shift) ** 2) / (2 * reference.spread**2)


def _whole(x: Floats, reference: _Reference, shift: float) -> float:
    off = float(np.median(x)) - reference.middle
    sampling = SQUARE_OF_MEDIAN * reference.spread**2 * (1 / len(x) + 1 / len(reference.logs))
    error = math.sqrt(sampling + reference.between**2)
    z = abs(off) / error
    if z < MEDIAN_Z or abs(off - shift) > min(FIT_Z * error, abs(shift) / 3):
        return 0.0
    return z**2 / (2 * math.log(10))


def _part(hit: npt.NDArray[np.bool_], reference: _Reference, shift: float) -> float:
    if hit.sum() < 3:
        return 0.0
    elsewhere = _shift_likelihood(reference.logs, reference, shift) > LIKELIER
    elsewhere &= np.abs(reference.logs - reference.middle - shift) < 3.5 * reference.spread
    chance = (elsewhere.sum() + 0.5) / (len(elsewhere) + 1)
    log_p = log_binomial_tail(int(hit.sum()), len(hit), float(chance))
    return -log_p / math.log(10) if log_p < math.log(PART_P) else 0.0


def log_binomial_tail(hits: int, n: int, chance: float) -> float:
    """Natural logarithm of the probability of `hits` or more of n, each with the given chance.

    >>> round(math.exp(log_binomial_tail(2, 2, 0.5)), 6)
    0.25
    """
    k = np.arange(hits, n + 1)
    binomials = np.array(
        [math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) for i in k]
    )
    logs = binomials + k * math.log(chance) + (n - k) * math.log1p(-min(chance, 1 - 1e-12))
    top = logs.max()
    return float(min(top + math.log(np.exp(logs - top).sum()), 0.0))


def _why_undecided(
    logs: Mapping[str, Floats],
    trusted: Mapping[str, npt.NDArray[np.bool_]],
    center: str,
    candidates: list[Candidate],
) -> str | None:
    usable = logs[center][np.isfinite(logs[center])]
    if len(usable) < SMALLEST:
        return f"fewer than {SMALLEST} values"
    reference = _reference(logs, trusted, center)
    if reference is None:
        return f"fewer than {REFERENCE} values at the other centers"
    error = math.sqrt(
        SQUARE_OF_MEDIAN * reference.spread**2 * (1 / len(usable) + 1 / len(reference.logs))
        + reference.between**2
    )
    unseen = [c.label for c in candidates if abs(math.log(c.ratio)) < MEDIAN_Z * error]
    if not unseen:
        return None
    return f"{len(usable)} values vary too much to exclude {', '.join(unseen)}"
