"""`onecohort check`: language, schema and export together, every mistake at once, each at its line."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import date
from functools import partial
from pathlib import Path, PurePosixPath

from rich.console import Console

from onecohort.delivery import find_inputs, open_tables
from onecohort.errors import Mistake, StudyError
from onecohort.examples import Difference, run_examples
from onecohort.mapping.against_cells import check_cells
from onecohort.mapping.against_export import Told, check_columns
from onecohort.mapping.check import check_given, check_mapping
from onecohort.mapping.load import LoadedMapping, survey_mapping
from onecohort.mapping.marks import find_marks
from onecohort.pseudonym import find_key
from onecohort.study import MAPPINGS, Study, load_study, no_mapping

CLEAN, NEEDS_A_PERSON, MISTAKE = 0, 1, 2
AT_ONCE = 4  # centers
MOST_LINES = 8  # of guesses named by their number
STYLES = {"mistake": "red", "warning": "yellow", "note": "dim"}


def check_command(
    centers: Sequence[str],
    *,
    study: Path,
    exports: Path | None,
    as_of: date | None,
    as_json: bool,
    notes: bool,
) -> int:
    """Check, show, and return the exit code: 0 clean, 1 something to look at, 2 a mistake."""
    opened = load_study(study, exports=exports, as_of=as_of)
    asked = list(centers or opened.centers)
    if not asked:
        raise StudyError(no_mapping())
    # Much of the time goes into waiting: for Arrow, for files, for the process that reads SPSS and Stata.
    with ThreadPoolExecutor(AT_ONCE) as pool:
        told = dict(zip(asked, pool.map(partial(check_center, opened), asked), strict=True))
    levels = {each.level for listed in told.values() for each in listed}
    if as_json:
        print(
            json.dumps(
                {
                    center: [{"level": each.level, **asdict(each.mistake)} for each in listed]
                    for center, listed in told.items()
                },
                ensure_ascii=False,
                indent=1,
            )
        )
    else:
        show(Console(highlight=False, soft_wrap=True), told, notes=notes)
    return MISTAKE if "mistake" in levels else NEEDS_A_PERSON if "warning" in levels else CLEAN


def check_center(study: Study, center: str) -> list[Told]:
    """Everything to be said of one center's mapping, by line."""
    path = study.mapping_path(center)
    try:
        loaded, mistakes = survey_mapping(path, f"{MAPPINGS}/{center}.yaml")
    except StudyError as error:
        return _mistakes(error.mistakes)
    told = _mistakes(mistakes)
    if loaded is not None:
        told += _marks(loaded, path)
        told += _not_told(told, _mistakes(check_mapping(loaded, study.schema)))
        told += _not_told(told, _with_export(study, loaded))
        if not any(each.level == "mistake" for each in told):
            told += _mistakes(_examples(study, loaded))
    return sorted(told, key=_by_line)


def _mistakes(mistakes: Sequence[Mistake]) -> list[Told]:
    return [Told(mistake, "mistake") for mistake in mistakes]


def _not_told(told: Sequence[Told], more: Sequence[Told]) -> list[Told]:
    """What is said of other places: at the place of a mistake the rest follows from it."""
    places = {each.mistake.where for each in told if each.level == "mistake"}
    return [each for each in more if each.mistake.where not in places]


def _examples(study: Study, loaded: LoadedMapping) -> list[Mistake]:
    """Examples that give what nothing reads, or else those that do not come out."""
    unread = list(check_given(loaded))
    if unread:
        return unread
    differences = run_examples(loaded, study.schema, as_of=study.as_of)
    return [_as_mistake(difference) for difference in differences]


