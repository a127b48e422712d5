"""What `mbert report` refuses, and what it opens."""

import json
import sys
from pathlib import Path

import pytest

from mbert_cli.errors import UserError
from mbert_cli.page import Delivery
from mbert_cli.preflight.report import ReportCommand, resolve
from tests.report.family import write_family


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_family(Path("runs"))
        (folder / "runs/interrupted/checkpoints/step-000010").mkdir(parents=True)
        (folder / "runs/interrupted/recipe.yaml").write_text("seed: 0\n")
        (folder / "runs/interrupted/origin.json").write_text('{"verb": "finetune", "sessions": []}')
        (folder / "runs/store").mkdir()
        (folder / "runs/store/recipe.yaml").write_text("seed: 0\n")
        (folder / "runs/store/origin.json").write_text('{"verb": "prepare", "sessions": []}')
        (folder / "broken.tflite").write_bytes(b"no model at all")
        (folder / "cut.tflite").write_bytes(b"\x10\x27\x00\x00TFL3 what follows is missing")
        (folder / "empty").mkdir()
    return folder


@pytest.fixture(autouse=True)
def _work_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def refusal(*targets: str, **more: object) -> tuple[str, str]:
    with pytest.raises(UserError) as caught:
        resolve(ReportCommand(tuple(map(Path, targets)), **more))
    assert caught.value.exit_code == 2
    return caught.value.message, caught.value.hint


def test_without_an_argument_all_complete_task_models_are_opened_and_named(capsys):
    ready = resolve(ReportCommand())
    assert [model.path.name for model in ready.models] == ["big", "small-0", "small-1", "small-2"]
    assert capsys.readouterr().err == "All complete task models in runs: big, small-0, small-1, small-2\n"


def test_runs_and_artifacts_are_opened_once_however_often_they_are_named():
    artifact = Path("runs/big/export/float32/model.tflite")
    ready = resolve(ReportCommand((Path("runs/big"), Path("runs/../runs/big"), artifact, artifact.resolve())))
    assert ([model.path for model in ready.models], len(ready.artifacts)) == ([Path("runs/../runs/big")], 1)


def test_what_a_pattern_names_beside_models_is_left_out_with_its_reason(capsys):
    named = ["runs/small-0", "runs/interrupted", "runs/store", "runs"]
    ready = resolve(ReportCommand(tuple(map(Path, named))))
    assert [model.path for model in ready.models] == [Path("runs/small-0")]
    assert capsys.readouterr().err.splitlines() == [
        "Warning: runs/interrupted is left out: it is interrupted.",
        "Warning: runs/store is left out: a run of `mbert prepare` has no model.",
        "Warning: runs is left out: it is a folder of runs.",
    ]
    ready = resolve(ReportCommand((Path("runs/big/export/float32/model.tflite"), Path("runs/store"))))
    assert (len(ready.models), len(ready.artifacts)) == (0, 1)


def test_a_misspelt_run_is_refused_among_others_too():
    message, _ = refusal("runs/small-0", "runs/smal-1")
    assert message == "A run directory must exist. Received: runs/smal-1"


def test_where_nothing_can_be_shown_the_first_reason_is_an_error():
    message, _ = refusal("runs/interrupted", "runs/store")
    assert message == "The run must be complete. Received: runs/interrupted, interrupted at step 10"


@pytest.mark.parametrize(
    ("target", "message", "hint"),
    [
        ("nowhere", "A run directory must exist. Received: nowhere", "Complete runs of the kind"),
        ("empty", "A run directory must have a recipe.yaml. Received: empty", "Complete runs of the kind"),
        ("runs", "`mbert report` takes runs and .tflite files. Received: runs, a folder of runs",
         "Name runs in it, such as `mbert report runs/big"),
        ("runs/interrupted", "The run must be complete. Received: runs/interrupted, interrupted at step 10",
         "Finish it: mbert finetune runs/interrupted/recipe.yaml --run runs/interrupted"),
        ("runs/big/export/float32",
         "An artifact must be named by its file. Received: runs/big/export/float32, its folder",
         "Name runs/big/export/float32/model.tflite."),
        ("runs/store", "Received: runs/store of the kind prepare", "Complete runs of the kind"),
        ("nowhere.tflite", "An artifact must be a .tflite file. Received: nowhere.tflite, which does not exist",
         "Make one with `mbert export-tflite RUN`."),
        ("runs/big/export/int8/model.tflite", "which does not exist",
         "runs/big has runs/big/export/float32/model.tflite."),
        ("runs/small-0/export/int8/model.tflite", "which does not exist",
         "Make one with `mbert export-tflite runs/small-0`."),
        ("cut.tflite", "Received: cut.tflite, which was cut off or changed", "Copy the file again"),
        ("broken.tflite", "An artifact is a TFLite model. Received: broken.tflite, which is not one",
         "Write it again with `mbert export-tflite`."),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_named_with_what_can(target, message, hint):
    said = refusal(target)
    assert said[0].endswith(message) and said[1].startswith(hint)


def test_a_folder_without_task_models_is_told_what_makes_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert refusal() == (
        "`mbert report` needs complete task models. Received: none in runs",
        "Make one with `mbert finetune`, or name runs or .tflite files.",
    )


def test_attention_is_drawn_in_html_alone():
    assert refusal(text="a") == (
        "Attention maps are drawn in HTML. Received: --text with --format table",
        "Add --format html --out report.html.",
    )
    assert refusal(second_text="a")[0] == "--second-text goes with --text. Received: no --text"
    assert refusal(layers=(1,))[0] == "--layer goes with --text. Received: no --text"
    both = refusal("runs/big", "runs/small-0", text="a", layers=(0, 9), delivery=Delivery("html"))
    assert both == ("The layers of runs/big are 0 to 3. Received: 0, 9", "Choose others with --layer.")
    assert refusal(text=" ")[0] == "A text to trace must not be blank. Received: a blank one"


def test_without_matplotlib_html_is_refused_and_tables_are_not(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    message, hint = refusal(delivery=Delivery("html"))
    assert message.startswith("A picture is drawn by matplotlib. Received: --format html, and it ")
    assert hint == "`pip install 'mbert[pictures]'`."
    assert resolve(ReportCommand(delivery=Delivery("markdown"))).models


def test_a_file_of_another_size_than_its_report_is_named(capsys):
    artifact = Path("runs/big/export/float32/model.tflite")
    report = artifact.with_name("report.json")
    whole = report.read_text()
    report.write_text(json.dumps(json.loads(whole) | {"size_bytes": artifact.stat().st_size + 1}))
    try:
        resolve(ReportCommand((Path("runs/big"),)))
        said = " ".join(capsys.readouterr().err.split())
        assert f"{artifact} is not the file that report.json beside it is about" in said
    finally:
        report.write_text(whole)
    resolve(ReportCommand((Path("runs/big"),)))
    assert "is not the file" not in capsys.readouterr().err


def test_the_result_of_a_run_is_told_with_the_run_alone_and_among_others():
    expected = (
        "A run is named by its directory. Received: runs/small-0/final, which lies in one",
        "Name runs/small-0.",
    )
    assert refusal("runs/small-0/final") == refusal("runs/big", "runs/small-0/final") == expected
