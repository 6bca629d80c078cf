"""What the language forbids, in an author's words: pydantic's complaints with an address and a way out."""

import re
from types import UnionType
from typing import Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails
from rapidfuzz import fuzz, process, utils

from onecohort.errors import Mistake
from onecohort.mapping.language import Mapping
from onecohort.mapping.source import NodePath, Tree, YamlSource

REASONS = ("ignore", "unavailable", "reason")
MOST_WORDS = 12  # of a list of what may stand somewhere
SEVERAL = {  # what is meant by a list where one text belongs
    "from": "several columns: `filled_from`, `first_of` or `any_of` takes a list",
    "files": "one pattern, such as center/*.csv; another file is another table",
    "sheet": "one sheet; another sheet is another table",
    "take": "one word; another way of taking is another field",
}
ALIKE, PARTLY_ALIKE = 60, 75  # below these scores of rapidfuzz a hint leads astray


def nearest(text: str, choices: "tuple[str, ...] | list[str] | dict[str, str]") -> str | None:
    """The choice that is nearest to a misspelt text, if any is near at all."""
    listed = list(choices)
    whole = process.extractOne(
        text, listed, scorer=fuzz.ratio, processor=utils.default_process, score_cutoff=ALIKE
    )
    if whole is None:  # `Hb` for `Hb (g/dL)`
        whole = process.extractOne(
            text, listed, processor=utils.default_process, score_cutoff=PARTLY_ALIKE
        )
    return whole[0] if whole else None


def word_mistake(problem: ErrorDetails, source: YamlSource) -> Mistake:
    """One complaint of the language's model as a mistake of the file."""
    path = node_path(problem["loc"], source)
    kind, last = problem["type"], str(path[-1]) if path else ""
    name = ".".join(step for step in path if isinstance(step, str)) or "the mapping"
    if kind == "extra_forbidden":
        what = f"{name}: {last!r} is not a word of the language"
        word, colon, text = last.partition(":")
        if colon and word in _keys_at(path[:-1]):
            what = f"{name}: no blank follows the ':'"
            return Mistake(source.where(*path), what, f"write `{word}: {text}`")
        return Mistake(source.where(*path), what, _near(last, _keys_at(path[:-1])))
    if kind == "missing":
        return Mistake(source.where(*path), f"{name} is missing", f"write `{last}: …`")
    if kind in ("model_type", "dict_type", "model_attributes_type"):
        return Mistake(source.where(*path), f"{name} must be a block of keys", _block(path, source))
    if kind in ("tuple_type", "list_type"):
        fix = "one item per line, each after a dash; or `[one, another]`"
        return Mistake(source.where(*path), f"{name} must be a list", fix)
    what, fix = _about_value(problem, name, last, _text_at(path, source))
    return Mistake(source.at(*path), what, fix)


def node_path(loc: tuple[str | int, ...], source: YamlSource) -> NodePath:
    """Drop from pydantic's location what names a branch of the model, not a node of the file."""
    path: NodePath = ()
    node: Tree = source.tree
    for step in loc:
        if isinstance(node, dict) and isinstance(step, str):
            if step in node:
                node, path = node[step], (*path, step)
            elif step == loc[-1]:
                path = (*path, step)  # a key that is missing
        elif isinstance(node, list) and isinstance(step, int) and step < len(node):
            node, path = node[step], (*path, step)
    return path


def _about_value(problem: ErrorDetails, name: str, last: str, typed: str) -> tuple[str, str]:
    """What is wrong with a value, and the way out."""
    kind, message = problem["type"], problem["msg"]
    if kind in ("string_too_short", "too_short"):
        reason = {last, name.partition(".")[0]} & {*REASONS}
        return f"{name} is empty", "write the reason" if reason else f"write `{last}: …`"
    if kind == "literal_error":
        words = re.findall(r"'([^']+)'", str(problem.get("ctx", {}).get("expected", "")))
        plain = all(word.isalpha() for word in words)
        listed = ", ".join(words) if plain else " ".join(map(repr, words))
        near = nearest(typed, words) if plain else None
        fix = f"did you mean {near!r}?" if near else ""
        return f"{name} must be one of {listed}, and is {typed!r}", fix
    if kind.startswith("int_"):
        return f"{name} must be a whole number, and is {typed!r}", ""
    if kind in ("greater_than_equal", "less_than_equal"):
        return f"{name}: {typed} is out of place; {message[6:].lower()}", ""
    if kind.startswith("date_"):
        return f"{name} must be a day, and is {typed!r}", "write it as 2021-06-30"
    if kind == "string_pattern_mismatch":
        fix = "small letters, digits and _, a letter first, as the file is called"
        return f"{name}: {typed!r} cannot name a center", fix
    if kind == "string_type":
        return f"{name} must be one text", SEVERAL.get(last, "a list or a block cannot stand here")
    return f"{name}: {message[0].lower()}{message[1:]}", ""


def _near(text: str, words: list[str]) -> str:
    near = nearest(text, words)
    if near:
        return f"did you mean {near!r}?"
    more = ", …" if len(words) > MOST_WORDS else ""
    return f"one of: {', '.join(words[:MOST_WORDS])}{more}"


def _block(path: NodePath, source: YamlSource) -> str:
    """How a block at this place would be written."""
    last = str(path[-1]) if path else ""
    typed = _text_at(path, source)
    if path[:1] == ("fields",) and len(path) == 2 and typed:
        return f"write `{last}: {{ from: {typed} }}`"
    if last in ("ignore", "unavailable"):
        name = "Column" if last == "ignore" else "field"
        return f"write a line `{name}: reason` for each, without a dash"
    keys = ", ".join(_keys_at(path)[:6])
    return f"such as {{ {keys}: … }}" if keys else "write lines of `name: value`"


def _text_at(path: NodePath, source: YamlSource) -> str:
    node: Tree = source.tree
    for step in path:
        if isinstance(node, dict):
            node = node.get(str(step), "")
        elif isinstance(node, list):
            node = node[int(step)]
    return node if isinstance(node, str) else ""


def _keys_at(path: NodePath) -> list[str]:
    """The words that the language knows at a place."""
    model: object = Mapping
    for step in path:
        model = _child(model, step)
        if model is None:
            return []
    models = [
        part for part in _parts(model) if isinstance(part, type) and issubclass(part, BaseModel)
    ]
    return [field.alias or name for m in models for name, field in m.model_fields.items()]


def _child(model: object, step: str | int) -> object:
    for part in _parts(model):
        if isinstance(part, type) and issubclass(part, BaseModel):
            for name, field in part.model_fields.items():
                if step in (name, field.alias):
                    return field.annotation
        elif get_origin(part) in (dict, tuple, list):
            arguments = get_args(part)
            return arguments[1] if get_origin(part) is dict else arguments[0]
    return None


def _parts(model: object) -> list[object]:
    """The alternatives of an annotation, without Annotated around them."""
    if hasattr(model, "__metadata__"):
        return _parts(get_args(model)[0])
    if get_origin(model) in (Union, UnionType):
        return [part for choice in get_args(model) for part in _parts(choice)]
    return [model]
