"""The pre-flight of each verb."""

import importlib.abc
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.options import InstalledDocsTask
from mbert_cli.model.cost import count_parameters, count_task_parameters
from mbert_cli.model.options import SIZES
from mbert_cli.model.task_head import CLASSIFIER
from mbert_cli.preflight import machine, memory
from mbert_cli.preflight import task as task_check
from mbert_cli.preflight.resolving import inspect, resolve
from mbert_cli.recipe.contents import input_contents
from mbert_cli.recipe.invocation import invoke
from mbert_cli.runs.directory import RunDir
from mbert_cli.text.vocabulary import LEADING_TOKENS, VOCABULARY_FILE, Vocabulary
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_files import describe_vocabulary


@pytest.fixture(autouse=True)
def _work_in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


VOCABULARY = Vocabulary((*LEADING_TOKENS, *(f"w{number}" for number in range(8000 - len(LEADING_TOKENS)))))


def make_run(verb, size="ib_bert_laptop", task=None):
    """A complete run with everything in final/ but the weights, which no check reads."""
    description = ModelDescription(
        verb=verb,
        size=SIZES[size],
        vocabulary=describe_vocabulary(VOCABULARY),
        output_names=["keras", "numpy"] if task else None,
        task=task,
    )

    def write(folder):
        description.save(folder)
        VOCABULARY.save(folder / VOCABULARY_FILE)

    with RunDir.open(Path("runs", verb), verb, {"seed": 0}, fresh=False, origin={}) as run:
        run.finish(write)


def checks(verb, recipe="quickstart", *settings):
    found = inspect(invoke(verb, recipe, settings, {}))
    return {check.name: (check.passed, check.text) for check in found}


def test_a_teacher_needs_a_token_store_or_the_recipe_of_one():
    assert checks("train-teacher")["token store"] == (True, "none yet; `mbert prepare quickstart` runs first")
    assert checks("train-teacher", "quickstart", "data.prepare=null")["token store"] == (
        False, "`mbert train-teacher` needs a complete prepare run. Received: none in runs.",
    )  # fmt: skip


def test_all_that_a_teacher_lacks_is_told():
    found = checks("train-teacher", "quickstart", "data.sequence_length=300", "model.changes.max_length=256")
    assert found["sequence length"] == (
        False,
        (
            "A sequence can have at most 256 tokens, the rows of the model's position table. "
            "Received: sequence_length 300"
        ),
    )
    assert found["disk"][0]


def test_a_student_of_a_fitting_teacher_can_run():
    make_run("train-teacher")
    found = checks("distill", "quickstart", "distill.transfer_steps=40", "distill.pretraining_steps=60")
    assert all(passed for passed, _ in found.values())
    assert found["teacher"] == (True, "runs/train-teacher: 4 layers")
    assert found["layers"] == (True, "the student's 4 learn from 0, 1, 2, 3 of the teacher")
    assert found["stages"] == (True, "progressive: 5 of 100 steps")


def test_a_teacher_whose_layers_cannot_be_mapped_is_told():
    make_run("train-teacher")
    found = checks("distill", "quickstart", "model.changes.num_layers=3")
    assert found["layers"] == (
        False,
        (
            "The teacher's layers must be a multiple of the student's to be mapped evenly. "
            "Received: 4 teacher layers and 3 student layers."
        ),
    )


def test_a_run_of_the_wrong_kind_is_told():
    make_run("distill", "mobilebert_laptop")
    passed, finding = checks("distill", "quickstart", "teacher=runs/distill")["teacher"]
    assert not passed
    assert (
        finding
        == "The run must be of the kind train-teacher or import. Received: runs/distill of the kind distill"
    )


def test_fine_tuning_looks_at_source_task_and_length():
    make_run("distill", "mobilebert_laptop")
    found = checks("finetune", "quickstart", "task.sequence_length=300")
    assert found["source"] == (True, "runs/distill: 4 layers")
    assert not found["sequence length"][0]


def test_a_search_needs_room_for_the_models_of_all_its_trials(monkeypatch):
    make_run("distill", "mobilebert_laptop")
    needed = []
    monkeypatch.setattr(machine, "require_disk", lambda path, size_bytes: needed.append(size_bytes))
    checks("finetune")
    checks("finetune", "quickstart", "search.learning_rate=[1e-3,1e-4]", "search.seed=[0,1,2]")
    size = SIZES["mobilebert_laptop"]
    parameters = count_parameters(size, 8000) + count_task_parameters(size, CLASSIFIER, 10)
    # six trials and the chosen one again, where a fine-tuning has one
    assert needed[1] - needed[0] == 4 * parameters * 6


