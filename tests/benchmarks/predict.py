"""`mbert predict` beside `transformers` in batches of like length: one text, and many, as whole processes.

    python tests/benchmarks/predict.py CHECKPOINT TEXTS [--count 20000] [--rounds 3]

CHECKPOINT is a folder of Hugging Face with an encoder that both know, which gets a random head of two classes; TEXTS
has one text per line, or is a .tsv file with a column `sentence`, and is repeated up to `--count` texts. Each
measurement is a fresh process; they take turns. Processor time is that of all threads: on a busy machine it tells
more than the clock.
"""

import argparse
import csv
import os
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
BATCH_SIZE, LENGTH = 32, 128

CLASSIFIER = """
import sys
from transformers import AutoModelForSequenceClassification, AutoTokenizer
AutoModelForSequenceClassification.from_pretrained(sys.argv[1], num_labels=2).save_pretrained("checkpoint")
AutoTokenizer.from_pretrained(sys.argv[1]).save_pretrained("checkpoint")
"""
PEER = f"""
import json, sys, torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer
tokenizer = AutoTokenizer.from_pretrained("checkpoint")
model = AutoModelForSequenceClassification.from_pretrained("checkpoint").eval()
texts = open(sys.argv[1]).read().splitlines()
encoded = tokenizer(texts, truncation=True, max_length={LENGTH})["input_ids"]
order = sorted(range(len(texts)), key=lambda place: -len(encoded[place]))
answers = [None] * len(texts)
with torch.inference_mode():
    for start in range(0, len(order), {BATCH_SIZE}):
        places = order[start : start + {BATCH_SIZE}]
        batch = tokenizer.pad({{"input_ids": [encoded[place] for place in places]}}, return_tensors="pt")
        for place, row in zip(places, model(**batch).logits.softmax(-1).tolist()):
            answers[place] = row
for text, row in zip(texts, answers):
    print(json.dumps({{"text": text, "probabilities": row}}))
"""
MBERT = [sys.executable, "-c", "from mbert_cli.cli import main; main()"]
ARTIFACT = "run/export/dynamic_int8/model.tflite"


def main() -> None:
    """Prints the median of each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("texts", type=Path)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        prepare(options, Path(folder))
        commands = {
            f"{name}, {file}": command
            for file in ("one.txt", "many.txt")
            for name, command in commands_for(file).items()
        }
        print(f"load {os.getloadavg()[0]:.1f}, {options.rounds} rounds, {options.count:,} texts are many")
        figures: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(options.rounds):
            for name, command in commands.items():
                figures[name].append(measure(command, folder))
    for name, measured in figures.items():
        seconds, busy = (statistics.median(column) for column in zip(*measured, strict=True))
        print(f"{name:24s} {seconds:7.2f} s   {busy:7.2f} s of processor time")


def prepare(options: argparse.Namespace, folder: Path) -> None:
    """Writes the texts, the classifier, its run and its artifact."""
    texts = list(islice(cycle(read_texts(options.texts)), options.count))
    (folder / "many.txt").write_text("\n".join(texts) + "\n")
    (folder / "one.txt").write_text(texts[0] + "\n")
    run([sys.executable, "-c", CLASSIFIER, str(options.checkpoint.resolve())], folder)
    run([*MBERT, "import", "checkpoint", "--run", "run"], folder)
    run([*MBERT, "export-tflite", "run", "--quantize", "dynamic_int8"], folder)


def read_texts(path: Path) -> list[str]:
    """The texts of a file, none of them blank."""
    lines = path.read_text(encoding="utf-8").splitlines()
    if path.suffix == ".tsv":
        lines = [row["sentence"] for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)]
    return [line for line in lines if line.strip()]


def commands_for(file: str) -> dict[str, list[str]]:
    """What is measured -> the process. An artifact answers one text at a time, so many are left to the others."""
    commands = {
        "transformers": [sys.executable, "-c", PEER, file],
        "run": [*MBERT, "predict", "run", "--jsonl", "-q", "--file", file],
    }
    if file == "one.txt":
        commands["artifact"] = [*MBERT, "predict", ARTIFACT, "--jsonl", "-q", "--file", file]
    return commands


def run(command: list[str], folder: str | Path) -> None:
    """Runs a process to its end and shows what it says only where it fails."""
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command} failed:\n{done.stderr}")


def measure(command: list[str], folder: str) -> tuple[float, float]:
    """Seconds by the clock, and those of the processor, of a fresh process."""
    before, started = os.times(), time.perf_counter()
    run(command, folder)
    after = os.times()
    busy = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - started, busy


def environment() -> dict[str, str]:
    """The checkout's code, whatever is installed."""
    return os.environ | {"PYTHONPATH": str(CHECKOUT)}


if __name__ == "__main__":
    main()
