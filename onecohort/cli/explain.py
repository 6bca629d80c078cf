"""`onecohort explain` and `preview`: from values to their cells, and from cells to values."""

import json
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from onecohort.errors import Mistake, StudyError
from onecohort.finding_words import words_of
from onecohort.mapping.check import find_field
from onecohort.mapping.load import did_you_mean
from onecohort.pseudonym import find_key
from onecohort.schema import Field
from onecohort.study import MAPPINGS, Study, load_study
from onecohort.trace import Cell, Finding, Trace, TracedPatient, TracedValue, trace_patients

PIPED_WIDTH = 1000  # a file or a pipe must not lose the end of a line
MANY_CELLS = 6  # behind one value, such as a count; then preview counts them and explain lists them
STYLES = {"error": "red", "warning": "yellow", "note": "dim"}


def explain_command(
    center: str,
    patient: str,
    field: str | None,
    *,
    study: Path,
    exports: Path | None,
    as_of: date | None,
    as_json: bool,
) -> int:
    """Show where one patient's values come from; raises StudyError for no such patient or field."""
    opened = load_study(study, exports=exports, as_of=as_of)
    wanted = _fields(opened, field)
    trace = _trace(opened, center, patient=patient)
    if as_json:
        _print_json(trace, wanted)
    else:
        _console().print(explain_tree(trace, trace.patients[0], wanted))
    return 0


def preview_command(
    center: str,
    *,
    rows: int,
    field: str | None,
    patient: str | None,
    study: Path,
    exports: Path | None,
    as_of: date | None,
    as_json: bool,
) -> int:
    """Before → after, patient by patient, findings in place."""
    opened = load_study(study, exports=exports, as_of=as_of)
    wanted = _fields(opened, field)
    trace = _trace(opened, center, patient=patient, most=None if patient else rows)
    if as_json:
        _print_json(trace, wanted)
        return 0
    console = _console()
    for number, one in enumerate(trace.patients):
        if number:
            console.print()
        for line in preview_lines(one, wanted):
            console.print(line)
    return 0


def explain_tree(trace: Trace, one: TracedPatient, wanted: Sequence[Field]) -> Tree:
    """One patient's fields, each with its cells, its rule and what was found."""
    entered = "enters the cohort" if one.enters else "does not enter the cohort"
    tree = Tree(Text(f"{trace.center} {one.key} ({one.patient_id}), {entered}"))
    for spec in wanted:
        traced = one.values[spec.name]
        if traced.value is None and not traced.cells and len(wanted) > 1:
            continue
        branch = tree.add(Text(f"{spec.name} = {shown(traced.value, spec)}"))
        for line in _behind(trace, traced):
            branch.add(line)
    for finding in one.findings:
        style = STYLES[str(finding["severity"])]
        said = f"{finding['severity']}  row {finding['row']}, {finding['column']!r}: "
        tree.add(Text(said + words_of(finding), style=style))
    return tree


def _behind(trace: Trace, traced: TracedValue) -> Iterator[Text]:
    """What stands behind a value, from the cell to the rule."""
    for cell in traced.cells:
        yield Text(f"cell     {_place(cell)}: {cell.raw!r}")
    for finding in traced.findings:
        if finding["check"] == "correction.applied":
            yield Text(f"changed  {finding['message']}; {finding['hint']}")
    if traced.rule:
        yield Text(f"rule     {trace.mapping_name}:{traced.line}  {traced.rule}")
    if traced.origin:
        yield Text(f"origin   {traced.origin}")
    if not traced.rule and not traced.origin:
        yield Text("no rule gives it")
    for finding in traced.findings:
        if finding["check"] != "correction.applied":
            yield _said(finding, f"{finding['severity']:<8} ")


