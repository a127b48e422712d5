"""From Enter to the second step: whole processes, timed from outside, beside `transformers`.

    python tests/benchmarks/first_step.py --model MODEL --glue GLUE/SST-2 [--rounds 3] [--only finetune]

MODEL is a folder of a pre-trained BERT as `transformers` reads it (the figures of the project are of all-MiniLM-L6-v2),
GLUE/SST-2 the official folder of the task. The cases take turns, each time in a fresh process:

    finetune    two steps of batch 32 at 64 tokens on SST-2, all of it read and encoded, a validation of its 872 texts,
                the result written; `transformers` does the same in batches padded to their longest text
    mobilebert  three steps of a full-size MobileBERT with random weights, batch 8, 128 tokens; no validation; beside the
                whole process the first step alone, from the call that trains on: `fit`, or the first forward pass
    export      `mbert export-tflite` of the fine-tuned model in dynamic_int8, verified; no peer

Beside the seconds on the wall stand those of the processor: on a machine that has other things to do only these say
anything. Only ratios of one run mean something.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
INSTALLED = Path(sys.executable).with_name("mbert")
MBERT = [str(INSTALLED)] if INSTALLED.exists() else [sys.executable, "-m", "mbert_cli.cli"]
BATCH, LENGTH, STEPS = 32, 64, 2
MOBILEBERT_STEPS = 3
TARGETS = {"finetune mbert": 13.0, "first step mbert": 10.0, "export mbert": 12.0}
"""Seconds on an idle machine of two cores with AVX-512."""
FIRST_STEP = "first step after"
"""Begins the line in which a worker says the seconds to its first step."""


def main() -> None:
    """Prints wall and processor seconds of every case and side, round by round, then the medians."""
    arguments = _parse()
    if arguments.worker:
        WORKERS[arguments.worker](arguments)
        return
    with tempfile.TemporaryDirectory() as folder:
        cases = _cases(arguments, Path(folder))
        walls: defaultdict[str, list[float]] = defaultdict(list)
        processors: defaultdict[str, list[float]] = defaultdict(list)
        for number in range(arguments.rounds):
            for name, command in cases.items():
                load = os.getloadavg()[0]
                wall, processor, first = time_command(command)
                walls[name].append(wall)
                processors[name].append(processor)
                if first is not None:
                    walls[f"first step {name.split()[1]}"].append(first)
                shown = "" if first is None else f", the first step {first:5.1f} s"
                print(
                    f"round {number + 1} (load {load:4.1f}) {name:24s} {wall:6.1f} s, "
                    f"processor {processor:6.1f} s{shown}",
                    flush=True,
                )
    for name, seconds in walls.items():
        shown = f", processor {statistics.median(processors[name]):6.1f} s" if name in processors else ""
        goal = f"   target {TARGETS[name]:.0f} s" if name in TARGETS else ""
        print(f"median              {name:24s} {statistics.median(seconds):6.1f} s{shown}{goal}")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True, help="folder of a pre-trained BERT")
    parser.add_argument("--glue", type=Path, required=True, help="official folder of SST-2")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=("finetune", "mobilebert", "export"), help="one case alone")
    parser.add_argument("--worker", choices=WORKERS, help=argparse.SUPPRESS)
    return parser.parse_args()


def _cases(arguments: argparse.Namespace, folder: Path) -> dict[str, list[str]]:
    """What is typed, by case and side; a fine-tuned run to export is made beforehand."""
    imported, tuned = folder / "imported", folder / "tuned"
    time_command([*MBERT, "import", str(arguments.model), "--run", str(imported)])
    finetune = [
        *MBERT, "finetune", "sst2", "--source", str(imported), "--run", str(tuned), "--fresh",
        "--set", f"task.folder={arguments.glue.resolve()}", "--set", f"train.max_steps={STEPS}",
        "--set", f"train.batch_size={BATCH}", "--set", f"task.sequence_length={LENGTH}",
    ]  # fmt: skip
    worker = [
        sys.executable,
        __file__,
        "--model",
        str(arguments.model),
        "--glue",
        str(arguments.glue),
        "--worker",
    ]
    cases = {
        "finetune mbert": finetune,
        "finetune transformers": [*worker, "finetune-transformers"],
        "mobilebert mbert": [*worker, "mobilebert-mbert"],
        "mobilebert transformers": [*worker, "mobilebert-transformers"],
        "export mbert": [*MBERT, "export-tflite", "--run", str(tuned), "--quantize", "dynamic_int8"],
    }
    if arguments.only == "export":
        time_command(finetune)
    return {
        name: command
        for name, command in cases.items()
        if name.split()[0] == (arguments.only or name.split()[0])
    }


def time_command(command: list[str]) -> tuple[float, float, float | None]:
    """Seconds on the wall and of the processor from the start of a process to its end, and those of `FIRST_STEP`."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-3000:]}")
    said = [line for line in done.stdout.splitlines() if line.startswith(FIRST_STEP)]
    first = float(said[-1].split()[-1]) if said else None
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, first


