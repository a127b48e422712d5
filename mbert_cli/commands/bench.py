"""`mbert bench`: artifacts -> latency, size and memory side by side."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from mbert_cli import console
from mbert_cli.backend import count_cores
from mbert_cli.examples.options import AnyTask
from mbert_cli.figures import counted
from mbert_cli.page import Page
from mbert_cli.phone.adb import Device
from mbert_cli.phone.benchmark_command import adb_lines
from mbert_cli.phone.card_times import write_times
from mbert_cli.phone.sweep import SWEEP, score_artifact, sweep_record, swept_threads
from mbert_cli.phone.timing import PhoneRow, phone_record, time_on_phone
from mbert_cli.preflight.bench import Ready, others_hinted, timed_task
from mbert_cli.recipe.invocation import Invocation
from mbert_cli.recipe.schema import BenchRecipe
from mbert_cli.report.bench import Measured, bench_page
from mbert_cli.report.phone_bench import log_page, phone_page
from mbert_cli.report.sweep import sweep_page
from mbert_cli.report.terminal import deliver
from mbert_cli.runs.artifacts import target_name
from mbert_cli.tasks.model import TaskModel
from mbert_cli.text.batch import Batch
from mbert_cli.tflite.census import stored_mode
from mbert_cli.tflite.latency import (
    REFERENCE_TOKENS,
    LatencyRow,
    Timed,
    measure_latencies,
    reference_artifact,
)
from mbert_cli.tflite.latency_reports import (
    BENCH,
    Machine,
    describe_machine,
    write_latencies,
    write_latency_report,
)
from mbert_cli.tflite.options import BenchOptions

EXAMPLES = 32

NOISY = 0.1
"""Spread of the rounds from which on a warning says that the times cannot be relied on."""

Inputs = list[Batch]


def run(ready: Ready) -> None:
    """Times artifacts, each at each of its lengths: here, on a phone, or as a saved log says."""
    if ready.logs:
        deliver(log_page(ready.logs, str(ready.invocation.log)), ready.invocation.delivery)
    elif ready.invocation.dry_run:
        deliver(_plan(ready.artifacts, _how(ready)), ready.invocation.delivery)
    elif ready.phone is not None:
        _time_on_phone(ready, *ready.phone)
    elif ready.invocation.sweep:
        _sweep(ready)
    else:
        _time_here(ready)


def _sweep(ready: Ready) -> None:
    """Scores artifacts at each length and times them with several numbers of threads."""
    invocation, options, machine = ready.invocation, ready.recipe.bench, describe_machine()
    timed = _timed(ready)
    scores = []
    for model in ready.models:
        console.info(f"Scoring {target_name(model.path)} with {model.sequence_length} tokens")
        scores.append(score_artifact(model, timed_task(ready.recipe, model), options.sweep.max_examples))
    times = {}
    for threads in swept_threads(options.sweep.threads, machine.cores):
        console.info(f"Timing with {counted(threads, 'thread')}")
        times[threads] = measure_latencies(timed, options.model_copy(update={"threads": threads}))
    _warn_of_noise([row for rows in times.values() for row in rows], machine)
    record = sweep_record(times, scores, options, machine)
    try:
        deliver(sweep_page(record, draws=invocation.delivery.format == "html"), invocation.delivery)
    finally:
        path = write_latency_report((invocation.run or invocation.root / BENCH) / SWEEP, record)
        console.info(f"Written to {path}; `mbert report` shows it")


def _timed(ready: Ready) -> list[Timed]:
    """The artifacts with what they are run on."""
    return [Timed(model.path, inputs) for model, inputs in zip(ready.models, _inputs(ready), strict=True)]


def _time_on_phone(ready: Ready, device: Device, binary: Path) -> None:
    """Times artifacts on random token ids, with LiteRT's own benchmark."""
    rows: list[PhoneRow] = []
    try:
        for row in time_on_phone(device, binary, ready.artifacts, ready.recipe.bench):
            rows.append(row)  # noqa: PERF402 (those that are there stay if the next one fails)
    finally:
        if rows:
            _report_phone(ready.invocation, rows, device)


def _report_phone(invocation: Invocation[BenchRecipe], rows: Sequence[PhoneRow], device: Device) -> None:
    options = invocation.recipe.bench
    try:
        deliver(phone_page(rows, options, device), invocation.delivery)
    finally:
        record = phone_record(rows, options, device)
        path = write_latency_report(invocation.run or invocation.root / BENCH, record)
        _say_written(path)


