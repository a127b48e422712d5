"""How fast a full-size MobileBERT is fine-tuned in float32 and in bfloat16, beside what the machine could do.

    python tests/benchmarks/training_precisions.py [--jax] [--rounds 3] [--steps 20]

Fine-tunes as `training.py` does, with `--jax` on JAX too, and takes turns step by step with products of large matrices
on all cores in the same process. Limit is the examples per second if a step were nothing but such products. Of both
there are two shares: by the clock, which needs an idle machine, and by the processor's time, which a busy one changes
less; the latter takes all cores for busy all the time, and says nothing of JAX.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable

from timed_training import fine_tune_mbert, parse_settings, take_turns


def main() -> None:
    """Runs one worker, or the rounds of all of them."""
    arguments = _parse()
    if arguments.worker:
        print(json.dumps(WORKERS[arguments.worker](arguments)))
    else:
        compare_precisions(arguments)


def compare_precisions(arguments: argparse.Namespace) -> None:
    """Prints every round's figures in each precision, then medians, and each beside float32 on TensorFlow."""
    names = ["float32", "bfloat16", *(["jax-float32", "jax-bfloat16"] if arguments.jax else [])]
    rounds = take_turns(dict.fromkeys(names, sys.executable), __file__, arguments, _share_row)
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


WORKERS: dict[str, Callable[[argparse.Namespace], dict[str, float]]] = {
    "float32": lambda arguments: fine_tune_beside_products(arguments, "float32"),
    "bfloat16": lambda arguments: fine_tune_beside_products(arguments, "bfloat16"),
    "jax-float32": fine_tune_mbert,
    "jax-bfloat16": lambda arguments: fine_tune_mbert(arguments, "bfloat16"),
}


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jax", action="store_true", help="on JAX too")
    return parse_settings(parser, list(WORKERS))


if __name__ == "__main__":
    main()
