"""How fast a full-size MobileBERT is fine-tuned, next to TensorFlow Model Garden; how soon a stage begins.

    python tests/benchmarks/training.py --peer-python ../model-garden/bin/python [--rounds 3] [--steps 20]
    python tests/benchmarks/training.py --precisions [--jax] [--rounds 3] [--steps 20]
    python tests/benchmarks/training.py --stages [--rounds 3]

Both sides fine-tune MobileBERT (24 layers, 30,522 tokens, two labels) with AdamW, clipping and the same
dropout on the same random token ids, in float32 through `fit`. They take turns, each time in a process of its
own. "First step" is the time from the call of `fit` to the end of its first step, tracing included;
"examples/s" is the median over the steps that follow. Only ratios of one run mean something.

Model Garden needs tf-keras and other versions than ours, so it has a virtual environment of its own:

    python3.11 -m venv ../model-garden
    ../model-garden/bin/pip install "tf-models-official==2.20.*" "tf-keras==2.20.*"

`--precisions` fine-tunes in float32 and in bfloat16, with `--jax` on JAX too, and takes turns step by step with products
of large matrices on all cores in the same process. Limit is the examples per second if a step were nothing but such
products. Of both there are two shares: by the clock, which needs an idle machine, and by the processor's time, which a
busy one changes less; the latter takes all cores for busy all the time, and says nothing of JAX.

`--stages` times a full-size progressive distillation (ib_bert_large -> mobilebert, random weights): from the
begin of the stage of the first and of the last layer, where its losses are built, to the end of its first
step.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

VOCABULARY = 30522
LABELS = 2
PREDICTIONS = 20
TARGETS = {"stage-0": 20.0, "stage-23": 60.0}
"""Seconds to the first step of a stage."""


def main() -> None:
    """Runs one worker, or the rounds of all of them."""
    arguments = _parse()
    if arguments.worker:
        figures = WORKERS[arguments.worker](arguments)
        print(json.dumps(figures))
    elif arguments.stages:
        compare_stages(arguments)
    elif arguments.precisions:
        compare_precisions(arguments)
    elif arguments.peer_python:
        compare_fine_tuning(arguments)
    else:
        raise SystemExit("Name the peer's interpreter with --peer-python, or say --precisions or --stages.")


def compare_fine_tuning(arguments: argparse.Namespace) -> None:
    """Prints both sides' figures of each round, then medians and ratios."""
    interpreters = {"mbert": sys.executable, "model-garden": arguments.peer_python}
    rounds: dict[str, list[dict]] = {name: [] for name in interpreters}
    for number in range(arguments.rounds):
        for name, interpreter in interpreters.items():
            load = os.getloadavg()[0]
            figures = run_worker(interpreter, name, arguments)
            rounds[name].append(figures)
            print(f"round {number + 1} (load {load:.1f}) {_row(name, figures)}", flush=True)
    medians = {
        name: {key: statistics.median(row[key] for row in rows) for key in rows[0]}
        for name, rows in rounds.items()
    }
    for name, figures in medians.items():
        print(f"median             {_row(name, figures)}")
    ours, theirs = medians.values()
    speed = ours["examples_per_second"] / theirs["examples_per_second"]
    start = theirs["first_step_seconds"] / ours["first_step_seconds"]
    print(f"mbert / model-garden: {speed:.2f} x the examples/s (target 1.3); first step {start:.1f} x sooner")


def compare_precisions(arguments: argparse.Namespace) -> None:
    """Prints every round's figures in each precision, then medians, and each beside float32 on TensorFlow."""
    names = ["float32", "bfloat16", *(["jax-float32", "jax-bfloat16"] if arguments.jax else [])]
    rounds: dict[str, list[dict]] = {name: [] for name in names}
    for number in range(arguments.rounds):
        for name in names:
            load = os.getloadavg()[0]
            rounds[name].append(run_worker(sys.executable, name, arguments))
            print(f"round {number + 1} (load {load:4.1f}) {_share_row(name, rounds[name][-1])}", flush=True)
    for name, rows in rounds.items():
        median = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
        print(f"median              {_share_row(name, median)}")
        for key, clock in (
            ("examples_per_second", "clock"),
            ("processor_examples_per_second", "processor time"),
        ):
            ratios = [row[key] / base[key] for row, base in zip(rows, rounds["float32"], strict=True)]
            middle = statistics.median(ratios)
            print(f"  {middle:.2f} x float32 by the {clock} ({min(ratios):.2f} to {max(ratios):.2f})")


def _share_row(name: str, figures: dict[str, float]) -> str:
    parts = [f"{name:12s} first step {figures['first_step_seconds']:5.1f} s, {figures['peak_mb']:,.0f} MB"]
    for key, limit, clock in (
        ("examples_per_second", "limit", "clock"),
        ("processor_examples_per_second", "processor_limit", "processor time"),
    ):
        allowed = figures.get(limit)
        of = f" of {allowed:.1f}, {figures[key] / allowed:.2f} of the limit," if allowed else ""
        parts.append(f"{figures[key]:5.2f}{of} by {clock}")
    return "; ".join(parts)