def preview_lines(one: TracedPatient, wanted: Sequence[Field]) -> Iterator[Text]:
    """One patient: where the rows stand, then a line per field, then what was found in it."""
    state = "" if one.enters else ", does not enter the cohort"
    yield Text(f"{one.key} → {one.patient_id}{state}", style="bold")
    for row in _rows([one.values[spec.name] for spec in wanted]):
        yield Text(f"  {row}", style="dim")
    for spec in wanted:
        traced = one.values[spec.name]
        if traced.value is None and not any(cell.raw for cell in traced.cells):
            continue
        before = traced.origin or _before(traced.cells) or traced.rule
        yield Text(f"  {spec.name:<24} {shown(traced.value, spec):<24} ← {before}")
        for finding in traced.findings:
            yield _said(finding, "      ")
    for finding in one.findings:
        yield _said(finding, f"  row {finding['row']}, {finding['column']!r}: ")


def shown(value: object, spec: Field) -> str:
    """A value as a person reads it, with its unit."""
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    unit = f" {spec.unit}" if spec.unit else ""
    return f"{value:.10g}{unit}" if isinstance(value, float) else f"{value}{unit}"


def _said(finding: Finding, before: str) -> Text:
    hint = f" ({finding['hint']})" if finding["hint"] else ""
    said = f"{before}{finding['check']}: {words_of(finding)}{hint}"
    return Text(said, style=STYLES[str(finding["severity"])])


def _before(cells: Sequence[Cell]) -> str:
    filled = [cell for cell in cells if cell.raw]
    if len(filled) > MANY_CELLS:
        return f"{len(filled)} cells of {filled[0].column}"
    return ", ".join(f"{cell.column}: {cell.raw!r}" for cell in filled)


def _rows(values: Sequence[TracedValue]) -> Iterator[str]:
    """The rows that the values come from, by export and sheet."""
    found: dict[str, list[int]] = {}
    for traced in values:
        for cell in traced.cells:
            found.setdefault(_export(cell), []).append(cell.row)
    for place, rows in found.items():
        numbers = sorted(set(rows))
        word = "row" if len(numbers) == 1 else "rows"
        yield f"{place}, {word} {', '.join(map(str, numbers))}"


def _place(cell: Cell) -> str:
    return f"{_export(cell)}, row {cell.row}, {cell.column!r}"


def _export(cell: Cell) -> str:
    return cell.export + (f" [{cell.sheet}]" if cell.sheet else "")


def _console() -> Console:
    console = Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    return console


def _trace(
    study: Study, center: str, *, patient: str | None = None, most: int | None = None
) -> Trace:
    loaded = study.load_mapping(center)
    key = find_key(synthetic=study.synthetic)
    trace = trace_patients(study, loaded, key, patient=patient, most=most)
    if not trace.patients:
        asked = f"no patient {patient!r} in its export, by the center's own key or by pseudonym"
        what = "its export holds no patient" if patient is None else asked
        fix = f"`onecohort preview {center}` shows the first ones"
        raise StudyError(Mistake(f"{MAPPINGS}/{center}.yaml", what, fix))
    return trace


def _fields(study: Study, field: str | None) -> list[Field]:
    fields = study.schema.fields
    if field is not None and field not in fields:
        what = f"the cohort has no field {field!r}"
        near = find_field(field, study.schema)
        fix = f"did you mean {near!r}?" if near else did_you_mean(field, list(fields))
        raise StudyError(Mistake("schemas/cohort.py", what, fix))
    return [spec for spec in fields.values() if field in (None, spec.name)]


def _print_json(trace: Trace, wanted: Sequence[Field]) -> None:
    def one(traced: TracedValue) -> dict[str, object]:
        return {
            "value": traced.value,
            "cells": [vars(cell) for cell in traced.cells],
            "rule": traced.rule,
            "line": traced.line,
            "origin": traced.origin,
            "findings": [dict(finding) for finding in traced.findings],
        }

    told = [
        {
            "center": trace.center,
            "key": patient.key,
            "patient_id": patient.patient_id,
            "in_cohort": patient.enters,
            "fields": {spec.name: one(patient.values[spec.name]) for spec in wanted},
            "findings": [dict(finding) for finding in patient.findings],
        }
        for patient in trace.patients
    ]
    print(json.dumps(told, ensure_ascii=False, indent=1, default=str))
