"""Each mapping brings its own tests: its `examples` run here, whatever center it is of."""

from pathlib import Path

import pytest

from onecohort.examples import run_examples
from onecohort.study import load_study

STUDY = load_study(Path(__file__).parents[1])


@pytest.mark.parametrize("center", STUDY.centers)
def test_what_a_mapping_expects_comes_out(center: str) -> None:
    loaded = STUDY.load_mapping(center)
    assert loaded.mapping.examples, "a mapping without examples tests nothing"
    assert run_examples(loaded, STUDY.schema, as_of=STUDY.as_of) == ()
