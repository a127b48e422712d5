"""The card of an artifact, README.md beside it: what it does, what was measured, and how to use it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mbert_cli.examples.task_columns import client_of, takes_pairs
from mbert_cli.examples.texts import TaskData
from mbert_cli.figures import counted, in_words, show_megabytes, show_score
from mbert_cli.markdown_text import markdown_text
from mbert_cli.phone.card_times import LATENCY, latency_words
from mbert_cli.phone.client_texts import ClientTexts
from mbert_cli.phone.snippets import PythonSnippet, mobile_snippets
from mbert_cli.phone.web_page import CONTEXT, ENTITIES, EXAMPLE, QUESTION, SECOND_EXAMPLE, page_title
from mbert_cli.tasks.asked import AskedQuestions, AskedTexts
from mbert_cli.tasks.encoding import null_threshold_of, with_windows
from mbert_cli.tasks.kinds import head_of, kind_of
from mbert_cli.tasks.model import TaskModel
from mbert_cli.tasks.phone_client import ClientFit
from mbert_cli.tflite.interpreter import Steps
from mbert_cli.tflite.latency_reports import Latency
from mbert_cli.tflite.modes import MODES, named_processor
from mbert_cli.tflite.verify import AGREEMENT
from mbert_cli.weights.description import SetDescription

SHOWN_IDS = 16
"""Ids of an example that the card shows."""
SHOWN_OUTPUTS = 8
"""Numbers of an output that the card shows."""


@dataclass(frozen=True)
class Card:
    """What a card is made of.

    Attributes:
        model: The artifact, opened.
        run: The run that it was exported from.
        report: What report.json says of it.
        client: What loads it on a phone.
        latency: Its newest times; None where it was not timed.
        has_page: Whether the page that runs it lies beside it.
    """

    model: TaskModel
    run: Path
    report: Mapping[str, Any]
    client: ClientFit
    latency: Latency | None = None
    has_page: bool = False

    def __str__(self) -> str:
        parts = [self._title(), self._measured(), self._tensors(), self._client(), self._python()]
        return "\n\n".join(part for part in parts if part) + "\n"

    def _title(self) -> str:
        description = self.model.description
        summary = kind_of(description.kind).summary(description.output_names or ())
        names = ", ".join(map(_shown, description.output_names or ()))
        known = f": {names}" if kind_of(description.kind).has_labels and names else ""
        page = (
            "\n\nThe folder `page` runs the file in a browser, also on a phone: type" if self.has_page else ""
        )
        how = " `python -m http.server --directory page` here." if self.has_page else ""
        return (
            f"# {page_title(description)}\n\n`model.tflite` reads {self._texts_in_words()} and answers with {summary}"
            f"{known}. It was exported from the run `{self.run.resolve().name}` by `mbert export-tflite`; vocabulary, "
            f"labels and names of tensors are inside the file, which is enough alone.{page}{how}"
        )

    def _texts_in_words(self) -> str:
        if kind_of(self.model.description.kind).asks_questions:
            return "a question and a text"
        return "two texts" if takes_pairs(self.model.own_task) else "a text"

    def _measured(self) -> str:
        report, parity = self.report, self.report["parity"]
        lengths = [str(length) for length in report.get("examples_by_length") or [report["sequence_length"]]]
        rows = [
            ("mode", report["mode"]),
            *([("for", named_processor(report["target"]))] if "target" in report else []),
            ("size", f"{show_megabytes(report['size_bytes'])} MB"),
            ("length", f"{' or '.join(lengths)} tokens, [CLS] and [SEP] among them"),
            *_score_rows(report),
            ("answers that differ from the run's", f"{parity['disagreement_rate']:.2%}"),
            (LATENCY, latency_words(self.latency, lengths, has_page=self.has_page)),
        ]
        return "## What was measured\n\n| | |\n|---|---|\n" + "\n".join(
            f"| {name} | {cell} |" for name, cell in rows
        )

    def _tensors(self) -> str:
        if self.report.get("tokenizer") == "inside":
            return (
                "## Inputs and outputs\n\nThe input `text` is a string; two operations of tensorflow-text cut it, "
                "which an app has to bring (docs/phone.md)."
            )
        asked = example_of(self.model)
        encoded = self.model.encode(
            TaskData(asked.name, self.model.output_names, {}, kind=self.model.description.kind),
            asked.examples(kind_of(self.model.description.kind).unlabelled), self.model.own_task,
        )  # fmt: skip
        row = next(iter(self.model.batches(encoded, 1).in_order()))
        outputs = self.model.answer(encoded, 1)
        rows = [*_input_rows(row), *self._output_rows(outputs)]
        answer = self._answer(asked, encoded, outputs)
        texts = " and ".join(f"“{text}”" for text in example_texts(asked))
        return (
            f"## Inputs and outputs\n\nThe values are those for {texts}\n\nAn app that gets other ids cuts texts "
            "otherwise; one that gets other outputs fills the inputs otherwise.\n\n"
            "| tensor | shape | type | values |\n|---|---|---|---|\n" + "\n".join(rows) + f"\n\n{answer}"
        )

    def _output_rows(self, outputs: np.ndarray) -> list[str]:
        """A row of the table for each output of the first row of the example."""
        head = head_of(self.model.description)
        names, steps = head.artifact_outputs, integer_outputs(self.model)
        parts = [outputs[0]] if len(names) == 1 else [outputs[0, :, place] for place in range(len(names))]
        rows = []
        for name, part in zip(names, parts, strict=True):
            shown = ", ".join(f"{value:.4f}" for value in part.reshape(-1)[:SHOWN_OUTPUTS])
            more = ", ..." if part.size > SHOWN_OUTPUTS else ""
            shape = ", ".join(map(str, (1, *part.shape)))
            rows.append(f"| `{name}` | ({shape}) | {self._type(steps.get(name))} | {shown}{more} |")
        return rows

    def _type(self, steps: Steps | None) -> str:
        """The type of an output, and how its integers become the numbers that the card shows."""
        if steps is None:
            return "float32"
        return (
            f"{MODES[self.report['mode']].activations}, each for {steps.scale:.8g} * (integer - {steps.zero})"
        )

    def _answer(self, asked: AskedTexts | AskedQuestions, encoded: Any, outputs: np.ndarray) -> str:
        """What `mbert predict` makes of the outputs."""
        kind = kind_of(self.model.description.kind)
        names = self.model.output_names
        record = kind.answers(asked, encoded, outputs, names).records[0]
        # A number has the name of its column, which may be any of those below.
        numbers = [f"{record[name]:.4f}" for name in names or () if isinstance(record.get(name), float)]
        if numbers:
            return f"`mbert predict` answers {', '.join(numbers)}."
        for key in ("label", "labels", "answer", "entities", "words"):
            if key in record:
                return f"`mbert predict` answers {_in_words(record[key])}."
        return ""

    def _client(self) -> str:
        """What loads the file on a phone, what it reads otherwise, and its code."""
        fit, record = self.client, self.report.get("client")
        if fit.client is None:
            reason = f"No client on a phone loads the file as it is: {fit.reason}. {fit.hint}".rstrip()
            is_inside = self.report.get("tokenizer") == "inside"
            what = (
                "what such a file asks of an app"
                if is_inside
                else "code for LiteRT, which runs any of its files"
            )
            return f"## In an app\n\n{reason} docs/phone.md of mbert has {what}."
        said = [f"{fit.client.name} loads the file as it is."]
        if fit.client.note:
            said.append(f"{fit.client.note}.")
        if record:
            is_tuned = client_of(self.model.own_task) == record["cutting"]
            can_be_tuned = head_of(self.model.description).pooling is None
            cut = ClientTexts(**record).sentence(self.report["metric"], is_tuned, can_be_tuned)
            said.append(f"{cut.replace(fit.client.name, 'It', 1)}.")
        blocks = [f"```{language}\n{code}```" for language, code in mobile_snippets(fit.client).items()]
        return "\n\n".join(["## In an app", " ".join(said), *blocks])

    def _python(self) -> str:
        if self.report.get("tokenizer") == "inside":
            return ""
        said = "The script needs the file and three packages, not mbert."
        return f"## In Python\n\n{said}\n\n```python\n{python_snippet(self.model)}```"


def _score_rows(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The score of the run and that of the artifact; none where nobody knows the truth."""
    parity, metric = report["parity"], report["metric"]
    if metric == AGREEMENT:
        return []
    name = in_words(metric)
    scored = SetDescription.of(report)
    of = f", on {counted(parity['examples'], 'validation example')}{f' (set {scored.short})' if scored else ''}"
    cut, at = [], ""
    if report.get("cut"):
        cut, at = [("validation examples", report["cut"])], " at this length"
    return [
        *cut,
        (f"{name} of the run{at}", show_score("", parity["metric_keras"])),
        (f"{name} of this file", f"{show_score('', parity['metric_artifact'])}{of}"),
    ]


