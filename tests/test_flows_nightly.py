"""The nightly run against a real server and a real worker: deploy, schedule, run, again, and one change."""

import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from prefect_service import ROOT, Service, descendants, serving, wait_for

from onecohort.delivery import find_inputs, open_tables
from onecohort.study import load_study

pytestmark = [pytest.mark.loopback, pytest.mark.slow]

CENTERS = [
    "adige", "brenta", "dora", "garigliano", "piave", "tagliamento", "tevere", "ticino", "volturno",
]  # fmt: skip
CODICE_FISCALE = re.compile(r"[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z]")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("nightly")) as service:
        service.deploy()
        service.start_worker()
        yield service


@pytest.fixture(scope="module")
def first(service: Service) -> str:
    """The flow run of the first night."""
    run, state = service.build()
    assert (state["type"], state["name"]) == ("COMPLETED", "Completed"), state
    return run


def test_a_cron_deployment_gets_scheduled_runs(service: Service) -> None:
    deployment = service.deployment("nightly")["id"]
    body = {"deployments": {"id": {"any_": [deployment]}}}

    def scheduled() -> list[str] | None:
        found = [
            run["expected_start_time"]
            for run in service.ask("/flow_runs/filter", body)
            if run["auto_scheduled"]
        ]
        return found if len(found) >= 3 else None

    times = wait_for(scheduled, "scheduled run of the nightly deployment", 60)
    assert all("T00:30" in time or "T01:30" in time for time in times)  # 02:30 in Rome


def test_the_form_explains_every_parameter(service: Service) -> None:
    for name in ("nightly", "arrivals"):
        schema = service.deployment(name)["parameter_openapi_schema"]["properties"]
        assert {k for k, told in schema.items() if not told.get("description")} == set()


def test_the_first_night_publishes_a_hundred_patients(service: Service, first: str) -> None:
    assert len(pq.read_table(service.out / "cohort" / "cohort.parquet")) == 100
    states = service.task_states(first, at_least=15)
    steps = {"receive", "pool", "analyze", "report", "publish", "retire"}
    assert set(states) == {*CENTERS, *steps}
    assert set(states.values()) == {"Completed"}


def test_the_page_shows_progress_a_row_per_center_and_the_reports(
    service: Service, first: str
) -> None:
    found = service.artifacts(first)
    assert float(found["progress"]) == 100
    rows = json.loads(found["centers"])
    assert [row["center"] for row in rows] == CENTERS
    assert sum(row["cohort"] for row in rows) == 100
    manifest = json.loads((service.out / "cohort" / "manifest.json").read_text())
    assert {row["key"] for row in rows} == {told["key"] for told in manifest["centers"].values()}
    assert [row["state"] for row in json.loads(found["deliveries"])] == ["taken"] * 9
    assert "# Published: 100 patients" in found["summary"]
    assert manifest["key"] in found["summary"]
    for path in re.findall(r": `(/.*?)`", found["summary"]):
        assert Path(path).exists()
    assert manifest["flow_run"]["id"] == first


def test_what_the_engine_logs_stands_on_the_page(service: Service, first: str) -> None:
    def told() -> set[str] | None:
        body = {"logs": {"flow_run_id": {"any_": [first]}}}
        found = {line["message"] for line in service.ask("/logs/filter", body)}
        return found if "pooling" in found else None

    assert any(line.startswith("adige: 14 patients") for line in wait_for(told, "log lines", 20))


def test_an_unchanged_night_does_no_center_work_and_publishes_nothing(
    service: Service, first: str
) -> None:
    before = service.runs()
    link = (service.out / "cohort").readlink()
    run, state = service.build()
    assert state["name"] == "Unchanged"
    assert state["message"] == f"nothing has changed since {before[-1]}; nothing is published"
    states = service.task_states(run, at_least=10)
    assert {states.pop(center) for center in CENTERS} == {"Cached"}
    assert not [name for name in states if name.startswith("pool")]
    assert service.runs() == before
    assert (service.out / "cohort").readlink() == link
    assert "Nothing was published" in service.artifacts(run)["summary"]


def test_one_new_delivery_has_one_center_redone(service: Service, first: str) -> None:
    deliver_again(service, "dora")
    check = service.trigger_check()
    assert service.ended(check)["message"] == "new and readable: dora"
    assert service.task_states(check, at_least=2)["dora"] == "Completed"
    deliver_again(service, "adige")
    run, state = service.build()
    assert (state["type"], state["name"]) == ("COMPLETED", "Completed"), state
    states = service.task_states(run, at_least=14)
    # What the delivery check has read need not be read again in the night.
    assert [name for name in CENTERS if states[name] != "Cached"] == ["adige"]
    assert len(service.runs()) == 2
    delivered = json.loads(service.artifacts(run)["deliveries"])
    assert [(row["delivery"], row["state"]) for row in delivered if row["center"] == "dora"] == [
        ("2021-06-20", "older"),
        ("2021-06-27", "taken"),
    ]


def deliver_again(service: Service, center: str) -> None:
    """The same rows in another order, a week later."""
    old = service.study / "deliveries" / center / "2021-06-20"
    new = service.study / "deliveries" / center / "2021-06-27"
    new.mkdir()
    for path in old.iterdir():
        (new / path.name).write_bytes(path.read_bytes())
    data = max(new.glob("*.csv"), key=lambda path: path.stat().st_size)
    rows = data.read_bytes().splitlines(keepends=True)
    data.write_bytes(b"".join([rows[0], *reversed(rows[1:])]))


