"""How tests break the mapping of the small center in one place, and where the mistake must be told.

The sign ‸ in the new text is the place; nothing else may be told of, and all words must stand in what is.
"""

from dataclasses import dataclass

from desk_study import MAPPING

from onecohort.cli.check import check_center
from onecohort.mapping.against_export import Told
from onecohort.study import Study

MARK = "‸"
CORRECTION = """\
corrections:
  - { patient: P-01, column: Decesso, was: 20/12/2016, now: 21/12/2016, reason: typing error }

examples"""


@dataclass(frozen=True)
class Slip:
    """An edit of the good mapping, and what is said of it: level and words, for each ‸ in order."""

    name: str
    old: str
    new: str
    told: tuple[tuple[str, ...], ...]
    also: tuple[tuple[str, str], ...] = ()


def slip(name: str, old: str, new: str, *words: str, level: str = "mistake") -> Slip:
    return Slip(name, old, new, ((level, *words),))


def correction(name: str, old: str, new: str, *words: str, level: str = "mistake") -> Slip:
    assert CORRECTION.count(old) == 1
    return slip(name, "examples", CORRECTION.replace(old, new), *words, level=level)


def edited(old: str, new: str, *also: tuple[str, str]) -> str:
    text = MAPPING
    for before, after in ((old, new), *also):
        assert before in text, f"{before!r} is not in the good mapping"
        text = text.replace(before, after, 1)
    return text


def told_of(study: Study, text: str) -> list[Told]:
    (study.root / "center_mappings" / "panaro.yaml").write_text(text, encoding="utf-8")
    return check_center(study, "panaro")


def places_of(text: str) -> list[str]:
    """Line and column of every ‸, as if none of them stood there."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        parts = line.split(MARK)
        column = 1
        for part in parts[:-1]:
            column += len(part)
            found.append(f"center_mappings/panaro.yaml:{number}:{column}")
    return found


def expect_told(study: Study, slip: Slip) -> None:
    """What `check` says of a broken mapping is what the slip expects, in place, level and words."""
    text = edited(slip.old, slip.new, *slip.also)
    told = told_of(study, text.replace(MARK, ""))
    wanted = [level for level, *_ in slip.told]
    told = [each for each in told if each.level != "note" or "note" in wanted]
    assert [each.level for each in told] == wanted, "\n".join(str(each.mistake) for each in told)
    if MARK in text:
        assert [each.mistake.where for each in told] == places_of(text)
    for each, (_, *words) in zip(told, slip.told, strict=True):
        assert each.mistake.where.startswith("center_mappings/panaro.yaml:")
        said = f"{each.mistake.what}\n{each.mistake.fix}"
        assert [word for word in words if word not in said] == [], said
