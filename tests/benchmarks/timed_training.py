"""What the timings of trainings share: steps of a network on random tokens, timed one by one in processes.

Model Garden's environment has neither mbert nor Keras 3, so that both are imported only where they are used.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mbert_cli.model.options import Architecture

VOCABULARY = 30522
LABELS = 2


def run_worker(
    interpreter: str, script: str, name: str, arguments: argparse.Namespace, *more_flags: str
) -> dict[str, float]:
    """Runs a script as a worker in a fresh process and returns what it measured."""
    settings = {"batch": arguments.batch, "length": arguments.length, "steps": arguments.steps}
    flags = [f"--{key}={value}" for key, value in settings.items()]
    backend = "jax" if name.startswith("jax") else "tensorflow"
    environment = os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [interpreter, script, "--worker", name, *flags, *more_flags],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def take_turns(
    interpreters: Mapping[str, str],
    script: str,
    arguments: argparse.Namespace,
    show: Callable[[str, dict[str, float]], str],
    *more_flags: str,
) -> dict[str, list[dict[str, float]]]:
    """Runs the workers of a script one after the other, in rounds.

    Args:
        interpreters: Of each worker, by its name.
        script: The script.
        arguments: Of the command line.
        show: The name of a worker and what it measured -> what is printed of it.
        more_flags: What only these workers are told.

    Returns:
        What each worker measured in each round.
    """
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in interpreters}
    for number in range(arguments.rounds):
        for name, interpreter in interpreters.items():
            load = os.getloadavg()[0]
            figures = run_worker(interpreter, script, name, arguments, *more_flags)
            rounds[name].append(figures)
            print(f"round {number + 1} (load {load:4.1f}) {show(name, figures)}", flush=True)
    return rounds


def show_speed(name: str, figures: dict[str, float]) -> str:
    """The time to the first step of a worker, and its speed after that."""
    first, speed = figures["first_step_seconds"], figures["examples_per_second"]
    return f"{name:21s} first step {first:6.1f} s   {speed:6.2f} examples/s"


def fine_tune_mbert(
    arguments: argparse.Namespace,
    precision: str = "float32",
    between: Callable[[], None] | None = None,
    *,
    size: "str | Architecture" = "mobilebert",
) -> dict[str, float]:
    """The way of `mbert finetune`.

    Args:
        arguments: Of the command line.
        precision: Arithmetic of the layers.
        between: What is done after every step, and not counted.
        size: The encoder.
    """
    import keras

    from mbert_cli.backend import count_cores, use_streams
    from mbert_cli.losses.loss import measure
    from mbert_cli.losses.tasks import TASK_LOSSES
    from mbert_cli.model.heads import build_task_network
    from mbert_cli.train.feed import Feed, Prefetcher
    from mbert_cli.train.objective import Objective, inputs_of
    from mbert_cli.train.options import TrainOptions
    from mbert_cli.train.stage import Stage, make_schedule
    from mbert_cli.train.trainability import compile_stage

    use_streams()
    options = TrainOptions(batch_size=arguments.batch, precision=precision)
    dtype = "mixed_bfloat16" if precision == "bfloat16" else "float32"
    network = build_task_network(size, vocab_size=VOCABULARY, num_outputs=LABELS, dtype=dtype)

    known = TASK_LOSSES["cross_entropy"].losses

    def losses(batch, training):
        return measure(known, network(inputs_of(network, batch), training=training), batch)

    schedule = make_schedule(options.optimizer, arguments.steps)
    stage = Stage("fine-tuning", arguments.steps, {"cross_entropy": 1.0}, schedule)
    objective = Objective(network, losses, stage.loss_weights, known)
    compile_stage(objective, stage, options)
    batches = Prefetcher(lambda step: task_batch(arguments, step), arguments.steps)
    watch = watch_steps(keras.callbacks.Callback, between)
    feed = Feed(batches, range(arguments.steps))
    objective.fit(feed, steps_per_epoch=arguments.steps, shuffle=False, verbose=0, callbacks=[watch])
    figures = step_figures(watch.seconds, arguments.batch)
    seconds = statistics.median(np.diff(watch.processor_seconds)[1:].tolist())
    figures["processor_examples_per_second"] = arguments.batch / seconds * count_cores()
    figures["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return figures


def task_batch(arguments: argparse.Namespace, step: int) -> dict[str, np.ndarray]:
    """Random tokens without padding, the second half of each row in the second segment."""
    batch, length = arguments.batch, arguments.length
    random = np.random.default_rng(step)
    token_ids = random.integers(1000, VOCABULARY, (batch, length), dtype=np.int32)
    segment_ids = np.tile((np.arange(length) >= length // 2).astype(np.int32), (batch, 1))
    return {
        "token_ids": token_ids,
        "segment_ids": segment_ids,
        "padding_mask": np.ones_like(token_ids),
        "labels": random.integers(0, LABELS, batch, dtype=np.int32),
        "example_weights": np.ones(batch, dtype=np.float32),
    }


def watch_steps(callback_class: type, between: Callable[[], None] | None = None):
    """A callback of either Keras that notes the seconds from the beginning of `fit` to the end of each step.

    `fit` calls `on_train_begin` before it traces anything, but not at once, so the clock starts when the
    callback is made, in the line before `fit`. What is done between two steps does not count.
    """

    class Watch(callback_class):
        def __init__(self) -> None:
            super().__init__()
            self.began = time.perf_counter()
            self.processor_began = time.process_time()
            self.seconds: list[float] = []
            self.processor_seconds: list[float] = []

        def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
            now, processor_now = time.perf_counter(), time.process_time()
            self.seconds.append(now - self.began)
            self.processor_seconds.append(processor_now - self.processor_began)
            if between is not None:
                between()
                self.began += time.perf_counter() - now
                self.processor_began += time.process_time() - processor_now

    return Watch()


def step_figures(seconds: list[float], batch: int) -> dict[str, float]:
    steps = np.diff(seconds)[1:]  # the second step still warms up
    return {
        "first_step_seconds": seconds[0],
        "examples_per_second": batch / statistics.median(steps.tolist()),
    }


def parse_settings(
    parser: argparse.ArgumentParser, workers: list[str], *, batch: int = 8
) -> argparse.Namespace:
    """Reads the command line, with what all timings and their workers are told."""
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=20, help="steps of each round, at least 3")
    parser.add_argument("--batch", type=int, default=batch)
    parser.add_argument("--length", type=int, default=128)
    parser.add_argument("--worker", choices=workers, help=argparse.SUPPRESS)
    return parser.parse_args()
