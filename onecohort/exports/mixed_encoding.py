"""Two encodings in one file: lines of a UTF-8 program appended to those of an older one.

No single encoding reads such a file. Read as UTF-8 it breaks off; read as a code page, every accented
letter of its UTF-8 lines becomes two signs, and nothing looks damaged but the words.
"""

import re
from dataclasses import dataclass
from pathlib import Path

_CHUNK = 4 << 20
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]+")


@dataclass(frozen=True)
class Mixture:
    """Where the first bytes of each encoding stand."""

    utf8_at: int
    other_at: int


def find_mixture(path: Path, codec: str, expected: frozenset[str]) -> Mixture | None:
    """Where a file that is not UTF-8 as a whole holds UTF-8 all the same; None where it does not.

    codec      the one-byte encoding that it is taken for
    expected   letters and signs that texts hold

    Bytes count as UTF-8 where they read as expected signs in it, and as others in the codec: `Ã¬`.
    """
    utf8_at = other_at = None
    done = 0
    with path.open("rb") as stream:
        while (utf8_at is None or other_at is None) and (chunk := stream.read(_CHUNK)):
            for run in _BEYOND_ASCII.finditer(chunk):
                if _is_utf8(run[0], codec, expected):
                    utf8_at = done + run.start() if utf8_at is None else utf8_at
                elif other_at is None:
                    other_at = done + run.start()
            done += len(chunk)
    return None if utf8_at is None or other_at is None else Mixture(utf8_at, other_at)


def _is_utf8(data: bytes, codec: str, expected: frozenset[str]) -> bool:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    misread = data.decode(codec, "replace")
    return expected.issuperset(text) and not (expected - {"Â"}).issuperset(
        misread
    )  # "Â°" is no word
