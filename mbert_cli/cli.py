"""The command line: every verb and flag, no logic, and how a command line begins.

Commands import what they need inside their body, so that `mbert --help` is quick.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from mbert_cli.ending import run_to_its_end
from mbert_cli.flags import (
    AllowUnknown,
    AllowUnused,
    Context,
    DryRun,
    File,
    Fresh,
    ImportedLength,
    ImportedNormalize,
    ImportedPooling,
    Jsonl,
    Layers,
    NamedRun,
    Normalize,
    Out,
    PadShown,
    Pair,
    PoolingName,
    Probe,
    Questions,
    Quiet,
    Recipe,
    RecipeOption,
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
    TaskClient,
    Teacher,
    TextColumn,
    Texts,
    UsualRecipe,
    WrittenRun,
    delivery_of,
    embedding_flags,
    lengths_of,
)
from mbert_cli.host_flags import ClusterAddress, Coordinator, HostCount, HostIndex, settings_of_hosts
from mbert_cli.overview_cli import report, runs
from mbert_cli.phone_cli import BenchCommand, bench, export_tflite
from mbert_cli.recipe_cli import help_when_alone, recipe_app
from mbert_cli.starting import invocation_of, plain_page, run_verb
from mbert_cli.typed_texts import typed_text, typed_texts
from mbert_cli.usage import Verbs

PIPELINE_PANEL = "The pipeline, in its order"
CHECKPOINTS_PANEL = "Checkpoints of other projects, and a look inside"
AROUND_PANEL = "Recipes, runs, and more examples"

app = typer.Typer(
    name="mbert",
    cls=Verbs,
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
    cluster: ClusterAddress = None,
    fresh: Fresh = False, smoke: Smoke = False, dry_run: DryRun = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """corpus -> vocabulary and token store

    Example: `mbert prepare wikipedia` writes English Wikipedia once as token ids.
    """
    flags = {"--cluster": ("cluster.address", cluster)}
    invocation = invocation_of(ctx, recipe, settings, run, smoke, dry_run, quiet, flags, fresh=fresh)
    run_verb("prepare", invocation)


@app.command("train-teacher", rich_help_panel=PIPELINE_PANEL)
def train_teacher(
    ctx: typer.Context, recipe: Recipe = "quickstart", settings: Settings = None, run: WrittenRun = None,
    hosts: HostCount = None, host_index: HostIndex = None, coordinator: Coordinator = None,
    fresh: Fresh = False, smoke: Smoke = False, dry_run: DryRun = False, probe: Probe = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """IB-BERT by masked language modelling and next-sentence prediction

    Example: `mbert train-teacher --set train.steps=2000` trains on the newest token store.
    """
    flags = settings_of_hosts(hosts, host_index, coordinator)
    invocation = invocation_of(
        ctx, recipe, settings, run, smoke, dry_run, quiet, flags, fresh=fresh, probe=probe
    )
    run_verb("train_teacher", invocation)


@app.command(rich_help_panel=PIPELINE_PANEL)
def distill(
    ctx: typer.Context, recipe: UsualRecipe = None,
    strategy: StrategyName = None, teacher: Teacher = None, source: StudentSource = None,
    settings: Settings = None, run: WrittenRun = None,
    hosts: HostCount = None, host_index: HostIndex = None, coordinator: Coordinator = None,
    fresh: Fresh = False, smoke: Smoke = False, dry_run: DryRun = False, probe: Probe = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """teacher -> student

    Example: `mbert distill --strategy joint` transfers all layers of the newest teacher together.
    """
    flags = {"--strategy": ("distill.strategy", strategy), "--teacher": ("teacher", teacher),
             "--source": ("source", source), **settings_of_hosts(hosts, host_index, coordinator)}  # fmt: skip
    invocation = invocation_of(
        ctx, recipe, settings, run, smoke, dry_run, quiet, flags, fresh=fresh, probe=probe
    )
    run_verb(invocation.kind.replace("-", "_"), invocation)


@app.command(rich_help_panel=PIPELINE_PANEL)
def finetune(
    ctx: typer.Context, recipe: Recipe = "quickstart", source: Source = None, client: TaskClient = None,
    settings: Settings = None, run: WrittenRun = None, cluster: ClusterAddress = None,
    hosts: HostCount = None, host_index: HostIndex = None, coordinator: Coordinator = None,
    fresh: Fresh = False, smoke: Smoke = False, dry_run: DryRun = False, probe: Probe = False, quiet: Quiet = False,
    form: SearchFormat = None, out: SearchOut = None,
) -> None:  # fmt: skip
    """run -> task model

    Example: `mbert finetune file --set task.train=mail.tsv` learns from a file of yours.
    """
    flags = {"--source": ("source", source), "--client": ("task.client", client),
             "--cluster": ("cluster.address", cluster),
             **settings_of_hosts(hosts, host_index, coordinator)}  # fmt: skip
    invocation = invocation_of(
        ctx, recipe, settings, run, smoke, dry_run, quiet, flags, fresh=fresh, probe=probe,
        delivery=delivery_of(form, out),
    )  # fmt: skip
    run_verb("finetune", invocation)


@app.command("eval", rich_help_panel=PIPELINE_PANEL)
def evaluate(
    ctx: typer.Context, targets: Targets = None, submission: Submission = None, length: RowLength = None,
    client: TaskClient = None, pooling: PoolingName = None, normalize: Normalize = None,
    cluster: ClusterAddress = None,
    recipe: RecipeOption = "quickstart", settings: Settings = None, run: NamedRun = None,
    smoke: Smoke = False, dry_run: DryRun = False, quiet: Quiet = False, form: ResultFormat = None, out: Out = None,
) -> None:  # fmt: skip
    """score runs and .tflite files with the task's official metrics

    Example: `mbert eval RUN RUN/export/float16/model.tflite` shows both, and how often their answers differ.
    """
    flags = {
        "--length": ("task.sequence_length", lengths_of(length)), "--client": ("task.client", client),
        "--cluster": ("cluster.address", cluster), **embedding_flags(pooling, normalize),
    }  # fmt: skip
    invocation = invocation_of(
        ctx, recipe, settings, run, smoke, dry_run, quiet, flags, targets=targets or (),
        submission=submission, delivery=delivery_of(form, out),
    )  # fmt: skip
    run_verb("evaluate", invocation)


@app.command(rich_help_panel=PIPELINE_PANEL)
def predict(
    ctx: typer.Context, target: Target = None, texts: Texts = None, file: File = None,
    text_column: TextColumn = None, second_text_column: SecondTextColumn = None, pair: Pair = False,
    questions: Questions = None, context: Context = None, jsonl: Jsonl = False,
    length: RowLength = None, client: TaskClient = None,
    pooling: PoolingName = None, normalize: Normalize = None,
    recipe: RecipeOption = "quickstart", settings: Settings = None, run: NamedRun = None,
    smoke: Smoke = False, dry_run: DryRun = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """answers for new text, from a run or a .tflite file

    Example: `mbert predict --text "Returns the sum over an axis."` prints its label and probability.
    """
    flags = {
        "--length": ("task.sequence_length", lengths_of(length)), "--client": ("task.client", client),
        **embedding_flags(pooling, normalize),
    }  # fmt: skip
    invocation = invocation_of(
        ctx, recipe, settings, run, smoke, dry_run, quiet, flags,
        targets=(target,), texts=typed_texts(texts), file=file,
        questions=typed_texts(questions), context=context,
        text_column=text_column, second_text_column=second_text_column, pair=pair, jsonl=jsonl,
    )  # fmt: skip
    run_verb("predict", invocation)


app.command("export-tflite", rich_help_panel=PIPELINE_PANEL)(export_tflite)
app.command(cls=BenchCommand, rich_help_panel=PIPELINE_PANEL)(bench)


@app.command(rich_help_panel=AROUND_PANEL)
def augment(
    ctx: typer.Context, recipe: Recipe = "quickstart", settings: Settings = None, run: WrittenRun = None,
    cluster: ClusterAddress = None,
    fresh: Fresh = False, smoke: Smoke = False, dry_run: DryRun = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """more training examples from few: words replaced by those of a masked LM or of word vectors

    Example: `mbert augment sst2 --set task.folder=GLUE/SST-2`, then `--set task.train=runs/augment-sst2`
    """
    flags = {"--cluster": ("cluster.address", cluster)}
    run_verb("augment", invocation_of(ctx, recipe, settings, run, smoke, dry_run, quiet, flags, fresh=fresh))


@app.command("import", rich_help_panel=CHECKPOINTS_PANEL)
def import_checkpoint(
    source: Annotated[str, typer.Argument(metavar="SOURCE",
                                           help="A folder, a TF1 prefix, or the id of a model on the hub.")],
    run: WrittenRun = None, length: ImportedLength = None,
    pooling: ImportedPooling = None, normalize: ImportedNormalize = None,
    allow_unused: AllowUnused = False, allow_unknown: AllowUnknown = False,
    fresh: Fresh = False, dry_run: DryRun = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """a TF1 or Hugging Face checkpoint -> a run

    Example: `mbert import mobilebert/ --run runs/mobilebert`, then `mbert finetune sst2 --source runs/mobilebert`
    """
    command = plain_page("import_checkpoint", quiet)
    command.run(
        command.ImportCommand(
            source, run, allow_unused, allow_unknown, length, fresh, dry_run, pooling, normalize
        )
    )


@app.command("convert-checkpoint", rich_help_panel=CHECKPOINTS_PANEL)
def convert_checkpoint(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A complete run.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write.")],
    to: Annotated[str, typer.Option("--to", metavar="huggingface|tf1", help="The format.")] = "huggingface",
    dry_run: DryRun = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """a run -> a Hugging Face folder, or a TF1 checkpoint

    Example: `mbert convert-checkpoint runs/finetune-sst2 sst2/` loads there with from_pretrained.
    """
    command = plain_page("convert_checkpoint", quiet)
    command.run(command.ConvertCommand(run, out, to, dry_run))


@app.command(rich_help_panel=CHECKPOINTS_PANEL)
def trace(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN", help="A run, or a teacher and its student.")],
    text: Annotated[str, typer.Option(help="The text.")],
    second_text: Annotated[
        str | None, typer.Option(metavar="TEXT", help="A second text.", show_default=False)
    ] = None,
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
    command = plain_page("trace", quiet)
    texts = typed_text(text), second_text and typed_text(second_text)
    command.run(command.TraceCommand(tuple(runs), *texts, out, picture, tuple(layers or ()), pad))


app.command(rich_help_panel=AROUND_PANEL)(runs)
app.command(rich_help_panel=AROUND_PANEL)(report)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs one command line and exits: 0 done, 1 failed, 2 wrong input, 130 interrupted, 143 terminated.

    Args:
        arguments: Words after `mbert`; None takes those of the process.
    """
    run_to_its_end(app, list(sys.argv[1:] if arguments is None else arguments))


if __name__ == "__main__":
    main()
