"""From what was typed to the page of a verb, whose libraries are loaded only when nothing stands in its way."""

import importlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import typer

from mbert_cli import console
from mbert_cli.backend import VARIABLE, load_keras, no_garbage, require_backend
from mbert_cli.errors import UserError
from mbert_cli.home import lend_home
from mbert_cli.native_output import hidden_native_output

if TYPE_CHECKING:
    from mbert_cli.recipe.invocation import Invocation

WITH_KERAS = ("train_teacher", "distill", "distill_task", "finetune", "export_tflite")
"""Verbs that need Keras whatever they are given."""

TRAINING = ("train_teacher", "distill", "distill_task", "finetune")
"""Verbs whose work all devices share out."""

PLANNED_ALONE = ("train_teacher", "distill")
"""Verbs whose dry run is a page of its own, `planned`, which needs none of that."""


def invocation_of(
    ctx: typer.Context, recipe: str | None, settings: list[str] | None, run: Path | None, smoke: bool,
    dry_run: bool, quiet: bool, flags: Mapping[str, tuple[str, object]] | None = None, **extra: Any,
) -> "Invocation[Any]":  # fmt: skip
    """What was typed, with its recipe loaded."""
    from mbert_cli.recipe.invocation import invoke

    console.set_quiet(quiet)
    return invoke(
        str(ctx.info_name), recipe, settings or (), flags or {}, run=run, smoke=smoke,
        dry_run=dry_run, quiet=quiet, command=ctx.obj["command"], **extra,
    )  # fmt: skip


def plain_page(module: str, quiet: bool) -> ModuleType:
    """Loads the page of a verb that has no recipe."""
    console.set_quiet(quiet)
    require_backend()
    lend_home()
    with hidden_native_output():
        return importlib.import_module(f"mbert_cli.commands.{module}")


def run_verb(module: str, invocation: "Invocation[Any]") -> None:
    """Runs a verb, whose page and libraries are loaded only when nothing stands in its way."""
    from mbert_cli.preflight.hosts import find_place
    from mbert_cli.preflight.resolving import resolve

    require_backend()
    place = None if invocation.dry_run else find_place(invocation)
    if place is None:
        ready = _imagined(invocation) or resolve(invocation)
        is_planned = invocation.dry_run and not invocation.probe and module in PLANNED_ALONE
        _run_page("planned" if is_planned else module, ready)
        return
    from mbert_cli.many_hosts import joined_worker, report_of

    with joined_worker(place, invocation) as worker:
        if place.index:
            console.mute()  # the first host says it
        try:
            ready = resolve(invocation)
            report = report_of(ready)
        except UserError as error:
            worker.tell_failure(error)
            raise
        joined = replace(ready.invocation, hosts=worker.meet(report))
        _run_page(module, replace(ready, invocation=joined))


def _run_page(module: str, ready: Any) -> None:
    lend_home()
    with hidden_native_output(), no_garbage():
        if module in WITH_KERAS:
            load_keras()
        command = importlib.import_module(f"mbert_cli.commands.{module}")
    if module in TRAINING:
        _share_out(ready.invocation.recipe.hosts.model_parallel)
    command.run(ready)


def _imagined(invocation: "Invocation[Any]") -> Any:
    """The plan of a dry run for machines elsewhere, whose inputs need not be here; None where they are looked for."""
    if not invocation.dry_run or getattr(invocation.recipe, "plan", None) is None:
        return None
    from mbert_cli.preflight.planning import imagine

    return imagine(invocation)


def _share_out(model_parallel: int) -> None:
    """Whatever is built from now on is computed by all devices, as far as the backend can."""
    from mbert_cli.hosts.devices import distribute, idle_gpus

    distribute(model_parallel)
    if idle_gpus():
        console.info(
            f"TensorFlow trains on one GPU and leaves {idle_gpus()} alone; {VARIABLE}=jax trains on all of them"
        )
