"""Runs the teacher of a task once over the rows, keeps what it says, and tells what that saves.

What is kept follows from the recipe and the rows alone, never from what else lies on the disk: a run that is continued
learns from the same numbers.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import keras
import numpy as np

from mbert_cli import console
from mbert_cli.backend import Forward, in_streams, length_step
from mbert_cli.distill.options import CacheOptions
from mbert_cli.distill.output_records import RecordLayout, TooLarge
from mbert_cli.distill.pair import Teaching
from mbert_cli.distill.recorded_teacher import (
    OUTPUTS_ALONE,
    TeacherPlaces,
    compared_places,
    recorded_arrays,
    recorded_teacher,
    recorded_tensors,
)
from mbert_cli.distill.recordings import make_room, recordings_folder
from mbert_cli.distill.taught_rows import TaughtRows
from mbert_cli.distill.teacher_outputs import RecordedRows, RecordingKey, TeacherOutputs, digest_rows
from mbert_cli.errors import UserError
from mbert_cli.evaluate.predict import FEW
from mbert_cli.examples.batches import Rows
from mbert_cli.figures import counted, counted_of
from mbert_cli.home import temporary_folder
from mbert_cli.hosts.devices import is_distributed
from mbert_cli.hosts.forward import forward_of
from mbert_cli.hosts.joining import ALONE, Hosts
from mbert_cli.hosts.together import first_does, tell_all
from mbert_cli.runs.content import Content
from mbert_cli.runs.disk import format_bytes, require_disk
from mbert_cli.train.stage import Stage

_TITLE = "Teacher outputs"

_MOST_ROWS, _MOST_BYTES = 32, 2**26
"""Rows of a batch that the teacher runs over, and bytes of their records."""


@dataclass(frozen=True)
class TaughtTask:
    """A teacher and the rows that it teaches.

    Attributes:
        network: The teacher's network.
        rows: The rows to train on; where outputs are recorded, batches of them have these.
        recorded: What is recorded; None for nothing.
    """

    network: keras.Model
    rows: Rows
    recorded: TeacherPlaces | None

    def teacher_of(self, stage: Stage) -> keras.Model | Teaching:
        """What teaches in a stage: what is recorded where that is all that is compared, else the network."""
        if self.recorded is None or not compared_places(stage.compare).are_within(self.recorded):
            return self.network
        return recorded_teacher(self.recorded)


@dataclass(frozen=True)
class RecordingPlan:
    """What of a teacher's outputs is recorded.

    Attributes:
        places: What is recorded.
        layout: How.
        rows: The rows that are trained on.
        passes: How often the teacher would run over them otherwise.
    """

    places: TeacherPlaces
    layout: RecordLayout
    rows: Rows
    passes: float

    @cached_property
    def recorded(self) -> RecordedRows:
        """Where the records of the rows lie."""
        return RecordedRows(self.rows, self.layout)

    def serves(self, stage: Stage) -> bool:
        """Whether what is recorded is all that a stage compares."""
        return bool(stage.compare) and compared_places(stage.compare).are_within(self.places)

    def __str__(self) -> str:
        return f"{self.places} for {counted(len(self.rows.trained), 'row')}, {format_bytes(self.recorded.size_bytes)}"


def identify_teacher(content: Content, *conditions: object) -> str:
    """A digest of a teacher.

    Args:
        content: The files of its run, with their hashes.
        *conditions: What else decides what it says: the order of its outputs, the precision in which it computes.
    """
    files = sorted((file.name, file.sha256) for file in content.files)
    return hashlib.blake2b(json.dumps([files, *map(str, conditions)]).encode(), digest_size=16).hexdigest()


def plan_recording(
    rows: Rows, network: keras.Model, stages: Sequence[Stage], batch_size: int, options: CacheOptions
) -> RecordingPlan | None:
    """Decides what is recorded, and says why not all or nothing is.

    Args:
        rows: The rows of the training set.
        network: The teacher's, with outputs in the order of the student's and, where layers are compared, a Trace.
        stages: What compares the student with it.
        batch_size: Rows of a step.
        options: The budget and the type of numbers.

    Returns:
        The plan; None where nothing is to be gained.
    """
    plan, reason = _choose(rows, network, stages, batch_size, options)
    if reason is not None:
        console.info(reason)
    return plan


def recorded_stages(
    rows: Rows, network: keras.Model, stages: Sequence[Stage], batch_size: int, options: CacheOptions
) -> frozenset[str]:
    """Names of the stages for which the teacher runs once; the arguments are those of `plan_recording`."""
    plan, _ = _choose(rows, network, stages, batch_size, options)
    return frozenset(stage.name for stage in stages if plan is not None and plan.serves(stage))


def announce_recording(
    rows: Rows, network: keras.Model, stages: Sequence[Stage], batch_size: int, options: CacheOptions
) -> None:
    """Says for a dry run what would be recorded; the arguments are those of `plan_recording`."""
    plan = plan_recording(rows, network, stages, batch_size, options)
    if plan is not None:
        console.info(
            f"{_TITLE}: {plan}, to be recorded where they are not yet; the plan counts the teacher once"
        )


def _choose(
    rows: Rows, network: keras.Model, stages: Sequence[Stage], batch_size: int, options: CacheOptions
) -> tuple[RecordingPlan | None, str | None]:
    """What `plan_recording` returns, and what it says."""
    wanted = compared_places(comparison for stage in stages for comparison in stage.compare)
    if not options.budget_gigabytes or not (wanted.of_trace or wanted.outputs):
        return None, None
    plan = _plan(wanted, rows, network, stages, batch_size, options)
    if plan.passes <= 1:
        return None, None
    if plan.recorded.size_bytes <= _budget(options) or not wanted.of_trace:
        return plan, None
    reason = (
        f"{_TITLE}: {wanted} would take {format_bytes(plan.recorded.size_bytes)}, more than "
        f"cache.budget_gigabytes={options.budget_gigabytes:g}; the teacher runs in every step that compares layers"
    )
    plan = _plan(OUTPUTS_ALONE, rows, network, stages, batch_size, options)
    return (plan if wanted.outputs and plan.passes > 1 else None), reason


def teach(
    rows: Rows,
    network: keras.Model,
    identity: str,
    stages: Sequence[Stage],
    batch_size: int,
    options: CacheOptions,
    hosts: Hosts = ALONE,
) -> TaughtTask:
    """Records what a teacher says, or finds it recorded.

    Args: those of `plan_recording`, and
        identity: Digest of the teacher, as `identify_teacher` gives it.
        hosts: Those that train. All run the teacher together, and each has the records in its folder, which may be
            the same one.

    Raises:
        UserError: Its outputs are not finite, or there is no room for them.
    """
    plan = plan_recording(rows, network, stages, batch_size, options)
    if plan is None:
        return TaughtTask(network, rows, None)
    try:
        outputs = _record(plan, network, identity, options, hosts)
    except TooLarge as error:
        console.info(f"{_TITLE}: {error}, beyond cache.dtype=float16; they are kept in float32")
        wider = options.model_copy(update={"dtype": "float32"})
        return teach(rows, network, identity, stages, batch_size, wider, hosts)
    return TaughtTask(network, TaughtRows(rows, outputs), plan.places)


def _plan(
    places: TeacherPlaces,
    rows: Rows,
    network: keras.Model,
    stages: Sequence[Stage],
    batch_size: int,
    options: CacheOptions,
) -> RecordingPlan:
    served = (one for one in stages if one.compare and compared_places(one.compare).are_within(places))
    steps = sum(stage.steps for stage in served)
    layout = RecordLayout(recorded_arrays(recorded_tensors(network, places)), options.dtype)
    return RecordingPlan(places, layout, rows, steps * batch_size / len(rows.trained))


def _budget(options: CacheOptions) -> int:
    return int(options.budget_gigabytes * 10**9)


def _record(
    plan: RecordingPlan, network: keras.Model, identity: str, options: CacheOptions, hosts: Hosts
) -> TeacherOutputs:
    """Opens the recording of a plan and makes what is missing."""
    folder = recordings_folder(options.folder) or temporary_folder()
    started = time.perf_counter()
    key = RecordingKey(identity, digest_rows(plan.rows, plan.recorded.order), plan.layout)
    opened: list[TeacherOutputs] = []

    def open_it() -> None:
        opened.append(TeacherOutputs(folder, key, plan.recorded))
        _make_room(opened[0], plan, options)

    try:
        first_does(hosts, open_it)  # before the others, whose folder may be the same
        if not hosts.is_first:
            open_it()
        (outputs,) = opened
        missing = sorted(set(chain.from_iterable(tell_all(hosts, outputs.missing))))
        if missing:
            _run(network, plan, outputs, missing, hosts)
    except BaseException:
        for outputs in opened:
            outputs.close()  # others may remove what was begun
        raise
    _say(plan, outputs, len(missing), time.perf_counter() - started)
    return outputs


def _make_room(outputs: TeacherOutputs, plan: RecordingPlan, options: CacheOptions) -> None:
    folder, size = outputs.path.parent, plan.recorded.size_bytes
    removed = make_room(folder, size, max(size, _budget(options)), outputs.path)
    if removed:
        freed = format_bytes(sum(recording.size_bytes for recording in removed))
        console.info(
            f"{_TITLE}: {counted(len(removed), 'recording')} that had not been used for longest removed from {folder}, "
            f"{freed}, to keep within cache.budget_gigabytes={options.budget_gigabytes:g}"
        )
    try:
        require_disk(outputs.path, sum(plan.recorded.part_bytes(part) for part in outputs.missing))
    except UserError as error:
        raise UserError(
            error.message,
            "Free space there, or keep them elsewhere with --set cache.folder=DIR.",
        ) from error


def _run(
    network: keras.Model, plan: RecordingPlan, outputs: TeacherOutputs, missing: Sequence[int], hosts: Hosts
) -> None:
    """Makes the parts that are missing on any host, the longest rows first."""
    tensors = recorded_tensors(network, plan.places)
    whole = keras.Model(network.input, tensors, name="recorded_teacher")
    total = sum(len(plan.recorded.of_part(part)[0]) for part in missing)
    is_compiled = len(plan.recorded.order) > FEW * _MOST_ROWS or is_distributed()  # of all: last bits differ
    forward: Forward = forward_of(whole) if is_compiled else whole
    done = 0
    with console.progress(total, "teacher outputs", sparse=True) as progress:

        def watched(records: Iterator[bytes]) -> Iterator[bytes]:
            nonlocal done
            for record in records:
                yield record
                done += 1
                if done % _MOST_ROWS == 0 or done == total:
                    progress.update(done)

        for part in missing:
            _write(outputs, part, watched(_records(plan, part, list(whole.input), forward)), hosts)


def _write(outputs: TeacherOutputs, part: int, records: Iterator[bytes], hosts: Hosts) -> None:
    """Writes a part in the folder of every host, which may be the same one."""
    if hosts.count == 1:
        outputs.write(part, records)
        return
    kept = list(records)
    for index in range(hosts.count):
        if index == hosts.index and outputs.misses(part):
            outputs.write(part, kept)
        if not any(tell_all(hosts, outputs.misses(part))):
            return


def _records(plan: RecordingPlan, part: int, inputs: Sequence[str], forward: Forward) -> Iterator[bytes]:
    """The records of a part's rows, in their order."""
    answer, starts = _answer_batches(plan, part, inputs, forward)
    yield from answer(starts[0])  # traces, which threads would do in an order of their own
    for records in in_streams(answer, starts[1:]):
        yield from records


