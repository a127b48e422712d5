"""How fast hosts train together: processes of one machine, each on cores of its own, next to one process on all.

    python tests/benchmarks/hosts.py --folder ../hosts [--rounds 3] [--steps 60] [--hosts 2]

Both are `mbert distill --strategy auxiliary` on JAX, the pair of sizes for a laptop as the recipe `quickstart` has it,
batch 32, length 64. The hosts meet on loopback and each is bound to its share of the cores; the one process has all of
them. They take turns, each time from the beginning. "tokens/s" is the median over the lines of the log behind the first,
columns of padding counted, which are the same on both sides. Only ratios of one run mean something.

The folder receives a token store of the installed documentation and a teacher of two steps, once.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from mbert_cli.hosts.channel import free_port

ROOT = Path(__file__).parents[2]
LENGTH = 64
TARGET = 0.9
"""Tokens per second of two processes, as a share of one that has their cores."""
SETTINGS = ("train.log_every=10", "train.validation_steps=1", "train.checkpoint_every=100000")


def main() -> None:
    """Prints each round, then medians and the ratio."""
    arguments = _parse()
    folder = arguments.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "runs/teacher/final").is_dir():
        _finish([_start(folder, cores(), "train-teacher", "--run", "runs/teacher", "--set", "train.steps=2")])
    speeds: dict[int, list[float]] = {1: [], arguments.hosts: []}
    for number in range(arguments.rounds):
        for count, found in speeds.items():
            load = os.getloadavg()[0]
            found.append(tokens_per_second(folder, count, arguments.steps))
            print(
                f"round {number + 1} (load {load:.1f}) {count} process(es): {found[-1]:,.0f} tokens/s",
                flush=True,
            )
    one, several = (statistics.median(found) for found in speeds.values())
    print(f"median: 1 process {one:,.0f} tokens/s, {arguments.hosts} processes {several:,.0f} tokens/s")
    print(f"{arguments.hosts} processes / 1 process: {several / one:.2f} (target {TARGET})")


def cores() -> list[int]:
    """The cores that this process may use."""
    return sorted(os.sched_getaffinity(0))


def tokens_per_second(folder: Path, hosts: int, steps: int) -> float:
    """Distils with so many processes and returns the median speed of its log.

    Args:
        folder: Has the teacher in runs/teacher.
        hosts: How many processes share all cores out.
        steps: Steps to train.
    """
    run = f"runs/hosts-{hosts}"
    shutil.rmtree(folder / run, ignore_errors=True)
    settings = (*SETTINGS, f"distill.transfer_steps={steps - 1}", "distill.pretraining_steps=1")
    words = ["distill", "--strategy", "auxiliary", "--teacher", "runs/teacher", "--run", run]
    words += [word for setting in settings for word in ("--set", setting)]
    port, own = free_port(), cores()
    share = len(own) // hosts
    processes = []
    for index in range(hosts):
        place = ["--hosts", str(hosts), "--host-index", str(index), "--coordinator", f"localhost:{port}"]
        bound = own[index * share : (index + 1) * share]
        processes.append(_start(folder, bound, *words, *(place if hosts > 1 else [])))
    _finish(processes)
    lines = [json.loads(line) for line in (folder / run / "log.jsonl").read_text().splitlines()]
    found = [line["examples_per_second"] for line in lines if "examples_per_second" in line]
    return LENGTH * statistics.median(found[1:])


def _start(folder: Path, bound: list[int], *words: str) -> subprocess.Popen:
    """Starts a command on some cores, which it inherits; the libraries make as many threads as there are."""
    own = cores()
    os.sched_setaffinity(0, bound)
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    process = subprocess.Popen(
        [sys.executable, "-m", "mbert_cli.cli", *words],
        cwd=folder,
        env=os.environ | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    os.sched_setaffinity(0, own)
    return process


def _finish(processes: list[subprocess.Popen]) -> None:
    printed = [process.communicate()[0] for process in processes]
    for process, output in zip(processes, printed, strict=True):
        if process.returncode:
            raise SystemExit(f"{' '.join(process.args)} failed:\n{output[-3000:]}")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--hosts", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
