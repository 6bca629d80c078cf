"""What the documents show is what happens: every command in them is given, every answer compared.

In a ```console block a line after `$ ` is a command and the rest its answer, in which `…` stands for
anything. A ```yaml block that begins with the comment of a path is that file; any other is an excerpt of
the mapping last written. A ```diff block is an edit of the file that its first line names.
"""

import json
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from command_line import give, plain_terminal
from openpyxl import load_workbook

from onecohort.cli.app import app
from onecohort.mapping.source import parse_yaml

ROOT = Path(__file__).parents[1]
DOCUMENTS = ("README.md", "docs/add-a-center.md", "docs/commands.md")
FENCE = re.compile(r"^```(?P<kind>\w*)[^\n]*\n(?P<body>.*?)^```$", re.M | re.S)
ANYTHING = "…"
ELSEWHERE = ("pip", "pytest", "git", "python", "docker", "cd")  # what a test had better not do


@dataclass(frozen=True)
class Block:
    """A fenced block: its kind, its lines, and where it stands."""

    kind: str
    body: str
    line: int


def blocks_of(text: str) -> Iterator[Block]:
    for found in FENCE.finditer(text):
        yield Block(found["kind"], found["body"], text[: found.start()].count("\n") + 2)


def commands_of(block: Block) -> Iterator[tuple[str, str]]:
    """Each command of a console block with the answer that the document gives."""
    for part in re.split(r"^\$ ", block.body, flags=re.M)[1:]:
        command, _, answer = part.partition("\n")
        yield command, answer.rstrip("\n")


def as_pattern(answer: str) -> re.Pattern[str]:
    """An answer with `…` for anything: within a line, or as a line of its own any lines."""
    lines = answer.splitlines()
    pattern = ""
    for number, line in enumerate(lines):
        if line.strip() == ANYTHING:
            pattern += r"(?:[^\n]*(?:\n|$))*?"
            continue
        parts = (" +".join(map(re.escape, part.split())) for part in line.split(ANYTHING))
        end = "" if number == len(lines) - 1 else r"\n"
        pattern += " *" + r"[^\n]*".join(parts) + f" *{end}"
    return re.compile(pattern)


def agrees(said: str, answer: str) -> bool:
    return as_pattern(answer).fullmatch(said.rstrip("\n")) is not None