def _answer_batches(
    plan: RecordingPlan, part: int, inputs: Sequence[str], forward: Forward
) -> tuple[Callable[[int], list[bytes]], range]:
    """A function that gives the records of a batch of a part by its first row, and these rows."""
    indices, tokens = plan.recorded.of_part(part)
    longest = int(plan.layout.sizes(tokens[:1])[0])
    size = max(1, min(_MOST_ROWS, _MOST_BYTES // longest, len(plan.recorded.order)))

    def answer(start: int) -> list[bytes]:
        chosen, counts = indices[start : start + size], tokens[start : start + size].tolist()
        filled = np.concatenate([chosen, np.full(size - len(chosen), chosen[0])])
        batch = plan.rows.take(filled, _length(counts[0], plan.rows))
        told = forward({name: batch[name] for name in inputs})
        arrays = {name: keras.ops.convert_to_numpy(tensor) for name, tensor in told.items()}
        return [plan.layout.pack(arrays, row, count) for row, count in enumerate(counts)]

    return answer, range(0, len(indices), size)


def _length(longest: int, rows: Rows) -> int:
    """Columns of a batch: MobileBERT's embedding of a token reads the next one, so that one is padding."""
    step = length_step()
    return min(-(-(longest + 1) // step) * step, rows.sequence_length)


def _say(plan: RecordingPlan, outputs: TeacherOutputs, made: int, seconds: float) -> None:
    parts = len(plan.recorded.parts) - 1
    if not made:
        console.info(f"{_TITLE}: {plan}, recorded before in {outputs.path}; the teacher does not run again")
        return
    there = counted_of(parts - made, parts, "part", "was there", "were there")
    rest = f" ({there})" if made < parts else ""
    console.info(
        f"{_TITLE}: {plan}, recorded in {seconds:,.0f} s in {outputs.path}{rest}; the teacher runs once over the rows "
        f"instead of {plan.passes:,.1f} times"
    )
