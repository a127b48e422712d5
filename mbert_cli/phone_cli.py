"""The verbs that make artifacts for a phone and time them: flags without logic, as in `mbert_cli.cli`."""

import typer

from mbert_cli.flags import (
    Against,
    DryRun,
    ExportLength,
    NamedRun,
    Out,
    Quantize,
    Quiet,
    RecipeOption,
    ReportRun,
    ResultFormat,
    Settings,
    Smoke,
    Target,
    Targets,
    Threads,
    TimedLength,
    delivery_of,
    lengths_of,
)
from mbert_cli.starting import invocation_of, run_verb


def export_tflite(
    ctx: typer.Context, target: Target = None, quantize: Quantize = None, length: ExportLength = None,
    recipe: RecipeOption = "quickstart", settings: Settings = None, run: NamedRun = None,
    smoke: Smoke = False, dry_run: DryRun = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """run -> phone artifact, quantized and verified

    Example: `mbert export-tflite --quantize float16 --quantize dynamic_int8` writes two artifacts.
    """
    flags = {
        "--quantize": ("export.quantize", quantize or None), "--length": ("export.sequence_length", lengths_of(length)),
    }  # fmt: skip
    invocation = invocation_of(ctx, recipe, settings, run, smoke, dry_run, quiet, flags, targets=(target,))
    run_verb("export_tflite", invocation)


def bench(
    ctx: typer.Context, targets: Targets = None, against: Against = None, threads: Threads = None,
    length: TimedLength = None,
    recipe: RecipeOption = "quickstart", settings: Settings = None, run: ReportRun = None,
    smoke: Smoke = False, dry_run: DryRun = False, quiet: Quiet = False, form: ResultFormat = None, out: Out = None,
) -> None:  # fmt: skip
    """latency, size and memory of artifacts, side by side

    Example: `mbert bench --against bert_base` prints how many times smaller and faster they are.
    """
    flags = {"--against": ("bench.against", against), "--threads": ("bench.threads", threads),
             "--length": ("task.sequence_length", length)}  # fmt: skip
    invocation = invocation_of(
        ctx, recipe, settings, run, smoke, dry_run, quiet, flags, targets=targets or (),
        delivery=delivery_of(form, out),
    )  # fmt: skip
    run_verb("bench", invocation)
