"""A YAML file as typed: every scalar the text that stands there, every node with its line and column.

`no`, `01` and `1` are three different texts; a YAML library that turns them into False, 1 and 1 would
recode patients before anybody has read the mapping. So the file is only composed, never constructed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from onecohort.errors import Mistake, StudyError

NodePath = tuple[str | int, ...]
Tree = dict[str, "Tree"] | list["Tree"] | str


@dataclass(frozen=True)
class Place:
    """Line and column of a node, counted from 1 as editors do."""

    line: int
    column: int


@dataclass(frozen=True)
class YamlSource:
    """The texts of a YAML file and where each stands.

    name     the path as it is shown in messages
    tree     nested dicts, lists and texts
    places   path from the root -> place of that node; a key's own place under (*path, "<key>")
    """

    name: str
    tree: Tree
    places: Mapping[NodePath, Place]

    def where(self, *path: str | int) -> str:
        """`name:line:column` of the node at `path`, or of its nearest ancestor that stands."""
        trail = path
        while trail and trail not in self.places:
            trail = trail[:-1]
        place = self.places.get((*trail, "<key>"), self.places.get(trail, Place(1, 1)))
        return f"{self.name}:{place.line}:{place.column}"

    def line(self, *path: str | int) -> int:
        """Line of the node at `path`, or of its nearest ancestor that stands."""
        return int(self.where(*path).rsplit(":", 2)[1])


def read_yaml(path: Path, name: str) -> YamlSource:
    """Read a YAML file as texts.

    Raises StudyError for a file that is not there, is not UTF-8 or not YAML, and for a repeated key.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise StudyError(Mistake(name, "there is no such file")) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise StudyError(
            Mistake(f"{name}:{line}:1", "is not UTF-8 text", "save the file as UTF-8")
        ) from None
    return parse_yaml(text, name)


def parse_yaml(text: str, name: str) -> YamlSource:
    """Parse YAML text; see `read_yaml`."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        root = YAML(typ="rt").compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        what = " ".join(str(part) for part in (error.problem, error.context) if part)
        fix = "a text with ':', '#', '{', '[' or '*' needs quotes; indent with blanks, not tabs"
        raise StudyError(Mistake(where, f"is not YAML: {what}", fix)) from None
    except YAMLError as error:
        raise StudyError(Mistake(name, f"is not YAML: {error}")) from None
    reader = _NodeReader(name)
    tree = reader.read(root, ()) if root is not None else {}
    if reader.mistakes:
        raise StudyError(*reader.mistakes)
    return YamlSource(name, tree, reader.places)


class _NodeReader:
    def __init__(self, name: str) -> None:
        self.name = name
        self.places: dict[NodePath, Place] = {}
        self.mistakes: list[Mistake] = []

    def read(self, node: object, path: NodePath) -> Tree:
        from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

        mark = getattr(node, "start_mark", None)
        if mark is not None:
            self.places[path] = Place(mark.line + 1, mark.column + 1)
        if isinstance(node, ScalarNode):
            # The composer leaves a bell where a folded text was folded, to fold it there again.
            return str(node.value).replace("\a", "") if node.style == ">" else str(node.value)
        if isinstance(node, SequenceNode):
            return [self.read(child, (*path, number)) for number, child in enumerate(node.value)]
        assert isinstance(node, MappingNode)
        found: dict[str, Tree] = {}
        for key_node, child in node.value:
            key = str(key_node.value)
            place = Place(key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if key in found:
                first = self.places[(*path, key, "<key>")].line
                self.mistakes.append(
                    Mistake(
                        f"{self.name}:{place.line}:{place.column}",
                        f"the key {key!r} stands here a second time (first in line {first})",
                        "keep one of the two",
                    )
                )
                continue
            self.places[(*path, key, "<key>")] = place
            found[key] = self.read(child, (*path, key))
        return found
