"""Whether this machine's processor would train faster in bfloat16, as far as that is known."""

import statistics
import time

from mbert_cli.backend import Tensor, backend_name, tensorflow_has_gpu
from mbert_cli.cost.options import PlanOptions
from mbert_cli.processor import bfloat16_instructions
from mbert_cli.train.options import TrainOptions

_DIM = 1024
_ROUNDS = 5


def precision_fact(options: TrainOptions, machines: PlanOptions, *, is_probed: bool) -> str | None:
    """What a plan says of bfloat16; None where nothing is known, or other machines are planned for.

    Args:
        options: How the run trains.
        machines: What it is planned for.
        is_probed: Whether steps were timed, after which products of matrices are.
    """
    is_elsewhere = machines.teraflops is not None or backend_name() != "tensorflow"
    found = bfloat16_instructions()
    if found is None or is_elsewhere or (is_probed and tensorflow_has_gpu()):
        return None
    if options.precision == "bfloat16":
        return None if found else (
            "bfloat16, for which this processor has no instructions: a step may take longer than in float32"
        )  # fmt: skip
    if not found:
        return None
    known = f"float32; this processor has instructions for bfloat16 ({found})"
    if not is_probed:
        return f"{known}, and may train faster with --set train.precision=bfloat16"
    ratio = compare_products()
    return (
        f"{known}: with --set train.precision=bfloat16 products of matrices take {1 / ratio:.0%} of the time, "
        "as timed just now, and a step gains less than they do"
    )


def compare_products() -> float:
    """Returns how many times as fast TensorFlow multiplies matrices in bfloat16 as in float32, by taking turns."""
    import tensorflow as tf

    pairs = [tf.ones((2, _DIM, _DIM), dtype) for dtype in ("float32", "bfloat16")]
    for pair in pairs:
        _time_product(pair)
    rounds = [[_time_product(pair) for pair in pairs] for _ in range(_ROUNDS)]
    return statistics.median(float32 / bfloat16 for float32, bfloat16 in rounds)


def _time_product(pair: Tensor) -> float:
    """Seconds that the product of both matrices takes."""
    import tensorflow as tf

    began = time.perf_counter()
    tf.matmul(pair[0], pair[1]).numpy()
    return time.perf_counter() - began
