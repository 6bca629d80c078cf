"""From a center's file to its mapping, with every mistake of the file at once."""

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from onecohort.errors import Mistake, StudyError
from onecohort.mapping.language import Mapping
from onecohort.mapping.source import NodePath, Tree, YamlSource, parse_yaml, read_yaml
from onecohort.mapping.wording import nearest as nearest_of
from onecohort.mapping.wording import node_path, word_mistake

MOST_ROUNDS = 8  # of taking out what is not understood; each may uncover a little more


@dataclass(frozen=True)
class LoadedMapping:
    """A mapping together with the file it was read from, so that messages have an address.

    faulty    what the language does not understand, and so is left out: ("fields", "sex"),
              ("tables", "cicli", "rows"); nothing but after `survey_mapping`
    """

    mapping: Mapping
    source: YamlSource
    faulty: frozenset[NodePath] = field(default_factory=frozenset)

    @property
    def center(self) -> str:
        """Identifier of the center."""
        return self.mapping.center

    def written(self, block: str) -> list[str]:
        """The keys of a block as they stand in the file, understood or not."""
        tree = self.source.tree
        node = tree.get(block, {}) if isinstance(tree, dict) else {}
        return list(node) if isinstance(node, dict) else []

    def where(self, *path: str | int) -> str:
        """`file:line:column` of a node."""
        return self.source.where(*path)

    def at(self, *path: str | int) -> str:
        """`file:line:column` of a node's value."""
        return self.source.at(*path)


def load_mapping(path: Path, name: str) -> LoadedMapping:
    """Read one mapping; raises StudyError with all that is wrong with the file.

    name    the path as messages show it, such as `center_mappings/brenta.yaml`
    """
    loaded = understand(read_yaml(path, name))
    misnamed = _misnamed(loaded, path)
    if misnamed is not None:
        raise StudyError(misnamed)
    return loaded


def survey_mapping(path: Path, name: str) -> tuple[LoadedMapping | None, list[Mistake]]:
    """Read as much of a mapping as can be understood, so that the rest of it can be checked as well.

    Returns None where nothing can be made of it. Raises StudyError for a file that is not YAML.
    """
    source = read_yaml(path, name)
    try:
        loaded = understand(source)
    except StudyError as error:
        return _understand_rest(source), list(error.mistakes)
    misnamed = _misnamed(loaded, path)
    return loaded, [] if misnamed is None else [misnamed]


def parse_mapping(text: str, name: str = "mapping.yaml") -> LoadedMapping:
    """Read a mapping from a text, as an editor or a test holds it."""
    return understand(parse_yaml(text, name))


def understand(source: YamlSource) -> LoadedMapping:
    """Check a YAML file against the language; raises StudyError with every mistake in it."""
    if not source.tree:
        fix = "take it away, and let `onecohort draft` write a first mapping"
        raise StudyError(Mistake(f"{source.name}:1:1", "nothing stands in this file", fix))
    try:
        return LoadedMapping(Mapping.model_validate(source.tree), source)
    except ValidationError as error:
        found: dict[NodePath, ErrorDetails] = {}
        for problem in error.errors(include_url=False):
            # Each alternative of a union complains of the same value; which words fit says most.
            path = node_path(problem["loc"], source)
            listed = str(problem.get("ctx", {}).get("expected", "")).strip("'")
            if path not in found or (problem["type"] == "literal_error" and listed):
                found[path] = problem
        mistakes = [word_mistake(problem, source) for problem in found.values()]
        raise StudyError(*sorted(mistakes, key=by_line)) from None


def nearest(text: str, choices: Iterable[str]) -> str | None:
    """The choice that is nearest to a misspelt text, if any is near at all."""
    return nearest_of(text, list(choices))


def did_you_mean(text: str, choices: Sequence[str], *, most: int = 12) -> str:
    """`did you mean …?`, or the list of what may stand there."""
    near = nearest(text, choices)
    if near:
        return f"did you mean {near!r}?"
    shown = ", ".join(choices[:most])
    return f"one of: {shown}" + (", …" if len(choices) > most else "")


def by_line(mistake: Mistake) -> tuple[int, int, str]:
    """Key that sorts mistakes of one file as they stand in it."""
    _, line, column = mistake.where.rsplit(":", 2)
    return int(line), int(column), mistake.what


def _misnamed(loaded: LoadedMapping, path: Path) -> Mistake | None:
    if loaded.center == path.stem:
        return None
    what = f"the center is called {loaded.center!r} but its file {path.name!r}"
    fix = f"write `center: {path.stem}`, or rename the file"
    return Mistake(loaded.at("center"), what, fix)


def _understand_rest(source: YamlSource) -> LoadedMapping | None:
    """The mapping without what the language does not know."""
    tree = copy.deepcopy(source.tree)
    faulty: set[NodePath] = set()
    for _ in range(MOST_ROUNDS):
        left = replace(source, tree=tree)
        try:
            return LoadedMapping(Mapping.model_validate(tree), source, frozenset(faulty))
        except ValidationError as error:
            blocks = {_block_of(node_path(problem["loc"], left)) for problem in error.errors()}
        if blocks <= faulty:  # what is missing cannot be taken out
            return None
        for path in blocks:
            _take_out(tree, path)
        faulty |= blocks
    return None


def _block_of(path: NodePath) -> NodePath:
    """A field's rule goes as a whole, for half of it might mean another thing; so does a list."""
    whole = {"fields": 2, "ignore": 2, "unavailable": 2, "tables": 3}
    return path[: whole.get(str(path[0]), 1)] if path else path


def _take_out(tree: Tree, path: NodePath) -> None:
    node = tree
    for step in path[:-1]:
        if not isinstance(node, dict) or step not in node:
            return
        node = node[str(step)]
    if isinstance(node, dict) and path:
        node.pop(str(path[-1]), None)
