"""What JAX reads of a cluster."""

import pytest

from mbert_cli.hosts.clusters import NAMES, read_cluster


class Cluster:
    """A kind of cluster as JAX describes one."""

    name = "slurm"
    opt_in_only_method = False
    present, count = True, 4

    @classmethod
    def is_env_present(cls):
        return cls.present

    @classmethod
    def get_process_count(cls):
        return cls.count

    @classmethod
    def get_process_id(cls):
        return 3

    @classmethod
    def get_coordinator_address(cls, timeout_secs, override_coordinator_port):
        assert timeout_secs
        return f"node1:{override_coordinator_port or 1234}"

    @classmethod
    def get_local_process_id(cls):
        return 1


class Absent(Cluster):
    present = False


class OfOne(Cluster):
    count = 1


class OnRequest(Cluster):
    opt_in_only_method = True


def test_the_first_kind_that_is_there_says_which_host_this_is():
    assert read_cluster([Absent, OnRequest, Cluster]) == {
        "cluster": "SLURM", "count": 4, "index": 3, "coordinator": "node1:1234", "device": 1,
    }  # fmt: skip


def test_the_port_where_hosts_meet_may_be_chosen_as_for_jax(monkeypatch):
    monkeypatch.setenv("JAX_COORDINATOR_PORT", "99")
    assert read_cluster([Cluster])["coordinator"] == "node1:99"


@pytest.mark.parametrize("kinds", [[], [Absent], [OnRequest], [OfOne]])
def test_no_cluster_and_a_cluster_of_one_host_say_nothing(kinds):
    assert read_cluster(kinds) is None


@pytest.mark.slow
def test_all_kinds_that_jax_asks_have_names():
    clusters = pytest.importorskip("jax._src.clusters")
    kinds = [kind for kind in clusters.ClusterEnv._cluster_types if not kind.opt_in_only_method]
    own = {kind.name or kind.__name__ for kind in kinds} - {"tpu"}
    assert own == set(NAMES)
