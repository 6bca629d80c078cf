"""What all tests share: no network, a quiet matplotlib, and where real data lie."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples each time where a failure would stop somebody else's work; at a desk always new ones.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

ROOT = Path(__file__).parents[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """No test reaches the network (`--disable-socket`); one marked `loopback` reaches this machine."""
    for item in items:
        if item.get_closest_marker("loopback"):
            item.add_marker(pytest.mark.allow_hosts(["127.0.0.1", "::1", "localhost"]))


@pytest.fixture(scope="session")
def project() -> Path:
    """The folder of the project, which is a study as well."""
    return ROOT


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Real data sets that nobody here wrote; tests skip where they are not at hand."""
    folder = os.environ.get("ONECOHORT_REAL_DATA")
    if not folder:
        pytest.skip("ONECOHORT_REAL_DATA is not set: the real data sets are not at hand")
    return Path(folder)
