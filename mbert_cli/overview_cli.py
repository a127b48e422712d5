"""The verbs that look at what is there: flags without logic, as in `mbert_cli.cli`."""

from pathlib import Path

from mbert_cli import console
from mbert_cli.flags import (
    AttentionText,
    Chain,
    GlueTable,
    Out,
    Quiet,
    Reported,
    ResultFormat,
    RunsRoot,
    SecondText,
    StudentLayers,
    delivery_of,
)
from mbert_cli.typed_texts import typed_text


def runs(
    root: RunsRoot = Path("runs"), chain: Chain = False, glue: GlueTable = False, form: ResultFormat = None,
    out: Out = None,
) -> None:  # fmt: skip
    """what is in runs/: kind, state, size, score; or all about one run

    Example: `mbert runs --chain` shows scores and artifacts of every fine-tuned model.
    """
    from mbert_cli.commands.runs import RunsCommand, run

    run(RunsCommand(root, chain, glue, delivery_of(form, out)))


def report(
    targets: Reported = None, text: AttentionText = None, second_text: SecondText = None, layers: StudentLayers = None,
    form: ResultFormat = None, out: Out = None, quiet: Quiet = False,
) -> None:  # fmt: skip
    """runs and artifacts side by side, to choose by

    Nothing is measured anew: scores and confusion tables are those of `mbert eval`, times those of `mbert bench`.

    Example: `mbert report --out report.html` writes a page with pictures of all task models in runs/.
    """
    from mbert_cli.commands.report import run
    from mbert_cli.preflight.report import ReportCommand, resolve

    console.set_quiet(quiet)
    shown = text and typed_text(text), second_text and typed_text(second_text)
    run(resolve(ReportCommand(tuple(targets or ()), *shown, tuple(layers or ()), delivery_of(form, out))))
