"""The strategy `joint`: all layers together (JKT in MobileBERT's paper)."""

from collections.abc import Sequence

from mbert_cli.distill.options import JointOptions
from mbert_cli.distill.strategies.layers import compare_layers, transfer_weights
from mbert_cli.distill.strategies.mobilebert import pretraining_stage, transfer_rate_key, transfer_schedule
from mbert_cli.model.options import layer_name
from mbert_cli.train.options import OptimizerOptions
from mbert_cli.train.stage import Stage


def joint(options: JointOptions, places: Sequence[int], optimizer: OptimizerOptions) -> list[Stage]:
    """Returns a stage in which all layers' losses count, then pre-training distillation."""
    layers = range(len(places) - 1)
    transfer = Stage(
        name="transfer all layers",
        steps=options.transfer_steps,
        loss_weights=transfer_weights(options),
        schedule=transfer_schedule(options, optimizer, options.transfer_steps, optimizer.warmup_rate),
        rate_key=transfer_rate_key(options),
        layer_scale={"embeddings": 1.0} | {layer_name(layer): 1.0 for layer in layers},
        compare=compare_layers(options, places, layers),
    )
    return [transfer, pretraining_stage(options, optimizer)]
