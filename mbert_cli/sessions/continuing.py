"""What a person is told about a run that continues."""

from mbert_cli import console
from mbert_cli.runs.directory import RunDir


def say_what_moved(run: RunDir) -> None:
    """Says which inputs of a continued run lie elsewhere now."""
    for key, (old, new) in run.continuation.moved.items():
        console.info(f"{key}: {new} in place of {old}, with the same content")


def say_when_complete(run: RunDir) -> bool:
    """Whether there is nothing left to do; says so if that is the case."""
    if run.is_complete:
        console.info(f"{run.path} is complete already; --fresh moves it aside and begins anew")
    return run.is_complete
