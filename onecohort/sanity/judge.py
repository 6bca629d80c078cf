"""All looks across the centers at once: what a cohort and its findings say of each center's coding."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onecohort.disclosure import show_part, show_share
from onecohort.sanity.patterns import find_constants, find_duplicates, find_gaps, find_rounding
from onecohort.sanity.scale import Slip, find_slips, spell_factor
from onecohort.sanity.shares import Reading, Shares, Swap, find_swaps, list_reversals
from onecohort.sanity.suspicion import Suspicion, TooSmall
from onecohort.sanity.systematic import find_key_trouble, find_systematic
from onecohort.sanity.values import Numbers, gather_numbers, split_by_center
from onecohort.schema import CohortSchema, Field

LONGEST_SCALE = 10  # an ordered whole-number scale (ECOG 0 to 4) has no more steps than this
ASSOCIATED = 0.1  # nats two fields must share for one to witness against the other


@dataclass(frozen=True)
class Sanity:
    """What the looks across centers brought up, the worst first, and what they could not tell."""

    suspicions: tuple[Suspicion, ...]
    too_small: tuple[TooSmall, ...]

    def of(self, center: str) -> tuple[Suspicion, ...]:
        """Those about one center."""
        return tuple(s for s in self.suspicions if s.center == center)


def judge_cohort(
    cohort: pa.Table,
    findings: pa.Table,
    schema: CohortSchema,
    *,
    unavailable: Collection[tuple[str, str]] = (),
) -> Sanity:
    """Compare the centers with each other, field by field.

    cohort        one row per patient, with its center
    findings      `onecohort.findings.SCHEMA`; withdrawn values are read from it
    unavailable   (center, field) that a mapping declares missing: no gap to be named
    """
    suspicions: list[Suspicion] = []
    too_small: list[TooSmall] = []
    fields = [f for f in schema.published if f.name in cohort.schema.names and f.name != "center"]
    own = [f for f in fields if not f.derived or f.unit == "a"]
    coded = {f.name: _coded(cohort, f) for f in own if list_terms(f)}
    for field in own:
        if field.kind in ("integer", "number") and field.unit is not None:
            _judge_numbers(field, cohort, findings, suspicions, too_small)
        if field.name in coded:
            _judge_terms(field, coded, cohort, suspicions, too_small)
        if field.kind != "identifier":
            filled = _filled(cohort, field.name, findings)
            suspicions += [
                gap
                for gap in find_gaps(field.name, filled)
                if (gap.center, field.name) not in unavailable
            ]
    compared = [f.name for f in own if f.kind != "identifier"]
    suspicions += find_duplicates(cohort, compared)
    suspicions += find_systematic(cohort, findings, schema)
    suspicions += find_key_trouble(findings)
    order = {
        kind: place for place, kind in enumerate(("unit", "swap", "systematic", "keys", "share"))
    }
    suspicions.sort(key=lambda s: (order.get(s.kind, 9), s.center, s.field))
    return Sanity(tuple(suspicions), tuple(too_small))


def _judge_numbers(
    field: Field,
    cohort: pa.Table,
    findings: pa.Table,
    suspicions: list[Suspicion],
    too_small: list[TooSmall],
) -> None:
    numbers = gather_numbers(cohort, findings, field.name, field.possible)
    values = {center: found.values for center, found in numbers.items()}
    scales = find_slips(values, unit=field.unit, field=field.name)
    suspicions += [_unit_suspicion(slip, field, numbers[slip.center]) for slip in scales.slips]
    too_small += [TooSmall(u.center, field.name, u.reason) for u in scales.undecided]
    if field.kind == "number":
        suspicions += find_rounding(field.name, values)
        suspicions += find_constants(field.name, {c: pa.array(v) for c, v in values.items()})


def _unit_suspicion(slip: Slip, field: Field, numbers: Numbers) -> Suspicion:
    unit = f" {field.unit}" if field.unit else ""
    reading = f"as {slip.label}" if slip.is_unit else f"if {slip.label}"
    words = (
        f"median {_spell(slip.before)} against {_spell(slip.elsewhere)}{unit} at the others; "
        f"read {reading} it is {_spell(slip.after)}"
    )
    shown = words if len(slip.rows) >= 5 else "a part of the values lies far off the others"
    part = len(slip.rows)
    return Suspicion(
        kind="unit",
        center=slip.center,
        field=field.name,
        evidence=f"{part} of {slip.of} values: {words}",
        shared=f"{show_part(part, slip.of)} values: {shown}",
        action=_unit_action(slip, field),
        part=part,
        of=slip.of,
        cohort_rows=_kept(numbers.cohort_rows[slip.rows]),
        finding_rows=_kept(numbers.finding_rows[slip.rows]),
    )


def _spell(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _unit_action(slip: Slip, field: Field) -> str:
    if slip.is_unit and slip.is_whole:
        return f"if the laboratory reports {slip.label}, declare `unit:` in the mapping"
    if slip.is_unit:
        given = "in a column (`unit_from:`) or by a condition (`unit_when:`)"
        return f"ask which values are in {slip.label}; give the unit {given}"
    return (
        f"see whether the decimal point slipped: values are {spell_factor(slip.ratio)} the others'"
    )


def _judge_terms(
    field: Field,
    coded: Mapping[str, pa.Array],
    cohort: pa.Table,
    suspicions: list[Suspicion],
    too_small: list[TooSmall],
) -> None:
    shares = _compare_shares(field, coded, cohort)
    suspicions += [_swap_suspicion(swap, field, cohort, coded) for swap in shares.swaps]
    too_small += [TooSmall(u.center, field.name, u.reason) for u in shares.undecided]
    suspicions += [
        s
        for s in find_constants(field.name, split_by_center(cohort, field.name))
        if not any(swap.center == s.center for swap in shares.swaps)
    ]


def _compare_shares(field: Field, coded: Mapping[str, pa.Array], cohort: pa.Table) -> Shares:
    """By itself and within the terms of the field that goes along with it most."""
    terms, centers = list_terms(field), cohort.column("center")
    readings = _readings(field, coded[field.name])
    alone = find_swaps(
        _tabulate(coded[field.name], None, centers, len(terms)), terms, readings=readings
    )
    witness = _find_witness(field.name, coded)
    if witness is None:
        return alone
    tables = _tabulate(coded[field.name], coded[witness], centers, len(terms))
    together = find_swaps(tables, terms, readings=readings)
    named = {swap.center for swap in alone.swaps}
    swaps = (*alone.swaps, *(s for s in together.swaps if s.center not in named and s.is_swap))
    named |= {swap.center for swap in swaps}
    open_still = {u.center for u in together.undecided}
    undecided = tuple(u for u in alone.undecided if u.center in open_still - named)
    return Shares(swaps, undecided)


def _swap_suspicion(
    swap: Swap, field: Field, cohort: pa.Table, coded: Mapping[str, pa.Array]
) -> Suspicion:
    here, there = (
        round(swap.here * swap.of),
        f"{swap.elsewhere:.0%} at the others".replace("%", " %"),
    )
    if swap.is_swap:
        pairs = zip(swap.given, swap.meant, strict=True)
        reading = ", ".join(f"{a} as {b}" for a, b in pairs if a != b)
        tail, action = f"; read {reading} it fits", f"look at the codes of “{field.title}”"
    else:
        tail, action = "", f"see whether “{field.title}” is coded as the mapping says"
    center = pc.equal(cohort.column("center"), swap.center)
    concerned = pc.and_(center, pc.is_valid(cohort.column(field.name)))
    rows = np.flatnonzero(concerned.combine_chunks().to_numpy(zero_copy_only=False))
    return Suspicion(
        kind="swap" if swap.is_swap else "share",
        center=swap.center,
        field=field.name,
        evidence=f"{swap.term}: {here} of {swap.of} against {there}{tail}",
        shared=f"{swap.term}: {show_share(here, swap.of)} against {there}{tail}",
        action=action,
        part=len(rows),
        of=swap.of,
        cohort_rows=rows,
    )


def list_terms(field: Field) -> tuple[str, ...]:
    """The terms of a coded field; of a short ordered scale, its steps."""
    if field.kind == "boolean":
        return ("yes", "no")
    window = field.possible
    if field.kind == "integer" and field.unit is None and window is not None:
        steps = range(int(window[0]), int(window[1]) + 1)
        return tuple(map(str, steps)) if len(steps) <= LONGEST_SCALE else ()
    return field.codes


def _coded(cohort: pa.Table, field: Field) -> pa.Array:
    """(n,) int64 position of each patient's term, null where it is missing."""
    column = cohort.column(field.name).combine_chunks()
    is_flag = field.kind == "boolean"
    texts = pc.if_else(column, "yes", "no") if is_flag else column.cast(pa.string())
    return pc.index_in(texts, value_set=pa.array(list_terms(field))).cast(pa.int64())


