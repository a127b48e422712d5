"""Figures for TensorBoard: read back from the event files."""

import importlib.abc
import sys

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


@pytest.fixture
def _fresh(monkeypatch, tmp_path):
    """As in a new process that looks into an empty folder first."""
    for name in [name for name in sys.modules if name.split(".")[0] == "tensorboard"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)


HINT = "pip install 'mbert[tensorboard]', or --set train.tensorboard=false."


@pytest.mark.usefixtures("_fresh")
def test_a_missing_package_is_named(monkeypatch):
    class Nothing(importlib.abc.MetaPathFinder):
        def find_spec(self, name, path=None, target=None):
            if name == "tensorboard":
                raise ModuleNotFoundError("No module named 'tensorboard'", name=name)

    monkeypatch.setattr(sys, "meta_path", [Nothing(), *sys.meta_path])
    with pytest.raises(UserError) as error:
        require_tensorboard()
    assert error.value.message == (
        "train.tensorboard needs the package tensorboard. Received: an environment without it"
    )
    assert error.value.hint == HINT


@pytest.mark.usefixtures("_fresh")
@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"tensorboard/__init__.py": "raise TypeError('old protobuf')"}, "old protobuf"),
        (
            {"tensorboard/__init__.py": "", "tensorboard/summary.py": "import nowhere"},
            "No module named 'nowhere'",
        ),
    ],
)
def test_a_package_that_cannot_be_imported_is_not_there_either(tmp_path, files, reason):
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    with pytest.raises(UserError) as error:
        require_tensorboard()
    assert error.value.message == (
        f"train.tensorboard needs the package tensorboard. Received: one that cannot be imported ({reason})"
    )
    assert error.value.hint == HINT
