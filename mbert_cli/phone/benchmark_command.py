"""The commands that time an artifact on a phone with LiteRT's own benchmark."""

import re
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path

from mbert_cli.shell_words import path_word
from mbert_cli.tflite.interpreter import SIGNATURE, Artifact, Signature
from mbert_cli.tflite.options import BenchOptions

PHONE_FOLDER = "/data/local/tmp"
"""Where programs may run on a phone that belongs to its user."""
BENCHMARK_BINARY = "android_aarch64_benchmark_model"
"""Name under which LiteRT publishes its benchmark for phones."""
PROGRAM = f"{PHONE_FOLDER}/benchmark_model"
"""The same on the phone."""

_DELEGATES = {"xnnpack": "--use_xnnpack=true", "gpu": "--use_gpu=true", "none": "--use_xnnpack=false"}


def benchmark_words(
    signature: Signature, target: str, options: BenchOptions, *, profiles: bool = False
) -> list[str]:
    """The words that a shell of the phone runs.

    Args:
        signature: What is run of the artifact.
        target: The artifact on the phone.
        options: Threads, cores and what computes.
        profiles: Whether the time of each operation is printed, which slows all of them.
    """
    # Random ids stay below 100 and segments below 2, so that every table has them.
    ranges = {"ids": (0, 99), "segment_ids": (0, 1), "mask": (1, 1)}
    shapes = ":".join(f"1,{signature.length}" for _ in ranges)
    values = ":".join(f"{name},{low},{high}" for name, (low, high) in ranges.items())
    # The program takes the only signature by itself, and of several none.
    chosen = [] if signature.key == SIGNATURE else [f"--signature_to_run_for={signature.key}"]
    return [
        *(["taskset", options.affinity] if options.affinity else []),
        PROGRAM, f"--graph={target}", *chosen, f"--num_threads={options.threads}", _DELEGATES[options.delegate],
        f"--input_layer={','.join(ranges)}", f"--input_layer_shape={shapes}", f"--input_layer_value_range={values}",
        *(["--warmup_runs=5", "--num_runs=50", "--enable_op_profiling=true"] if profiles
          else ["--warmup_runs=20", "--num_runs=200"]),
    ]  # fmt: skip


def phone_paths(names: Iterable[str]) -> list[str]:
    """Where artifacts go on a phone, whose shell reads its own names once more.

    Args:
        names: What they are called. There they are called the same, with `-` for everything but letters, figures, `.`
            and `_`.
    """
    plain: list[str] = []
    for name in names:
        word = re.sub(r"[^A-Za-z0-9._]+", "-", name)
        others = (f"{word}-{number}" for number in count(1))
        plain.append(word if word not in plain else next(other for other in others if other not in plain))
    return [f"{PHONE_FOLDER}/{word}.tflite" for word in plain]


def adb_lines(artifacts: Sequence[tuple[str, Path]], options: BenchOptions) -> list[str]:
    """The lines that time artifacts on a phone, as a shell takes them.

    Args:
        artifacts: Names and .tflite files.
        options: Threads, cores and what computes.

    Returns:
        The lines; none where every artifact has its tokenizer inside, which the program has no operations for.
    """
    prepared = [f"adb push {BENCHMARK_BINARY} {PROGRAM}", f"adb shell chmod +x {PROGRAM}"]
    lines = list(prepared)
    targets = phone_paths(name for name, _ in artifacts)
    for (_, path), target in zip(artifacts, targets, strict=True):
        artifact = Artifact(path)
        if artifact.reads_text:
            continue
        lines += [f"adb push {path_word(path)} {target}"]
        for signature in artifact.signatures:
            lines += [f"adb shell {' '.join(benchmark_words(signature, target, options))}"]
    return lines if len(lines) > len(prepared) else []
