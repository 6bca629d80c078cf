"""Our own copy of a delivery: made once, with its hashes, never of something that still changes."""

import hashlib
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

KEPT = "runs/.deliveries"
MARKER = ".complete"
SUMS = "SHA256SUMS"
CHUNK = 1 << 20
_UNFINISHED = re.compile(
    r"""
    .*\.(part|partial|filepart|tmp|crdownload)   # a copy or download that goes on
    | ~\$.*                                      # Excel has the file open
    | \.~lock\..*                                # so has LibreOffice
    """,
    re.VERBOSE | re.IGNORECASE,
)
Sizes = Mapping[str, tuple[int, int]]  # file -> (bytes, time of change in ns)


class Changed(Exception):
    """A delivery changed while it was copied."""


def take_inventory(folder: Path) -> tuple[dict[str, tuple[int, int]], bool]:
    """File -> (bytes, time of change in ns), and whether the sender says that it is complete.

    Raises ValueError for a delivery that nobody may take, Changed for one that goes on.
    """
    found: dict[str, tuple[int, int]] = {}
    complete = False
    os.scandir(folder).close()  # for rglob says nothing about a folder that is away
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            raise ValueError("it holds a link; put the file itself there")
        if path.is_dir():
            continue
        if not path.is_file():
            raise ValueError("it holds something that is not a file")
        if name == MARKER:
            complete = True
        elif _UNFINISHED.fullmatch(path.name):
            raise Changed("a file in it is still being copied, or is open")
        else:
            stat = path.stat()
            found[name] = (stat.st_size, stat.st_mtime_ns)
    if not found:
        raise Changed("it is empty")
    return found, complete


def keep_copy(folder: Path, sizes: Sizes, out: Path, center: str) -> tuple[str, str]:
    """Copy a delivery to `KEPT`; returns the copy's folder below `out` and the hash over all of it."""
    home = out / KEPT / center
    home.mkdir(parents=True, exist_ok=True)
    draft = home / f".{folder.name}"
    remove_folder(draft)
    draft.mkdir()
    try:
        sums = {name: _copy(folder / name, draft / name) for name in sorted(sizes)}
        if take_inventory(folder)[0] != dict(sizes):
            raise Changed("it changed while it was copied")
        lines = "".join(f"{sha256}  {name}\n" for name, sha256 in sums.items())
        (draft / SUMS).write_text(lines, encoding="utf-8", newline="\n")
        sha256 = hashlib.sha256(lines.encode()).hexdigest()
        kept = home / f"{folder.name}-{sha256[:12]}"
        if not kept.exists():
            draft.rename(kept)
    except FileNotFoundError:
        raise Changed("a file vanished while it was copied") from None
    finally:
        remove_folder(draft)
    return kept.relative_to(out).as_posix(), sha256


def _copy(source: Path, target: Path) -> str:
    """Copy a file, make the copy read-only, and return the hash of what was written."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with source.open("rb") as read, target.open("xb") as write:
        while chunk := read.read(CHUNK):
            digest.update(chunk)
            write.write(chunk)
        write.flush()
        os.fsync(write.fileno())
    target.chmod(0o444)
    return digest.hexdigest()


def link_or_copy(path: Path, target: Path) -> None:
    """The same file at a second place, without its bytes a second time where the system can."""
    try:
        os.link(path, target)
    except OSError:  # a file system without hard links
        shutil.copy2(path, target)


def remove_folder(folder: Path) -> None:
    """Remove a folder of ours with the read-only files in it, if it is there."""
    if not folder.exists():
        return
    if os.name == "nt":  # there a read-only file cannot be removed
        for path in folder.rglob("*"):
            path.chmod(0o666)
    shutil.rmtree(folder)
