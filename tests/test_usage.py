"""Usual slips in what is typed, and what is said of them."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("empty_folder")


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["--dry-run", "prepare", "books"], "Flags must stand behind the verb. Received: --dry-run before prepare",
         "mbert prepare books --dry-run"),
        (["--set", "seed=1", "-q", "distill"], "Flags must stand behind the verb. Received: --set seed=1 -q before distill",
         "mbert distill --set seed=1 -q"),
        (["finetune", "file", "--set", "task.train=a.csv", "task.text=my text"],
         "Each KEY=VALUE must have a --set of its own. Received: task.text=my text without",
         "--set 'task.text=my text'"),
        (["export-tflite", "runs/mail", "--length", "32", "64", "128"],
         "Several lengths must be one word. Received: 32 64 128", "--length 32,64,128"),
        (["export-tflite", "runs/mail", "--quantize", "dynamic_int8,int8"],
         "--quantize must name one mode, and may be repeated. Received: dynamic_int8,int8",
         "--quantize dynamic_int8 --quantize int8"),
        (["predict", "runs/mail", "texts.txt"],
         "`mbert predict` takes one run or .tflite file; what it reads must be named by a flag. Received: texts.txt",
         "--file texts.txt"),
        (["predict", "runs/mail", "Where is it?"],
         "`mbert predict` takes one run or .tflite file; what it reads must be named by a flag. Received: Where is it?",
         "--text 'Where is it?'"),
        (["predict", "Lovely."],
         "`mbert predict` takes a run or a .tflite file; what it reads must be named by a flag. Received: Lovely.",
         "--text Lovely., or name a run: `mbert runs` lists them."),
        (["predict", "Where is it?"],
         "`mbert predict` takes a run or a .tflite file; what it reads must be named by a flag. Received: Where is it?",
         "--text 'Where is it?'"),
    ],
)  # fmt: skip
def test_a_slip_is_told_with_what_is_meant(words, message, hint, run):
    Path("texts.txt").touch()
    code, out, err = run(*words)
    assert (code, out, err) == (2, "", f"Error: {message}\nHint: {hint}\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--nothing"], "No such option: --nothing"),
        (["--nothing", "nowhere"], "No such option: --nothing"),
        (["runs", "a", "b"], "Got unexpected extra argument"),
        (["prepare", "books", "b=c"], "Got unexpected extra argument"),
    ],
)
def test_what_is_not_known_stays_as_it_is(words, message, run):
    code, _, err = run(*words)
    assert code == 2
    assert message in err
    assert "Usage: mbert" in err
