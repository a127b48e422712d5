"""Sweeps over modes, lengths and numbers of threads: tables, and score against size and latency."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mbert_cli.figures import counted, in_words, show_megabytes, show_share
from mbert_cli.json_text import read_json
from mbert_cli.page import Page
from mbert_cli.phone.sweep import SWEEP
from mbert_cli.report.choices import Choice
from mbert_cli.report.recorded_scores import SetScore
from mbert_cli.report.scored_sets import by_set
from mbert_cli.runs.listing import USUAL_ROOT
from mbert_cli.table import Picture, Table
from mbert_cli.tflite.latency_reports import BENCH, Latency, conditions_of
from mbert_cli.weights.description import SetDescription

Record = Mapping[str, Any]
"""What `sweep_record` returns."""


def sweep_page(record: Record, *, draws: bool = False) -> Page:
    """What `mbert bench --sweep` shows.

    Args:
        record: The sweep.
        draws: Whether the page can show pictures.
    """
    lengths = {row["sequence_length"] for row in record["rows"]}
    hint = "Artifacts of several lengths are made by `mbert export-tflite RUN --length 32,64,128`."
    return Page([sweep_table(record, "sweep", draws=draws)], record, [hint] if len(lengths) == 1 else [])


def sweep_table(record: Record, name: str, *, draws: bool = False) -> Table:
    """A row for each artifact and length, and a column for each number of threads.

    Args:
        record: The sweep.
        name: Begins the ids of its pictures.
        draws: Whether the page can show pictures.
    """
    rows: Sequence[Record] = record["rows"]
    threads = list(dict.fromkeys(row["threads"] for row in rows))
    metric = next((in_words(row["metric"]) for row in rows if row["score"] is not None), "score")
    times = {(row["resolved"], row["sequence_length"], row["threads"]): row["p50_ms"] for row in rows}
    run, names = _common_run([row["artifact"] for row in rows])
    cells = [
        [
            names[row["artifact"]],
            str(row["sequence_length"]),
            show_megabytes(row["size_bytes"]),
            "" if row["score"] is None else show_share(row["score"]),
            *(f"{times[row['resolved'], row['sequence_length'], count]:.2f}" for count in threads),
        ]
        for row in rows
        if row["threads"] == threads[0]
    ]
    columns = [
        "mode" if run else "artifact",
        "tokens",
        "MB",
        metric,
        *(counted(count, "thread") for count in threads),
    ]
    pictures = sweep_pictures(record, name) if draws else []
    title = f"sweep{run and f' of {run}'}: score by length, milliseconds by threads"
    return Table(title, columns, cells, _notes(record), pictures)


def _common_run(artifacts: Sequence[str]) -> tuple[str, dict[str, str]]:
    """The run that all artifacts are of, "" where they are of several, and what they are called then."""
    runs = {name.rpartition(" ")[0] for name in artifacts}
    (run,) = runs if len(runs) == 1 else ("",)
    return run, {name: name.removeprefix(f"{run} ") for name in artifacts}


def sweep_pictures(record: Record, name: str) -> list[Picture]:
    """Score against size, and against latency for each number of threads: colours are artifacts, shapes are lengths.

    Args:
        record: The sweep.
        name: Begins their ids.
    """
    from mbert_cli.report.score_pictures import score_pictures

    found: list[Picture] = []
    for threads in dict.fromkeys(row["threads"] for row in record["rows"]):
        of_threads = [row for row in record["rows"] if row["threads"] == threads and row["score"] is not None]
        for number, compared in enumerate(by_set([_choice(row, record) for row in of_threads])):
            drawn = score_pictures(compared, f"{name}-{threads}-{number}")
            found += drawn if not found else [one for one in drawn if "latency" in one.title]
    return found


def read_sweeps(choices: Sequence[Choice]) -> list[Record]:
    """The newest sweep of the artifacts among some choices, as long as their files are those that were timed.

    Args:
        choices: What a report is about. Reports that cannot be read are passed over.
    """
    sizes = {str(choice.path.resolve()): choice.size_bytes for choice in choices if choice.is_artifact}
    roots = {path.parents[3] for path in map(Path, sizes) if len(path.parents) > 3} | {USUAL_ROOT.resolve()}
    newest: dict[frozenset[str], Record] = {}
    for record in sorted(_records(roots), key=lambda record: str(record["started"])):
        rows = [row for row in record["rows"] if sizes.get(row["resolved"]) == row["size_bytes"]]
        if rows:
            newest[frozenset(row["resolved"] for row in rows)] = {**record, "rows": rows}
    return list(newest.values())


def _records(roots: Iterable[Path]) -> Iterable[Record]:
    wanted = {"resolved", "sequence_length", "threads", "size_bytes", "p50_ms", "score", "artifact"}
    for path in (path for root in sorted(roots) for path in sorted((root / BENCH / SWEEP).glob("*.json"))):
        try:
            record = read_json(path)
            if record["started"] and all(wanted <= set(row) for row in record["rows"]):
                yield record
        except (OSError, ValueError, LookupError, TypeError):
            continue


def _choice(row: Record, record: Record) -> Choice:
    """A row of a sweep as what a picture compares: the artifact is the model, the length the mode."""
    conditions = conditions_of({**record, "options": {"threads": row["threads"]}})
    score = SetScore(row["task"], SetDescription.of(row), row["metric"], row["score"])
    return Choice(
        name=f"{row['sequence_length']} tokens", model=row["artifact"], path=Path(row["path"]), runs=(),
        mode=f"{row['sequence_length']} tokens", kind="", task=row["task"], parameters=None, word_table=None,
        tokens=row["sequence_length"], flops=None, size_bytes=row["size_bytes"], scores=[score],
        latency=Latency(row["p50_ms"], row["size_bytes"], conditions=conditions),
    )  # fmt: skip


def _notes(record: Record) -> list[str]:
    sets = {SetDescription.of(row) for row in record["rows"] if row["score"] is not None}
    scored = [
        f"Scored on {found} of the validation set, each text cut to the length." for found in sets if found
    ]
    machine = conditions_of({**record, "options": {}}).line
    return [*scored, f"Times are medians. {machine}"]