@pytest.mark.parametrize("verb", ["eval", "predict", "export-tflite", "bench"])
def test_what_follows_needs_a_task_model(verb):
    assert checks(verb)["task model"] == (
        False, f"`mbert {verb}` needs a complete finetune run. Received: none in runs.",
    )  # fmt: skip
    make_run("finetune", "mobilebert_laptop", InstalledDocsTask(source="installed_docs"))
    found = checks(verb)
    if verb == "bench":
        assert found["task model"] == (
            False, "`mbert bench` times .tflite files. Received: runs/finetune, which has none.",
        )  # fmt: skip
        return
    assert found["task model"] == (True, "runs/finetune: labels keras, numpy")
    assert all(passed for passed, _ in found.values())


def test_a_vocabulary_file_that_cannot_serve_is_told():
    Path("vocab.txt").write_text("[PAD]\na\n")
    assert checks("prepare", "quickstart", "vocabulary.file=vocab.txt")["vocabulary"] == (
        False,
        (
            "A vocabulary must have the tokens [PAD], [UNK], [CLS], [SEP], [MASK]. "
            "Received: vocab.txt without [UNK], [CLS], [SEP], [MASK]"
        ),
    )


def table(name, *lines):
    Path(name).write_text("\n".join(lines) + "\n")


def test_the_columns_of_a_task_are_looked_at():
    make_run("distill", "mobilebert_laptop")
    table("mail.csv", "body,folder", *(f"text {i},{'spam' if i % 2 else 'ham'}" for i in range(40)))
    columns = ["task.train=mail.csv", "task.text=body"]
    found = checks("finetune", "file", *columns, "task.label=folder")
    assert found["task"][0]
    assert found["task"][1].startswith("mail.csv: 2 labels (ham, spam), ")
    passed, finding = checks("finetune", "file", *columns, "task.label=lable")["task"]
    assert not passed
    assert "lable" in finding


def test_a_cell_that_cannot_be_read_is_told():
    table("t.csv", "text,label", *(f"text {i},{i / 10}" for i in range(30)), "text,high")
    passed, finding = checks("finetune", "file", "task.train=t.csv", "task.kind=regression")["task"]
    assert not passed
    assert "high" in finding


@pytest.mark.parametrize("rows", [40, 40_000])
def test_what_is_read_of_a_task_is_handed_on_whatever_its_size(rows, monkeypatch):
    make_run("distill", "mobilebert_laptop")
    table("t.csv", "text,label", *(f"text number {i} of them all,{i % 2}" for i in range(rows)))
    read = []
    load_task = task_check.load_task
    monkeypatch.setattr(task_check, "load_task", lambda *words: read.append(words) or load_task(*words))
    ready = resolve(invoke("finetune", "file", ["task.train=t.csv"], {}))
    assert len(read) == 1
    assert len(ready.task.train) + len(ready.task.validation) == rows


def test_questions_need_their_files_or_the_data_set(monkeypatch, tmp_path):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    assert checks("finetune", "squad_v1")["task"] == (
        False,
        f"The data set squad/v1.1 must be prepared. Received: no folder {tmp_path}/squad/v1.1",
    )
    assert checks("finetune", "squad_v1", "task.train=train.json")["task"] == (
        False,
        "task.train must be a file. Received: train.json",
    )


def test_an_extra_that_is_missing_is_told(monkeypatch):
    class Nothing(importlib.abc.MetaPathFinder):
        def find_spec(self, name, path=None, target=None):
            if name == "tensorboard":
                raise ModuleNotFoundError("No module named 'tensorboard'", name=name)

    for name in [name for name in sys.modules if name.split(".")[0] == "tensorboard"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Nothing(), *sys.meta_path])
    found = checks("train-teacher", "quickstart", "train.tensorboard=true")
    assert found["extra tensorboard"] == (
        False,
        "train.tensorboard needs the package tensorboard. Received: an environment without it",
    )