def compare_stages(arguments: argparse.Namespace) -> None:
    """Prints the seconds to the first step of the first and the last transfer stage."""
    for name, target in TARGETS.items():
        seconds = []
        for _ in range(arguments.rounds):
            load = os.getloadavg()[0]
            seconds.append(run_worker(sys.executable, name, arguments)["first_step_seconds"])
            print(f"{name:9s} (load {load:.1f}) first step after {seconds[-1]:6.1f} s", flush=True)
        print(
            f"{name:9s} median    first step after {statistics.median(seconds):6.1f} s (target {target:.0f} s)"
        )


def run_worker(interpreter: str, name: str, arguments: argparse.Namespace) -> dict[str, float]:
    """Runs this file as a worker in a fresh process and returns what it measured."""
    settings = {"batch": arguments.batch, "length": arguments.length, "steps": arguments.steps}
    flags = [f"--{key}={value}" for key, value in settings.items()]
    backend = "jax" if name.startswith("jax") else "tensorflow"
    environment = os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [interpreter, __file__, "--worker", name, *flags],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def fine_tune_mbert(
    arguments: argparse.Namespace, precision: str = "float32", between: Callable[[], None] | None = None
) -> dict[str, float]:
    """The way of `mbert finetune`.

    Args:
        arguments: Of the command line.
        precision: Arithmetic of the layers.
        between: What is done after every step, and not counted.
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
    network = build_task_network("mobilebert", vocab_size=VOCABULARY, num_outputs=LABELS, dtype=dtype)

    known = TASK_LOSSES["cross_entropy"].losses

    def losses(batch, training):
        return measure(known, network(inputs_of(network, batch), training=training), batch)

    schedule = make_schedule(options.optimizer, arguments.steps)
    stage = Stage("fine-tuning", arguments.steps, {"cross_entropy": 1.0}, schedule)
    objective = Objective(network, losses, stage.loss_weights, known)
    compile_stage(objective, stage, options)
    batches = Prefetcher(lambda step: task_batch(arguments, step), arguments.steps)
    watch = _watch(keras.callbacks.Callback, between)
    feed = Feed(batches, range(arguments.steps))
    objective.fit(feed, steps_per_epoch=arguments.steps, shuffle=False, verbose=0, callbacks=[watch])
    figures = _figures(watch.seconds, arguments.batch)
    seconds = statistics.median(np.diff(watch.processor_seconds)[1:].tolist())
    figures["processor_examples_per_second"] = arguments.batch / seconds * count_cores()
    figures["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return figures


def fine_tune_beside_products(arguments: argparse.Namespace, precision: str) -> dict[str, float]:
    """Fine-tuning on TensorFlow in turns with products of matrices, and its share of what these allow."""
    from mbert_cli.backend import count_cores
    from mbert_cli.model.cost import count_flops
    from mbert_cli.model.options import SIZES

    products = LargeProducts(precision, count_cores())
    figures = fine_tune_mbert(arguments, precision, products.multiply)
    # A backward pass multiplies every matrix twice.
    operations = 3 * count_flops(SIZES["mobilebert"], arguments.length)
    wall, processor = (products.operations / statistics.median(seconds[2:])
                       for seconds in (products.seconds, products.processor_seconds))  # fmt: skip
    limits = {"limit": wall / operations, "processor_limit": processor * count_cores() / operations}
    return figures | limits


class LargeProducts:
    """Products of large matrices, one for each core at the same time."""

    def __init__(self, precision: str, cores: int) -> None:
        self.precision, self.cores = precision, cores
        self.operations = cores * 2 * 2048**3
        self.seconds: list[float] = []
        self.processor_seconds: list[float] = []
        self._product: Callable | None = None

    def multiply(self) -> None:
        """Multiplies once, and notes how long it takes."""
        self._product = self._product or self._build()
        began = time.perf_counter(), time.process_time()
        self._product()
        self.seconds.append(time.perf_counter() - began[0])
        self.processor_seconds.append(time.process_time() - began[1])

    def _build(self) -> Callable:
        """Only once training has begun: what says how many threads TensorFlow has comes before it computes."""
        import tensorflow as tf

        factors = [tf.Variable(tf.random.normal((2048, 2048))) for _ in range(2 * self.cores)]
        factors = [tf.Variable(tf.cast(factor, self.precision)) for factor in factors]
        pairs = zip(factors[::2], factors[1::2], strict=True)
        multiply = tf.function(lambda: [tf.matmul(one, other)[0, 0] for one, other in list(pairs)])
        return lambda: [value.numpy() for value in multiply()]


def fine_tune_model_garden(arguments: argparse.Namespace) -> dict[str, float]:
    """Model Garden's encoder, classifier and AdamW, as its BERT tasks put them together."""
    import tensorflow as tf
    import tf_keras
    from official.nlp import optimization
    from official.nlp.modeling import models, networks

    encoder = networks.MobileBERTEncoder(
        word_vocab_size=VOCABULARY, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.1
    )
    model = models.BertClassifier(encoder, num_classes=LABELS, dropout_rate=0.1)
    model.compile(
        optimizer=optimization.create_optimizer(1e-4, arguments.steps, arguments.steps // 10),
        loss=tf_keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    batches = [_peer_batch(task_batch(arguments, step)) for step in range(arguments.steps)]
    inputs, labels = ({key: np.stack([part[key] for part in parts]) for key in parts[0]}
                      for parts in zip(*batches, strict=True))  # fmt: skip
    dataset = tf.data.Dataset.from_tensor_slices((inputs, labels["labels"])).prefetch(2)
    watch = _watch(tf_keras.callbacks.Callback)
    model.fit(dataset, steps_per_epoch=arguments.steps, verbose=0, callbacks=[watch])
    return _figures(watch.seconds, arguments.batch)


def begin_stage(arguments: argparse.Namespace, layer: int) -> dict[str, float]:
    """The way of `mbert distill`, up to the first step of the stage of one layer."""
    import keras

    from mbert_cli.backend import use_streams
    from mbert_cli.distill.layer_map import map_places
    from mbert_cli.distill.options import ProgressiveOptions
    from mbert_cli.distill.pair import DistillationPair
    from mbert_cli.distill.strategies import progressive
    from mbert_cli.model.heads import build_pretraining_network
    from mbert_cli.model.options import SIZES
    from mbert_cli.train.feed import Feed
    from mbert_cli.train.objective import Objective
    from mbert_cli.train.options import TrainOptions
    from mbert_cli.train.trainability import compile_stage

    use_streams()
    options, distill = TrainOptions(batch_size=arguments.batch), ProgressiveOptions(strategy="progressive")
    teacher = build_pretraining_network("ib_bert_large", vocab_size=VOCABULARY)
    teacher.trainable = False
    student = build_pretraining_network("mobilebert", vocab_size=VOCABULARY)
    places = map_places(SIZES["ib_bert_large"], SIZES["mobilebert"], distill)
    stage = progressive(distill, places, options.optimizer)[layer]
    feed = Feed(lambda step: pretraining_batch(arguments, step), range(1))
    began = time.perf_counter()
    pair = DistillationPair(teacher, student, stage.compare)
    objective = Objective(student, pair, stage.loss_weights, pair.known_losses)
    compile_stage(objective, stage, options)
    watch = _watch(keras.callbacks.Callback)
    objective.fit(feed, steps_per_epoch=1, shuffle=False, verbose=0, callbacks=[watch])
    return {"first_step_seconds": time.perf_counter() - began}


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


def pretraining_batch(arguments: argparse.Namespace, step: int) -> dict[str, np.ndarray]:
    """The same with masked tokens."""
    batch = task_batch(arguments, step)
    rows, length = batch["token_ids"].shape
    positions = np.tile(np.linspace(1, length - 2, PREDICTIONS, dtype=np.int32), (rows, 1))
    return {
        **{key: batch[key] for key in ("token_ids", "segment_ids", "padding_mask")},
        "masked_positions": positions,
        "masked_ids": np.take_along_axis(batch["token_ids"], positions, axis=1),
        "masked_weights": np.ones(positions.shape, dtype=np.float32),
        "next_sentence": batch["labels"],
    }


def _peer_batch(batch: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    inputs = {
        "input_word_ids": batch["token_ids"],
        "input_mask": batch["padding_mask"],
        "input_type_ids": batch["segment_ids"],
    }
    return inputs, {"labels": batch["labels"]}


def _watch(callback_class: type, between: Callable[[], None] | None = None):
    """A callback of either Keras that notes the seconds from the begin of `fit` to the end of each step.

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


def _figures(seconds: list[float], batch: int) -> dict[str, float]:
    steps = np.diff(seconds)[1:]  # the second step still warms up
    return {
        "first_step_seconds": seconds[0],
        "examples_per_second": batch / statistics.median(steps.tolist()),
    }


def _row(name: str, figures: dict[str, float]) -> str:
    first, speed = figures["first_step_seconds"], figures["examples_per_second"]
    return f"{name:12s} first step {first:6.1f} s   {speed:6.2f} examples/s"


WORKERS: dict[str, Callable[[argparse.Namespace], dict[str, float]]] = {
    "mbert": fine_tune_mbert,
    "float32": lambda arguments: fine_tune_beside_products(arguments, "float32"),
    "bfloat16": lambda arguments: fine_tune_beside_products(arguments, "bfloat16"),
    "jax-float32": fine_tune_mbert,
    "jax-bfloat16": lambda arguments: fine_tune_mbert(arguments, "bfloat16"),
    "model-garden": fine_tune_model_garden,
    "stage-0": lambda arguments: begin_stage(arguments, 0),
    "stage-23": lambda arguments: begin_stage(arguments, 23),
}


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peer-python", help="interpreter of the environment with Model Garden")
    parser.add_argument("--stages", action="store_true", help="time the begin of distillation stages instead")
    parser.add_argument("--precisions", action="store_true", help="time float32 and bfloat16 instead")
    parser.add_argument("--jax", action="store_true", help="with --precisions: on JAX too")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--steps", type=int, default=20, help="steps of fine-tuning in each round, at least 3"
    )
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--length", type=int, default=128)
    parser.add_argument("--worker", choices=list(WORKERS), help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
