"""Unit and code sanity across centers: what no center can see by itself."""

from onecohort.sanity.judge import Sanity, judge_cohort
from onecohort.sanity.scale import Scales, Slip, find_slips
from onecohort.sanity.shares import Shares, Swap, find_swaps
from onecohort.sanity.suspicion import TITLES, Suspicion, TooSmall

__all__ = [
    "TITLES",
    "Sanity",
    "Scales",
    "Shares",
    "Slip",
    "Suspicion",
    "Swap",
    "TooSmall",
    "find_slips",
    "find_swaps",
    "judge_cohort",
]
