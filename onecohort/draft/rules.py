"""One field's rule drafted from its column: values, formats, units, and what is left open."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from onecohort.draft.spelled import TableSpelling, in_order
from onecohort.draft.tables import DraftTable
from onecohort.draft.texts import amount, looks_personal, yes_or_no
from onecohort.profiling import ColumnProfile
from onecohort.rules.coded import fold, tidy
from onecohort.rules.dates import ISO
from onecohort.rules.units import convertible_to, factor_between, find_unit, plausible_under
from onecohort.schema import Field
from onecohort.suggest import Memory, SourceColumn, TermSuggestion, rank_terms
from onecohort.suggest.contents import as_number
from onecohort.suggest.flags import term_of_flag
from onecohort.suggest.sources import target_field

type_of_value = str | tuple[str, ...] | dict[str, str]

NATIVE = frozenset(("yes", "no", "true", "false"))  # read without `values`
_NUMBER_FIRST = re.compile(r"\d+(?:\s*[^\d\s]{1,2}|\s*[-–:=.)]\s+\D.*)")  # "2a", "0 - fully active"
ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8"}
MOST_VALUES = 60  # a coded field of more texts needs another hand than a draft's
RARELY_WRITTEN = frozenset(("10*6/L", "[ppth]"))  # the same as another unit that people do write
CALLED = 0.9  # "yes" in a column called "dead"
IN_RANGE = 0.5  # share of plausible numbers below which another unit is looked for


@dataclass(frozen=True)
class DraftRule:
    """A rule as it will be written.

    keys     words of the language -> text, list or block
    guesses  why, one line each; each is marked
    others   the runners-up, one line each; not marked
    open     values that a person has to decide, as (text, term or "…", why)
    """

    field: str
    keys: Mapping[str, type_of_value]
    guesses: tuple[str, ...]
    others: tuple[str, ...] = ()
    open: tuple[tuple[str, str, str], ...] = ()


@dataclass
class _Parts:
    keys: dict[str, type_of_value] = field(default_factory=dict)
    guesses: list[str] = field(default_factory=list)
    open: list[tuple[str, str, str]] = field(default_factory=list)


def draft_rule(
    target: Field,
    column: ColumnProfile,
    reference: str,
    table: DraftTable,
    spelling: TableSpelling,
    *,
    why: str,
    memory: Memory,
    take: str | None = None,
    others: Sequence[str] = (),
) -> DraftRule:
    """Draft the rule that makes a field from one column.

    reference  the column as the mapping names it: `Column` or `table.Column`
    why        why this column, with its score
    take       which of a patient's rows counts, for a table of many
    """
    parts = _Parts({"from": reference}, [why])
    if table.rows == "many":
        parts.keys["take"] = take or _take(target)
        parts.guesses.append(f"{table.name} has many rows per patient; `take` says which counts")
    if target.terms:
        _coded(parts, target, column, memory, spelling)
    elif target.kind == "boolean":
        _yes_no(parts, column, spelling)
    elif target.kind == "date":
        _dates(parts, column, spelling)
    elif target.kind in ("integer", "number") and parts.keys.get("take") != "count":
        _numbers(parts, target, column, spelling)
    own = tuple(t for t in _own_missing(column, spelling) if fold(t) not in _listed(parts))
    if own:
        parts.keys["missing"] = own
    return DraftRule(
        target.name, parts.keys, tuple(parts.guesses), tuple(others), tuple(parts.open)
    )


def _take(target: Field) -> str:
    """Which row counts, where no other center says: by the field's kind and name."""
    words = set(target.name.split("_"))
    if target.kind == "date":
        return "latest" if words & {"end", "last", "stop"} else "earliest"
    if target.kind == "integer" and words & {"cycles", "count", "number"}:
        return "count"
    return "agree"


def _present(column: ColumnProfile, spelling: TableSpelling) -> list[tuple[str, int]]:
    """The column's texts that are not declared missing by the table or the file."""
    gone = {fold(text) for text in (*spelling.missing, *column.user_missing)}
    found: dict[str, tuple[str, int]] = {}
    for text, count in column.texts:  # the most frequent first: "M" stands for "m" as well
        if fold(text) not in gone:
            first, cells = found.get(fold(text), (tidy(text), 0))
            found[fold(text)] = first, cells + count
    return list(found.values())


