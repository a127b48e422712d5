"""What a process with four devices of JAX finds where they divide a model: run by `test_layout.py`.

python -m tests.hosts.on_divided_models FOLDER
"""

import json
import sys
from pathlib import Path
from typing import Any

import jax
import keras
import numpy as np
import pytest

from mbert_cli.errors import UserError
from mbert_cli.hosts.devices import distribute, divides_models, replicas
from mbert_cli.losses.loss import measure
from mbert_cli.losses.pretraining import PRETRAINING_LOSSES
from mbert_cli.model.heads import build_pretraining_network
from mbert_cli.model.options import Architecture
from mbert_cli.train.objective import Objective, inputs_of
from mbert_cli.train.options import TrainOptions
from mbert_cli.train.stage import Schedule, Stage
from mbert_cli.weights.store import load_weights
from tests.train.toy_training import Killed, journal, kill_at, run_in

SIZE = Architecture(
    num_layers=2, hidden_dim=16, num_heads=2, intermediate_dim=32, embedding_dim=8, intra_dim=24,
    trigram_input=True, max_length=16,
)  # fmt: skip
STEPS, ROWS, LENGTH, WORDS, VOCABULARY = 50, 4, 12, 3, 40
OPTIONS = TrainOptions(
    batch_size=ROWS, log_every=1, checkpoint_every=20, keep_checkpoints=3, optimizer={"name": "lamb"},
    rematerialize=True,
)  # fmt: skip
PLAN = [
    Stage(
        "pre-training", STEPS, {"masked_language_model": 1.0, "next_sentence": 1.0},
        Schedule(0.01, STEPS, 5, 0.0),
    )
]  # fmt: skip


def batch_at(step: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(step)
    ids = random.integers(5, VOCABULARY, (ROWS, LENGTH)).astype("int32")
    positions = np.sort(random.integers(1, LENGTH, (ROWS, WORDS)), axis=1).astype("int32")
    return {
        "token_ids": ids, "segment_ids": ids % 2, "padding_mask": np.ones_like(ids),
        "masked_positions": positions, "masked_ids": np.take_along_axis(ids, positions, axis=1),
        "masked_weights": np.ones(positions.shape, "float32"), "next_sentence": ids[:, 0] % 2,
    }  # fmt: skip


def train_in(folder: Path, **changes: Any) -> keras.Model:
    network = build_pretraining_network(SIZE, vocab_size=VOCABULARY, seed=1)

    def losses(batch: dict[str, Any], training: bool) -> dict[str, Any]:
        return measure(PRETRAINING_LOSSES, network(inputs_of(network, batch), training=training), batch)

    def build(stage: Stage) -> Objective:
        return Objective(network, losses, stage.loss_weights, PRETRAINING_LOSSES)

    arguments = {"build": build, "batch_at": batch_at, "validation": None} | changes
    run_in(folder, plan=PLAN, options=OPTIONS, network=network, **arguments)
    return network


def losses_in(folder: Path) -> list[float]:
    return [line["loss/total"] for line in journal(folder) if "loss/total" in line]


def shares(network: keras.Model) -> dict[str, float]:
    """The share of each weight that one device holds."""
    return {
        weight.path: weight.value.addressable_shards[0].data.size / weight.value.size
        for weight in network.weights
    }


def shapes(folder: Path) -> dict[str, list[int]]:
    arrays = load_weights(folder / "checkpoints/step-000040/optimizer.safetensors")
    return {name: list(array.shape) for name, array in arrays.items()}


def main(folder: Path) -> dict[str, object]:
    train_in(folder / "one")
    with pytest.raises(Killed):
        train_in(folder / "changed", progress=kill_at(30))
    with pytest.raises(UserError) as refusal:
        distribute(3)
    distribute(2)
    network = train_in(folder / "divided")
    train_in(folder / "changed")
    found = {"replicas": replicas(), "divides": divides_models(), "shares": shares(network)}
    keras.distribution.set_distribution(None)
    return found | {
        "losses": {name: losses_in(folder / name) for name in ("one", "divided", "changed")},
        "shapes": [shapes(folder / name) for name in ("one", "divided")],
        "refusal": [refusal.value.message, refusal.value.hint],
        "devices": jax.device_count(),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]))) + "\n")
