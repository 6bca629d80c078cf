"""A small center, Panaro, with a good mapping that the tests of the commands break in one place."""

import shutil
from pathlib import Path

DESK = Path(__file__).parent / "desk"
MAPPING = (DESK / "panaro.yaml").read_text(encoding="utf-8")
SETTINGS = "title: A study at the desk\nexports: exports\nas_of: 2021-06-30\nsynthetic: yes\n"


def make_study(root: Path, project: Path) -> Path:
    """A study folder with the project's schema, one center and its two exports."""
    shutil.copytree(
        project / "schemas",
        root / "schemas",
        ignore=shutil.ignore_patterns(
            "__pycache__", "study.yaml", "analysis.yaml", "published.yaml"
        ),
    )
    (root / "schemas" / "study.yaml").write_text(SETTINGS, encoding="utf-8")
    (root / "center_mappings").mkdir()
    (root / "center_mappings" / "panaro.yaml").write_text(MAPPING, encoding="utf-8")
    shutil.copytree(DESK / "panaro", root / "exports" / "panaro")
    return root
