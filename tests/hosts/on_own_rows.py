"""What a process with two devices of JAX finds where each computes its own rows: run by `tests/train/test_own_rows.py`.

python -m tests.hosts.on_own_rows FOLDER
"""

import json
import re
import sys
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import jax
import keras
import numpy as np
import pytest

from mbert_cli.hosts.devices import distribute, sums_as_one
from mbert_cli.train.engine import mean_figures
from mbert_cli.train.objective import Objective
from tests.hosts import on_divided_models
from tests.hosts.on_divided_models import ROWS, losses_in, train_in
from tests.train.toy_training import Killed, kill_at

OWN_ROWS = "mbert_cli.train.objective.sums_as_one"


def batch_at(step: int) -> dict[str, np.ndarray]:
    """A batch whose rows have as many masked tokens as their number says, so that devices weigh differently."""
    batch = on_divided_models.batch_at(step)
    words = batch["masked_weights"].shape[1]
    counts = (np.arange(ROWS) + step) % (words + 1)
    return batch | {"masked_weights": (np.arange(words) < counts[:, None]).astype("float32")}


def train(folder: Path, **changes: Any) -> Objective:
    """Trains, and returns what it trained."""
    found = []

    class Kept(Objective):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            found.append(self)

    with patch.object(on_divided_models, "Objective", Kept):
        train_in(folder, batch_at=batch_at, **changes)
    return found[-1]


def count_exchanged(objective: Objective, *, training: bool = True) -> int:
    """How many arrays the devices exchange in a compiled step."""
    distribution = keras.distribution.distribution()
    batch = {
        name: jax.device_put(array, distribution.get_data_layout(array.shape).backend_layout)
        for name, array in batch_at(0).items()
    }
    state = objective._get_jax_state(
        trainable_variables=True,
        non_trainable_variables=True,
        optimizer_variables=training,
        metrics_variables=True,
    )
    # The trace of a method would be kept.
    step = jax.jit(partial(objective.train_step if training else objective.test_step))
    compiled = step.lower(state, (batch,)).compile().as_text()
    return sum(operands.count("%") for operands in re.findall(r" all-reduce\(([^)]*)\)", compiled))


def validated(objective: Objective) -> dict[str, float]:
    """The figures of some batches, of a step that is traced anew."""
    objective.test_function = None
    return mean_figures(objective, map(batch_at, range(100, 103)))


def main(folder: Path) -> dict[str, object]:
    train(folder / "one")
    distribute()
    found: dict[str, object] = {"of one process": sums_as_one()}
    with patch(OWN_ROWS, return_value=True):
        objective = train(folder / "own")
        exchanged = {
            "own": count_exchanged(objective),
            "own validation": count_exchanged(objective, training=False),
        }
        figures = {"own": validated(objective)}
        with pytest.raises(Killed):
            train(folder / "killed", progress=kill_at(30))
        train(folder / "killed")
    figures["elsewhere"] = validated(objective)
    exchanged |= {
        "elsewhere": count_exchanged(objective),
        "validation elsewhere": count_exchanged(objective, training=False),
    }
    losses = {name: losses_in(folder / name) for name in ("one", "own", "killed")}
    return found | {"exchanged": exchanged, "losses": losses, "figures": figures}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]))) + "\n")
