"""The arguments and flags that several verbs share, with their help and what the shell completes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mbert_cli import completion
from mbert_cli.whole_numbers import whole_number

if TYPE_CHECKING:
    from mbert_cli.page import Delivery

Recipe = Annotated[
    str,
    typer.Argument(metavar="RECIPE", help="Name of a recipe, or a .yaml file.", autocompletion=completion.recipes),
]  # fmt: skip
UsualRecipe = Annotated[
    str | None,
    typer.Argument(
        metavar="RECIPE", autocompletion=completion.recipes, show_default=False,
        help="Name of a recipe, or a .yaml file (default: quickstart, or quickstart_STRATEGY for general, task and "
        "distilbert).",
    ),
]  # fmt: skip
RecipeOption = Annotated[
    str,
    typer.Option("--recipe", help="Name of a recipe, or a .yaml file.", autocompletion=completion.recipes),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", autocompletion=completion.settings,
        help="Set a recipe key to a text as it stands, a number, [A, B] or null. Repeatable.",
    ),
]  # fmt: skip
WrittenRun = Annotated[
    Path | None,
    typer.Option("--run", metavar="DIR", help="Directory to write (default: runs/VERB-RECIPE).", show_default=False),
]  # fmt: skip
NamedRun = Annotated[
    Path | None, typer.Option("--run", metavar="DIR", help="The run; the same as TARGET.", show_default=False)
]
ReportRun = Annotated[
    Path | None,
    typer.Option(
        "--run", metavar="DIR", help="Directory for the report (default: runs/bench).", show_default=False
    ),
]
Target = Annotated[
    Path | None,
    typer.Argument(
        metavar="TARGET", show_default=False,
        help="A run, or a .tflite file (default: the newest complete run that learned a task).",
    ),
]  # fmt: skip
Targets = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="TARGET", show_default=False,
        help="Runs or .tflite files (default: the newest complete run that learned a task).",
    ),
]  # fmt: skip
Reported = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="RUN", show_default=False, autocompletion=completion.reported,
        help="Runs or .tflite files (default: all complete task models in runs/). Runs that differ in their seed "
        "alone are one row.",
    ),
]  # fmt: skip
AttentionText = Annotated[
    str | None,
    typer.Option(
        "--text", metavar="TEXT", show_default=False,
        help="Draw the attention of each model and its teacher to this text; loads the models. Only in HTML.",
    ),
]  # fmt: skip
SecondText = Annotated[
    str | None, typer.Option(metavar="TEXT", help="A second text, with --text.", show_default=False)
]
StudentLayers = Annotated[
    list[int] | None,
    typer.Option(
        "--layer", metavar="N", show_default=False, parser=whole_number("--layer", 0),
        help="A block of the models to draw, counted from 0; repeatable (default: up to 4, spread evenly).",
    ),
]  # fmt: skip
StrategyName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Short for --set distill.strategy=NAME: progressive, joint, auxiliary, general, task or distilbert.",
        autocompletion=completion.choices("distill", "distill.strategy"),
        show_default=False,
    ),
]
Teacher = Annotated[
    str | None, typer.Option(metavar="DIR", help="Short for --set teacher=DIR.", show_default=False)
]
Source = Annotated[
    str | None, typer.Option(metavar="DIR", help="Short for --set source=DIR.", show_default=False)
]
StudentSource = Annotated[
    str | None,
    typer.Option(
        metavar="DIR", help="Short for --set source=DIR: what the student of --strategy task starts from.",
        show_default=False,
    ),
]  # fmt: skip
Against = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE",
        help="Short for --set bench.against=SIZE: ratios to this architecture.",
        autocompletion=completion.choices("bench", "bench.against"),
        show_default=False,
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        metavar="N", show_default=False, parser=whole_number("--threads", 2),
        help="Short for --set bench.threads=N: threads that a text is computed by.",
    ),
]  # fmt: skip
Phone = Annotated[
    str | None,
    typer.Option(
        "--adb", metavar="[SERIAL]", show_default=False,
        help="Time on a phone on adb, with bench.binary, bench.delegate and bench.affinity; SERIAL where there are "
        "several.",
    ),
]  # fmt: skip
Sweep = Annotated[
    bool,
    typer.Option(
        "--sweep",
        help="Time with several numbers of threads, score each length, and keep both for `mbert report`.",
    ),
]
BenchmarkLogFile = Annotated[
    Path | None,
    typer.Option(
        "--log", metavar="FILE", show_default=False,
        help="Time nothing, and show what LiteRT's benchmark printed into this file.",
    ),
]  # fmt: skip
Submission = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Instead of scoring, write the answers to GLUE's test sets for its leaderboard.",
        show_default=False,
    ),
]
Texts = Annotated[
    list[str] | None,
    typer.Option("--text", metavar="TEXT", help="A text; repeatable.", show_default=False),
]
File = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Texts, one per line, or a column of a .csv, .tsv or .jsonl file (default: standard input).",
        show_default=False,
    ),
]
TextColumn = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Column of the texts (default: as in the task's own files).", show_default=False
    ),
]
SecondTextColumn = Annotated[
    str | None, typer.Option(metavar="NAME", help="Column of the second texts of pairs.", show_default=False)
]
Questions = Annotated[
    list[str] | None,
    typer.Option(
        "--question", metavar="TEXT", help="A question about --context; repeatable.", show_default=False
    ),
]
Context = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="The text to answer --question from, of any length.", show_default=False
    ),
]
Pair = Annotated[
    bool,
    typer.Option(
        "--pair", help="Each text is two, with a tab between them; models fine-tuned on pairs here know that."
    ),
]
AllowUnused = Annotated[
    bool, typer.Option("--allow-unused", help="Leave out arrays that mbert knows nothing about.")
]
AllowUnknown = Annotated[
    bool,
    typer.Option(
        "--allow-unknown", help="Ignore fields of the configuration that mbert knows nothing about."
    ),
]
ImportedLength = Annotated[
    int | None,
    typer.Option(
        "--length", metavar="N", help="Tokens of a text that a task model reads (default: what its tokenizer says).",
        show_default=False, parser=whole_number("--length", 128),
    ),
]  # fmt: skip
PoolingName = Annotated[
    str | None,
    typer.Option(
        "--pooling", metavar="mean|cls", show_default=False,
        autocompletion=completion.choices("predict", "embedding.pooling"),
        help="Short for --set embedding.pooling: texts become vectors, the mean over their tokens or the state of "
        "[CLS] (default: as the run was imported).",
    ),
]  # fmt: skip
Normalize = Annotated[
    bool | None,
    typer.Option(
        "--normalize/--no-normalize", show_default=False,
        help="Short for --set embedding.normalize: divide each vector by its length.",
    ),
]  # fmt: skip
ImportedPooling = Annotated[
    str | None,
    typer.Option(
        "--pooling", metavar="mean|cls", show_default=False,
        autocompletion=completion.choices("predict", "embedding.pooling"),
        help="Texts become vectors, the mean over their tokens or the state of [CLS] (default: what modules.json of "
        "sentence-transformers says, if it is there).",
    ),
]  # fmt: skip
ImportedNormalize = Annotated[
    bool | None,
    typer.Option(
        "--normalize/--no-normalize", show_default=False,
        help="Divide each vector by its length (default: what modules.json says, otherwise not).",
    ),
]  # fmt: skip
RowLength = Annotated[
    str | None,
    typer.Option(
        "--length", metavar="N", show_default=False,
        help="Short for --set task.sequence_length: tokens of a text (default: what the model reads).",
    ),
]  # fmt: skip
TaskClient = Annotated[
    str | None,
    typer.Option(
        "--client", metavar="mediapipe", show_default=False,
        autocompletion=completion.choices("finetune", "task.client"),
        help="Short for --set task.client=NAME: cut texts as this client on phones does (default: as the model "
        "was fine-tuned, else as BERT).",
    ),
]  # fmt: skip
TimedLength = Annotated[
    str | None,
    typer.Option(
        "--length", metavar="N", show_default=False,
        help="Short for --set task.sequence_length=N: time this one of an artifact's lengths (default: each of them).",
    ),
]  # fmt: skip
ResultFormat = Annotated[
    str | None,
    typer.Option(
        "--format", metavar="NAME", autocompletion=completion.formats, show_default=False,
        help="Print the results as table, markdown, json or html (default: by the suffix of --out, .md, .json, "
        ".html or .txt; otherwise a table).",
    ),
]  # fmt: skip
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="FILE", show_default=False,
        help="Write the results to this file instead, in a folder that exists and is not a run's; replaces a file.",
    ),
]  # fmt: skip
SearchFormat = Annotated[
    str | None,
    typer.Option(
        "--format", metavar="NAME", autocompletion=completion.formats, show_default=False,
        help="Print the table of a search as table, markdown, json or html (default: by the suffix of --out, .md, "
        ".json, .html or .txt; otherwise a table).",
    ),
]  # fmt: skip
SearchOut = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="FILE", show_default=False,
        help="Write the table of a search to this file, in a folder that exists and is not a run's; replaces a file.",
    ),
]  # fmt: skip
RunsRoot = Annotated[Path, typer.Argument(metavar="ROOT", help="The folder of the runs, or one run.")]
Chain = Annotated[bool, typer.Option("--chain", help="Follow each fine-tuned model from teacher to phone.")]
GlueTable = Annotated[
    bool, typer.Option("--glue", help="A row for each model, a column for each of GLUE's tasks.")
]
Layers = Annotated[
    list[int] | None,
    typer.Option(
        "--layer", metavar="N", help="A block to draw, counted from 0; repeatable.", show_default=False,
        parser=whole_number("--layer", 0),
    ),
]  # fmt: skip
PadShown = Annotated[
    bool | None,
    typer.Option(
        "--pad/--no-pad",
        help="Show the [PAD] that is read after the text, or read none (default: read it without showing it).",
        show_default=False,
    ),
]
Jsonl = Annotated[bool, typer.Option("--jsonl", help="Print one JSON object per line.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Move an existing run aside and begin anew.")]
Smoke = Annotated[
    bool, typer.Option("--smoke", help="Tiny size, few steps, same code; runs go to runs/smoke.")
]
Probe = Annotated[
    bool,
    typer.Option("--probe", help="Only time 20 steps of each kind of stage, and print the plan with them."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only print the plan.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print neither messages nor progress.")]


def lengths_of(typed: str | None) -> object:
    """`128` and `32,64,128` as a number and a list of numbers; the recipe's check refuses what it does not take."""
    if typed is None or not all(part.strip().isdecimal() for part in typed.split(",")):
        return typed
    lengths = [int(part) for part in typed.split(",")]
    return lengths if len(lengths) > 1 else lengths[0]


def delivery_of(form: str | None, out: Path | None) -> "Delivery":
    """What --format and --out ask for, checked before any work."""
    from mbert_cli.report.delivery import read_delivery

    return read_delivery(form, out)


def embedding_flags(pooling: str | None, normalize: bool | None) -> dict[str, tuple[str, object]]:
    """What --pooling and --normalize are short for."""
    return {
        "--pooling": ("embedding.pooling", pooling), "--normalize": ("embedding.normalize", normalize),
    }  # fmt: skip
