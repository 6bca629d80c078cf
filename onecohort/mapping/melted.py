"""What `melt` does to the names of a table's columns: those of its file, and those that rules read."""

from collections.abc import Iterable, Mapping

from onecohort.mapping.language import TableRule

Melt = Mapping[str, tuple[str, ...]]  # new column -> the columns that it is made of, in order
_WORDS = tuple(TableRule.model_fields)
WHERE_FROM = _WORDS[: _WORDS.index("key")]  # the words that say where a table's rows are


def in_file(rule: TableRule, columns: Iterable[str]) -> tuple[str, ...]:
    """The columns of the file behind some columns that rules read, each once."""
    melt = rule.melt or {}
    return tuple(dict.fromkeys(real for name in columns for real in melt.get(name, (name,))))


def melted_into(rule: TableRule) -> dict[str, str]:
    """Column of the file -> the new column that it is melted into."""
    return {real: new for new, sources in (rule.melt or {}).items() for real in sources}


def sharing(tables: Mapping[str, TableRule]) -> dict[str, tuple[str, ...]]:
    """Table -> all that read the same sheet beside a melted one, itself among them.

    What one of them reads of the sheet is spoken for in all: the visits of a sheet of patients are a
    table of their own, and need not ignore what the patients' table reads.
    """
    places = {name: tuple(getattr(rule, w) for w in WHERE_FROM) for name, rule in tables.items()}
    found = {}
    for name, place in places.items():
        alike = tuple(other for other in tables if places[other] == place)
        found[name] = alike if any(tables[other].melt for other in alike) else (name,)
    return found
