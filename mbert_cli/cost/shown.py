"""An estimate as a person reads it: facts by name, tables, and what is left out; and its record."""

from dataclasses import replace
from typing import Any

from mbert_cli.backend import backend_name
from mbert_cli.cost.estimate import Estimate
from mbert_cli.cost.memory import DeviceMemory
from mbert_cli.cost.passes import Passes
from mbert_cli.cost.speed import ends_of_kinds
from mbert_cli.figures import counted
from mbert_cli.page import Page
from mbert_cli.runs.disk import format_bytes
from mbert_cli.table import Table, without_empty_columns

_UNITS = ((1e15, "10^15"), (1e12, "10^12"), (1e9, "10^9"), (1e6, "10^6"))
_YEAR = 365.25 * 86_400
_FORMULA = (
    "n devices take C / n + 2 (n - 1) / n x G / B for a step: the arithmetic C of a batch shared out, then the "
    "gradients G added up in a ring of bandwidth B. Neither hides behind the other; efficiency is the share of "
    "arithmetic."
)
_LEFT_OUT = (
    "Left out: reading and writing, the latency of messages, waiting for the slowest device, and devices that are "
    "less busy with fewer rows each."
)

_DIVIDED = (
    "Left out too: what {} devices that divide a model tell each other in every layer (hosts.model_parallel)."
)


def facts_of(estimate: Estimate) -> dict[str, str]:
    """Arithmetic, memory, exchange, disk and time, each in a line."""
    memory, work = estimate.memory, estimate.operations
    facts = {
        "arithmetic": f"{_power(work.total / estimate.steps)} floating-point operations per step, "
        f"{_power(work.total)} in all: {_parts(work)}",
        "memory per device": f"about {format_bytes(memory.total)} (an estimate): weights "
        f"{format_bytes(memory.weights)}, gradients and optimizer {format_bytes(memory.optimizer)}, "
        f"activations {_activations(memory)}{_on_gpu(memory)}",
    }
    if estimate.devices > 1:
        largest = max(cost.gradient_bytes for cost in estimate.stages)
        facts["exchange"] = (
            f"each of {estimate.devices:,} devices sends {format_bytes(round(estimate.sent_bytes))} per step, for "
            f"gradients of {format_bytes(largest)}"
        )
    return facts | {"disk": f"up to {format_bytes(estimate.disk_bytes)}", "time": _time(estimate)}


def _activations(memory: DeviceMemory) -> str:
    """What they take, and what they would take the other way; small models save nothing by computing them again."""
    own, kept, repeated = (
        format_bytes(each)
        for each in (memory.activations, memory.kept_activations, memory.repeated_activations)
    )
    if memory.repeats_blocks:
        return f"{own} ({kept} without train.rematerialize)"
    if memory.repeated_activations < memory.kept_activations:
        return f"{own} ({repeated} with train.rematerialize)"
    return own


def _on_gpu(memory: DeviceMemory) -> str:
    """What a GPU holds; of TensorFlow that was never measured."""
    if backend_name() != "jax":
        return ""
    return f"; on a GPU about {format_bytes(memory.fused_total)}, where XLA keeps little beside outputs of products"


def tables_of(estimate: Estimate) -> list[Table]:
    """The arithmetic by stages, and the time by devices where it can be said."""
    tables = [_arithmetic(estimate)]
    if estimate.knows_exchange:
        tables.append(_scaling(estimate))
    return tables


def priced(page: Page, estimate: Estimate) -> Page:
    """A page of what is about to be done, with what it costs."""
    facts = Table("", ["cost", ""], [(name, fact) for name, fact in facts_of(estimate).items()])
    return replace(page, tables=[*page.tables, facts], record={**page.record, "cost": record_of(estimate)})


def record_of(estimate: Estimate) -> dict[str, Any]:
    """The same for a program: seconds, bytes and operations as numbers."""
    work, memory, is_known = estimate.operations, estimate.memory, bool(estimate.speeds)
    return {
        "devices": estimate.devices,
        "operations": {
            "forward": work.forward, "backward": work.backward, "teacher": work.teacher, "repeated": work.repeated,
        },
        "operations_per_step": work.total / estimate.steps,
        "bytes_per_device": {
            "weights": memory.weights, "optimizer": memory.optimizer, "activations": memory.kept_activations,
            "activations_rematerialized": memory.repeated_activations, "activations_on_gpu": memory.fused_activations,
        },
        "gradient_bytes_per_step": max(cost.gradient_bytes for cost in estimate.stages),
        "disk_bytes": estimate.disk_bytes,
        "seconds": estimate.seconds if is_known and not estimate.lacks_exchange else None,
        "scaling": [
            {"devices": one.devices, "seconds": one.seconds, "efficiency": one.efficiency}
            for one in (estimate.scaling() if estimate.knows_exchange else ())
        ],
    }  # fmt: skip


