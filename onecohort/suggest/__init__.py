"""Suggestions for the draft of a mapping: which field a column is, which term a text is.

Pure functions over frozen records; nothing here decides. A run never imports this package: fuzzy
matching speaks in drafts and hints only.
"""

from onecohort.suggest.fields import assign, rank_fields
from onecohort.suggest.records import (
    NO_MEMORY,
    Accepted,
    Memory,
    SourceColumn,
    Suggestion,
    TargetField,
    TargetTerm,
    TermSuggestion,
)
from onecohort.suggest.terms import rank_terms

__all__ = [
    "NO_MEMORY",
    "Accepted",
    "Memory",
    "SourceColumn",
    "Suggestion",
    "TargetField",
    "TargetTerm",
    "TermSuggestion",
    "assign",
    "rank_fields",
    "rank_terms",
]