def _own_missing(column: ColumnProfile, spelling: TableSpelling) -> tuple[str, ...]:
    """Texts of this column alone that probably mean: not known."""
    known = {*spelling.missing, *column.user_missing}
    return tuple(text for text, _, _ in column.appearance.missing if text not in known)


def _listed(parts: _Parts) -> set[str]:
    values = parts.keys.get("values")
    return {fold(text) for text in values} if isinstance(values, dict) else set()


def _coded(
    parts: _Parts, target: Field, column: ColumnProfile, memory: Memory, spelling: TableSpelling
) -> None:
    texts = _present(column, spelling)
    if len(texts) > MOST_VALUES:
        parts.guesses.append(f"{len(texts):,} different texts: too many for a list of values")
        return
    counts = dict(texts)
    gone = {fold(text) for text in (*spelling.missing, *column.user_missing)}
    unseen = [text for text in column.value_labels if text not in counts and fold(text) not in gone]
    texts += [(text, 0) for text in unseen]  # a label says what a code means that has not come yet
    source = SourceColumn(name=column.name, texts=tuple(texts), value_labels=column.value_labels)
    ranked = rank_terms(source, target_field(target), memory)
    sure = {text: found[0].term for text, found in ranked.items() if found and found[0].certain}
    unsure = [text for text in ranked if text not in sure and text in counts]
    codes = {fold(code) for code in target.codes}
    if unsure or not all(fold(text) in codes for text in sure):
        parts.keys["values"] = dict(sorted(sure.items(), key=lambda item: _as_written(item[0])))
    shown = [text for text in unsure if not looks_personal(text)]
    if len(shown) < len(unsure):
        cells = sum(counts[text] for text in unsure if text not in shown)
        parts.guesses.append(f"{amount(cells)} with a date or a person's code, not shown here")
    called = term_of_flag(source, target_field(target))
    for text in shown:
        guesses = ranked[text]
        if not guesses and called and yes_or_no(fold(text)) == "yes":
            why = f"the column is called like {called!r}"
            guesses = (TermSuggestion(called, CALLED, why, certain=False),)
        parts.open.append(open_value(text, counts[text], guesses, target, column))


def open_value(
    text: str,
    cells: int,
    guesses: Sequence[TermSuggestion],
    target: Field,
    column: ColumnProfile,
) -> tuple[str, str, str]:
    """A text that a person has to decide: the likeliest term, or "…", and what speaks for which."""
    label = column.value_labels.get(text)
    said = [amount(cells), *([f"label {label!r}"] if label else [])]
    if not guesses:
        permitted = ", ".join(target.codes) or "yes, no"
        return text, "…", "; ".join([*said, f"one of {permitted}"])
    first, *rest = guesses
    said.append(f"{first.score:.2f} {first.why}")
    if rest:
        said.append("or " + ", ".join(f"{guess.term} {guess.score:.2f}" for guess in rest[:3]))
    return text, first.term, "; ".join(said)


def _as_written(text: str) -> tuple[float, str]:
    """Codes by number, texts by letter."""
    number = as_number(text)
    return (number if number is not None else float("inf"), text)


def _yes_no(parts: _Parts, column: ColumnProfile, spelling: TableSpelling) -> None:
    values: dict[str, str] = {}
    for text, count in _present(column, spelling):
        meant = fold(column.value_labels.get(text, text))
        word = yes_or_no(meant)
        if word is not None:
            values[text] = word
        elif not looks_personal(text):
            parts.open.append((text, "…", f"{amount(count)}; one of yes, no"))
    if parts.open or not all(fold(text) in NATIVE for text in values):
        parts.keys["values"] = dict(sorted(values.items()))


