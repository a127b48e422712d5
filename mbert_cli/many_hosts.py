"""A verb on several hosts: this process watches, and its child works."""

import contextlib
import hashlib
import json
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from mbert_cli import console
from mbert_cli.errors import Interrupted, RunError, UserError
from mbert_cli.hosts.joining import Place, describe_place
from mbert_cli.hosts.meeting import meet
from mbert_cli.hosts.watch import End, HostWatch, describe_end, pass_signals_on
from mbert_cli.hosts.worker import Watched, Worker, fork_worker
from mbert_cli.machine_problems import machine_problem
from mbert_cli.recipe.problems import leaves
from mbert_cli.runs.content import Content
from mbert_cli.runs.directory import RunDir
from mbert_cli.runs.identity import PLACES
from mbert_cli.runs.listing import checkpoint_steps, is_run, state_of
from mbert_cli.runs.origin import package_version

if TYPE_CHECKING:
    from mbert_cli.recipe.invocation import Invocation

_COMPARED = ("mbert", "keras", "jax", "jaxlib", "numpy")
"""Packages whose versions decide what a step computes."""

_NATIVE_LINES = 20


@contextmanager
def joined_worker(place: Place, invocation: "Invocation[Any]") -> "Iterator[Worker]":
    """The process that trains; the one that calls this watches it from now on, and ends with it.

    Args:
        place: The place of this host.
        invocation: The command.
    """
    console.info(f"Host {describe_place(place)}")
    process = fork_worker(place)
    if isinstance(process, Watched):
        _watch(place, process, invocation)
    try:
        yield process
    except UserError as error:
        process.tell_end(f"has ended: {error.message.rstrip('.')}", error.exit_code)
        raise
    except Exception as error:
        told = machine_problem(error, [invocation.verb])
        if told is not None:
            process.tell_end(f"has ended: {told.message.rstrip('.')}", told.exit_code)
            raise told from error
        process.explain(error)
        process.tell_end(f"has ended on {type(error).__name__}: {error}", RunError.exit_code)
        raise
    except BaseException:
        process.tell_end("was stopped", Interrupted.exit_code)
        raise


def report_of(ready: Any) -> dict[str, Any]:
    """What a host is about to do, for `hosts/agreement.py` to compare."""
    from mbert_cli.recipe.contents import input_contents

    invocation, recipe = ready.invocation, ready.recipe
    contents = ready.contents or input_contents(recipe, opened=getattr(ready, "inputs", None))
    recorded = recipe.model_dump(mode="json", exclude=set(PLACES))
    steps = [] if invocation.fresh else checkpoint_steps(invocation.directory)
    return {
        "command": {"command": f"mbert {invocation.verb}", "--fresh": invocation.fresh},
        "versions": {name: package_version(name) for name in _COMPARED},
        "recipe": {key: value for key, value in leaves(recorded) if key not in contents}
        | {"hosts.model_parallel": recipe.hosts.model_parallel},
        "inputs": {key: _digest(content) for key, content in contents.items()},
        "run": {"newest checkpoint": f"step {steps[-1]:,}" if steps else None},
    }


def _watch(place: Place, watched: Watched, invocation: "Invocation[Any]") -> NoReturn:
    """Watches a worker until it ends, and ends with its exit code, or because another host has ended."""
    pass_signals_on(watched.channel, watched.process)
    meeting = meet(place, watched.channel, console.info)
    if meeting.answer is not None:
        watched.channel.send(meeting.answer)
    begins = "go" in (meeting.answer or {})
    watch = HostWatch(place.index, watched.process, watched.channel, meeting.channels if begins else {})
    end = watch.run()
    watch.leave()
    if end is not None:
        _say_why(place, end, meeting.names, watched, invocation)
    elif watch.code == Interrupted.exit_code and place.index and not begins:
        console.stopped("Stopped before all hosts had met.")  # the worker leaves words to host 0
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(watch.code if watch.code is not None else end.code if end is not None else 1)


def _say_why(
    place: Place, end: End, names: tuple[str, ...], watched: Watched, invocation: "Invocation[Any]"
) -> None:
    steps = checkpoint_steps(invocation.directory)
    saved = f"the state up to step {steps[-1]:,} is saved" if steps else "nothing was saved yet"
    sentence = f"{describe_end(end, names or ('',) * place.count)}, so the job ends on all hosts"
    again = "goes on from there" if steps else "begins again"
    each = ", each with its own --host-index," if "--host-index" in invocation.command else ""
    command = shlex.join(word for word in invocation.command if word != "--fresh")
    hint = f"`{command}` on every host{each} {again}."
    if end.code == Interrupted.exit_code:
        console.stopped(f"{sentence}; {saved} in {invocation.directory}", hint)
        return
    if end.host == place.index and end.is_crash:
        for line in watched.native_output().splitlines()[-_NATIVE_LINES:]:
            console.info(line)
    console.error(f"{sentence}; {saved} in {invocation.directory}", hint)
    if place.index == 0 and is_run(invocation.directory) and state_of(invocation.directory) != "complete":
        with contextlib.suppress(OSError):
            RunDir(invocation.directory, invocation.kind, {}).fail(sentence)


def _digest(content: Content) -> str:
    """The content in a few digits, the same wherever it lies."""
    identity = content.identity
    parts = sorted(identity) if isinstance(identity, frozenset) else identity
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]
