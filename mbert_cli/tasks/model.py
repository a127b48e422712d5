"""A fine-tuned run or a phone artifact, behind one face: batches in, outputs out."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mbert_cli import console
from mbert_cli.backend import count_cores, length_step, load_keras
from mbert_cli.errors import UserError
from mbert_cli.evaluate.outputs import concatenate_rows
from mbert_cli.examples.batches import TaskBatches, real_rows
from mbert_cli.examples.loading import load_task
from mbert_cli.examples.options import AnyTask, ImportedTask, SquadTask
from mbert_cli.examples.sampling import thin
from mbert_cli.examples.task_columns import are_same_texts, client_of
from mbert_cli.examples.text_rows import TextRows
from mbert_cli.examples.texts import TaskData
from mbert_cli.examples.unlabelled import documentation
from mbert_cli.model.options import AS_IMPORTED, EmbeddingOptions
from mbert_cli.model.task_head import TaskHead
from mbert_cli.native_output import hidden_native_output
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.runs.artifacts import ARTIFACT, refuse_artifact_folder
from mbert_cli.runs.lineage import FINE_TUNED
from mbert_cli.runs.listing import is_search, maker_of, newest_complete, run_kind
from mbert_cli.runs.manifest import MANIFEST, verify_directory
from mbert_cli.search.results import describe_choice, read_report
from mbert_cli.shell_words import path_word
from mbert_cli.tasks.embedding import open_weights_of, refuse_embedding
from mbert_cli.tasks.kinds import head_of, kind_of, known_outputs, require_source
from mbert_cli.tasks.label_order import match_outputs
from mbert_cli.tasks.pair_segments import (
    reads_pairs,
    refuse_client_of_pairs,
    refuse_pairs_of_one_input,
    say_single_segment,
)
from mbert_cli.tasks.task_set import TaskSet, describe_set, encode_set
from mbert_cli.text.batch import Batch
from mbert_cli.text.vocabulary import Vocabulary
from mbert_cli.text.wordpiece import Tokenizer
from mbert_cli.weights.description import ModelDescription, SetDescription
from mbert_cli.weights.saved_model import RunModel, SavedModel

if TYPE_CHECKING:
    from mbert_cli.tflite.interpreter import Artifact

MANY_BATCHES = 20
"""From this many batches on, a bar shows how far the answers are."""


@dataclass(frozen=True)
class TaskModel:
    """Everything that scoring and predicting need.

    Attributes:
        path: The run directory or the artifact.
        description: Architecture, labels and task.
        vocabulary: The vocabulary of the weights.
        sequence_length: Tokens of one row.
        predict: Task batches -> outputs of their rows, float32, as the activation of the head gives them.
        dynamic_length: Whether batches may be shorter than `sequence_length`.
        columns: The model's outputs in the order in which they are given; None for all as they are.
        artifact: The .tflite file that `predict` runs; None for a run.
        client: The client on phones whose way of cutting texts it takes; None for BERT's.
        keeps_texts: Whether batches have their texts, for an artifact that has its tokenizer inside.
    """

    path: Path
    description: ModelDescription
    vocabulary: Vocabulary
    sequence_length: int
    predict: Callable[[Iterable[Batch]], np.ndarray]
    dynamic_length: bool = False
    columns: tuple[int, ...] | None = None
    artifact: "Artifact | None" = None
    client: str | None = None
    keeps_texts: bool = False

    @property
    def own_task(self) -> AnyTask:
        """The section of the task that it was fine-tuned for; raises as `require_head`."""
        return require_head(self.description, self.path)

    @property
    def output_names(self) -> list[str]:
        """Names of its outputs, in their order."""
        return self.description.output_names or []

    def with_static_length(self, sequence_length: int) -> "TaskModel":
        """The model as an artifact of that length sees the task."""
        return replace(self, sequence_length=sequence_length, dynamic_length=False)

    def with_artifact(self, artifact: "Artifact") -> "TaskModel":
        """The model as an artifact answers, each row with the shortest of its lengths that holds it."""
        return replace(
            self,
            sequence_length=artifact.sequence_length,
            predict=_predictor(artifact),
            artifact=artifact,
            keeps_texts=artifact.reads_text,
        )

    def answering(self, task: TaskData) -> "TaskModel":
        """The model with its outputs in the order of a task's labels, which are matched by name.

        Raises:
            UserError: It answers something else, or knows other labels.
        """
        columns = match_outputs(task, self.description, str(self.path))
        if self.description.embedding:
            return self
        are_in_order = columns == tuple(range(len(columns)))
        description = self.description.model_copy(update={"output_names": task.output_names})
        return replace(self, description=description, columns=None if are_in_order else columns)

    def arrange(self, outputs: np.ndarray) -> np.ndarray:
        """Outputs (..., labels) of the network or the artifact in the order in which they are given."""
        return outputs if self.columns is None else outputs[..., list(self.columns)]

    def encode(self, task: TaskData, examples: Any, options: AnyTask) -> TaskSet:
        """A set of a task, or a part of one, in rows of this model's length.

        Args:
            task: The task.
            examples: The set.
            options: The task's recipe section.

        Raises:
            UserError: The section is one of tasks of another kind, or the texts are pairs and cut as by a client that
                reads single ones.
        """
        require_source(options, self.description.kind, self.path)
        has_pairs = self.description.embedding is None and reads_pairs(task, examples)
        asks_questions = kind_of(self.description.kind).asks_questions
        refuse_client_of_pairs(self.path, self.client, has_pairs and not asks_questions)
        changes: dict[str, object] = {"sequence_length": self.sequence_length}
        if isinstance(options, SquadTask) and options.null_threshold is None:
            changes["null_threshold"] = self.description.null_threshold
        if task.kind != self.description.kind:
            # Of a pair the task knows a number, to which the cosine of two vectors is compared.
            task = replace(task, kind=self.description.kind, metrics=())
        say_single_segment(self.description.size, has_pairs)
        tokenizer = Tokenizer(self.vocabulary, self.client)
        encoded = encode_set(task, examples, options.model_copy(update=changes), tokenizer)
        if self.keeps_texts and isinstance(encoded.rows, TextRows):
            refuse_pairs_of_one_input(self.path, has_pairs)
            texts = [*examples.texts, *(examples.second_texts or [])]
            return replace(encoded, rows=encoded.rows.with_texts(texts))
        return encoded

    def sample(
        self, options: AnyTask, max_examples: int, task: TaskData | None = None
    ) -> tuple["TaskModel", TaskSet]:
        """Examples to compare the model with another one on: of the task's validation set, spread evenly.

        A model that came from elsewhere without a task gets paragraphs of the documentation inside installed
        packages, whose labels mean nothing.

        Args:
            options: The task's recipe section.
            max_examples: Most of them.
            task: The task, where it was read already.

        Returns:
            The model as it answers the task, and the examples as it sees them.

        Raises:
            UserError: The task cannot be read, or is not the model's.
        """
        if not isinstance(options, ImportedTask):
            task = task or load_task(options, "validation")
            model = self.answering(task)
            self.warn_of_other_set(options, "validation", describe_set(task, task.validation))
            examples = thin(task.validation, max_examples)
            encoded = model.encode(task, examples, options)
            return model, replace(encoded, described=describe_set(task, examples), source=(task, examples))
        console.info(
            f"{self.path} knows no data of its task; documentation of installed packages takes its place"
        )
        kind = self.description.kind
        examples = thin(kind_of(kind).unlabelled(documentation(), None), max_examples)
        task = TaskData("documentation", self.output_names, {}, kind=kind)
        return self, replace(self.encode(task, examples, options), source=(task, examples))

    def warn_of_other_set(self, options: AnyTask, split: str, found: SetDescription) -> None:
        """Says where a set of the model's own task has changed since the model was fine-tuned with it."""
        known, own = self.description.sets.get(split), self.description.task
        is_own = own is not None and are_same_texts(options, own)
        if known is not None and known != found and is_own:
            console.warning(
                f"The {split} set of {self.path} has changed since the model was fine-tuned: {found}; then {known}"
            )

    def batches(self, encoded: TaskSet, batch_size: int) -> TaskBatches:
        """The rows in batches, each as long as this model takes them."""
        return TaskBatches(encoded.rows, batch_size, dynamic_length=self.dynamic_length)

    def answer(self, encoded: TaskSet, batch_size: int) -> np.ndarray:
        """The outputs for all rows of a set, in their order; raises as `answer_batches`."""
        batches = self.batches(encoded, batch_size)
        total = batches.steps_in_order
        return batches.outputs(lambda parts: self.answer_batches(_watched(parts, total)), length_step())

    def answer_batches(self, batches: Iterable[Batch]) -> np.ndarray:
        """The outputs for the rows of task batches.

        Raises:
            UserError: Some are not finite, so that no answer follows from them.
        """
        outputs = self.arrange(self.predict(batches))
        if not np.isfinite(outputs).all():
            found = "NaN" if np.isnan(outputs).any() else "infinity"
            raise UserError(
                f"The outputs of a task model must be finite numbers. Received: {found} from {self.path}",
                "Its weights are not finite or too large: train, import or export it again.",
            )
        return outputs


