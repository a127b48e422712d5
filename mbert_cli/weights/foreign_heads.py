"""Which heads a checkpoint has, what they answer, and what their labels are called."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mbert_cli.errors import UserError
from mbert_cli.weights.configuration import Configuration
from mbert_cli.weights.field_checks import shown
from mbert_cli.weights.names import HEAD_MODULES, weights_of_head

HEAD_OF_CLASS = {
    "ForSequenceClassification": "classifier",
    "ForTokenClassification": "token_classifier",
    "ForQuestionAnswering": "answer_span",
}
"""Heads of a task by the end of the class's name that Hugging Face gives a model with it."""

SINGLE_LABEL_PROBLEM, MULTI_LABEL_PROBLEM, REGRESSION_PROBLEM = (
    "single_label_classification",
    "multi_label_classification",
    "regression",
)
PROBLEM_TYPES = (SINGLE_LABEL_PROBLEM, MULTI_LABEL_PROBLEM, REGRESSION_PROBLEM)
"""Hugging Face's values of `problem_type`: what a classifier of whole texts answers."""

SHARED = {"token_classifier": "classifier"}
"""Heads whose arrays have the names of another."""


@dataclass(frozen=True)
class FoundHeads:
    """What a checkpoint has above its encoder.

    Attributes:
        heads: Keys of `names.HEADS` that its network has.
        needless: Arrays of other heads, which a task leaves unread, and why.
    """

    heads: tuple[str, ...]
    needless: dict[str, str]

    @property
    def task(self) -> str | None:
        """The head of a task, if there is one."""
        return next((head for head in self.heads if head in HEAD_OF_CLASS.values()), None)


def find_heads(names: Collection[str], configuration: Configuration, file_format: str) -> FoundHeads:
    """Finds the heads of a checkpoint by the names of its arrays and by the class that it was saved from.

    Raises:
        UserError: There is a head of a task that is not known, or the one that the class has is missing.
    """
    arrays = {
        head: _arrays(head, names, configuration, file_format) for head in HEAD_MODULES if head not in SHARED
    }
    present = {head for head, found in arrays.items() if found}
    task = _task_head(present, configuration, file_format)
    heads = {task} if task else present
    if not configuration.size.use_pooler:
        heads = heads - {"pooler"}
    elif heads & {"classifier", "next_sentence"}:
        heads = heads | {"pooler"}  # where its arrays are missing, reading them is an error
    left_out = present - heads - {SHARED.get(task)} if task else set()
    if task == "classifier":
        left_out -= {"pooler"}  # one that the configuration has no use for contradicts it
    needless = {
        name: "pooler, which this head does not read" if head == "pooler" else "head of the pre-training"
        for head in left_out
        for name in arrays[head]
    }
    return FoundHeads(tuple(head for head in HEAD_MODULES if head in heads), needless)


def _arrays(head: str, names: Collection[str], configuration: Configuration, file_format: str) -> list[str]:
    """The arrays of a head that a checkpoint has."""
    weights = weights_of_head(head, 1, configuration.size, 1, file_format, configuration.family)
    return [name for weight in weights for name in weight.names if name in names]


def _task_head(present: Collection[str], configuration: Configuration, file_format: str) -> str | None:
    architecture, path = configuration.architecture, configuration.path
    stated = next((head for end, head in HEAD_OF_CLASS.items() if architecture.endswith(end)), None)
    if stated:
        if SHARED.get(stated, stated) not in present:
            raise UserError(
                f"A model must have the head that its architecture says. Received: {architecture} in {path}, "
                "and no such arrays",
                f"Restore the weights that were saved with it, or correct architectures in {path.name}.",
            )
        return stated
    if "classifier" not in present:
        return "answer_span" if "answer_span" in present else None
    if architecture:
        raise UserError(
            f"A classifier must be one of whole texts or of tokens ({', '.join(HEAD_OF_CLASS)}). "
            f"Received: {architecture} in {path}",
            f"If it is one of these, correct architectures in {path.name}.",
        )
    if file_format == "huggingface" and "pooler" not in present:
        raise UserError(
            "A classifier without a pooler may be one of tokens, so that its architecture must be known. "
            f"Received: no architectures in {path}",
            'Add "architectures": ["BertForTokenClassification"], or what the model is.',
        )
    return "classifier"


def count_labels(
    head: str | None, arrays: Mapping[str, Any], configuration: Configuration, file_format: str
) -> int:
    """Outputs of a classifier, read off its bias; 0 for other heads.

    Args:
        head: The head of the task, None for none.
        arrays: Those of the checkpoint, by its own names.
        configuration: The checkpoint's.
        file_format: huggingface or tf1.

    Raises:
        UserError: The bias is not a list of numbers.
    """
    if head not in ("classifier", "token_classifier"):
        return 0
    bias = weights_of_head(head, 1, configuration.size, 1, file_format, configuration.family)[-1]
    name = next((name for name in bias.names if name in arrays), None)
    if name is None:
        return 1
    if len(arrays[name].shape) != 1 or not len(arrays[name]):
        raise UserError(
            f"The bias of a classifier must have a number for each output. Received: the shape {arrays[name].shape} "
            f"for {name}",
            "Download the weights again.",
        )
    return len(arrays[name])


