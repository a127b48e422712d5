"""Teacher and student as one Keras layer: a batch goes in, every loss by its name comes out."""

from collections.abc import Callable, Mapping, Sequence

import keras

from mbert_cli.backend import Tensor
from mbert_cli.distill.projections import build_projections, projection_name
from mbert_cli.losses.loss import Loss, Tensors, measure
from mbert_cli.losses.pretraining import PRETRAINING_LOSSES
from mbert_cli.losses.transfer import ATTENTION_LOSSES, HIDDEN_LOSSES, OUTPUT_LOSSES
from mbert_cli.model.encoder import truncate
from mbert_cli.train.objective import inputs_of
from mbert_cli.train.stage import Comparison

LOSSES = PRETRAINING_LOSSES | OUTPUT_LOSSES | HIDDEN_LOSSES | ATTENTION_LOSSES
"""Every loss of a pair, by name."""


class DistillationPair(keras.layers.Layer):
    """The losses of a stage: what it compares, and the pre-training losses of a student that is built whole.

    Both towers end at the last place that is compared: what lies above is not part of the step. A loss that is
    compared at several places is the mean over them. Where the teacher's hidden states are of another width, a
    projection brings the student's to it: a companion of the objective, which trains but is not part of the student.

    Args:
        teacher: Pre-training network of the teacher; it always runs in inference mode.
        student: Pre-training network of the student.
        compare: What is compared, as in `Stage`.
        ground_truth_ratio: Weight of the text against the teacher, 0 to 1.
        temperature: Above 0; see `transfer.knowledge_distillation`.
        seed: Draws the projections.

    Attributes:
        companions: The projections.

    Raises:
        ValueError: A loss cannot be computed at the places that are compared.
    """

    def __init__(
        self,
        teacher: keras.Model,
        student: keras.Model,
        compare: Sequence[Comparison],
        ground_truth_ratio: float = 0.5,
        temperature: float = 1.0,
        seed: int = 0,
    ) -> None:
        super().__init__(name="distillation_pair")
        for comparison in compare:
            _require_computable(comparison)
        self.compare = tuple(compare)
        self.teacher = _up_to([comparison.teacher_place for comparison in compare], teacher)
        self.student = _up_to([comparison.student_place for comparison in compare], student)
        self.projections = build_projections(compare, teacher, student, seed)
        self.soft_targets = {"ground_truth_ratio": ground_truth_ratio, "temperature": temperature}
        self.built = True

    @property
    def companions(self) -> list[keras.layers.Layer]:
        return list(self.projections.values())

    def call(self, batch: Tensors, training: bool = False) -> dict[str, Tensor]:
        teacher = self.teacher(inputs_of(self.teacher, batch), training=False)
        student = self._projected(self.student(inputs_of(self.student, batch), training=training))
        losses = measure(PRETRAINING_LOSSES, student, batch) if "masked_logits" in student else {}
        for name in self._compared(OUTPUT_LOSSES):
            loss = OUTPUT_LOSSES[name]
            losses[name] = loss.function(teacher, student, batch, loss.weights(batch), **self.soft_targets)
        for name in self._compared(HIDDEN_LOSSES | ATTENTION_LOSSES):
            losses[name] = self._mean_over_places(name, teacher, student, batch)
        return losses

    def _projected(self, trace: Tensors) -> Tensors:
        """The student's trace with hidden states of the teacher's width, wherever these are compared."""
        if not self.projections:
            return trace
        states = []
        for place, state in enumerate(trace["hidden_states"]):
            projection = self.projections.get(projection_name(place))
            states.append(state if projection is None else projection(state))
        return {**trace, "hidden_states": states}

    def _compared(self, losses: Mapping[str, Loss]) -> list[str]:
        """Those of a table that are compared anywhere, in the order of the table."""
        return [name for name in losses if any(name in comparison.losses for comparison in self.compare)]

    def _mean_over_places(self, name: str, teacher: Tensors, student: Tensors, batch: Tensors) -> Tensor:
        loss = LOSSES[name]
        tensor: Callable[..., Tensor] = _attention_logits if name in ATTENTION_LOSSES else _hidden_states
        values = [
            loss.function(
                tensor(teacher, comparison.teacher_place),
                tensor(student, comparison.student_place),
                loss.weights(batch),
            )
            for comparison in self.compare
            if name in comparison.losses
        ]
        return sum(values) / len(values)


def _hidden_states(trace: Tensors, place: int) -> Tensor:
    return trace["hidden_states"][place]


def _attention_logits(trace: Tensors, place: int) -> Tensor:
    return trace["attention_logits"][place - 1]  # the embeddings, at place 0, have none


def _up_to(places: Sequence[int | None], network: keras.Model) -> keras.Model:
    """The network up to the last of some places; what the whole network returns is the place None."""
    numbers = [place for place in places if place is not None]
    return truncate(network, max(numbers)) if numbers and len(numbers) == len(places) else network


def _require_computable(comparison: Comparison) -> None:
    places = comparison.teacher_place, comparison.student_place
    known = {} if None in places else HIDDEN_LOSSES
    if places == (None, None):
        known = OUTPUT_LOSSES
    elif known and 0 not in places:
        known = HIDDEN_LOSSES | ATTENTION_LOSSES
    unknown = [name for name in comparison.losses if name not in known]
    if unknown:
        raise ValueError(
            f"At these places {', '.join(known) or 'nothing'} can be compared. Received: {comparison}"
        )
