"""The mark of a guess: `# ?`. A mapping is not reviewed while one stands."""

import re

MARK = "# ?"

_QUOTED = re.compile(r"""'(?:[^']|'')*'|"(?:[^"\\]|\\.)*\"""")
_MARK = re.compile(r"(?:^|\s)#\s*\?")


def find_marks(text: str) -> tuple[int, ...]:
    """The lines (from 1) of a mapping that carry a mark; a `# ?` inside quotes is none.

    >>> find_marks("sex: Sesso\\n# ? 0.42 like 'sesso'\\nnote: 'a # ? b'")
    (2,)
    """
    return tuple(
        number for number, line in enumerate(text.splitlines(), 1) if _MARK.search(_unquoted(line))
    )


def _unquoted(line: str) -> str:
    """The line with quoted texts blanked out; a comment that starts the line stays as it is."""
    return line if line.lstrip().startswith("#") else _QUOTED.sub('""', line)
