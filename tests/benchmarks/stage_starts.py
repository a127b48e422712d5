"""How soon a stage of a full-size distillation begins.

    python tests/benchmarks/stage_starts.py [--rounds 3]

Times a progressive distillation (ib_bert_large -> mobilebert, random weights): from the beginning of the stage of the
first and of the last layer, where its losses are built, to the end of its first step.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
from timed_training import VOCABULARY, parse_settings, run_worker, task_batch, watch_steps

PREDICTIONS = 20
TARGETS = {"stage-0": 20.0, "stage-23": 60.0}
"""Seconds to the first step of a stage."""


def main() -> None:
    """Runs one worker, or the rounds of all of them."""
    arguments = _parse()
    if arguments.worker:
        print(json.dumps(WORKERS[arguments.worker](arguments)))
    else:
        compare_stages(arguments)


def compare_stages(arguments: argparse.Namespace) -> None:
    """Prints the seconds to the first step of the first and the last transfer stage."""
    for name, target in TARGETS.items():
        seconds = []
        for _ in range(arguments.rounds):
            load = os.getloadavg()[0]
            seconds.append(run_worker(sys.executable, __file__, name, arguments)["first_step_seconds"])
            print(f"{name:9s} (load {load:.1f}) first step after {seconds[-1]:6.1f} s", flush=True)
        print(
            f"{name:9s} median    first step after {statistics.median(seconds):6.1f} s (target {target:.0f} s)"
        )


def begin_stage(arguments: argparse.Namespace, layer: int) -> dict[str, float]:
    """The way of `mbert distill`, up to the first step of the stage of one layer."""
    import keras

    from mbert_cli.backend import use_streams
    from mbert_cli.distill.layer_map import map_places
    from mbert_cli.distill.options import ProgressiveOptions
    from mbert_cli.distill.pair import DistillationPair
    from mbert_cli.distill.strategies import progressive
    from mbert_cli.model.heads import build_pretraining_network
    from mbert_cli.model.options import SIZES
    from mbert_cli.train.feed import Feed
    from mbert_cli.train.objective import Objective
    from mbert_cli.train.options import TrainOptions
    from mbert_cli.train.trainability import compile_stage

    use_streams()
    options, distill = TrainOptions(batch_size=arguments.batch), ProgressiveOptions(strategy="progressive")
    teacher = build_pretraining_network("ib_bert_large", vocab_size=VOCABULARY)
    teacher.trainable = False
    student = build_pretraining_network("mobilebert", vocab_size=VOCABULARY)
    places = map_places(SIZES["ib_bert_large"], SIZES["mobilebert"], distill)
    stage = progressive(distill, places, options.optimizer)[layer]
    feed = Feed(lambda step: pretraining_batch(arguments, step), range(1))
    began = time.perf_counter()
    pair = DistillationPair(teacher, student, stage.compare)
    objective = Objective(student, pair, stage.loss_weights, pair.known_losses)
    compile_stage(objective, stage, options)
    watch = watch_steps(keras.callbacks.Callback)
    objective.fit(feed, steps_per_epoch=1, shuffle=False, verbose=0, callbacks=[watch])
    return {"first_step_seconds": time.perf_counter() - began}


def pretraining_batch(arguments: argparse.Namespace, step: int) -> dict[str, np.ndarray]:
    """The same with masked tokens."""
    batch = task_batch(arguments, step)
    rows, length = batch["token_ids"].shape
    positions = np.tile(np.linspace(1, length - 2, PREDICTIONS, dtype=np.int32), (rows, 1))
    return {
        **{key: batch[key] for key in ("token_ids", "segment_ids", "padding_mask")},
        "masked_positions": positions,
        "masked_ids": np.take_along_axis(batch["token_ids"], positions, axis=1),
        "masked_weights": np.ones(positions.shape, dtype=np.float32),
        "next_sentence": batch["labels"],
    }


WORKERS: dict[str, Callable[[argparse.Namespace], dict[str, float]]] = {
    "stage-0": lambda arguments: begin_stage(arguments, 0),
    "stage-23": lambda arguments: begin_stage(arguments, 23),
}


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    return parse_settings(parser, list(WORKERS))


if __name__ == "__main__":
    main()
