"""Which place and which heads of the teacher each place and head of the student learns from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from mbert_cli.distill.options import ComparisonOptions, DistilBertOptions
from mbert_cli.errors import UserError
from mbert_cli.model.options import Architecture

Transfer = TypeVar("Transfer", bound=ComparisonOptions)

HEAD_BY_HEAD = ("attention", "attention_scores")
"""The losses that compare attention head by head."""


@dataclass(frozen=True)
class HeadMatch:
    """How the attention of two models is compared.

    Attributes:
        by_head: Whether it is compared head by head.
        head_map: For each head of the student the teacher's, both from 0; None where they are compared as they stand.
        relation_heads: Heads of attention relations; None where these are not compared.
    """

    by_head: bool = False
    head_map: tuple[int, ...] | None = None
    relation_heads: int | None = None

    def __str__(self) -> str:
        heads = "each learns from the teacher's head of the same number"
        if self.head_map is not None:
            heads = f"the student's {len(self.head_map)} learn from {', '.join(map(str, self.head_map))} of the teacher"
        parts = [heads] * self.by_head
        if self.relation_heads is not None:
            parts.append(f"relations of attention are split into {self.relation_heads}")
        return "; ".join(parts) or "not compared"


def map_places(
    teacher: Architecture, student: Architecture, options: ComparisonOptions | DistilBertOptions
) -> list[int]:
    """Returns the teacher's place for each place of the student, from the embeddings' output on.

    Place 0 is the output of the embeddings and place l that of layer l, counted from 1, as in `Comparison`. Without a
    map of the recipe's, place m learns from g(m) = k * m of the teacher (TinyBERT, section 3.1). DistilBERT compares
    the last place alone, whatever the depths.

    Raises:
        UserError: The layers cannot be mapped, or those of one of the two are not what they were when it learned.
    """
    for role, size in (("teacher", teacher), ("student", student)):
        if size.is_folded:
            raise UserError(
                "Layers are compared of models whose norms are layers of their own. "
                f"Received: a {role} that was fine-tuned with quantize, which keeps its hidden states divided by "
                "factors of its norms",
                "Name the run that it was made from, or learn answers alone: --strategy task --set "
                "distill.intermediate_epochs=0",
            )
    if isinstance(options, DistilBertOptions):
        return [place * teacher.num_layers // student.num_layers for place in range(student.num_layers + 1)]
    layers = map_layers(teacher.num_layers, student.num_layers, options.layer_map, "distill.layer_map")
    return [0, *(layer + 1 for layer in layers)]


def describe_places(places: Sequence[int]) -> str:
    """Which layers the student's learn from, in words; places as `map_places` returns them."""
    layers = ", ".join(str(place - 1) for place in places[1:])
    return f"the student's {len(places) - 1} learn from {layers} of the teacher"


def map_layers(
    teacher_layers: int, student_layers: int, layer_map: Sequence[int] | None, key: str
) -> list[int]:
    """Returns for each layer of the student one of the teacher's, both counted from 0.

    Args:
        teacher_layers: How many the teacher has.
        student_layers: How many the student has.
        layer_map: What the recipe gives; None spreads them evenly, so that the last is the teacher's last.
        key: The recipe's key for it, for messages.

    Raises:
        UserError: There is not one for each, one is beyond the teacher's, or they cannot be spread evenly.
    """
    if layer_map is not None:
        return _checked_map(layer_map, teacher_layers, student_layers, key)
    if teacher_layers % student_layers:
        raise UserError(
            "The teacher's layers must be a multiple of the student's to be mapped evenly. "
            f"Received: {teacher_layers} teacher layers and {student_layers} student layers",
            _example(teacher_layers, student_layers, key),
        )
    stride = teacher_layers // student_layers
    return [stride * layer + stride - 1 for layer in range(student_layers)]


def _checked_map(layer_map: Sequence[int], teacher_layers: int, student_layers: int, key: str) -> list[int]:
    if len(layer_map) != student_layers or max(layer_map) >= teacher_layers:
        raise UserError(
            f"{key} needs one teacher layer, 0 to {teacher_layers - 1}, for each of the "
            f"student's {student_layers} layers. Received: {layer_map}",
            _example(teacher_layers, student_layers, key)
            if teacher_layers % student_layers
            else f"{key}=null maps the layers evenly.",
        )
    return list(layer_map)