@pytest.mark.parametrize(
    ("said", "answer", "expected"),
    [
        ("a: clean", "a: clean", True),
        ("a: clean", "a: 1 mistake", False),
        ("one\ntwo\nthree", "one\n…", True),
        ("one\ntwo\nthree", "…\nthree", True),
        ("one\ntwo\nthree", "one\n…\nthree", True),
        ("one\ntwo\nthree", "one\nthree", False),
        ("one\ntwo", "…\none\n…\ntwo", True),
        ("lines 6, 14 and more", "lines … more", True),
        ("a x c", "a … b", False),
        ("    a", "a", True),
        ("", "", True),
    ],
)
def test_an_answer_may_leave_out_but_not_differ(said: str, answer: str, expected: bool) -> None:
    assert agrees(said, answer) is expected


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the study with its documents, entered."""
    root = tmp_path / "study"
    for name in ("schemas", "center_mappings", "sample_exports", "docs"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(root)
    plain_terminal(monkeypatch)
    return root


def run_console(
    block: Block, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for command, answer in commands_of(block):
        if command.startswith("onecohort"):
            said, _ = give(command, monkeypatch, capsys)
        else:
            found = subprocess.run(shlex.split(command), capture_output=True, text=True, check=True)
            said = found.stdout
        assert agrees(said, answer), f"line {block.line}: $ {command}\n{said}"


def apply_diff(block: Block, study: Path) -> None:
    name, *edits = block.body.splitlines()
    path = study / name.removeprefix("--- ")
    text = path.read_text(encoding="utf-8")
    for old, new in zip(
        (line[1:] for line in edits if line.startswith("-")),
        (line[1:] for line in edits if line.startswith("+")),
        strict=True,
    ):
        assert text.count(old) == 1, f"line {block.line}: {old!r} stands {text.count(old)} times"
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def take_yaml(block: Block, study: Path) -> None:
    """Write a whole file, or find an excerpt in the mapping last written."""
    named = re.match(r"# (\S+\.yaml)\n", block.body)
    if named:
        text = block.body.replace(named[0], "# yaml-language-server: $schema=mapping.schema.json\n")
        (study / named[1]).write_text(text, encoding="utf-8")
        return
    newest = max((study / "center_mappings").glob("*.yaml"), key=lambda path: path.stat().st_mtime)
    standing = newest.read_text(encoding="utf-8")
    for part in block.body.split(f"{ANYTHING}\n"):
        assert part in standing, f"line {block.line}: {newest.name} has not\n{part}"


def check_shell(block: Block) -> None:
    """Commands that a test does not give: they exist, at least."""
    targets = re.findall(r"^(\w[\w-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    for line in block.body.splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["make"]:
            assert words[1] in targets, f"line {block.line}: make {words[1]}"
        elif words[:1] == ["onecohort"]:
            assert words[1] in COMMANDS, f"line {block.line}: {line}"
        elif words:
            assert words[0] in ELSEWHERE, f"line {block.line}: {line}"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_shows_what_happens(
    name: str, study: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kinds = set()
    for block in blocks_of((ROOT / name).read_text(encoding="utf-8")):
        kinds.add(block.kind)
        if block.kind == "console":
            run_console(block, monkeypatch, capsys)
        elif block.kind == "diff":
            apply_diff(block, study)
        elif block.kind == "yaml":
            take_yaml(block, study)
        elif block.kind == "json":
            json.loads(block.body)
        elif block.kind == "python":
            exec(compile(block.body, f"{name}:{block.line}", "exec"), {})
        else:
            assert block.kind in ("sh", "text"), f"line {block.line}: what is ```{block.kind}?"
            if block.kind == "sh":
                check_shell(block)
    assert kinds


COMMANDS = {
    *(
        str(command.name or (command.callback or str).__name__)
        for command in app.registered_commands
    ),
    *(str(group.name) for group in app.registered_groups),
}


def test_every_command_is_documented_and_every_documented_command_exists() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    named = set(re.findall(r"(?:`|\$ |^)onecohort (\w+)", text, re.M))
    assert named <= COMMANDS
    assert COMMANDS - named == set()


def test_links_between_the_documents_lead_somewhere() -> None:
    for page in (ROOT / "docs").glob("*.md"):
        for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


@pytest.mark.parametrize(
    "page", sorted((ROOT / "docs" / "decisions").glob("*.md")), ids=lambda page: str(page.stem)
)
def test_a_decision_is_numbered_and_short_enough_to_be_read(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {page.name[:4]} ")
    assert len(text.split()) <= 250
    for part in ("**Decided.**", "**Rejected.**", "**Follows.**"):
        assert part in text


def test_every_dependency_has_its_reason_on_record() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    reasons = (ROOT / "docs" / "decisions" / "0005-dependencies.md").read_text(encoding="utf-8")
    named = {re.match(r"[\w.-]+", needed) for needed in project["dependencies"]}
    assert {name[0] for name in named if name and name[0] not in reasons} == set()


def test_the_tutorials_workbook_is_the_one_its_program_writes(tmp_path: Path) -> None:
    program = ROOT / "docs" / "tenth-center" / "make.py"
    scope: dict[str, object] = {"__name__": "make"}
    exec(compile(program.read_text(encoding="utf-8"), str(program), "exec"), scope)
    make = scope["make"]
    assert callable(make)
    made = load_workbook(make(tmp_path))["Patients"]
    stored = ROOT / "docs" / "tenth-center" / "sesia" / "RR-AML_sesia_2021-06.xlsx"
    assert list(load_workbook(stored)["Patients"].values) == list(made.values)


def test_the_tutorials_mapping_is_read_as_it_is_printed() -> None:
    page = (ROOT / "docs" / "add-a-center.md").read_text(encoding="utf-8")
    (whole,) = [b for b in blocks_of(page) if b.kind == "yaml" and b.body.startswith("# center")]
    tree = parse_yaml(whole.body, "sesia.yaml").tree
    assert isinstance(tree, dict)
    assert tree["center"] == "sesia"
