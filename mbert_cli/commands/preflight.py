"""What must be true before work begins. Each function returns, or raises a UserError that says what is not."""

import importlib.util
import os
import shlex
from pathlib import Path

from mbert_cli.corpus.files import estimate_file_bytes
from mbert_cli.corpus.options import Corpus, FilesCorpus, TfdsCorpus
from mbert_cli.errors import UserError
from mbert_cli.examples.options import FileTask, GlueTask, SquadTask, Task, TokenTask
from mbert_cli.recipe.yaml_text import written
from mbert_cli.text.vocabulary import Vocabulary
from mbert_cli.weights.description import ModelDescription, VocabularyDescription
from mbert_cli.weights.saved_files import describe_vocabulary


def require_same_vocabulary(vocabulary: Vocabulary, description: ModelDescription, run: Path) -> None:
    """Checks that a model reads the same token ids as a token store has.

    Args:
        vocabulary: That of the token store.
        description: The model.
        run: The model's run directory, for the message.

    Raises:
        UserError: Tokens or lower-casing differ.
    """
    theirs = description.vocabulary
    if (vocabulary.digest, vocabulary.lowercase) == (theirs.digest, theirs.lowercase):
        return
    vocabulary_file = run / "final" / "vocab.txt"
    raise UserError(
        f"The token store must have the vocabulary of the model in {run}. "
        f"Received: {_described(describe_vocabulary(vocabulary))} in the token store, "
        f"{_described(theirs)} in the model",
        "Prepare the corpus with the model's vocabulary: mbert prepare "
        f"--set {shlex.quote(f'vocabulary.file={written(str(vocabulary_file))}')} "
        f"--set vocabulary.lowercase={str(theirs.lowercase).lower()}",
    )


def require_corpus(corpus: Corpus) -> int | None:
    """Checks that there is something to read, without reading it.

    Returns:
        Bytes of its files; None where that is not known beforehand.

    Raises:
        UserError: No file matches, a package is not installed, a data set is not prepared.
    """
    if isinstance(corpus, FilesCorpus):
        return estimate_file_bytes(corpus)
    if isinstance(corpus, TfdsCorpus):
        require_dataset(corpus.dataset, corpus.data_dir, "corpus.data_dir")
        return None
    missing = [name for name in corpus.packages or () if importlib.util.find_spec(name.split(".")[0]) is None]
    if missing:
        raise UserError(
            f"The packages of corpus.packages must be installed. Received: {', '.join(missing)}",
            "Install them, or leave them out of corpus.packages.",
        )
    return None


def require_task(task: Task) -> None:
    """Checks that the files of a task are there, without reading them.

    Raises:
        UserError: A file or a folder is missing, or a data set is not prepared.
    """
    if isinstance(task, SquadTask) and task.train is None:
        require_dataset(f"squad/{task.version}", task.data_dir, "task.data_dir")
    elif isinstance(task, FileTask | TokenTask | SquadTask):
        for key, path in (("task.train", task.train), ("task.validation", task.validation)):
            if path is not None and not Path(path).is_file():
                raise UserError(f"{key} must be a file. Received: {path}", f"Set {key} to an existing file.")
    elif isinstance(task, GlueTask) and task.folder is None:
        require_dataset(f"glue/{task.name}", task.data_dir, "task.data_dir")
    elif isinstance(task, GlueTask) and not Path(task.folder or "").is_dir():
        raise UserError(
            f"task.folder must be a folder with the task's TSV files. Received: {task.folder}",
            "Set task.folder, or null to load the task from tensorflow-datasets.",
        )


def require_dataset(dataset: str, data_dir: str | None, key: str) -> None:
    """Checks that a data set of tensorflow-datasets is prepared, without importing that.

    Args:
        dataset: Name and configuration, as `wikipedia/20230601.en`.
        data_dir: Folder of prepared data sets; None is tensorflow-datasets' own default.
        key: The recipe key that sets the folder, for the hint.

    Raises:
        UserError: It is not.
    """
    folder = dataset_folder(dataset, data_dir)
    if not folder.is_dir():
        received = "no home directory for" if folder.parts[0] == "~" else "no folder"
        raise UserError(
            f"The data set {dataset} must be prepared. Received: {received} {folder}",
            f"`tfds build {shlex.quote(dataset)}` prepares it; {key} names another folder.",
        )


def dataset_folder(dataset: str, data_dir: str | None) -> Path:
    """Where tensorflow-datasets keeps a prepared data set; arguments as of `require_dataset`."""
    root = data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
    return Path(os.path.expanduser(root)) / dataset.replace(":", "/")


def _described(vocabulary: VocabularyDescription) -> str:
    matched = f", {vocabulary.matched:,} of them matched before words are cut" if vocabulary.matched else ""
    kind = "lower-cased " if vocabulary.lowercase else ""
    return f"{vocabulary.size:,} {kind}tokens{matched} ({vocabulary.digest[:8]})"
