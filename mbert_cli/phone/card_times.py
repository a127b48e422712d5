"""How fast an artifact is, on its card: a row that `mbert bench` fills in."""

from collections.abc import Sequence
from pathlib import Path

from mbert_cli import console
from mbert_cli.phone.web_page import PAGE_FOLDER
from mbert_cli.runs.artifacts import exported_report
from mbert_cli.runs.manifest import other_files, replace_sealed
from mbert_cli.tflite.latency_reports import Latency, reported_latencies

CARD_FILE = "README.md"
LATENCY = "latency"
"""The name of the row."""


def latency_words(latency: Latency | None, lengths: Sequence[str], *, has_page: bool) -> str:
    """What the row says.

    Args:
        latency: The newest times of the artifact; None where it was not timed.
        lengths: Those of the artifact, in tokens.
        has_page: Whether the page that runs it lies beside it.
    """
    if latency is None:
        page = ", or with the page" if has_page else ""
        return f"not measured yet; measure it with `mbert bench`, on a phone with `mbert bench --adb`{page}"
    p90 = f", p90 {latency.p90_ms:.2f} ms" if latency.p90_ms is not None else ""
    tokens = f" at {latency.tokens} tokens" if len(lengths) > 1 and latency.tokens is not None else ""
    return f"p50 {latency.p50_ms:.2f} ms{p90}{tokens}; {latency.conditions.line}"


def write_times(report: Path) -> None:
    """Writes times on the cards of the artifacts that were timed, where they are as `mbert export-tflite` wrote them.

    Args:
        report: What `mbert bench` wrote of them.
    """
    for artifact, latency in reported_latencies(report).items():
        try:
            _write_time(artifact, latency)
        except OSError as error:
            console.warning(f"{artifact.with_name(CARD_FILE)} does not say it: {error.strerror or error}")


def _write_time(artifact: Path, latency: Latency) -> None:
    folder, card = artifact.parent, artifact.with_name(CARD_FILE)
    known = exported_report(artifact) if artifact.is_file() and card.is_file() else {}
    if known.get("size_bytes") != latency.size_bytes or CARD_FILE in other_files(folder):
        return
    lengths = list(known.get("examples_by_length") or [str(known.get("sequence_length"))])
    words = latency_words(latency, lengths, has_page=(folder / PAGE_FOLDER).is_dir())
    lines = card.read_text(encoding="utf-8").split("\n")
    rows = [place for place, line in enumerate(lines) if line.startswith(f"| {LATENCY} | ")]
    if rows:
        lines[rows[0]] = f"| {LATENCY} | {words} |"
        replace_sealed(card, "\n".join(lines).encode())
