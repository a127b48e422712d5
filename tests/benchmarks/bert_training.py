"""How fast a BERT is fine-tuned, next to `transformers` with torch.

    python tests/benchmarks/bert_training.py [--size minilm] [--rounds 3] [--steps 20] [--batch 32] [--length 128]

Both sides train the same shape with random weights on the same random tokens, two labels: AdamW, clipping and dropout
as in the recipes, in float32 and in bfloat16 (torch by its autocast). They take turns, each time in a process of its
own with all cores. "First step" is the time from the call of `fit`, or of the loop, to the end of the first step;
"examples/s" is the median over the steps that follow. Only ratios of one run mean something.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

from timed_training import (
    LABELS,
    VOCABULARY,
    fine_tune_mbert,
    parse_settings,
    show_speed,
    step_figures,
    take_turns,
    task_batch,
)

from mbert_cli.model.options import SIZES, Architecture
from mbert_cli.train.options import FinetuneOptimizerOptions

MINILM = {"num_layers": 6, "hidden_dim": 384, "embedding_dim": 384, "intermediate_dim": 1536}
PRECISIONS = ("float32", "bfloat16")


def main() -> None:
    """Runs one worker, or the rounds of all of them."""
    arguments = _parse()
    if arguments.worker:
        print(json.dumps(WORKERS[arguments.worker](arguments)))
    else:
        compare(arguments)


def compare(arguments: argparse.Namespace) -> None:
    """Prints every round's figures, then for each precision the median of the ratios."""
    interpreters = dict.fromkeys(WORKERS, sys.executable)
    rounds = take_turns(interpreters, __file__, arguments, show_speed, f"--size={arguments.size}")
    for precision in PRECISIONS:
        sides = (rounds[f"{side}-{precision}"] for side in ("mbert", "transformers"))
        ratios = [
            ours["examples_per_second"] / theirs["examples_per_second"]
            for ours, theirs in zip(*sides, strict=True)
        ]
        middle = statistics.median(ratios)
        print(f"{precision}: {middle:.2f} x the examples/s ({min(ratios):.2f} to {max(ratios):.2f})")


def shape(name: str) -> Architecture:
    """The encoder of a name, with the GELU of Hugging Face."""
    changes = MINILM if name == "minilm" else {}
    return SIZES["bert_base"].model_copy(update={**changes, "activation": "gelu_exact"})


def fine_tune_transformers(arguments: argparse.Namespace, precision: str) -> dict[str, float]:
    """A loop of torch as people write it, with our optimizer's values."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    size, options = shape(arguments.size), FinetuneOptimizerOptions()
    config = BertConfig(
        vocab_size=VOCABULARY, hidden_size=size.hidden_dim, num_hidden_layers=size.num_layers,
        num_attention_heads=size.num_heads, intermediate_size=size.intermediate_dim, num_labels=LABELS,
    )  # fmt: skip
    network = BertForSequenceClassification(config).train()
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=1e-4, weight_decay=options.weight_decay, eps=options.epsilon
    )
    names = {"token_ids": "input_ids", "segment_ids": "token_type_ids", "padding_mask": "attention_mask"}
    batches = [task_batch(arguments, step) for step in range(arguments.steps)]
    seconds, began = [], time.perf_counter()
    for batch in batches:
        inputs = {theirs: torch.from_numpy(batch[ours]).long() for ours, theirs in names.items()}
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            loss = network(**inputs, labels=torch.from_numpy(batch["labels"]).long()).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), options.clip_norm)
        optimizer.step()
        optimizer.zero_grad()
        seconds.append(time.perf_counter() - began)
    return step_figures(seconds, arguments.batch)


def fine_tune_ours(arguments: argparse.Namespace, precision: str) -> dict[str, float]:
    """The way of `mbert finetune`."""
    return fine_tune_mbert(arguments, precision, size=shape(arguments.size))


WORKERS: dict[str, Callable[[argparse.Namespace], dict[str, float]]] = {
    f"{side}-{precision}": partial(function, precision=precision)
    for precision in PRECISIONS
    for side, function in (("mbert", fine_tune_ours), ("transformers", fine_tune_transformers))
}


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", choices=("minilm", "bert_base"), default="minilm")
    return parse_settings(parser, list(WORKERS), batch=32)


if __name__ == "__main__":
    main()
