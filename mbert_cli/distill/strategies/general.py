"""The strategy `general`: embeddings, hidden states and attention of all layers, without a word that is predicted.

Source: Jiao et al., "TinyBERT", Findings of EMNLP 2020, sections 3.1 and 3.2. A loss is the mean over the places where
it is compared; the paper adds them up.
"""

from collections.abc import Sequence

from mbert_cli.distill.options import GeneralOptions
from mbert_cli.distill.strategies.layers import compare_all, transfer_weights
from mbert_cli.train.options import OptimizerOptions
from mbert_cli.train.stage import Stage, make_schedule


def general(options: GeneralOptions, places: Sequence[int], optimizer: OptimizerOptions) -> list[Stage]:
    """Returns one stage, in whose every step the embeddings and all layers are compared."""
    return [
        Stage(
            name="general distillation",
            steps=options.steps,
            loss_weights=transfer_weights(options),
            schedule=make_schedule(optimizer, options.steps),
            compare=compare_all(options, places),
        )
    ]
