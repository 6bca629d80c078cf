"""A finding as a sentence: the text that stands there, and what is said of it."""

from collections.abc import Mapping

# With these a message goes on where the text leaves off; any other message stands on its own.
VERBS = ("belongs", "is", "has", "does", "differs", "gives", "holds", "says")


def words_of(finding: Mapping[str, object], place: str = "") -> str:
    """`'?' is not listed under values`, with ` in 'Sesso'` or the like as `place` after the text.

    >>> words_of({"check": "values.unlisted", "raw": "?", "message": "is not listed"}, " in 'Sex'")
    "'?' in 'Sex' is not listed"
    >>> words_of({"check": "cases.unmatched", "raw": None, "message": "no case covers this"})
    'a blank: no case covers this'
    """
    message = str(finding["message"])
    if finding["check"] == "required.missing":  # of what stands there, if anything, others speak
        return message
    raw = repr(finding["raw"]) if finding["raw"] else "a blank"
    colon = "" if message.partition(" ")[0] in VERBS else ":"
    return f"{raw}{place}{colon} {message}"