def test_a_backend_that_is_missing_is_told(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert checks("prepare")["backend"] == (
        False,
        "KERAS_BACKEND must be tensorflow or jax. Received: torch",
    )


@pytest.fixture
def small_machine(monkeypatch):
    monkeypatch.setattr(memory, "machine_bytes", lambda: 24_000_000_000)
    monkeypatch.setattr(memory, "computes_on_accelerator", lambda: False)


def test_a_batch_far_beyond_the_memory_is_refused_with_one_that_fits(small_machine):
    make_run("distill", "mobilebert")
    settings = ["train.batch_size=4096", "task.sequence_length=512", "train.dynamic_length=false"]
    found = inspect(invoke("finetune", "quickstart", settings, {}))
    check = next(check for check in found if check.name == "memory")
    assert not check.passed
    assert check.text.startswith("A step must fit into the memory of the machine, 24.0 GB. Received: about ")
    assert check.text.endswith(" for batches of 4,096 x 512 tokens (an estimate)")
    fitting = [word for word in check.hint.split() if "=" in word]
    found = inspect(invoke("finetune", "quickstart", [*settings, *fitting], {}))
    assert next(check for check in found if check.name == "memory").state == "ok"


def test_a_batch_is_as_long_as_the_texts_allow(small_machine):
    make_run("distill", "mobilebert")
    table("t.csv", "text,label", *(f"a short text {i},{i % 2}" for i in range(200)))
    settings = ["task.train=t.csv", "task.sequence_length=512", "train.batch_size=4096"]
    passed, finding = checks("finetune", "file", *settings)["memory"]
    assert passed
    assert " x 6 tokens (an estimate)" in finding


def test_an_estimate_near_the_memory_is_a_doubt_that_stops_nothing(small_machine, monkeypatch, capsys):
    monkeypatch.setattr(machine, "training_bytes", lambda *sizes: 25_000_000_000)
    invocation = invoke("train-teacher", "quickstart", [], {})
    check = next(check for check in inspect(invocation) if check.name == "memory")
    assert (check.passed, check.state) == (True, "doubtful")
    resolve(invocation)
    assert capsys.readouterr().err == (
        "No prepared corpus in runs: `mbert prepare quickstart` runs first\n"
        "Warning: a step may not fit into memory: about 26.1 GB for batches of 32 x 64 tokens (an estimate); "
        "the machine has 24.0 GB\n"
    )


def test_the_limit_of_a_container_is_the_memory(monkeypatch, tmp_path):
    (tmp_path / "memory.max").write_text("2000000000\n")
    (tmp_path / "unlimited").write_text("max\n")
    monkeypatch.setattr(memory, "_LIMITS", [str(tmp_path / "unlimited"), str(tmp_path / "absent")])
    whole = memory.machine_bytes()
    monkeypatch.setattr(memory, "_LIMITS", [str(tmp_path / "memory.max")])
    assert (memory.machine_bytes(), whole > 2_000_000_000) == (2_000_000_000, True)


def test_a_dry_run_warns_of_the_machine_and_goes_on(small_machine, capsys):
    settings = ["train.batch_size=400000"]
    resolve(invoke("train-teacher", "quickstart", settings, {}, dry_run=True))
    assert "Warning: A step must fit into the memory of the machine, 24.0 GB. " in capsys.readouterr().err
    with pytest.raises(UserError):
        resolve(invoke("train-teacher", "quickstart", settings, {}))


def test_memory_of_an_accelerator_is_not_that_of_the_machine(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "_ACCELERATORS", [str(tmp_path / "gpus" / "*")])
    assert not memory.computes_on_accelerator()
    (tmp_path / "gpus" / "0000:00").mkdir(parents=True)
    assert memory.computes_on_accelerator()
    assert memory.judge_memory(10**13, 32, "batches")[1] is False
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert not memory.computes_on_accelerator()


def test_a_run_that_is_continued_needs_its_recipe_and_the_inputs_that_it_began_with():
    make_run("train-teacher")
    Path("t.csv").write_text("text,label\na,b\n")
    settings = ("source=runs/train-teacher", "task.train=t.csv", "train.max_steps=8")
    assert "run" not in checks("finetune", "file", *settings)
    invocation = invoke("finetune", "file", settings, {})
    contents = input_contents(invocation.loaded.recipe)
    recipe = invocation.loaded.values()
    recipe["train"]["optimizer"] |= {"learning_rate": 1e-3}  # as the command derives it
    RunDir.open(invocation.run, "finetune", recipe, fresh=False, origin={}, contents=contents).close()
    for named in (
        settings,
        settings[1:],
        (*settings, "train.max_steps=9"),
    ):  # a source is known from the record
        assert checks("finetune", "file", *named)["run"] == (
            True, "runs/finetune-file continues, with the inputs that it began with",
        )  # fmt: skip
    fewer = checks("finetune", "file", *settings, "train.max_steps=7")["run"]
    assert fewer == (
        False,
        (
            "A run can continue for more steps, never for fewer. "
            "Received: train.max_steps 7 for runs/finetune-file, which has 8"
        ),
    )
    other = checks("finetune", "file", *settings, "seed=1")["run"]
    assert other == (
        False,
        (
            "A run directory belongs to one recipe. Received: another one for runs/finetune-file\n"
            "  seed: 1 (the run in runs/finetune-file has 0)"
        ),
    )
    Path("t.csv").write_text("text,label\nb,a\n")
    passed, finding = checks("finetune", "file", *settings)["run"]
    assert not passed
    assert finding.startswith(
        "A run continues with the inputs that it began with. Received: others for runs/finetune-file\n"
        "  task.train: t.csv has 15 bytes (sha256 "
    )
    found = inspect(replace(invocation, fresh=True))
    assert "run" not in {check.name for check in found}


def test_factors_that_do_not_fit_the_labels_are_told():
    table("t.csv", "text,label", *(f"text {i},{i % 3}" for i in range(40)))
    settings = ["task.train=t.csv", "loss.class_weights=[1.0, 2.0]"]
    assert checks("finetune", "file", *settings)["task"] == (
        False,
        "loss.class_weights must have a factor for each label: 0, 1, 2. Received: 2 factors",
    )
