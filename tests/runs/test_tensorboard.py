"""Figures for TensorBoard: read back from the event files."""

import importlib.util

import pytest

from mbert_cli.errors import UserError
from mbert_cli.runs.journal import Journal
from mbert_cli.runs.tensorboard import open_journal, require_tensorboard


def test_numbers_are_written_at_their_step(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    path = tmp_path / "log.jsonl"
    with open_journal(path, tensorboard=True) as journal:
        journal.append({"step": 3, "stage": "joint", "loss/total": 1.5})
        journal.append({"step": 6, "stage": "joint", "loss/total": 0.5})
    events = EventAccumulator(str(tmp_path / "tensorboard"), size_guidance={"tensors": 0}).Reload()
    assert [event.step for event in events.Tensors("loss/total")] == [3, 6]
    assert [event.tensor_proto.float_val[0] for event in events.Tensors("loss/total")] == [1.5, 0.5]
    assert [record["step"] for record in Journal(path).read()] == [3, 6]


def test_without_the_option_there_is_only_the_journal(tmp_path):
    with open_journal(tmp_path / "log.jsonl", tensorboard=False) as journal:
        journal.append({"step": 1, "stage": "joint", "loss/total": 1.0})
    assert [path.name for path in tmp_path.iterdir()] == ["log.jsonl"]


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError) as error:
        require_tensorboard()
    assert error.value.message == (
        "train.tensorboard needs the package tensorboard. Received: an environment without it"
    )
    assert error.value.hint == "pip install 'mbert[tensorboard]', or --set train.tensorboard=false."
