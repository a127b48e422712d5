"""How soon `mbert` answers where it needs no Keras: `--help` and `recipe check`.

    python tests/benchmarks/startup.py [--rounds 10]

Every command is a fresh process; they take turns. `python -c pass` is the floor that no Python program gets
below, `import keras` what a command pays that imports it at the top. Where the package is not installed
beside this Python, `python -m mbert_cli.cli` from the checkout stands for `mbert`.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
INSTALLED = Path(sys.executable).with_name("mbert")
MBERT = [str(INSTALLED)] if INSTALLED.exists() else [sys.executable, "-m", "mbert_cli.cli"]
COMMANDS: dict[str, tuple[list[str], float | None]] = {
    "python -c pass": ([sys.executable, "-c", "pass"], None),
    "mbert --help": ([*MBERT, "--help"], 0.4),
    "mbert recipe check train-teacher": ([*MBERT, "recipe", "check", "train-teacher"], 1.0),
    "python -c 'import keras'": ([sys.executable, "-c", "import keras"], None),
}
"""What is typed -> the process, and the seconds it may take."""


def main() -> None:
    """Prints the median, the fastest and the slowest of each command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    print(f"load {os.getloadavg()[0]:.1f}, {rounds} rounds, mbert is {' '.join(MBERT)}")
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        for name, (command, _) in COMMANDS.items():
            seconds[name].append(time_command(command))
    print(f"{'command':34s} {'median':>8s} {'fastest':>8s} {'slowest':>8s}")
    for name, (_, target) in COMMANDS.items():
        middle, low, high = statistics.median(seconds[name]), min(seconds[name]), max(seconds[name])
        goal = f"   target {target:.1f} s" if target else ""
        print(f"{name:34s} {middle:6.2f} s {low:6.2f} s {high:6.2f} s{goal}")


def time_command(command: list[str]) -> float:
    """Seconds from the start of a process to its end."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    elapsed = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    return elapsed


if __name__ == "__main__":
    main()
