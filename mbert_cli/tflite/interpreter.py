"""Runs a .tflite task model on this machine, as a phone would."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from mbert_cli.errors import UserError
from mbert_cli.native_output import hidden_native_output

SIGNATURE = "serving_default"
"""Name of the artifact's one signature."""

INPUTS = {"ids": "token_ids", "segment_ids": "segment_ids", "mask": "padding_mask"}
"""Names of the inputs, (1, length) int32 each, and the arrays of a task batch that they take. MediaPipe's text
classifier falls back on this order when a file has no metadata."""

OUTPUTS = {"classification": "probabilities", "regression": "value"}
"""Name of the output, (1, labels) float32, by the kind of the task."""


class Artifact:
    """A .tflite file that `mbert export-tflite` wrote.

    Args:
        path: The file.
        threads: Threads of the interpreter.

    Attributes:
        sequence_length: Tokens of one example.
        num_labels: Labels that it tells apart.

    Raises:
        UserError: There is no such file, it is not a TFLite model, or it has other inputs.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        self.path = path
        self._interpreter = _load(path, threads)
        signature = self._interpreter.get_signature_list().get(SIGNATURE, {"inputs": [], "outputs": []})
        names = signature["inputs"], signature["outputs"]
        if sorted(names[0]) != sorted(INPUTS) or names[1] not in [[name] for name in OUTPUTS.values()]:
            received = f"{_listed(names[0])} -> {_listed(names[1])}"
            raise UserError(
                f"An artifact reads {_listed(sorted(INPUTS))} and returns {' or '.join(OUTPUTS.values())}. Received: {path} "
                f"with {received}.",
                "Write one with `mbert export-tflite`.",
            )
        runner = self._interpreter.get_signature_runner(SIGNATURE)
        inputs, output = runner.get_input_details(), runner.get_output_details()[names[1][0]]
        self._input_indices = {name: inputs[name]["index"] for name in INPUTS}
        self._output_index = output["index"]
        self.sequence_length = int(inputs["ids"]["shape"][1])
        self.num_labels = int(output["shape"][1])

    def predict(self, batch: Mapping[str, np.ndarray]) -> np.ndarray:
        """Runs the rows of a task batch one by one.

        Args:
            batch: token_ids, segment_ids and padding_mask, (examples, length) int32; other keys are not read.

        Returns:
            (examples, labels) float32: probabilities of the labels, or the number of a regression.

        Raises:
            UserError: The rows have another length than the artifact.
        """
        count, length = batch["token_ids"].shape
        if length != self.sequence_length:
            raise UserError(
                f"The artifact {self.path} takes rows of {self.sequence_length} tokens. Received: {length}.",
                f"Encode the text to {self.sequence_length} tokens.",
            )
        outputs = np.empty((count, self.num_labels), np.float32)
        for row in range(count):
            self.set_row({name: values[row : row + 1] for name, values in batch.items()})
            self.run()
            outputs[row] = self._interpreter.get_tensor(self._output_index)[0]
        return outputs

    def set_row(self, row: Mapping[str, np.ndarray]) -> None:
        """Copies a batch of one example, arrays (1, length), to the inputs."""
        for name, index in self._input_indices.items():
            self._interpreter.set_tensor(index, np.asarray(row[INPUTS[name]], np.int32))

    def run(self) -> None:
        """Computes the output of the inputs that were set: what a benchmark times."""
        self._interpreter.invoke()


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
