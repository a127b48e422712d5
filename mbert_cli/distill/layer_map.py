"""Which place of the teacher each place of the student learns from."""

from mbert_cli.distill.options import ComparisonOptions, DistillOptions
from mbert_cli.errors import UserError
from mbert_cli.model.options import Architecture


def map_places(teacher: Architecture, student: Architecture, options: DistillOptions) -> list[int]:
    """Returns the teacher's place for each place of the student, from the embeddings' output on.

    Place 0 is the output of the embeddings and place l that of layer l, counted from 1, as in `Comparison`.

    Raises:
        UserError: The layers cannot be mapped, or their maps of attention cannot be compared.
    """
    _require_comparable(teacher, student, options)
    layer_map = options.layer_map if isinstance(options, ComparisonOptions) else options.copied_layers or None
    layers = _map_layers(teacher.num_layers, student.num_layers, layer_map)
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
    """Hidden states of another width are projected; maps of another number of heads cannot be compared yet."""
    if (
        isinstance(options, ComparisonOptions)
        and options.factors.attention
        and teacher.num_heads != student.num_heads
    ):
        raise UserError(
            "Attention is compared head by head, so num_heads must be the same in both models. "
            f"Received: {teacher.num_heads} in the teacher and {student.num_heads} in the student.",
            "--set distill.factors.attention=0 compares hidden states alone; or choose another model.size, or "
            f"--set model.changes.num_heads={teacher.num_heads}.",
        )
