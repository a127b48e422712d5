"""Runs a .tflite task model on this machine, as a phone would."""

import re
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from mbert_cli.errors import UserError
from mbert_cli.native_output import hidden_native_output
from mbert_cli.tflite.text_runtime import has_tokenizer, interpreter_with_tokenizer

SIGNATURE = "serving_default"
"""Name of the one signature of an artifact of one length."""

ARTIFACT_INPUTS = {"ids": "token_ids", "segment_ids": "segment_ids", "mask": "padding_mask"}
"""Names of the inputs, (1, length) int32 each, and the arrays of a task batch that they take. MediaPipe's text
classifier falls back on this order when a file has no metadata."""

TEXT_INPUTS = {"text": "texts"}
"""The same for an artifact that has its tokenizer inside: (1,) string in UTF-8."""

INSIDE = "tokenizer/"
"""Begins the names of the tensors of a tokenizer inside, whose `ids` are those of the network."""

LENGTH_SIGNATURE = "length_{}"
"""Name of the signature for texts of a length, in tokens, of an artifact of several lengths."""

MANY_ROWS = 16
"""Fewer rows are run before another interpreter is open."""

_LENGTH_KEY = re.compile(LENGTH_SIGNATURE.format(r"\d+"))


@dataclass(frozen=True)
class Steps:
    """What the integers of an output stand for.

    Attributes:
        scale: How far two of them are apart; 0 where the output is float.
        zero: The one that stands for 0.
    """

    scale: float
    zero: int

    def values(self, output: np.ndarray) -> np.ndarray:
        """An output as float32."""
        return output if not self.scale else np.float32(self.scale) * (output.astype(np.float32) - self.zero)


@dataclass(frozen=True)
class Signature:
    """One way to run an artifact.

    Attributes:
        key: Its name in the file.
        length: Tokens of the rows that it runs.
        inputs: Names of its inputs, and the arrays of a task batch that they take.
        run: Its inputs by name -> its outputs by name.
        outputs: Their names, in the order in which they are read.
        shapes: Their shapes, in the same order.
        steps: What their integers stand for, likewise.
    """

    key: str
    length: int
    inputs: Mapping[str, str]
    run: Callable[..., dict[str, np.ndarray]]
    outputs: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    steps: tuple[Steps, ...] = ()


