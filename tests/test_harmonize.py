"""One center from its tables to its patients: layout, checks, balance, quarantine, batches."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from onecohort.balance import ColumnBalance, Imbalance, RowBalance
from onecohort.errors import ExportError, Mistake, StudyError
from onecohort.exports.table import ROWS_PER_BATCH, Batch, MemoryTable
from onecohort.findings import Findings, Severity
from onecohort.pseudonym import DEMONSTRATION_KEY, PseudonymKey, find_key
from onecohort.quarantine import SCHEMA as QUARANTINE
from onecohort.quarantine import empty_tables
from onecohort.rules.coded import combine, encode, fold, tidy
from tests.small_study import (
    POLICY,
    SCHEMA,
    mapping_of,
    outcome_of,
    require,
    table_of,
)

# --- layout --------------------------------------------------------------------------------------


def test_a_column_that_is_gone_is_a_changed_layout_with_the_nearest_name() -> None:
    loaded = mapping_of("sex: { from: Sesso }\nnote: { from: Nota }")
    table = replace(table_of([{"id": "1", "Sessso": "M"}]), sheet="Pazienti")
    with pytest.raises(ExportError) as refused:
        outcome_of(loaded, table)
    (mistake,) = refused.value.mistakes
    assert mistake.where == "t.csv [Pazienti]"
    assert mistake.what == (
        "the layout has changed: no column 'Sesso', 'Nota', which mapping.yaml reads"
    )
    assert mistake.fix.startswith("'Sesso': did you mean 'Sessso'?; 'Nota': one of: Sessso")


def test_a_column_that_nobody_speaks_for_is_named_once() -> None:
    loaded = mapping_of("sex: { from: x }", more="ignore: { y: not needed }")
    found = outcome_of(loaded, [{"id": "1", "x": "male", "y": "1", "z": "2"}])
    finding = found.finding("column.unmapped")
    assert (finding["column"], finding["row"]) == ("z", None)


def test_cells_that_no_rule_takes_are_findings() -> None:
    loaded = mapping_of("wbc_10e9_l: { from: x, where: { k: blood } }")
    rows = [{"id": "1", "k": "blood", "x": "1"}, {"id": "2", "k": "marrow", "x": "2"}]
    found = outcome_of(loaded, rows)
    assert found.finding("cell.unused")["row"] == 3
    column = found.harmonized.columns["t"]["x"]
    assert (column.filled, column.carried, column.unused) == (2, 1, 1)


# --- checks of several fields --------------------------------------------------------------------

DATES = "start_date: { from: s }\ndeath_date: { from: d }"
BACKWARDS = [{"id": "1", "s": "2020-01-01", "d": "2019-01-01"}]


def test_a_check_that_fails_withdraws_what_its_policy_names() -> None:
    found = outcome_of(mapping_of(DATES), BACKWARDS)
    assert found.patients[0]["death_date"] is None
    assert found.patients[0]["start_date"] == date(2020, 1, 1)
    assert found.patients[0]["survival_days"] is None
    finding = found.finding("start_before_death")
    assert (finding["row"], finding["column"], finding["raw"]) == (2, "d", "2019-01-01")
    assert finding["message"] == (
        "does not hold: Death is not before the start; withdrawn: death_date"
    )
    assert finding["hint"] == "look at death_date and start_date"


@pytest.mark.parametrize(
    ("costs", "patients", "words"),
    [
        ("row", 0, "the patient is not in the cohort"),
        ("nothing", 1, "all values stay"),
    ],
)
def test_a_check_may_cost_the_row_or_nothing(costs: Any, patients: int, words: str) -> None:
    schema = replace(SCHEMA, policies={POLICY.check: replace(POLICY, costs=costs)})
    found = outcome_of(mapping_of(DATES), BACKWARDS, schema=schema)
    assert len(found.patients) == patients
    assert found.finding("start_before_death")["message"].endswith(words)
    assert found.harmonized.tables["t"].quarantined == 1 - patients


def test_a_check_without_a_policy_is_a_mistake_of_the_study() -> None:
    with pytest.raises(StudyError, match="says nothing about the check 'start_before_death'"):
        outcome_of(mapping_of(DATES), BACKWARDS, schema=replace(SCHEMA, policies={}))


def test_a_finding_of_a_second_table_stands_at_its_own_row() -> None:
    loaded = mapping_of(
        "start_date: { from: s }\ndeath_date: { from: f.d }",
        tables="f: { files: f.csv, key: id }",
    )
    rows = [{"id": "1", "s": "2020-01-01"}, {"id": "2", "s": "2020-01-01"}]
    found = outcome_of(loaded, rows, f=[{"id": "2", "d": "2019-01-01"}])
    finding = found.finding("start_before_death")
    assert [finding[n] for n in ("export", "row", "column", "raw")] == [
        "f.csv", 2, "d", "2019-01-01",
    ]  # fmt: skip


def test_a_required_field_of_a_second_table_that_is_not_there_has_no_row() -> None:
    loaded = mapping_of("sex: { from: f.x }", tables="f: { files: f.csv, key: id }")
    found = outcome_of(
        loaded, [{"id": "1"}], f=table_of([], name="f", columns=("id", "x")), schema=require("sex")
    )
    finding = found.finding("required.missing")
    assert (finding["export"], finding["row"], finding["raw"]) == ("f.csv", None, None)
    assert found.harmonized.quarantine.to_pylist()[0]["check"] == "required.missing"


def test_a_required_field_that_is_missing_says_so_and_keeps_the_row() -> None:
    found = outcome_of(
        mapping_of("sex: { from: x }\nnote: { from: y }"),
        [{"id": "1", "x": "", "y": "kept"}],
        schema=require("sex"),
    )
    finding = found.finding("required.missing")
    assert finding[
        "message"
    ] == "sex is required, and nothing stands here that could be taken".replace(
        "sex", SCHEMA.fields["sex"].title
    )
    (row,) = found.harmonized.quarantine.to_pylist()
    assert (row["cells"], row["row"]) == ('{"id": "1", "y": "kept"}', 2)


def test_a_derived_value_outside_its_range_is_withdrawn_and_named() -> None:
    rows = [{"id": "1", "s": "1950-01-01", "d": "2020-01-01"}]
    found = outcome_of(mapping_of(DATES), rows)
    assert found.patients[0]["survival_days"] is None
    message = found.finding("range.possible")["message"]
    assert message == "derived, is outside what is possible (0 to 20000)"


def test_a_given_value_goes_before_the_derived_one() -> None:
    loaded = mapping_of(f"{DATES}\nsurvival_days: {{ from: n }}")
    rows = [{"id": "1", "s": "2020-01-01", "d": "2020-01-31", "n": "29"}]
    assert outcome_of(loaded, rows).patients[0]["survival_days"] == 29


def test_a_derived_field_alone_has_no_cell_to_blame() -> None:
    policy = replace(POLICY, fields=("survival_days",), costs="nothing")
    schema = replace(SCHEMA, policies={POLICY.check: policy})
    found = outcome_of(mapping_of(DATES), BACKWARDS, schema=schema)
    finding = found.finding("start_before_death")
    assert (finding["field"], finding["hint"]) == (None, "look at the row and survival_days")


# --- the balance ---------------------------------------------------------------------------------


def test_a_balance_that_does_not_close_is_an_error_of_ours() -> None:
    with pytest.raises(Imbalance, match="here: 3 rows delivered, 2 accounted for"):
        RowBalance(delivered=3, cohort=1, merged=1).check("here")
    with pytest.raises(Imbalance, match="there: 3 cells filled, 4 accounted for"):
        ColumnBalance(filled=3, carried=2, missing=1, findings=1).check("there")


# --- batches -------------------------------------------------------------------------------------


class Slices(MemoryTable):
    """A table whose reader hands on a few rows at a time, whatever it is asked for."""

    def batches(
        self, columns: Sequence[str] | None = None, *, rows: int = ROWS_PER_BATCH
    ) -> Iterator[Batch]:
        return super().batches(columns, rows=min(rows, 2))


def slices_of(table: MemoryTable) -> Slices:
    return Slices(table.export, table.sheet, table.rows, table.cells, table.faults)


def test_a_second_table_in_many_batches_is_one_table() -> None:
    loaded = mapping_of(
        "cycles: { from: v.x, take: count }", tables="v: { files: v.csv, key: id, rows: many }"
    )
    visits = table_of([{"id": "1", "x": "a"} for _ in range(5)], name="v")
    rows = [{"id": "1"}]
    assert outcome_of(loaded, rows, v=slices_of(visits)).column("cycles") == [5]


@pytest.mark.parametrize("batch_rows", [1, 2, 3, 100])
def test_the_second_reading_forgets_the_first(batch_rows: int) -> None:
    rows = [{"id": key, "x": "zz"} for key in ("1", "2", "1", "3", "2")]
    found = outcome_of(mapping_of("wbc_10e9_l: { from: x }"), rows, batch_rows=batch_rows)
    assert sorted(p["patient_id"] for p in found.patients) == ["1", "2", "3"]
    assert found.count("number.unreadable") == 3
    assert found.count("key.repeated") == 2


# --- identifiers ---------------------------------------------------------------------------------


def test_a_center_s_own_key_leaves_as_a_keyed_hash_where_it_is_an_identifier() -> None:
    patient = replace(SCHEMA.fields["patient_id"], privacy="identifier")
    schema = replace(SCHEMA, fields={**SCHEMA.fields, "patient_id": patient})
    found = outcome_of(
        mapping_of("sex: { from: x }"), [{"id": "B-007", "x": "male"}], schema=schema
    )
    pseudonym = found.patients[0]["patient_id"]
    assert pseudonym.startswith("test-")
    assert len(pseudonym) == len("test-") + 12
    assert "B-007" not in pseudonym


def test_the_same_text_has_another_hash_for_another_purpose_or_key() -> None:
    texts = pa.array(["RSS", "", None, "RSS"])
    key, other = PseudonymKey(b"one", "random"), PseudonymKey(b"two", "random")
    mine = key.hash(texts, "person").to_pylist()
    assert mine[0] == mine[3]
    assert mine[1:3] == [None, None]
    assert mine != key.hash(texts, "record").to_pylist()
    assert mine != other.hash(texts, "person").to_pylist()


def test_the_key_comes_from_the_environment_or_says_where_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ONECOHORT_KEY", "secret")
    assert find_key(synthetic=True) == PseudonymKey(b"secret", "environment")
    monkeypatch.delenv("ONECOHORT_KEY")
    assert find_key(synthetic=True) == PseudonymKey(DEMONSTRATION_KEY, "demonstration")
    random = find_key(synthetic=False)
    assert random.origin == "random"
    assert random.secret != find_key(synthetic=False).secret


# --- small parts ---------------------------------------------------------------------------------


def test_mistakes_are_told_with_their_place_and_way_out() -> None:
    error = StudyError(Mistake("a.yaml:1:2", "is wrong", "mend it"), Mistake("b.yaml", "too"))
    assert str(error) == "a.yaml:1:2  is wrong\n    mend it\nb.yaml  too"
    assert ExportError("x.csv", "is gone").mistakes == (Mistake("x.csv", "is gone"),)


def test_findings_come_in_the_order_of_rows_and_columns() -> None:
    findings = Findings("c")
    findings.add(check="b", severity=Severity.NOTE, rows=[3, 1], message="m", export="e")
    findings.add(check="a", severity=Severity.NOTE, rows=[], message="m")
    findings.add(
        check="a", severity=Severity.ERROR, rows=pa.array([1]), export="e", column="x",
        message=pa.chunked_array([["n"]]), raw=["r"],
    )  # fmt: skip
    more = Findings("c")
    more.extend([findings.table()])
    assert [(f["row"], f["check"]) for f in more.table().to_pylist()] == [
        (1, "a"),
        (1, "b"),
        (3, "b"),
    ]
    assert Findings("d").table().num_rows == 0


def test_no_quarantine_is_an_empty_table() -> None:
    assert empty_tables([], QUARANTINE).schema == QUARANTINE
    one = pa.Table.from_pylist([{"center": "a"}], schema=QUARANTINE)
    assert empty_tables([one, one], QUARANTINE).num_rows == 2


@pytest.mark.parametrize(
    "cells",
    [
        pa.array(["a", None, "", "a"]),
        pa.array(["a", None, "", "a"], pa.large_string()),
        pa.array(["a", None, "", "a"]).dictionary_encode(),
        pa.chunked_array([["a", None], ["", "a"]]),
        pa.DictionaryArray.from_arrays(
            pa.array([0, 1, 2, 0], pa.int8()), pa.array(["a", None, ""])
        ),
    ],
    ids=["texts", "large texts", "dictionary", "chunks", "dictionary with a null"],
)
def test_a_column_is_encoded_alike_however_its_texts_come(cells: pa.Array) -> None:
    coded = encode(cells)
    assert coded.raw_cells.to_pylist() == ["a", "", "", "a"]
    assert coded.blank_rows.tolist() == [False, True, True, False]


def test_combinations_of_columns_are_counted_once() -> None:
    first, second = encode(pa.array(["a", "b", "a", "a"])), encode(pa.array(["x", "x", "y", "x"]))
    codes, parts = combine((first, second))
    assert len(set(codes.tolist())) == 3
    pairs = [
        (first.texts[int(i)].as_py(), second.texts[int(j)].as_py())
        for i, j in zip(*parts, strict=True)
    ]
    assert [pairs[code] for code in codes] == [("a", "x"), ("b", "x"), ("a", "y"), ("a", "x")]
    alone, parts = combine((first,))
    np.testing.assert_array_equal(alone, first.codes)
    assert len(parts[0]) == 2


@pytest.mark.parametrize(
    ("text", "tidied", "folded"),
    [
        ("\u00a0 a\u00a0b ", "a b", "a b"),
        ("Sì\u200b", "Sì", "sì"),
        ("si\u0300", "sì", "sì"),
        ("STRASSE", "STRASSE", "strasse"),
        ("Straße", "Straße", "strasse"),
        ("a  b\tc", "a  b\tc", "a b c"),
        ("", "", ""),
    ],
)
def test_texts_are_tidied_and_folded(text: str, tidied: str, folded: str) -> None:
    assert (tidy(text), fold(text)) == (tidied, folded)
    assert fold(fold(text)) == fold(text)