def finetune_transformers(arguments: argparse.Namespace) -> None:
    """What `mbert finetune` does, by hand with `transformers` and torch."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    encoded, labels = zip(
        *(_read(arguments.glue / name, tokenizer) for name in ("train.tsv", "dev.tsv")), strict=True
    )
    model = AutoModelForSequenceClassification.from_pretrained(arguments.model, num_labels=2)
    order = torch.randperm(len(labels[0]), generator=torch.Generator().manual_seed(0)).tolist()
    batches = [
        _pad(tokenizer, encoded[0], labels[0], order[step * BATCH : (step + 1) * BATCH])
        for step in range(STEPS)
    ]
    _train(model, batches)
    model.eval()
    right, rows = 0, sorted(range(len(labels[1])), key=lambda row: len(encoded[1]["input_ids"][row]))
    with torch.inference_mode():
        for start in range(0, len(rows), BATCH):
            batch = _pad(tokenizer, encoded[1], labels[1], rows[start : start + BATCH])
            truth = batch.pop("labels")
            right += int((model(**batch).logits.argmax(-1) == truth).sum())
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
    print(json.dumps({"accuracy": right / len(rows)}))


def _read(file: Path, tokenizer: object) -> tuple[dict[str, list], list[int]]:
    rows = [line.split("\t") for line in file.read_text(encoding="utf-8").splitlines()[1:]]
    texts, labels = [row[0] for row in rows], [int(row[1]) for row in rows]
    return dict(tokenizer(texts, truncation=True, max_length=LENGTH)), labels


def _pad(tokenizer: object, encoded: dict[str, list], labels: list[int], rows: list[int]) -> dict:
    import torch

    batch = tokenizer.pad(
        {name: [values[row] for row in rows] for name, values in encoded.items()}, return_tensors="pt"
    )
    return dict(batch) | {"labels": torch.tensor([labels[row] for row in rows])}


def _train(model: object, batches: list[dict]) -> float:
    """Trains on batches and returns the seconds to the end of the first step."""
    import torch

    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.01)
    model.train()
    began, ends = time.perf_counter(), []
    for batch in batches:
        model(**batch).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        ends.append(time.perf_counter() - began)
    return ends[0]


def mobilebert_mbert(arguments: argparse.Namespace) -> None:
    """Three steps by the way of `mbert finetune`, as in `training.py`."""
    from timed_training import fine_tune_mbert

    from mbert_cli.backend import load_keras
    from mbert_cli.native_output import hidden_native_output

    with hidden_native_output():
        load_keras()
    figures = fine_tune_mbert(argparse.Namespace(batch=8, length=128, steps=MOBILEBERT_STEPS))
    print(FIRST_STEP, figures["first_step_seconds"])


def mobilebert_transformers(arguments: argparse.Namespace) -> None:
    """The same steps by `transformers`."""
    import torch
    from transformers import MobileBertConfig, MobileBertForSequenceClassification

    model = MobileBertForSequenceClassification(MobileBertConfig(num_labels=2))
    ids = torch.randint(1000, 20000, (8, 128), generator=torch.Generator().manual_seed(0))
    print(
        FIRST_STEP,
        _train(model, [{"input_ids": ids, "labels": torch.zeros(8, dtype=torch.long)}] * MOBILEBERT_STEPS),
    )


WORKERS = {
    "finetune-transformers": finetune_transformers,
    "mobilebert-mbert": mobilebert_mbert,
    "mobilebert-transformers": mobilebert_transformers,
}

if __name__ == "__main__":
    main()
