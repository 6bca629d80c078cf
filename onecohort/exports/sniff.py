"""What a delimited text does not say of itself: its encoding, its delimiter, its quote.

Detected only where the mapping does not declare it, and then stated in the facts. The whole file is
looked at for its encoding (one accented letter in row 50,000 decides), the first rows for the rest.
"""

import codecs
import csv
import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from onecohort.errors import ExportError
from onecohort.exports.mixed_encoding import find_mixture

_CHUNK = 4 << 20
SAMPLE = 1 << 18  # bytes in which delimiter and quote are looked for
_SAMPLE_LINES = 200
_ODD = re.compile(rb"[\x80-\xff]+")
_ODD_ENOUGH = 20_000  # bytes beyond ASCII that tell one code page from another
DELIMITERS = ("\t", ";", "|", ",")  # in order of trust: a comma may be a decimal sign or text
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Signs that European clinical text uses; a codec that turns the bytes into others is the wrong one.
_EXPECTED = frozenset("àèéìíòóùúâêîôûäöüßçñëïÀÈÉÌÒÓÙÚÂÊÄÖÜÇÑåøæÅØÆœžšŽŠ°µ²³±×€–—’‘“”«»…½¼·ºª§ \xa0")
# Those that most words with an accent are written with; other signs alone do not prove a code page.
_RARE = 0.5  # what a rarer sign counts beside a common one
_COMMON = frozenset("àèéìòùäöüßêçñ")
_MARKED = re.compile(r"utf[-_]?(?:16|32)")  # without an order of bytes in their names
_ONE_BYTE = ("cp1252", "mac_roman", "cp850")  # Windows, old Macs, DOS; the first wins a tie


@dataclass(frozen=True)
class Contents:
    """What one pass over a file's bytes tells: whether it is UTF-8, its quotes, its NUL bytes."""

    size: int
    is_utf8: bool
    quotes: int
    nul_at: int | None
    odd_bytes: bytes  # the first of those that are not ASCII


