"""What a reader will not do: leave the exports' folder, or follow a hostile file into all the memory.

Paths are resolved before anything is opened, so a link or a `..` that leads out of the folder is
refused, not followed. Archives (workbooks are zip files) are decompressed once under a counter
before a parser sees them.
"""

import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from onecohort.errors import ExportError

# A workbook of 100,000 rows x 20 columns has 9.5 MB and opens to about 100 MB: ratio 10. XML of one
# repeated cell reaches 200; the classic bombs 1,000 and more.
MAX_RATIO = 250
RATIO_MATTERS_FROM = 32 << 20  # bytes once opened; below it no ratio does harm
MAX_OPENED = 4 << 30  # bytes of one archive, opened
MAX_CELLS = 40_000_000  # of one sheet, blank ones between its corners included (40 bytes each)
MAX_SHEET_ROWS, MAX_SHEET_COLUMNS = 1 << 20, 1 << 14  # what Excel and LibreOffice can show
MAX_MEMBERS = 10_000
_CHUNK = 1 << 20
_LOCKS = ("~$", ".~lock.")  # left by Excel and LibreOffice beside a workbook that is open
_SHOWN = 8  # names listed in a message


def resolve_files(root: Path, pattern: str) -> list[Path]:
    """Files below `root` that the glob `pattern` names, sorted by path; lock files are passed over.

    Raises ExportError where the pattern leads out of `root`, where a file it names is a link that
    does, and where nothing matches (the message then lists what is there).
    """
    parts = PurePosixPath(pattern.replace("\\", "/"))
    if not pattern.strip():
        raise ExportError("files", "is empty", "name a file or a pattern below the exports' folder")
    if parts.is_absolute() or ".." in parts.parts or ":" in parts.parts[0]:
        raise ExportError(
            pattern,
            "leads out of the exports' folder",
            "write it relative to that folder, without '..' and without a drive",
        )
    found = [
        path
        for path in sorted(root.glob(str(parts)))
        if (path.is_file() or path.is_symlink()) and not path.name.startswith(_LOCKS)
    ]
    for path in found:
        inside(path, root)
    if not found:
        raise ExportError(pattern, "matches no file", _what_is_there(root, parts))
    return found


def inside(path: Path, root: Path) -> str:
    """The name of `path` below `root`, with forward slashes.

    Raises ExportError where the file, followed through every link, lies elsewhere or is not there.
    """
    try:
        name = path.relative_to(root).as_posix()
    except ValueError:
        name = path.name
    real, top = path.resolve(), root.resolve()
    if not real.is_relative_to(top):
        raise ExportError(
            name,
            "lies outside the exports' folder",
            "put a copy of the file itself there; links that lead out are not followed",
        )
    if not real.exists():
        raise ExportError(name, "is not there", _what_is_there(root, PurePosixPath(name)))
    if real.is_dir():
        raise ExportError(name, "is a folder", "name the file in it")
    return real.relative_to(top).as_posix() if ".." in PurePosixPath(name).parts else name


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def check_cells(rows: int, columns: int, *, where: str) -> None:
    """Raise ExportError if a grid of this extent is more than memory is meant for."""
    if rows * columns > MAX_CELLS:
        raise ExportError(
            where,
            f"spans {rows:,} rows x {columns:,} columns, more than {MAX_CELLS:,} cells",
            "delete the stray cells far from the table, or export it as CSV",
        )


def check_sheet(rows: int, columns: int, *, where: str) -> None:
    """Raise ExportError if a sheet is larger than a sheet can be, or than memory is meant for."""
    if rows > MAX_SHEET_ROWS or columns > MAX_SHEET_COLUMNS:
        raise ExportError(
            where,
            f"is damaged: it has a cell in row {rows:,}, column {columns:,}, which no sheet has",
            "open it in a spreadsheet program and save it again",
        )
    check_cells(rows, columns, where=where)


def member_chunks(archive: zipfile.ZipFile, name: str, *, where: str) -> Iterator[bytes]:
    """The opened bytes of one member, in chunks; what its header promises is not believed.

    Raises ExportError where it opens to more than its share or is damaged.
    """
    info = archive.getinfo(name)
    opened = 0
    try:
        with archive.open(info) as stream:
            while chunk := stream.read(_CHUNK):
                opened += len(chunk)
                _check_opened(opened, info.compress_size, where=where)
                yield chunk
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise ExportError(
            where, f"is damaged: its part {name} does not open ({error})", "ask for the file again"
        ) from None
    except RuntimeError as error:  # zipfile's word for an encrypted member
        raise ExportError(where, f"is encrypted ({error})", "save it without a password") from None


def check_archive(archive: zipfile.ZipFile, *, where: str) -> None:
    """Raise ExportError where the archive promises more members or bytes than are allowed."""
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise ExportError(
            where, f"holds {len(members):,} parts, more than {MAX_MEMBERS:,}", "save it again"
        )
    if len({info.filename.lower() for info in members}) < len(members):
        raise ExportError(where, "holds the same part twice", "save it again")
    total = sum(info.file_size for info in members)
    _check_opened(total, sum(info.compress_size for info in members), where=where)


def bounded(chunks: Iterator[bytes], size: int, *, where: str) -> bytes:
    """All the chunks of something of `size` compressed bytes, joined under the same limits."""
    parts, opened = [], 0
    for chunk in chunks:
        opened += len(chunk)
        _check_opened(opened, size, where=where)
        parts.append(chunk)
    return b"".join(parts)


def _check_opened(opened: int, compressed: int, *, where: str) -> None:
    hostile = opened > RATIO_MATTERS_FROM and opened > MAX_RATIO * max(compressed, 1)
    if hostile or opened > MAX_OPENED:
        raise ExportError(
            where,
            f"opens from {compressed:,} bytes to {opened:,} or more: it looks like a zip bomb",
            "open it in a spreadsheet program, keep the table only and save it again",
        )


def _what_is_there(root: Path, pattern: PurePosixPath) -> str:
    """Names near the pattern: of its folder where that exists, else of the nearest above."""
    folder = root
    for part in pattern.parts[:-1]:
        if not (folder / part).is_dir():
            break
        folder = folder / part
    if not folder.is_dir():
        return "the exports' folder itself is not there"
    names = sorted(
        path.name + ("/" if path.is_dir() else "")
        for path in folder.iterdir()
        if not path.name.startswith(".")
    )
    shown = ", ".join(names[:_SHOWN]) + (
        f" and {len(names) - _SHOWN} more" if names[_SHOWN:] else ""
    )
    below = folder.relative_to(root).as_posix()
    return f"{'the folder' if below == '.' else below + '/'} holds {shown or 'nothing'}"
