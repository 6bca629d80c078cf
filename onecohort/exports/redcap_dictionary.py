"""A REDCap data dictionary: fields, their forms, labels and choices.

Read as downloaded from the designer ("Variable / Field Name", …) or as its API gives it
("field_name", …).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from onecohort.errors import ExportError
from onecohort.exports.csv import open_csv
from onecohort.exports.table import Layout

_COLUMNS = {
    "name": ("Variable / Field Name", "field_name"),
    "form": ("Form Name", "form_name"),
    "kind": ("Field Type", "field_type"),
    "label": ("Field Label", "field_label"),
    "choices": ("Choices, Calculations, OR Slider Labels", "select_choices_or_calculations"),
}
_CHECKED = {"0": "Unchecked", "1": "Checked"}
_COMPLETE = {"0": "Incomplete", "1": "Unverified", "2": "Complete"}
_FIXED = {
    "yesno": {"1": "Yes", "0": "No"},
    "truefalse": {"1": "True", "0": "False"},
}
_CODED = ("radio", "dropdown", "checkbox")
_TAG = re.compile(r"<[^>]+>")


@dataclass(frozen=True)
class DictionaryField:
    """One field of a project; `choices` are code -> label."""

    name: str
    form: str
    kind: str
    label: str
    choices: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Dictionary:
    """The fields of a project, and the forms in their order."""

    fields: tuple[DictionaryField, ...]

    @property
    def forms(self) -> tuple[str, ...]:
        """Names of the forms."""
        return tuple(dict.fromkeys(one.form for one in self.fields))

    def form_named(self, text: str) -> str:
        """The form that an instrument's name or label means: "Blood Pressure" is blood_pressure."""
        return re.sub(r"\W+", "_", text.lower()).strip("_")

    def forms_of(self, columns: Sequence[str]) -> dict[str, str]:
        """Form of each column of an export that the dictionary knows."""
        known = {column.name: column.form for column in self._columns()}
        known |= {column.label: column.form for column in self._columns() if column.label}
        return {name: known[name] for name in columns if name in known}

    def describe(
        self, columns: Sequence[str]
    ) -> tuple[dict[str, str], dict[str, Mapping[str, str]]]:
        """Labels and value labels of the columns, which may be headed by variables or by labels."""
        by_name = {column.name: column for column in self._columns()}
        by_label = {column.label: column for column in self._columns() if column.label}
        labels: dict[str, str] = {}
        values: dict[str, Mapping[str, str]] = {}
        for name in columns:
            column = by_name.get(name) or by_label.get(name)
            if column is None:
                continue
            labels[name] = column.label if name == column.name else column.name
            if column.choices:
                values[name] = column.choices
        return labels, values

    def _columns(self) -> Iterator[DictionaryField]:
        """Fields as an export spreads them: a checkbox is one column per choice."""
        for one in self.fields:
            if one.kind != "checkbox":
                yield one
                continue
            for code, text in one.choices.items():
                name = f"{one.name}___{code.lower().replace('-', '_')}"
                label = f"{one.label} (choice={text})"
                yield DictionaryField(name, one.form, one.kind, label, _CHECKED)
        for form in self.forms:
            yield DictionaryField(f"{form}_complete", form, "form", "Complete?", _COMPLETE)
            yield DictionaryField(f"{form}_timestamp", form, "form", "Survey Timestamp")


def read_dictionary(path: Path, where: str) -> Dictionary:
    """Read a data dictionary.

    Raises ExportError for a file that is not there or has not a dictionary's columns.
    """
    if not path.is_file():
        raise ExportError(where, "dictionary: the file is not there", "it lies beside the export")
    table = open_csv(path, where, Layout())
    places = {key: _place(table.columns, names, where) for key, names in _COLUMNS.items()}
    fields = []
    for batch in table.batches(list(places.values())):
        columns = [
            [text or "" for text in batch.cells.column(places[key]).to_pylist()] for key in _COLUMNS
        ]
        for name, form, kind, label, choices in zip(*columns, strict=True):
            coded = _FIXED.get(kind) or (parse_choices(choices) if kind in _CODED else {})
            text = " ".join(_TAG.sub("", label).split())
            fields.append(DictionaryField(name, form, kind, text, coded))
    return Dictionary(tuple(fields))


def _place(columns: Sequence[str], names: tuple[str, str], where: str) -> str:
    found = next((name for name in names if name in columns), None)
    if found is None:
        raise ExportError(
            where,
            f"dictionary: has no column {names[0]!r}",
            "download the data dictionary from the project's designer",
        )
    return found


def parse_choices(text: str) -> dict[str, str]:
    """Codes and labels of a choice list.

    >>> parse_choices("1, one|2, two, or more | -1, unknown")
    {'1': 'one', '2': 'two, or more', '-1': 'unknown'}
    """
    found: dict[str, str] = {}
    for part in text.split("|"):
        code, comma, label = part.partition(",")
        if code.strip():
            found[code.strip()] = _TAG.sub("", label).strip() if comma else code.strip()
    return found
