"""Teacher and student as one Keras layer: a batch goes in, every loss by its name comes out."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
from keras import ops

from mbert_cli.backend import Tensor
from mbert_cli.losses.loss import Loss, Tensors, measure
from mbert_cli.losses.tinybert import SCORE_LOSSES, TINYBERT_HIDDEN_LOSSES, relation_losses
from mbert_cli.losses.transfer import ATTENTION_LOSSES, HIDDEN_LOSSES
from mbert_cli.model.encoder import PROJECTIONS, truncate
from mbert_cli.train.objective import inputs_of
from mbert_cli.train.stage import Comparison

Teaching = Callable[[Tensors], Tensors]
"""A batch -> what a teacher returns: `hidden_states` by place, and what its blocks have by layer from 0, each a list
or a dict of those that are compared; and its outputs by name."""

Compared = tuple[Any, Any]
"""The teacher's and the student's side of a comparison: a tensor each, or queries, keys and values."""

PROJECTED_LOSSES = HIDDEN_LOSSES | TINYBERT_HIDDEN_LOSSES
"""The losses of hidden states, by name: those that see the projections."""

HEAD_LOSSES = ATTENTION_LOSSES | SCORE_LOSSES
"""The losses that compare attention head by head, by name."""


class DistillationPair(keras.layers.Layer):
    """The losses of a stage: what it compares, and what is measured of a student that is built whole.

    A student whose outputs are not learned, and a teacher that is a network, end at the last place that is compared:
    what lies above is not part of the step. Where nothing is compared, the teacher does not run. A loss that is
    compared at several places is the mean over them.

    Args:
        teacher: A network, which always runs in inference mode, or whatever else knows what it would return.
        student: The network that trains.
        compare: What is compared, as in `Stage`.
        output_losses: Losses of what the two return, by name: functions of the teacher's outputs, the student's,
            the batch and the weights.
        student_losses: What is measured of the outputs of a whole student alone, by name.
        learns_outputs: Whether the student is whole although none of its outputs is compared.
        projections: Layers by the student's place whose hidden states they bring to the teacher's width; see
            `build_projections`.
        head_map: For each head of the student that of the teacher which it learns from, both from 0; None where
            the heads are compared as they stand.
        relation_heads: Heads of the relations of attention; None where these are not compared.

    Attributes:
        companions: The projections of the places that are compared.
        known_losses: Every loss that it can compute, by name.

    Raises:
        ValueError: A loss cannot be computed at the places that are compared.
    """

    def __init__(
        self,
        teacher: keras.Model | Teaching,
        student: keras.Model,
        compare: Sequence[Comparison],
        *,
        output_losses: Mapping[str, Loss] | None = None,
        student_losses: Mapping[str, Loss] | None = None,
        learns_outputs: bool = False,
        projections: Mapping[int, keras.layers.Layer] | None = None,
        head_map: Sequence[int] | None = None,
        relation_heads: int | None = None,
    ) -> None:
        super().__init__(name="distillation_pair")
        self.compare = tuple(compare)
        self.output_losses, self.student_losses = dict(output_losses or {}), dict(student_losses or {})
        relations = relation_losses(relation_heads) if relation_heads else {}
        self.layer_losses = PROJECTED_LOSSES | HEAD_LOSSES | relations
        for comparison in compare:
            self._require_computable(comparison)
        if isinstance(teacher, keras.Model):
            teacher = _up_to([comparison.teacher_place for comparison in compare], teacher)
        self.teacher = teacher
        end = [] if learns_outputs else [comparison.student_place for comparison in compare]
        self.student = _up_to(end, student)
        self.student_is_whole = self.student is student
        places = {comparison.student_place for comparison in compare}
        self.projections = {place: layer for place, layer in (projections or {}).items() if place in places}
        self.head_map = None if head_map is None else tuple(head_map)
        self.built = True

    @property
    def companions(self) -> list[keras.layers.Layer]:
        return list({layer.name: layer for layer in self.projections.values()}.values())

    @property
    def known_losses(self) -> dict[str, Loss]:
        return {**self.student_losses, **self.output_losses, **self.layer_losses}

    def call(self, batch: Tensors, training: bool = False) -> dict[str, Tensor]:
        student = self._projected(self.student(inputs_of(self.student, batch), training=training))
        losses = measure(self.student_losses, student, batch) if self.student_is_whole else {}
        teacher = self._teach(batch)
        for name in self._compared(self.output_losses):
            loss = self.output_losses[name]
            losses[name] = loss.function(teacher, student, batch, loss.weights(batch))
        for name in self._compared(self.layer_losses):
            losses[name] = self._mean_over_places(name, teacher, student, batch)
        return losses

    def _teach(self, batch: Tensors) -> Tensors:
        if not self.compare:
            return {}
        if isinstance(self.teacher, keras.Model):
            outputs: Tensors = self.teacher(inputs_of(self.teacher, batch), training=False)
            return outputs
        return self.teacher(batch)

    def _projected(self, trace: Tensors) -> Tensors:
        """The student's trace with hidden states of the teacher's width, wherever these are compared."""
        if not self.projections:
            return trace
        states = []
        for place, state in enumerate(trace["hidden_states"]):
            projection = self.projections.get(place)
            states.append(state if projection is None else projection(state))
        return {**trace, "hidden_states": states}

    def _compared(self, losses: Mapping[str, Loss]) -> list[str]:
        """Those of a table that are compared anywhere, in the order of the table."""
        return [name for name in losses if any(name in comparison.losses for comparison in self.compare)]

    def _mean_over_places(self, name: str, teacher: Tensors, student: Tensors, batch: Tensors) -> Tensor:
        loss = self.layer_losses[name]
        weights = loss.weights(batch)
        values = [
            loss.function(*self._tensors(name, teacher, student, comparison), weights)
            for comparison in self.compare
            if name in comparison.losses
        ]
        return sum(values) / len(values)

    def _tensors(self, name: str, teacher: Tensors, student: Tensors, comparison: Comparison) -> Compared:
        """What a loss compares: the teacher's and the student's."""
        theirs, own = comparison.teacher_place or 0, comparison.student_place or 0
        if name in PROJECTED_LOSSES:
            return teacher["hidden_states"][theirs], student["hidden_states"][own]
        layers = (teacher, theirs - 1), (student, own - 1)  # the embeddings, at place 0, have no attention
        if name in HEAD_LOSSES:
            logits, own_logits = (trace["attention_logits"][layer] for trace, layer in layers)
            return logits if self.head_map is None else ops.take(logits, self.head_map, axis=1), own_logits
        vectors, own_vectors = (tuple(trace[part][layer] for part in PROJECTIONS) for trace, layer in layers)
        return vectors, own_vectors

    def _require_computable(self, comparison: Comparison) -> None:
        places = comparison.teacher_place, comparison.student_place
        known: Mapping[str, Loss] = {} if None in places else PROJECTED_LOSSES
        if places == (None, None):
            known = self.output_losses
        elif known and 0 not in places:
            known = self.layer_losses
        unknown = [name for name in comparison.losses if name not in known]
        if unknown:
            raise ValueError(
                f"At these places {', '.join(known) or 'nothing'} can be compared. Received: {comparison}"
            )


def _up_to(places: Sequence[int | None], network: keras.Model) -> keras.Model:
    """The network up to the last of some places; what the whole network returns is the place None."""
    numbers = [place for place in places if place is not None]
    return truncate(network, max(numbers)) if numbers and len(numbers) == len(places) else network
