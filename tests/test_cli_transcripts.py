"""What each command says at a data manager's desk, word for word, on good and on bad input.

The transcripts in tests/transcripts are written again, to be read and committed, by

    UPDATE_TRANSCRIPTS=1 pytest tests/test_cli_transcripts.py
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from command_line import give, plain_terminal
from desk_study import make_study

TRANSCRIPTS = Path(__file__).parent / "transcripts"
UPDATE = "UPDATE_TRANSCRIPTS" in os.environ
MAPPING = "center_mappings/panaro.yaml"
PATIENTS = "exports/panaro/pazienti_2021-06.csv"
# What differs from run to run, and what stands for it in a transcript.
CHANGING = (
    (re.compile(r"\b\d{8}T\d{6}-\d{6}\b"), "<run>"),
    (re.compile(r"derivations\.py:\d+"), "derivations.py:<line>"),
)


@dataclass(frozen=True)
class Scene:
    """Commands given in a fresh study, after some edits: (file, what stands there, what is put)."""

    name: str
    commands: tuple[str, ...]
    edits: tuple[tuple[str, str, str], ...] = ()


SCENES = (
    Scene("help", ("onecohort --help", "onecohort check --help", "onecohort", "onecohort chek")),
    Scene("check-good", ("onecohort check", "onecohort check panaro", "onecohort check --json")),
    Scene(
        "check-bad",
        ("onecohort check", "onecohort check --notes", "onecohort check --json"),
        (
            (MAPPING, "M: male, F: female", "M: mail, F: female, X: female"),
            (MAPPING, "birth_date: { from: Nascita }", "birth_date: { from: Nascita, unit: d }"),
            (MAPPING, "from: Farmaco", "from: Farmacco"),
            (MAPPING, "rows: many", "row: many"),
        ),
    ),
    Scene(
        "check-needs-a-person",
        ("onecohort check", "onecohort check --notes", "onecohort build"),
        (
            (MAPPING, "M: male, F: female", "M: male, F: female, X: female"),
            (MAPPING, "      Dacogen: decitabine\n", ""),
            (MAPPING, "  Note: free text, not in the protocol", "  Noted: free text"),
        ),
    ),
    Scene(
        "check-nothing-there",
        ("onecohort check", "onecohort check pannaro", "onecohort check --study exports"),
        ((MAPPING, "files: panaro/esami_*.csv", "files: panaro/labs_*.csv"),),
    ),
    Scene(
        "preview",
        (
            "onecohort preview panaro --rows 2",
            "onecohort preview panaro --field best_response",
            "onecohort preview panaro --patient P-06 --field hma_drug",
            "onecohort preview panaro --patient P-66",
            "onecohort preview panaro --field best_respons",
            "onecohort preview panaro --rows 1 --field sex --json",
        ),
        ((PATIENTS, "P-02;F;", "P-02;f;"),),
    ),
    Scene(
        "preview-with-findings",
        ("onecohort preview panaro --rows 2",),
        (
            (PATIENTS, "P-01;M;03/04/1948", "P-01;?;03/04/48"),
            (PATIENTS, "P-02;F;21/11/1951", "P-02;F;31/11/1951"),
            (PATIENTS, "Vidaza;08/01/2018", "vidaza 75;08/01/2018"),
        ),
    ),
    Scene(
        "rows-that-do-not-enter",
        (
            "onecohort check",
            "onecohort preview panaro --rows 1 --field sex",
            "onecohort explain panaro P-01 sex",
            "onecohort build",
        ),
        ((PATIENTS, "P-02;F;", "P-01;F;"), (PATIENTS, "P-03;F;", ";F;")),
    ),
    Scene(
        "explain",
        (
            "onecohort explain panaro P-01 hemoglobin_g_dl",
            "onecohort explain panaro P-01 os_months",
            "onecohort explain panaro P-05 hma_end_date",
            "onecohort explain panaro P-01 hma_line",
            "onecohort explain panaro P-03",
            "onecohort explain panaro P-03 sexx",
            "onecohort explain panaro P-33",
            "onecohort explain pannaro P-03",
            "onecohort explain panaro P-03 sex --json",
        ),
        (
            (MAPPING, "examples", "corrections:\n  - { patient: P-01, column: Linea, was: '2', now: '3', "
             "reason: the letter of 2021-06-20 }\n\nexamples"),
        ),
    ),
    Scene(
        "dictionary",
        (
            "onecohort fields",
            "onecohort fields --html fields.html --xlsx fields.xlsx --markdown fields.md",
            "onecohort fields --html nowhere/fields.html",
            "onecohort terms sex",
            "onecohort terms best_response",
            "onecohort terms sex --json",
            "onecohort terms best_respons",
            "onecohort terms death_date",
            "onecohort schema",
            "onecohort schema editors.json",
        ),
    ),
    Scene(
        "profile",
        (
            "onecohort profile exports/panaro/esami_2021-06.csv",
            "onecohort profile exports/panaro/esami_2021-06.csv --html page.html",
            "onecohort profile exports/panaro/esami_2020-06.csv",
            "onecohort profile schemas/cohort.py",
            "onecohort profile exports/panaro/esami_2021-06.csv --html nowhere/page.html",
        ),
    ),
    Scene(
        "draft",
        (
            "onecohort draft secchia exports/panaro/pazienti_2021-06.csv",
            "onecohort check secchia",
            "onecohort draft secchia exports/panaro/pazienti_2021-06.csv",
            "onecohort draft secchia --update",
            "onecohort draft Enza exports/panaro/pazienti_2021-06.csv",
            "onecohort draft enza",
            "onecohort draft enza exports/none.csv",
            "onecohort draft panaro --update",
            "onecohort draft panaro --update",
        ),
        ((PATIENTS, ";Note\n", ";Peso kg\n"),),
    ),
    Scene(
        "runs",
        (
            "onecohort runs",
            "onecohort build",
            "onecohort runs",
            "onecohort release shared",
            "onecohort publish 1999 --because why",
            "onecohort runs compare 1999 2000",
        ),
    ),
    Scene("build", ("onecohort build", "onecohort build", "onecohort build panaro --fresh")),
    Scene(
        "build-with-a-mistake",
        ("onecohort build", "onecohort build pannaro"),
        ((MAPPING, "M: male", "M: mail"),),
    ),
)  # fmt: skip


def run(command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """A command, what it says, and how it ends."""
    said, code = give(command, monkeypatch, capsys)
    for pattern, shown in CHANGING:
        said = pattern.sub(shown, said)
    return f"$ {command}\n{said}\n[exit {code}]\n"


@pytest.fixture
def desk(tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study folder, entered; a terminal of fixed width; no colour."""
    root = make_study(tmp_path / "desk", project)
    monkeypatch.chdir(root)
    plain_terminal(monkeypatch)
    return root


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_a_command_says_what_its_transcript_says(
    scene: Scene, desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, old, new in scene.edits:
        text = (desk / name).read_text(encoding="utf-8")
        assert old in text
        (desk / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    said = "\n".join(run(command, monkeypatch, capsys) for command in scene.commands)
    said = said.replace(str(desk), "<study>")
    golden = TRANSCRIPTS / f"{scene.name}.txt"
    if UPDATE:
        golden.write_text(said, encoding="utf-8")
    assert said == golden.read_text(encoding="utf-8")


def test_every_transcript_has_its_scene() -> None:
    assert {path.stem for path in TRANSCRIPTS.glob("*.txt")} == {scene.name for scene in SCENES}
