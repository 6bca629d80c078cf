"""From a center's file to its mapping, with every mistake of the file at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from rapidfuzz import process

from onecohort.errors import Mistake, StudyError
from onecohort.mapping.language import Mapping
from onecohort.mapping.source import NodePath, Tree, YamlSource, parse_yaml, read_yaml


@dataclass(frozen=True)
class LoadedMapping:
    """A mapping together with the file it was read from, so that messages have an address."""

    mapping: Mapping
    source: YamlSource

    @property
    def center(self) -> str:
        """Identifier of the center."""
        return self.mapping.center

    def where(self, *path: str | int) -> str:
        """`file:line:column` of a node."""
        return self.source.where(*path)


def load_mapping(path: Path, name: str) -> LoadedMapping:
    """Read one mapping; raises StudyError with all that is wrong with the file.

    name    the path as messages show it, such as `center_mappings/brenta.yaml`
    """
    loaded = understand(read_yaml(path, name))
    if loaded.center != path.stem:
        raise StudyError(
            Mistake(
                loaded.where("center"),
                f"the center is called {loaded.center!r} but its file {path.name!r}",
                f"write `center: {path.stem}`, or rename the file",
            )
        )
    return loaded


def parse_mapping(text: str, name: str = "mapping.yaml") -> LoadedMapping:
    """Read a mapping from a text, as an editor or a test holds it."""
    return understand(parse_yaml(text, name))


def understand(source: YamlSource) -> LoadedMapping:
    """Check a YAML file against the language; raises StudyError with every mistake in it."""
    try:
        return LoadedMapping(Mapping.model_validate(source.tree), source)
    except ValidationError as error:
        found: dict[str, Mistake] = {}
        for problem in error.errors(include_url=False):
            path = _node_path(problem["loc"], source)
            mistake = _mistake(path, problem["type"], str(problem["msg"]), source)
            found.setdefault(mistake.where, mistake)
        raise StudyError(*sorted(found.values(), key=_by_line)) from None


def nearest(text: str, choices: Iterable[str]) -> str | None:
    """The choice that is nearest to a misspelt text, if any is near at all."""
    found = process.extractOne(text, list(choices), score_cutoff=60)
    return found[0] if found else None


def did_you_mean(text: str, choices: Sequence[str], *, most: int = 12) -> str:
    """`did you mean …?`, or the list of what may stand there."""
    near = nearest(text, choices)
    if near:
        return f"did you mean {near!r}?"
    shown = ", ".join(choices[:most])
    return f"one of: {shown}" + (", …" if len(choices) > most else "")


def _by_line(mistake: Mistake) -> tuple[int, int]:
    _, line, column = mistake.where.rsplit(":", 2)
    return int(line), int(column)


def _node_path(loc: tuple[str | int, ...], source: YamlSource) -> NodePath:
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


def _mistake(path: tuple[str | int, ...], kind: str, message: str, source: YamlSource) -> Mistake:
    where = source.where(*path)
    name = ".".join(str(step) for step in path)
    last = str(path[-1]) if path else ""
    if kind == "extra_forbidden":
        known = _keys_at(path[:-1])
        return Mistake(
            where, f"{name}: {last!r} is not a word of the language", did_you_mean(last, known)
        )
    if kind == "missing":
        return Mistake(where, f"{name} is missing", f"write `{last}: …`")
    if kind in ("model_type", "dict_type"):
        keys = ", ".join(_keys_at(path)[:6])
        return Mistake(
            where, f"{name} must be a block of keys", f"such as {{ {keys}: … }}" if keys else ""
        )
    return Mistake(where, f"{name}: {message[0].lower()}{message[1:]}")


def _keys_at(path: tuple[str | int, ...]) -> list[str]:
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
