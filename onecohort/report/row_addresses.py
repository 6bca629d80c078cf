"""Where rows stand, as a person would look them up."""

from collections.abc import Sequence

MOST_ROWS = 40  # numbers of one line; a workbook has all


def describe_row(export: str, sheet: str | None, row: int | None) -> str:
    """An address as a person would look it up.

    >>> describe_row("brenta/a.xlsx", "Pazienti", 7), describe_row("a.csv", None, None)
    ('a.xlsx, sheet Pazienti, row 7', 'a.csv')
    """
    parts = [export.rsplit("/", 1)[-1]]
    parts += [f"sheet {sheet}"] if sheet else []
    parts += [f"row {row}"] if row is not None else []
    return ", ".join(parts)


def spell_rows(numbers: Sequence[int | None], most: int = MOST_ROWS) -> str:
    """Row numbers with runs joined; of very many the first.

    >>> spell_rows([7, 3, 4, 5, None]), spell_rows([None]), spell_rows(range(1, 9, 2), 2)
    ('3–5, 7', '', '1, 3 and 2 more')
    """
    known = sorted({number for number in numbers if number is not None})
    runs: list[list[int]] = []
    for number in known:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    shown = [str(a) if a == b else f"{a}–{b}" for a, b in runs[:most]]
    left = sum(b - a + 1 for a, b in runs[most:])
    return ", ".join(shown) + (f" and {left} more" if left else "")
