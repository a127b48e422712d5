"""`mbert trace`: what every layer of a model makes of a text, as arrays and as a picture."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mbert_cli import console
from mbert_cli.backend import load_keras
from mbert_cli.errors import UserError
from mbert_cli.figures import counted
from mbert_cli.native_output import hidden_native_output
from mbert_cli.preflight.tracing import require_layers, require_traced_texts
from mbert_cli.report.attention_maps import TracedModel, draw_attention, require_pictures
from mbert_cli.runs.lineage import WITH_WEIGHTS
from mbert_cli.runs.manifest import replace_file
from mbert_cli.weights.saved_model import RunModel, require_own_states


@dataclass(frozen=True)
class TraceCommand:
    """What was typed.

    Attributes:
        runs: One run, or a teacher and its student.
        text: The text.
        second_text: A second text; None for one.
        out: The .npz file to write; None writes none.
        picture: The .png file to write; None writes none.
        layers: Blocks in the picture, from 0; empty for all.
        pad: Whether the arrays show the column of [PAD] that is read behind the text; False reads none, None
            reads it and does not show it.
    """

    runs: tuple[Path, ...]
    text: str
    second_text: str | None = None
    out: Path | None = None
    picture: Path | None = None
    layers: tuple[int, ...] = ()
    pad: bool | None = None


def run(command: TraceCommand) -> None:
    """Runs the encoders on the text and writes what was asked for.

    Raises:
        UserError: A run or the text cannot serve, or there is nothing to write.
    """
    _check(command)
    models = [RunModel.open(path, WITH_WEIGHTS) for path in command.runs]
    require_layers(command.layers, models)
    if command.out is not None:
        for model in models:
            require_own_states(model, "A trace has")
    with hidden_native_output():
        load_keras()
        from mbert_cli.tasks.tracing import trace_model

    traced = []
    for model in models:
        arrays = trace_model(model, command.text, command.second_text, command.pad)
        traced.append(TracedModel(model.path.name, arrays))
        tokens, layers = counted(len(arrays["tokens"]), "token"), counted(traced[-1].num_layers, "layer")
        console.info(f"{model.path}: {tokens}, {layers}")
    if command.out:
        _write(command.out, traced)
    if command.picture:
        draw_attention(command.picture, traced, command.layers)
        console.result(f"{command.picture}: attention, rows are queries and columns keys")


def _check(command: TraceCommand) -> None:
    require_traced_texts(command.text, command.second_text)
    if command.out is None and command.picture is None:
        raise UserError(
            "A trace is written to a file. Received: neither --out nor --picture",
            "Give --out FILE.npz, --picture FILE.png, or both.",
        )
    if command.layers and command.picture is None:
        raise UserError(
            "--layer must go with --picture; --out writes all layers. "
            f"Received: --layer {', '.join(map(str, command.layers))} without it",
            "Give --picture FILE.png, or leave --layer out.",
        )
    if command.picture is not None:
        require_pictures()
    for path, suffix in ((command.out, ".npz"), (command.picture, ".png")):
        if path is not None and path.suffix != suffix:
            raise UserError(f"The file must end in {suffix}. Received: {path}", "Name it so.")
    if len(command.runs) > 2 or len({path.name for path in command.runs}) < len(command.runs):
        raise UserError(
            "A trace is of one run, or of two with different names. "
            f"Received: {', '.join(map(str, command.runs))}",
            "Name a run, or a teacher and its student.",
        )


def _write(path: Path, models: Sequence[TracedModel]) -> None:
    """One run's arrays under their names, those of two below the name of each run."""
    content: dict[str, Any] = {
        name if len(models) == 1 else f"{model.name}/{name}": array
        for model in models
        for name, array in model.arrays.items()
    }
    archive = io.BytesIO()
    np.savez(archive, allow_pickle=False, **content)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, archive.getvalue())
    console.result(f"{path}: {len(content)} arrays, {', '.join(list(content)[:4])}, ...")
