"""The task of a distillation on a task, where its recipe leaves it to the teacher."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mbert_cli.errors import UserError
from mbert_cli.json_text import read_json
from mbert_cli.recipe.files import find_recipe
from mbert_cli.recipe.forms import choosing_layers, chosen_form, forms_of
from mbert_cli.recipe.layers import Layer, file_layers, setting_layer, value_at
from mbert_cli.recipe.schema import TaskDistillRecipe
from mbert_cli.recipe.yaml_text import Entry, YamlProblem, read_value
from mbert_cli.runs.complete import Run
from mbert_cli.runs.lineage import TASK_MODELS, found_unnamed
from mbert_cli.runs.listing import FINAL, newest_complete, recorded_recipe
from mbert_cli.weights.description import DESCRIPTION_FILE

IMPORTED = "imported"
"""The source of the task of a model that came from elsewhere, which says nothing of its data."""


def task_of_teacher(
    verb: str,
    name: str,
    settings: Sequence[str],
    flags: Mapping[str, tuple[str, object]],
    run: Path | None,
    root: Path,
) -> dict[str, Any] | None:
    """The task that a teacher was fine-tuned for, as its run recorded it.

    The teacher is the one that is named, else the one that the run began with which is to be continued, else the
    newest.

    Args:
        verb: The verb.
        name: Name or path of its recipe.
        settings: Values of `--set`.
        flags: Keys and values of the verb's own flags, by flag.
        run: The run to be continued; None for none.
        root: The folder of the runs.

    Returns:
        None where the recipe is of another form or names a task itself, or the teacher says nothing of its own.

    Raises:
        UserError: Keys of the task are set, and neither recipe nor teacher says which task it is.
    """
    layers = [*file_layers(verb, find_recipe(verb, name)), *_typed_layers(settings, flags)]
    form = chosen_form(verb, [*layers, *choosing_layers(verb, settings)])
    if forms_of(verb).get(form) is not TaskDistillRecipe:
        return None
    if any(map(_names_task, layers)):
        return None
    named = [value for layer in layers if (value := value_at(layer, "teacher"))]
    teacher = named[-1] if named else recorded_recipe(run).get("teacher") if run else None
    path = Path(str(teacher)) if teacher else newest_complete(root, found_unnamed("teacher", TASK_MODELS))
    task = _recorded(path) if path else None
    if task is None and (keys := [key for layer in layers for key in _keys_of_task(layer)]):
        raise _without_task(path, keys)
    return task


def _typed_layers(settings: Sequence[str], flags: Mapping[str, tuple[str, object]]) -> Iterator[Layer]:
    for setting in settings:
        path, _, text = setting.partition("=")
        with contextlib.suppress(YamlProblem):  # said where all settings are read
            yield setting_layer(path.strip(), Entry(read_value(text)), "--set")
    for key, value in flags.values():
        yield setting_layer(key, Entry(value), "")


def _names_task(layer: Layer) -> bool:
    task = value_at(layer, "task")
    return bool(task.get("source")) if isinstance(task, Mapping) else False


def _keys_of_task(layer: Layer) -> list[str]:
    task = value_at(layer, "task")
    return [f"task.{key}" for key in task] if isinstance(task, Mapping) else []


def _without_task(teacher: Path | None, keys: Sequence[str]) -> UserError:
    """The error for keys of a task that nobody names; of a teacher that cannot serve it says why."""
    if teacher is not None:
        try:
            Run.open(teacher, TASK_MODELS)
        except UserError as problem:
            return problem
    whose = f"the teacher {teacher}, which knows no files of a task" if teacher else "no teacher"
    return UserError(
        "Keys of task alone change the task of the teacher, which has to be known. "
        f"Received: {', '.join(dict.fromkeys(keys))} with {whose}",
        "Name a run of `mbert finetune` with --teacher, or a task of your own with task.source, such as --set "
        "task.source=file.",
    )


def _recorded(teacher: Path) -> dict[str, Any] | None:
    """What is wrong with a teacher is said where it is opened."""
    try:
        task: dict[str, Any] = read_json(teacher / FINAL / DESCRIPTION_FILE)["task"]
        return None if task["source"] == IMPORTED else task
    except (OSError, ValueError, LookupError, TypeError):
        return None
