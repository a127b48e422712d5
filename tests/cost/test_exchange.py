"""Times on several devices, computed by hand."""

import math
from dataclasses import replace

import pytest

from mbert_cli.cost.exchange import Workload, balance, counts_of_devices, sent_bytes, share_out

WORK = Workload(compute_seconds=8.0, gradient_bytes=3e9)


@pytest.mark.parametrize(("devices", "bytes_sent"), [(1, 0), (2, 3e9), (4, 4.5e9), (1000, 5.994e9)])
def test_each_device_of_a_ring_sends_almost_twice_the_gradients(devices, bytes_sent):
    assert sent_bytes(3e9, devices) == pytest.approx(bytes_sent)


def test_devices_share_the_arithmetic_and_then_exchange():
    four = share_out(WORK, 4, bandwidth=9.0)
    assert (four.compute_seconds, four.exchange_seconds) == (2.0, pytest.approx(0.5))
    assert four.seconds == pytest.approx(2.5)
    assert four.efficiency == pytest.approx(0.8)  # 8 s on one device, 4 x 2.5 s on four


def test_one_device_exchanges_nothing():
    assert share_out(WORK, 1, bandwidth=1.0).efficiency == 1


def test_at_the_balance_the_exchange_takes_as_long_as_the_arithmetic():
    # 8 / n = 2 (n - 1) / n x 3 / 9 at n = 13
    assert balance(WORK, 9.0) == pytest.approx(13)
    there = share_out(WORK, 13, 9.0)
    assert there.compute_seconds == pytest.approx(there.exchange_seconds)
    assert balance(Workload(8.0, 0), 9.0) == math.inf


def test_devices_that_divide_a_model_send_their_own_part_of_what_is_divided_and_all_the_rest():
    work = replace(WORK, divided_bytes=2e9)
    four = share_out(work, 4, bandwidth=9.0, model_parallel=2)
    # Two rings of two devices, each for 1 of 2 GB that are divided and for 1 GB that is not.
    assert work.sent_bytes(4, 2) == pytest.approx(2e9)
    assert (four.compute_seconds, four.exchange_seconds) == (2.0, pytest.approx(2 / 9))
    # 8 / n = 2 (r - 1) / r x 2 / 9 with r = n / 2 at n = 20
    assert balance(work, 9.0, model_parallel=2) == pytest.approx(20)
    there = share_out(work, 20, 9.0, model_parallel=2)
    assert there.compute_seconds == pytest.approx(there.exchange_seconds)


def test_devices_that_divide_a_model_are_counted_with_their_batches():
    assert counts_of_devices(8, 4, model_parallel=4) == [4, 8, 16, 32]


def test_steps_add_up():
    work = replace(WORK, divided_bytes=1e9)
    assert work + work == work * 2 == Workload(16.0, 6e9, 2e9)


def test_devices_are_powers_of_two_that_divide_a_batch_and_those_of_the_plan():
    assert counts_of_devices(48, 6) == [1, 2, 4, 6, 8, 16]
    assert counts_of_devices(4096, 1)[-1] == 1024