def scan(path: Path) -> Contents:
    """Read a file once and note what decides how it is read."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    size, quotes, is_utf8 = 0, 0, True
    nul_at: int | None = None
    odd = bytearray()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            if nul_at is None and (at := chunk.find(b"\0")) >= 0:
                nul_at = size + at
            quotes += chunk.count(b'"')
            size += len(chunk)
            if chunk.isascii() and not decoder.getstate()[0]:
                continue
            if len(odd) < _ODD_ENOUGH:
                odd += b"".join(one[0] for one in islice(_ODD.finditer(chunk), _ODD_ENOUGH))
            if is_utf8:
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError:
                    is_utf8 = False
    if is_utf8:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            is_utf8 = False
    return Contents(size, is_utf8, quotes, nul_at, bytes(odd))


def byte_order_mark(path: Path) -> str | None:
    """The codec that a byte order mark at the start of the file names."""
    with path.open("rb") as stream:
        start = stream.read(4)
    return next((codec for mark, codec in _BOMS if start.startswith(mark)), None)


def detect_encoding(path: Path, contents: Contents, *, where: str) -> str:
    """A Python codec for the file: by its mark, else UTF-8 if it is, else the likeliest of one byte.

    Raises ExportError for a file whose lines are in two encodings.
    """
    marked = byte_order_mark(path)
    if marked is not None:
        return marked
    if contents.nul_at is not None and (wide := _utf16_without_mark(path)):
        return wide
    if contents.is_utf8:
        return "utf-8"
    scores = {codec: _likelihood(contents.odd_bytes, codec) for codec in _ONE_BYTE}
    likeliest = max(_ONE_BYTE, key=lambda codec: scores[codec])
    if scores[likeliest] <= _RARE:
        likeliest = _ONE_BYTE[0]
    if mixture := find_mixture(path, likeliest, _EXPECTED):
        lines = _line_of(path, mixture.utf8_at), _line_of(path, mixture.other_at)
        raise ExportError(
            where,
            f"mixes two encodings: line {lines[0]:,} is UTF-8, line {lines[1]:,} is not",
            f"export it again in one; encoding: {likeliest} reads it with wrong letters in the others",
        )
    return likeliest


def _utf16_without_mark(path: Path) -> str | None:
    with path.open("rb") as stream:
        start = stream.read(2048)
    even, odd = start[0::2].count(0), start[1::2].count(0)
    if odd > 0.3 * len(start) and even == 0:
        return "utf-16-le"
    if even > 0.3 * len(start) and odd == 0:
        return "utf-16-be"
    return None


def _likelihood(data: bytes, codec: str) -> float:
    """From 1, where all signs beyond ASCII are common letters, to 0 where none is expected."""
    try:
        signs = [sign for sign in data.decode(codec) if not sign.isascii()]
    except UnicodeDecodeError:
        return -1.0
    weights = (1.0 if sign in _COMMON else _RARE if sign in _EXPECTED else 0.0 for sign in signs)
    return sum(weights) / max(len(signs), 1)


def sample_text(path: Path, encoding: str) -> str:
    """The first lines, decoded; a letter cut at the end is left out, undecodable ones replaced."""
    with path.open("rb") as stream:
        data = stream.read(SAMPLE)
        cut = bool(stream.read(1))
    text = codecs.getincrementaldecoder(encoding)("replace").decode(data)
    if not cut:
        return text
    whole = max(text.rfind("\n"), text.rfind("\r"))
    return text[: whole + 1] if whole > 0 else text


def detect_quote(sample: str) -> str:
    """The double quote, unless the file has none and wraps its texts in single ones."""
    if '"' in sample:
        return '"'
    wrapped = re.findall(r"(?:^|[,;\t|])'[^'\n]*'(?=[,;\t|\r\n])", sample, re.MULTILINE)
    return "'" if len(wrapped) >= max(sample.count("\n"), 1) else '"'


def detect_delimiter(sample: str, *, quote: str, header_row: int, fields: int | None) -> str:
    """The sign that splits the rows most evenly: into as many fields as the header has.

    sample      first lines of the file
    header_row  where the header stands; the rows above it do not count
    fields      how many fields the mapping declares, for a file without a header

    "whitespace" where runs of blanks do and no sign does; "," where nothing splits anything: a file
    of one column.
    """
    lines = sample.splitlines(keepends=True)[: _SAMPLE_LINES + header_row]
    best, best_share = ",", 0.0
    for delimiter in DELIMITERS:
        reader = csv.reader(lines, delimiter=delimiter, quotechar=quote)
        rows = [row for row in list(reader)[header_row - 1 :] if row]
        width = fields or (len(rows[0]) if rows else 0)
        if width < 2:
            continue
        share = sum(len(row) in (width, width + 1) for row in rows) / len(rows)
        if round(share, 1) > best_share:
            best, best_share = delimiter, round(share, 1)
    if best_share < 0.5 and _blanks_split_evenly(lines[header_row - 1 :], fields):
        return "whitespace"
    return best


def _blanks_split_evenly(lines: list[str], fields: int | None) -> bool:
    split = [len(split_blanks(line)) for line in lines if line.strip()]
    below = split[1:] or split  # the header may lack a name for the first column
    if not below:
        return False
    width, times = Counter(below).most_common(1)[0]
    wanted = (width,) if fields is None else (fields, fields + 1)
    return width >= 2 and width in wanted and times >= 0.9 * len(below)


_BLANK_SEPARATED = re.compile(
    r"""
    "((?:[^"]|"")*)"    # a quoted text, blanks inside it and quotes doubled
    | (\S+)             # or anything up to the next blank
    """,
    re.VERBOSE,
)


def split_blanks(line: str) -> list[str]:
    """Fields of a line that runs of blanks separate, quoted ones with their blanks.

    >>> split_blanks('1  "de novo" 3')
    ['1', 'de novo', '3']
    """
    return [plain or quoted.replace('""', '"') for quoted, plain in _BLANK_SEPARATED.findall(line)]


def check_text(path: Path, contents: Contents, encoding: str, *, where: str) -> None:
    """Raise ExportError for a file that is empty, or that is no text in this encoding."""
    if contents.size == 0:
        raise ExportError(where, "is empty (0 bytes)", "ask for the file again")
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise ExportError(
            where, f"encoding: there is no encoding {encoding!r}", "try utf-8, cp1252 or utf-16"
        ) from None
    if _MARKED.fullmatch(encoding.lower()) and byte_order_mark(path) is None:
        raise ExportError(
            where,
            f"does not begin with the mark of {encoding}",
            "declare which one it is (encoding: utf-16-le), or leave encoding: out",
        )
    if contents.nul_at is not None and not encoding.lower().startswith(
        ("utf-16", "utf-32", "utf_16")
    ):
        line = _line_of(path, contents.nul_at)
        raise ExportError(
            where,
            f"holds a NUL byte at byte {contents.nul_at:,} (line {line:,}): damaged, or not a text",
            "ask for the file again; declare its encoding if it is UTF-16",
        )


def undecodable(path: Path, encoding: str, *, where: str) -> ExportError:
    """The error that names byte and line of the first byte that `encoding` does not know."""
    decoder = codecs.getincrementaldecoder(encoding)()
    done = 0
    with path.open("rb") as stream:
        while True:
            chunk = stream.read(_CHUNK)
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                at = done - pending + error.start
                bad = error.object[error.start : error.start + 1].hex()
                return ExportError(
                    where,
                    f"byte {at:,} (0x{bad}, line {_line_of(path, at):,}) is not {encoding}",
                    "declare the right encoding, for instance encoding: cp1252",
                )
            done += len(chunk)
            if not chunk:
                return ExportError(where, f"is not {encoding}", "declare the right encoding")


def _line_of(path: Path, byte: int) -> int:
    lines, left = 1, byte
    with path.open("rb") as stream:
        while left > 0 and (chunk := stream.read(min(_CHUNK, left))):
            lines += chunk.count(b"\n")
            left -= len(chunk)
    return lines
