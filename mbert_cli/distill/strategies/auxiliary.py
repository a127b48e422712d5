"""The strategy `auxiliary`: layer transfer beside pre-training distillation (AKT in MobileBERT's paper)."""

from collections.abc import Sequence

from mbert_cli.distill.options import AuxiliaryOptions
from mbert_cli.distill.strategies.layers import compare_layers, transfer_weights
from mbert_cli.distill.strategies.mobilebert import compare_outputs, pretraining_weights
from mbert_cli.train.options import OptimizerOptions
from mbert_cli.train.stage import Stage, make_schedule


def auxiliary(options: AuxiliaryOptions, places: Sequence[int], optimizer: OptimizerOptions) -> list[Stage]:
    """Returns one stage, in whose every step all layers' losses and pre-training distillation count."""
    steps = options.transfer_steps + options.pretraining_steps
    layers = range(len(places) - 1)
    return [
        Stage(
            name="transfer and pre-training distillation",
            steps=steps,
            loss_weights=transfer_weights(options) | pretraining_weights(options),
            schedule=make_schedule(optimizer, steps),
            compare=(*compare_layers(options, places, layers), *compare_outputs(options)),
        )
    ]
