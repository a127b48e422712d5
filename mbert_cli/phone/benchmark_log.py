"""What LiteRT's benchmark says of a model, read from what it printed.

Two programs print it. `benchmark_model` counts the runs, ends with a line `Inference timings in us: ...`, and prints
tables with the time of each operation where it was asked for them; `benchmark_litert_model` ends with a block
`BENCHMARK RESULTS`. Lines may begin with `INFO: ` or with what `adb logcat` puts before them.
"""

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mbert_cli.errors import UserError

_NUMBER = r"(\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
_PREFIX = re.compile(r"^\s*(?:.*\btflite *: )?(?:INFO: )?(?:\[[\w./]+:\d+\] )?")
_START = re.compile(r"STARTING!$")
_TIMINGS = re.compile(rf"^Inference timings in us: Init: {_NUMBER}, First inference: {_NUMBER}")
_COUNTED = re.compile(r"^(count=\d+\b.*)")
_VALUE = re.compile(rf"(\w+)={_NUMBER}")
_RESULT = re.compile(
    rf"^(Model initialization|Warmup \(first\)|Inference \(\w+\)|Overall footprint): +{_NUMBER}"
)
_RUNS = re.compile(r"^Inference \(avg\): .*\((\d+) runs\)")
_GRAPH, _THREADS = re.compile(r"^Graph: \[(.*)\]"), re.compile(r"^Num threads: \[(\d+)\]")
_MEMORY = re.compile(rf"emory footprint .*\(MB\): init=\S+ overall={_NUMBER}")
_DELEGATED = re.compile(r"Replacing (\d+) out of (\d+) node\(s\) with delegate \((\w+)\)")
_OPERATION = re.compile(rf"^(\d+) {_NUMBER} {_NUMBER}%")
_PROFILE = "Operator-wise Profiling Info for Regular Benchmark Runs"
_SUMMARY = "Summary by node type"


@dataclass(frozen=True)
class OperationTime:
    """The time of all operations of a kind in one run.

    Attributes:
        name: As TFLite calls it, or what computes it.
        count: How many the graph has.
        milliseconds: Mean of a run.
        share: Of the whole, 0 to 1.
    """

    name: str
    count: int
    milliseconds: float
    share: float


@dataclass(frozen=True)
class BenchmarkLog:
    """What was measured of one model. Times are milliseconds of one run; None is what the log does not say.

    Attributes:
        runs: How many were timed.
        mean, shortest, longest, deviation: Of these.
        first: The first run of all, which loads what it touches.
        start: Until the model was ready.
        median, p95: Of the runs, which newer programs print.
        memory_mb: What the program took, about.
        graph: The model's path there.
        threads: Threads of the interpreter.
        delegates: How many operations each delegate took, and out of how many.
        operations: Time by kind of operation, the longest first.
    """

    runs: int
    mean: float
    shortest: float
    longest: float
    deviation: float
    first: float
    start: float
    median: float | None = None
    p95: float | None = None
    memory_mb: float | None = None
    graph: str | None = None
    threads: int | None = None
    delegates: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    operations: Sequence[OperationTime] = ()


def parse_benchmark_logs(text: str, origin: str) -> list[BenchmarkLog]:
    """Reads all runs of the benchmark that a log has that came to their end.

    Args:
        text: What one or several runs of the program printed.
        origin: Where that is from, for the message.

    Raises:
        UserError: No run of the program came to its end and timed anything.
    """
    found = [log for log in map(_parse, _parts(_lines(text))) if log is not None]
    if not found:
        raise UserError(
            "A log of LiteRT's benchmark has a line `Inference timings in us` or a block `BENCHMARK RESULTS`, and at "
            "least one timed run. "
            f"Received: {origin}, which ends with: {last_lines(text)}",
            "Save all that `benchmark_model` or `benchmark_litert_model` prints, standard error too: > FILE 2>&1.",
        )
    return found


def unfinished_runs(text: str) -> list[str]:
    """How each run of the benchmark ends that a log has and that did not come to its end, or timed nothing.

    Args: `text` of `parse_benchmark_logs`.
    """
    return [last_lines("\n".join(part)) for part in _parts(_lines(text)) if _parse(part) is None]


def _lines(text: str) -> list[str]:
    """The lines of a log without what stands before each."""
    return [_PREFIX.sub("", line, count=1).rstrip() for line in text.splitlines()]


