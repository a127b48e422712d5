"""Which layers of its teacher the layers of a student start as copies of."""

from collections.abc import Mapping, Sequence

from mbert_cli.distill.layer_map import map_layers
from mbert_cli.errors import UserError
from mbert_cli.model.options import Architecture, layer_name
from mbert_cli.model.weight_shapes import Shape, encoder_shapes

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
            f"A layer can be copied only into one that computes the same. Received: {difference}",
            f"--set '{_KEY}=[]' starts from layers as they are drawn; or choose a student of the teacher's widths "
            "(model.size, model.changes).",
        )
    return map_layers(teacher.num_layers, student.num_layers, copied_layers, _KEY)


def _difference(teacher: Architecture, student: Architecture) -> str | None:
    """The first thing in which the layers of two models differ; None if they are the same."""
    for field in ("num_heads", "normalization", "activation"):
        theirs, ours = (str(getattr(size, field)) for size in (teacher, student))
        # both forms of gelu are nearly the same
        if theirs.removesuffix("_exact") != ours.removesuffix("_exact"):
            return f"{field} {theirs} in the teacher and {ours} in the student"
    first, second = (_first_layer(size) for size in (teacher, student))
    for name in (*first, *second):
        if first.get(name) != second.get(name):
            shapes = (str(shapes.get(name, "no such weight")) for shapes in (first, second))
            return "{} {} in the teacher and {} in the student".format(name, *shapes)
    return None


def _first_layer(size: Architecture) -> Mapping[str, Shape]:
    """Shapes of the weights of a layer, by their names below it; all layers of a size have the same."""
    prefix = f"encoder/{layer_name(0)}/"
    shapes = encoder_shapes(size.model_copy(update={"num_layers": 1}), 1)
    return {name.removeprefix(prefix): shape for name, shape in shapes.items() if name.startswith(prefix)}
