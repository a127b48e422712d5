"""The command line: every verb and flag, no logic, and how a command line begins.

Commands import what they need inside their body, so that `mbert --help` is quick.
"""

import importlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from mbert_cli import console
from mbert_cli.backend import load_keras, require_backend
from mbert_cli.ending import run_to_its_end
from mbert_cli.flags import (
    Against,
    AllowUnknown,
    AllowUnused,
    Context,
    DryRun,
    ExportLength,
    File,
    Fresh,
    ImportedLength,
    Jsonl,
    Layers,
    NamedRun,
    Out,
    PadShown,
    Pair,
    Quantize,
    Questions,
    Quiet,
    Recipe,
    RecipeOption,
    ReportRun,
    ResultFormat,
    RowLength,
    SearchFormat,
    SearchOut,
    SecondTextColumn,
    Settings,
    Smoke,
    Source,
    StrategyName,
    StudentSource,
    Submission,
    Target,
    Targets,
    Teacher,
    TextColumn,
    Texts,
    Threads,
    UsualRecipe,
    WrittenRun,
    delivery_of,
)
from mbert_cli.home import lend_home
from mbert_cli.native_output import hidden_native_output
from mbert_cli.overview_cli import report, runs
from mbert_cli.recipe_cli import help_when_alone, recipe_app

if TYPE_CHECKING:
    from mbert_cli.recipe.invocation import Invocation

PIPELINE_PANEL = "The pipeline, in its order"
CHECKPOINTS_PANEL = "Checkpoints of other projects, and a look inside"
AROUND_PANEL = "Recipes, runs, and more examples"

WITH_KERAS = ("train_teacher", "distill", "distill_task", "finetune", "export_tflite")
"""Verbs that need Keras whatever they are given."""

app = typer.Typer(
    name="mbert",
    help="Distil IB-BERT into MobileBERT and export a TFLite model that a phone runs.",
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(recipe_app, name="recipe", rich_help_panel=AROUND_PANEL)


@app.callback(invoke_without_command=True)
def _mbert(
    ctx: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Print the versions that matter and exit.")
    ] = False,
) -> None:
    if version:
        from mbert_cli.commands.version import print_versions

        print_versions()
    else:
        help_when_alone(ctx)


