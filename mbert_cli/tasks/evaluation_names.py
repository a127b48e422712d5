"""Under which name the report of an evaluation is written, so that no set takes another one's place."""

from pathlib import Path

from mbert_cli.examples.options import AnyTask
from mbert_cli.json_text import read_json
from mbert_cli.tasks.model import ARTIFACT, TaskModel
from mbert_cli.weights.description import SetDescription

_PLACES = ("source", "name", "train", "validation", "folder", "data_dir", "packages")
"""Keys of a task that say where its examples lie."""


def report_path(target: Path, name: str) -> Path:
    """Where a report lies: in the run's folder eval/, or beside an artifact."""
    if target.suffix == ARTIFACT:
        return target.with_name(f"{target.stem}-eval-{name}.json")
    return target / "eval" / f"{name}.json"


def report_name(
    model: TaskModel,
    options: AnyTask,
    split: str,
    task_name: str,
    whole: SetDescription,
    scored: SetDescription,
) -> str:
    """`validation` for the set that a model was chosen by, `validation-32` for 32 examples of it, else longer names.

    Args:
        model: What is scored.
        options: The task's recipe section.
        split: The set of the task.
        task_name: The task.
        whole: That set.
        scored: What is scored of it.
    """
    if _is_known(model, options, split, whole):
        return split if scored == whole else f"{split}-{scored.examples}"
    if _place(options)[:2] == _place(model.description.task)[:2]:
        return f"{split}-{scored.short}"
    name = f"{task_name}-{split}"
    written = _written_set(report_path(model.path, name))
    return name if written in (None, scored.digest) else f"{name}-{scored.short}"


def _is_known(model: TaskModel, options: AnyTask, split: str, whole: SetDescription) -> bool:
    """Whether a set is the one that the model was fine-tuned with; its place tells where no set was recorded."""
    known = model.description.sets.get(split)
    if known is not None:
        return known == whole
    return _place(options) == _place(model.description.task)


def _place(options: AnyTask | None) -> list[object]:
    return [getattr(options, key, None) for key in _PLACES]


def _written_set(path: Path) -> str | None:
    """The set of an existing report; "" where it does not say, None where there is no report."""
    try:
        return str(read_json(path).get("set", ""))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, AttributeError):
        return ""
