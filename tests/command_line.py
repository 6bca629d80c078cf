"""How tests give a command as a person types it, and see what it says."""

import shlex
import sys

import pytest

from onecohort.cli import main


def give(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[str, int]:
    """What `onecohort …` says, first its output and then its errors, and its exit code."""
    monkeypatch.setattr(sys, "argv", shlex.split(command))
    code: object = 0
    try:
        main()
    except SystemExit as exit_:
        code = exit_.code or 0
    assert isinstance(code, int)
    said = capsys.readouterr()
    text = "\n".join(line.rstrip() for line in (said.out + said.err).splitlines())
    assert "Traceback" not in text
    assert "\x1b" not in text
    return text, code


def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of fixed width without colour."""
    for name in ("FORCE_COLOR", "CLICOLOR_FORCE", "PY_COLORS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERMINAL_WIDTH", "100")
