"""Errors of JAX and TensorFlow that are about the machine, as sentences: a GPU that cannot begin, memory that ends.

They have no classes of their own: JAX's come as RuntimeError, and both libraries write the reason into the text.
"""

import os
import re
import sys
from collections.abc import Sequence

from mbert_cli.backend import backend_name
from mbert_cli.errors import RunError, UserError

_PLATFORMS = "JAX_PLATFORMS"
_LIBRARIES = ("jax", "jaxlib", "tensorflow", "numpy", "keras", "builtins")
"""Where the classes of such errors come from."""

_MEMORY = re.compile(
    r"RESOURCE_EXHAUSTED|(?i:out of memory|out_of_memory)|OOM when allocating|Unable to allocate"
)
_GPU = re.compile(r"CUDA_ERROR_|CUDNN_STATUS|CUBLAS_STATUS|cuInit|DNN library|CUDA error|cudaGet|cudaSet")
_DISK = "No space left"
_AROUND = re.compile(
    r"^(?:Unable to initialize backend '[^']*': )+|\s*\((?:set JAX_PLATFORMS=''|you may need to)[^)]*\)$"
)
"""What JAX puts around a reason, with advice of its own."""

_LONGEST_REASON = 200

_SMALLER_STEP = (
    "Lower train.batch_size, with train.accumulation_steps for as many examples per update, or set "
    "train.rematerialize=true, which keeps fewer activations."
)
_SMALLER = {
    "train-teacher": _SMALLER_STEP,
    "distill": _SMALLER_STEP,
    "finetune": _SMALLER_STEP,
    "eval": "Lower evaluate.batch_size.",
    "predict": "Lower batch_size.",
    "augment": "Lower augment.batch_size.",
    "prepare": "Lower store.workers.",
}
"""What needs less memory, by the verb that was typed."""


def machine_problem(error: BaseException, words: Sequence[str] = ()) -> UserError | None:
    """What an error says of the machine; None for any other error, which is a bug.

    Args:
        error: What a library raised.
        words: The words of the command line behind `mbert`.
    """
    if isinstance(error, UserError) or type(error).__module__.partition(".")[0] not in _LIBRARIES:
        return None
    refusal = _refusal_of_jax() if isinstance(error, RuntimeError | AssertionError) else None
    if refusal is not None:
        return _without_device(refusal)
    text = str(error).strip() or type(error).__name__
    of_memory = _MEMORY.search(text)
    if isinstance(error, MemoryError) or (of_memory and _DISK not in text):
        reason = _shortened(text[of_memory.start() :] if of_memory else text)
        return RunError(f"There must be enough memory. Received: {reason}", _with_less(words))
    if _GPU.search(text):
        return RunError(f"The GPU must be able to compute. Received: {_shortened(text)}", _on_processor())
    return None


def _refusal_of_jax() -> Exception | None:
    """What JAX raises where it has no device to begin with; it takes the place from errors that come through it."""
    jax = sys.modules.get("jax")
    if jax is None or backend_name() != "jax":
        return None
    try:
        jax.devices()
    except (RuntimeError, AssertionError) as refusal:
        return refusal
    return None


def _without_device(error: BaseException) -> UserError:
    asked = os.environ.get(_PLATFORMS)
    reason = _AROUND.sub("", str(error).strip()).partition("\n")[0].rstrip(".") or "no such device is there"
    named = f"{_PLATFORMS}={asked}" if asked else "what is installed here"
    return UserError(
        f"JAX must find a device that it can begin with. Received: {named} ({reason})",
        f"{_PLATFORMS}=cpu computes on the processor. For a GPU see that `nvidia-smi` shows it and memory that is "
        "free, and that jax[cuda13] is installed.",
    )


def _with_less(words: Sequence[str]) -> str:
    smaller = next((_SMALLER[word] for word in words if word in _SMALLER), "")
    return f"{smaller} Other programs may hold memory, too.".strip()


def _on_processor() -> str:
    variable = f"{_PLATFORMS}=cpu" if backend_name() == "jax" else "CUDA_VISIBLE_DEVICES=-1"
    return (
        f"See that `nvidia-smi` shows the GPU with memory that is free, and that the driver is new enough for the "
        f"installed CUDA libraries; {variable} computes on the processor."
    )


def _shortened(text: str) -> str:
    """The first line, or its beginning: XLA repeats what it says for every operation that waited."""
    line = text.splitlines()[0]
    return line.rstrip(".") if len(line) <= _LONGEST_REASON else f"{line[:_LONGEST_REASON]}..."
