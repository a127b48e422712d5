"""What a process with two devices of JAX finds, as JSON: run by `conftest.py`, once for all tests."""

import json
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from mbert_cli.errors import UserError
from mbert_cli.hosts.devices import (
    distribute,
    divides_models,
    is_distributed,
    own_share,
    replicas,
    require_divisible,
    to_numpy,
)
from mbert_cli.hosts.forward import forward_of
from tests.train.toy_training import OPTIONS, Killed, batch_at, journal, kill_at, make_network, run_in

EVERY_STEP = OPTIONS.model_copy(update={"log_every": 1})


def losses(directory: Path) -> list[float]:
    return [line["loss/total"] for line in journal(directory) if "loss/total" in line]


def train_partly(directory: Path) -> None:
    with pytest.raises(Killed):
        run_in(directory, options=EVERY_STEP, progress=kill_at(17))


def main(folder: Path) -> dict[str, object]:
    run_in(folder / "one", options=EVERY_STEP)
    train_partly(folder / "changed")
    alone = make_network()(batch_at(0))["logits"]
    distribute()
    train_partly(folder / "two")
    for name in ("two", "changed"):  # one goes on as it was, one on another number of devices
        run_in(folder / name, options=EVERY_STEP)
    run_in(folder / "whole", options=EVERY_STEP)
    network = make_network()
    shared = forward_of(network)({name: array[:5] for name, array in batch_at(0).items() if name == "ids"})
    with pytest.raises(UserError) as refusal:
        require_divisible(7)
    share = own_share()
    return {
        "losses": {name: losses(folder / name) for name in ("one", "two", "changed", "whole")},
        "alone": np.asarray(alone[:5]).tolist(),
        "shared": shared["logits"].tolist(),
        "weight": to_numpy(network.weights[0].value).tolist(),
        "is_replicated": all(weight.value.is_fully_replicated for weight in network.weights),
        "refusal": [refusal.value.message, refusal.value.hint],
        "share": [share.index, share.count, replicas(), is_distributed(), divides_models()],
        "devices": len(keras.distribution.list_devices()),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]))) + "\n")
