"""`onecohort explain` and `preview`: from values to their cells, and from cells to values."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from onecohort.errors import Mistake, StudyError
from onecohort.mapping.load import did_you_mean
from onecohort.pseudonym import find_key
from onecohort.schema import Field
from onecohort.study import Study, load_study
from onecohort.trace import Cell, Trace, TracedValue, trace_patients


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
    """Show where one patient's values come from; 0 found, 2 no such patient or field."""
    opened = load_study(study, exports=exports, as_of=as_of)
    wanted = _fields(opened, field)
    trace = _trace(opened, center, patient=patient)
    if not trace.keys:
        what = f"no patient {patient!r} in the export (by the center's own key or by pseudonym)"
        raise StudyError(
            Mistake(center, what, f"`onecohort preview {center}` lists the first rows")
        )
    if as_json:
        print(json.dumps(_as_json(trace, wanted), ensure_ascii=False, indent=1, default=str))
    else:
        _console().print(_tree(trace, 0, wanted))
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
        print(json.dumps(_as_json(trace, wanted), ensure_ascii=False, indent=1, default=str))
        return 0
    console = _console()
    for number, key in enumerate(trace.keys):
        state = "" if trace.enters[number] else "   does not enter the cohort"
        console.print(Text(f"{key} → {trace.patients[number]}{state}", style="bold"))
        for line in _lines(trace, number, wanted):
            console.print(line)
    return 0


def _console() -> Console:
    """A terminal is as wide as it is; a file or a pipe must not lose the end of a line."""
    console = Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = 1000
    return console


def _trace(
    study: Study, center: str, *, patient: str | None = None, most: int | None = None
) -> Trace:
    loaded = study.load_mapping(center)
    key = find_key(synthetic=study.synthetic)
    return trace_patients(study, loaded, key, patient=patient, most=most)


def _fields(study: Study, field: str | None) -> list[Field]:
    fields = study.schema.fields
    if field is not None and field not in fields:
        what = f"the cohort has no field {field!r}"
        raise StudyError(Mistake("schemas/cohort.py", what, did_you_mean(field, list(fields))))
    return [spec for spec in fields.values() if field in (None, spec.name)]


def _tree(trace: Trace, number: int, wanted: list[Field]) -> Tree:
    entered = "in the cohort" if trace.enters[number] else "not in the cohort"
    tree = Tree(Text(f"{trace.center} {trace.keys[number]} ({trace.patients[number]}), {entered}"))
    for spec in wanted:
        traced = trace.values[number][spec.name]
        if traced.value is None and not traced.cells and len(wanted) > 1:
            continue
        branch = tree.add(Text(f"{spec.name} = {_shown(traced.value, spec)}"))
        for cell in traced.cells:
            branch.add(Text(f"cell   {_place(cell)}: {cell.raw!r}"))
        if traced.rule:
            branch.add(Text(f"rule   {trace.mapping_name}:{traced.line}  {traced.rule}"))
        elif spec.derived:
            branch.add(Text("rule   derived in schemas/derivations"))
        for finding in traced.findings:
            said = f"{finding['check']}: {finding['message']}"
            branch.add(Text(f"{finding['severity']:<6} {said}; stood there: {finding['raw']!r}"))
    for finding in _about_rows(trace):
        tree.add(Text(f"{finding['severity']}  row {finding['row']}: {finding['message']}"))
    return tree


def _about_rows(trace: Trace) -> Iterator[dict[str, object]]:
    """Findings that no field's cells explain, such as a missing required value."""
    told = {
        tuple(sorted((name, str(value)) for name, value in finding.items()))
        for values in trace.values
        for traced in values.values()
        for finding in traced.findings
    }
    for finding in trace.findings.to_pylist():
        same = tuple(sorted((name, str(value)) for name, value in finding.items()))
        if finding["row"] is not None and same not in told:
            yield finding


def _lines(trace: Trace, number: int, wanted: list[Field]) -> Iterator[Text]:
    for spec in wanted:
        traced = trace.values[number][spec.name]
        if traced.value is None and not any(cell.raw for cell in traced.cells):
            continue
        before = ", ".join(f"{cell.column}: {cell.raw!r}" for cell in traced.cells) or "derived"
        line = Text(f"  {spec.name:<24} {_shown(traced.value, spec):<24} ← {before}")
        yield line
        for finding in traced.findings:
            style = {"error": "red", "warning": "yellow"}.get(str(finding["severity"]), "dim")
            hint = f" ({finding['hint']})" if finding["hint"] else ""
            yield Text(f"      {finding['check']}: {finding['message']}{hint}", style=style)


def _place(cell: Cell) -> str:
    sheet = f" [{cell.sheet}]" if cell.sheet else ""
    return f"{cell.export}{sheet}, row {cell.row}, {cell.column!r}"


def _shown(value: object, spec: Field) -> str:
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    unit = f" {spec.unit}" if spec.unit else ""
    return f"{value:g}{unit}" if isinstance(value, float) else f"{value}{unit}"


def _as_json(trace: Trace, wanted: list[Field]) -> list[dict[str, object]]:
    def one(traced: TracedValue) -> dict[str, object]:
        return {
            "value": traced.value,
            "cells": [vars(cell) for cell in traced.cells],
            "rule": traced.rule,
            "line": traced.line,
            "findings": [dict(finding) for finding in traced.findings],
        }

    return [
        {
            "center": trace.center,
            "key": key,
            "patient_id": trace.patients[number],
            "in_cohort": trace.enters[number],
            "fields": {spec.name: one(trace.values[number][spec.name]) for spec in wanted},
        }
        for number, key in enumerate(trace.keys)
    ]
