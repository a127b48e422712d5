"""Several devices compute what one does."""

import numpy as np
import pytest

from mbert_cli.backend import count_tensorflow_gpus
from mbert_cli.hosts.devices import (
    distribute,
    idle_gpus,
    is_distributed,
    own_rows,
    own_share,
    replicas,
    require_divisible,
    sums_as_one,
    to_numpy,
)
from mbert_cli.hosts.shares import RowShare
from tests.train.toy_training import make_network


@pytest.mark.slow
def test_two_devices_and_one_have_the_same_losses_with_dropout(found):
    assert found["devices"] == 2
    assert len(found["losses"]["one"]) == 21
    np.testing.assert_allclose(found["losses"]["whole"], found["losses"]["one"], rtol=1e-5)


@pytest.mark.slow
def test_a_killed_training_on_two_devices_continues_bit_for_bit(found):
    assert found["losses"]["two"] == found["losses"]["whole"]


@pytest.mark.slow
def test_a_training_continues_on_another_number_of_devices(found):
    np.testing.assert_allclose(found["losses"]["changed"], found["losses"]["one"], rtol=1e-5)


@pytest.mark.slow
def test_one_host_feeds_all_rows_to_its_devices(found):
    assert found["share"] == [0, 1, 2, True, False]


@pytest.mark.slow
def test_every_device_has_all_weights(found):
    assert found["is_replicated"]
    np.testing.assert_array_equal(found["weight"], to_numpy(make_network().weights[0].value))


@pytest.mark.slow
def test_a_batch_that_devices_cannot_share_out_is_refused(found):
    message = "Devices must divide train.batch_size evenly. Received: 7 examples for 2 devices"
    assert found["refusal"] == [message, "--set train.batch_size=8"]


def test_tensorflow_computes_on_one_device_as_ever():
    distribute()
    assert not is_distributed()
    assert not sums_as_one()
    assert (replicas(), own_share()) == (1, RowShare(0, 1))
    require_divisible(7)
    batches = object()
    assert own_rows(batches) is batches


def test_tensorflow_leaves_all_gpus_but_one_alone(monkeypatch):
    assert idle_gpus() == 0
    monkeypatch.setattr("mbert_cli.hosts.devices.count_tensorflow_gpus", lambda: 4)
    assert idle_gpus() == 3


def test_tensorflow_is_not_begun_by_looking_for_gpus(monkeypatch):
    from tensorflow.python.eager.context import Context

    monkeypatch.setattr(
        Context, "ensure_initialized", lambda context: pytest.fail("use_streams is too late now")
    )
    count_tensorflow_gpus.cache_clear()
    distribute()
    assert idle_gpus() == 0
