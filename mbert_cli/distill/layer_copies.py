"""Layers of a student that start as copies of its teacher's."""

from collections.abc import Mapping, Sequence

import keras
import numpy as np

from mbert_cli.distill.layer_map import map_layers
from mbert_cli.errors import UserError
from mbert_cli.model.options import Architecture, layer_name
from mbert_cli.model.weight_shapes import Shape, encoder_shapes
from mbert_cli.weights.variables import assign_variables, read_variables

_KEY = "distill.copied_layers"


def find_copies(
    teacher: Architecture, student: Architecture, copied_layers: Sequence[int] | None
) -> list[int]:
    """Returns for each layer of the student the teacher's that it starts as a copy of, both counted from 0.

    Without a list of the recipe's these are the layers that the student's would be compared with: every second one,
    or every k-th, of which the last is the teacher's last.

    Args:
        teacher: Its size.
        student: Its size.
        copied_layers: A layer of the teacher for each of the student; empty copies none, None spreads them evenly.

    Raises:
        UserError: There is not one for each layer, or its weights mean something else in the student.
    """
    if copied_layers is not None and not copied_layers:
        return []
    difference = _difference(teacher, student)
    if difference:
        raise UserError(
            f"A layer can be copied only into one that computes the same. Received: {difference}.",
            f"--set {_KEY}=[] starts from layers as they are drawn; or choose a student of the teacher's widths "
            "(model.size, model.changes).",
        )
    return map_layers(teacher.num_layers, student.num_layers, copied_layers, _KEY)


def copy_layers(student: keras.Model, teacher: keras.Model, copies: Sequence[int]) -> list[str]:
    """Copies layers of the teacher into the student; returns the names of the weights.

    Args:
        student: Network with an encoder; its weights are changed.
        teacher: Another one.
        copies: As `find_copies` returns them.
    """
    source = read_variables(teacher)
    arrays: dict[str, np.ndarray] = {}
    for layer, copied in enumerate(copies):
        ours, theirs = (f"encoder/{layer_name(index)}/" for index in (layer, copied))
        arrays |= {
            ours + name.removeprefix(theirs): array
            for name, array in source.items()
            if name.startswith(theirs)
        }
    assign_variables(student, arrays, allow_missing=("",))
    return sorted(arrays)


def _difference(teacher: Architecture, student: Architecture) -> str | None:
    """The first thing in which the layers of two models differ; None if they are the same."""
    for field in ("num_heads", "normalization", "activation"):
        theirs, ours = (str(getattr(size, field)) for size in (teacher, student))
        if theirs.removesuffix("_exact") != ours.removesuffix(
            "_exact"
        ):  # both forms of gelu are nearly the same
            return f"{field} {theirs} in the teacher and {ours} in the student"
    first, second = (_first_layer(size) for size in (teacher, student))
    for name in (*first, *second):
        if first.get(name) != second.get(name):
            theirs, ours = (shapes.get(name, "no such weight") for shapes in (first, second))
            return f"{name} {theirs} in the teacher and {ours} in the student"
    return None


def _first_layer(size: Architecture) -> Mapping[str, Shape]:
    """Shapes of the weights of a layer, by their names below it; all layers of a size have the same."""
    prefix = f"encoder/{layer_name(0)}/"
    shapes = encoder_shapes(size.model_copy(update={"num_layers": 1}), 1)
    return {name.removeprefix(prefix): shape for name, shape in shapes.items() if name.startswith(prefix)}
