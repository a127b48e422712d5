"""A teacher that was recorded, in the place of its network: which of its tensors are kept, and under which names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import keras

from mbert_cli.backend import Tensor
from mbert_cli.distill.output_records import RecordedArray
from mbert_cli.distill.pair import HEAD_LOSSES, PROJECTED_LOSSES, Teaching
from mbert_cli.figures import counted, in_words
from mbert_cli.losses.loss import Tensors
from mbert_cli.model.attention import MASKED
from mbert_cli.model.encoder import PROJECTIONS
from mbert_cli.train.stage import Comparison

_LOGITS = "logits"
_NAMES = {"hidden_states": "hidden", "attention_logits": "attention"}
"""What parts of a Trace are called in a batch, where that is shorter."""


@dataclass(frozen=True)
class TeacherPlaces:
    """What is compared with a teacher, whatever the losses are.

    Attributes:
        of_trace: Places by the part of a Trace that is compared there, ascending.
        outputs: Whether what the network returns is compared.
    """

    of_trace: Mapping[str, tuple[int, ...]]
    outputs: bool

    def are_within(self, others: "TeacherPlaces") -> bool:
        """Whether others have all of these."""
        parts = self.of_trace.items()
        return self.outputs <= others.outputs and all(
            set(places) <= set(others.of_trace.get(part, ())) for part, places in parts
        )

    def __str__(self) -> str:
        counts = {in_words(part): len(places) for part, places in self.of_trace.items()}
        said = [f"{part} of {counted(count, 'layer')}" for part, count in counts.items()]
        return " and ".join([*([_LOGITS] if self.outputs else []), *said]) or "nothing"


OUTPUTS_ALONE = TeacherPlaces({}, outputs=True)
"""What a stage reads that learns from answers alone."""


def compared_places(compare: Iterable[Comparison]) -> TeacherPlaces:
    """What some comparisons read of a teacher."""
    places: dict[str, set[int]] = {}
    outputs = False
    for comparison in compare:
        if comparison.teacher_place is None:
            outputs = True
            continue
        for name in comparison.losses:
            for part in _parts_of(name):
                places.setdefault(part, set()).add(comparison.teacher_place)
    return TeacherPlaces({part: tuple(sorted(places[part])) for part in sorted(places)}, outputs)


def recorded_tensors(network: keras.Model, places: TeacherPlaces) -> dict[str, Tensor]:
    """The symbolic outputs of a teacher's network that are recorded, by their names in a batch.

    Args:
        network: A task network with a Trace, as far as places of one are compared.
        places: What is compared.
    """
    tensors = {f"teacher_{_LOGITS}": network.output[_LOGITS]} if places.outputs else {}
    for part, numbers in places.of_trace.items():
        for place in numbers:
            tensors[_name(part, place)] = network.output[part][_index(part, place)]
    return tensors


def recorded_arrays(tensors: Mapping[str, Tensor]) -> tuple[RecordedArray, ...]:
    """How the tensors of `recorded_tensors` are recorded."""
    return tuple(_array(name, tensor.shape) for name, tensor in tensors.items())


def recorded_teacher(places: TeacherPlaces) -> Teaching:
    """What stands in the place of a teacher's network where batches have what it said.

    Args:
        places: What was recorded.
    """

    def teach(batch: Tensors) -> Tensors:
        told: dict[str, Tensor] = {_LOGITS: batch[f"teacher_{_LOGITS}"]} if places.outputs else {}
        for part, numbers in places.of_trace.items():
            told[part] = {_index(part, place): batch[_name(part, place)] for place in numbers}
        return told

    return teach


def _parts_of(loss: str) -> tuple[str, ...]:
    if loss in PROJECTED_LOSSES:
        return ("hidden_states",)
    return ("attention_logits",) if loss in HEAD_LOSSES else PROJECTIONS


def _name(part: str, place: int) -> str:
    return f"teacher_{_NAMES.get(part, part)}_{place}"


def _index(part: str, place: int) -> int:
    """Where a place is in its part of a Trace: blocks have no place 0, which is that of the embeddings."""
    return place if part == "hidden_states" else place - 1


def _array(name: str, shape: tuple[int | None, ...]) -> RecordedArray:
    if len(shape) == 4:  # (batch, heads, query, key)
        return RecordedArray(name, "pairs", shape[1] or 0, padding=MASKED)
    return RecordedArray(name, "row" if len(shape) == 2 else "tokens", shape[-1] or 0)
