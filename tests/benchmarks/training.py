"""How fast a full-size MobileBERT is fine-tuned, next to TensorFlow Model Garden.

    python tests/benchmarks/training.py --peer-python ../model-garden/bin/python [--rounds 3] [--steps 20]

Both sides fine-tune MobileBERT (24 layers, 30,522 tokens, two labels) with AdamW, clipping and the same
dropout on the same random token ids, in float32 through `fit`. They take turns, each time in a process of its
own. "First step" is the time from the call of `fit` to the end of its first step, tracing included;
"examples/s" is the median over the steps that follow. Only ratios of one run mean something.

Model Garden needs tf-keras and other versions than ours, so it has a virtual environment of its own:

    python3.11 -m venv ../model-garden
    ../model-garden/bin/pip install "tf-models-official==2.20.*" "tf-keras==2.20.*"
"""

import argparse
import json
import statistics
import sys
from collections.abc import Callable

import numpy as np
from timed_training import (
    LABELS,
    VOCABULARY,
    fine_tune_mbert,
    parse_settings,
    show_speed,
    step_figures,
    take_turns,
    task_batch,
    watch_steps,
)


def main() -> None:
    """Runs one worker, or the rounds of all of them."""
    arguments = _parse()
    if arguments.worker:
        print(json.dumps(WORKERS[arguments.worker](arguments)))
    elif arguments.peer_python:
        compare_fine_tuning(arguments)
    else:
        raise SystemExit("Name the peer's interpreter with --peer-python.")


def compare_fine_tuning(arguments: argparse.Namespace) -> None:
    """Prints both sides' figures of each round, then medians and ratios."""
    interpreters = {"mbert": sys.executable, "model-garden": arguments.peer_python}
    rounds = take_turns(interpreters, __file__, arguments, show_speed)
    medians = {
        name: {key: statistics.median(row[key] for row in rows) for key in rows[0]}
        for name, rows in rounds.items()
    }
    for name, figures in medians.items():
        print(f"median              {show_speed(name, figures)}")
    ours, theirs = medians.values()
    speed = ours["examples_per_second"] / theirs["examples_per_second"]
    start = theirs["first_step_seconds"] / ours["first_step_seconds"]
    print(f"mbert / model-garden: {speed:.2f} x the examples/s (target 1.3); first step {start:.1f} x sooner")


def fine_tune_model_garden(arguments: argparse.Namespace) -> dict[str, float]:
    """Model Garden's encoder, classifier and AdamW, as its BERT tasks put them together."""
    import tensorflow as tf
    import tf_keras
    from official.nlp import optimization
    from official.nlp.modeling import models, networks

    encoder = networks.MobileBERTEncoder(
        word_vocab_size=VOCABULARY, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.1
    )
    model = models.BertClassifier(encoder, num_classes=LABELS, dropout_rate=0.1)
    model.compile(
        optimizer=optimization.create_optimizer(1e-4, arguments.steps, arguments.steps // 10),
        loss=tf_keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    batches = [_peer_batch(task_batch(arguments, step)) for step in range(arguments.steps)]
    inputs, labels = ({key: np.stack([part[key] for part in parts]) for key in parts[0]}
                      for parts in zip(*batches, strict=True))  # fmt: skip
    dataset = tf.data.Dataset.from_tensor_slices((inputs, labels["labels"])).prefetch(2)
    watch = watch_steps(tf_keras.callbacks.Callback)
    model.fit(dataset, steps_per_epoch=arguments.steps, verbose=0, callbacks=[watch])
    return step_figures(watch.seconds, arguments.batch)


def _peer_batch(batch: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    inputs = {
        "input_word_ids": batch["token_ids"],
        "input_mask": batch["padding_mask"],
        "input_type_ids": batch["segment_ids"],
    }
    return inputs, {"labels": batch["labels"]}


WORKERS: dict[str, Callable[[argparse.Namespace], dict[str, float]]] = {
    "mbert": fine_tune_mbert,
    "model-garden": fine_tune_model_garden,
}


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peer-python", help="interpreter of the environment with Model Garden")
    return parse_settings(parser, list(WORKERS))


if __name__ == "__main__":
    main()