def find_problem_type(
    head: str | None, num_labels: int, configuration: Configuration, file_format: str
) -> str | None:
    """What a classifier of whole texts answers, one of `PROBLEM_TYPES`; None of other heads, which say it themselves.

    One output whose problem is not stated is a probability to Hugging Face, whose pipeline takes the sigmoid of
    it, and a number in BERT's own code for TF1.

    Raises:
        UserError: `problem_type` is not known, or contradicts the number of outputs.
    """
    if head != "classifier":
        return None
    stated = configuration.values.get("problem_type")
    if stated is None:
        single = MULTI_LABEL_PROBLEM if file_format == "huggingface" else REGRESSION_PROBLEM
        return single if num_labels == 1 else SINGLE_LABEL_PROBLEM
    if not isinstance(stated, str) or stated not in PROBLEM_TYPES:
        raise UserError(
            f"problem_type must be one of {', '.join(PROBLEM_TYPES)}. "
            f"Received: {shown(stated)} in {configuration.path}",
            "Set it to the one that the model was trained for, or take it out.",
        )
    if stated == SINGLE_LABEL_PROBLEM and num_labels == 1:
        raise UserError(
            f"problem_type {stated} needs two outputs or more, as in transformers. "
            f"Received: 1 output, in {configuration.path}",
            "Set it to multi_label_classification for a probability, or to regression for a number.",
        )
    return stated


def find_labels(num_labels: int, configuration: Configuration) -> tuple[str, ...]:
    """Names of the outputs of a classifier; LABEL_0 and so on where the configuration has none.

    Raises:
        UserError: The names are not one for each output, or not distinct.
    """
    values, path = configuration.values, configuration.path
    defaults = {str(index): f"LABEL_{index}" for index in range(num_labels)}
    named = values.get("id2label")
    if named is None:
        promised = values.get("num_labels")
        if promised not in (num_labels, None):
            raise UserError(
                f"num_labels must be the number of outputs of the head, {num_labels}. "
                f"Received: {shown(promised)} in {path}",
                f"Set num_labels to {num_labels}, or restore the weights that were saved with {path.name}.",
            )
        named = _from_ids(values) or defaults
    is_whole = isinstance(named, dict) and set(map(str, named)) == set(defaults)
    are_names = is_whole and all(isinstance(name, str | int | float) for name in named.values())
    if not are_names or len(set(map(str, named.values()))) < num_labels:
        field = "label2id" if values.get("id2label") is None else "id2label"
        raise UserError(
            f"{field} must give each of the {num_labels} outputs of the head a name of its own, 0 to "
            f"{num_labels - 1}. Received: {shown(values[field])} in {path}",
            f"Correct {field} in {path.name}, or take it out: the outputs are LABEL_0 and so on then.",
        )
    found = {str(index): str(name) for index, name in named.items()}
    return tuple(found[index] for index in defaults)


def _from_ids(values: Mapping[str, Any]) -> dict[str, str] | None:
    """label2id the other way round."""
    ids = values.get("label2id")
    return {str(index): str(name) for name, index in ids.items()} if isinstance(ids, dict) else None


def _are_numbered(names: Mapping[str, str]) -> bool:
    return all(name.startswith("LABEL_") for name in names.values())


def find_notes(problem_type: str | None, num_labels: int, configuration: Configuration) -> list[str]:
    """What a person should know about a task's head: choices that the configuration leaves open.

    Args:
        problem_type: What `find_problem_type` says.
        num_labels: Outputs of a classifier; 0 for other heads.
        configuration: The checkpoint's.
    """
    values, file = configuration.values, configuration.path.name
    notes = []
    if problem_type == MULTI_LABEL_PROBLEM and num_labels == 1 and values.get("problem_type") is None:
        notes.append(
            f"{file}: one output without problem_type is given as a probability, its sigmoid, as transformers "
            'gives it; with "problem_type": "regression" it is the number itself'
        )
    named, ids = values.get("id2label"), _from_ids(values)
    if num_labels and named is None and ids and not _are_numbered(ids):
        notes.append(
            f"{file}: without id2label the outputs have the names of label2id; transformers reads id2label alone and "
            "calls them LABEL_0 and so on"
        )
    if num_labels and isinstance(named, dict) and ids is not None:
        found = {str(index): str(name) for index, name in named.items()}
        if not _are_numbered(ids) and ids != found:
            notes.append(
                f"{file}: label2id {shown(values['label2id'])} is passed over: it contradicts id2label, which "
                "names the outputs"
            )
    if num_labels and named is not None and values.get("num_labels") not in (num_labels, None):
        notes.append(f"{file}: num_labels {shown(values['num_labels'])} is passed over: id2label counts")
    if configuration.size.num_segments == 1:
        notes.append(f"{file}: type_vocab_size 1: both texts of a pair get the only row of segments")
    return notes


def write_task(architecture: str, problem_type: str | None, labels: Sequence[str] | None) -> dict[str, Any]:
    """The fields of a configuration of which the functions above find the same task again.

    Args:
        architecture: Hugging Face's class.
        problem_type: One of `PROBLEM_TYPES`, which is written where the class has a head for whole texts; None where
            none says what the head answers.
        labels: Names of the outputs, in their order; None where there is no classifier.
    """
    fields: dict[str, Any] = {"architectures": [architecture]}
    if labels is None or not architecture.endswith(("SequenceClassification", "TokenClassification")):
        return fields
    fields["id2label"] = {str(index): label for index, label in enumerate(labels)}
    fields["label2id"] = {label: index for index, label in enumerate(labels)}
    if architecture.endswith("SequenceClassification") and problem_type is not None:
        fields["problem_type"] = problem_type
    return fields
