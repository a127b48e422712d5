"""What JAX and TensorFlow say of a machine becomes a sentence with a hint that works."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from mbert_cli.errors import RunError, UserError
from mbert_cli.machine_problems import machine_problem

DEVICES = (
    "JAX_PLATFORMS=cpu computes on the processor. For a GPU see that `nvidia-smi` shows it and memory that is "
    "free, and that jax[cuda13] is installed."
)
STEP = (
    "Lower train.batch_size, with train.accumulation_steps for as many examples per update, or set "
    "train.rematerialize=true, which keeps fewer activations. Other programs may hold memory, too."
)
OTHERS = "Other programs may hold memory, too."


class ForeignError(RuntimeError):
    """An error of another library, whatever it says."""


@pytest.mark.parametrize(
    ("platforms", "error", "received"),
    [
        (
            "nonsense",
            RuntimeError(
                "Unable to initialize backend 'nonsense': Backend 'nonsense' is not in the list of known backends: "
                "['cpu', 'tpu']. (set JAX_PLATFORMS='' to automatically choose an available backend)"
            ),
            "JAX_PLATFORMS=nonsense (Backend 'nonsense' is not in the list of known backends: ['cpu', 'tpu'])",
        ),
        ("cuda", AssertionError(), "JAX_PLATFORMS=cuda (no such device is there)"),
        (
            None,
            RuntimeError(
                "Unable to initialize backend 'cuda': INTERNAL: no supported devices found for platform CUDA (you may "
                "need to uninstall the failing plugin package, or set JAX_PLATFORMS=cpu to skip this backend.)"
            ),
            "what is installed here (INTERNAL: no supported devices found for platform CUDA)",
        ),
    ],
)
def test_a_device_that_cannot_begin_is_wrong_input(monkeypatch, platforms, error, received):
    def devices() -> None:
        raise error

    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setitem(sys.modules, "jax", SimpleNamespace(devices=devices))
    monkeypatch.delenv("JAX_PLATFORMS", raising=False)
    if platforms:
        monkeypatch.setenv("JAX_PLATFORMS", platforms)
    # JAX takes its own frames, and all words of an assertion, out of what comes through it.
    told = machine_problem(AssertionError())
    assert type(told) is UserError
    assert (told.message, told.hint) == (
        f"JAX must find a device that it can begin with. Received: {received}",
        DEVICES,
    )


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["distill", "books"], STEP),
        (["finetune"], STEP),
        (["-q", "eval"], f"Lower evaluate.batch_size. {OTHERS}"),
        (["predict"], f"Lower batch_size. {OTHERS}"),
        (["export-tflite"], OTHERS),
    ],
)
def test_memory_that_does_not_suffice_has_a_hint_for_the_verb(words, hint):
    told = machine_problem(RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes.\nmore"), words)
    assert type(told) is RunError
    received = "RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes"
    assert (told.message, told.hint) == (f"There must be enough memory. Received: {received}", hint)


def test_numpy_and_python_say_so_too():
    with pytest.raises(MemoryError) as raised:
        np.empty(2**60, np.uint8)
    assert machine_problem(raised.value).message.startswith(
        "There must be enough memory. Received: Unable to allocate"
    )
    assert machine_problem(MemoryError()).message == "There must be enough memory. Received: MemoryError"


def test_tensorflow_says_so_in_its_own_words():
    module = "tensorflow.python.framework.errors_impl"
    resource_exhausted = type("ResourceExhaustedError", (Exception,), {"__module__": module})
    text = "{{function_node __wrapped__Fill}} OOM when allocating tensor with shape[9,9] [Op:Fill] name: "
    told = machine_problem(resource_exhausted(text), ["train-teacher"])
    received = "OOM when allocating tensor with shape[9,9] [Op:Fill] name:"
    assert (told.message, told.hint) == (f"There must be enough memory. Received: {received}", STEP)


def test_what_xla_repeats_is_left_out():
    repeated = "INTERNAL: " + 30 * "Error dispatching computation: "
    told = machine_problem(RuntimeError(f"{repeated}Out of memory allocating {'9' * 300} bytes."))
    assert told.message == f"There must be enough memory. Received: Out of memory allocating {'9' * 175}..."


@pytest.mark.parametrize(
    ("backend", "variable"), [("jax", "JAX_PLATFORMS=cpu"), ("", "CUDA_VISIBLE_DEVICES=-1")]
)
def test_a_gpu_that_fails_at_work_is_told_with_a_way_around_it(monkeypatch, backend, variable):
    monkeypatch.setenv("KERAS_BACKEND", backend)
    told = machine_problem(RuntimeError("INTERNAL: CUDA_ERROR_ILLEGAL_ADDRESS: an illegal address\nat 0x1"))
    assert type(told) is RunError
    assert told.message == (
        "The GPU must be able to compute. Received: INTERNAL: CUDA_ERROR_ILLEGAL_ADDRESS: an illegal address"
    )
    assert told.hint.endswith(f"{variable} computes on the processor.")


@pytest.mark.parametrize(
    "error",
    [
        ValueError("unexpected"),
        AssertionError(),
        ForeignError("RESOURCE_EXHAUSTED: of a quota"),
        RuntimeError("RESOURCE_EXHAUSTED: No space left on device"),
        UserError("The rule."),
    ],
)
def test_whatever_else_goes_wrong_is_not_the_machine(error):
    assert machine_problem(error) is None