def _time_here(ready: Ready) -> None:
    """Times artifacts on real token ids, and a reference architecture beside them."""
    invocation, recipe, artifacts = ready.invocation, ready.recipe, ready.artifacts
    timed = _timed(ready)
    references = _references(recipe.bench, timed, invocation.root / "reference")
    machine = describe_machine()
    rows = measure_latencies([*timed, *references], recipe.bench)
    own, beside = rows[: len(timed)], rows[len(timed) :]
    _warn_of_noise(rows, machine)
    lines = adb_lines([(target_name(path), path) for path in artifacts], recipe.bench)
    try:  # times that took minutes are shown though their report cannot be written, and the other way round
        deliver(bench_page(Measured(own, beside, recipe.bench, machine, lines)), invocation.delivery)
    finally:
        path = write_latencies(invocation.run or invocation.root / BENCH, own, beside, recipe.bench, machine)
        _say_written(path)


def _say_written(report: Path) -> None:
    """Says where times are, which the cards of the artifacts then have too."""
    console.info(f"Written to {report}")
    write_times(report)


def _plan(artifacts: Sequence[Path], how: str) -> Page:
    """What `--dry-run` says."""
    return Page(
        record={"would_time": [{"path": path, "how": how} for path in artifacts]},
        notes=[f"Would time {artifact} {how}" for artifact in artifacts],
    )


def _how(ready: Ready) -> str:
    """How artifacts would be timed, as the end of a sentence."""
    options = ready.recipe.bench
    if ready.phone is not None:
        return f"on {ready.phone[0].name}"
    if not ready.invocation.sweep:
        return f"for {options.min_seconds:g} s"
    threads = swept_threads(options.sweep.threads, count_cores())
    return (
        f"at each length for {options.min_seconds:g} s with each of {', '.join(map(str, threads))} threads, "
        f"and score it on up to {counted(options.sweep.max_examples, 'example')}"
    )


def _inputs(ready: Ready) -> list[Inputs]:
    """Examples of the task of each artifact, in its own tokens and at its own length; equal ones are read once."""
    read: dict[tuple[str, str, int, bool], Inputs] = {}
    inputs = []
    for model in ready.models:
        options = timed_task(ready.recipe, model)
        key = (
            options.model_dump_json(),
            model.description.vocabulary.digest,
            model.sequence_length,
            model.keeps_texts,
        )
        if key not in read:
            read[key] = _examples(model, options)
        inputs.append(read[key])
    return inputs


def _examples(model: TaskModel, options: AnyTask) -> Inputs:
    """Examples of a task in the tokens of an artifact, each a batch of its own; raises as `TaskModel.sample`."""
    with others_hinted():
        answering, encoded = model.sample(options, EXAMPLES)
    return list(islice(answering.batches(encoded, batch_size=1).in_order(), EXAMPLES))


def _references(options: BenchOptions, timed: Sequence[Timed], folder: Path) -> list[Timed]:
    """The reference architecture at each length, and in each mode if wanted, that is timed, on the same tokens."""
    name = options.against
    if name is None:
        return []
    kinds = {
        (one.inputs[0]["token_ids"].shape[1], _reference_mode(options, one.path)): one.inputs for one in timed
    }
    references = []
    for (length, mode), inputs in kinds.items():
        console.info(
            f"{name} of {length} tokens with random weights, in {mode}, is the reference; it is built once"
        )
        known = [
            {**batch, "token_ids": np.minimum(batch["token_ids"], REFERENCE_TOKENS - 1)} for batch in inputs
        ]  # a larger vocabulary has ids for which the reference has no weights
        references.append(Timed(reference_artifact(name, length, mode, folder), known))
    return references


def _reference_mode(options: BenchOptions, path: Path) -> str:
    return stored_mode(path.read_bytes()) if options.reference_mode == "same" else options.reference_mode


def _warn_of_noise(rows: Sequence[LatencyRow], machine: Machine) -> None:
    noisy = [row for row in rows if (row.spread or 0) > NOISY]
    if noisy:
        listed = ", ".join(f"{target_name(row.path)} by {row.spread:.0%}" for row in noisy)
        console.warning(
            f"The medians of the rounds lie far apart: {listed}. Other work was going on (load "
            f"{machine.load or 0:.1f} on {counted(machine.cores, 'core')}), or the clock of the processor changed: "
            "time again when it is idle, "
            "or with more rounds, --set bench.rounds=9."
        )
