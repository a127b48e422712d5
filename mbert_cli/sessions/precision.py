"""Whether this machine's processor would train faster in bfloat16, and by how much, as far as that is known."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mbert_cli.backend import STREAMS, Tensor, backend_name, tensorflow_has_gpu
from mbert_cli.cost.options import PlanOptions
from mbert_cli.cost.speed import TimedStage
from mbert_cli.processor import bfloat16_instructions
from mbert_cli.train.options import TrainOptions

MEASURED = {"avx512_bf16": 0.66}
"""Seconds of a step of a full-size MobileBERT in bfloat16 by those in float32, on a processor with such instructions.

Source: docs/results.md, "bfloat16 on a processor".
"""

_DIM = 1024
_ROUNDS = 5
_ASKED = "--set train.precision=bfloat16"


@dataclass(frozen=True)
class ProductSpeed:
    """How fast TensorFlow multiplies large matrices on all cores.

    Attributes:
        float32: Operations a second in float32.
        ratio: How many times as many in bfloat16.
    """

    float32: float
    ratio: float


def precision_fact(
    options: TrainOptions, machines: PlanOptions, measured: Sequence[TimedStage] = ()
) -> str | None:
    """What a plan says of bfloat16; None where nothing is known, or other machines are planned for.

    Args:
        options: How the run trains.
        machines: What it is planned for.
        measured: Stages that were timed, after which products of matrices are.
    """
    is_elsewhere = machines.teraflops is not None or backend_name() != "tensorflow"
    found = bfloat16_instructions()
    if found is None or is_elsewhere or (measured and tensorflow_has_gpu()):
        return None
    if options.precision == "bfloat16":
        return None if found else (
            "bfloat16, for which this processor has no instructions: a step may take longer than in float32"
        )  # fmt: skip
    if not found:
        return None
    known = f"float32; this processor has instructions for bfloat16 ({found})"
    return f"{known}: {_timed_gain(measured)}" if measured else f"{known}, and {_known_gain(found)}"


def expected_time(stages: Sequence[TimedStage], speed: ProductSpeed) -> tuple[float, float]:
    """What share of the steps in float32 is products of matrices, and the time in bfloat16 by that in float32.

    Products become as fast as large ones do, and the rest stays what it is.
    """
    operations = sum(stage.cost.step.total for stage in stages)
    seconds = sum(stage.step_seconds for stage in stages)
    share = min(1.0, operations / speed.float32 / seconds)
    return share, 1 - share + share / speed.ratio


def compare_products() -> ProductSpeed:
    """Times products of matrices in both precisions, by taking turns, as many at once as there are streams."""
    multiplied = [_products(dtype) for dtype in ("float32", "bfloat16")]
    rounds = [[_time(products) for products in multiplied] for _ in range(_ROUNDS)]
    operations = STREAMS * 2 * _DIM**3
    return ProductSpeed(
        float32=operations / statistics.median(float32 for float32, _ in rounds),
        ratio=statistics.median(float32 / bfloat16 for float32, bfloat16 in rounds),
    )


def _known_gain(instructions: str) -> str:
    if instructions not in MEASURED:
        return f"may train faster with {_ASKED}; --probe says by how much"
    return (
        f"with {_ASKED} a step of a full-size MobileBERT took {MEASURED[instructions]:.0%} of the time on such "
        "a processor; --probe times this one"
    )


def _timed_gain(measured: Sequence[TimedStage]) -> str:
    speed = compare_products()
    share, time_share = expected_time(measured, speed)
    return (
        f"with {_ASKED} a step would take about {time_share:.0%} of the time, since products of matrices, {share:.0%} "
        f"of it, take {1 / speed.ratio:.0%}, as timed just now"
    )


def _products(dtype: str) -> Callable[[], list[Tensor]]:
    """A function that makes products of different matrices, once compiled."""
    import tensorflow as tf

    factors = [tf.ones((_DIM, _DIM), dtype) for _ in range(STREAMS)]
    multiply: Callable[[], list[Tensor]] = tf.function(lambda: [tf.matmul(one, one) for one in list(factors)])
    multiply()
    return multiply


def _time(products: Callable[[], list[Tensor]]) -> float:
    """Seconds until all products are there."""
    began = time.perf_counter()
    for product in products():
        product.numpy()
    return time.perf_counter() - began