def _readings(field: Field, codes: pa.Array) -> list[Reading] | None:
    if field.kind != "integer":
        return None
    highest = pc.max(codes).as_py()
    used = 0 if highest is None else int(highest) + 1
    size = len(list_terms(field))
    usual = np.bincount(codes.drop_null().to_numpy(), minlength=size)
    common = int(np.flatnonzero(usual >= max(usual.sum() * 0.02, 1)).max(initial=0)) + 1
    return list(dict.fromkeys(list_reversals(used, size) + list_reversals(common, size)))


def _tabulate(
    codes: pa.Array, witness: pa.Array | None, centers: pa.ChunkedArray, size: int
) -> dict[str, npt.NDArray[np.int64]]:
    """center -> (terms, terms of the witness and missing) counts of patients."""
    known = codes.is_valid().to_numpy(zero_copy_only=False)
    term = codes.fill_null(0).to_numpy()[known]
    if witness is None:
        level = np.zeros(len(term), np.int64)
    else:
        level = pc.add(witness, 1).fill_null(0).to_numpy()[known]
    levels = int(level.max(initial=0)) + 1
    coded = centers.combine_chunks().dictionary_encode()
    place = coded.indices.to_numpy()[known]
    names = coded.dictionary.to_pylist()
    flat = np.bincount((place * size + term) * levels + level, minlength=len(names) * size * levels)
    tables = flat.reshape(len(names), size, levels)
    return {name: tables[i] for i, name in sorted(enumerate(names), key=lambda pair: pair[1])}


