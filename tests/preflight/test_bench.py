"""What is timed: the artifacts that are named, or all of a run."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from ai_edge_litert import schema_py_generated as schema

from mbert_cli.errors import UserError
from mbert_cli.examples.options import FileTask, ImportedTask
from mbert_cli.preflight import bench
from mbert_cli.preflight.bench import _artifacts
from mbert_cli.preflight.inspection import Inspection, Looked
from mbert_cli.recipe.invocation import invoke
from mbert_cli.tasks.model import TaskModel
from mbert_cli.tflite.flatbuffer import pack_model

FLOAT = schema.TensorType.FLOAT32


def targets(*paths: str, run: str | None = None):
    return invoke(
        "bench", "quickstart", [], {}, run=run and Path(run), targets=[Path(path) for path in paths]
    )


def export(*modes: str, run: str = "runs/finetune") -> list[Path]:
    files = [Path(run, "export", mode, "model.tflite") for mode in modes]
    for file in files:
        file.parent.mkdir(parents=True)
        file.touch()
    return files


def test_a_run_stands_for_all_that_it_exported_and_a_file_for_itself():
    files = export("int8", "float32")
    assert _artifacts(targets("other.tflite", "runs/finetune")) == [Path("other.tflite"), *sorted(files)]


def test_the_newest_run_is_timed_where_nothing_is_named(make_run):
    make_run("finetune", "mobilebert_laptop")
    files = export("float32")
    # --run is where the report goes, and names no run to time.
    assert _artifacts(targets(run="runs/bench")) == files


NO_MODEL = "Name an artifact, or a fine-tuned run that was exported; `mbert runs` lists the runs of a folder."


@pytest.mark.parametrize(
    ("kind", "hint"),
    [
        ("finetune", "Make one with `mbert export-tflite 'runs/my run'`."),
        ("import", "Make one with `mbert export-tflite 'runs/my run'`."),
        (
            "distill",
            "Fine-tune it first, `mbert finetune --source 'runs/my run'`, and export what that makes.",
        ),
        ("prepare", NO_MODEL),
        (None, NO_MODEL),
    ],
)
def test_a_run_without_artifacts_is_told_with_what_makes_one(kind, hint):
    Path("runs/my run").mkdir(parents=True)
    if kind is not None:
        Path("runs/my run/recipe.yaml").touch()
        Path("runs/my run/origin.json").write_text(json.dumps({"verb": kind}))
    with pytest.raises(UserError) as caught:
        _artifacts(targets("runs/my run"))
    assert caught.value.message == "`mbert bench` times .tflite files. Received: runs/my run, which has none"
    assert caught.value.hint == hint


def test_the_result_of_a_run_is_told_with_the_run(make_run):
    run = make_run("finetune", "mobilebert_laptop")
    with pytest.raises(UserError, match=r"Received: .*/final, which lies in a run") as caught:
        _artifacts(targets(str(run / "final")))
    assert caught.value.hint == f"Name {run}."


def test_the_folder_of_an_artifact_is_told_to_be_named_by_its_file():
    (file,) = export("int8")
    with pytest.raises(UserError) as caught:
        _artifacts(targets(str(file.parent)))
    assert (caught.value.message, caught.value.hint) == (
        "An artifact must be named by its file. Received: runs/finetune/export/int8, its folder",
        "Name runs/finetune/export/int8/model.tflite.",
    )


def test_what_does_not_exist_is_not_told_to_be_exported():
    with pytest.raises(UserError, match="Received: runs/tpyo, which does not exist") as caught:
        _artifacts(targets("runs/tpyo"))
    assert "export-tflite" not in caught.value.hint


def test_a_file_that_is_no_artifact_is_not_told_to_be_exported(tmp_path):
    Path("mail.csv").write_text("text,label\n")
    with pytest.raises(UserError, match=r"Received: mail\.csv, which is none$") as caught:
        _artifacts(targets("mail.csv"))
    assert caught.value.hint == "Name a run, or an artifact: export/MODE/model.tflite in the folder of a run."


class Artifact:
    """What is known of the lengths of a .tflite file."""

    def __init__(self, *lengths: int) -> None:
        self.lengths, self.sequence_length, self.reads_text = lengths, lengths[-1], False

    def at(self, length: int) -> "Artifact":
        return Artifact(length)


def test_a_file_is_timed_once_for_each_of_its_lengths():
    model = TaskModel(Path("a.tflite"), None, None, 64, lambda batches: None).with_artifact(Artifact(32, 64))
    ready = bench.Ready(targets(), targets().recipe, bench._at_each_length(model))
    assert [(one.path, one.sequence_length) for one in ready.models] == [(model.path, 32), (model.path, 64)]
    assert ready.artifacts == [Path("a.tflite")]


def test_a_saved_log_is_read_and_needs_no_artifact(tmp_path):
    log = tmp_path / "phone.log"
    log.write_text(
        "count=3 curr=900\nInference timings in us: Init: 10, First inference: 900, Warmup (avg): 9\n"
    )
    invocation = invoke("bench", "quickstart", [], {}, log=log)
    ready = bench.resolve(invocation, Inspection.of(invocation))
    assert (len(ready.logs), ready.logs[0].mean, ready.models) == (1, 0.9, [])


def test_a_run_in_a_saved_log_that_timed_nothing_is_named_by_its_end(tmp_path, capsys):
    log = tmp_path / "phone.log"
    good = "STARTING!\ncount=3 curr=900\nInference timings in us: Init: 10, First inference: 900, Warmup (avg): 9\n"
    log.write_text(good + "STARTING!\nGraph: [/x.tflite]\nERROR: out of memory\n")
    invocation = invoke("bench", "quickstart", [], {}, log=log)
    assert len(bench.resolve(invocation, Inspection.of(invocation)).logs) == 1
    said = " ".join("".join(capsys.readouterr()).split())
    assert (
        "left out: it timed nothing, and ends with: STARTING! / Graph: [/x.tflite] / ERROR: out of memory"
        in said
    )


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (
            {"log": Path("no.log")},
            "`--log FILE` is what LiteRT's benchmark printed. Received: no.log, which is no file",
        ),
        (
            {"log": Path("no.log"), "targets": [Path("runs/a")], "adb": ""},
            "`--log FILE` shows a saved log and times nothing. Received: runs/a, --adb beside it",
        ),
    ],
)
def test_a_log_that_is_not_there_or_not_alone_is_refused(typed, message):
    invocation = invoke("bench", "quickstart", [], {}, **typed)
    with pytest.raises(UserError) as caught:
        bench.resolve(invocation, Inspection.of(invocation))
    assert caught.value.message == message


def test_a_log_refuses_what_would_change_a_measurement():
    invocation = invoke("bench", "quickstart", ["bench.threads=4"], {}, log=Path("no.log"), run=Path("out"))
    with pytest.raises(UserError) as caught:
        bench.resolve(invocation, Inspection.of(invocation))
    assert caught.value.message == (
        "`--log FILE` shows a saved log and times nothing. Received: --run out, --set bench.threads beside it"
    )


def test_a_reference_beside_a_phone_is_refused():
    invocation = invoke("bench", "quickstart", ["bench.against=bert_base"], {}, adb="")
    with pytest.raises(UserError) as caught:
        bench._find_phone(invocation)
    assert caught.value.message == (
        "`--adb` times artifacts alone on a phone. Received: --against bert_base beside it"
    )


@pytest.mark.parametrize(
    ("settings", "typed", "received"),
    [(["bench.against=bert_base"], {}, "--against bert_base"), ([], {"adb": ""}, "--adb")],
)
def test_a_sweep_goes_over_artifacts_alone(settings, typed, received):
    invocation = invoke("bench", "quickstart", settings, {}, sweep=True, **typed)
    with pytest.raises(UserError) as caught:
        bench.resolve(invocation, Inspection.of(invocation))
    assert caught.value.message == (
        f"`--sweep` times artifacts alone, on this machine. Received: {received} beside it"
    )


def test_a_benchmark_for_phones_is_refused_where_nothing_runs_on_one():
    invocation = invoke("bench", "quickstart", ["bench.binary=benchmark"], {})
    with pytest.raises(UserError) as caught:
        bench.resolve(invocation, Inspection.of(invocation))
    assert caught.value.message == (
        "bench.binary has no effect without --adb, which alone times on a phone. Received: benchmark"
    )


def dense_map(kernel_type: int) -> bytes:
    """An artifact of one dense map whose kernel has a type of TFLite's schema."""
    code, operator = schema.OperatorCodeT(), schema.OperatorT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.FULLY_CONNECTED
    operator.inputs, operator.outputs = [0, 1], [2]
    graph, model = schema.SubGraphT(), schema.ModelT()
    graph.tensors, graph.operators = [], [operator]
    for name, kind in (("rows", FLOAT), ("kernel", kernel_type), ("written", FLOAT)):
        tensor = schema.TensorT()
        tensor.name, tensor.type, tensor.shape = name, kind, [4, 4]
        graph.tensors.append(tensor)
    model.version, model.operatorCodes = 3, [code]
    model.subgraphs, model.buffers = [graph], [schema.BufferT()]
    return pack_model(model, 1024)


def test_four_bits_are_not_timed_by_kernels_that_give_other_answers(tmp_path):
    path = tmp_path / "model.tflite"
    model = TaskModel(path, None, None, 64, lambda batches: None)
    path.write_bytes(dense_map(schema.TensorType.INT8))
    bench._refuse_other_answers([model])
    path.write_bytes(dense_map(schema.TensorType.INT4))
    with pytest.raises(UserError, match=f"Received: bench.delegate=none for {path}"):
        bench._refuse_other_answers([model])


def test_examples_that_are_not_there_are_told_before_anything_is_timed(monkeypatch):
    task = FileTask(source="file", train="gone.tsv")
    model = SimpleNamespace(own_task=task, artifact=None, path=Path("a.tflite"))
    monkeypatch.setattr(bench, "look_at_models", lambda *arguments, **options: Looked([model]))
    invocation = targets()
    with pytest.raises(UserError, match=r"task\.train must be a file\. Received: gone\.tsv") as caught:
        bench.resolve(invocation, Inspection.of(invocation))
    assert caught.value.hint.endswith(
        "With --set task.source=imported documentation of installed packages takes their place."
    )
    model.own_task = ImportedTask(source="imported")
    assert bench.resolve(invocation, Inspection.of(invocation)).models == [model]
