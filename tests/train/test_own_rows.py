"""A step that sums once over its devices learns what one device does."""

from typing import Any

import numpy as np
import pytest

from tests.hosts.on_devices import run_on_devices

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `on_own_rows.py` finds."""
    return run_on_devices("on_own_rows", 2, tmp_path_factory.mktemp("rows"))


def test_losses_are_those_of_one_device_over_50_steps_with_dropout_and_uneven_weights(found):
    one, own = found["losses"]["one"], found["losses"]["own"]
    assert len(one) == len(own) == 50
    np.testing.assert_allclose(own, one, rtol=1e-5)


def test_a_step_exchanges_the_weights_of_means_and_one_array_of_all_gradients(found):
    assert found["exchanged"]["own"] == 2
    assert found["exchanged"]["elsewhere"] > 20


def test_a_validation_exchanges_two_arrays_too_and_has_the_same_figures(found):
    own, elsewhere = found["figures"]["own"], found["figures"]["elsewhere"]
    assert own.keys() == elsewhere.keys() > {"total", "masked_language_model", "next_sentence"}
    for name, value in own.items():
        np.testing.assert_allclose(value, elsewhere[name], rtol=1e-6, err_msg=name)
    assert found["exchanged"]["own validation"] == 2
    assert found["exchanged"]["validation elsewhere"] > 4


def test_a_killed_training_continues_bit_for_bit(found):
    assert found["losses"]["killed"] == found["losses"]["own"]


def test_devices_of_one_process_leave_sums_to_the_compiler(found):
    assert found["of one process"] is False