def _input_rows(row: Mapping[str, np.ndarray]) -> list[str]:
    """A row of the table for each input, for a batch of one example."""
    names = {"ids": "token_ids", "segment_ids": "segment_ids", "mask": "padding_mask"}
    length = row["token_ids"].shape[1]
    shown = {name: ", ".join(map(str, row[key][0, :SHOWN_IDS].tolist())) for name, key in names.items()}
    more = ", ..." if length > SHOWN_IDS else ""
    return [f"| `{name}` | (1, {length}) | int32 | {values}{more} |" for name, values in shown.items()]


def _in_words(found: Any) -> str:
    """An answer, as a sentence has it."""
    if isinstance(found, str):
        return f"“{_shown(found)}”" if found else "that there is no answer"
    if found and isinstance(found[0], dict):
        return ", ".join(f"“{one['text']}” {_shown(one['label'])}" for one in found)
    return ", ".join(f"“{_shown(one)}”" for one in found) or "with nothing"


def _shown(label: str) -> str:
    """A label, or a piece of a text, in a sentence of Markdown."""
    return markdown_text(" ".join(label.split()))


def example_of(model: TaskModel) -> AskedTexts | AskedQuestions:
    """What the card asks a model."""
    kind = kind_of(model.description.kind)
    if kind.asks_questions:
        return AskedQuestions((QUESTION,), CONTEXT)
    if not kind.head.is_pooled:
        return AskedTexts([ENTITIES])
    pairs = takes_pairs(model.own_task) and kind.head.pooling is None
    return AskedTexts([EXAMPLE], [SECOND_EXAMPLE] if pairs else None)