def _example(teacher_layers: int, student_layers: int, key: str) -> str:
    """A hint with a map that fits, as even as can be."""
    ends = [(layer + 1) * teacher_layers // student_layers for layer in range(student_layers)]
    return (
        "Name the teacher layer for each student layer, "
        f"as in --set {key}='{[max(0, end - 1) for end in ends]}'."
    )


def with_smoke_heads(options: Transfer, teacher: Architecture, student: Architecture) -> Transfer:
    """The options of a trial with a tiny student, whose few heads learn from the first ones of any teacher's."""
    by_head = any(getattr(options.factors, name, 0.0) for name in HEAD_BY_HEAD)
    if not by_head or options.head_map or teacher.num_heads <= student.num_heads:
        return options
    return options.model_copy(update={"head_map": list(range(student.num_heads))})


def match_heads(teacher: Architecture, student: Architecture, options: ComparisonOptions) -> HeadMatch:
    """Returns how the attention of two models is compared.

    Raises:
        UserError: A head map does not fit; the numbers of heads differ and none is given; or relations cannot be
            split into their heads.
    """
    factors = options.factors.model_dump()
    by_head = [name for name in HEAD_BY_HEAD if factors[name]]
    relation_heads = None
    if factors["attention_relations"]:
        relation_heads = options.relation_heads or student.num_heads
        _require_even_split(teacher, student, relation_heads)
    if not by_head:
        return HeadMatch(relation_heads=relation_heads)
    if options.head_map is not None:
        _require_fitting_heads(teacher, student, options.head_map)
        return HeadMatch(True, tuple(options.head_map), relation_heads)
    if teacher.num_heads != student.num_heads:
        raise UserError(
            "Attention is compared head by head, so num_heads must be the same in both models. "
            f"Received: {teacher.num_heads} in the teacher and {student.num_heads} in the student",
            _ways_out(teacher, student, by_head),
        )
    return HeadMatch(True, None, relation_heads)


def _require_fitting_heads(teacher: Architecture, student: Architecture, head_map: list[int]) -> None:
    if len(head_map) == student.num_heads and max(head_map) < teacher.num_heads:
        return
    is_needless = teacher.num_heads == student.num_heads
    raise UserError(
        f"distill.head_map needs one teacher head, 0 to {teacher.num_heads - 1}, for each of the student's "
        f"{student.num_heads} heads. Received: {head_map}",
        "distill.head_map=null compares the heads as they stand."
        if is_needless
        else f"For example --set distill.head_map='{_even_heads(teacher, student)}'.",
    )


def _require_even_split(teacher: Architecture, student: Architecture, heads: int) -> None:
    """Checks that the vectors of both models can be split into a number of heads."""
    if teacher.block_dim % heads == 0 and student.block_dim % heads == 0:
        return
    raise UserError(
        "The heads of attention relations must divide the width of attention of both models. "
        f"Received: {heads} heads for {teacher.block_dim} in the teacher and {student.block_dim} in the student",
        f"For example --set distill.relation_heads={_common_heads(teacher, student)}.",
    )


def _ways_out(teacher: Architecture, student: Architecture, by_head: list[str]) -> str:
    """What a person may choose where the numbers of heads differ."""
    without = " ".join(f"--set distill.factors.{name}=0" for name in by_head)
    return (
        f"--set distill.head_map='{_even_heads(teacher, student)}' names a head of the teacher for each of the "
        f"student's; {without} --set distill.factors.attention_relations=1 --set distill.relation_heads="
        f"{_common_heads(teacher, student)} compares relations among queries, keys and values instead; "
        f"{without} alone compares hidden states."
    )


def _even_heads(teacher: Architecture, student: Architecture) -> list[int]:
    return [head * teacher.num_heads // student.num_heads for head in range(student.num_heads)]


def _common_heads(teacher: Architecture, student: Architecture) -> int:
    """A number of heads into which both models' vectors can be split, near their own."""
    most = max(teacher.num_heads, student.num_heads)
    dims = teacher.block_dim, student.block_dim
    return max(heads for heads in range(1, most + 1) if not any(dim % heads for dim in dims))
