"""How far a long work is: one line on a terminal, laid out by its width; in a log a line now and then."""

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Self

from rich.live import Live
from rich.text import Text

from mbert_cli.display import STEPS, ProgressUnit
from mbert_cli.figures import counted
from mbert_cli.standard_streams import printable

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

_SILENCE_SECONDS = 30
_LONGEST_BAR = 12
_SPARE_COLUMNS = 3
"""Kept free at the end of the line, where a terminal shows ^C; a full line would break there and stand twice."""
_FIRST = (
    "building", "loss", "description", "stage", "examples_per_second", "megabytes_per_second", "learning_rate",
)  # fmt: skip
"""What is shown on a terminal beside bar, step and time, the most important first; other figures come last."""

_RATES = {"examples_per_second": "examples/s", "megabytes_per_second": "MB/s"}


class Pace:
    """How long the rest takes, by the steps so far; those that build and compile are not counted.

    Args:
        total: Steps of the whole work; None when that is not known.
        step: Steps that were done before.
    """

    def __init__(self, total: int | None, step: int) -> None:
        self._total, self._step = total, step
        self._steps, self._seconds = 0, 0.0
        self._seconds_a_step: float | None = None
        self._began = self._mark = time.monotonic()
        self._waits = True

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    def wait(self) -> None:
        """Leaves out the next step and all until then; the steps after it are measured anew."""
        self._steps, self._seconds = 0, 0.0
        self._waits = True

    def reach(self, step: int) -> None:
        """Takes note of the steps done."""
        if step <= self._step:
            return
        now = time.monotonic()
        if not self._waits:
            self._steps += step - self._step
            self._seconds += now - self._mark
            self._seconds_a_step = self._seconds / self._steps
        self._step, self._mark, self._waits = step, now, False

    def left(self) -> float | None:
        """Seconds that are left; None where that is not known yet, or nothing is left."""
        if self._seconds_a_step is None or not self._total or self._step >= self._total:
            return None
        since = 0.0 if self._waits else time.monotonic() - self._mark
        return max(0.0, self._seconds_a_step * (self._total - self._step) - since)


