"""Checkpoints that cannot be read are refused in one sentence, before anything is written."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from mbert_cli.commands.import_checkpoint import ImportCommand
from mbert_cli.weights.store import load_weights, save_weights
from tests.commands.checkpoint_folder import TOKENS, refusal, save

pytestmark = pytest.mark.usefixtures("empty_folder")


def test_a_field_that_promises_what_the_file_lacks_is_refused_at_once():
    save("theirs")
    path = Path("theirs/config.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"num_hidden_layers": 1_000_000_000}))
    assert refusal(ImportCommand("theirs")).message == (
        "num_hidden_layers must be at most what the checkpoint has, 2. "
        "Received: 1000000000 in theirs/config.json"
    )


def test_a_vocabulary_longer_than_the_word_table_is_refused():
    save("theirs")
    Path("theirs/vocab.txt").write_text("\n".join([*TOKENS, "more"]) + "\n")
    error = refusal(ImportCommand("theirs", Path("runs/x")))
    assert error.message == (
        f"The vocabulary must have at most as many tokens as the word table has rows, {len(TOKENS)}. "
        f"Received: {len(TOKENS) + 1} in theirs"
    )
    assert not Path("runs").exists()


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_vocabulary_that_cannot_be_used_is_refused_before_anything_is_shown(dry_run, capsys):
    save("theirs")
    Path("theirs/vocab.txt").write_text(
        "\n".join(["mask" if token == "[MASK]" else token for token in TOKENS])
    )
    error = refusal(ImportCommand("theirs", Path("runs/x"), dry_run=dry_run))
    assert error.message == (
        "A vocabulary must have the tokens [PAD], [UNK], [CLS], [SEP], [MASK]. "
        "Received: theirs/vocab.txt without [MASK]"
    )
    assert error.hint == "Put the tokenizer's files that were published with the weights into the folder."
    assert not capsys.readouterr().out and not Path("runs").exists()


def test_a_tokenizer_that_keeps_accents_in_lower_case_is_refused():
    save("theirs")
    Path("theirs/tokenizer_config.json").write_text('{"do_lower_case": true, "strip_accents": false}')
    assert refusal(ImportCommand("theirs")).message == (
        "A tokenizer must strip accents where it lower-cases, and only there. "
        "Received: lower-casing true, strip_accents false in theirs"
    )


@pytest.mark.parametrize("damage", ["cut", "promise", "letters"])
def test_a_damaged_file_is_refused_before_anything_is_written(damage):
    save("theirs")
    path = Path("theirs/model.safetensors")
    content = bytearray(path.read_bytes())
    if damage == "cut":
        content = content[:-40]
    elif damage == "promise":
        content[:8] = struct.pack("<Q", 2**40)  # a header of a tebibyte
    else:
        content[8:40] = b"x" * 32
    path.write_bytes(content)
    error = refusal(ImportCommand("theirs", Path("runs/x")))
    assert error.message.startswith("The weights must be a whole safetensors file (")
    assert error.message.endswith("Received: theirs/model.safetensors")
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda array: array.astype(np.int64),
            "A weight must consist of floating-point numbers. Received: int64 for classifier.bias",
        ),
        (
            lambda array: array * np.float32("nan"),
            "Every weight must be finite in float32. Received: NaN or infinity in classifier.bias",
        ),
        (
            lambda array: array[:2].copy(),
            (
                "id2label must give each of the 2 outputs of the head a name of its own, 0 to 1. "
                'Received: {"0": "bad", "1": "so-so", "2": "good"} in theirs/config.json'
            ),
        ),
    ],
)
def test_arrays_that_are_no_weights_of_the_model_are_refused(change, message):
    save("theirs")
    arrays = {name: np.array(array) for name, array in load_weights(Path("theirs/model.safetensors")).items()}
    arrays["classifier.bias"] = change(arrays["classifier.bias"])
    save_weights(Path("theirs/model.safetensors"), arrays)
    assert refusal(ImportCommand("theirs", Path("runs/x"))).message == message
    assert not Path("runs").exists()


def test_a_missing_shard_is_named():
    model = save("theirs")
    Path("theirs/model.safetensors").unlink()
    model.save_pretrained("theirs", max_shard_size="20KB")
    shard = min(Path("theirs").glob("model-00002*"))
    shard.unlink()
    assert refusal(ImportCommand("theirs")).message == (
        f"A model in shards needs all of them. Received: theirs without {shard.name}"
    )


def test_a_path_that_is_not_there_is_refused():
    assert refusal(ImportCommand("./nowhere")).message == (
        "A checkpoint must be a folder, a TF1 prefix or the id of a model on the hub. Received: ./nowhere"
    )


def test_a_model_of_the_hub_without_network_is_refused_in_one_sentence(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    error = refusal(ImportCommand("google/mobilebert-uncased"))
    assert error.message.startswith(
        "A model on the hub must be reachable. Received: google/mobilebert-uncased ("
    )
