"""Tasks for fine-tuning: `load_task` turns the task section of a recipe into labelled examples."""

from collections import defaultdict
from pathlib import Path

import numpy as np

from mbert_cli.corpus.document import is_held_out
from mbert_cli.corpus.installed_docs import installed_documents
from mbert_cli.corpus.options import InstalledDocsCorpus
from mbert_cli.errors import UserError
from mbert_cli.examples.augmented import refuse_augmentation, training_file
from mbert_cli.examples.glue import load_glue
from mbert_cli.examples.options import (
    AnyTask,
    FileTask,
    GlueTask,
    ImportedTask,
    InstalledDocsTask,
    SquadTask,
    TokenTask,
)
from mbert_cli.examples.squad_task import load_squad
from mbert_cli.examples.text_tables import load_file_task
from mbert_cli.examples.texts import Examples, TaskData
from mbert_cli.examples.token_files import load_token_task
from mbert_cli.examples.unlabelled_files import require_unlabelled
from mbert_cli.home import hint_of_home
from mbert_cli.text.hashing import hash_fraction
from mbert_cli.text.tfds import require_dataset

__all__ = ["Examples", "TaskData", "load_task", "require_task"]

DEFAULT_LIBRARIES = ("tensorflow", "keras", "numpy", "scipy", "sklearn", "pydantic")
"""Required packages with enough prose for a label each."""

VALIDATION_SHARE = 0.1
MIN_PARAGRAPH_WORDS = 12
"""Shorter paragraphs, as in "Returns the shape of the input.", fit many libraries."""


def load_task(options: AnyTask, split: str | None = None) -> TaskData:
    """Reads the examples of a task.

    Args:
        options: The task's recipe section.
        split: A set that is needed alone; a task of several files then reads no other. None needs all.

    Raises:
        UserError: A file, column, label, data set or package is not as the recipe says, or the task has no
            such set.
    """
    task = _load(options, split)
    if split is not None and split not in task.sets:
        raise UserError(
            f"{task.name} has the sets {', '.join(task.sets)}. Received: {split}",
            "Set evaluate.split to one of them.",
        )
    return task


def _load(options: AnyTask, split: str | None) -> TaskData:
    if isinstance(options, GlueTask):
        return load_glue(options, split)
    if isinstance(options, FileTask):
        return load_file_task(options)
    if isinstance(options, ImportedTask):
        raise UserError(
            "A model that came from elsewhere has no examples. Received: a task without a source",
            "Name one with its labels, such as --set task.source=glue --set task.name=sst2 --set task.folder=DIR.",
        )
    if isinstance(options, SquadTask):
        return load_squad(options, split)
    if isinstance(options, TokenTask):
        return load_token_task(options)
    return _load_installed_docs(options)


def _load_installed_docs(options: InstalledDocsTask) -> TaskData:
    """Paragraphs labelled with their library; a module's paragraphs are all on one side.

    A tenth of the modules is for validation, chosen as a token store chooses what it holds out, so whatever a
    store holds out of the same packages is never trained on here either. Where a library has more paragraphs
    than allowed, those with the smallest hash are taken.
    """
    labels = list(DEFAULT_LIBRARIES if options.packages is None else options.packages)
    train: dict[str, list[str]] = defaultdict(list)
    validation: dict[str, list[str]] = defaultdict(list)
    for document in installed_documents(InstalledDocsCorpus(source="installed_docs", packages=labels)):
        side = validation if is_held_out(document, VALIDATION_SHARE) else train
        side[document.label or ""].extend(
            text for text in document.paragraphs if len(text.split()) >= MIN_PARAGRAPH_WORDS
        )
    poor = [label for label in labels if not train[label] or not validation[label]]
    if poor or len(labels) < 2:
        raise UserError(
            "Each of at least two packages must have documentation to train and to validate on. "
            f"Received: {', '.join(poor or labels)}",
            "Set task.packages to packages with more documentation.",
        )
    limit = options.max_examples_per_label
    held_out = max(1, round(limit * VALIDATION_SHARE))
    return TaskData(
        name="installed_docs",
        output_names=labels,
        sets={
            "train": _examples(labels, train, max(1, limit - held_out)),
            "validation": _examples(labels, validation, held_out),
        },
    )


def _examples(labels: list[str], paragraphs: dict[str, list[str]], limit: int) -> Examples:
    texts: list[str] = []
    ids: list[int] = []
    for index, label in enumerate(labels):
        chosen = sorted(paragraphs[label], key=hash_fraction)[:limit]
        texts += chosen
        ids += [index] * len(chosen)
    return Examples(texts, None, np.array(ids, np.int32))


def require_task(task: AnyTask, split: str | None = None) -> None:
    """Checks that the files of a task are there, without reading them.

    Args:
        task: The task's recipe section.
        split: A set that is needed alone; None needs all.

    Raises:
        UserError: A file or a folder is missing, or a data set is not prepared.
    """
    if isinstance(task, SquadTask) and task.train is None:
        require_dataset(f"squad/{task.version}", task.data_dir, "task.data_dir")
    elif isinstance(task, FileTask | TokenTask | SquadTask):
        if not isinstance(task, FileTask):
            refuse_augmentation(task.train)
        files = {"train": task.train and training_file(task.train), "validation": task.validation}
        if isinstance(task, SquadTask) and task.validation and split in files:
            files = {split: files[split]}  # labels may be in either file, and questions have none
        for name, file in files.items():
            _require_file(f"task.{name}", file)
    elif isinstance(task, GlueTask):
        _require_glue(task, split)
    if split in (None, "train"):
        require_unlabelled(task)


def _require_file(key: str, path: str | Path | None) -> None:
    if path is not None and not Path(path).is_file():
        raise UserError(
            f"{key} must be a file. Received: {path}", hint_of_home(path) or f"Set {key} to an existing file."
        )


def _require_glue(task: GlueTask, split: str | None) -> None:
    if split in (None, "train"):
        _require_file("task.train", task.train and training_file(task.train))
    if task.folder is None:
        require_dataset(
            f"glue/{task.name}", task.data_dir, "task.data_dir",
            "Set task.folder to the folder of the task's TSV files.",
        )  # fmt: skip
    elif not Path(task.folder).is_dir():
        raise UserError(
            f"task.folder must be a folder with the task's TSV files. Received: {task.folder}",
            hint_of_home(task.folder)
            or "Set task.folder, or null to load the task from tensorflow-datasets.",
        )
