"""Devices that divide a model learn what one device does."""

from typing import Any

import numpy as np
import pytest

from mbert_cli.hosts.layout import layout_of
from tests.hosts.on_devices import run_on_devices

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def divided(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `on_divided_models.py` finds: two devices divide a model, and twice two share out the rows."""
    return run_on_devices("on_divided_models", 4, tmp_path_factory.mktemp("divided"))


def test_losses_are_those_of_one_device_over_50_steps_with_dropout(divided):
    assert (divided["devices"], divided["replicas"], divided["divides"]) == (4, 2, True)
    one, several = divided["losses"]["one"], divided["losses"]["divided"]
    assert len(one) == len(several) == 50
    np.testing.assert_allclose(several, one, rtol=1e-5)


def test_a_device_holds_half_of_what_is_divided_and_all_of_the_rest(divided):
    halves = {path for path, share in divided["shares"].items() if share == 0.5}
    assert {path.removeprefix("encoder/layer_00/") for path in halves if "layer_00" in path} == {
        "attention/query/kernel", "attention/query/bias", "attention/key/kernel", "attention/key/bias",
        "attention/value/kernel", "attention/value/bias", "attention/output/kernel",
        "feed_forward_0/intermediate/kernel", "feed_forward_0/intermediate/bias", "feed_forward_0/output/kernel",
    }  # fmt: skip
    assert set(divided["shares"].values()) == {0.5, 1.0}


def test_checkpoints_are_whole_so_that_a_run_goes_on_on_other_devices(divided):
    one, several = divided["shapes"]
    assert several == one
    np.testing.assert_allclose(divided["losses"]["changed"], divided["losses"]["one"], rtol=1e-5)


def test_devices_that_are_no_multiple_are_refused(divided):
    assert divided["refusal"] == [
        "hosts.model_parallel must divide the number of devices. Received: 3 for 4 devices",
        "--set hosts.model_parallel=2",
    ]


def test_without_a_division_no_variable_has_a_layout():
    assert layout_of(object()) is None
