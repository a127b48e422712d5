"""What a saved model is: `model.json` beside its weights, so that any command can build it again."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, Field

from mbert_cli.errors import UserError
from mbert_cli.examples.options import AnyTask
from mbert_cli.figures import counted
from mbert_cli.json_text import read_json
from mbert_cli.model.options import Architecture, Pooling
from mbert_cli.section import Section

DESCRIPTION_FILE = "model.json"
UNRECORDED_SET = "a set that was not recorded"
"""What stands where a set would be named."""


class VocabularyDescription(Section):
    """Which vocabulary the embedding table belongs to."""

    size: int
    """Tokens."""
    lowercase: bool
    """Whether text is lower-cased and stripped of accents."""
    digest: str
    """sha256 of the tokens joined by newlines, and of how some are matched."""
    matched: int = 0
    """Tokens that are matched in a text before words are cut; matched_tokens.json beside the vocabulary says how."""


class SetDescription(Section):
    """Which examples a score is of."""

    digest: str
    """A hash of texts and right answers, as `mbert_cli.examples.set_digest` makes it."""
    examples: int
    """How many there are."""

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> "SetDescription | None":
        """The set that a record of figures names under `set` and `examples`; None where it names none."""
        digest, examples = record.get("set"), record.get("examples")
        if not isinstance(digest, str) or not isinstance(examples, int):
            return None
        return cls(digest=digest, examples=examples)

    def __str__(self) -> str:
        return f"{counted(self.examples, 'example')} (set {self.short})"

    @property
    def short(self) -> str:
        """The beginning of the digest, which is enough for people."""
        return self.digest[:8]


class EmbeddingDescription(Section):
    """How the hidden states of a text become its vector."""

    pooling: Pooling
    """The mean over its tokens, or the state of [CLS]."""
    normalize: bool = False
    """Whether the vector is divided by its length."""

    def __str__(self) -> str:
        what = "the mean over the tokens" if self.pooling == "mean" else "the state of [CLS]"
        return f"{what}, {'of length 1' if self.normalize else 'not normalized'}"


class ModelDescription(Section):
    """The architecture, the vocabulary and the task of saved weights."""

    verb: str
    """The kind of run that made it: train-teacher, distill, distill-task, finetune or import."""
    size: Architecture
    """The encoder's architecture."""
    vocabulary: VocabularyDescription
    """Its vocabulary."""
    output_names: list[str] | None = Field(
        default=None, validation_alias=AliasChoices("output_names", "labels"), serialization_alias="labels"
    )
    """Names of the outputs of a task model, in their order: its labels; for a regression its number, for answers
    their start and end. The file calls them labels, as other programs that read it expect."""
    kind: str = "classification"
    """What its task asks for, one of `TaskKind`."""
    embedding: EmbeddingDescription | None = None
    """For vectors: what they are made of."""
    null_threshold: float | None = None
    """For answers to questions: "no answer" wins where it leads by more than this."""
    task: AnyTask | None = None
    """The task it was fine-tuned for."""
    sets: dict[str, SetDescription] = {}
    """The sets of the task as it was fine-tuned on them and chosen by them."""

    def save(self, directory: Path) -> None:
        """Writes `model.json` into the directory."""
        (directory / DESCRIPTION_FILE).write_text(self.as_json(), encoding="utf-8")

    def as_json(self) -> str:
        """The content of `model.json`."""
        return self.model_dump_json(indent=2, by_alias=True) + "\n"

    @classmethod
    def load(cls, directory: Path) -> "ModelDescription":
        """Reads `model.json` of the directory.

        Raises:
            UserError: There is none, or it is not what `save` wrote.
        """
        path = directory / DESCRIPTION_FILE
        try:
            return cls.model_validate(read_json(path))
        except (OSError, ValueError) as error:
            raise UserError(
                f"A saved model has a readable {DESCRIPTION_FILE}. Received: {path}",
                "The folder is not a complete run; `mbert runs` lists those that are.",
            ) from error
