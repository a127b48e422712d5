"""What a host knows of the others."""

import subprocess
import sys

import pytest

from mbert_cli.hosts.joining import ALONE, Hosts, Place, coordination_client, join_address


def test_one_host_is_first_and_others_are_not():
    assert ALONE.is_first
    assert ALONE.count == 1
    assert not Hosts(1, 2).is_first


@pytest.mark.parametrize(
    ("name", "address"), [("node1", "node1:80"), ("10.0.0.1", "10.0.0.1:80"), ("fe80::1", "[fe80::1]:80")]
)
def test_an_address_can_be_read_again(name, address):
    assert join_address(name, 80) == address
    assert Place(0, 2, (name, 80), 1).coordinator == address


@pytest.mark.slow
def test_a_host_alone_loads_no_jax():
    code = (
        "import sys; from mbert_cli.preflight.hosts import find_place; from mbert_cli.recipe.invocation import invoke;"
        "print(find_place(invoke('distill', None, (), {})), 'jax' in sys.modules)"
    )
    process = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert process.stdout == "None False\n"


@pytest.mark.slow
def test_a_process_that_has_joined_nobody_has_no_client():
    pytest.importorskip("jax")
    assert coordination_client() is None