def example_texts(asked: AskedTexts | AskedQuestions) -> Sequence[str]:
    """The texts of an example, in the order of a row."""
    if isinstance(asked, AskedQuestions):
        return [*asked.questions, asked.context]
    return [*asked.texts, *(asked.second_texts or [])]


def integer_outputs(model: TaskModel) -> dict[str, Steps]:
    """The outputs of an artifact that are integers, with what these stand for."""
    if model.artifact is None:
        return {}
    signature = model.artifact.signatures[-1]
    return {
        name: steps for name, steps in zip(signature.outputs, signature.steps, strict=True) if steps.scale
    }


def python_snippet(model: TaskModel) -> str:
    """A script that runs the artifact with LiteRT alone."""
    kind, artifact = kind_of(model.description.kind), model.artifact
    lengths = artifact.lengths if artifact else (model.sequence_length,)
    texts = example_texts(example_of(model))
    snippet = PythonSnippet(
        texts=[*texts, SECOND_EXAMPLE] if kind.head.pooling else texts,
        lengths=lengths,
        lowercase=model.vocabulary.lowercase,
        client=client_of(model.own_task),
        output=_shown_as(model),
        has_integer_outputs=bool(integer_outputs(model)),
    )
    if kind.asks_questions:
        options = with_windows(model.own_task)
        snippet = replace(
            snippet,
            question_length=options.question_length,
            max_answer_tokens=options.max_answer_tokens,
            null_threshold=null_threshold_of(model.description, options),
        )
    return str(snippet)


def _shown_as(model: TaskModel) -> str:
    """How a script shows the outputs of a model, one of `OUTPUTS_IN_PYTHON`."""
    kind = kind_of(model.description.kind)
    if kind.head.pooling:
        return "vectors"
    if kind.asks_questions:
        return "spans"
    if not kind.head.is_pooled:
        return "words"
    return "labels" if kind.has_labels else "numbers"
