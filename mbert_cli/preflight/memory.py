"""Whether a training fits into the memory of this machine: an estimate, and said to be one."""

import glob
import os
from pathlib import Path

from mbert_cli.errors import UserError
from mbert_cli.runs.disk import format_bytes

_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""Where a container finds how much it may use, by the second and the first version of control groups."""
_ACCELERATORS = ("/proc/driver/nvidia/gpus/*", "/dev/kfd", "/dev/accel*", "/dev/accel/*")
"""What a system has with a GPU of NVIDIA or AMD, or with a TPU."""
LIBRARY_BYTES = 1_100_000_000
"""What TensorFlow and the rest of the process take beside the model."""
_DOUBT = 0.8
_SURPLUS = 1.5
"""The factors by which an estimate may be wrong, at most."""


def machine_bytes() -> int | None:
    """Memory that this process may use: the machine's, or less in a container; None where the system does not say."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None
    for file in _LIMITS:
        try:
            written = Path(file).read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            continue
        if written.isdecimal():
            total = min(total, int(written))
    return total


def computes_on_accelerator() -> bool:
    """Whether there is a GPU or a TPU that this process may use, whose memory is not the machine's."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES", "0") in ("", "-1")
    return not hidden and any(glob.glob(pattern) for pattern in _ACCELERATORS)


def judge_memory(needed: int, batch_size: int, what: str) -> tuple[str, bool]:
    """Compares an estimate with the machine.

    Args:
        needed: The estimate in bytes, without what the process takes anyway.
        batch_size: Examples of the largest batch, for the advice.
        what: Batch and length in words.

    Returns:
        What was found, and whether there is doubt that it fits.

    Raises:
        UserError: It is far more than there is.
    """
    there = machine_bytes()
    needed += LIBRARY_BYTES
    if computes_on_accelerator():
        return (
            f"about {format_bytes(needed)} for {what} (an estimate), on an accelerator whose memory is not looked at",
            False,
        )
    if there is None:
        return f"about {format_bytes(needed)} for {what} (an estimate)", False
    words = f"about {format_bytes(needed)} for {what} (an estimate); the machine has {format_bytes(there)}"
    if needed > _SURPLUS * there:
        raise UserError(
            f"A step must fit into the memory of the machine, {format_bytes(there)}. "
            f"Received: about {format_bytes(needed)} for {what} (an estimate)",
            _advice(needed, there, batch_size),
        )
    is_doubtful = needed > _DOUBT * there
    return f"a step may not fit into memory: {words}" if is_doubtful else words, is_doubtful


def _advice(needed: int, there: int, batch_size: int) -> str:
    """A batch that fits, by the estimate; the rest of the batch comes by accumulation."""
    share = max(0.0, _DOUBT * there - LIBRARY_BYTES) / max(1, needed - LIBRARY_BYTES)
    fits = max(1, int(batch_size * share))
    smaller = 1 << (fits.bit_length() - 1)
    return (
        f"--set train.batch_size={smaller} --set train.accumulation_steps={-(-batch_size // smaller)} "
        "takes as many examples per update; shorter sequences and train.rematerialize=true need less memory, too."
    )
