"""Mistakes in the study's own files: what is raised when a run cannot go on.

Three things can go wrong and each has its own road. A mistake in a mapping, a schema or an export's
layout is a `StudyError`: it has an address and a way out, is shown without a traceback and has exit
codes of its own. Something met in the data is a finding (`onecohort.findings`), collected and never
raised. Everything else is a bug of ours and keeps its traceback.
"""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Mistake:
    """One mistake in a file of the study.

    where   `center_mappings/brenta.yaml:31:7`, or the path of an export with its sheet
    what    what stands there and why it cannot be used
    fix     what would make it right, one line; may be empty
    """

    where: str
    what: str
    fix: str = ""

    def __str__(self) -> str:
        """Where, then what, then the way out, each on its line."""
        lines = [f"{self.where}  {self.what}"]
        if self.fix:
            lines.append(f"    {self.fix}")
        return "\n".join(lines)


class StudyError(Exception):
    """All the mistakes found in one reading of the study's files; never only the first."""

    def __init__(self, *mistakes: Mistake) -> None:
        self.mistakes = mistakes
        super().__init__("\n".join(str(mistake) for mistake in mistakes))


class ExportError(StudyError):
    """An export that is missing, unreadable, hostile or laid out otherwise; costs its center only."""

    def __init__(self, where: str, what: str, fix: str = "") -> None:
        super().__init__(Mistake(where, what, fix))
