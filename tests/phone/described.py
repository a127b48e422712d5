"""Small models of every kind of task, as values."""

from typing import Any

from mbert_cli.examples.options import (
    AnyTask,
    FileTask,
    ImportedTask,
    InstalledDocsTask,
    SquadTask,
    TokenTask,
)
from mbert_cli.model.options import SIZES
from mbert_cli.text.vocabulary import LEADING_TOKENS, Vocabulary
from mbert_cli.weights.description import EmbeddingDescription, ModelDescription, VocabularyDescription

LENGTH = 24
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
WORDS = [
    *LETTERS,
    *(f"##{letter}" for letter in LETTERS),
    *".,!?'-",
    "the",
    "cat",
    "sees",
    "##ing",
    "##s",
    "中",
    "é",
    "e",
]
VOCABULARY = Vocabulary((*LEADING_TOKENS, *dict.fromkeys(WORDS)))
SIZE = SIZES["mobilebert_laptop"].model_copy(update={"num_layers": 1})

LABELS = {
    "classification": ["calm", "angry", "tired"],
    "multi_label": ["sea", "money", "film"],
    "regression": ["value"],
    "question_answering": ["start", "end"],
    "embedding": None,
    "token_classification": ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"],
}


def task_of_kind(kind: str, **changes: Any) -> AnyTask:
    """A section of a recipe that is of the kind."""
    if kind == "question_answering":
        return SquadTask(
            source="squad", sequence_length=LENGTH, question_length=8, document_stride=5, **changes
        )
    if kind == "token_classification":
        return TokenTask(source="tokens", train="words.conll", sequence_length=LENGTH, **changes)
    if kind == "embedding":
        return ImportedTask(source="imported", sequence_length=LENGTH, **changes)
    if kind == "classification" and not changes:
        return InstalledDocsTask(source="installed_docs", sequence_length=LENGTH)
    return FileTask(source="file", kind=kind, train="texts.tsv", sequence_length=LENGTH, **changes)


def describe(
    kind: str, vocabulary: Vocabulary = VOCABULARY, names: list[str] | None = None, **changes: Any
) -> ModelDescription:
    """A model of the kind, with other names of its outputs where some are given."""
    known = VocabularyDescription(
        size=vocabulary.size, lowercase=vocabulary.lowercase, digest=vocabulary.digest
    )
    return ModelDescription(
        verb="finetune", size=SIZE, vocabulary=known, output_names=names or LABELS[kind], kind=kind,
        task=task_of_kind(kind, **changes),
        embedding=EmbeddingDescription(pooling="mean", normalize=True) if kind == "embedding" else None,
    )  # fmt: skip