def _with_export(study: Study, loaded: LoadedMapping) -> list[Told]:
    tables = loaded.mapping.tables.values()
    homeless = any(table.files is None and table.connection is None for table in tables)
    if homeless or any(path[:1] == ("tables",) for path in loaded.faulty):
        return []
    try:
        opened = open_tables(loaded, find_inputs(loaded, study.exports), study.exports)
    except StudyError as error:
        return [Told(_at_table(mistake, loaded), "mistake") for mistake in error.mistakes]
    columns = check_columns(loaded, opened, study.schema)
    if columns.sound is None:
        return columns.told
    key = find_key(synthetic=study.synthetic)
    cells = check_cells(columns.sound, opened, study.schema, as_of=study.as_of, key=key)
    return [*columns.told, *cells]


def _at_table(mistake: Mistake, loaded: LoadedMapping) -> Mistake:
    """A mistake that has an export's address, at the line of the mapping that names the export."""
    export = PurePosixPath(mistake.where.partition(" [")[0])
    named = [
        name
        for name, table in loaded.mapping.tables.items()
        if table.files is not None and (export.match(table.files) or str(export) == table.files)
    ]
    where = loaded.at("tables", named[0], "files") if named else loaded.where("tables")
    word = mistake.what.partition(":")[0]  # what a reader says of its own word: "encoding: …"
    written = loaded.mapping.tables[named[0]].model_fields_set if named else ()
    if word in written:
        where = loaded.at("tables", named[0], word)
    return Mistake(where, f"{mistake.where} {mistake.what}", mistake.fix)


def _as_mistake(difference: Difference) -> Mistake:
    expected, got = difference.expected or "nothing", difference.got or "nothing"
    what = f"example {difference.number} expects {difference.field} {expected}, and gets {got}"
    fix = difference.why or "mend the rule, or the example where it is the example that is wrong"
    return Mistake(difference.where, what, fix)


def _marks(loaded: LoadedMapping, path: Path) -> list[Told]:
    """Guesses of a draft that nobody has confirmed; a mapping that has some is not reviewed."""
    text = path.read_text(encoding="utf-8-sig")
    lines, marked = text.splitlines(), find_marks(text)
    if not marked:
        return []
    place = f"{loaded.source.name}:{marked[0]}:{lines[marked[0] - 1].index('#') + 1}"
    what, fix = "a guess that nobody has confirmed", "correct the line or leave it as it is, and "
    fix += "take the `# ?` away"
    if len(marked) > 1:
        shown = ", ".join(map(str, marked[:MOST_LINES]))
        more = f" and {len(marked) - MOST_LINES} more" if len(marked) > MOST_LINES else ""
        what = f"{len(marked)} guesses that nobody has confirmed: lines {shown}{more}"
        fix = (
            "read each beside the export, correct it or leave it, and delete the line of its `# ?`"
        )
    told = [Told(Mistake(place, what, fix), "warning")]
    if loaded.mapping.reviewed is not None:
        many = "1 guess is" if len(marked) == 1 else f"{len(marked)} guesses are"
        what = f"called reviewed, but {many} still marked `# ?`"
        told.append(Told(Mistake(loaded.where("reviewed"), what, "confirm them first"), "mistake"))
    return told


def show(console: Console, told: dict[str, list[Told]], *, notes: bool) -> None:
    """Each mistake with its address, and one line per center."""
    for center, listed in told.items():
        counts = {level: sum(each.level == level for each in listed) for level in STYLES}
        for each in listed:
            if each.level == "note" and not notes:
                continue
            console.print(
                f"{each.mistake.where}  {each.mistake.what}", style=STYLES[each.level], markup=False
            )
            if each.mistake.fix:
                console.print(f"    {each.mistake.fix}", markup=False)
        said = ", ".join(
            f"{count} {level}{'s' if count != 1 else ''}"
            for level, count in counts.items()
            if count
        )
        hidden = " (--notes shows them)" if counts["note"] and not notes else ""
        console.print(f"{center}: {said or 'clean'}{hidden}")


def _by_line(told: Told) -> tuple[str, int, int]:
    parts = told.mistake.where.rsplit(":", 2)
    if len(parts) == 3 and parts[1].isdigit() and parts[2].isdigit():
        return parts[0], int(parts[1]), int(parts[2])
    return told.mistake.where, 0, 0