def test_fresh_redoes_all(service: Service, first: str) -> None:
    run, state = service.build(fresh=True)
    assert state["name"] == "Completed"
    states = service.task_states(run, at_least=14)
    assert {states[center] for center in CENTERS} == {"Completed"}


def test_whoever_brings_files_can_have_them_read_at_once(service: Service, first: str) -> None:
    body = {"deployments": {"name": {"any_": ["arrivals"]}}}
    before = {run["id"] for run in service.ask("/flow_runs/filter", body)}
    emit = ("event", "emit", "onecohort.delivery.arrived", "--resource-id", "onecohort.deliveries")
    service.run("-m", "prefect", *emit)

    def begun() -> str | None:
        found = {run["id"] for run in service.ask("/flow_runs/filter", body)} - before
        return found.pop() if found else None

    run = wait_for(begun, "run of the delivery check", 60)
    assert service.ended(run)["name"] in ("Unchanged", "Completed")


def test_the_key_of_pseudonyms_may_be_a_secret_of_prefect(service: Service) -> None:
    save = "from prefect.blocks.system import Secret; Secret(value='k3y-of-nobody').save('onecohort-key')"
    service.run("-c", save)
    out = service.home / "keyed"
    told = service.call_flow("", out=str(out), fresh=False)
    service.run("-m", "prefect", "--no-prompt", "block", "delete", "secret/onecohort-key")
    assert "state: Completed" in told
    keyed = json.loads((out / "cohort" / "manifest.json").read_text())
    assert keyed["pseudonym_key"] == "environment"
    assert "k3y-of-nobody" not in kept_by_prefect(service)


def test_one_machine_serves_both_flows_without_a_work_pool(service: Service, first: str) -> None:
    options = ("--deliveries", str(service.study / "deliveries"), "--out", str(service.out))
    service.start("serve", "flows/serve.py", *options)

    def served() -> bool | None:
        names = {each["name"] for each in service.ask("/deployments/filter", {})}
        return True if {"nightly-here", "arrivals-here"} <= names else None

    wait_for(served, "served deployments", 60)
    state = service.build(deployment="nightly-here")[1]
    assert state["type"] == "COMPLETED"
    serve = service.processes["serve"].pid
    wait_for(lambda: not descendants(serve) or None, "end of the run's process", 30)
    service.kill("serve")
    assert "Traceback" not in (service.home / "serve.log").read_text()
    assert "never awaited" not in (service.home / "serve.log").read_text()


def test_an_error_that_quotes_a_patient_reaches_a_log_and_not_prefect(service: Service) -> None:
    told = service.call_flow(
        "def fail(study, folder, **more): raise ValueError('could not convert RSSMRA45C12H501Z')\n"
        "b.analyze_run = fail"
    )
    assert "analyze: ValueError at <string>:2; the traceback is in" in told
    logs = "".join(path.read_text() for path in service.out.glob("runs/.logs/*.log"))
    assert "could not convert RSSMRA45C12H501Z" in logs
    assert len(pq.read_table(service.out / "cohort" / "cohort.parquet")) == 100
    assert "RSSMRA45C12H501Z" not in kept_by_prefect(service)


def test_prefect_keeps_nothing_of_any_patient(service: Service, first: str) -> None:
    kept = kept_by_prefect(service)
    assert "adige" in kept
    public = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("schemas", "center_mappings", "flows", "onecohort")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".yaml")
    )
    texts = {text for text in patients_texts(service) if len(text) >= 6 and text not in public}
    assert len(texts) > 200
    assert sorted(text for text in texts if text in kept) == []


def patients_texts(service: Service) -> set[str]:
    """Keys, codici fiscali, birth dates and pseudonyms of all patients, and the texts of all findings."""
    study = load_study(service.study, exports=ROOT / "sample_exports")
    texts: set[str] = set()
    for center in study.centers:
        loaded = study.load_mapping(center)
        tables = open_tables(loaded, find_inputs(loaded, study.exports), study.exports)
        birth = loaded.mapping.fields.get("birth_date")
        for name, table in tables.items():
            key = loaded.mapping.tables[name].key
            columns = {key, getattr(birth, "from_", None)} - {None}
            for batch in table.batches():
                cells = batch.cells.to_pydict()
                for column, values in cells.items():
                    wanted = column in columns
                    texts |= {
                        str(value)
                        for value in values
                        if value is not None and (wanted or CODICE_FISCALE.search(str(value)))
                    }
    run = service.out / "runs" / service.runs()[0]
    texts |= set(pq.read_table(run / "findings.parquet").column("raw").drop_null().to_pylist())
    texts |= set(pc.unique(pq.read_table(run / "cohort.parquet").column("patient_id")).to_pylist())
    return texts


def kept_by_prefect(service: Service) -> str:
    """Everything in Prefect's database, result store and logs."""
    home = service.home / "prefect"
    copy = service.home / "copy.db"
    with sqlite3.connect(home / "prefect.db") as source, sqlite3.connect(copy) as target:
        source.backup(target)
        dump = "\n".join(target.iterdump())
    source.close()
    target.close()
    copy.unlink()
    stored = [path for path in (home / "storage").rglob("*") if path.is_file()]
    logs = [service.home / "server.log", service.home / "worker.log"]
    return dump + "".join(path.read_text(errors="replace") for path in (*stored, *logs))
