"""What holds for any delivery: it balances, order and batches change nothing, output recodes to itself."""

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from onecohort.examples import render
from onecohort.exports.table import MemoryTable
from onecohort.rules.units import QUANTITIES, factor_between
from tests.small_study import Cells, Outcome, mapping_of, outcome_of, table_of

FIELDS = """
    sex: { from: sex, values: { M: male, F: female, maschio: male } }
    birth_date: { from: born, dates: ["%d/%m/%Y", "%m/%Y"], impute: middle }
    start_date: { from: start, dates: ["%d/%m/%Y", excel] }
    death_date: { from: days, days_from: start_date, decimal: "," }
    age_years: { from: born, dates: "%d/%m/%Y", age_at: start_date }
    hemoglobin_g_dl: { from: hb, unit_from: unit, unit: g/dL, units: { gr: g/L }, bounds: limit }
    blasts_pct: { from: blasts, split: "/", part: 1, decimal: "," }
    is_treated: { any_of: [a, b], otherwise: no }
    note: { cases: [{ when: { a: x, b: missing }, then: one }, { when: { blasts: ">= 5" }, then: two }] }
    wbc_10e9_l: { from: v.x, take: latest, by: v.d, where: { v.kind: [wbc, GB] } }
    creatinine_mg_dl: { from: v.x, take: nearest, near: start_date, by: v.d, where: { v.kind: crea },
                        within_days: 30, unit: umol/L }
    response: { from: v.r, take: best }
    cycles: { from: v.kind, take: count }
"""
MISSING = 'missing: [n.d., "?"], leave_out: [{ when: { sex: Total }, reason: total row }]'
VISITS = 'v: { files: v.csv, key: id, rows: many, missing: n.d., dates: "%d/%m/%Y" }'
MAPPING = mapping_of(FIELDS, table=MISSING, tables=VISITS)
DECLARED = ["repeated: first", "repeated: last", "repeated: { latest: start }", "zero_pad: 3"]
CORRECTED = """
corrections:
  - { patient: "3", column: sex, was: donna, now: F, reason: typing error }
  - { row: 4, column: id, was: "1", now: "9", reason: typing error }
  - { row: 3, table: v, column: x, was: "3", now: "4", reason: typing error }
"""

DATES = [
    "01/02/2019",
    "31/02/2019",
    "03/2019",
    "2019-05-06",
    "43524",
    "12/13/2019",
    "soon",
    "01/02/2109",
]
NUMBERS = ["3", "9.8", "9,8", "98", "<5", ">90", "1e3", "x", "-1", "99999999999", "3/4", "/", "5 %"]
NOTHING = ["", "", "n.d.", "N.D.", "?", " "]


def cell(*texts: str) -> st.SearchStrategy[str | None]:
    return st.sampled_from([*texts, *NOTHING, None, "\u00a0odd\u200b"])


KEYS = st.sampled_from(["1", "2", "3", "4", "5", "6", "7", " 1", "", "n.d."])
FIRST = st.fixed_dictionaries(
    {
        "id": KEYS,
        "sex": cell("M", "f", "maschio", "donna", "Total"),
        "born": cell(*DATES),
        "start": cell(*DATES),
        "days": cell(*NUMBERS),
        "hb": cell(*NUMBERS),
        "unit": cell("g/L", "g/dL", "gr", "furlong"),
        "blasts": cell(*NUMBERS),
        "a": cell("x", "0", "maybe"),
        "b": cell("x", "0", "maybe"),
    }
)
SECOND = st.fixed_dictionaries(
    {
        "id": KEYS,
        "d": cell(*DATES),
        "kind": cell("wbc", "GB", "crea", "PLT"),
        "x": cell(*NUMBERS),
        "r": cell("CR", "PD", "better"),
    }
)
DELIVERY = st.tuples(st.lists(FIRST, max_size=9), st.lists(SECOND, max_size=9))
Delivery = tuple[list[dict[str, str | None]], list[dict[str, str | None]]]
COLUMNS = {
    "t": ("id", "sex", "born", "start", "days", "hb", "unit", "blasts", "a", "b"),
    "v": ("id", "d", "kind", "x", "r"),
}

law = settings(max_examples=25, deadline=None)


def run(first: MemoryTable, second: MemoryTable, **more: Any) -> Outcome:
    return outcome_of(MAPPING, first, v=second, **more)


def tables(delivery: Delivery) -> tuple[MemoryTable, MemoryTable]:
    first, second = delivery
    return (
        table_of(first, columns=COLUMNS["t"]),
        table_of(second, name="v", columns=COLUMNS["v"]),
    )


