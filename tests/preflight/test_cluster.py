"""Whether those who share the work are there."""

from dataclasses import replace

import pytest

from mbert_cli.errors import UserError
from mbert_cli.hosts.joining import Hosts
from mbert_cli.preflight.cluster import look_at_cluster
from mbert_cli.preflight.inspection import Inspection
from mbert_cli.recipe.invocation import invoke


def looked(*settings):
    inspection, invocation = Inspection(), invoke("prepare", "quickstart", settings, {})
    look_at_cluster(inspection, invocation, invocation.recipe.cluster, [])
    return [(finding.name, finding.text) for finding in inspection.findings]


def test_one_process_needs_no_look():
    assert looked() == []


def test_processes_of_this_machine_are_there():
    assert looked("cluster.workers=3") == [("cluster", "3 processes of this machine")]


def test_hosts_that_train_together_share_nothing_out():
    invocation = replace(invoke("prepare", "quickstart", ("cluster.workers=3",), {}), hosts=Hosts(0, 2))
    with pytest.raises(UserError) as caught:
        look_at_cluster(Inspection(), invocation, invocation.recipe.cluster, [])
    assert caught.value.message.endswith("Received: a section cluster for 2 hosts")


def test_a_cluster_that_is_not_there_stops_the_command():
    with pytest.raises(UserError) as caught:
        looked("cluster.address=127.0.0.1:1", "cluster.wait_seconds=1")
    assert "must answer. Received: 127.0.0.1:1 (" in caught.value.message
