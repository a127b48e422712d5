"""An artifact of a run with what was measured of it, read from what lies beside it and from the reports of `bench`."""

from dataclasses import dataclass
from pathlib import Path

from mbert_cli.runs.ancestry import task_of
from mbert_cli.runs.artifacts import exported_report, is_outdated
from mbert_cli.runs.listing import recorded_recipe
from mbert_cli.tflite.latency_reports import Latency
from mbert_cli.weights.description import SetDescription


@dataclass(frozen=True)
class ExportedArtifact:
    """An artifact of a fine-tuned model.

    Attributes:
        path: The .tflite file.
        task: Name of the task.
        score: Its score, where it was verified on the task.
        metric: What that is.
        scored: The set that it is of, where that was recorded.
        size_bytes: Its size.
        is_outdated: Whether its run has another result since.
        latency: The newest times of this very file, where there are any.
        tokens: Length of a text that it reads, where that was recorded.
        verified_on: Name of the task whose set it was verified on, where that was recorded: a model that came from
            elsewhere has none of its own.
    """

    path: Path
    task: str
    score: float | None
    metric: str | None
    scored: SetDescription | None
    size_bytes: int
    is_outdated: bool
    latency: Latency | None
    tokens: int | None = None
    verified_on: str | None = None

    @property
    def compared(self) -> Latency | None:
        """Times beside those of a reference."""
        return self.latency if self.latency and self.latency.reference else None

    @property
    def times_smaller(self) -> float | None:
        """Size of the reference over that of the artifact."""
        return self.compared.reference_size_bytes / self.size_bytes if self.compared else None

    @property
    def times_faster(self) -> float | None:
        """Median of the reference over that of the artifact."""
        return self.compared.reference_p50_ms / self.compared.p50_ms if self.compared else None


def read_artifact(run: Path, path: Path, timed: Latency | None) -> ExportedArtifact:
    """Reads what is known of an artifact.

    Args:
        run: The run that exported it.
        path: The .tflite file.
        timed: The newest times under its path; those of a file of another size, which was exported anew since, are not
            its own.
    """
    report, size_bytes = exported_report(path), path.stat().st_size
    return ExportedArtifact(
        path=path,
        task=task_of(recorded_recipe(run)),
        score=report.get("parity", {}).get("metric_artifact"),
        metric=report.get("metric"),
        scored=SetDescription.of(report),
        size_bytes=size_bytes,
        is_outdated=is_outdated(run, path),
        latency=timed if timed and timed.size_bytes == size_bytes else None,
        tokens=report.get("sequence_length"),
        verified_on=report.get("task"),
    )
