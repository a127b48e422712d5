"""The verbs that make artifacts for a phone and time them: flags without logic, as in `mbert_cli.cli`."""

from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand

from mbert_cli.flags import (
    Against,
    BenchmarkLogFile,
    DryRun,
    NamedRun,
    Normalize,
    Out,
    Phone,
    PoolingName,
    Quiet,
    RecipeOption,
    ReportRun,
    ResultFormat,
    Settings,
    Smoke,
    Sweep,
    Targets,
    Threads,
    TimedLength,
    delivery_of,
    embedding_flags,
    lengths_of,
)
from mbert_cli.phone_flags import ExportLength, ExportTarget, PageWanted, PhoneTarget, Quantize
from mbert_cli.starting import invocation_of, run_verb


class BenchCommand(TyperCommand):
    """A command whose `--adb` may stand without a value, which Typer knows no option for."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        given = list(args)
        for place, word in enumerate(args):
            following = args[place + 1 : place + 2]
            if word == "--adb" and not (following and _is_serial(following[0])):
                given[place] = "--adb="
        return list(super().parse_args(ctx, given))


def _is_serial(word: str) -> bool:
    """Whether a word behind `--adb` names a phone, and is no flag, run or artifact."""
    return (
        not word.startswith("-")
        and "/" not in word
        and not word.endswith(".tflite")
        and not Path(word).exists()
    )


def export_tflite(
    ctx: typer.Context, target: ExportTarget = None, quantize: Quantize = None, length: ExportLength = None,
    phone: PhoneTarget = None, page: PageWanted = None, pooling: PoolingName = None, normalize: Normalize = None,
    recipe: RecipeOption = "quickstart", settings: Settings = None, run: NamedRun = None,
    smoke: Smoke = False, dry_run: DryRun = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """run -> phone artifact, quantized and verified

    Example: `mbert export-tflite --quantize float16 --quantize dynamic_int8` writes two artifacts.
    """
    flags = {
        "--quantize": ("export.quantize", quantize or None), "--length": ("export.sequence_length", lengths_of(length)),
        "--target": ("export.target", phone),
        "--page": ("export.page", page),
        **embedding_flags(pooling, normalize),
    }  # fmt: skip
    invocation = invocation_of(ctx, recipe, settings, run, smoke, dry_run, quiet, flags, targets=(target,))
    run_verb("export_tflite", invocation)


def bench(
    ctx: typer.Context, targets: Targets = None, against: Against = None, threads: Threads = None,
    length: TimedLength = None, adb: Phone = None, log: BenchmarkLogFile = None, sweep: Sweep = False,
    recipe: RecipeOption = "quickstart", settings: Settings = None, run: ReportRun = None,
    smoke: Smoke = False, dry_run: DryRun = False, quiet: Quiet = False, form: ResultFormat = None, out: Out = None,
) -> None:  # fmt: skip
    """latency, size and memory of artifacts, side by side

    Example: `mbert bench --against bert_base` prints how many times smaller and faster they are.
    """
    flags = {"--against": ("bench.against", against), "--threads": ("bench.threads", threads),
             "--length": ("task.sequence_length", lengths_of(length))}  # fmt: skip
    invocation = invocation_of(
        ctx, recipe, settings, run, smoke, dry_run, quiet, flags, targets=targets or (), adb=adb, log=log, sweep=sweep,
        delivery=delivery_of(form, out),
    )  # fmt: skip
    run_verb("bench", invocation)
