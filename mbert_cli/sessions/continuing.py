"""What a person is told about a run that continues, or takes the place of another one."""

from mbert_cli import console
from mbert_cli.runs.directory import RunDir


def say_what_moved(run: RunDir) -> None:
    """Says where the run went that was there before, and which inputs of a continued run lie elsewhere now."""
    if run.moved_aside is not None:
        console.info(f"{run.moved_aside}: the run that was in {run.path} before")
    for key, (old, new) in run.continuation.moved.items():
        console.info(f"{key}: {new} in place of {old}, with the same content")


def say_when_complete(run: RunDir) -> bool:
    """Whether there is nothing left to do; says so if that is the case."""
    if run.is_complete:
        console.info(f"{run.path} is complete already; --fresh moves it aside and begins anew")
    return run.is_complete
