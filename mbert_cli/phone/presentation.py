"""How an artifact is shown to people, in files beside it: its card, and the page that runs it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mbert_cli.figures import show_score
from mbert_cli.phone.card import CARD_FILE, Card
from mbert_cli.phone.web_packages import WebPackages
from mbert_cli.phone.web_page import WebPage, page_title, write_page
from mbert_cli.runs.artifacts import ARTIFACT_FILE
from mbert_cli.runs.listing import EXPORT
from mbert_cli.tasks.model import TaskModel, open_task_model
from mbert_cli.tasks.phone_client import ClientFit
from mbert_cli.tflite.latency_reports import newest_latencies
from mbert_cli.tflite.verify import AGREEMENT


@dataclass(frozen=True)
class Presentation:
    """What is known of an artifact besides its report.

    Attributes:
        run: The run that it was exported from.
        model: The run's model, as an artifact of the longest length sees a task.
        client: What loads it on a phone.
        web_packages: What its page runs on; None for no page.
    """

    run: Path
    model: TaskModel
    client: ClientFit
    web_packages: WebPackages | None

    def write(self, folder: Path, report: dict[str, Any]) -> None:
        """Writes what shows the artifact of a folder.

        Args:
            folder: Holds the artifact.
            report: What report.json says of it.
        """
        self._write_card(folder, report)
        if self.web_packages is None:
            return
        task = self.model.own_task.model_copy(update={"sequence_length": self.model.sequence_length})
        title = page_title(self.model.description)
        facts = ", ".join([self.run.resolve().name, *artifact_facts(report)])
        page = WebPage(title, facts, self.model.description, self.model.vocabulary, task, self.web_packages)
        write_page(folder / ARTIFACT_FILE, page)

    def _write_card(self, folder: Path, report: dict[str, Any]) -> None:
        model = open_task_model(folder / ARTIFACT_FILE)
        place = (self.run / EXPORT / report["mode"] / ARTIFACT_FILE).resolve()
        timed = newest_latencies(self.run.parent).get(place)
        latency = timed if timed and timed.size_bytes == report["size_bytes"] else None
        card = Card(model, self.run, report, self.client, latency, self.web_packages is not None)
        (folder / CARD_FILE).write_text(str(card), encoding="utf-8")


def artifact_facts(report: dict[str, Any]) -> list[str]:
    """Mode, size, lengths and score of an artifact, in words."""
    lengths = [str(length) for length in report.get("examples_by_length") or [report["sequence_length"]]]
    facts = [report["mode"], f"{report['size_bytes'] / 1e6:.1f} MB", f"{' or '.join(lengths)} tokens"]
    if report["metric"] != AGREEMENT:
        facts.append(show_score(report["metric"], report["parity"]["metric_artifact"]))
    return facts
