"""How often the looks across centers accuse a center that is clean: counted by resampling the sample."""

import numpy as np
import pyarrow as pa

from onecohort.findings import SCHEMA as FINDINGS
from onecohort.sanity import judge_cohort
from tests.run_folders import schema, truth

POOLINGS = 60
KINDS = ("unit", "swap", "share", "constant", "digits", "systematic")


def test_fewer_than_one_clean_pooling_in_twenty_names_a_center_for_its_units_or_codes() -> None:
    """Patients are dealt anew to nine centers of 8 to 14: whatever is named then is a false alarm."""
    rng = np.random.default_rng(20210630)
    alarms = []
    for pooling in range(POOLINGS):
        dealt = rng.permutation(truth().num_rows)
        drawn = rng.integers(0, truth().num_rows, truth().num_rows) if pooling % 2 else dealt
        cohort = truth().take(pa.array(drawn))
        place = cohort.schema.names.index("center")
        centers = truth().column("center").take(pa.array(rng.permutation(100)))
        cohort = cohort.set_column(place, "center", centers)
        sanity = judge_cohort(cohort, FINDINGS.empty_table(), schema())
        alarms.append([s for s in sanity.suspicions if s.kind in KINDS])
    false = [pooling for pooling in alarms if pooling]
    assert len(false) <= POOLINGS / 20, false
