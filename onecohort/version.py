"""The engine's version, and a fingerprint of its code for the keys of kept results."""

import hashlib
from functools import cache
from importlib import metadata
from pathlib import Path


@cache
def engine_version() -> str:
    """The version of the installed package."""
    return metadata.version("onecohort")


@cache
def engine_fingerprint() -> str:
    """Version and hash of the engine's own source, so that a changed engine never reuses a result."""
    digest = hashlib.sha256()
    folder = Path(__file__).parent
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return f"{engine_version()} {digest.hexdigest()}"
