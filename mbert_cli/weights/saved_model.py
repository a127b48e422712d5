"""A model on disk, opened once: its description at once, its weights and its vocabulary when they are asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from mbert_cli.errors import UserError
from mbert_cli.runs.complete import Run
from mbert_cli.runs.listing import WEIGHTS
from mbert_cli.text.vocabulary import Vocabulary
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_files import load_run_vocabulary
from mbert_cli.weights.store import load_weights


@dataclass(frozen=True)
class SavedModel:
    """The result of a run, or what lies beside an artifact.

    Attributes:
        path: What a person calls it: the run's directory, or the artifact.
        folder: Where its files lie.
        description: Architecture, vocabulary and task.
    """

    path: Path
    folder: Path
    description: ModelDescription

    @cached_property
    def weights(self) -> Mapping[str, np.ndarray]:
        """Arrays by canonical name, mapped into memory; raises as `load_weights`."""
        return load_weights(self.folder / WEIGHTS)

    @property
    def heads(self) -> set[str]:
        """Names of the heads that its weights have, without the pooler."""
        return {name.split("/")[0] for name in self.weights} - {"encoder", "pooler"}

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The vocabulary beside the weights; raises as `load_run_vocabulary`."""
        return load_run_vocabulary(self.folder, self.description)


def require_masked_language_model(model: SavedModel, ways: str = "") -> None:
    """Checks that what a model says of masked words can be learned.

    Args:
        model: The model.
        ways: What does without, for the hint.

    Raises:
        UserError: It has no head for masked words.
    """
    if "masked_language_model" not in model.heads:
        raise UserError(
            "A teacher whose predictions of masked words are learned must have a head for them. "
            f"Received: {model.path} with {', '.join(sorted(model.heads)) or 'no head'}",
            f"{ways}Or import the checkpoint that it was before fine-tuning, saved with its masked-LM head."
            if ways
            else "Import the checkpoint that it was before fine-tuning, saved with its masked-LM head.",
        )


def require_own_states(model: SavedModel, purpose: str) -> None:
    """Checks that the hidden states of a model are what it learned.

    Args:
        model: The model.
        purpose: What they are wanted for, which begins the message.

    Raises:
        UserError: It was fine-tuned with quantize, whose network keeps them divided by factors of its norms.
    """
    if model.description.size.is_folded:
        raise UserError(
            f"{purpose} what a model's norms give. Received: {model.path}, which was fine-tuned with quantize and "
            "keeps its hidden states divided by factors of its norms",
            "Name the run that it was fine-tuned from.",
        )


@dataclass(frozen=True)
class RunModel(SavedModel):
    """The result of a complete run.

    Attributes:
        run: The run.
    """

    run: Run

    @classmethod
    def open(cls, path: Path, kinds: Sequence[str]) -> "RunModel":
        """Opens a run of one of these kinds, whose files are compared with their hashes.

        Raises:
            UserError: As `Run.open`, or the run has no description of a model.
        """
        return cls.of(Run.open(path, kinds))

    @classmethod
    def of(cls, run: Run) -> "RunModel":
        """The model of a run that was opened before; raises as `open`."""
        return cls(run.path, run.final, ModelDescription.load(run.final), run)


@dataclass(frozen=True)
class EncoderModel(RunModel):
    """The result of a complete run without its heads, which nothing reads where texts become vectors."""

    @cached_property
    def weights(self) -> Mapping[str, np.ndarray]:
        """Arrays of the encoder by canonical name."""
        arrays = load_weights(self.folder / WEIGHTS)
        return {name: array for name, array in arrays.items() if name.startswith("encoder/")}
