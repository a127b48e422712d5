"""A network as a function of batches, on several devices."""

import numpy as np
import pytest

from mbert_cli.hosts.forward import forward_of
from tests.train.toy_training import batch_at, make_network


@pytest.mark.slow
def test_devices_share_out_a_batch_that_they_do_not_divide(found):
    assert np.shape(found["shared"]) == (5, 3)
    np.testing.assert_allclose(found["shared"], found["alone"], rtol=1e-5)


def test_one_device_computes_it_alone():
    network = make_network()
    batch = {"ids": batch_at(0)["ids"]}
    np.testing.assert_allclose(forward_of(network)(batch)["logits"], network(batch)["logits"], rtol=1e-5)
