"""A small classifier network with random weights everywhere, its artifact, and a batch to run both on."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

from mbert_cli.model.heads import build_task_network
from mbert_cli.model.options import SIZES, Architecture
from mbert_cli.model.task_head import CLASSIFIER, TaskHead
from mbert_cli.tflite.calibration import measure_ranges
from mbert_cli.tflite.convert import convert
from mbert_cli.tflite.modes import MODES
from mbert_cli.tflite.quantizer import quantize

LENGTH = 12
VOCABULARY = 200
LABELS = 3


def _small(name: str) -> Architecture:
    """The size of that name, with two blocks and narrow layers."""
    size = SIZES[name]
    changes = {
        "num_layers": 2, "hidden_dim": 48, "num_heads": 2, "intermediate_dim": 40, "max_length": 16,
        "embedding_dim": 48 if size.embedding_dim == size.hidden_dim else 16,
    }  # fmt: skip
    if size.intra_dim is not None:
        changes["intra_dim"] = 32
    return Architecture(**(size.model_dump() | changes))


def _random_network(
    size: Architecture, gamma_spread: float = 0.2, head: TaskHead = CLASSIFIER, num_outputs: int = LABELS
) -> keras.Model:
    """A network whose logits differ from row to row; gammas are e^(normal · gamma_spread)."""
    network = build_task_network(size, head=head, vocab_size=VOCABULARY, num_outputs=num_outputs)
    random = np.random.default_rng(3)
    for weight in network.weights:
        if weight.path.endswith("gamma"):
            values = np.exp(random.normal(0.0, gamma_spread, weight.shape))
        elif len(weight.shape) == 1:
            values = random.normal(0.0, 0.1, weight.shape)
        else:
            spread = 0.6 * weight.shape[0] ** -0.5 if "kernel" in weight.path else 0.5
            values = random.normal(0.0, spread, weight.shape)
        weight.assign(values.astype(np.float32))
    return network


def _random_batch(examples: int = 6) -> dict[str, np.ndarray]:
    """Rows of different length with two segments."""
    random = np.random.default_rng(4)
    mask = (np.arange(LENGTH) < random.integers(4, LENGTH + 1, (examples, 1))).astype(np.int32)
    ids = random.integers(1, VOCABULARY, (examples, LENGTH), dtype=np.int32) * mask
    segments = (np.arange(LENGTH) >= 3).astype(np.int32) * mask
    return {
        "token_ids": ids, "segment_ids": segments, "padding_mask": mask,
        "labels": np.zeros(examples, np.int32), "example_weights": np.ones(examples, np.float32),
    }  # fmt: skip


def _keras_probabilities(network: keras.Model, batch: dict[str, np.ndarray]) -> np.ndarray:
    """(examples, labels)."""
    logits = network({name: batch[name] for name in network.input})["logits"]
    return keras.ops.convert_to_numpy(keras.ops.softmax(logits))


@pytest.fixture(scope="session")
def small_size() -> Callable[[str], Architecture]:
    return _small


@pytest.fixture(scope="session")
def random_network() -> Callable[..., keras.Model]:
    return _random_network


@pytest.fixture(scope="session")
def keras_probabilities() -> Callable[..., np.ndarray]:
    return _keras_probabilities


@pytest.fixture(scope="session")
def batch() -> dict[str, np.ndarray]:
    return _random_batch()


@pytest.fixture(scope="session")
def network() -> keras.Model:
    return _random_network(_small("mobilebert"))


@pytest.fixture(scope="session")
def content(network) -> bytes:
    """The network's float32 artifact."""
    return convert(network, LENGTH, "float32")


@pytest.fixture
def artifact_path(content, tmp_path) -> Path:
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    return path


@pytest.fixture(scope="session")
def in_mode(network, batch) -> Callable[[str, int], bytes]:
    """The network's artifact in any mode, of any length; ranges are those at the longest."""

    def make(mode: str, length: int) -> bytes:
        content = convert(network, length, mode)
        if not MODES[mode].is_quantized_after:
            return content
        ranges = (
            measure_ranges(convert(network, LENGTH, mode), batch) if MODES[mode].needs_calibration else None
        )
        return quantize(content, mode, ranges)

    return make
