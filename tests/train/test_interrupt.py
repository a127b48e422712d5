"""Ctrl-C as a request: the first is granted after the running step, the second at once."""

import os
import signal
import threading

import pytest

from mbert_cli.train.interrupt import InterruptRequest


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_only_noted_and_the_second_ends_at_once(number):
    before = signal.getsignal(number)
    with InterruptRequest() as request:
        assert not request.received
        os.kill(os.getpid(), number)
        assert request.received
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before


def test_both_signals_count_together():
    with InterruptRequest() as request:
        os.kill(os.getpid(), signal.SIGTERM)
        assert request.received
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_handlers_are_given_back_after_an_error():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ValueError, match="x"), InterruptRequest():
        raise ValueError("x")
    assert signal.getsignal(signal.SIGINT) is before


def test_in_another_thread_nothing_is_changed():
    before, seen = signal.getsignal(signal.SIGINT), []

    def work():
        with InterruptRequest() as request:
            seen.append((signal.getsignal(signal.SIGINT) is before, request.received))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(True, False)]
