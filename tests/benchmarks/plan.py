"""What a plan says beside what happens: time by `--probe`, and memory, of three recipes.

    python tests/benchmarks/plan.py [--folder FOLDER] [--share 1.0] [--rounds 1] [--only distill] [--processor]

The recipes are the quickstarts of `train-teacher` (ib_bert_laptop), `distill` (mobilebert_laptop, progressive) and
`finetune`, one after the other, on a corpus that is prepared first. FOLDER keeps what is made, for another call; a
share below 1 shortens the trainings, in the same proportions.

Time: what `--probe` says in its line "time" against the time from the beginning of the run directory to its result, which
is all of the training but the start of the program; and its arithmetic and first steps against those of the log. The
probe runs right before the training, and again after it, and its mean counts. On a machine that is busy with other
things take `--processor`: then all clocks count seconds of the processor, of all threads, and only steps are compared.

Memory: the estimate of the plan against the peak of the resident set, both less those of the same command with one
example a batch. What goes away by this difference is what does not depend on the examples: libraries, the token store,
the graphs of the steps, weights and moments, which the laptop sizes have in a few MB.
"""

import argparse
import re
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from mbert_cli.runs.training_log import training_cost

INSTALLED = Path(sys.executable).with_name("mbert")
MBERT = [str(INSTALLED)] if INSTALLED.exists() else [sys.executable, "-m", "mbert_cli.cli"]
PROCESSOR_CLOCK = "import time; time.perf_counter = time.process_time; from mbert_cli.cli import main; main()"
UNITS = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "days": 86_400.0, "years": 365.25 * 86_400.0}
BYTES = {"B": 1e-6, "kB": 1e-3, "MB": 1.0, "GB": 1e3}
STEPS = {
    "train-teacher": {"train.steps": 1500},
    "distill": {"distill.transfer_steps": 600, "distill.pretraining_steps": 900},
    "finetune": {"train.max_steps": 687},
}
"""The keys that say how long each recipe trains, with what it has: all steps of a fine-tuning are three epochs."""
INPUTS = {
    "train-teacher": [],
    "distill": ["--teacher", "runs/train-teacher"],
    "finetune": ["--source", "runs/distill"],
}
FEW = {"train-teacher": 20, "distill": 20, "finetune": 229}
"""Steps of the training that memory is measured with: an epoch of the one whose batches differ in length."""
GOALS = "goals: 0.80 to 1.20 for the time, 0.75 to 1.25 for memory"


def main() -> None:
    """Prints prediction, measurement and ratio of each recipe."""
    arguments = _parse()
    if arguments.worker:
        _work(arguments.worker)
        return
    with tempfile.TemporaryDirectory() as made:
        folder = Path(arguments.folder or made).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "runs/prepare-quickstart/final").is_dir():
            _type(folder, "prepare")
        for verb in STEPS:
            if arguments.only in (None, verb):
                compare_time(folder, verb, arguments)
                compare_memory(folder, verb)
            elif not (folder / f"runs/{verb}/final").is_dir():
                _train(folder, verb, arguments)
    print(GOALS)


def compare_time(folder: Path, verb: str, arguments: argparse.Namespace) -> None:
    """Prints what the probe says, what the training takes, and the ratio of their sums over the rounds."""
    predicted, measured = [], []
    for _ in range(arguments.rounds):
        before = _probe(folder, verb, arguments)
        measured.append(_train(folder, verb, arguments))
        after = _probe(folder, verb, arguments)
        predicted.append({part: statistics.mean((before[part], after[part])) for part in before})
    for part in ("steps",) if arguments.processor else ("steps", "all"):
        said, taken = (sum(one[part] for one in rows) for rows in (predicted, measured))
        print(
            f"{verb:14s} {part:8s} predicted {said:7.1f} s    measured {taken:7.1f} s    "
            f"predicted / measured {said / taken:.2f}",
            flush=True,
        )