def show_seconds(seconds: float) -> str:
    """A time in the unit that suits it: `12.3 ms`, `4.56 s`, `7.8 min`, `9.1 h`, `2.3 days`, `4.5 years`."""
    for limit, divisor, unit in (
        (0.9995, 1e-3, "ms"),
        (120, 1, "s"),
        (7200, 60, "min"),
        (172_800, 3600, "h"),
    ):
        if seconds < limit:
            return f"{seconds / divisor:.3g} {unit}"
    if seconds < 2 * _YEAR:
        return f"{seconds / 86_400:,.1f} days"
    return f"{seconds / _YEAR:,.{1 if seconds < 100 * _YEAR else 0}f} years"


def _arithmetic(estimate: Estimate) -> Table:
    shown = ends_of_kinds(estimate.stages)
    largest = max(cost.step.total for cost in shown)
    unit, name = next(((unit, name) for unit, name in _UNITS if largest >= unit), (1.0, "single"))
    columns = ["stage", "forward", "backward", "teacher", "repeated", "share of all"]
    total = estimate.operations.total
    rows = [
        [
            cost.stage.name,
            *(f"{part / unit:,.2f}" if part else "" for part in _values(cost.step)),
            f"{cost.total.total / total:.1%}",
        ]
        for cost in shown
    ]
    notes = []
    if len(shown) < len(estimate.stages):
        notes = [
            f"{counted(len(estimate.stages), 'stage')}: the others lie between the first and last of their kind"
        ]
    if estimate.recording:
        rows_once = counted(estimate.training.recorded_rows, "row")
        notes.append(
            f"The teacher runs once over {rows_once} before them, {_power(estimate.recording)} operations, "
            f"{estimate.recording / total:.1%} of all"
        )
    title = f"Arithmetic of a step, {name} floating-point operations of its matrix products"
    return without_empty_columns(Table(title, columns, rows, notes))


def _scaling(estimate: Estimate) -> Table:
    batch, steps = estimate.training.batch_size, estimate.steps
    rows = [
        [
            f"{one.devices:,}",
            f"{batch * estimate.model_parallel // one.devices:,}",
            show_seconds(one.compute_seconds / steps),
            show_seconds(one.exchange_seconds / steps) if one.exchange_seconds else "",
            f"{one.efficiency:.1%}",
            show_seconds(one.seconds),
        ]
        for one in estimate.scaling()
    ]
    columns = ["devices", "examples each", "arithmetic", "exchange", "efficiency", "all steps"]
    title = f"Time of a step and of all {steps:,} by the number of devices"
    divided = [_DIVIDED.format(estimate.model_parallel)] * (estimate.model_parallel > 1)
    return Table(title, columns, rows, [_FORMULA, _turning_point(estimate), _LEFT_OUT, *divided])


def _turning_point(estimate: Estimate) -> str:
    most, batch = estimate.balanced_devices, estimate.training.batch_size
    bound = f"{most:,.0f} device{'' if round(most) == 1 else 's'}"
    where = f"The exchange takes longer than the arithmetic above {bound}"
    return f"{where}, more than a batch has examples." if most > batch else f"{where}."


def _time(estimate: Estimate) -> str:
    options = estimate.options
    if not estimate.speeds:
        keys = [f"plan.{key}" for key in ("teraflops", "utilisation") if getattr(options, key) is None]
        wanted = " ".join(f"--set {key}=..." for key in keys)
        return f"not known; {wanted} plans it for other machines, --probe times a few steps on this one"
    where = f"on {counted(estimate.devices, 'device')}"
    if estimate.lacks_exchange:
        alone = show_seconds(estimate.on(estimate.devices).compute_seconds)
        return (
            f"at least {alone} {where}, for the arithmetic alone; --set plan.bandwidth=... adds the exchange"
        )
    share = estimate.on(estimate.devices)
    parts = {
        "arithmetic": share.compute_seconds,
        "exchange": share.exchange_seconds,
        "recording of the teacher": estimate.recording_seconds,
        "first steps": estimate.first_steps_seconds,
        "validation": estimate.validation_seconds,
    }
    named = ", ".join(f"{name} {show_seconds(seconds)}" for name, seconds in parts.items() if seconds)
    how = "by the speed of this machine" if estimate.measured_on else "by plan.teraflops and plan.utilisation"
    return f"about {show_seconds(estimate.seconds)} {where}, {how}: {named}"


def _parts(work: Passes) -> str:
    names = ("forward", "backward", "teacher", "repeated")
    shares = zip(names, _values(work), strict=True)
    return ", ".join(f"{name} {value / work.total:.0%}" for name, value in shares if value)


def _values(work: Passes) -> tuple[float, float, float, float]:
    return work.forward, work.backward, work.teacher, work.repeated


def _power(number: float) -> str:
    """A large number as `5.07 x 10^20`."""
    mantissa, exponent = f"{number:.2e}".split("e")
    return f"{mantissa} x 10^{int(exponent)}"
