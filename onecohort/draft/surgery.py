"""Lines put into a YAML text without touching any other: every comment and blank stays as typed.

A YAML library that writes a file anew moves comments and reflows lines even in round-trip mode, so the
text itself is edited, at the places that the composed nodes name.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from onecohort.draft.write import scalar


@dataclass
class Surgery:
    """Insertions into one text; `operate` gives the new text.

    Raises KeyError for a path that is not there.
    """

    text: str
    _inserts: list[tuple[int, str]] = field(default_factory=list)
    _into_empty: dict[int, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Compose the text once."""
        self._root = YAML(typ="rt").compose(self.text)
        self._newline = "\r\n" if "\r\n" in self.text else "\n"

    def add_above(self, path: Sequence[str], lines: Sequence[str]) -> None:
        """Put comment lines above the key at `path`, as deep as the key stands."""
        key, _ = self._find(path)
        start = self.text.rfind("\n", 0, key.start_mark.index) + 1
        indent = len(self.text[start:]) - len(self.text[start:].lstrip(" "))
        self._insert(start, [" " * indent + line for line in lines])

    def add_entry(self, path: Sequence[str], key: str, value: str, marks: Sequence[str]) -> None:
        """Put `key: value` at the end of the block at `path`, with comment lines above it.

        In a block of one line the entry goes before its brace, and the comments above the line.
        """
        _, node = self._find(path)
        entry = f"{scalar(key)}: {value}"
        if not isinstance(node, MappingNode) or node.flow_style:
            self.add_above(path, marks)
            self._into_flow(node, entry)
        else:
            self.add_lines(path, [*marks, entry])

    def add_lines(self, path: Sequence[str], lines: Sequence[str]) -> None:
        """Put lines at the end of the block at `path`, as deep as its entries stand."""
        _, node = self._find(path)
        assert isinstance(node, MappingNode) and node.value
        indent = " " * node.value[0][0].start_mark.column
        after = self.text.find("\n", _end(node))
        if after < 0:
            self.text += self._newline
            after = len(self.text) - 1
        self._insert(after + 1, [indent + line for line in lines])

    def add_block(self, key: str, lines: Sequence[str]) -> None:
        """Put a new block at the end of the file."""
        ending = "" if self.text.endswith("\n") else self._newline
        lead = [ending] if ending else []
        self._inserts.append((len(self.text), "".join(lead)))
        self._insert(len(self.text), ["", f"{key}:", *(f"  {line}" for line in lines)])

    def has_block(self, path: Sequence[str]) -> bool:
        """Whether a block of several lines with an entry stands at `path`."""
        try:
            _, node = self._find(path)
        except KeyError:
            return False
        return isinstance(node, MappingNode) and not node.flow_style and bool(node.value)

    def has(self, path: Sequence[str]) -> bool:
        """Whether anything stands at `path`."""
        try:
            self._find(path)
        except KeyError:
            return False
        return True

    def around(self, path: Sequence[str]) -> str:
        """The text from the end of the entry before `path` to the beginning of the one after it."""
        above, parent = self._find(path[:-1])
        assert isinstance(parent, MappingNode)
        keys = [str(key.value) for key, _ in parent.value]
        at = keys.index(path[-1])
        start = _end(parent.value[at - 1][1]) if at else int(above.start_mark.index)
        last = at == len(keys) - 1
        stop = int(parent.end_mark.index) if last else parent.value[at + 1][0].start_mark.index
        return self.text[start:stop]

    def operate(self) -> str:
        """The text with all insertions; those at one place in the order they were asked for."""
        inserts = list(self._inserts)
        for place, entries in self._into_empty.items():
            tail = " " if self.text[place] == "}" else ""
            inserts.append((place, f" {', '.join(entries)}{tail}"))
        numbered = [(place, number, text) for number, (place, text) in enumerate(inserts)]
        out = self.text
        for place, _, inserted in sorted(numbered, reverse=True):
            out = out[:place] + inserted + out[place:]
        return out

    def _insert(self, place: int, lines: Sequence[str]) -> None:
        self._inserts.append((place, "".join(line + self._newline for line in lines)))

    def _into_flow(self, node: Node, entry: str) -> None:
        assert isinstance(node, MappingNode)
        if node.value:  # behind the last value: a comma or a comment may stand before the brace
            self._inserts.append((_end(node.value[-1][1]), f", {entry}"))
        else:
            self._into_empty.setdefault(node.start_mark.index + 1, []).append(entry)

    def _find(self, path: Sequence[str]) -> tuple[Node, Node]:
        key, node = self._root, self._root
        for step in path:
            if not isinstance(node, MappingNode):
                raise KeyError(step)
            key, node = next(((k, v) for k, v in node.value if str(k.value) == step), (None, None))
            if node is None:
                raise KeyError(step)
        return key, node


def _end(node: Node) -> int:
    """Index of the last character of a node; a block's own end mark lies beyond its comments."""
    if not isinstance(node, MappingNode | SequenceNode) or node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _end(last if isinstance(node, SequenceNode) else last[1])
