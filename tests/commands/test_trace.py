"""Traces of a text, as arrays and as a picture."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mbert_cli.commands import trace
from mbert_cli.commands.trace import TraceCommand
from mbert_cli.errors import UserError
from mbert_cli.model.heads import build_pretraining_network
from mbert_cli.model.options import SIZES
from mbert_cli.report import attention_maps as trace_picture
from mbert_cli.runs.directory import RunDir
from mbert_cli.text.vocabulary import LEADING_TOKENS, Vocabulary, load_vocabulary
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_files import describe_vocabulary
from mbert_cli.weights.saved_network import save_network

VOCABULARY = Vocabulary((*LEADING_TOKENS, "it", "rains", "."))
CHANGES = {"num_layers": 2, "hidden_dim": 32, "embedding_dim": 16, "intermediate_dim": 24, "num_heads": 2,
           "intra_dim": 16, "max_length": 8}  # fmt: skip


@pytest.fixture(autouse=True)
def _runs(tmp_path, monkeypatch):
    """A teacher and a student with random weights."""
    monkeypatch.chdir(tmp_path)
    VOCABULARY.save(Path("vocab.txt"))
    for name, size, verb in (
        ("teacher", "ib_bert_large", "train-teacher"),
        ("student", "mobilebert", "distill"),
    ):
        size = SIZES[size].model_copy(update=CHANGES)
        network = build_pretraining_network(size, vocab_size=VOCABULARY.size, seed=1)
        description = ModelDescription(verb=verb, size=size, vocabulary=describe_vocabulary(VOCABULARY))
        with RunDir.open(Path("runs", name), verb, {"seed": 0}, fresh=False, origin={}) as run:
            run.finish(
                lambda folder, network=network, description=description: save_network(
                    folder, network, description, load_vocabulary(Path("vocab.txt"), True)
                )
            )


def refusal(**typed) -> str:
    settings = {"runs": (Path("runs/student"),), "text": "it rains", "out": Path("a.npz")} | typed
    with pytest.raises(UserError) as caught:
        trace.run(TraceCommand(**settings))
    return caught.value.message


def test_the_arrays_of_one_run_have_canonical_names():
    trace.run(TraceCommand((Path("runs/student"),), "It rains", "it", out=Path("a.npz")))
    arrays = np.load("a.npz")
    assert sorted(arrays) == [
        "attention/layer_00", "attention/layer_01", "embeddings", "hidden_states/layer_00",
        "hidden_states/layer_01", "padding_mask", "pooled", "segment_ids", "token_ids", "tokens",
    ]  # fmt: skip
    assert arrays["tokens"].tolist() == ["[CLS]", "it", "rains", "[SEP]", "it", "[SEP]"]
    assert arrays["segment_ids"].tolist() == [0, 0, 0, 0, 1, 1]
    assert arrays["embeddings"].shape == arrays["hidden_states/layer_01"].shape == (6, 32)
    assert arrays["attention/layer_01"].shape == (2, 6, 6)
    np.testing.assert_allclose(arrays["attention/layer_00"].sum(axis=-1), 1, rtol=1e-5)
    np.testing.assert_array_equal(arrays["pooled"], arrays["hidden_states/layer_01"][0])


def test_arrays_on_a_full_disk_leave_the_file_that_was_there(monkeypatch):
    def stop(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    Path("a.npz").write_bytes(b"before")
    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises(OSError, match=r"No space left on device: 'a\.npz'"):
        trace.run(TraceCommand((Path("runs/student"),), "It rains", out=Path("a.npz")))
    assert Path("a.npz").read_bytes() == b"before"
    assert not list(Path().glob("*.partial-*"))


def test_a_quiet_trace_prints_nothing_of_tensorflow(monkeypatch):
    words = ["trace", "runs/student", "--text", "it rains", "--out", "a.npz", "-q"]
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)  # TensorFlow may have been loaded here
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-m", "mbert_cli.cli", *words]
    answer = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    assert answer.stderr == ""


def test_two_runs_stand_below_their_names_and_side_by_side_in_the_picture():
    pytest.importorskip("matplotlib")
    both = Path("runs/teacher"), Path("runs/student")
    trace.run(TraceCommand(both, "it rains .", out=Path("a.npz"), picture=Path("maps.png"), layers=(1,)))
    assert {name.split("/")[0] for name in np.load("a.npz")} == {"teacher", "student"}
    assert Path("maps.png").read_bytes().startswith(b"\x89PNG")


def test_what_cannot_be_traced_is_refused():
    assert refusal(text=" ") == "A text to trace must not be blank. Received: a blank one"
    assert refusal(out=None) == "A trace is written to a file. Received: neither --out nor --picture"
    assert refusal(out=Path("a.txt")) == "The file must end in .npz. Received: a.txt"
    assert refusal(text="it " * 9) == (
        "A text to trace must fit the positions of the model, 8 tokens. Received: 11"
    )
    assert refusal(runs=(Path("runs/student"), Path("runs/student"))) == (
        "A trace is of one run, or of two with different names. Received: runs/student, runs/student"
    )


def test_a_layer_that_is_not_there_is_refused():
    pytest.importorskip("matplotlib")
    command = TraceCommand((Path("runs/student"),), "it rains", picture=Path("maps.png"), layers=(2,))
    with pytest.raises(UserError) as caught:
        trace.run(command)
    assert caught.value.message == "The layers of runs/student are 0 to 1. Received: 2"
    assert caught.value.hint == "Choose others with --layer."


def test_layers_without_a_picture_are_refused():
    command = TraceCommand((Path("runs/student"),), "it rains", out=Path("a.npz"), layers=(0, 9))
    with pytest.raises(UserError) as caught:
        trace.run(command)
    assert (caught.value.message, caught.value.hint) == (
        "--layer must go with --picture; --out writes all layers. Received: --layer 0, 9 without it",
        "Give --picture FILE.png, or leave --layer out.",
    )


def missing() -> None:
    raise ModuleNotFoundError("No module named 'matplotlib'", name="matplotlib")


def test_a_picture_without_the_package_that_draws_is_refused_before_a_model_is_loaded(monkeypatch):
    monkeypatch.setattr(trace_picture, "_pyplot", missing)
    assert refusal(runs=(Path("no/such/run"),), text="a", picture=Path("maps.png")).startswith(
        "A picture is drawn by matplotlib. Received: --picture, and it is not installed"
    )
