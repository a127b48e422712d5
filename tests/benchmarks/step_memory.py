"""What a step of pre-training keeps in memory, by the estimate of XLA, with and without train.rematerialize.

    KERAS_BACKEND=jax PYTHONPATH=. python tests/benchmarks/step_memory.py [--size ib_bert_large] [--batch 32]
        [--length 512] [--predictions 77] [--precision float32] [--optimizer lamb] [--layers 24]

The step is the one that the engine trains with; it is compiled for whatever device JAX has, a CPU will do, and never
run, so that neither memory nor time of a step is needed. Without rematerialisation 24 layers take minutes to compile.
Prints bytes of weights and moments, which a step gets and gives back in the same place, what it needs beside them, and
the estimate of the pre-flight.
"""

import argparse
import time
from typing import Any

import jax
import keras

from mbert_cli.cost.memory import memory_of
from mbert_cli.cost.products import Network
from mbert_cli.cost.training import Training
from mbert_cli.losses.loss import measure
from mbert_cli.losses.pretraining import PRETRAINING_LOSSES
from mbert_cli.model.heads import build_pretraining_network
from mbert_cli.model.options import SIZES
from mbert_cli.preflight.pretraining_needs import HEADS
from mbert_cli.preflight.train_teacher import LOSS_WEIGHTS
from mbert_cli.runs.disk import format_bytes
from mbert_cli.train.objective import Objective, inputs_of
from mbert_cli.train.options import TrainOptions
from mbert_cli.train.stage import Stage, make_schedule
from mbert_cli.train.trainability import compile_stage
from mbert_cli.weights.saved_network import dtype_policy

VOCABULARY = 30522


def estimate(given: argparse.Namespace, *, rematerialize: bool) -> str:
    """A line with the estimates of XLA and of the pre-flight."""
    size = SIZES[given.size].model_copy(update={"num_layers": given.layers or SIZES[given.size].num_layers})
    options = TrainOptions(
        batch_size=given.batch,
        precision=given.precision,
        rematerialize=rematerialize,
        optimizer={"name": given.optimizer},
    )
    network = build_pretraining_network(
        size, vocab_size=VOCABULARY, seed=None, dtype=dtype_policy(given.precision)
    )
    began = time.perf_counter()
    found = compiled_step(teacher_objective(network, options), batch_shapes(given)).memory_analysis()
    kept, beside = found.argument_size_in_bytes, found.temp_size_in_bytes
    training = Training(
        "teacher", Network(size, VOCABULARY, HEADS), given.batch, {given.length: 1.0}, given.predictions,
        repeats_blocks=rematerialize,
    )  # fmt: skip
    ours = memory_of(training, [], float_bytes=options.float_bytes).total
    return (
        f"{'with' if rematerialize else 'without':7s} {format_bytes(kept):>8s} + {format_bytes(beside):>8s} = "
        f"{format_bytes(kept + beside):>8s} by XLA   {format_bytes(ours):>8s} by the pre-flight   "
        f"(compiled in {time.perf_counter() - began:.0f} s)"
    )


def teacher_objective(network: keras.Model, options: TrainOptions) -> Objective:
    """What `mbert train-teacher` trains, compiled."""

    def losses(batch: dict[str, Any], training: bool) -> dict[str, Any]:
        return measure(PRETRAINING_LOSSES, network(inputs_of(network, batch), training=training), batch)

    stage = Stage("pre-training", 100, LOSS_WEIGHTS, make_schedule(options.optimizer, 100))
    objective = Objective(network, losses, stage.loss_weights, PRETRAINING_LOSSES)
    compile_stage(objective, stage, options)
    return objective


def compiled_step(objective: Objective, batch: dict[str, jax.ShapeDtypeStruct]) -> Any:
    """The step as Keras compiles it: the state that it changes is written where it was."""
    state = tuple(
        [jax.ShapeDtypeStruct(variable.shape, variable.dtype) for variable in variables]
        for variables in (
            objective.trainable_variables,
            objective.non_trainable_variables,
            objective.optimizer.variables,
            objective.metrics_variables,
        )
    )
    return jax.jit(objective.train_step, donate_argnums=0).lower(state, (batch,)).compile()


def batch_shapes(given: argparse.Namespace) -> dict[str, jax.ShapeDtypeStruct]:
    rows, words = (given.batch, given.length), (given.batch, given.predictions)
    shapes = dict.fromkeys(("token_ids", "segment_ids", "padding_mask"), rows)
    shapes |= dict.fromkeys(("masked_positions", "masked_ids", "masked_weights"), words)
    shapes["next_sentence"] = (given.batch,)
    dtypes = {"masked_weights": "float32"}
    return {name: jax.ShapeDtypeStruct(shape, dtypes.get(name, "int32")) for name, shape in shapes.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", choices=list(SIZES), default="ib_bert_large")
    parser.add_argument("--layers", type=int)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--length", type=int, default=512)
    parser.add_argument("--predictions", type=int, default=77)
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--optimizer", choices=["adamw", "lamb"], default="lamb")
    given = parser.parse_args()
    if keras.backend.backend() != "jax":
        parser.error("set KERAS_BACKEND=jax")
    print(f"{given.size}, batch {given.batch} x {given.length}, {given.precision}, {given.optimizer}")
    for rematerialize in (True, False):
        print(estimate(given, rematerialize=rematerialize), flush=True)


if __name__ == "__main__":
    main()
