"""Beside which values of other keys a key changes nothing."""

from collections.abc import Callable, Mapping
from pathlib import Path

from mbert_cli.text.text_files import JSON_ROWS, PROSE, suffix_of
from mbert_cli.tflite.modes import MODES, Mode

Values = Mapping[str, object]
"""The value of every key of a recipe, by its full path."""
Idleness = Callable[[Values], bool]
"""Whether a key changes nothing beside some values."""


def _files(values: Values) -> list[str]:
    """Ends of the names of the files of a task."""
    paths = (values.get("task.train"), values.get("task.validation"))
    return [suffix_of(Path(str(path))) for path in paths if path is not None]


def are_json(values: Values) -> bool:
    """Whether the files of a task are rows of JSON, as far as it names any."""
    return all(suffix in JSON_ROWS for suffix in _files(values))


def have_no_cells(values: Values) -> bool:
    """Whether no file of a task is a table of cells, nor one of text without labels."""
    more = values.get("task.unlabelled")
    names = [suffix_of(Path(pattern)) for pattern in (more if isinstance(more, list) else ())]
    return are_json(values) and all(name in (*JSON_ROWS, ".txt") for name in names)


def have_no_spans(values: Values) -> bool:
    """Whether the files of a task of labelled pieces have a tag for each token."""
    is_tokens = values.get("task.source") == "tokens"
    return is_tokens and (values["task.kind"] == "tags" or not set(_files(values)).intersection(JSON_ROWS))


def is_counted_in_json(path: str) -> Idleness:
    """Whether a column is counted where rows of JSON have members with names."""
    return lambda values: are_json(values) and isinstance(values[path], int)


def are_prose(values: Values) -> bool:
    """Whether all files of a corpus are one text each."""
    globs = values["corpus.globs"]
    return isinstance(globs, list) and all(suffix_of(Path(glob)) in PROSE for glob in globs)


def has_one_setting(values: Values) -> bool:
    """Whether a search tries no more than one setting, whatever its seeds."""
    axes = (values.get(f"search.{name}") for name in ("learning_rate", "batch_size", "epochs"))
    return not any(isinstance(axis, list) and len(axis) > 1 for axis in axes)


def is_set(*paths: str) -> Idleness:
    """Whether one of some keys has a value."""
    return lambda values: any(values.get(path) is not None for path in paths)


def replaces_prepared_sets(values: Values) -> bool:
    """Whether a task is read from files alone; one of GLUE may learn from a file and be scored on a prepared set."""
    keys = ("task.folder",) if values.get("task.source") == "glue" else ("task.train",)
    return is_set(*keys)(values)


def has_no_mode(serves: Callable[[Mode], bool]) -> Idleness:
    """Whether an export has none of some modes."""

    def holds(values: Values) -> bool:
        quantize = values["export.quantize"]
        names = [quantize] if isinstance(quantize, str) else quantize
        return isinstance(names, list) and not any(serves(MODES[name]) for name in names if name in MODES)

    return holds


def has_no(*names: str) -> Idleness:
    """Whether all these losses of a distillation are left out."""
    return lambda values: not any(values.get(f"distill.factors.{name}") for name in names)


def compares_no_layers(values: Values) -> bool:
    """Whether a distillation on a task learns from no layer."""
    return values.get("distill.intermediate_epochs") == 0


def has_no_teacher(values: Values) -> bool:
    """Whether it learns nothing at all from the teacher."""
    return compares_no_layers(values) and values.get("distill.ground_truth_ratio") == 1
