"""The Keras run that artifacts are compared with."""

import dataclasses
from functools import cached_property

import numpy as np

from mbert_cli.evaluate.metrics import score_name
from mbert_cli.examples.batches import real_rows
from mbert_cli.examples.options import AnyTask, ImportedTask
from mbert_cli.examples.texts import TaskData
from mbert_cli.tasks.kinds import head_of
from mbert_cli.tasks.model import TaskModel
from mbert_cli.text.batch import Batch
from mbert_cli.text.wordpiece import Tokenizer
from mbert_cli.tflite.interpreter import ARTIFACT_INPUTS, TEXT_INPUTS, Artifact
from mbert_cli.tflite.verify import AGREEMENT, VerifyReport, verify

BATCH_SIZE = 32
"""Rows of one forward pass of the Keras run."""


class Reference:
    """What every mode is compared with: the Keras run on the same examples, cut to the artifact's length.

    A run that answers about whole texts reads them in batches of similar length, which takes half of the time or less
    and changes no answer (docs/padding.md). Outputs of every token are compared in all columns, padding too, unless
    the artifact has several lengths.

    Args:
        model: The run's model, as an artifact of the length sees a task.
        options: The recipe section of the task whose validation examples are compared.
        max_examples: Most of them.
        task: The task, where it was read already.

    Attributes:
        head: The head of the model.
        outputs: What the run says of the examples.
    """

    def __init__(
        self, model: TaskModel, options: AnyTask, max_examples: int, task: TaskData | None = None
    ) -> None:
        self.head = head_of(model.description)
        self._options = options
        self._has_truth = not isinstance(options, ImportedTask)
        self._model, self._encoded = model.sample(options, max_examples, task)
        run_model = dataclasses.replace(self._model, dynamic_length=self.head.is_pooled)
        self.outputs = run_model.answer(self._encoded, BATCH_SIZE)

    @property
    def score_name(self) -> str:
        """What the score of the task is."""
        return score_name(self._encoded.judge.metrics) if self._has_truth else AGREEMENT

    @property
    def described(self) -> dict[str, object]:
        """Which examples were compared, for the report; nothing of documentation that takes their place."""
        found, source = self._encoded.described, self._encoded.source
        if found is None or source is None:
            return {}
        return {"task": source[0].name, "set": found.digest, "examples": found.examples}

    @property
    def cut(self) -> str | None:
        """How many of the examples lose their end at the artifact's length, in a sentence; None where none does."""
        return self._encoded.rows.cut

    @property
    def client(self) -> str | None:
        """The client on phones whose way of cutting texts the run takes; None for BERT's."""
        return self._model.client

    def score(self, outputs: np.ndarray) -> float:
        """The score of outputs for the examples, 0 to 1; where nobody knows the truth, how many answers agree."""
        judge = self._encoded.judge
        if self._has_truth:
            return judge.score(judge.decide(outputs)).value
        return 1 - float(np.mean(self.differ(outputs)))

    def differ(self, outputs: np.ndarray) -> np.ndarray:
        """(examples,) Whether outputs answer other than the run."""
        return self._encoded.judge.differ(self.outputs, outputs)

    def cut_as(self, client: str) -> tuple[np.ndarray, np.ndarray]:
        """What the run says where a client cuts the texts, one per row, into other tokens than the run does.

        Returns:
            The places of those rows, ascending, and outputs as `outputs`, others at these places.
        """
        assert self._encoded.source is not None
        task, examples = self._encoded.source
        model = dataclasses.replace(self._model, client=client, dynamic_length=self.head.is_pooled)
        every = np.arange(len(self.outputs))
        own, others = (
            encoded.rows.take(every, model.sequence_length)["token_ids"]
            for encoded in (self._encoded, model.encode(task, examples, self._options))
        )
        places, outputs = np.flatnonzero((own != others).any(axis=1)), self.outputs.copy()
        if places.size:
            # An example has one row, or two where each text of a pair becomes a vector, all second ones behind.
            count = len(examples)
            chosen = np.unique(places % count)
            rows = np.concatenate([chosen + start for start in range(0, len(outputs), count)])
            outputs[rows] = model.answer(model.encode(task, examples.take(chosen), self._options), BATCH_SIZE)
        return places, outputs

    def compare(self, artifact: Artifact) -> VerifyReport:
        """Runs the artifact on the same rows, those of several lengths as `lengths_of` says."""
        rows = self._rows
        outputs = artifact.predict(rows, self._lengths_of(artifact))
        expected = self.outputs
        if len(artifact.lengths) > 1 and not self.head.is_pooled:
            # What a network says of padding depends on how much padding there is, and nobody reads it.
            is_token = rows["padding_mask"].astype(bool).reshape(*outputs.shape[:2], 1)
            expected, outputs = np.where(is_token, expected, 0), np.where(is_token, outputs, 0)
        arranged, judge = self._model.arrange(outputs), self._encoded.judge
        return verify(
            expected, arranged, judge, has_truth=self._has_truth, are_vectors=self.head.pooling is not None
        )

    def examples_by_length(self, artifact: Artifact) -> dict[int, int]:
        """How many of the rows the artifact is compared on with each of its lengths."""
        lengths = self._lengths_of(artifact)
        return {length: int(np.sum(lengths == length)) for length in artifact.lengths}

    @property
    def cut_otherwise(self) -> int:
        """How many of the texts a tokenizer inside the artifact cuts into other tokens than the run's."""
        texts = [text.decode() for text in self._rows["texts"]]
        return len(Tokenizer(self._model.vocabulary).find_cut_otherwise(texts))

    @cached_property
    def _rows(self) -> Batch:
        batches = [real_rows(batch) for batch in self._model.batches(self._encoded, BATCH_SIZE).in_order()]
        names = [*ARTIFACT_INPUTS.values(), *(TEXT_INPUTS.values() if self._model.keeps_texts else ())]
        return {name: np.concatenate([batch[name] for batch in batches]) for name in names}

    def _lengths_of(self, artifact: Artifact) -> np.ndarray:
        """The length that each row is run with: the shortest that holds it.

        A length that no row needs is given every eighth of those that fit it too, so that it is compared as well.
        """
        shortest = artifact.lengths_of(self._rows["padding_mask"])
        lengths, step = shortest.copy(), max(8, len(artifact.lengths))
        for place, length in enumerate(artifact.lengths):
            if not (shortest == length).any():
                lengths[np.flatnonzero(shortest < length)[place::step]] = length
        return lengths
