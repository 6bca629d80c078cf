"""What the language forbids, in an author's words."""

import pytest

from onecohort.errors import StudyError
from onecohort.mapping.load import parse_mapping

GOOD = """\
center: test
title: Test
tables:
  t: { files: t.csv, key: id }
fields:
  sex: { from: x }
"""


@pytest.mark.parametrize(
    ("old", "new", "where", "what", "fix"),
    [
        ("fields:\n  sex: { from: x }", "fields: all", "5:1", "fields must be a block", "name: "),
        ("fields:\n  sex: { from: x }", "fields: [sex]", "5:1", "fields must be a block", "name: "),
        ("{ from: x }", "[x]", "6:3", "fields.sex must be a block", "such as { from, constant"),
        ("{ from: x }", "{ from: [x] }", "6:16", "fields.sex.from must be one text", "`filled_from`"),
        ("{ from: x }", "{ from: '' }", "6:10", "fields.sex.from is empty", ""),
        ("{ from: x }", "{ from: x, values: M }", "6:19", "fields.sex.values must be", "name: "),
        ("{ from: x }", "{ from: x, values: { M: [a] } }", "6:32", "sex.values.M must be one text", ""),
        ("{ from: x }", "{ cases: [] }", "6:17", "fields.sex.cases", ""),
        ("{ from: x }", "{ from: x, valuess: 3 }", "6:19", "'valuess' is not a word", "did you mean"),
        ("{ from: x }", "{ from: x, zzzz: 3 }", "6:19", "'zzzz' is not a word", "one of: from, constant"),
        ("{ from: x }", "{ from: x, zero_pad: 0 }", "6:29", "0 is out of place", ""),
        ("{ from: x }", "{ from: x, thousands: _ }", "6:30", "must be one of ',' '.'", ""),
        ("key: id }", "key: id, widths: [a, 3] }", "4:40", "must be a whole number, and is 'a'", ""),
        ("key: id }", "key: [] }", "4:27", "tables.t.key", ""),
        ("key: id }", "key: { a: b } }", "4:22", "tables.t.key must be a list", "dash"),
        ("tables:\n  t: { files: t.csv, key: id }\n", "tables: {}\n", "3:9", "tables", ""),
        ("title: Test\n", "title: Test\nexamples: none\n", "3:1", "examples must be a list", "dash"),
        ("title: Test\n", "title: Test\nreviewed: yes\n", "3:1", "reviewed must be a block", "{ by, on"),
        ("center: test", "center: 1a", "1:9", "'1a' cannot name a center", "small letters"),
    ],
)  # fmt: skip
def test_a_complaint_has_its_place_and_its_words(
    old: str, new: str, where: str, what: str, fix: str
) -> None:
    assert old in GOOD
    with pytest.raises(StudyError) as caught:
        parse_mapping(GOOD.replace(old, new), "m.yaml")
    (mistake,) = caught.value.mistakes
    assert mistake.where == f"m.yaml:{where}", mistake
    assert what in mistake.what
    assert fix in mistake.fix


def test_a_mapping_that_is_a_list_is_told_as_a_whole() -> None:
    with pytest.raises(StudyError, match="the mapping must be a block of keys"):
        parse_mapping("- center: test\n", "m.yaml")
