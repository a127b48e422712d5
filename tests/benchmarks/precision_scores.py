"""What bfloat16 does to the score of a fine-tuning, and to its time, over seeds.

    python tests/benchmarks/precision_scores.py --source runs/import-minilm --folder GLUE/MRPC [--task mrpc]
        [--seeds 0,1,2] [--set train.epochs=2]

Fine-tunes the source once for each seed in float32 and in bfloat16, in turns, each time by the command line in a process
of its own, and prints the score on the development set and the examples per second of each. The student of the
demonstration on 12,000 rows of SST-2 took half an hour on 2 cores that were busy with other work.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from seed_spread import show_spread

PRECISIONS = ("float32", "bfloat16")


def main() -> None:
    """Prints a line for each run, then means, deviations and the difference seed by seed."""
    given = _parse()
    scores: dict[str, list[float]] = {name: [] for name in PRECISIONS}
    speeds: dict[str, list[float]] = {name: [] for name in PRECISIONS}
    with tempfile.TemporaryDirectory() as folder:
        for seed in given.seeds.split(","):
            for precision in PRECISIONS:
                score, speed = fine_tune(given, seed, precision, Path(folder) / f"{precision}-{seed}")
                scores[precision].append(score)
                speeds[precision].append(speed)
                print(f"seed {seed}  {precision:9s} score {score:.2%}  {speed:6.1f} examples/s", flush=True)
    for precision in PRECISIONS:
        print(f"{precision:9s} score {show_spread(scores[precision])}")
    differences = [bfloat16 - float32 for float32, bfloat16 in zip(*scores.values(), strict=True)]
    ratios = [bfloat16 / float32 for float32, bfloat16 in zip(*speeds.values(), strict=True)]
    print("bfloat16 - float32, seed by seed: " + ", ".join(f"{value:+.2%}" for value in differences))
    print(f"bfloat16 / float32: {statistics.median(ratios):.2f} x the examples/s")


def fine_tune(given: argparse.Namespace, seed: str, precision: str, run: Path) -> tuple[float, float]:
    """Returns the score on the development set, and the median of the examples per second."""
    settings = [f"task.folder={given.folder}", f"seed={seed}", f"train.precision={precision}", *given.set]
    words = ["finetune", given.task, "--source", str(given.source), "--run", str(run), "-q"]
    words += [word for setting in settings for word in ("--set", setting)]
    code = f"from mbert_cli.cli import main; main({words!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    speeds = [line["examples_per_second"] for line in lines if "examples_per_second" in line]
    (*_, score) = (line["validation/score"] for line in lines if "validation/score" in line)
    return score, statistics.median(speeds)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--source", type=Path, required=True, help="run that is fine-tuned")
    parser.add_argument("--folder", type=Path, required=True, help="folder of the task's official files")
    parser.add_argument("--task", default="mrpc", help="recipe of finetune")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--set", action="append", default=["train.epochs=2"], help="further settings")
    return parser.parse_args()


if __name__ == "__main__":
    main()
