"""The figures of a run that has come to its end: written beside the result, and shown."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import keras

from mbert_cli import console
from mbert_cli.figures import show_figure
from mbert_cli.hosts.devices import divides_models
from mbert_cli.hosts.joining import ALONE, Hosts
from mbert_cli.hosts.together import first_does
from mbert_cli.json_text import write_json
from mbert_cli.runs.artifacts import exported, is_outdated
from mbert_cli.runs.directory import RunDir
from mbert_cli.runs.followed import FollowedRun
from mbert_cli.runs.listing import SUMMARY
from mbert_cli.shell_words import path_word
from mbert_cli.weights.description import SetDescription
from mbert_cli.weights.variables import read_variables


def write_summary(directory: Path, figures: Mapping[str, object]) -> None:
    """Writes the flat figures that `mbert runs` shows."""
    write_json(directory / SUMMARY, figures)


def finish_run(
    run: RunDir, network: keras.Model, write: Callable[[Path], None], hosts: Hosts = ALONE
) -> None:
    """Writes final/; of several hosts the first does, and all return when it is there.

    Args:
        run: The run.
        network: The result.
        write: As for `RunDir.finish`; reads the weights of the network once.
        hosts: Those that trained it.
    """
    if not hosts.is_first and divides_models():
        read_variables(network)  # no host has them whole
    first_does(hosts, lambda: run.finish(write))


def show_result(run: RunDir, figures: dict[str, float]) -> None:
    """Prints the final figures, the set that they are of, and where the result lies."""
    if isinstance(run, FollowedRun):
        return  # its owner shows them
    rows = [(name, show_figure(name, value)) for name, value in figures.items()]
    summary = json.loads((run.final / SUMMARY).read_text(encoding="utf-8"))
    validated = SetDescription.of(summary)
    on = f", validated on {validated}" if validated else ""
    console.table(f"{run.kind}: {run.path}{on}", ["figure", "value"], rows)
    for artifact in exported(run.path):
        if is_outdated(run.path, artifact):
            console.info(
                f"{artifact} is of an earlier result; `mbert export-tflite {path_word(run.path)}` makes it anew"
            )