def read_log(path: Path) -> str:
    """The text of a saved log, in UTF-8 or, as Windows PowerShell writes with `>`, in UTF-16."""
    raw = path.read_bytes()
    encoding = "utf-16" if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    return raw.decode(encoding, errors="replace")


def last_lines(text: str, count: int = 3) -> str:
    """The end of what a program printed, in one line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " / ".join(lines[-count:]) or "nothing"


def _parts(lines: Sequence[str]) -> Iterator[Sequence[str]]:
    """The lines of each run of the program."""
    starts = [place for place, line in enumerate(lines) if _START.search(line)] or [0]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield lines[start:end]


def _parse(lines: Sequence[str]) -> BenchmarkLog | None:
    """None where the program did not come to its end, or timed no run."""
    figures = _model_figures(lines) or _litert_figures(lines)
    if figures is None or not figures["runs"] or "mean" not in figures:
        return None
    threads, memory = _first(_THREADS, lines), _first(_MEMORY, lines)
    return BenchmarkLog(
        runs=int(figures["runs"]),
        mean=figures["mean"],
        shortest=figures.get("shortest", figures["mean"]),
        longest=figures.get("longest", figures["mean"]),
        deviation=figures.get("deviation", 0.0),
        first=figures["first"],
        start=figures["start"],
        median=figures.get("median"),
        p95=figures.get("p95"),
        memory_mb=figures.get("memory", None if memory is None else float(memory)),
        graph=_first(_GRAPH, lines),
        threads=None if threads is None else int(threads),
        delegates=_delegates(lines),
        operations=_operations(lines),
    )


def _model_figures(lines: Sequence[str]) -> dict[str, float] | None:
    """What `benchmark_model` counted: milliseconds by our names.

    Runs that all took the same time have only `curr`; where there were none, only the count.
    """
    timings = next(filter(None, map(_TIMINGS.match, lines)), None)
    counted = [match[1] for match in map(_COUNTED.match, lines) if match]
    if timings is None or not counted:
        return None
    values = {name: float(value) for name, value in _VALUE.findall(counted[-1])}  # warming up comes before
    names = {
        "avg" if "avg=" in counted[-1] else "curr": "mean",
        "min": "shortest",
        "max": "longest",
        "std": "deviation",
        "median": "median",
        "p95": "p95",
    }
    figures = {ours: values[theirs] / 1000 for theirs, ours in names.items() if theirs in values}
    start, first = float(timings[1]) / 1000, float(timings[2]) / 1000
    return figures | {"runs": values["count"], "start": start, "first": first}


def _litert_figures(lines: Sequence[str]) -> dict[str, float] | None:
    """The same of `benchmark_litert_model`, which gives milliseconds."""
    names = {
        "Model initialization": "start", "Warmup (first)": "first", "Inference (avg)": "mean",
        "Inference (min)": "shortest", "Inference (max)": "longest", "Inference (std)": "deviation",
        "Overall footprint": "memory",
    }  # fmt: skip
    found = {match[1]: float(match[2]) for match in map(_RESULT.match, lines) if match}
    runs = _first(_RUNS, lines)
    if runs is None or "Model initialization" not in found:
        return None
    return (
        {"first": 0.0}
        | {names[name]: value for name, value in found.items() if name in names}
        | {"runs": int(runs)}
    )


def _first(pattern: re.Pattern[str], lines: Sequence[str]) -> str | None:
    return next((match[1] for match in map(pattern.search, lines) if match), None)


def _delegates(lines: Sequence[str]) -> dict[str, tuple[int, int]]:
    found = filter(None, map(_DELEGATED.search, lines))
    return {match[3]: (int(match[1]), int(match[2])) for match in found}


def _operations(lines: Sequence[str]) -> list[OperationTime]:
    """The rows of the summary by kind, below the heading of the profile of the timed runs."""
    profile = next((place for place, line in enumerate(lines) if _PROFILE in line), len(lines))
    summary = next((place for place in range(profile, len(lines)) if _SUMMARY in lines[place]), len(lines))
    rows = []
    for line in lines[summary + 2 :]:
        cells = re.split(r"\t+ *| {2,}", line.strip())
        found = _OPERATION.match(" ".join(cells[1:4]))
        if found is None:
            break
        rows.append(OperationTime(cells[0], int(found[1]), float(found[2]), float(found[3]) / 100))
    return rows