@law
@given(DELIVERY)
def test_every_row_and_every_cell_is_somewhere(delivery: Delivery) -> None:
    found = run(*tables(delivery)).harmonized
    for name, rows in zip(("t", "v"), delivery, strict=True):
        balance = found.tables[name]
        assert balance.delivered == len(rows)
        sides = balance.cohort + balance.quarantined + balance.merged + balance.left_out
        assert sides == len(rows)
        for column, cells in found.columns[name].items():
            filled = sum(bool((row[column] or "").strip("\u00a0\u200b ")) for row in rows)
            assert cells.filled + cells.set_aside == filled
            assert cells.filled == cells.carried + cells.missing + cells.findings + cells.unused
    assert found.tables["t"].cohort == found.patients
    assert len(found.quarantine) == sum(balance.quarantined for balance in found.tables.values())


@law
@given(DELIVERY)
def test_a_value_that_is_gone_has_a_finding_or_was_never_there(delivery: Delivery) -> None:
    found = run(*tables(delivery))
    doubted = {(f["row"], f["field"]) for f in found.findings if f["severity"] != "note"}
    cells = dict(enumerate(delivery[0], 2))
    for patient in found.patients:
        for field, column in (("sex", "sex"), ("birth_date", "born"), ("start_date", "start"),
                              ("hemoglobin_g_dl", "hb"), ("blasts_pct", "blasts")):  # fmt: skip
            text = (cells[patient["_row"]][column] or "").strip("\u00a0\u200b ").casefold()
            if patient[field] is None and text not in ("", "n.d.", "?"):
                assert (patient["_row"], field) in doubted, (field, text)


@law
@given(DELIVERY, st.integers(1, 9))
def test_batches_of_any_size_give_the_same_cohort_and_findings(
    delivery: Delivery, size: int
) -> None:
    whole, parts = run(*tables(delivery)), run(*tables(delivery), batch_rows=size)
    assert by_patient(parts.patients) == by_patient(whole.patients)
    # A hint may speak of the column's other texts, of which a batch holds only some.
    assert told(parts, but=("hint",)) == told(whole, but=("hint",))
    assert parts.harmonized.tables == whole.harmonized.tables
    assert parts.harmonized.columns == whole.harmonized.columns
    assert parts.harmonized.filled == whole.harmonized.filled
    assert parts.harmonized.quarantine.equals(whole.harmonized.quarantine)


# Codes without their zeros are found out from all patients, of whom a batch may hold one.
PLAIN = {"id": "", **dict.fromkeys(COLUMNS["t"][1:], "")}
BARE: Delivery = (
    [{**PLAIN, "id": code} for code in "1234"],
    [{"id": code, "d": "", "kind": "wbc", "x": "3", "r": "CR"} for code in "123"],
)


@pytest.mark.parametrize("declared", DECLARED)
@example(delivery=BARE, size=1)
@settings(max_examples=10, deadline=None)
@given(delivery=DELIVERY, size=st.integers(1, 9))
def test_batches_change_nothing_however_repeated_rows_are_declared(
    declared: str, delivery: Delivery, size: int
) -> None:
    loaded = mapping_of(FIELDS, table=f"{MISSING}, {declared}", tables=VISITS, more=CORRECTED)
    first, second = tables(delivery)
    whole = outcome_of(loaded, first, v=second)
    parts = outcome_of(loaded, first, v=second, batch_rows=size)
    assert by_patient(parts.patients) == by_patient(whole.patients)
    assert told(parts, but=("hint",)) == told(whole, but=("hint",))
    assert parts.harmonized.tables == whole.harmonized.tables
    assert parts.harmonized.quarantine.equals(whole.harmonized.quarantine)
    assert sorted(map(str, parts.harmonized.lineage.to_pylist())) == sorted(
        map(str, whole.harmonized.lineage.to_pylist())
    )


