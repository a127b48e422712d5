"""Under which name the report of an evaluation is written, so that none takes another one's place."""

from collections.abc import Sequence
from pathlib import Path

from mbert_cli.examples.options import AnyTask
from mbert_cli.examples.task_columns import client_of
from mbert_cli.figures import in_words
from mbert_cli.json_text import read_json
from mbert_cli.runs.artifacts import evaluation_file
from mbert_cli.runs.listing import FINAL
from mbert_cli.tasks.model import TaskModel
from mbert_cli.weights.description import ModelDescription, SetDescription

_PLACES = ("source", "name", "train", "validation", "folder", "data_dir", "packages")
"""Keys of a task that say where its examples lie."""

_METRIC = ("source", "name", "kind")
"""Keys of a task that say which metric its score is."""

_RULES = (
    "version", "question_length", "num_best", "max_answer_tokens", "null_threshold", "document_stride",
)  # fmt: skip
"""Keys of a task that say how long texts are read in windows, and how an answer is found in them."""

OtherSettings = dict[str, object]
"""What a model is scored with that it is not by itself, by what it is called."""


def report_name(
    model: TaskModel,
    options: AnyTask,
    split: str,
    task_name: str,
    whole: SetDescription,
    scored: SetDescription,
) -> str:
    """`validation` for the set that a model was chosen by, `validation-32` for 32 examples of it, else longer names.

    What a model is not by itself stands behind: `validation-length-32`.

    Args:
        model: What is scored.
        options: The task's recipe section.
        split: The set of the task.
        task_name: The task.
        whole: That set.
        scored: What is scored of it.
    """
    behind = settings_suffix(other_settings(model, options))
    if _is_known(model, options, split, whole):
        return f"{split if scored == whole else f'{split}-{scored.examples}'}{behind}"
    if _values(options, _METRIC) == _values(model.description.task, _METRIC):
        return f"{split}-{scored.short}{behind}"
    name = f"{task_name}-{split}{behind}"
    written = _written_set(evaluation_file(model.path, name))
    return name if written in (None, scored.digest) else f"{name}-{scored.short}"


def other_settings(model: TaskModel, options: AnyTask) -> OtherSettings:
    """What a model is scored with that it is not by itself: length, client, pooling, rules for answers.

    Args:
        model: What is scored.
        options: The task's recipe section.
    """
    own = model.description.task
    length = model.artifact.longest if model.artifact else own and own.sequence_length
    found: dict[str, object] = {}
    if model.sequence_length != length:
        found["length"] = model.sequence_length
    if model.client != client_of(own):
        found["client"] = model.client or "BERT"
    return found | _other_pooling(model) | _other_rules(model, options)


def settings_suffix(settings: OtherSettings) -> str:
    """`-length-32-client-BERT`, as the end of a name; empty where there are none."""
    return "".join(f"-{name.replace(' ', '-')}-{_short(value)}" for name, value in settings.items())


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _other_pooling(model: TaskModel) -> OtherSettings:
    """How a run makes vectors, where it was not saved so; whether they are normalized changes no cosine."""
    chosen = model.description.embedding
    if chosen is None or model.artifact is not None:
        return {}
    saved = ModelDescription.load(model.path / FINAL).embedding
    return {} if saved and saved.pooling == chosen.pooling else {"pooling": chosen.pooling}


def _other_rules(model: TaskModel, options: AnyTask) -> OtherSettings:
    """Those of a task of the same kind are compared with the model's own, others with what is usual."""
    own, fields = model.description.task, type(options).model_fields
    usual = {key: fields[key].default for key in _RULES if key in fields}
    if own is not None and own.source == options.source:
        usual = {key: getattr(own, key) for key in usual}
    if "null_threshold" in usual:  # null takes the one that the training found
        usual["null_threshold"] = model.description.null_threshold
    found = {key: getattr(options, key) for key in usual if getattr(options, key) not in (None, usual[key])}
    return {in_words(key): value for key, value in found.items()}


def _is_known(model: TaskModel, options: AnyTask, split: str, whole: SetDescription) -> bool:
    """Whether a set is the one that the model was fine-tuned with; its place tells where no set was recorded."""
    own, known = model.description.task, model.description.sets.get(split)
    if known is not None:
        return known == whole and _values(options, _METRIC) == _values(own, _METRIC)
    return _values(options, _PLACES) == _values(own, _PLACES)


def _values(options: AnyTask | None, keys: Sequence[str]) -> list[object]:
    return [getattr(options, key, None) for key in keys]


def _written_set(path: Path) -> str | None:
    """The set of an existing report; "" where it does not say, None where there is no report."""
    try:
        return str(read_json(path).get("set", ""))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, AttributeError):
        return ""
