"""The manifest of a run: read and written whole."""

import json
from collections.abc import Mapping
from pathlib import Path

MANIFEST = "manifest.json"
Json = dict[str, object]


def read_manifest(folder: Path) -> Json:
    """The manifest of a run."""
    told: Json = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return told


def write_manifest(folder: Path, manifest: Mapping[str, object]) -> None:
    """Write a run's manifest, whole or not at all."""
    text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True)
    draft = folder / f".{MANIFEST}"
    draft.write_text(text + "\n", encoding="utf-8")
    draft.replace(folder / MANIFEST)


def amend_manifest(folder: Path, told: Mapping[str, object]) -> None:
    """Add to the manifest of a run that is being written."""
    write_manifest(folder, {**read_manifest(folder), **told})