class Artifact:
    """A .tflite file that `mbert export-tflite` wrote, for texts of one length or of several.

    Each row is run with the shortest length that holds it.

    Args:
        path: The file.
        threads: Threads of the interpreter.
        known_outputs: Names of the outputs of each head that it may have, in the order in which they are
            read; none allows any outputs, as they are in the file.
        workers: Most interpreters among which `predict` shares out many rows. Two of one thread each run twice as many
            rows as one, and more than one of two threads, since operations on a single row are short.

    Attributes:
        signatures: Ways to run it, shortest first.

    Raises:
        UserError: There is no such file, it is not a TFLite model, or it has other inputs or outputs.
    """

    def __init__(
        self,
        path: Path,
        threads: int = 1,
        known_outputs: Collection[tuple[str, ...]] = (),
        workers: int = 1,
    ) -> None:
        self.path = path
        self._open_another = partial(Artifact, path, threads, known_outputs)
        self._workers, self._others = workers, list[Artifact]()
        interpreter = _load(path, threads)
        signatures = [
            _signature(interpreter, key, known_outputs) for key in _keys(path, interpreter, known_outputs)
        ]
        self.signatures = sorted(signatures, key=lambda signature: signature.length)
        self.longest = self.signatures[-1].length
        self._used = self.signatures[-1]
        self._row: dict[str, np.ndarray] = {}

    @property
    def lengths(self) -> tuple[int, ...]:
        """Tokens of the texts that it has signatures for, ascending."""
        return tuple(signature.length for signature in self.signatures)

    @property
    def sequence_length(self) -> int:
        """Tokens of the longest text."""
        return self.lengths[-1]

    @property
    def reads_text(self) -> bool:
        """Whether it has its tokenizer inside, and batches must have their `texts`."""
        return self.signatures[0].inputs is TEXT_INPUTS

    def at(self, length: int) -> "Artifact":
        """The artifact with one of its `lengths` alone."""
        alone = copy(self)
        alone.signatures = [self.signatures[self.lengths.index(length)]]
        return alone

    def predict(self, batch: Mapping[str, np.ndarray], lengths: np.ndarray | None = None) -> np.ndarray:
        """Runs the rows of a task batch one by one, many of them by several interpreters at once.

        Args:
            batch: token_ids, segment_ids and padding_mask, (examples, length) int32, or texts, (examples,) bytes;
                other keys are not read.
            lengths: (examples,) The one of the `lengths` that each row is run with; None takes `lengths_of`.

        Returns:
            (examples, outputs) or (examples, length, outputs) float32. Where an artifact has several outputs, each
            is a column of the last axis. Those of padding beyond the length that a row was run with are 0.

        Raises:
            UserError: The rows have another length than the longest of the artifact.
        """
        count, length = batch["token_ids"].shape
        if length != self.sequence_length:
            raise UserError(
                f"The artifact {self.path} takes rows of {self.sequence_length} tokens. Received: {length}",
                f"Encode the text to {self.sequence_length} tokens.",
            )
        lengths = self.lengths_of(batch["padding_mask"]) if lengths is None else lengths
        arrays = self.signatures[0].inputs.values()
        workers = [self] if count < MANY_ROWS else self._all_workers()
        idle = SimpleQueue[Artifact]()
        for worker in workers:
            idle.put(worker)

        def answer(row: int) -> np.ndarray:
            worker = idle.get()
            try:
                worker.set_row({name: batch[name][row : row + 1] for name in arrays}, lengths[row])
                return self._widened(worker.run(), lengths[row])
            finally:
                idle.put(worker)

        if len(workers) == 1:
            return np.stack([answer(row) for row in range(count)])
        with ThreadPoolExecutor(len(workers)) as pool:
            return np.stack(list(pool.map(answer, range(count))))

    def _all_workers(self) -> list["Artifact"]:
        """This one, and the others that rows are shared out to, which are opened when they are needed first."""
        while len(self._others) < self._workers - 1:
            self._others.append(self._open_another())
        return [self, *self._others]

    def lengths_of(self, padding_mask: np.ndarray) -> np.ndarray:
        """The shortest length that holds each row: one more than its tokens, or the longest there is.

        The embedding of MobileBERT reads the next token, so the last one has its padding behind it as it had when
        the network was trained.

        Args:
            padding_mask: (examples, length), 1 for tokens and 0 for the padding behind them.

        Returns:
            (examples,) tokens.
        """
        lengths = np.array(self.lengths)
        places = np.searchsorted(lengths, padding_mask.sum(axis=1), side="right")
        found: np.ndarray = lengths[np.minimum(places, len(lengths) - 1)]
        return found

    def set_row(self, row: Mapping[str, np.ndarray], length: int) -> None:
        """Takes a batch of one example, arrays (1, length) or (1,), and the one of the `lengths` to `run` it with."""
        self._used = self.signatures[self.lengths.index(length)]
        if self.reads_text:
            self._row = {name: row[array].astype(object) for name, array in TEXT_INPUTS.items()}
            return
        self._row = {
            name: np.ascontiguousarray(row[array][:, :length], np.int32)
            for name, array in ARTIFACT_INPUTS.items()
        }

    def run(self) -> np.ndarray:
        """The outputs of the row that was set, without its batch axis: what a benchmark times."""
        found = self._used.run(**self._row)
        steps = zip(self._used.outputs, self._used.steps, strict=True)
        parts = [step.values(found[name][0]) for name, step in steps]
        return np.asarray(parts[0] if len(parts) == 1 else np.stack(parts, axis=-1))

    def _widened(self, outputs: np.ndarray, length: int) -> np.ndarray:
        """Outputs of one of the `lengths` in the shape that the longest gives: zeros stand for missing tokens."""
        if self.signatures[self.lengths.index(length)].shapes == self.signatures[-1].shapes:
            return outputs
        missing = self.sequence_length - length
        return np.pad(outputs, [(0, missing), *[(0, 0)] * (outputs.ndim - 1)])


