"""Which host this is, by what a person and the cluster say."""

from dataclasses import replace

import pytest

from mbert_cli.errors import UserError
from mbert_cli.hosts import environment
from mbert_cli.hosts.environment import Found, ask_jax, detect, first_pod, place_of, read_address
from mbert_cli.hosts.joining import Place
from mbert_cli.hosts.options import HostsOptions

SLURM = {"SLURM_JOB_ID": "77", "SLURM_PROCID": "1", "SLURM_LOCALID": "1", "SLURM_NTASKS": "4",
         "SLURM_STEP_NODELIST": "node[3-4]", "SLURM_STEP_NUM_TASKS": "4"}  # fmt: skip
OPEN_MPI = {"OMPI_COMM_WORLD_SIZE": "8", "OMPI_COMM_WORLD_RANK": "3", "OMPI_COMM_WORLD_LOCAL_RANK": "1"}
FOUND = Found("SLURM", 4, 1, "node3:61517", 1)


def nobody() -> Found | None:
    raise AssertionError("nobody is asked")


def test_nothing_said_is_a_host_alone():
    assert place_of(HostsOptions(), "jax", {}, nobody) is None
    assert place_of(HostsOptions(), "tensorflow", SLURM, nobody) is None


def test_what_a_person_says_is_enough():
    options = HostsOptions(count=2, index=0, coordinator="localhost:1234", wait_seconds=5)
    place = place_of(options, "jax", SLURM, nobody)
    assert place == Place(0, 2, ("localhost", 1234), 5, "the command line and the recipe")
    assert place.coordinator == "localhost:1234"


def test_one_host_is_alone_whatever_the_cluster_says():
    assert place_of(HostsOptions(count=1), "jax", SLURM, nobody) is None


def test_the_cluster_says_what_a_person_leaves_open():
    place = place_of(HostsOptions(), "jax", SLURM, lambda: FOUND)
    assert (place.index, place.count, place.address, place.origin, place.device) == (
        1, 4, ("node3", 61517), "SLURM", 1,
    )  # fmt: skip
    own = place_of(HostsOptions(index=0, coordinator="node3:1"), "jax", SLURM, lambda: FOUND)
    assert (own.index, own.count, own.address) == (0, 4, ("node3", 1))


@pytest.mark.parametrize(
    "environ",
    [
        {name: value for name, value in SLURM.items() if "STEP" not in name},  # in the script of a job
        SLURM | {"SLURM_STEP_NUM_TASKS": "1"},  # in a shell that SLURM has started
        {"OMPI_COMM_WORLD_SIZE": "1", "OMPI_COMM_WORLD_RANK": "0"},
        {"KUBERNETES_SERVICE_HOST": "10.0.0.1"},
        {"TPU_WORKER_HOSTNAMES": "localhost", "TPU_WORKER_ID": "0"},
    ],
)
def test_nobody_joins_by_accident(environ):
    assert place_of(HostsOptions(), "jax", environ, nobody) is None


def test_several_tasks_ask_jax():
    assert detect(SLURM, lambda: FOUND) is FOUND
    assert detect({"TPU_WORKER_HOSTNAMES": "a,b", "TPU_WORKER_ID": "0"}, lambda: FOUND) is FOUND


@pytest.mark.parametrize(
    ("environ", "device"),
    [
        (SLURM | {"SLURM_STEP_TASKS_PER_NODE": "1(x4)"}, None),
        (SLURM | {"SLURM_STEP_TASKS_PER_NODE": "1"}, None),
        (SLURM | {"SLURM_STEP_TASKS_PER_NODE": "2(x2)"}, 1),
        (SLURM | {"SLURM_STEP_TASKS_PER_NODE": "1,3"}, 1),
        (SLURM, 1),
        (OPEN_MPI | {"OMPI_COMM_WORLD_LOCAL_SIZE": "1"}, None),
        (OPEN_MPI | {"OMPI_COMM_WORLD_LOCAL_SIZE": "2"}, 1),
        (OPEN_MPI | {"OMPI_COMM_WORLD_LOCAL_SIZE": "2", "SLURM_STEP_TASKS_PER_NODE": "1(x4)"}, 1),
    ],
)
def test_a_process_that_has_a_machine_for_itself_takes_all_of_its_devices(environ, device):
    found = replace(FOUND, cluster="Open MPI") if "OMPI_COMM_WORLD_SIZE" in environ else FOUND
    assert detect(environ, lambda: found).device == device


def test_open_mpi_without_a_launcher_to_ask_still_numbers_its_processes_and_their_devices():
    assert detect(OPEN_MPI, lambda: None) == Found("Open MPI", 8, 3, device=1)
    with pytest.raises(UserError, match="no --coordinator, nor does Open MPI say it"):
        place_of(HostsOptions(), "jax", OPEN_MPI, lambda: None)


def test_open_mpi_in_a_job_of_slurm_numbers_its_own_processes():
    environ = SLURM | OPEN_MPI  # SLURM's step has a task on each machine, which starts processes there
    assert detect(environ, lambda: FOUND) == Found("Open MPI", 8, 3, device=1)
    asked = Found("Open MPI", 8, 3, "node1:1", 1)
    assert detect(environ, lambda: asked) is asked


