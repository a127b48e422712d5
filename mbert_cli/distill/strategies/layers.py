"""What strategies that compare layers share: which losses compare which places."""

from collections.abc import Sequence

from mbert_cli.distill.options import ComparisonOptions
from mbert_cli.distill.widths import OF_HIDDEN_STATES
from mbert_cli.train.stage import Comparison


def transfer_weights(options: ComparisonOptions) -> dict[str, float]:
    """Returns the factor of each loss that compares layers; those with a factor of 0 are left out."""
    return {name: factor for name, factor in options.factors.model_dump().items() if factor}


def compare_layers(
    options: ComparisonOptions, places: Sequence[int], layers: Sequence[int]
) -> tuple[Comparison, ...]:
    """Returns what is compared at the outputs of some layers of the student.

    Args:
        options: Their factors say which losses.
        places: The teacher's place for each place of the student.
        layers: Layers of the student, from 0.
    """
    losses = tuple(transfer_weights(options))
    return tuple(Comparison(places[layer + 1], layer + 1, losses) for layer in layers)


def compare_all(options: ComparisonOptions, places: Sequence[int]) -> tuple[Comparison, ...]:
    """Returns what is compared at the outputs of the embeddings and of all layers; arguments as `compare_layers`."""
    hidden = tuple(name for name in transfer_weights(options) if name in OF_HIDDEN_STATES)
    embeddings = (Comparison(places[0], 0, hidden),) if hidden else ()
    return (*embeddings, *compare_layers(options, places, range(len(places) - 1)))
