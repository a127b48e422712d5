"""The address of a cluster."""

import pytest
from pydantic import ValidationError

from mbert_cli.cluster.options import ClusterOptions


@pytest.mark.parametrize(
    "address", [None, "auto", "local", "head:6379", "ray://head:10001", "ray://[::1]:10001"]
)
def test_an_address_is_one_of_four_forms_or_none(address):
    assert ClusterOptions(address=address).address == address


@pytest.mark.parametrize(
    "address", ["head", "", "http://head:8265", "ray://head", ":6379", "head:port", "a..b:6379"]
)
def test_another_one_is_refused(address):
    with pytest.raises(ValidationError, match="must be auto, local, HOST:PORT or ray://HOST:PORT"):
        ClusterOptions(address=address)