def find_target(invocation: Invocation[Any]) -> Path:
    """The run or artifact that the command names, else the newest complete run with a task model.

    Raises:
        UserError: There is none, or it is named twice and differently.
    """
    named = invocation.targets[0] if invocation.targets else invocation.run
    if named is not None and invocation.run not in (None, named):
        raise UserError(
            f"--run is the same as TARGET here. Received: {named} and --run {invocation.run}",
            "Leave one of the two out.",
        )
    if named is not None:
        return Path(named)
    newest = newest_complete(invocation.root, FINE_TUNED)
    if newest is None:
        raise UserError(
            f"`mbert {invocation.verb}` needs a complete finetune run. Received: none in {invocation.root}",
            f"Make one with `{maker_of('finetune', invocation.root)}`, or name a run or a .tflite file.",
        )
    console.info(f"{newest}: the newest complete {run_kind(newest)} run")
    return newest


def open_task_model(path: Path, embedding: EmbeddingOptions = AS_IMPORTED) -> TaskModel:
    """Loads a fine-tuned run with Keras, or an artifact with the TFLite interpreter.

    Args:
        path: The run or artifact.
        embedding: What to make of a run whose texts are to become vectors.

    Raises:
        UserError: It is neither, or is damaged.
    """
    if path.suffix != ARTIFACT:
        refuse_artifact_folder(path)
        return run_task_model(open_weights_of(path, embedding))
    refuse_embedding(path, embedding)
    return _open_artifact(path)


