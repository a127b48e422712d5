"""A fine-tuned run or a phone artifact, behind one face: batches in, probabilities out."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mbert_cli import console
from mbert_cli.commands.invocation import Invocation
from mbert_cli.data.batch import Batch
from mbert_cli.data.examples import Examples
from mbert_cli.data.task_batches import TaskBatches
from mbert_cli.data.vocabulary import Vocabulary
from mbert_cli.data.wordpiece import Tokenizer
from mbert_cli.errors import UserError
from mbert_cli.evaluate.outputs import OUTPUT_KINDS, OutputKind
from mbert_cli.train.manifest import MANIFEST, verify_directory
from mbert_cli.train.run_dir import newest_complete, require_run
from mbert_cli.weights.description import FILE as DESCRIPTION
from mbert_cli.weights.description import ModelDescription

ARTIFACT = ".tflite"


@dataclass(frozen=True)
class TaskModel:
    """Everything that scoring and predicting need.

    Attributes:
        path: The run directory or the artifact.
        description: Architecture, labels and task.
        vocabulary: The vocabulary that lies beside the weights.
        sequence_length: Tokens of one example.
        predict: Task batches -> (examples, labels) float32: probabilities, or the number of a regression.
        dynamic_length: Whether batches may be shorter than `sequence_length`.
    """

    path: Path
    description: ModelDescription
    vocabulary: Vocabulary
    sequence_length: int
    predict: Callable[[Iterable[Batch]], np.ndarray]
    dynamic_length: bool = False

    @property
    def kind(self) -> OutputKind:
        """What its outputs mean."""
        return OUTPUT_KINDS[self.description.kind]

    def batches(self, examples: Examples, batch_size: int) -> TaskBatches:
        """The examples in batches of this model's length."""
        task = self.description.task.model_copy(update={"sequence_length": self.sequence_length})
        tokenizer = Tokenizer(self.vocabulary)
        return TaskBatches(examples, tokenizer, task, batch_size, seed=0, dynamic_length=self.dynamic_length)


def find_target(invocation: Invocation) -> Path:
    """The run or artifact that the command names, else the newest complete `finetune` run.

    Raises:
        UserError: There is none.
    """
    if invocation.targets or invocation.run:
        return Path(invocation.targets[0] if invocation.targets else invocation.run)
    newest = newest_complete(invocation.root, ("finetune",))
    if newest is None:
        raise UserError(
            f"`mbert {invocation.verb}` needs a complete finetune run. Received: none in {invocation.root}.",
            "Make one with `mbert finetune`, or name a run or a .tflite file.",
        )
    console.info(f"{newest}: the newest complete finetune run")
    return newest


def open_task_model(path: Path) -> TaskModel:
    """Loads a fine-tuned run with Keras, or an artifact with the TFLite interpreter.

    Raises:
        UserError: It is neither, or is damaged.
    """
    return _open_artifact(path) if path.suffix == ARTIFACT else _open_run(path)


def say_what_is_cut(batches: TaskBatches) -> None:
    """Says how many examples do not fit a row, if any."""
    if batches.num_cut:
        console.info(
            f"{batches.num_cut:,} of {len(batches.examples):,} examples are longer than "
            f"{batches.sequence_length} tokens and lose their end"
        )


def _open_run(path: Path) -> TaskModel:
    from mbert_cli.commands.saved_model import load_classifier_network, load_run_vocabulary
    from mbert_cli.evaluate.predict import predict_outputs

    final = require_run(path, ("finetune",)).final
    description = ModelDescription.load(final)
    network = load_classifier_network(final)
    return TaskModel(
        path=path,
        description=description,
        vocabulary=load_run_vocabulary(final, description),
        sequence_length=description.task.sequence_length,
        predict=lambda batches: predict_outputs(network, batches, description.kind),
        dynamic_length=True,
    )


def _open_artifact(path: Path) -> TaskModel:
    from mbert_cli.commands.saved_model import VOCABULARY, load_run_vocabulary
    from mbert_cli.tflite.interpreter import Artifact

    artifact = Artifact(path)
    folder = path.parent
    missing = [name for name in (DESCRIPTION, VOCABULARY) if not (folder / name).is_file()]
    if missing:
        raise UserError(
            f"An artifact is read together with the files that were exported with it, {DESCRIPTION} and "
            f"{VOCABULARY}. Received: {path} without {' and '.join(missing)} beside it.",
            "Copy the whole folder export/MODE, or export it again with `mbert export-tflite`.",
        )
    if (folder / MANIFEST).exists():
        verify_directory(folder)
    description = ModelDescription.load(folder)
    return TaskModel(
        path=path,
        description=description,
        vocabulary=load_run_vocabulary(folder, description),
        sequence_length=artifact.sequence_length,
        predict=lambda batches: np.concatenate([_real_rows(artifact, batch) for batch in batches]),
    )


def _real_rows(artifact, batch: Batch) -> np.ndarray:
    real = batch["example_weights"] > 0
    return artifact.predict({name: values[real] for name, values in batch.items()})
