"""What two devices of JAX find, once for all tests."""

from typing import Any

import pytest

from tests.hosts.on_devices import run_on_devices


@pytest.fixture(scope="session")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `on_two_devices.py` finds."""
    return run_on_devices("on_two_devices", 2, tmp_path_factory.mktemp("devices"))