def run_task_model(saved: RunModel) -> TaskModel:
    """The task model of a run that was opened before; Keras is loaded when it is given batches.

    Raises:
        UserError: It has no head of a task.
    """
    path = saved.path
    if is_search(path):
        console.info(describe_choice(path, read_report(path)))
    description = saved.description
    task = require_head(description, path)
    return TaskModel(
        path=path,
        description=description,
        vocabulary=saved.vocabulary,
        sequence_length=task.sequence_length,
        predict=_load_when_asked(saved, head_of(description)),
        dynamic_length=True,
        client=client_of(task),
    )


def _load_when_asked(saved: SavedModel, head: TaskHead) -> Callable[[Iterable[Batch]], np.ndarray]:
    """A run's network as a function of batches; it is loaded, and Keras with it, when there are some."""

    @cache
    def predictor() -> Callable[[Iterable[Batch]], np.ndarray]:
        with hidden_native_output():
            load_keras()
            from mbert_cli.evaluate.predict import make_predictor
            from mbert_cli.tflite.rounded_network import load_answering_network
        return make_predictor(load_answering_network(saved, head), head.activation)

    return lambda batches: predictor()(batches)  # noqa: PLW0108 - it loads when it is called


def _watched(batches: Iterable[Batch], total: int) -> Iterator[Batch]:
    """The same batches, with a bar where there are many."""
    if total < MANY_BATCHES:
        yield from batches
        return
    with console.progress(total, "batches") as progress:
        for step, batch in enumerate(batches):
            yield batch
            progress.update(step + 1)


def require_head(description: ModelDescription, path: Path) -> AnyTask:
    """The task that a run has a head for.

    Raises:
        UserError: It has none.
    """
    if description.task is None:
        raise UserError(
            f"A task model has the head of a task. Received: {path}, which has none",
            f"Give it one with `mbert finetune --source {path_word(path)}`; without one its texts can become "
            "vectors, in predict, eval and export-tflite with --pooling mean or --pooling cls.",
        )
    return description.task


def _open_artifact(path: Path) -> TaskModel:
    from mbert_cli.tasks.packed_model import READ_WITH_ARTIFACT, read_artifact_files
    from mbert_cli.tflite.interpreter import Artifact

    artifact = Artifact(path, known_outputs=known_outputs(), workers=count_cores())
    description, vocabulary = read_artifact_files(path)
    if path.with_name(MANIFEST).exists():
        verify_directory(path.parent, names={path.name, *READ_WITH_ARTIFACT})
    return TaskModel(
        path=path,
        description=description,
        vocabulary=vocabulary,
        sequence_length=artifact.sequence_length,
        predict=_predictor(artifact),
        artifact=artifact,
        client=client_of(description.task),
        keeps_texts=artifact.reads_text,
    )


def _predictor(artifact: "Artifact") -> Callable[[Iterable[Batch]], np.ndarray]:
    """An artifact as a function of batches."""
    return lambda batches: concatenate_rows([artifact.predict(real_rows(batch)) for batch in batches])
