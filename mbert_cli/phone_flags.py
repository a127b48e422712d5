"""The flags of `mbert export-tflite`, with their help and what the shell completes, as in `mbert_cli.flags`."""

from pathlib import Path
from typing import Annotated

import typer

from mbert_cli import completion
from mbert_cli.usage import one_mode

ExportTarget = Annotated[
    Path | None,
    typer.Argument(
        metavar="TARGET", show_default=False,
        help="A run (default: the newest complete one that learned a task).",
    ),
]  # fmt: skip
Quantize = Annotated[
    list[str] | None,
    typer.Option(
        metavar="MODE",
        parser=one_mode,
        help="Short for --set 'export.quantize=[MODE]'; repeatable.",
        autocompletion=completion.choices("export-tflite", "export.quantize"),
        show_default=False,
    ),
]
PhoneTarget = Annotated[
    str | None,
    typer.Option(
        "--target", metavar="cpu|gpu|npu", autocompletion=completion.choices("export-tflite", "export.target"),
        help="Short for --set export.target=...: what runs the artifact on a phone.", show_default=False,
    ),
]  # fmt: skip
ExportLength = Annotated[
    str | None,
    typer.Option(
        "--length", metavar="N[,N...]", show_default=False,
        help="Short for --set export.sequence_length=N or [N, ...]: tokens of a text, or several lengths in one file, "
        "of which each text takes the shortest that holds it (default: what the run reads).",
    ),
]  # fmt: skip
PageWanted = Annotated[
    bool | None,
    typer.Option(
        "--page", show_default=False,
        help="Short for --set export.page=true: also write a web page that runs the artifact where it is opened, as "
        "on a phone.",
    ),
]  # fmt: skip
