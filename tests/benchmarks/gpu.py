"""How fast one GPU trains full-size networks on JAX, which share of its matrix products that is, and what it holds.

    KERAS_BACKEND=jax PYTHONPATH=. python tests/benchmarks/gpu.py [--steps 20] [--case mobilebert-128 ...]

Each case pre-trains a network of random weights on random tokens, masked words and next sentences, by the `fit` of the
engine, and runs in a process of its own, since a device's peak of memory is that of a process. They compile at the same
time and take turns on the device. The limit is a product of two square matrices of 8,192 in bfloat16, measured in the
same process; operations are those that the plan of a training counts, blocks that are computed twice counted once.
Memory is the allocator's peak, beside the estimate that the plan shows.
"""

import argparse
import fcntl
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VOCABULARY = 30522
WARM_UP = 5
"""Steps that are not timed."""
SIDE = 8192


@dataclass(frozen=True)
class Case:
    """What is trained.

    Attributes:
        size: Name of a size.
        length: Tokens of a row.
        batch: Rows.
        precision: Arithmetic of the layers.
        rematerialize: Whether blocks are computed again in the backward pass.
    """

    size: str
    length: int
    batch: int
    precision: str = "bfloat16"
    rematerialize: bool = False

    @property
    def predictions(self) -> int:
        """Masked words of a row: 15 percent."""
        return round(0.15 * self.length)


CASES = {
    "mobilebert-128": Case("mobilebert", 128, 256),
    "mobilebert-512": Case("mobilebert", 512, 64),
    "mobilebert-128-float32": Case("mobilebert", 128, 256, "float32"),
    "mobilebert-512-float32": Case("mobilebert", 512, 64, "float32"),
    "ib_bert_large-128": Case("ib_bert_large", 128, 128),
    "ib_bert_large-512": Case("ib_bert_large", 512, 32),
    "ib_bert_large-128-float32": Case("ib_bert_large", 128, 128, "float32"),
    "ib_bert_large-512-float32": Case("ib_bert_large", 512, 32, "float32"),
    "ib_bert_large-512-twice": Case("ib_bert_large", 512, 32, rematerialize=True),
    "ib_bert_large-512-twice-float32": Case("ib_bert_large", 512, 32, "float32", rematerialize=True),
}


def main() -> None:
    """Runs one worker, or all of them at once."""
    arguments = _parse()
    if arguments.worker:
        print(json.dumps(measure_case(CASES[arguments.worker], arguments)))
        return
    print(
        _names(
            "case", "batch", "examples/s", "TFLOP/s", "product", "share", "memory", "estimate", "first step"
        )
    )
    with tempfile.TemporaryDirectory() as folder:
        turn = str(Path(folder) / "turn")
        words = ["--steps", str(arguments.steps), "--turn", turn]
        started = {
            name: subprocess.Popen(
                [sys.executable, __file__, "--worker", name, *words],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                env=os.environ | {"KERAS_BACKEND": "jax", "XLA_PYTHON_CLIENT_ALLOCATOR": "default",
                                  "XLA_PYTHON_CLIENT_PREALLOCATE": "false"},
            )
            for name in arguments.case
        }  # fmt: skip
        for name, process in started.items():
            out, err = process.communicate()
            print(
                _row(name, json.loads(out.splitlines()[-1])) if out else f"{name}: {err[-600:]}", flush=True
            )


def measure_case(case: Case, arguments: argparse.Namespace) -> dict[str, float]:
    """What `CASES` promise of one."""
    import jax

    objective = build_objective(case)
    watch = _watch(Path(arguments.turn) if arguments.turn else None)
    _fit(objective, case, arguments.steps + WARM_UP, watch)
    stats = jax.local_devices()[0].memory_stats() or {}
    seconds = watch.seconds / arguments.steps
    return {
        "batch": case.batch,
        "examples_per_second": case.batch / seconds,
        "teraflops": operations_of(case) / seconds / 1e12,
        "product": watch.product,
        "peak": stats.get("peak_bytes_in_use", 0),
        "estimate": estimate_of(case),
        "first_step": watch.first_step,
    }


def build_objective(case: Case) -> Any:
    """What `mbert train-teacher` trains, compiled."""
    from step_memory import teacher_objective

    from mbert_cli.model.heads import build_pretraining_network
    from mbert_cli.train.options import TrainOptions
    from mbert_cli.weights.saved_network import dtype_policy

    options = TrainOptions(
        batch_size=case.batch, precision=case.precision, rematerialize=case.rematerialize,
        optimizer={"name": "lamb"},
    )  # fmt: skip
    network = build_pretraining_network(case.size, vocab_size=VOCABULARY, dtype=dtype_policy(case.precision))
    return teacher_objective(network, options)


