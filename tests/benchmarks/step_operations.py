"""Where a training step of a full-size MobileBERT spends its time, by kinds of operations, beside the least it could take.

    python tests/benchmarks/step_operations.py [--precision bfloat16] [--recorded 12] [--batch 8] [--length 128]

Fine-tunes as `training_precisions.py` does and records each operation of the steps with TensorFlow's profiler. An
operation counts with the lower quartile of its times over the steps, so that others who use the machine change little.
The limit is what the operations of the matrix products would take at the rate of products of 2,048 x 2,048 matrices in
the same process. What is left of a step's processor time is what TensorFlow needs to go from operation to operation,
and what a busy machine adds.
"""

import argparse
import statistics
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
from timed_training import fine_tune_mbert
from training_precisions import LargeProducts

from mbert_cli.backend import count_cores
from mbert_cli.model.cost import count_flops
from mbert_cli.model.options import SIZES

KINDS = {
    "products of maps": ("MatMul", "FusedMatMul", "FusedBatchMatMulV2"),
    "products of attention": ("BatchMatMulV2",),
    "NoNorm and its gradients": ("FusedBatchNormV3", "FusedBatchNormGradV3"),
    "softmax": ("Softmax",),
    "random numbers of dropout": ("StatelessRandomUniformIntV2",),
    "heads brought together and apart": ("Transpose",),
    "numbers in the other precision": ("Cast",),
    "sums of gradients": ("AddN", "Sum", "BiasAddGrad"),
    "ReLU, dropout and softmax backward": ("Mul", "Minimum", "Sub", "AddV2", "Bitcast", "GreaterEqual"),
    "gathered, cut and joined": (
        "ConcatV2", "Split", "SplitV", "Slice", "StridedSlice", "StridedSliceGrad", "GatherV2", "UnsortedSegmentSum"
    ),
    "optimizer": ("fusion", "L2Loss", "AssignSubVariableOp", "AssignVariableOp", "ReadVariableOp"),
}  # fmt: skip
"""Names of TensorFlow's operations, without the mark of their oneDNN form."""

WARMING_STEPS = 3


def main() -> None:
    """Prints a row for each kind, then their sum, the processor time of a step, and the limit."""
    given = _parse()
    with tempfile.TemporaryDirectory() as folder:
        step, limit = train(given, Path(folder))
        times = operation_times(Path(folder), given.recorded)
    milliseconds, counts = by_kind(times)
    print(f"{'kind':36s} {'operations':>10s} {'ms':>8s} {'of the sum':>10s}")
    total = sum(milliseconds.values())
    for kind, value in milliseconds.most_common():
        print(f"{kind:36s} {counts[kind]:10,.0f} {value:8.1f} {value / total:10.1%}")
    print(f"{'sum':36s} {sum(counts.values()):10,.0f} {total:8.1f}")
    print(f"processor time of a step {step:.1f} ms; limit {limit:.1f} ms; share {limit / step:.2f}; "
          f"limit by the sum {limit / total:.2f}")  # fmt: skip


def train(given: argparse.Namespace, folder: Path) -> tuple[float, float]:
    """Trains with some of the steps recorded; milliseconds of processor time of a step, and of its products alone."""
    import tensorflow as tf

    products, done = LargeProducts(given.precision, count_cores()), 0

    def between() -> None:
        nonlocal done
        done += 1
        if done == WARMING_STEPS + given.recorded:
            tf.profiler.experimental.stop()
        if not WARMING_STEPS <= done < WARMING_STEPS + given.recorded:
            products.multiply()
        if done == WARMING_STEPS:
            tf.profiler.experimental.start(str(folder))

    given.steps = WARMING_STEPS + given.recorded + 3
    figures = fine_tune_mbert(given, given.precision, between)
    rate = products.operations / statistics.median(products.processor_seconds[2:])
    operations = 3 * count_flops(SIZES["mobilebert"], given.length)  # a backward pass multiplies twice
    seconds = count_cores() / figures["processor_examples_per_second"], operations / rate
    step, limit = (given.batch * 1e3 * value for value in seconds)
    return step, limit


def operation_times(folder: Path, steps: int) -> dict[str, tuple[float, float]]:
    """Reads what the profiler wrote: for each operation, named and with its type, milliseconds and times a step."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    (path,) = folder.glob("plugins/profile/*/*.xplane.pb")
    space = xplane_pb2.XSpace.FromString(path.read_bytes())
    found: dict[str, list[float]] = defaultdict(list)
    for plane in space.planes:
        names = {key: entry.name for key, entry in plane.event_metadata.items()}
        for line in plane.lines:
            for event in line.events:
                found[names.get(event.metadata_id, "")].append(event.duration_ps / 1e9)
    return {name: (float(np.quantile(values, 0.25)), len(values) / steps) for name, values in found.items()}


def by_kind(times: dict[str, tuple[float, float]]) -> tuple[Counter[str], Counter[str]]:
    """Milliseconds and operations of a step, by kind."""
    kinds = {name: kind for kind, names in KINDS.items() for name in names}
    milliseconds: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for name, (value, repeats) in times.items():
        if "::" in name or ": " in name:  # calls of whole functions
            continue
        operation = name.rpartition(":")[2].removeprefix("_").removeprefix("MklNative").removeprefix("Mkl")
        if ":" not in name:
            if "fusion" not in name and not name.startswith("concat"):
                continue
            operation = "fusion"  # XLA compiled it
        kind = kinds.get(operation, "others")
        milliseconds[kind] += value * repeats
        counts[kind] += repeats
    return milliseconds, counts


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="bfloat16")
    parser.add_argument("--recorded", type=int, default=12, help="steps that are recorded")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--length", type=int, default=128)
    return parser.parse_args()


if __name__ == "__main__":
    main()
