"""Models whose texts become vectors: imported as such, or any encoder where a recipe says how to pool."""

from dataclasses import replace
from pathlib import Path
from typing import cast, get_args

from mbert_cli import console
from mbert_cli.errors import UserError
from mbert_cli.examples.options import ImportedTask
from mbert_cli.examples.task_columns import client_of
from mbert_cli.examples.texts import TaskData
from mbert_cli.model.options import AS_IMPORTED, EmbeddingOptions, Pooling
from mbert_cli.runs.lineage import WITH_WEIGHTS
from mbert_cli.text.vocabulary import Vocabulary
from mbert_cli.weights.checkpoint_source import Imported
from mbert_cli.weights.description import EmbeddingDescription, ModelDescription
from mbert_cli.weights.saved_model import EncoderModel, RunModel, require_own_states
from mbert_cli.weights.sentence_transformers import MODULES, SETTINGS, SentenceModel, read_sentence_model

USUAL_LENGTH = 128
"""Tokens of a text for an encoder that never read texts of a task."""


def open_weights_of(path: Path, options: EmbeddingOptions = AS_IMPORTED) -> RunModel:
    """Opens a run with weights; one whose texts become vectors as the encoder alone, without any head that it has.

    Args:
        path: The run.
        options: The section of the recipe.

    Raises:
        UserError: As `RunModel.open` and `require_own_states`, or vectors are to be normalized where there are none.
    """
    saved = RunModel.open(path, WITH_WEIGHTS)
    embedding = _embedding_of(saved.description, options, path)
    if embedding is None:
        return saved
    require_own_states(saved, "Vectors are made of")
    if embedding != saved.description.embedding:
        console.info(f"{path}: a text becomes a vector, {embedding}")
    return EncoderModel(path, saved.folder, describe_embedding(saved.description, embedding), saved.run)


def describe_embedding(
    description: ModelDescription, embedding: EmbeddingDescription, length: int | None = None
) -> ModelDescription:
    """An encoder described as a model of vectors.

    Args:
        description: The model that it is a part of.
        embedding: What its vectors are made of.
        length: Tokens of a text; None takes what the model reads, or what is usual.
    """
    own, size = description.task, description.size
    length = length or (own.sequence_length if own else min(USUAL_LENGTH, size.max_length))
    return ModelDescription(
        verb=description.verb,
        size=size,
        vocabulary=description.vocabulary,
        kind="embedding",
        embedding=embedding,
        task=ImportedTask(source="imported", sequence_length=length, client=client_of(own)),
    )


def _embedding_of(
    description: ModelDescription, options: EmbeddingOptions, path: Path
) -> EmbeddingDescription | None:
    """What the recipe wants, where it leaves something open what the model is; None for a model of something else."""
    own = description.embedding
    pooling = options.pooling or (own.pooling if own else None)
    if pooling is not None:
        is_normalized = bool(own and own.normalize) if options.normalize is None else options.normalize
        return EmbeddingDescription(pooling=pooling, normalize=is_normalized)
    if options.normalize is not None:
        raise _no_vectors(
            f"embedding.normalize {str(options.normalize).lower()} for {path}, which makes none"
        )
    return None


def _no_vectors(received: str) -> UserError:
    return UserError(
        f"Vectors are normalized where texts become vectors. Received: {received}",
        "Add --pooling mean or --pooling cls, or leave it out.",
    )


def refuse_embedding(path: Path, options: EmbeddingOptions) -> None:
    """Refuses the choice of a pooling for an artifact.

    Raises:
        UserError: One was chosen.
    """
    chosen = {name: value for name, value in options.model_dump().items() if value is not None}
    if chosen:
        listed = ", ".join(f"embedding.{name} {str(value).lower()}" for name, value in chosen.items())
        raise UserError(
            f"An artifact makes vectors as it was exported. Received: {listed} for {path}",
            "Leave it out, or export the run again with it.",
        )


def require_pairs(task: TaskData, name: str) -> None:
    """Checks that a task says of pairs of texts how alike they are.

    Args:
        task: The task.
        name: The model that is scored on it, for messages.

    Raises:
        UserError: Its examples are single texts.
    """
    if any(getattr(examples, "second_texts", None) is None for examples in task.sets.values()):
        raise UserError(
            "Vectors are scored on pairs of texts with a number that says how alike they are. "
            f"Received: single texts in {task.name} for {name}",
            "Name the column of the second text: --set task.second_text=NAME.",
        )


def find_sentence_model(source: Path, pooling: str | None, normalize: bool | None) -> SentenceModel | None:
    """What makes vectors of the texts of an imported model.

    Args:
        source: Folder or prefix of the checkpoint.
        pooling: What `--pooling` says; None takes what lies beside the checkpoint.
        normalize: What `--normalize` says; None likewise.

    Returns:
        None for a model whose texts become no vectors.

    Raises:
        UserError: As `read_sentence_model`, or a flag has no such value or nothing to say.
    """
    if pooling not in (None, *get_args(Pooling)):
        raise UserError(
            f"--pooling must be {' or '.join(get_args(Pooling))}. Received: {pooling}",
            "Choose one of the two.",
        )
    found = read_sentence_model(source)
    if found is None and pooling is None:
        if normalize is None:
            return None
        raise _no_vectors(f"--{'' if normalize else 'no-'}normalize for {source}, which has no {MODULES}")
    own = found.embedding if found else EmbeddingDescription(pooling="mean")
    embedding = EmbeddingDescription(
        pooling=cast(Pooling, pooling or own.pooling),
        normalize=own.normalize if normalize is None else normalize,
    )
    return replace(found, embedding=embedding) if found else SentenceModel(source, embedding)


def require_encoder(imported: Imported, vocabulary: Vocabulary, sentences: SentenceModel) -> None:
    """Checks that vectors can be made of what was imported, and says what is done to texts elsewhere and not here.

    Raises:
        UserError: It has the head of a task, or reads texts in lower case with a vocabulary that has upper case.
    """
    if imported.task_head is not None:
        raise UserError(
            "Vectors are made by an encoder without the head of a task. "
            f"Received: {imported.path} with the head {imported.task_head}",
            "Import it as it is; predict, eval and export-tflite make vectors of any run with --pooling.",
        )
    if sentences.lowercases and not vocabulary.lowercase:
        raise UserError(
            "Texts are put into lower case by the tokenizer or not at all. "
            f"Received: do_lower_case in {sentences.encoder / SETTINGS} beside a tokenizer that keeps upper case",
            f"Take do_lower_case out of {SETTINGS} if the model was trained without.",
        )
    if sentences.prompt:
        console.warning(
            f"sentence-transformers puts {sentences.prompt!r} before each text; here nothing is put there"
        )
