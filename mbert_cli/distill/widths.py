"""Where hidden states of two widths are compared, and which projection brings the student's to the teacher's there.

A recipe says how many projections there are: one for all places, as in the code that was released with TinyBERT; one
for the output of the embeddings and one for the outputs of all layers, as in its paper; or one for each place.
"""

from collections.abc import Callable, Sequence
from typing import Literal

from mbert_cli.distill.options import ComparisonOptions, StrategyOptions
from mbert_cli.model.options import layer_name
from mbert_cli.train.stage import Comparison

Sharing = Literal["shared", "per_place", "embeddings_and_layers"]
"""Which places have a projection in common."""

OF_HIDDEN_STATES = ("feature_map", "feature_mean", "feature_variance", "hidden_states", "hidden_cosine")
"""The losses that compare hidden states; all others compare attention, which the embeddings do not have."""

_EMBEDDINGS = "embedding_projection"

_NAMES: dict[Sharing, Callable[[int], str]] = {
    "shared": lambda place: "projection",
    "per_place": lambda place: f"{layer_name(place - 1)}_projection" if place else _EMBEDDINGS,
    "embeddings_and_layers": lambda place: "layer_projection" if place else _EMBEDDINGS,
}
"""Student's place -> name of the projection of its hidden states."""


def sharing_of(options: StrategyOptions) -> Sharing:
    """Which places have a projection in common; where one place alone is compared, that is of no concern."""
    return options.projections if isinstance(options, ComparisonOptions) else "embeddings_and_layers"


def name_projections(
    compare: Sequence[Comparison], teacher_dim: int, student_dim: int, sharing: Sharing
) -> dict[int, str]:
    """Returns the name of the projection for each place of the student that needs one, in the order of the places.

    Args:
        compare: What is compared.
        teacher_dim: Width of the teacher's hidden states.
        student_dim: Width of the student's; none is needed where it is the same.
        sharing: Which places share one.
    """
    if teacher_dim == student_dim:
        return {}
    seen = {one.student_place for one in compare if set(one.losses) & set(OF_HIDDEN_STATES)}
    return {place: _NAMES[sharing](place) for place in sorted(place for place in seen if place is not None)}
