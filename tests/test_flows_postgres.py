"""Prefect's server on PostgreSQL: a real cluster of this machine, on loopback, for the length of a test."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect_service import Service, free_port, serving, wait_for

pytestmark = [pytest.mark.loopback, pytest.mark.slow]

DEBIAN = Path("/usr/lib/postgresql")


def binaries() -> Path | None:
    """The newest installed PostgreSQL's programs."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    versions = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return versions[-1].parent if versions else None


def as_postgres(*command: str) -> None:
    """Run a program of the cluster; PostgreSQL refuses to be root."""
    user = ("runuser", "-u", "postgres", "--") if os.geteuid() == 0 else ()
    done = subprocess.run(
        [*user, *command], cwd="/", capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """The address of an empty database in a cluster of its own."""
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    if os.geteuid() == 0:
        try:
            owner = pwd.getpwnam("postgres").pw_uid
        except KeyError:
            pytest.skip("PostgreSQL refuses to be root, and there is no user postgres")
    # Not below pytest's own folder, which only its owner may enter.
    with tempfile.TemporaryDirectory(prefix="onecohort-pg-", dir="/tmp") as home:
        if os.geteuid() == 0:
            os.chown(home, owner, -1)
        data, port = f"{home}/data", free_port()
        as_postgres(
            str(programs / "initdb"), "-D", data, "-U", "prefect", "--auth=trust", "-E", "UTF8"
        )
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={home}"
        control = (str(programs / "pg_ctl"), "-D", data, "-w")
        as_postgres(*control, "-l", f"{home}/log", "-o", options, "start")
        try:
            yield f"postgresql+asyncpg://prefect@127.0.0.1:{port}/postgres"
        finally:
            as_postgres(*control, "-m", "immediate", "stop")


@pytest.fixture(scope="module")
def service(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    more = {"PREFECT_SERVER_DATABASE_CONNECTION_URL": database}
    with serving(tmp_path_factory.mktemp("postgres"), more) as service:
        yield service


def test_a_night_on_postgresql(service: Service) -> None:
    service.deploy()
    service.start_worker()
    run, state = service.build()
    assert (state["type"], state["name"]) == ("COMPLETED", "Completed"), state
    assert len(service.task_states(run, at_least=14)) >= 14
    assert "# Published: 100 patients" in service.artifacts(run)["summary"]
    assert not (service.home / "prefect" / "prefect.db").exists()
    body = {"deployments": {"id": {"any_": [service.deployment("nightly")["id"]]}}}

    def scheduled() -> bool | None:
        found = service.ask("/flow_runs/filter", body)
        return True if sum(each["auto_scheduled"] for each in found) >= 3 else None

    wait_for(scheduled, "scheduled run", 60)
    assert service.build()[1]["name"] == "Unchanged"