def _fit(objective: Any, case: Case, steps: int, watch: Any) -> None:
    from mbert_cli.train.feed import Feed, Prefetcher

    batches = Prefetcher(lambda step: random_batch(case, step), steps)
    feed = Feed(batches, range(steps))
    objective.fit(feed, steps_per_epoch=steps, shuffle=False, verbose=0, callbacks=[watch])


def random_batch(case: Case, step: int) -> dict[str, Any]:
    """Random tokens without padding, the second half of each row in the second segment, with masked words."""
    import numpy as np

    random = np.random.default_rng(step)
    shape = case.batch, case.length
    positions = np.linspace(1, case.length - 2, case.predictions, dtype=np.int32)
    masked = case.batch, case.predictions
    return {
        "token_ids": random.integers(1000, VOCABULARY, shape, dtype=np.int32),
        "segment_ids": np.broadcast_to(np.arange(case.length, dtype=np.int32) * 2 // case.length, shape),
        "padding_mask": np.ones(shape, np.int32),
        "masked_positions": np.broadcast_to(positions, masked),
        "masked_ids": random.integers(1000, VOCABULARY, masked, dtype=np.int32),
        "masked_weights": np.ones(masked, np.float32),
        "next_sentence": random.integers(0, 2, case.batch, dtype=np.int32),
    }


def operations_of(case: Case) -> float:
    """Floating-point operations of a step, as a plan counts them."""
    from mbert_cli.cost.passes import count_backward, count_operations
    from mbert_cli.cost.products import Network, products_of
    from mbert_cli.model.options import SIZES

    network = Network(SIZES[case.size], VOCABULARY, ("masked_language_model", "next_sentence"))
    products = products_of(network, case.length, case.predictions)
    return case.batch * (count_operations(products) + count_backward(products, lambda layer: True))


def estimate_of(case: Case) -> int:
    """Bytes that a plan expects a device to hold."""
    from mbert_cli.cost.memory import memory_of
    from mbert_cli.cost.products import Network
    from mbert_cli.cost.training import Training
    from mbert_cli.model.options import SIZES

    network = Network(SIZES[case.size], VOCABULARY, ("masked_language_model", "next_sentence"))
    training = Training(
        "teacher",
        network,
        case.batch,
        {case.length: 1.0},
        case.predictions,
        repeats_blocks=case.rematerialize,
    )
    return memory_of(training, [], float_bytes=2 if case.precision == "bfloat16" else 4).fused_total


def measure_product(repeats: int = 20) -> float:
    """TFLOP/s of products of two square matrices in bfloat16: the median of some."""
    import jax

    one, other = (jax.random.normal(jax.random.key(seed), (SIDE, SIDE), "bfloat16") for seed in (0, 1))
    multiply = jax.jit(lambda one, other: one @ other)
    multiply(one, other).block_until_ready()
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        multiply(one, other).block_until_ready()
        seconds.append(time.perf_counter() - began)
    return 2 * SIDE**3 / statistics.median(seconds) / 1e12


def _watch(turn: Path | None) -> Any:
    """A callback that takes the device for itself after the first steps, and times those that follow."""
    import jax
    import keras

    class Watch(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.lock = turn.open("w") if turn else None
            self.began = time.perf_counter()
            self.first_step = self.seconds = self.product = 0.0

        def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
            if batch + 1 not in (1, WARM_UP, self.params["steps"]):
                return
            jax.block_until_ready(logs)
            if batch == 0:
                self.first_step = time.perf_counter() - self.began
            if batch + 1 == WARM_UP:
                if self.lock:
                    fcntl.flock(self.lock, fcntl.LOCK_EX)
                self.began = time.perf_counter()
            elif batch + 1 == self.params["steps"]:
                self.seconds = time.perf_counter() - self.began
                self.product = measure_product()
                if self.lock:
                    fcntl.flock(self.lock, fcntl.LOCK_UN)

    return Watch()


def _names(*names: str) -> str:
    first, *others = names
    return f"{first:34s}" + "".join(f"{name:>12s}" for name in others)


def _row(name: str, found: dict[str, float]) -> str:
    share = found["teraflops"] / found["product"]
    return (
        f"{name:34s}{found['batch']:12,.0f}{found['examples_per_second']:12,.1f}{found['teraflops']:12.1f}"
        f"{found['product']:12.0f}{share:12.2f}{found['peak'] / 1e9:9.1f} GB{found['estimate'] / 1e9:9.1f} GB"
        f"{found['first_step']:10.0f} s"
    )


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--case", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("--steps", type=int, default=20, help="steps that are timed")
    parser.add_argument("--worker", choices=list(CASES), help=argparse.SUPPRESS)
    parser.add_argument("--turn", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
