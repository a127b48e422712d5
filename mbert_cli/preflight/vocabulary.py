"""Whether a token store has the vocabulary of the model that is to read it."""

import shlex
from pathlib import Path

from mbert_cli.errors import UserError
from mbert_cli.recipe.yaml_text import written
from mbert_cli.runs.listing import FINAL
from mbert_cli.shell_words import path_word
from mbert_cli.text.vocabulary import VOCABULARY_FILE, Vocabulary
from mbert_cli.weights.description import ModelDescription, VocabularyDescription
from mbert_cli.weights.saved_files import describe_vocabulary
from mbert_cli.weights.saved_model import RunModel


def require_same_vocabulary(
    vocabulary: Vocabulary, description: ModelDescription, run: Path, recipe: str, store: Path
) -> None:
    """Checks that a model reads the same token ids as a token store has.

    Args:
        vocabulary: That of the token store.
        description: The model.
        run: The model's run directory, for the message.
        recipe: The recipe that the token store is prepared by, its name or file, for the hint.
        store: The run directory of the token store, for the hint.

    Raises:
        UserError: Tokens or lower-casing differ.
    """
    theirs = description.vocabulary
    if (vocabulary.digest, vocabulary.lowercase) == (theirs.digest, theirs.lowercase):
        return
    vocabulary_file, other = run / FINAL / VOCABULARY_FILE, _free_name(store, run)
    raise UserError(
        f"The token store must have the vocabulary of the model in {run}. "
        f"Received: {_described(describe_vocabulary(vocabulary))} in the token store, "
        f"{_described(theirs)} in the model",
        "Prepare the corpus with the model's vocabulary, and name that run later with "
        f"--set {shlex.quote(f'data.run={written(str(other))}')}: mbert prepare {path_word(recipe)} "
        f"--run {path_word(other)} --set {shlex.quote(f'vocabulary.file={written(str(vocabulary_file))}')} "
        f"--set vocabulary.lowercase={str(theirs.lowercase).lower()}",
    )


def _free_name(store: Path, model: Path) -> Path:
    """A run directory beside a token store's that is not there yet."""
    names = (
        f"{store.name}-{model.name}{number}" for number in ("", *(f"-{count}" for count in range(2, 1000)))
    )
    return next(path for path in map(store.with_name, names) if not path.exists())


def require_shared_vocabulary(teacher: RunModel, student: RunModel) -> None:
    """Checks that a teacher and the run that its student starts from read the same token ids.

    Raises:
        UserError: Tokens or lower-casing differ.
    """
    theirs, own = teacher.description.vocabulary, student.description.vocabulary
    if (theirs.digest, theirs.lowercase) == (own.digest, own.lowercase):
        return
    raise UserError(
        "A teacher and its student must have one vocabulary and one way to cut words. "
        f"Received: {_described(theirs)} in {teacher.path}, {_described(own)} in {student.path}",
        "Leave source out to begin with a fresh student in the teacher's vocabulary, or name a run that has it.",
    )


def _described(vocabulary: VocabularyDescription) -> str:
    matched = f", {vocabulary.matched:,} of them matched before words are cut" if vocabulary.matched else ""
    kind = "lower-cased " if vocabulary.lowercase else ""
    return f"{vocabulary.size:,} {kind}tokens{matched} ({vocabulary.digest[:8]})"