@law
@given(DELIVERY, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_columns_changes_nothing_but_order(
    delivery: Delivery, chance: random.Random
) -> None:
    first, second = tables(delivery)
    whole, mixed = run(first, second), run(shuffled(first, chance), shuffled(second, chance))
    assert by_patient(mixed.patients) == by_patient(whole.patients)
    # Which of several rows of one patient is the first, and so stays, is the file's order.
    order = ("key.repeated", "key.conflict")
    assert told(mixed, but=("row",), without=order) == told(whole, but=("row",), without=order)
    assert mixed.checks.count("key.repeated") == whole.checks.count("key.repeated")
    assert mixed.harmonized.tables == whole.harmonized.tables


@law
@given(DELIVERY)
def test_pooling_two_halves_with_other_keys_is_concatenation(delivery: Delivery) -> None:
    first, second = delivery
    other = [{**row, "id": f"b{row['id']}" if (row["id"] or "").strip() else ""} for row in first]
    theirs = [{**row, "id": f"b{row['id']}" if (row["id"] or "").strip() else ""} for row in second]
    alone, more = run(*tables((first, second))), run(*tables((other, theirs)))
    both = run(*tables((first + other, second + theirs)))
    assert both.harmonized.patients == alone.harmonized.patients + more.harmonized.patients
    kept = by_patient(both.patients)
    assert {key: kept[key] for key in by_patient(alone.patients)} == by_patient(alone.patients)


IDENTITY = mapping_of(
    """
    sex: { from: sex }
    response: { from: response }
    birth_date: { from: birth_date }
    start_date: { from: start_date }
    hemoglobin_g_dl: { from: hemoglobin_g_dl }
    blasts_pct: { from: blasts_pct }
    is_treated: { from: is_treated }
    wbc_10e9_l: { from: wbc_10e9_l }
    note: { from: note }
    """
)


@law
@given(DELIVERY)
def test_recoding_what_was_recoded_changes_nothing(delivery: Delivery) -> None:
    once = run(*tables(delivery)).patients
    names = list(IDENTITY.mapping.fields)
    written = [
        {"id": p["patient_id"], **{name: written_out(p[name]) for name in names}} for p in once
    ]
    twice = outcome_of(IDENTITY, table_of(written, columns=("id", *names)))
    assert [[p[name] for name in names] for p in twice.patients] == [
        [p[name] for name in names] for p in once
    ]
    assert {f["check"] for f in twice.findings} <= {"range.plausible"}


def written_out(value: object) -> str:
    """A value as an export of the cohort would write it, all digits."""
    return repr(value) if isinstance(value, float) else render(value)


@law
@given(
    st.sampled_from(sorted(QUANTITIES)),
    st.lists(st.floats(1e-6, 1e6), min_size=1),
    st.data(),
)
def test_units_go_there_and_come_back(
    quantity: str, values: list[float], data: st.DataObject
) -> None:
    here = data.draw(st.sampled_from(sorted(QUANTITIES[quantity])))
    there = data.draw(st.sampled_from(sorted(QUANTITIES[quantity])))
    forth, back = factor_between(here, there, ""), factor_between(there, here, "")
    assert forth is not None and back is not None
    given_ = np.array(values)
    np.testing.assert_allclose(back.apply(forth.apply(given_)), given_, rtol=1e-12)


@law
@given(st.lists(st.floats(0.01, 1e4), min_size=1))
def test_mass_and_amount_of_substance_come_back_too(values: list[float]) -> None:
    forth = factor_between("umol/L", "mg/dL", "creatinine_mg_dl")
    back = factor_between("mg/dL", "umol/L", "creatinine_mg_dl")
    assert forth is not None and back is not None
    given_ = np.array(values)
    np.testing.assert_allclose(back.apply(forth.apply(given_)), given_, rtol=1e-12)


@law
@given(st.lists(st.text(max_size=12), max_size=12))
def test_any_text_at_all_is_read_or_reported_and_never_an_accident(texts: list[str]) -> None:
    rows: Sequence[Cells] = [{"id": str(n), "x": text} for n, text in enumerate(texts)]
    loaded = mapping_of(
        """
        sex: { from: x, values: { M: male } }
        start_date: { from: x, dates: ["%d/%m/%y", "%B %Y"], pivot_year: 1925, impute: first }
        wbc_10e9_l: { from: x, decimal: ",", thousands: ".", bounds: half }
        blasts_pct: { from: x, split: ";", take: max }
        hemoglobin_g_dl: { from: x, unit_from: x }
        is_treated: { any_of: [x], otherwise: no }
        note: { from: x, zero_pad: 4 }
        """
    )
    found = outcome_of(loaded, table_of(rows, columns=("id", "x")))
    assert len(found.patients) == len(texts) - found.harmonized.tables["t"].left_out


# --- how outcomes are compared -------------------------------------------------------------------


def by_patient(patients: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {p["patient_id"]: {k: v for k, v in p.items() if k != "_row"} for p in patients}


def told(
    found: Outcome, *, but: tuple[str, ...] = (), without: tuple[str, ...] = ()
) -> list[tuple[str, ...]]:
    """Findings as sorted texts, some parts or some checks left out."""
    return sorted(
        tuple(f"{k}={v}" for k, v in f.items() if k not in but)
        for f in found.findings
        if f["check"] not in without
    )


def shuffled(table: MemoryTable, chance: random.Random) -> MemoryTable:
    """The same rows, with their numbers, in another order, and the columns too."""
    rows, columns = list(range(len(table.rows))), list(table.columns)
    chance.shuffle(rows)
    chance.shuffle(columns)
    at = pa.array(rows, pa.int64())
    return MemoryTable(
        table.export, table.sheet, table.rows.take(at), table.cells.take(at).select(columns)
    )


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_comparison_of_batches_can_fail(size: int) -> None:
    rows = [{"id": str(n), "x": str(n)} for n in range(4)]
    loaded = mapping_of("wbc_10e9_l: { from: x }")
    one, other = outcome_of(loaded, rows), outcome_of(loaded, rows[:-1], batch_rows=size)
    assert by_patient(one.patients) != by_patient(other.patients)
