"""The command line: verbs, flags, errors and exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import mbert_cli
from mbert_cli import console
from mbert_cli.preflight import resolving
from mbert_cli.recipe.keys import keys_of

CHECKOUT = str(Path(mbert_cli.__file__).parents[1])
PIPELINE = ["prepare", "train-teacher", "distill", "finetune", "eval", "predict", "export-tflite", "bench"]


@pytest.fixture(autouse=True)
def _work_in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    yield
    console.set_quiet(False)


@pytest.fixture
def all_is_ready(monkeypatch):
    """Lets a command begin whose inputs do not exist."""
    monkeypatch.setattr(resolving, "resolve", lambda invocation: SimpleNamespace(invocation=invocation))


def test_help_groups_the_verbs_as_the_pipeline(run):
    code, out, _ = run("--help")
    assert code == 0
    pipeline, around = out.split("The pipeline, in its order")[1].split("Recipes, runs, and more")
    positions = [pipeline.index(f" {verb} ") for verb in PIPELINE]
    assert positions == sorted(positions)
    assert " recipe " in around
    assert " runs " in around
    assert " augment " in around


@pytest.mark.parametrize("words", [(), ("recipe",)])
def test_a_group_alone_shows_its_help(run, words):
    assert run(*words) == run(*words, "--help")


@pytest.mark.parametrize("verb", [*PIPELINE, "runs", "augment"])
def test_the_help_of_each_verb_has_an_example(run, verb):
    code, out, _ = run(verb, "--help")
    assert code == 0
    assert f"Example: `mbert {verb} " in out


def test_no_word_of_a_help_page_is_cut_off_on_a_terminal_of_80_columns(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    others = ["augment", "runs", "report", "import", "convert-checkpoint", "trace"]
    for verb in (*PIPELINE, *others):
        _, page, _ = run(verb, "--help")
        assert "Usage:" in page
        assert "…" not in page, page


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom mbert_cli.cli import main\ntry:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = ('keras', 'tensorflow', 'numpy', 'jax', 'torch', 'pydantic', 'yaml')\n"
        "print([name for name in heavy if name in sys.modules], file=sys.stderr)"
    )
    environment = os.environ | {"PYTHONPATH": CHECKOUT}
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert answer.stderr.strip() == "[]"


def test_a_verb_that_cannot_run_is_refused_before_its_libraries_are_loaded(run, record):
    recorder = record("distill")
    code, out, err = run("distill")
    assert (code, out) == (2, "")
    assert err == (
        "Error: `mbert distill` needs a complete train-teacher run. Received: none in runs\n"
        "Hint: Make one with `mbert train-teacher`, or name one with --set teacher=DIR.\n"
    )
    assert recorder.invocation is None


def test_the_flags_of_training_reach_the_command(run, record, all_is_ready):
    recorder = record("planned")  # the page of a dry run
    words = ["distill", "--set", "seed=3", "--set", "train.batch_size=8", "--strategy", "joint", "--teacher", "runs/t",
             "--fresh", "--dry-run", "-q"]  # fmt: skip
    assert run(*words) == (0, "", "")
    invocation = recorder.invocation
    recipe = invocation.loaded.recipe
    assert (invocation.verb, invocation.root, invocation.run) == (
        "distill",
        Path("runs"),
        Path("runs/distill-quickstart"),
    )
    assert (invocation.fresh, invocation.dry_run, invocation.quiet, invocation.smoke) == (
        True,
        True,
        True,
        False,
    )
    assert (recipe.seed, recipe.train.batch_size, recipe.distill.strategy, recipe.teacher) == (
        3,
        8,
        "joint",
        "runs/t",
    )
    assert invocation.loaded.origins["distill.strategy"] == "--strategy"
    assert invocation.command == ("mbert", *words)


def test_smoke_has_its_own_folder_of_runs(run, record, all_is_ready):
    recorder = record("finetune")
    run("finetune", "sst2", "--smoke", "--source", "runs/s")
    assert recorder.invocation.run == Path("runs/smoke/finetune-sst2")
    assert recorder.invocation.loaded.recipe.train.epochs == 1


def test_run_names_the_directory(run, record):
    recorder = record("prepare")
    run("prepare", "--run", "elsewhere/books")
    assert recorder.invocation.run == Path("elsewhere/books")


def test_predict_takes_texts(run, record, all_is_ready):
    recorder = record("predict")
    run("predict", "model.tflite", "--text", "one", "--text", "two", "--file", "x.txt", "--jsonl")
    invocation = recorder.invocation
    assert (invocation.targets, invocation.run) == ((Path("model.tflite"),), None)
    assert (invocation.texts, invocation.file, invocation.jsonl) == (("one", "two"), Path("x.txt"), True)


def test_quantize_is_a_list_of_modes(run, record, all_is_ready):
    recorder = record("export_tflite")
    run("export-tflite", "--quantize", "float16", "--quantize", "float32", "--run", "runs/x")
    assert recorder.invocation.loaded.recipe.export.quantize == ["float16", "float32"]
    assert (recorder.invocation.targets, recorder.invocation.run) == ((), Path("runs/x"))


def test_bench_takes_several_targets(run, record, all_is_ready):
    recorder = record("bench")
    run("bench", "a.tflite", "b.tflite", "--against", "bert_base", "--threads", "2")
    options = recorder.invocation.loaded.recipe.bench
    assert recorder.invocation.targets == (Path("a.tflite"), Path("b.tflite"))
    assert (options.against, options.threads) == ("bert_base", 2)


def test_a_mistake_in_the_recipe_stops_the_command_before_it_is_imported(run, record):
    recorder = record("distill")
    code, out, err = run("distill", "--strategy", "joit")
    assert (code, out, recorder.invocation) == (2, "", None)
    assert err == (
        "Error: --strategy: distill.strategy must be one of progressive, joint, auxiliary, general, task, distilbert. "
        "Did you mean joint? Received: joit\nHint: `mbert recipe explain distill.strategy` tells more about it.\n"
    )


def test_an_unknown_verb_or_flag_is_told_with_the_nearest(run):
    code, _, err = run("distil")
    assert code == 2
    assert "No such command 'distil'. Did you mean 'distill'?" in err
    code, _, err = run("distill", "--strateg", "joint")
    assert code == 2
    assert "No such option: --strateg (Possible options: --strategy)" in err


def test_the_help_names_the_strategies_that_there_are(run):
    keys = [key for key in keys_of("distill") if key.path == "distill.strategy"]
    words = [word for key in keys for word in key.choices]
    shown = " ".join(run("distill", "--help")[1].replace("│", " ").split())
    assert f"{', '.join(words[:-1])} or {words[-1]}" in shown


def test_runs_works_in_an_empty_folder(run):
    assert run("runs")[0] == 0


@pytest.mark.parametrize("verb", ["runs", "eval", "bench", "finetune"])
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--out", "."), "--out must be a file. Received: ., which is a folder"),
        (("--format", "xml"), "--format must be table, markdown, json or html. Received: xml"),
    ],
)
def test_a_place_or_a_format_that_cannot_serve_is_refused_before_anything_is_looked_for(
    run, verb, words, message
):
    code, out, err = run(verb, *words)
    assert (code, out) == (2, "")
    assert err.startswith(f"Error: {message}\n")
    assert not os.listdir()


def test_a_finetuning_without_a_search_has_no_table_for_a_file(run):
    code, out, err = run("finetune", "--out", "table.md")
    assert (code, out) == (2, "")
    assert err.startswith("Error: --format and --out are for the table of a search.")
    assert not os.listdir()


def test_standard_output_is_one_document_though_there_is_nothing_to_show(run):
    for words in ((), ("--chain",), ("--glue",)):
        code, out, _ = run("runs", *words, "--format", "json")
        assert code == 0
        assert len(json.loads(out)["notes"]) == 1


@pytest.mark.parametrize(
    "words",
    [
        ["import", "x", "--length", "many"], ["bench", "--threads", "many"], ["trace", "x", "--layer", "many"],
        ["report", "--layer", "many"], ["finetune", "--hosts", "many"], ["finetune", "--host-index", "many"],
    ],
)  # fmt: skip
def test_a_flag_that_takes_a_number_says_so_in_one_sentence(run, words):
    code, _, err = run(*words)
    assert code == 2
    assert err.startswith(f"Error: {words[-2]} must be a whole number. Received: many\n")
