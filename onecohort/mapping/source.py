"""A YAML file as typed: every scalar the text that stands there, every node with its line and column.

`no`, `01` and `1` are three different texts; a YAML library that turns them into False, 1 and 1 would
recode patients before anybody has read the mapping. So the file is only composed, never constructed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from onecohort.errors import Mistake, StudyError

if TYPE_CHECKING:
    from ruamel.yaml.error import MarkedYAMLError

NodePath = tuple[str | int, ...]
Tree = dict[str, "Tree"] | list["Tree"] | str


_CURLY = re.compile(r"[“”„‘’‚].*[“”‘’]")


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

    def at(self, *path: str | int) -> str:
        """`name:line:column` of the value at `path`, not of its key; its key's where it is empty."""
        place, key = self.places.get(path), self.places.get((*path, "<key>"))
        # The parser finds an empty value only where the next token begins, often lines below.
        if place is None or (key is not None and self._text(path) == ""):
            return self.where(*path)
        return f"{self.name}:{place.line}:{place.column}"

    def _text(self, path: NodePath) -> Tree:
        node = self.tree
        for step in path:
            node = node[step] if isinstance(node, dict | list) else ""  # type: ignore[index]
        return node

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
        try:  # by libyaml where it is there, seven times as fast
            root = YAML(typ="safe").compose(text)
        except YAMLError:  # the same again by the parser whose complaints are clearer
            root = YAML(typ="rt").compose(text)
    except MarkedYAMLError as error:
        raise StudyError(_not_yaml(error, text, name)) from None
    except YAMLError:  # of a sign that no text holds; the parser counts signs, not lines
        raise StudyError(_no_text(text, name)) from None
    except RecursionError:
        what, fix = "is not YAML that anybody wrote: nested too deep", "close what is opened"
        raise StudyError(Mistake(f"{name}:1:1", what, fix)) from None
    reader = _NodeReader(name)
    tree = reader.read(root, ()) if root is not None else {}
    if reader.mistakes:
        raise StudyError(*reader.mistakes)
    return YamlSource(name, tree, reader.places)


def _no_text(text: str, name: str) -> Mistake:
    """A file with a sign in it that is none of a text."""
    odd = re.search(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
    before = text[: odd.start()] if odd else ""
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    sign = f"the sign U+{ord(odd[0]):04X}" if odd else "a sign"
    what = f"is not YAML: {sign} stands here, which no text holds"
    return Mistake(f"{name}:{line}:{column}", what, "take it out, and save the file as UTF-8 text")


def _not_yaml(error: "MarkedYAMLError", text: str, name: str) -> Mistake:
    """A parser's complaint in an author's words, at the place that the author would look at."""
    problem, context = str(error.problem or ""), str(error.context or "")
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return Mistake(name, f"is not YAML: {problem}")
    line, column = mark.line + 1, mark.column + 1
    start = error.context_mark
    lines = text.split("\n")
    own = lines[mark.line] if mark.line < len(lines) else ""
    blanks = [re.match(r" *[\u00a0\u2007\u202f]", each) for each in lines[: mark.line + 1]]
    hard = next(((row, found.end()) for row, found in enumerate(blanks, 1) if found), None)
    if hard:
        line, column = hard
        what = "a no-break space stands where blanks indent"
        fix = "put plain blanks in its place; it comes from a web page or a word processor"
    elif "another document" in problem:
        what, fix = "'---' begins a second document", "take the line out: one mapping in each file"
    elif _question(own, mark.column):
        column = own.index("?") + 1
        what, fix = "a '?' stands here alone", "write the term, or put the '?' in quotes"
    elif "cannot start any token" in problem:
        sign = text.splitlines()[mark.line][mark.column]
        fix = f"put the text that begins with {sign!r} in quotes"
        what = f"no text begins with {sign!r} without quotes"
        if sign == "\t":
            what, fix = "a tab stands where blanks indent", "indent with blanks, not tabs"
    elif "mapping values are not allowed" in problem:
        what = "a second ': ' stands here"
        fix = "put the text that holds a ':' in quotes; or the line is indented otherwise than its block"
    elif "flow" in context and start is not None:
        line, column = start.line + 1, start.column + 1
        sign = "}" if "mapping" in context else "]"
        what = f"what opens here is not closed before line {mark.line + 1}"
        fix = f"close it with {sign!r}; a text with ',' or ': ' in it needs quotes"
    elif "block" in context and start is not None:
        what = "is indented otherwise than the lines of its block"
        fix = f"begin it in column {start.column + 1}, as line {start.line + 1} does"
    elif "scanning a quoted scalar" in context and start is not None:
        line, column = start.line + 1, start.column + 1
        what, fix = "the quotes that open here are never closed", "close them on the same line"
    elif "simple key" in context and start is not None:
        line, column = start.line + 1, start.column + 1
        what, fix = "a ':' is missing in this line", "write `name: value`"
    else:
        what = " ".join(part for part in (problem, context) if part)
        fix = "a text with ':', '#', '{', '[', '%', '&' or '*' needs quotes"
    return Mistake(f"{name}:{line}:{column}", f"is not YAML: {what}", fix)


def _question(line: str, column: int) -> bool:
    """Whether a lone question mark, which is a sign of YAML, stands near the complaint."""
    return re.search(r":\s+\?\s*[,}]", line[max(0, column - 3) :]) is not None


class _NodeReader:
    def __init__(self, name: str) -> None:
        self.name = name
        self.places: dict[NodePath, Place] = {}
        self.mistakes: list[Mistake] = []

    def _curly(self, text: str, path: NodePath) -> None:
        place = self.places[path]
        self.mistakes.append(
            Mistake(
                f"{self.name}:{place.line}:{place.column}",
                f"{text} stands in typographic quotes, which are part of the text",
                f'write "{text[1:-1]}" with straight quotes; they come from a word processor',
            )
        )

    def read(self, node: object, path: NodePath) -> Tree:
        from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

        mark = getattr(node, "start_mark", None)
        if mark is not None:
            self.places[path] = Place(mark.line + 1, mark.column + 1)
        if isinstance(node, ScalarNode):
            if not (node.style or "").strip() and _CURLY.fullmatch(str(node.value)):
                self._curly(str(node.value), path)
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
