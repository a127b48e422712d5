"""Hosts that meet."""

import subprocess
import sys

import pytest

from mbert_cli.errors import UserError
from mbert_cli.hosts.joining import ALONE, Hosts, join
from mbert_cli.hosts.options import HostsOptions


def test_one_host_that_names_nothing_is_alone_and_first():
    assert join(HostsOptions()) is ALONE
    assert join(HostsOptions(count=1)) is ALONE
    assert ALONE.is_first
    assert not Hosts(1, 2).is_first


def test_one_host_loads_no_jax():
    code = (
        "import sys; from mbert_cli.hosts.joining import join; from mbert_cli.hosts.options import HostsOptions;"
        "join(HostsOptions()); print('jax' in sys.modules)"
    )
    process = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert process.stdout == "False\n"


def test_several_hosts_need_number_index_and_coordinator():
    with pytest.raises(UserError, match="no --host-index and no --coordinator"):
        join(HostsOptions(count=2))
    with pytest.raises(UserError, match=r"no --hosts$"):
        join(HostsOptions(index=0, coordinator="localhost:1234"))