def compare_memory(folder: Path, verb: str) -> None:
    """Prints by how much a step grows from one example to the batch of the recipe, predicted and measured."""
    batches = {"one": ["--set", "train.batch_size=1"], "all": []}
    said = {
        name: _said_memory(_type(folder, *_words(verb), *batch, "--dry-run"))
        for name, batch in batches.items()
    }
    few = _shortened(verb, FEW[verb] / sum(STEPS[verb].values()))
    peaks = {name: _peak(folder, *_words(verb), *few, "--run", "runs/memory", "--fresh", *batch)
             for name, batch in batches.items()}  # fmt: skip
    predicted, measured = said["all"] - said["one"], peaks["all"] - peaks["one"]
    print(
        f"{verb:14s} memory   predicted {predicted:7.0f} MB   measured {measured:7.0f} MB   "
        f"predicted / measured {predicted / measured:.2f}   (peak {peaks['all']:.0f} MB)",
        flush=True,
    )


def _probe(folder: Path, verb: str, arguments: argparse.Namespace) -> dict[str, float]:
    """Seconds that the plan says, of the steps and of all."""
    shown = _timed(folder, verb, arguments, "--run", "runs/probed", "--probe")
    seconds = {}
    for name in ("about", "arithmetic", "first steps"):
        found = re.search(rf"^time: .*{name} ([\d.,]+) (\w+)", shown, flags=re.MULTILINE)
        if found is None:
            raise SystemExit(f"The plan of {verb} says no time:\n{shown}")
        seconds[name] = float(found[1].replace(",", "")) * UNITS[found[2]]
    return {"steps": seconds["arithmetic"] + seconds["first steps"], "all": seconds["about"]}


def _train(folder: Path, verb: str, arguments: argparse.Namespace) -> dict[str, float]:
    """Seconds of the steps by the log, and from the beginning of the run to its result."""
    _timed(folder, verb, arguments, "--run", f"runs/{verb}", "--fresh")
    run = folder / "runs" / verb
    done = (run / "final/manifest.json").stat().st_mtime - (run / "recipe.yaml").stat().st_mtime
    return {"steps": training_cost([run]).seconds or 0.0, "all": done}


def _timed(folder: Path, verb: str, arguments: argparse.Namespace, *words: str) -> str:
    command = [sys.executable, "-c", PROCESSOR_CLOCK] if arguments.processor else MBERT
    return _run(folder, [*command, *_words(verb), *_shortened(verb, arguments.share), *words])


def _words(verb: str) -> list[str]:
    return [
        verb,
        *INPUTS[verb],
        *([] if verb == "finetune" else ["--set", "data.run=runs/prepare-quickstart"]),
    ]


def _shortened(verb: str, share: float) -> list[str]:
    settings = {key: max(4, round(steps * share)) for key, steps in STEPS[verb].items()}
    return [word for key, steps in settings.items() for word in ("--set", f"{key}={steps}")]


def _said_memory(shown: str) -> float:
    """MB of the line of the plan."""
    found = re.search(r"^memory per device: about ([\d.]+) (\w+)", shown, flags=re.MULTILINE)
    if found is None:
        raise SystemExit(f"The plan says no memory:\n{shown}")
    return float(found[1]) * BYTES[found[2]]


def _peak(folder: Path, *words: str) -> float:
    """MB of the largest resident set of a command, whose only child it is in a process of its own."""
    command = [sys.executable, __file__, "--worker", *MBERT, *words]
    return float(_run(folder, command).splitlines()[-1])


def _work(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000)


def _type(folder: Path, *words: str) -> str:
    return _run(folder, [*MBERT, *words])


def _run(folder: Path, command: list[str]) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-3000:]}")
    return done.stdout


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", help="keeps the runs, for another call")
    parser.add_argument("--share", type=float, default=1.0, help="of the recipes' steps")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument(
        "--processor", action="store_true", help="seconds of the processor, on a busy machine"
    )
    parser.add_argument("--only", choices=list(STEPS), help="one recipe alone")
    parser.add_argument("--worker", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
