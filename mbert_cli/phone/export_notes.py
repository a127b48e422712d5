"""What a person is told of artifacts beside their table: what runs them, and what they need there."""

from collections.abc import Sequence
from pathlib import Path

from mbert_cli import console
from mbert_cli.figures import counted
from mbert_cli.phone.ahead_of_time import compile_lines
from mbert_cli.phone.reference import Reference
from mbert_cli.phone.web_packages import WebPackages
from mbert_cli.phone.web_page import PAGE_FOLDER
from mbert_cli.shell_words import path_word
from mbert_cli.tasks.phone_client import ClientFit
from mbert_cli.tflite.clients import Client
from mbert_cli.tflite.modes import Processor
from mbert_cli.tflite.text_runtime import TOKENIZER_OPERATIONS
from mbert_cli.tflite.trained_ranges import TrainedRanges


def say_trained(trained: TrainedRanges | None, run: Path, modes: Sequence[str], target: Processor) -> None:
    """Says for which modes a run that was fine-tuned with fake quantization has no ranges of its own."""
    if trained is None:
        return
    others = [mode for mode in modes if mode != trained.mode]
    if others:
        console.warning(
            f"{run} learned the numbers of {trained.mode}, and its scores are with them; in "
            f"{' and '.join(others)} its artifact is that of a model in float"
        )
    if trained.mode in modes and trained.ranges:
        console.info(f"Ranges of activations are those that {run} was trained with")
        if (target == "npu") != (trained.target == "npu"):
            console.warning(
                f"It was trained with quantize.target {trained.target} and is exported for {target}, whose numbers "
                "are spread otherwise"
            )


def say_lengths(examples: dict[int, int]) -> None:
    """Says which length of an artifact of several was verified on how many examples."""
    if len(examples) == 1:
        return
    shares = ", ".join(f"{count} at {length}" for length, count in examples.items())
    console.info(f"Verified on examples by the tokens that they were run with: {shares}")
    for length in [length for length, count in examples.items() if not count]:
        console.warning(f"No example could be run with {length} tokens: this length was not verified")


def say_tokenizer(reference: Reference) -> None:
    """Says what a tokenizer inside asks of an app, and where it cuts otherwise."""
    console.warning(
        f"The artifacts read text by {' and '.join(TOKENIZER_OPERATIONS)}, operations of tensorflow-text and not of "
        "TFLite: no ready-made runtime for phones runs them, an app must build its own with them (docs/phone.md)"
    )
    cut, number = reference.cut_otherwise, len(reference.outputs)
    console.info(
        f"The tokenizer inside cuts {cut:,} of {counted(number, 'example')} into other tokens than the run"
    )


def say_compilation(artifacts: Sequence[Path]) -> None:
    """Says how artifacts for an NPU get there: its vendor's compiler makes a file of its own of each."""
    console.info(
        "An NPU runs what its vendor's compiler makes of an artifact; for that of a Pixel, on Linux:"
    )
    for artifact in artifacts:
        for line in compile_lines(artifact):
            console.result(line)


def say_page(packages: WebPackages | None, artifact: Path) -> None:
    """Says how the page beside an artifact is opened on a phone, and what it needs there."""
    if packages is None:
        return
    folder = artifact.parent / PAGE_FOLDER
    console.info(
        f"Page: type `python -m http.server --directory {path_word(folder)}` and open "
        "http://ADDRESS:8000 on the phone, where ADDRESS is that of this machine in your network"
    )
    console.info(packages.described)


def say_client(fit: ClientFit, modes: Sequence[str], labels: Sequence[str]) -> None:
    """Says what loads the artifacts as they are, and what it makes of them."""
    if fit.client is None:
        tell = console.warning if fit.hint else console.info
        tell(f"No client on a phone loads the artifacts as they are: {fit.reason}. {fit.hint}".rstrip())
    else:
        _say_modes(fit.client, modes)
        _say_labels(labels)


def _say_labels(labels: Sequence[str]) -> None:
    """Says which labels a client, which reads one per line, shows otherwise."""
    num_broken = sum(len(label.splitlines()) > 1 for label in labels)
    if num_broken:
        console.warning(
            f"Clients read one label per line, so that line breaks inside {counted(num_broken, 'label')} are blanks "
            "there; `mbert predict` shows them as they are"
        )


def _say_modes(client: Client, modes: Sequence[str]) -> None:
    """Says which artifacts a client loads."""
    refused = [mode for mode in modes if client.modes and mode not in client.modes]
    if len(refused) < len(modes):
        console.info(f"{client.name} loads the artifacts as they are")
    if refused:
        console.warning(
            f"{client.name} loads {' and '.join(client.modes)} alone, and knows no operation of {', '.join(refused)}"
        )
    if client.note:
        console.warning(client.note)