class Bar:
    """One line of a terminal: description, bar, step of total, time, and the figures that there is room for.

    Args:
        stream: The terminal.
        total: Steps of the whole work; None when that is not known.
        description: What is being done.
        start: Steps that were done before.
        unit: What is counted in place of steps.
    """

    def __init__(
        self, stream: "Console", total: int | None, description: str, start: int, unit: ProgressUnit = STEPS
    ) -> None:
        self._total, self._step, self._unit = total, start, unit
        self._pace = Pace(total, start)
        self._figures: dict[str, str] = {"description": description}
        self._building = ""
        self._live = Live(self, console=stream, refresh_per_second=8)

    def __enter__(self) -> Self:
        self._live.start(refresh=True)
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def update(self, step: int, **fields: object) -> None:
        """Moves the bar; figures stay until others come."""
        if "building" in fields:
            self._pace.wait()
            self._building = str(fields["building"])
        elif step > self._step:
            self._building = ""
        self._pace.reach(step)
        self._step = step
        self._figures |= {name: text for name, text in _figures(fields).items() if name != "building"}

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        width = options.max_width - _SPARE_COLUMNS
        bar = min(_LONGEST_BAR, options.max_width // 8) if self._total else 0
        counts = self._counts()
        room = width - bar - len(counts) - 1
        figures = self._figures
        if self._building:
            figures = {
                "description": figures["description"],
                "building": f"building {_last_words(self._building, room - len('  building '))}",
            }
        shown = _fitting({name: printable(text, console.file) for name, text in figures.items()}, room)
        before = shown.pop("description", "")
        after = "".join(f"  {text}" for text in shown.values())
        done = round(bar * min(1.0, self._step / self._total)) if self._total else 0
        full, empty = "#-" if options.ascii_only else "━─"  # told apart without colours too
        yield Text.assemble(
            f"{before} " if before else "",
            (full * done, "bar.complete"),
            (empty * (bar - done), "bar.back"),
            f" {counts}{after}",
            no_wrap=True,
            overflow="crop",
        )

    def _counts(self) -> str:
        """Step and time, which are always shown, padded so that nothing moves while they grow."""
        steps = _progress(self._step, self._total, self._unit)
        widest = len(_progress(self._total, self._total, self._unit)) if self._total else 0
        left = self._pace.left()
        shown = f"{_duration(self._pace.elapsed)} elapsed" if left is None else f"{_duration(left)} left"
        if not self._step and not self._total:
            return f"{shown:<10}"  # a work of unknown length that has not come to its first step
        return f"{steps:>{widest}}  {shown:<10}"


class Lines:
    """One line per update with figures; one without any only after half a minute of silence.

    Args:
        stream: The log.
        total: Steps of the whole work; None when that is not known.
        description: What is being done.
        start: Steps that were done before.
        unit: What is counted in place of steps.
        sparse: Whether figures are held back for half a minute too.
    """

    def __init__(
        self,
        stream: "Console",
        total: int | None,
        description: str,
        start: int,
        unit: ProgressUnit = STEPS,
        sparse: bool = False,
    ) -> None:
        self._stream, self._total, self._description = stream, total, description
        self._unit, self._is_sparse = unit, sparse
        self._pace = Pace(total, start)
        self._spoken = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing is open."""

    def update(self, step: int, **fields: object) -> None:
        """Prints a line."""
        if "building" in fields:
            self._pace.wait()
        self._pace.reach(step)
        now = time.monotonic()
        if (self._is_sparse or not fields) and now - self._spoken < _SILENCE_SECONDS:
            return
        self._spoken = now
        done = _progress(step, self._total, self._unit)
        left = self._pace.left()
        time_left = [] if left is None else [f"{_duration(left)} left"]
        text = "  ".join([f"{self._description} {done}", *_figures(fields).values(), *time_left])
        self._stream.print(
            printable(text, self._stream.file), markup=False, highlight=False, emoji=False, soft_wrap=True
        )


class Silent:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing is open."""

    def update(self, step: int, **fields: object) -> None:
        """Shows nothing."""


def _progress(step: int, total: int | None, unit: ProgressUnit) -> str:
    """`400/10,000`, or `12.3/80.1 MB`."""
    of = f"/{unit.show(total)}" if total else ""
    return f"{unit.show(step)}{of} {unit.name}".rstrip()


def _figures(fields: Mapping[str, object]) -> dict[str, str]:
    """The figures in words, in the order in which they came."""
    return {name: _figure(name, value) for name, value in fields.items()}


def _figure(name: str, value: object) -> str:
    if name == "stage":
        return str(value)
    if name == "documents" and isinstance(value, int):
        return counted(value, "document")
    if name in _RATES and isinstance(value, int | float):
        return f"{value:.3g} {_RATES[name]}" if value < 100 else f"{value:,.0f} {_RATES[name]}"
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return f"{name.replace('_', ' ')} {text}"


def _fitting(figures: Mapping[str, str], room: int) -> dict[str, str]:
    """The figures that there is room for: from the most important on, until one does not fit.

    Args:
        figures: Texts by name.
        room: Columns, of which each figure takes two more than its text, the description one.
    """
    shown: dict[str, str] = {}
    for name in _by_importance(figures):
        needed = len(figures[name]) + (1 if name == "description" else 2)
        if needed > room and not shown:
            return {name: figures[name][: max(0, room - 2)]}
        if needed > room:
            break
        shown[name], room = figures[name], room - needed
    return shown


def _last_words(name: str, room: int) -> str:
    """A name without its first words where it is too long: layer_03 says more than transfer."""
    while len(name) > room and " " in name:
        name = name.partition(" ")[2]
    return name


def _by_importance(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST))


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
