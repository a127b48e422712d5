"""Runs a .tflite task model on this machine, as a phone would."""

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from mbert_cli.errors import UserError
from mbert_cli.native_output import hidden_native_output

SIGNATURE = "serving_default"
"""Name of the artifact's one signature."""

ARTIFACT_INPUTS = {"ids": "token_ids", "segment_ids": "segment_ids", "mask": "padding_mask"}
"""Names of the inputs, (1, length) int32 each, and the arrays of a task batch that they take. MediaPipe's text
classifier falls back on this order when a file has no metadata."""


class Artifact:
    """A .tflite file that `mbert export-tflite` wrote.

    Args:
        path: The file.
        threads: Threads of the interpreter.
        known_outputs: Names of the float32 outputs of each head that it may have, in the order in which they are
            read; none allows any outputs, as they are in the file.

    Attributes:
        sequence_length: Tokens of one example.

    Raises:
        UserError: There is no such file, it is not a TFLite model, or it has other inputs or outputs.
    """

    def __init__(self, path: Path, threads: int = 1, known_outputs: Collection[tuple[str, ...]] = ()) -> None:
        self.path = path
        self._interpreter = _load(path, threads)
        signature = self._interpreter.get_signature_list().get(SIGNATURE, {"inputs": [], "outputs": []})
        _check_signature(path, signature["inputs"], signature["outputs"], known_outputs)
        runner = self._interpreter.get_signature_runner(SIGNATURE)
        inputs, outputs = runner.get_input_details(), runner.get_output_details()
        self._input_indices = {name: inputs[name]["index"] for name in ARTIFACT_INPUTS}
        names = next((names for names in known_outputs if set(names) == set(outputs)), tuple(outputs))
        self._output_indices = [outputs[name]["index"] for name in names]
        self.sequence_length = int(inputs["ids"]["shape"][1])

    def predict(self, batch: Mapping[str, np.ndarray]) -> np.ndarray:
        """Runs the rows of a task batch one by one.

        Args:
            batch: token_ids, segment_ids and padding_mask, (examples, length) int32; other keys are not read.

        Returns:
            (examples, outputs) or (examples, length, outputs) float32. Where an artifact has several outputs, each
            is a column of the last axis.

        Raises:
            UserError: The rows have another length than the artifact.
        """
        count, length = batch["token_ids"].shape
        if length != self.sequence_length:
            raise UserError(
                f"The artifact {self.path} takes rows of {self.sequence_length} tokens. Received: {length}.",
                f"Encode the text to {self.sequence_length} tokens.",
            )
        outputs = []
        for row in range(count):
            self.set_row({name: batch[name][row : row + 1] for name in ARTIFACT_INPUTS.values()})
            self.run()
            outputs.append(self._read())
        return np.stack(outputs)

    def set_row(self, row: Mapping[str, np.ndarray]) -> None:
        """Copies a batch of one example, arrays (1, length), to the inputs."""
        for name, index in self._input_indices.items():
            self._interpreter.set_tensor(index, np.asarray(row[ARTIFACT_INPUTS[name]], np.int32))

    def run(self) -> None:
        """Computes the output of the inputs that were set: what a benchmark times."""
        self._interpreter.invoke()

    def _read(self) -> np.ndarray:
        """The outputs of the one row, without its batch axis."""
        parts = [self._interpreter.get_tensor(index)[0] for index in self._output_indices]
        return parts[0] if len(parts) == 1 else np.stack(parts, axis=-1)


def _check_signature(
    path: Path, inputs: list[str], outputs: list[str], known_outputs: Collection[tuple[str, ...]]
) -> None:
    known = {frozenset(names) for names in known_outputs}
    if sorted(inputs) == sorted(ARTIFACT_INPUTS) and (not known or frozenset(outputs) in known):
        return
    returned = " or ".join(" and ".join(sorted(names)) for names in sorted(known, key=sorted, reverse=True))
    raise UserError(
        f"An artifact reads {_listed(sorted(ARTIFACT_INPUTS))}{returned and f' and returns {returned}'}. "
        f"Received: {path} with {_listed(inputs)} -> {_listed(outputs)}.",
        "Write one with `mbert export-tflite`.",
    )


def _load(path: Path, threads: int) -> Interpreter:
    if not path.is_file():
        raise UserError(
            f"An artifact is a .tflite file. Received: {path}, which does not exist.",
            "Write one with `mbert export-tflite`.",
        )
    with hidden_native_output():  # the runtime announces its XNNPACK delegate
        interpreter = _load_or_none(path, threads)
    if interpreter is None:
        raise UserError(
            f"An artifact is a TFLite model of builtin operations. Received: {path}, which is not one.",
            "Write it again with `mbert export-tflite`.",
        )
    return interpreter


def _load_or_none(path: Path, threads: int) -> Interpreter | None:
    try:
        interpreter = Interpreter(model_path=str(path), num_threads=threads)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError):
        return None
    return interpreter


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "nothing"