def _dates(parts: _Parts, column: ColumnProfile, spelling: TableSpelling) -> None:
    found = column.appearance.dates
    if found is None:
        if column.filled:
            parts.guesses.append("its texts are no dates in any format known here")
        return
    month_first = spelling.month_first
    formats = [in_order(form, month_first=month_first) for form, _ in found.formats]
    own = tuple(dict.fromkeys(form for form in formats if form not in (*spelling.dates, ISO)))
    if own:
        parts.keys["dates"] = own
    if found.partial:
        parts.keys["impute"] = "middle"
        parts.guesses.append(f"{amount(found.partial)} without a day: impute middle, first or none")
    against = found.day_first if month_first else found.month_first
    if against:
        order = "day" if month_first else "month"
        parts.guesses.append(f"{amount(against)} with a date only if the {order} comes first")
    if found.impossible:
        parts.guesses.append(f"{amount(found.impossible)} with a day that does not exist")


def _numbers(parts: _Parts, target: Field, column: ColumnProfile, spelling: TableSpelling) -> None:
    _odd_texts(parts, column, spelling)
    found = column.appearance.numbers
    if found is None:
        return
    if found.bounds:
        parts.guesses.append(f"{amount(found.bounds)} such as <5: say bounds: limit or half")
    for unit, cells in found.units if "pattern" not in parts.keys else ():
        if find_unit(unit) == target.unit == "%":
            continue  # a rule reads "40 %" by itself
        parts.guesses.append(
            f"{amount(cells)} with {unit} behind the number: take it out with `pattern`"
        )
    if found.doubt:
        read = "; it is read so" if spelling.thousands == found.decimal else ""
        parts.guesses.append(found.doubt + read)
    if target.unit is not None:
        _unit(parts, target, column, spelling)


def _unit(parts: _Parts, target: Field, column: ColumnProfile, spelling: TableSpelling) -> None:
    assert target.unit is not None
    written, found = column.appearance.unit, column.appearance.numbers
    unit = find_unit(written) if written else None
    if unit is not None:
        assert written is not None
        if factor_between(written, target.unit, target.name) is None:
            parts.guesses.append(f"the heading says {written}, which is no unit of {target.unit}")
        elif unit != target.unit:
            usable = factor_between(unit, target.unit, target.name) is not None
            parts.keys["unit"] = unit if usable else written  # G/L of cells is no mass
        return
    grouped = spelling.thousands if found and found.doubt else ""
    texts = [text.replace(grouped, "") for text, _ in column.texts]
    numbers = [n for text in texts if (n := as_number(text)) is not None]
    values = np.array(numbers, dtype=np.float64)
    window = target.plausible or target.possible
    if window is None or not len(values):
        return
    if ((values >= window[0]) & (values <= window[1])).mean() >= IN_RANGE:
        return
    fitting = plausible_under(values, target.unit, target.name, window)
    fitting.sort(key=RARELY_WRITTEN.__contains__)
    if fitting:
        parts.keys["unit"] = fitting[0]
        also = f" (or {', '.join(fitting[1:])})" if fitting[1:] else ""
        parts.guesses.append(
            f"no unit is stated; the numbers are plausible only as {fitting[0]}{also}"
        )
    else:
        known = ", ".join(convertible_to(target.unit, target.name))
        parts.guesses.append(f"most numbers are not plausible in {target.unit}; units: {known}")


def _odd_texts(parts: _Parts, column: ColumnProfile, spelling: TableSpelling) -> None:
    """Texts of a column of numbers that are none: a number with a tail, a Roman numeral, a remark."""
    present = [
        (t, n) for t, n in _present(column, spelling) if t not in _own_missing(column, spelling)
    ]
    odd = [(text, count) for text, count in present if as_number(text) is None]
    if not odd:
        return
    if all(fold(text) in ROMAN for text, _ in odd):
        parts.keys["values"] = {text: ROMAN[fold(text)] for text, _ in sorted(odd)}
    elif len(odd) == len(present) and all(_NUMBER_FIRST.fullmatch(t) for t, _ in odd):
        parts.keys["pattern"] = r"^(\d+)"
        parts.guesses.append(f"the number is the beginning of texts such as {odd[0][0]!r}")
    elif len(odd) <= MOST_VALUES:
        cells = sum(count for _, count in odd)
        parts.guesses.append(
            f"no numbers in {amount(cells)}: correct them, or list them as missing"
        )
