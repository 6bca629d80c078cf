"""The commands profile and draft, as a data manager types them."""

import json
import shutil
from pathlib import Path

import pytest

from onecohort.cli.draft import delivered, draft_command, update_command
from onecohort.cli.profile import profile_command
from onecohort.errors import ExportError, StudyError
from onecohort.study import load_study

ROOT = Path(__file__).parents[1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A study with the sample's schema and mappings, and one new delivery."""
    shutil.copytree(ROOT / "schemas", tmp_path / "schemas")
    shutil.copytree(ROOT / "center_mappings", tmp_path / "center_mappings")
    (tmp_path / "exports" / "sarca").mkdir(parents=True)
    lines = ["Codice,Sesso,Data nascita,Note"]
    lines += [f"S-{n:02},{'M' if n % 2 else 'donnna'},{n:02}/03/1950,x" for n in range(1, 15)]
    deliver(tmp_path, lines)
    return tmp_path


def deliver(folder: Path, lines: list[str]) -> None:
    path = folder / "exports" / "sarca" / "pazienti_2026-05.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def draft(folder: Path, center: str = "sarca", **changed: bool) -> int:
    as_json = changed.get("as_json", False)
    return draft_command(center, [], study=folder, exports=folder / "exports", as_json=as_json)


def test_draft_writes_the_mapping_and_says_what_to_do_next(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert draft(folder) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "written: center_mappings/sarca.yaml"
    assert said[1].startswith("2 fields mapped, 33 not found, 1 columns left over; ")
    assert said[2] == "next: read it beside the export, then `onecohort check sarca`"
    text = (folder / "center_mappings" / "sarca.yaml").read_text(encoding="utf-8")
    assert "birth_date: { from: Data nascita }" in text


def test_draft_tells_machines_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draft(folder, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["mapped"] == ["sex", "birth_date"]
    assert told["ignored"] == ["Note"]
    assert told["marks"] > 5


def test_draft_refuses_to_overwrite(folder: Path) -> None:
    draft(folder)
    with pytest.raises(StudyError, match="is there already and is not overwritten"):
        draft(folder)


def test_draft_without_a_delivery_says_where_to_put_one(folder: Path) -> None:
    with pytest.raises(StudyError, match=r"holds no export\s+put the delivery into .*nessuno"):
        draft(folder, "nessuno")


def test_draft_takes_the_files_that_a_reader_takes(folder: Path) -> None:
    (folder / "exports" / "sarca" / "README.txt").write_text("x", encoding="utf-8")
    (folder / "exports" / "sarca" / "scan.pdf").write_text("x", encoding="utf-8")
    study = load_study(folder, exports=folder / "exports")
    assert [path.name for path in delivered(study, "sarca")] == ["pazienti_2026-05.csv"]


def test_update_says_what_is_new_and_what_is_gone(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draft(folder)
    lines = ["Codice,Sesso,Data nascita,Hobby"]
    lines += [f"S-{n:02},{'M' if n % 2 else 'F'},{n:02}/03/1950,scacchi" for n in range(1, 15)]
    deliver(folder, lines)
    capsys.readouterr()
    assert update_command("sarca", study=folder, exports=folder / "exports", as_json=False) == 0
    assert capsys.readouterr().out.splitlines() == [
        "new: sex: 'F' (7 cells)",
        "new: column 'Hobby', under ignore",
        "no longer delivered: column 'Note'",
        "2 additions to center_mappings/sarca.yaml",
    ]
    update_command("sarca", study=folder, exports=folder / "exports", as_json=False)
    assert capsys.readouterr().out.endswith("center_mappings/sarca.yaml is up to date\n")


def test_update_tells_machines_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draft(folder)
    capsys.readouterr()
    update_command("sarca", study=folder, exports=folder / "exports", as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert (told["center"], told["added"], told["gone"]) == ("sarca", [], [])


def test_update_of_a_center_without_a_mapping_is_a_mistake(folder: Path) -> None:
    with pytest.raises(StudyError, match="no mapping for a center 'sarca'"):
        update_command("sarca", study=folder, exports=folder / "exports", as_json=False)


def test_profile_shows_every_column(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "exports" / "sarca" / "pazienti_2026-05.csv"
    page = folder / "profile.html"
    assert profile_command([path], html=page, as_json=False) == 0
    said = capsys.readouterr().out
    assert "pazienti_2026-05.csv  14 rows, 4 columns" in said
    assert "date; %d/%m/%Y (14)" in said
    assert "<table>" in page.read_text(encoding="utf-8")


def test_profile_tells_machines_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "exports" / "sarca" / "pazienti_2026-05.csv"
    profile_command([path], html=None, as_json=True)
    (told,) = json.loads(capsys.readouterr().out)
    assert [column["name"] for column in told["columns"]] == [
        "Codice",
        "Sesso",
        "Data nascita",
        "Note",
    ]


def test_profile_of_a_file_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="is not there"):
        profile_command([tmp_path / "none.csv"], html=None, as_json=False)
