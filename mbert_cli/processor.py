"""What the processor of this machine can do, by the names that Linux gives it."""

from functools import cache
from pathlib import Path

_BFLOAT16 = ("amx_bf16", "avx512_bf16")
"""Flags of instructions that multiply bfloat16, the fastest first."""


def multiplies_bfloat16() -> bool:
    """Whether the processor has instructions that multiply bfloat16 numbers and add up in float32."""
    return bool(bfloat16_instructions())


@cache
def bfloat16_instructions(path: Path = Path("/proc/cpuinfo")) -> str | None:
    """The fastest of those instructions, `amx_bf16` or `avx512_bf16`; "" without any, None where nothing is known.

    Args:
        path: Where Linux describes the processor.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # not Linux
        return None
    flags = next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), None)
    return None if flags is None else next((name for name in _BFLOAT16 if name in flags), "")
