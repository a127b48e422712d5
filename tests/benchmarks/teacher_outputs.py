"""A recording of a teacher: how fast batches are read beside running the teacher, and what memory that takes.

    python tests/benchmarks/teacher_outputs.py [--gigabytes 10] [--folder DIR] [--batches 200]

Rows have 8 to 128 tokens. Recorded are the logits, five hidden states and four maps of attention of a teacher of 6
layers of 384 with 12 heads, in float16. The same batches are read through mappings of the files too. Each way to read
is a fresh process, whose memory is the largest that it had at any time; the teacher is one of random weights.
"""

import argparse
import mmap
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mbert_cli.distill.output_records import RecordedArray, RecordLayout
from mbert_cli.distill.teacher_outputs import RECORDS, RecordedRows, RecordingKey, TeacherOutputs

DIM, HEADS, BATCH_SIZE = 384, 12, 32
LAYOUT = RecordLayout(
    (
        RecordedArray("teacher_logits", "row", 2),
        *(RecordedArray(f"teacher_hidden_{place}", "tokens", DIM) for place in (0, 1, 3, 4, 6)),
        *(
            RecordedArray(f"teacher_attention_{place}", "pairs", HEADS, padding=-1e30)
            for place in (1, 3, 4, 6)
        ),
    ),
    "float16",
)


class Lengths:
    """Rows of which only the length is known."""

    sequence_length = 128

    def __init__(self, count: int) -> None:
        self.tokens = np.random.default_rng(0).integers(8, 129, count)
        self.trained = np.arange(count)


def open_recording(folder: Path, count: int) -> TeacherOutputs:
    """The recording of so many rows."""
    recorded = RecordedRows(Lengths(count), LAYOUT)
    return TeacherOutputs(folder, RecordingKey("benchmark", str(count), LAYOUT), recorded)


def write(folder: Path, count: int) -> None:
    """Makes a recording of random numbers."""
    outputs = open_recording(folder, count)
    noise = np.random.default_rng(1).normal(size=2**22).astype(np.float16).tobytes()
    started = time.perf_counter()
    for part in list(outputs.missing):
        outputs.write(part, _noise_records(outputs, part, noise))
    seconds, size = time.perf_counter() - started, outputs.recorded.size_bytes
    print(
        f"{count:,} rows, {size / 1e9:.1f} GB in {len(outputs.recorded.parts) - 1} parts: {seconds:.0f} s to write"
    )


def _noise_records(outputs: TeacherOutputs, part: int, noise: bytes) -> Iterator[bytes]:
    _, tokens = outputs.recorded.of_part(part)
    return (noise[:size] for size in LAYOUT.sizes(tokens).tolist())


def read(folder: Path, count: int, batches: int, way: str) -> None:
    """Reads batches, and prints what that takes."""
    started = time.perf_counter()
    outputs = open_recording(folder, count)
    missing = len(outputs.missing)
    opened = time.perf_counter() - started
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if way == "mapped":
        _read_mapped(outputs)
    times = []
    generator = np.random.default_rng(2)
    for _ in range(batches):
        indices = generator.integers(0, count, BATCH_SIZE)
        started = time.perf_counter(), time.process_time()
        outputs.read(indices, 128)
        times.append((time.perf_counter() - started[0], time.process_time() - started[1]))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"{way}: opened and compared with its hashes in {opened:.1f} s ({missing} missing); a batch of {BATCH_SIZE} in "
        f"{_milliseconds(times)}; memory {before / 1e3:.0f} MB, "
        f"then {after / 1e3:.0f} MB"
    )


def _read_mapped(outputs: TeacherOutputs) -> None:
    """Lets the recording read through mappings that stay open."""
    maps = []
    for part in range(len(outputs.recorded.parts) - 1):
        with open(outputs._part_path(part) / RECORDS, "rb") as file:
            maps.append(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))

    def read_all(indices: np.ndarray, length: int) -> dict[str, np.ndarray]:
        places = zip(*(values.tolist() for values in outputs.recorded.find(indices)), strict=True)
        rows = [(maps[part][start : start + size], count) for part, start, size, count in places]
        return LAYOUT.unpack([record for record, _ in rows], np.array([count for _, count in rows]), length)

    outputs.read = read_all


def run_teacher(batches: int = 5) -> None:
    """Times the teacher over batches of the same rows."""
    from mbert_cli.backend import compile_forward, use_streams
    from mbert_cli.model.encoder import build_encoder
    from mbert_cli.model.options import SIZES

    use_streams()
    sizes = {"num_layers": 6, "hidden_dim": DIM, "embedding_dim": DIM, "intermediate_dim": 4 * DIM}
    forward = compile_forward(build_encoder(SIZES["bert_base"].model_copy(update=sizes)))
    ids = np.full((BATCH_SIZE, 128), 100, np.int32)
    batch = {"token_ids": ids, "segment_ids": 0 * ids, "padding_mask": 0 * ids + 1}
    forward(batch)
    times = []
    for _ in range(batches):
        started = time.perf_counter(), time.process_time()
        np.asarray(forward(batch)["hidden_states"][-1])
        times.append((time.perf_counter() - started[0], time.process_time() - started[1]))
    print(f"teacher: a batch of {BATCH_SIZE} x 128 in {_milliseconds(times)}")


def _milliseconds(times: list[tuple[float, float]]) -> str:
    """Medians by the clock and of the processor, which tells more on a busy machine."""
    wall, processor = 1000 * np.median(times, axis=0)
    return f"{wall:.0f} ms ({processor:.0f} ms of processor time)"


def main() -> None:
    """Runs all parts, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=10.0)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--batches", type=int, default=200)
    parser.add_argument("--only", help=argparse.SUPPRESS)
    options = parser.parse_args()
    sizes = LAYOUT.sizes(Lengths(1000).tokens)
    count = int(options.gigabytes * 1e9 / sizes.mean())
    if options.only == "teacher":
        run_teacher()
    elif options.only:
        read(options.folder, count, options.batches, options.only)
    else:
        folder = options.folder or Path(tempfile.mkdtemp(prefix="teacher-outputs-"))
        write(folder, count)
        for way in ("read", "mapped", "teacher"):
            words = [sys.executable, __file__, "--only", way, "--folder", str(folder)]
            words += ["--gigabytes", str(options.gigabytes), "--batches", str(options.batches)]
            subprocess.run(words, check=True)
        if options.folder is None:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
