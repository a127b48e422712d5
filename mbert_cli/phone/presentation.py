"""How an artifact is shown to people, in files beside it: its card, and the page that runs it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mbert_cli.figures import show_megabytes, show_score
from mbert_cli.phone.card import Card
from mbert_cli.phone.card_times import CARD_FILE
from mbert_cli.phone.web_packages import WebPackages
from mbert_cli.phone.web_page import WebPage, page_title, write_page
from mbert_cli.runs.artifacts import ARTIFACT_FILE
from mbert_cli.runs.listing import EXPORT
from mbert_cli.tasks.model import open_task_model
from mbert_cli.tasks.phone_client import ClientFit
from mbert_cli.tflite.latency_reports import Latency, newest_latencies
from mbert_cli.tflite.verify import AGREEMENT


@dataclass(frozen=True)
class Presentation:
    """What is known of an artifact besides its report.

    Attributes:
        run: The run that it was exported from.
        client: What loads it on a phone.
        web_packages: What its page runs on; None for no page.
    """

    run: Path
    client: ClientFit
    web_packages: WebPackages | None

    def write(self, folder: Path, report: dict[str, Any]) -> None:
        """Writes what shows the artifact of a folder.

        Args:
            folder: Holds the artifact.
            report: What report.json says of it.
        """
        model = open_task_model(folder / ARTIFACT_FILE)
        card = Card(
            model, self.run, report, self.client, self._latency(report), self.web_packages is not None
        )
        (folder / CARD_FILE).write_text(str(card), encoding="utf-8")
        if self.web_packages is None:
            return
        task = model.own_task.model_copy(update={"sequence_length": model.sequence_length})
        facts = ", ".join([self.run.resolve().name, *artifact_facts(report)])
        title = page_title(model.description)
        page = WebPage(title, facts, model.description, model.vocabulary, task, self.web_packages)
        write_page(folder / ARTIFACT_FILE, page)

    def _latency(self, report: dict[str, Any]) -> Latency | None:
        """The newest times under the name of the artifact, where they are those of a file of this size."""
        place = (self.run / EXPORT / report["mode"] / ARTIFACT_FILE).resolve()
        timed = newest_latencies(self.run.parent).get(place)
        return timed if timed and timed.size_bytes == report["size_bytes"] else None


def artifact_facts(report: dict[str, Any]) -> list[str]:
    """Mode, size, lengths and score of an artifact, in words."""
    lengths = [str(length) for length in report.get("examples_by_length") or [report["sequence_length"]]]
    facts = [report["mode"], f"{show_megabytes(report['size_bytes'])} MB", f"{' or '.join(lengths)} tokens"]
    if report["metric"] != AGREEMENT:
        facts.append(show_score(report["metric"], report["parity"]["metric_artifact"]))
    return facts