@contextmanager
def opened_content(
    content: bytes, threads: int = 1, known_outputs: Collection[tuple[str, ...]] = (), workers: int = 1
) -> Iterator[Artifact]:
    """Opens an artifact that has no name yet, in a scratch folder; arguments and errors are those of `Artifact`."""
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / "model.tflite"
        path.write_bytes(content)
        yield Artifact(path, threads, known_outputs, workers)


def _keys(path: Path, interpreter: Interpreter, known_outputs: Collection[tuple[str, ...]]) -> list[str]:
    """Names of the signatures of an artifact, each checked."""
    found = interpreter.get_signature_list()
    keys = [key for key in found if _LENGTH_KEY.fullmatch(key)] or [SIGNATURE]
    for key in keys:
        entry = found.get(key, {"inputs": [], "outputs": []})
        _check_signature(path, entry["inputs"], entry["outputs"], known_outputs)
    return keys


def _signature(interpreter: Interpreter, key: str, known_outputs: Collection[tuple[str, ...]]) -> Signature:
    runner = interpreter.get_signature_runner(key)
    outputs = runner.get_output_details()
    names = next((names for names in known_outputs if set(names) == set(outputs)), tuple(outputs))
    shapes = tuple(tuple(map(int, outputs[name]["shape"])) for name in names)
    steps = tuple(Steps(*outputs[name]["quantization"]) for name in names)
    inputs = runner.get_input_details()
    if "ids" in inputs:
        return Signature(key, int(inputs["ids"]["shape"][1]), ARTIFACT_INPUTS, runner, names, shapes, steps)
    ids = next(one for one in interpreter.get_tensor_details() if one["name"] == f"{INSIDE}ids")
    return Signature(key, int(ids["shape"][1]), TEXT_INPUTS, runner, names, shapes, steps)


def _check_signature(
    path: Path, inputs: list[str], outputs: list[str], known_outputs: Collection[tuple[str, ...]]
) -> None:
    known = {frozenset(names) for names in known_outputs}
    is_known = set(inputs) in (set(ARTIFACT_INPUTS), set(TEXT_INPUTS))
    if is_known and (not known or frozenset(outputs) in known):
        return
    returned = " or ".join(" and ".join(sorted(names)) for names in sorted(known, key=sorted, reverse=True))
    raise UserError(
        f"An artifact reads {_listed(sorted(ARTIFACT_INPUTS))}{returned and f' and returns {returned}'}. "
        f"Received: {path} with {_listed(inputs)} -> {_listed(outputs)}",
        "Write one with `mbert export-tflite`.",
    )


def _load(path: Path, threads: int) -> Interpreter:
    if not path.is_file():
        what = "a folder" if path.is_dir() else "which does not exist"
        raise UserError(
            f"An artifact is a .tflite file. Received: {path}, {what}",
            "Write one with `mbert export-tflite`.",
        )
    with hidden_native_output():  # the runtime announces its XNNPACK delegate
        interpreter = _load_or_none(path, threads)
    if interpreter is None:
        raise UserError(
            f"An artifact is a TFLite model of builtin operations. Received: {path}, which is not one",
            "Write it again with `mbert export-tflite`.",
        )
    return interpreter


def _load_or_none(path: Path, threads: int) -> Interpreter | None:
    for load in (_load_plain, interpreter_with_tokenizer):
        try:
            interpreter = load(path, threads)
            interpreter.allocate_tensors()
            return interpreter
        except (ValueError, RuntimeError):
            if not has_tokenizer(path):
                return None
    return None


def _load_plain(path: Path, threads: int) -> Interpreter:
    return Interpreter(model_path=str(path), num_threads=threads)


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "nothing"


def keep_tensors(content: bytes, threads: int = 1) -> Interpreter:
    """An interpreter that keeps every tensor it computes, ready to run.

    Args:
        content: A .tflite file.
        threads: Its threads.
    """
    with hidden_native_output(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns that all tensors are kept, which is what is wanted here
        interpreter = Interpreter(
            model_content=content, num_threads=threads, experimental_preserve_all_tensors=True
        )
        interpreter.allocate_tensors()
    return interpreter
