"""What native libraries write while they are loaded stays away from the terminal."""

import logging
import os

import pytest

from mbert_cli.native_output import LOG_LEVEL, hidden_native_output


@pytest.fixture(autouse=True)
def _own_log_level(monkeypatch):
    monkeypatch.delenv(LOG_LEVEL, raising=False)


def test_what_is_written_to_the_descriptor_is_hidden_and_what_follows_is_not(capfd):
    with hidden_native_output():
        os.write(2, b"note of a library\n")
    os.write(2, b"ours\n")
    assert capfd.readouterr().err == "ours\n"


def test_it_is_shown_after_all_when_the_import_fails(capfd):
    def load() -> None:
        with hidden_native_output():
            os.write(2, b"libcuda is too old\n")
            raise ImportError("tensorflow")

    with pytest.raises(ImportError, match="tensorflow"):
        load()
    os.write(2, b"ours\n")
    assert capfd.readouterr().err == "libcuda is too old\nours\n"


def test_tensorflow_is_told_to_be_quiet_unless_somebody_wants_to_hear_it(monkeypatch):
    with hidden_native_output():
        assert os.environ[LOG_LEVEL] == "3"
    assert logging.getLogger("tensorflow").level == logging.ERROR
    monkeypatch.setenv(LOG_LEVEL, "0")
    with hidden_native_output():
        assert os.environ[LOG_LEVEL] == "0"


def test_no_descriptor_is_left_open():
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with hidden_native_output():
            pass
    assert len(os.listdir("/proc/self/fd")) == before