@pytest.mark.parametrize(
    ("environ", "cluster", "missing"),
    [
        ({"SLURM_STEP_NUM_TASKS": "4"}, "SLURM", "no --host-index and no --coordinator"),
        ({"OMPI_COMM_WORLD_SIZE": "4"}, "Open MPI", "no --host-index and no --coordinator"),
        ({"OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "x"}, "Open MPI", "no --host-index and no --coordinator"),
        ({"TPU_WORKER_HOSTNAMES": "a,b"}, "a TPU pod", "no --host-index and no --coordinator"),
    ],
)  # fmt: skip
def test_processes_that_were_started_together_never_train_alone_each(environ, cluster, missing):
    with pytest.raises(UserError) as caught:
        place_of(HostsOptions(), "jax", environ, lambda: None)
    assert caught.value.message.endswith(f"Received: {missing}, nor does {cluster} say it")
    assert place_of(HostsOptions(index=1, coordinator="a:1"), "jax", environ, lambda: None).index == 1


def test_a_number_that_is_none_is_no_index(monkeypatch):
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda name: None)
    environ = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "JOB_COMPLETION_INDEX": ""}
    with pytest.raises(UserError, match=r"no --host-index, nor does Kubernetes say it"):
        place_of(HostsOptions(count=2, coordinator="a:1"), "jax", environ, nobody)


def test_a_pod_of_an_indexed_job_knows_its_number_and_the_first_pod(monkeypatch):
    monkeypatch.setattr(environment.socket, "getfqdn", lambda: "train-3.hosts.default.svc.cluster.local")
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda name: None)
    environ = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "JOB_COMPLETION_INDEX": "3"}
    place = place_of(HostsOptions(count=4), "jax", environ, nobody)
    assert (place.index, place.address) == (3, ("train-0.hosts.default.svc.cluster.local", 55527))
    assert place_of(HostsOptions(), "jax", environ, nobody) is None  # the job may be of many trainings


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("set-workers-0-12.set.ns.svc.cluster.local", "set-workers-0-0.set.ns.svc.cluster.local:55527"),
        ("train-12", None),
        ("laptop.local", None),
    ],
)
def test_the_first_pod_has_the_name_of_the_others_but_for_its_number(name, first):
    assert first_pod(name, 12) == first


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("node1:80", ("node1", 80)),
        ("10.0.0.1:1", ("10.0.0.1", 1)),
        ("[fe80::1]:65535", ("fe80::1", 65535)),
        ("a.b.:1", ("a.b.", 1)),
    ],
)
def test_an_address_is_a_host_and_a_port(text, address):
    assert read_address(text) == address


@pytest.mark.parametrize(
    "text",
    ["node1", "node1:", ":80", "node1:0", "node1:65536", "no de:80", "http://n:80", "a..b:80", ".a:80"],
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(UserError, match=r"hosts\.coordinator must be HOST:PORT"):
        read_address(text)


def test_an_index_outside_the_count_is_refused():
    with pytest.raises(UserError, match=r"below hosts\.count\. Received: 2 of 2") as error:
        place_of(HostsOptions(count=2, index=2, coordinator="a:1"), "jax", {}, nobody)
    assert error.value.hint == "Hosts are numbered from 0 to 1."
    with pytest.raises(UserError, match=r"Received: 5 of 4, by SLURM$"):
        place_of(HostsOptions(), "jax", SLURM, lambda: replace(FOUND, index=5))


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        ({"count": 2}, "no --host-index and no --coordinator"),
        ({"index": 0}, "no --hosts and no --coordinator"),
        ({"index": 0, "coordinator": "a:1"}, "no --hosts"),
    ],
)
def test_what_is_missing_is_named(options, missing):
    with pytest.raises(UserError, match=rf"Received: {missing}$"):
        place_of(HostsOptions(**options), "jax", {}, nobody)


def test_several_hosts_need_jax():
    with pytest.raises(
        UserError, match=r"hosts needs JAX\. Received: tensorflow, with hosts\.count=2, hosts\.index=0$"
    ):
        place_of(HostsOptions(count=2, index=0), "tensorflow", {}, nobody)


@pytest.mark.slow
def test_jax_reads_what_slurm_sets(monkeypatch):
    for name, value in SLURM.items():
        monkeypatch.setenv(name, value)
    ask_jax.cache_clear()
    found = ask_jax()
    ask_jax.cache_clear()
    assert (found.cluster, found.count, found.index, found.device) == ("SLURM", 4, 1, 1)
    assert found.coordinator.startswith("node3:")


@pytest.mark.slow
def test_a_cluster_that_says_too_little_is_refused(monkeypatch):
    for name, value in (SLURM | {"SLURM_NTASKS": "four"}).items():
        monkeypatch.setenv(name, value)
    ask_jax.cache_clear()
    with pytest.raises(
        UserError, match=r"The cluster must say which of its hosts this is\. Received: ValueError"
    ):
        ask_jax()
    ask_jax.cache_clear()
