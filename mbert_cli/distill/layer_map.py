"""Which place of the teacher each place of the student learns from."""

from mbert_cli.distill.options import DistillOptions
from mbert_cli.errors import UserError
from mbert_cli.model.options import Architecture


def map_places(teacher: Architecture, student: Architecture, options: DistillOptions) -> list[int]:
    """Returns the teacher's place for each place of the student, from the embeddings' output on.

    Place 0 is the output of the embeddings and place l that of layer l, counted from 1, as in `Comparison`.

    Raises:
        UserError: The layers cannot be mapped, or their maps of attention cannot be compared.
    """
    _require_comparable(teacher, student, options)
    layers = _map_layers(teacher.num_layers, student.num_layers, options.layer_map)
    return [0, *(layer + 1 for layer in layers)]


def _map_layers(teacher_layers: int, student_layers: int, layer_map: list[int] | None) -> list[int]:
    """For each student layer the teacher layer, both counted from 0."""
    if layer_map is not None:
        return _checked_map(layer_map, teacher_layers, student_layers)
    if teacher_layers % student_layers:
        raise UserError(
            "The teacher's layers must be a multiple of the student's to be mapped evenly. "
            f"Received: {teacher_layers} teacher layers and {student_layers} student layers.",
            "Name the teacher layer for each student layer with --set distill.layer_map='[0, 2, …]'.",
        )
    stride = teacher_layers // student_layers
    return [stride * layer + stride - 1 for layer in range(student_layers)]


def _checked_map(layer_map: list[int], teacher_layers: int, student_layers: int) -> list[int]:
    if len(layer_map) != student_layers or max(layer_map) >= teacher_layers:
        raise UserError(
            f"distill.layer_map needs one teacher layer, 0 to {teacher_layers - 1}, for each of the "
            f"student's {student_layers} layers. Received: {layer_map}.",
            "distill.layer_map=null maps the layers evenly.",
        )
    return list(layer_map)


def _require_comparable(teacher: Architecture, student: Architecture, options: DistillOptions) -> None:
    _require_equal("hidden_dim", teacher.hidden_dim, student.hidden_dim)
    _require_equal("num_heads", teacher.num_heads, student.num_heads)


def _require_equal(field: str, teacher: int, student: int) -> None:
    if teacher != student:
        raise UserError(
            f"Layer transfer compares maps of equal shape, so {field} must be the same in both models. "
            f"Received: {teacher} in the teacher and {student} in the student.",
            f"Choose another model.size, or --set model.changes.{field}={teacher}.",
        )
