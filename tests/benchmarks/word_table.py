"""What it costs to train the word table of a small student.

    python tests/benchmarks/word_table.py [--rounds 6] [--steps 12]

A student of 4 layers of 192 with 12 heads and 30,522 words, two thirds of whose weights are the word table, is
fine-tuned with AdamW on random tokens, once with its embeddings and once without (`distill.embeddings_scale: 0`, a
`layer_scale` of 0). Both take turns in one process. The seconds of the processor are the ones to compare where the
machine has other things to do. Only ratios of one run mean something.

Updating only the rows that a batch holds could save no more than leaving the embeddings as they are, and loses
something: AdamW goes on moving a row for some ten steps after a batch that held it. `--rows` prints how far.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np

VOCABULARY, LABELS = 30522, 2
SIZE = {"hidden_dim": 192, "embedding_dim": 192, "intermediate_dim": 768, "num_heads": 12}
SCALES = {"with embeddings": 1.0, "without": 0.0}


def main() -> None:
    """Prints milliseconds a step, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--length", type=int, default=32)
    parser.add_argument("--rows", action="store_true", help="how far AdamW moves a row that one batch held")
    arguments = parser.parse_args()
    if arguments.rows:
        print_movement()
        return
    train = {name: trainer(scale, arguments) for name, scale in SCALES.items()}
    figures: dict[str, list[tuple[float, float]]] = {name: [] for name in train}
    for step in train.values():
        step(3)
    for _ in range(arguments.rounds):
        for name, step in train.items():
            figures[name].append(step(arguments.steps))
    medians = {}
    for name, rows in figures.items():
        medians[name] = [statistics.median(column) for column in zip(*rows, strict=True)]
        wall, processor = medians[name]
        print(
            f"{name:16s} {arguments.batch / wall:6.1f} examples/s, {1000 * wall:6.1f} ms a step, processor "
            f"{1000 * processor:6.1f} ms"
        )
    wall, processor = (one / other for one, other in zip(*medians.values(), strict=True))
    print(f"with / without   {wall:.2f} x the time, {processor:.2f} x the processor's")


def trainer(scale: float, arguments: argparse.Namespace) -> Callable[[int], tuple[float, float]]:
    """A function that trains for some steps and returns the seconds of one, on the wall and of the processor."""
    from mbert_cli.backend import use_streams

    use_streams()
    import tensorflow as tf

    from mbert_cli.losses.loss import measure
    from mbert_cli.losses.tasks import TASK_LOSSES
    from mbert_cli.model.heads import build_task_network
    from mbert_cli.model.options import SIZES, layer_name
    from mbert_cli.train.objective import Objective, inputs_of
    from mbert_cli.train.options import TrainOptions
    from mbert_cli.train.stage import Schedule, Stage
    from mbert_cli.train.trainability import compile_stage

    size, known = SIZES["tinybert_4"].model_copy(update=SIZE), TASK_LOSSES["cross_entropy"].losses
    network = build_task_network(size, num_outputs=LABELS, vocab_size=VOCABULARY)
    others = [layer_name(layer) for layer in range(size.num_layers)] + ["pooler", "classifier"]
    stage = Stage(
        "fine-tuning", 10_000, {"cross_entropy": 1.0}, Schedule(3e-4, 10_000, 0, 0.0),
        layer_scale={"embeddings": scale, **dict.fromkeys(others, 1.0)},
    )  # fmt: skip

    def losses(batch, training):
        return measure(known, network(inputs_of(network, batch), training=training), batch)

    objective = Objective(network, losses, stage.loss_weights, known)
    compile_stage(objective, stage, TrainOptions(batch_size=arguments.batch))
    objective.make_train_function()
    batches = [
        {name: tf.constant(array) for name, array in random_batch(arguments, step).items()}
        for step in range(16)
    ]

    def train(steps: int) -> tuple[float, float]:
        wall, processor = time.perf_counter(), time.process_time()
        for step in range(steps):
            objective.train_function(iter([(batches[step % len(batches)],)]))
        return (time.perf_counter() - wall) / steps, (time.process_time() - processor) / steps

    return train


def random_batch(arguments: argparse.Namespace, step: int) -> dict[str, np.ndarray]:
    """Tokens by Zipf's law, without padding."""
    random = np.random.default_rng(step)
    frequency = 1 / np.arange(1, VOCABULARY + 1)
    shape = arguments.batch, arguments.length
    token_ids = random.choice(VOCABULARY, shape, p=frequency / frequency.sum()).astype("int32")
    return {
        "token_ids": token_ids,
        "segment_ids": np.zeros_like(token_ids),
        "padding_mask": np.ones_like(token_ids),
        "labels": random.integers(0, LABELS, arguments.batch, dtype="int32"),
        "example_weights": np.ones(arguments.batch, "float32"),
    }


def print_movement(beta_1: float = 0.9, beta_2: float = 0.999, step: int = 1000) -> None:
    """How far a weight moves, in learning rates, after the only batch with a gradient for it."""
    after = np.arange(200)
    first = (1 - beta_1) * beta_1**after / (1 - beta_1 ** (step + after))
    second = (1 - beta_2) * beta_2**after / (1 - beta_2 ** (step + after))
    moves = first / np.sqrt(second)
    print(
        f"a word seen once, at step {step}: AdamW moves it {moves.sum():.1f} learning rates, {moves[0]:.1f} of them"
    )
    print("at that step, which are all where only the rows of a batch are updated")


if __name__ == "__main__":
    main()
