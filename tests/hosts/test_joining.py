"""What a host knows of the others."""

import subprocess
import sys

import pytest

from mbert_cli.errors import UserError
from mbert_cli.hosts.joining import (
    ALONE,
    Hosts,
    Place,
    coordination_client,
    describe_place,
    join_address,
    require_equal_devices,
)


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


def test_a_place_is_told_in_words():
    assert describe_place(Place(1, 4, ("a", 80), 1, "SLURM")) == "1 of 4 at a:80, by SLURM"
    assert describe_place(Place(0, 2, ("a", 80), 1, "SLURM", 3)).endswith(", with device 3 of its machine")


def test_hosts_must_have_as_many_devices_each():
    require_equal_devices([0, 1, 1, 0], ("a", "b"))
    with pytest.raises(UserError, match=r"Received: 1 device on host 1 \(b\), 2 devices on host 0 \(a\)"):
        require_equal_devices([0, 0, 1], ("a", "b"))


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
