"""`mbert import` of a full-size MobileBERT beside `transformers` merely loading it: seconds and peak memory.

    python tests/benchmarks/import_checkpoint.py [--rounds 5]

The checkpoint has random weights, both pre-training heads and the word pieces of one. Each measurement is a fresh
process; they take turns. The peak is the largest resident set that the operating system saw; that of a process
that has only imported the packages is what no loading gets below.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
WRITE = """
from transformers import MobileBertConfig, MobileBertForPreTraining
MobileBertForPreTraining(MobileBertConfig()).save_pretrained("checkpoint")
"""
CODE = {
    "mbert import": "from mbert_cli.cli import main; main()",
    "transformers": "from transformers import MobileBertForPreTraining as M; M.from_pretrained('checkpoint')",
    "import transformers": "from transformers import MobileBertForPreTraining",
}
"""What is measured -> the program."""


def main() -> None:
    """Prints the median of each, and the memory as a share of the checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        size = write_checkpoint(Path(folder, "checkpoint"))
        print(f"load {os.getloadavg()[0]:.1f}, {rounds} rounds, checkpoint of {size / 1e6:.0f} MB")
        figures: dict[str, list[tuple[float, int]]] = {name: [] for name in CODE}
        for index in range(rounds):
            for name, code in CODE.items():
                figures[name].append(measure(code, ["import", "checkpoint", "--run", f"run{index}"], folder))
    for name, measured in figures.items():
        seconds = statistics.median(second for second, _ in measured)
        peak = statistics.median(peak for _, peak in measured)
        print(f"{name:20s} {seconds:6.2f} s   peak {peak / 1e6:5.0f} MB, {peak / size:.2f} of the checkpoint")


def write_checkpoint(folder: Path) -> int:
    """Saves a MobileBERT as `transformers` does; returns the bytes of its weights."""
    # In a process of its own: what this one takes would count as the peak of those that it starts.
    subprocess.run([sys.executable, "-c", WRITE], cwd=folder.parent, check=True, capture_output=True)
    leading = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokens = [*leading, *(f"word{index}" for index in range(30522 - len(leading)))]
    (folder / "vocab.txt").write_text("\n".join(tokens) + "\n", encoding="utf-8")
    return (folder / "model.safetensors").stat().st_size


def measure(code: str, arguments: list[str], folder: str) -> tuple[float, int]:
    """Seconds and peak bytes of a fresh Python."""
    started = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], cwd=folder,
        env=os.environ | {"PYTHONPATH": str(CHECKOUT)}, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"`{code}` failed")
    return time.perf_counter() - started, usage.ru_maxrss * 1024


if __name__ == "__main__":
    main()
