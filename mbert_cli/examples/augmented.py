"""What `mbert augment` wrote, where a task learns from it: which task it is of, and whether that is the same one."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mbert_cli.errors import UserError
from mbert_cli.examples.table_files import Columns
from mbert_cli.json_text import read_json
from mbert_cli.runs.complete import Run
from mbert_cli.runs.listing import FINAL, is_run
from mbert_cli.runs.manifest import replace_object
from mbert_cli.shell_words import path_word
from mbert_cli.word_lists import joined

AUGMENT = "augment"
"""The kind of its runs."""
NOTE_FILE = "augmentation.json"
"""Lies beside the files and says of which task they are."""


@dataclass(frozen=True)
class Augmentation:
    """The examples that a run of `mbert augment` wrote.

    Attributes:
        named: What the recipe calls it: the run, or its file.
        train: The training file, with the original of each example before its copies.
        validation: The validation examples as they were; None where they lie in the folder of the task.
        task: Name of the task: `sst2`, or that of the file that was augmented.
        source: Where that came from, a value of `task.source`.
        kind: What it asks for.
        output_names: Its labels in the order of their ids.
        columns: What the files hold.
    """

    named: str
    train: Path
    validation: Path | None
    task: str
    source: str
    kind: str
    output_names: tuple[str, ...]
    columns: Columns

    def __str__(self) -> str:
        return f"{self.named}, augmented examples of {self.task}: {self.kind.replace('_', ' ')}, {_shown(self.columns)}"


def write_note(folder: Path, found: Augmentation) -> None:
    """Writes beside the files of an augmentation what `find_augmentation` reads."""
    note: dict[str, Any] = {
        "train": found.train.name,
        "validation": found.validation and found.validation.name,
        "task": found.task,
        "source": found.source,
        "kind": found.kind,
        "output_names": found.output_names,
        "columns": asdict(found.columns),
    }
    replace_object(folder / NOTE_FILE, note)


def find_augmentation(path: str | None) -> Augmentation | None:
    """What a run of `mbert augment`, or its training file, holds; None for any other file.

    Args:
        path: What `task.train` says.

    Raises:
        UserError: It is a run of another kind, or not a complete one, or its note is damaged.
    """
    if path is None:
        return None
    place = Path(path)
    if is_run(place):
        folder = Run.open(place, (AUGMENT,)).final
    elif place.is_file() and (place.parent / NOTE_FILE).is_file():
        folder = place.parent
    else:
        return None
    found = _read_note(folder, path)
    return found if folder.name == FINAL and (is_run(place) or found.train.name == place.name) else None


def training_file(path: str) -> Path:
    """The file that `task.train` means: itself, or that of the augmentation run that it names."""
    found = find_augmentation(path)
    return Path(path) if found is None else found.train


def require_glue_task(found: Augmentation, name: str) -> None:
    """Checks that augmented examples are of a task of GLUE.

    Raises:
        UserError: They are of another task.
    """
    if (found.source, found.task) != ("glue", name):
        raise UserError(
            f"task.train must be of the task that is learned, {name}. Received: {found}",
            "Each task of GLUE has a recipe, such as `mbert augment sst2 --set task.folder=DIR`.",
        )


def require_validation(found: Augmentation, validation: str | None) -> None:
    """Checks that examples which a task of files learns from have others beside them to validate on.

    Those of GLUE lie in the folder of their task. A share of augmented examples cannot take their place: what would be
    held out has copies among the others.

    Args:
        found: The augmentation.
        validation: What `task.validation` says.

    Raises:
        UserError: There are none.
    """
    if found.validation is None and validation is None:
        raise UserError(
            "Augmented examples of GLUE must be learned as the task of GLUE that they are of, or with a "
            f"validation file. Received: {found}",
            f"Take the recipe {found.task} with task.train={path_word(found.named)}, as in `mbert finetune sst2 --set "
            "task.folder=DIR --set task.train=RUN`, or set task.validation.",
        )


def require_columns(found: Augmentation, kind: str, columns: Columns) -> None:
    """Checks that augmented examples are of the kind of a task, in columns of the names that it gives them.

    Raises:
        UserError: They are not.
    """
    if (found.kind, found.columns) == (kind, columns):
        return
    raise UserError(
        f"task.train must be of the task that is learned, {kind.replace('_', ' ')}, {_shown(columns)}. "
        f"Received: {found}",
        "Give task.kind, task.text, task.second_text and task.label the values that the augmentation has.",
    )


def refuse_augmentation(path: str | None) -> None:
    """Refuses augmented examples for a task whose labels are of words.

    Raises:
        UserError: The file, or the run, is an augmentation.
    """
    if found := find_augmentation(path):
        raise UserError(
            f"task.train must hold what the task is about, answers or labelled words. Received: {found}",
            "Set task.source=file or task.source=glue, as the augmentation had it.",
        )


def _read_note(folder: Path, named: str) -> Augmentation:
    try:
        note = read_json(folder / NOTE_FILE)
        columns = Columns(**note["columns"] | {"flags": tuple(note["columns"]["flags"])})
        return Augmentation(
            named,
            folder / note["train"],
            folder / note["validation"] if note["validation"] else None,
            note["task"],
            note["source"],
            note["kind"],
            tuple(note["output_names"]),
            columns,
        )
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise UserError(
            f"The note beside augmented examples must be readable. Received: {folder / NOTE_FILE}",
            "Restore the file, or augment again with `--fresh`.",
        ) from error


def _shown(columns: Columns) -> str:
    """Columns as a sentence has them."""
    names = list(dict.fromkeys(columns.names))
    return f"column {names[0]}" if len(names) == 1 else f"columns {joined(names, 'and')}"