@app.command(rich_help_panel=PIPELINE_PANEL)
def prepare(
    ctx: typer.Context, recipe: Recipe = "quickstart", settings: Settings = None, run: WrittenRun = None,
    fresh: Fresh = False, smoke: Smoke = False, dry_run: DryRun = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """corpus -> vocabulary and token store

    Example: `mbert prepare wikipedia` writes English Wikipedia once as token ids.
    """
    invocation = _invocation(ctx, recipe, settings, run, smoke, dry_run, quiet, fresh=fresh)
    _run("prepare", invocation)


@app.command("train-teacher", rich_help_panel=PIPELINE_PANEL)
def train_teacher(
    ctx: typer.Context, recipe: Recipe = "quickstart", settings: Settings = None, run: WrittenRun = None,
    fresh: Fresh = False, smoke: Smoke = False, dry_run: DryRun = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """IB-BERT by masked language modelling and next-sentence prediction

    Example: `mbert train-teacher --set train.steps=2000` trains on the newest token store.
    """
    invocation = _invocation(ctx, recipe, settings, run, smoke, dry_run, quiet, fresh=fresh)
    _run("train_teacher", invocation)


@app.command(rich_help_panel=PIPELINE_PANEL)
def distill(
    ctx: typer.Context, recipe: UsualRecipe = None,
    strategy: StrategyName = None, teacher: Teacher = None, source: StudentSource = None,
    settings: Settings = None, run: WrittenRun = None,
    fresh: Fresh = False, smoke: Smoke = False, dry_run: DryRun = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """teacher -> student

    Example: `mbert distill --strategy joint` transfers all layers of the newest teacher together.
    """
    flags = {"--strategy": ("distill.strategy", strategy), "--teacher": ("teacher", teacher),
             "--source": ("source", source)}  # fmt: skip
    invocation = _invocation(ctx, recipe, settings, run, smoke, dry_run, quiet, flags, fresh=fresh)
    _run(invocation.kind.replace("-", "_"), invocation)


@app.command(rich_help_panel=PIPELINE_PANEL)
def finetune(
    ctx: typer.Context, recipe: Recipe = "quickstart", source: Source = None,
    settings: Settings = None, run: WrittenRun = None,
    fresh: Fresh = False, smoke: Smoke = False, dry_run: DryRun = False, quiet: Quiet = False,
    form: SearchFormat = None, out: SearchOut = None,
) -> None:  # fmt: skip
    """run -> task model

    Example: `mbert finetune file --set task.train=mail.tsv` learns from a file of yours.
    """
    invocation = _invocation(
        ctx, recipe, settings, run, smoke, dry_run, quiet, {"--source": ("source", source)}, fresh=fresh,
        delivery=delivery_of(form, out),
    )  # fmt: skip
    _run("finetune", invocation)


@app.command("eval", rich_help_panel=PIPELINE_PANEL)
def evaluate(
    ctx: typer.Context, targets: Targets = None, submission: Submission = None, length: RowLength = None,
    recipe: RecipeOption = "quickstart", settings: Settings = None, run: NamedRun = None,
    smoke: Smoke = False, dry_run: DryRun = False, quiet: Quiet = False, form: ResultFormat = None, out: Out = None,
) -> None:  # fmt: skip
    """score runs and .tflite files with the task's official metrics

    Example: `mbert eval RUN RUN/export/float16/model.tflite` shows both, and how often their answers differ.
    """
    flags = {"--length": ("task.sequence_length", length)}
    invocation = _invocation(
        ctx, recipe, settings, run, smoke, dry_run, quiet, flags, targets=targets or (),
        submission=submission, delivery=delivery_of(form, out),
    )  # fmt: skip
    _run("evaluate", invocation)


@app.command(rich_help_panel=PIPELINE_PANEL)
def predict(
    ctx: typer.Context, target: Target = None, texts: Texts = None, file: File = None,
    text_column: TextColumn = None, second_text_column: SecondTextColumn = None, pair: Pair = False,
    questions: Questions = None, context: Context = None, jsonl: Jsonl = False,
    length: RowLength = None,
    recipe: RecipeOption = "quickstart", settings: Settings = None, run: NamedRun = None,
    smoke: Smoke = False, dry_run: DryRun = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """answers for new text, from a run or a .tflite file

    Example: `mbert predict --text "Returns the sum over an axis."` prints its label and probability.
    """
    flags = {"--length": ("task.sequence_length", length)}
    invocation = _invocation(
        ctx, recipe, settings, run, smoke, dry_run, quiet, flags,
        targets=(target,), texts=texts or (), file=file, questions=questions or (), context=context,
        text_column=text_column, second_text_column=second_text_column, pair=pair, jsonl=jsonl,
    )  # fmt: skip
    _run("predict", invocation)


@app.command("export-tflite", rich_help_panel=PIPELINE_PANEL)
def export_tflite(
    ctx: typer.Context, target: Target = None, quantize: Quantize = None, length: ExportLength = None,
    recipe: RecipeOption = "quickstart", settings: Settings = None, run: NamedRun = None,
    smoke: Smoke = False, dry_run: DryRun = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """run -> phone artifact, quantized and verified

    Example: `mbert export-tflite --quantize float16 --quantize dynamic_int8` writes two artifacts.
    """
    flags = {
        "--quantize": ("export.quantize", quantize or None), "--length": ("export.sequence_length", length),
    }  # fmt: skip
    invocation = _invocation(ctx, recipe, settings, run, smoke, dry_run, quiet, flags, targets=(target,))
    _run("export_tflite", invocation)


@app.command(rich_help_panel=PIPELINE_PANEL)
def bench(
    ctx: typer.Context, targets: Targets = None, against: Against = None, threads: Threads = None,
    recipe: RecipeOption = "quickstart", settings: Settings = None, run: ReportRun = None,
    smoke: Smoke = False, dry_run: DryRun = False, quiet: Quiet = False, form: ResultFormat = None, out: Out = None,
) -> None:  # fmt: skip
    """latency, size and memory of artifacts, side by side

    Example: `mbert bench --against bert_base` prints how many times smaller and faster they are.
    """
    flags = {"--against": ("bench.against", against), "--threads": ("bench.threads", threads)}
    invocation = _invocation(
        ctx, recipe, settings, run, smoke, dry_run, quiet, flags, targets=targets or (),
        delivery=delivery_of(form, out),
    )  # fmt: skip
    _run("bench", invocation)


@app.command(rich_help_panel=AROUND_PANEL)
def augment(
    ctx: typer.Context, recipe: Recipe = "quickstart", settings: Settings = None, run: WrittenRun = None,
    fresh: Fresh = False, smoke: Smoke = False, dry_run: DryRun = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """more training examples from few: words replaced by those of a masked LM or of word vectors

    Example: `mbert augment sst2 --set task.folder=GLUE/SST-2`, then `--set task.train=runs/augment-sst2`
    """
    _run("augment", _invocation(ctx, recipe, settings, run, smoke, dry_run, quiet, fresh=fresh))


@app.command("import", rich_help_panel=CHECKPOINTS_PANEL)
def import_checkpoint(
    source: Annotated[str, typer.Argument(help="A folder, a TF1 prefix, or the id of a model on the hub.")],
    run: WrittenRun = None, length: ImportedLength = None,
    allow_unused: AllowUnused = False, allow_unknown: AllowUnknown = False,
    fresh: Fresh = False, dry_run: DryRun = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """a TF1 or Hugging Face checkpoint -> a run

    Example: `mbert import mobilebert/ --run runs/mobilebert`, then `mbert finetune sst2 --source runs/mobilebert`
    """
    command = _plain("import_checkpoint", quiet)
    command.run(command.ImportCommand(source, run, allow_unused, allow_unknown, length, fresh, dry_run))


@app.command("convert-checkpoint", rich_help_panel=CHECKPOINTS_PANEL)
def convert_checkpoint(
    run: Annotated[Path, typer.Argument(help="A complete run.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write.")],
    to: Annotated[str, typer.Option("--to", metavar="huggingface|tf1", help="The format.")] = "huggingface",
    dry_run: DryRun = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """a run -> a Hugging Face folder, or a TF1 checkpoint

    Example: `mbert convert-checkpoint runs/finetune-sst2 sst2/` loads there with from_pretrained.
    """
    command = _plain("convert_checkpoint", quiet)
    command.run(command.ConvertCommand(run, out, to, dry_run))


@app.command(rich_help_panel=CHECKPOINTS_PANEL)
def trace(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="A run, or a teacher and its student.")],
    text: Annotated[str, typer.Option(help="The text.")],
    pair: Annotated[str | None, typer.Option(help="A second text.", show_default=False)] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.npz", show_default=False,
                                             help="Hidden states and attention as arrays.")] = None,
    picture: Annotated[Path | None, typer.Option(metavar="FILE.png", show_default=False,
                                                 help="Attention maps, models side by side.")] = None,
    layers: Layers = None, pad: PadShown = None,
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """hidden states and attention maps of a text, as arrays and as a picture

    Example: `mbert trace runs/teacher runs/student --text "It rains." --picture maps.png`
    """
    command = _plain("trace", quiet)
    command.run(command.TraceCommand(tuple(runs), text, pair, out, picture, tuple(layers or ()), pad))


app.command(rich_help_panel=AROUND_PANEL)(runs)
app.command(rich_help_panel=AROUND_PANEL)(report)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs one command line and exits: 0 done, 1 failed, 2 wrong input, 130 interrupted.

    Args:
        arguments: Words after `mbert`; None takes those of the process.
    """
    run_to_its_end(app, list(sys.argv[1:] if arguments is None else arguments))


def _invocation(
    ctx: typer.Context, recipe: str | None, settings: list[str] | None, run: Path | None, smoke: bool,
    dry_run: bool, quiet: bool, flags: Mapping[str, tuple[str, object]] | None = None, **extra: Any,
) -> "Invocation[Any]":  # fmt: skip
    """What was typed, with its recipe loaded."""
    from mbert_cli.recipe.invocation import invoke

    console.set_quiet(quiet)
    return invoke(
        str(ctx.info_name), recipe, settings or (), flags or {}, run=run, smoke=smoke,
        dry_run=dry_run, quiet=quiet, command=ctx.obj["command"], **extra,
    )  # fmt: skip


def _plain(module: str, quiet: bool) -> ModuleType:
    """Loads the page of a verb that has no recipe."""
    console.set_quiet(quiet)
    require_backend()
    lend_home()
    with hidden_native_output():
        return importlib.import_module(f"mbert_cli.commands.{module}")


def _run(module: str, invocation: "Invocation[Any]") -> None:
    """Runs a verb, whose page and libraries are loaded only when nothing stands in its way."""
    from mbert_cli.preflight.resolving import resolve

    require_backend()
    ready = resolve(invocation)
    lend_home()
    with hidden_native_output():
        if module in WITH_KERAS:
            load_keras()
        command = importlib.import_module(f"mbert_cli.commands.{module}")
    command.run(ready)


if __name__ == "__main__":
    main()