def _find_witness(name: str, coded: Mapping[str, pa.Array]) -> str | None:
    shared = {
        other: _information(coded[name], array) for other, array in coded.items() if other != name
    }
    best = max(shared, key=lambda other: shared[other], default=None)
    return best if best is not None and shared[best] > ASSOCIATED else None


def _information(one: pa.Array, two: pa.Array) -> float:
    """Mutual information of two coded columns in nats, missing being a term of its own."""
    first, second = (pc.add(a, 1).fill_null(0).to_numpy() for a in (one, two))
    if len(first) == 0:
        return 0.0
    width = int(second.max()) + 1
    table = np.bincount(first * width + second, minlength=(int(first.max()) + 1) * width)
    share = table.reshape(-1, width) / len(first)
    expected = share.sum(axis=1, keepdims=True) * share.sum(axis=0, keepdims=True)
    held = share > 0
    return float((share[held] * np.log(share[held] / expected[held])).sum())


def _filled(cohort: pa.Table, name: str, findings: pa.Table) -> dict[str, tuple[int, int]]:
    """center -> (patients with a value, carried or withdrawn, and patients)."""
    grouped = (
        cohort.select(["center", name])
        .group_by("center")
        .aggregate([(name, "count"), ("center", "count")])
    )
    lost = findings.filter(
        pc.and_(pc.equal(findings.column("field"), name), pc.is_valid(findings.column("row")))
    )
    taken = {
        str(pair["values"]): int(pair["counts"])
        for pair in pc.value_counts(lost.column("center").combine_chunks()).to_pylist()
    }
    columns = grouped.to_pydict()
    return {
        center: (min(given + taken.get(center, 0), total), total)
        for center, given, total in zip(
            columns["center"], columns[f"{name}_count"], columns["center_count"], strict=True
        )
    }


def _kept(rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return rows[rows >= 0]
