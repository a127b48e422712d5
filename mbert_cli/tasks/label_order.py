"""The labels of a task and those of a model, matched by name."""

import json
import re
import shlex
from dataclasses import dataclass

from mbert_cli import console
from mbert_cli.errors import UserError
from mbert_cli.evaluate.entities import OUTSIDE
from mbert_cli.examples.glue import GLUE
from mbert_cli.examples.texts import TaskData
from mbert_cli.figures import in_words
from mbert_cli.runs.lineage import IMPORT
from mbert_cli.tasks.embedding import require_pairs
from mbert_cli.tasks.kinds import kind_of, purpose_of
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.foreign_heads import MULTI_LABEL_PROBLEM, REGRESSION_PROBLEM


@dataclass(frozen=True)
class Role:
    """What a model is matched with a task for, in the words of messages.

    Attributes:
        same_kind, same_labels, same_numbers: What must be the case, as sentences.
        do: What to do with another model, with which a hint begins.
    """

    same_kind: str
    same_labels: str
    same_numbers: str
    do: str


SCORED = Role(
    "A task model is scored on a task of its own kind.",
    "A task model is scored on a task with its own labels.",
    "A model is scored on a task with as many numbers as it gives.",
    "Score",
)

TEACHING = Role(
    "A teacher teaches a task of its own kind.",
    "A teacher teaches a task with its own labels.",
    "A teacher teaches a task with as many numbers as it gives.",
    "Name as the teacher",
)


def match_outputs(task: TaskData, model: ModelDescription, name: str, role: Role = SCORED) -> tuple[int, ...]:
    """For each label of a task the output of a model that stands for it.

    Args:
        task: What is asked.
        model: What answers.
        name: The model for messages: its run or artifact.
        role: What the model is asked for.

    Raises:
        UserError: The model answers something else, or knows other labels.
    """
    _require_kind(task, model, name, role)
    if model.embedding:
        require_pairs(task, name)
        return ()
    known = list(model.output_names or ())
    kind = kind_of(task.kind)
    if kind.output_names:
        return tuple(range(len(known)))
    if not kind.has_labels:
        return _one_number(task, known, name, role)
    order = match_names(task.output_names, known) or _nameless(task, model)
    if order is None:
        raise UserError(
            f"{role.same_labels} Received: {', '.join(task.output_names)} in "
            f"{task.name} for {name}, which knows {', '.join(known)}",
            _hint_at_labels(task, known, role),
        )
    if order != tuple(range(len(order))):
        console.info(f"Labels are matched by name: {name} has them in the order {', '.join(known)}")
    return order


def _hint_at_labels(task: TaskData, known: list[str], role: Role) -> str:
    """What to do where the labels of a task are not those of a model."""
    if task.name in GLUE:
        return f"{role.do} a model of these labels; `mbert finetune {task.name}` makes one."
    written = {_plain(label): label for label in task.output_names}
    if set(written) < set(map(_plain, known)):
        labels = [written.get(_plain(label), label) for label in known]
        types = None if _are_tags(task) else _types(labels)
        names = json.dumps(list(types or labels), ensure_ascii=False)
        return f"Name all labels of the model: --set {shlex.quote(f'task.labels={names}')}"
    return f"{role.do} a model of these labels, or write the labels of the task's files as this model knows them."


def _are_tags(task: TaskData) -> bool:
    """Whether the task names each label of a word, and not the types of entities, which have two labels each."""
    return any(getattr(examples, "are_tags", False) for examples in task.sets.values())


def _types(labels: list[str]) -> dict[str, None] | None:
    """The types of entities that labels of words stand for, in their order; None where they are not such labels."""
    marked = [label for label in labels if label != OUTSIDE]
    if OUTSIDE not in labels or not all(label.startswith(("B-", "I-")) for label in marked):
        return None
    return dict.fromkeys(label[2:] for label in marked)


def _require_kind(task: TaskData, model: ModelDescription, name: str, role: Role) -> None:
    scored_on = kind_of(model.kind).scored_on if role == SCORED else None
    if task.kind in (model.kind, scored_on):
        return
    asked, own = kind_of(task.kind), kind_of(model.kind)
    is_single = own.problem_type == MULTI_LABEL_PROBLEM and len(model.output_names or ()) == 1
    if model.verb == IMPORT and is_single and asked.problem_type == REGRESSION_PROBLEM:
        hint = f'Put "problem_type": "{REGRESSION_PROBLEM}" into its config.json and import it again.'
    elif model.verb == IMPORT:
        hint = f"Name a task of its kind: --set {own.settings}."
    else:
        hint = f"{role.do} another run, or leave the settings of task out: the run knows its own."
    raise UserError(
        f"{role.same_kind} Received: {task.name}, which is {in_words(task.kind)}, for {name}, "
        f"{purpose_of(model.kind)}",
        hint,
    )


def _one_number(task: TaskData, known: list[str], name: str, role: Role) -> tuple[int, ...]:
    """A number is matched with a number, whatever they are called."""
    if len(known) != len(task.output_names):
        raise UserError(
            f"{role.same_numbers} "
            f"Received: {', '.join(task.output_names)} in {task.name} for {name}, which gives {', '.join(known)}",
            f"{role.do} a model of one number; `mbert predict` shows those of this one.",
        )
    if known != task.output_names:
        console.info(
            f"{', '.join(known)} of {name} is taken for {', '.join(task.output_names)} of {task.name}"
        )
    return (0,)


def match_names(labels: list[str], known: list[str]) -> tuple[int, ...] | None:
    """Returns for each label the place of the known one with its name; None where they are not the same set.

    Names that differ only in case, blanks, hyphens and underscores match too, where none match as they are.
    """
    for form in (str, _plain):
        ours, theirs = [form(label) for label in labels], [form(label) for label in known]
        if len(set(ours)) == len(ours) == len(theirs) and set(ours) == set(theirs):
            return tuple(theirs.index(label) for label in ours)
    return None


def match_answers(labels: list[str], kind: str, model: ModelDescription) -> tuple[int, ...] | None:
    """Returns for each label of a task of some kind a model's output for it; None where it answers something else."""
    return match_names(labels, model.output_names) if model.output_names and model.kind == kind else None


def _plain(label: str) -> str:
    return re.sub(r"[\s_-]+", "_", label.strip()).casefold()


def _nameless(task: TaskData, model: ModelDescription) -> tuple[int, ...] | None:
    """The order as it is, where a model numbers its labels in place of naming them."""
    known = list(model.output_names or ())
    numbers = [str(index) for index in range(len(task.output_names))]
    defaults = [f"LABEL_{number}" for number in numbers]
    is_glue = task.name in GLUE and set(known) == set(numbers)
    if not is_glue and (model.verb != IMPORT or known != defaults):
        return None
    console.info(
        f"The model does not name its labels; they are taken for {', '.join(task.output_names)} in this order"
    )
    return tuple(known.index(number) for number in numbers) if is_glue else tuple(range(len(known)))
