"""What the commands import, how they end, and when they use colour."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from command_line import give, plain_terminal
from desk_study import MAPPING, make_study

from onecohort.cli import app, build, check, main
from onecohort.cli.build import show_gates
from onecohort.errors import StudyError
from onecohort.run import Built

MODULES_AFTER = """
import json, sys
from onecohort.cli import main
for words in json.loads(sys.argv[1]):
    sys.argv = ["onecohort", *words]
    try:
        main()
    except SystemExit as end:
        assert end.code in (0, None), (words, end.code)
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
"""


@pytest.fixture
def desk(tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = make_study(tmp_path / "desk", project)
    monkeypatch.chdir(root)
    plain_terminal(monkeypatch)
    return root


def modules_after(*commands: Sequence[str]) -> set[str]:
    """The libraries that are loaded when these commands have run in one process."""
    found = subprocess.run(
        [sys.executable, "-c", MODULES_AFTER, json.dumps(commands)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(json.loads(found.stderr.splitlines()[-1]))


# --- what is imported -------------------------------------------------------------------------------


def test_help_imports_no_library_that_takes_its_time(desk: Path) -> None:
    loaded = modules_after(["--help"], ["build", "--help"])
    assert not loaded & {"numpy", "pandas", "pandera", "pyarrow", "prefect"}


def test_check_imports_nothing_that_only_a_report_needs(desk: Path) -> None:
    loaded = modules_after(["check"])
    assert not loaded & {"matplotlib", "scipy", "statsmodels", "sqlalchemy", "sklearn", "prefect"}


def test_no_command_imports_prefect(desk: Path) -> None:
    (desk / "exports" / "sesia").mkdir()
    (desk / "exports" / "sesia" / "a.csv").write_text("ID;Sex\n1;M\n2;F\n", encoding="utf-8")
    loaded = modules_after(
        ["profile", "exports/sesia/a.csv"], ["check"], ["preview", "panaro"],
        ["explain", "panaro", "P-01"], ["fields"], ["terms", "sex"], ["schema"], ["build"],
        ["runs"], ["release"], ["draft", "sesia"],
    )  # fmt: skip
    assert not loaded & {"prefect", "flows"}
    assert "schemas" not in loaded  # the study's own package has a name that no other study has


# --- how they end -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "command", "code"),
    [
        ("", "", "check", 0),
        ("", "", "build", 0),
        ("      Dacogen: decitabine\n", "", "check", 1),
        ("M: male", "M: mail", "check", 2),
        ("M: male", "M: mail", "build", 2),
        ("", "", "check --study nowhere", 2),
        ("", "", "preview panaro --rows 0", 2),
        ("", "", "preview pannaro", 2),
        ("", "", "explain panaro", 2),
        ("", "", "build --as-of yesterday", 2),
    ],
)
def test_a_command_ends_with_the_code_that_a_script_can_go_by(
    old: str, new: str, command: str, code: int, desk: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    path = desk / "center_mappings" / "panaro.yaml"
    path.write_text(MAPPING.replace(old, new), encoding="utf-8")
    assert give(f"onecohort {command}", monkeypatch, capsys)[1] == code


def test_a_center_without_its_export_fails_and_is_told_once(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk / "exports" / "panaro" / "esami_2021-06.csv").unlink()
    said, code = give("onecohort build", monkeypatch, capsys)
    assert code == 3
    assert said.count("esami_*.csv  matches no file") == 1


def test_a_failed_center_is_not_told_again_by_the_log(desk: Path) -> None:
    (desk / "exports" / "panaro" / "esami_2021-06.csv").unlink()
    command = [sys.executable, "-m", "onecohort", "build"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout.count("panaro failed") == 1


@pytest.mark.parametrize("command", ["check", "build"])
def test_a_study_without_a_mapping_is_told_how_to_get_one(
    command: str, desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk / "center_mappings" / "panaro.yaml").unlink()
    said, code = give(f"onecohort {command}", monkeypatch, capsys)
    assert code == 2
    assert said == (
        "center_mappings  there is no mapping\n    write one with `onecohort draft CENTER FILE…`"
    )


def test_one_failed_center_does_not_stop_the_others(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = MAPPING.replace("center: panaro", "center: secchia").replace("M: male", "M: mail")
    (desk / "center_mappings" / "secchia.yaml").write_text(other, encoding="utf-8")
    said, code = give("onecohort build", monkeypatch, capsys)
    assert code == 2
    assert "secchia failed\n  center_mappings/secchia.yaml:20:36  'mail' is no term" in said
    assert (desk / "cohort" / "cohort.parquet").is_file()
    told, code = give("onecohort check", monkeypatch, capsys)
    assert (code, told.splitlines()[0]) == (2, "panaro: clean")


def test_a_mistake_elsewhere_than_in_a_center_is_raised(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise StudyError

    monkeypatch.setattr(build, "build", refuse)
    with pytest.raises(StudyError):
        build.build_command(
            [],
            study=desk,
            exports=None,
            out=desk,
            as_of=None,
            fresh=False,
            figures=(),
            as_json=False,
        )


# --- colour and JSON --------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["check", "preview panaro", "fields"])
def test_colour_is_only_for_a_terminal(
    command: str, desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = desk / "center_mappings" / "panaro.yaml"
    path.write_text(MAPPING.replace("      Dacogen: decitabine\n", ""), encoding="utf-8")
    give(f"onecohort {command}", monkeypatch, capsys)  # asserts that there is no escape
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(sys, "argv", ["onecohort", *command.split()])
    with pytest.raises(SystemExit):
        main()
    assert "\x1b[" in capsys.readouterr().out


@pytest.mark.parametrize(
    "command",
    ["check", "build", "fields", "terms sex", "preview panaro", "explain panaro P-01"],
)
def test_json_is_all_that_stands_on_the_output(
    command: str, desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["onecohort", *command.split(), "--json"])
    with pytest.raises(SystemExit):
        main()
    assert json.loads(capsys.readouterr().out)


def test_every_command_says_in_one_line_what_it_does() -> None:
    for command in app.app.registered_commands:
        (line,) = str((command.callback or main).__doc__).splitlines()
        assert len(line) <= 68, f"{line!r} is cut short in the list of commands"


# --- what is shown ----------------------------------------------------------------------------------


def test_an_empty_export_has_no_patient_to_preview(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = desk / "exports" / "panaro" / "pazienti_2021-06.csv"
    head = path.read_text(encoding="utf-8").splitlines()[0]
    path.write_text(f"{head}\n", encoding="utf-8")
    said, code = give("onecohort preview panaro", monkeypatch, capsys)
    assert (code, said.splitlines()[0]) == (
        2, "center_mappings/panaro.yaml  its export holds no patient",
    )  # fmt: skip


def test_a_count_of_many_rows_is_summed_up_in_preview(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    plain_terminal(monkeypatch)
    said, _ = give(
        "onecohort preview brenta --patient B-004 --field hma_cycles", monkeypatch, capsys
    )
    assert "← 9 cells of Ciclo" in said
    said, _ = give("onecohort explain brenta B-004 hma_cycles", monkeypatch, capsys)
    assert said.count("'Ciclo'") == 9


def test_a_field_without_any_rule_says_so(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said, _ = give("onecohort explain panaro P-01 ecog", monkeypatch, capsys)
    assert said.splitlines()[1:] == ["└── ecog = missing", "    └── no rule gives it"]


def test_a_held_run_says_which_gate_holds_it(capsys: pytest.CaptureFixture[str]) -> None:
    def gate(title: str, holds: bool) -> dict[str, object]:
        return {"title": title, "value": 50, "limit": 20, "detail": "", "holds": holds}

    manifest: dict[str, object] = {
        "state": "held",
        "gates": [gate("Rows", False), gate("Ids", True)],
    }
    from rich.console import Console

    show_gates(Console(), Built(Path("runs/20210630T0900"), False, manifest, ()))
    said = capsys.readouterr().out
    assert "  Rows: 50, limit 20\n" in said
    assert "Ids" not in said
    assert "onecohort publish 20210630T0900 --because" in said


def test_the_statistics_stand_beside_the_published_ones(tmp_path: Path) -> None:
    assert build.result_table(tmp_path) is None
    row = {"what": "Response", "printed": "24", "rounded": "26", "verdict": "differs"}
    told = {"published": [row | {"unit": "%"}]}
    (tmp_path / "analysis.json").write_text(json.dumps(told), encoding="utf-8")
    table = build.result_table(tmp_path)
    assert table is not None
    shown = [next(iter(column.cells)) for column in table.columns]
    assert shown == ["Response", "24%", "26%", "differs"]


def test_an_address_without_a_line_comes_before_those_with_one() -> None:
    from onecohort.errors import Mistake
    from onecohort.mapping.against_export import Told

    told = [Told(Mistake(where, ""), "note") for where in ("a.yaml:2:1", "a.yaml:1:9", "a.yaml")]
    assert [check._by_line(each)[1:] for each in told] == [(2, 1), (1, 9), (0, 0)]


# --- where they write -----------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_terminal_without_a_letter_is_no_traceback(encoding: str, project: Path) -> None:
    command = [sys.executable, "-m", "onecohort", "preview", "brenta", "--rows", "1"]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run(command, capture_output=True, env=environment, cwd=project, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b" ? brenta-" in done.stdout


def test_a_pipe_has_utf_8_whatever_the_country(project: Path) -> None:
    command = [sys.executable, "-X", "utf8=0", "-m", "onecohort", "terms", "sex", "--json"]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONIOENCODING"}
    environment |= {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(command, capture_output=True, env=environment, cwd=project, check=False)
    assert done.returncode == 0
    assert json.loads(done.stdout.decode("utf-8"))[0]["term"] == "male"
