"""`mbert distill --strategy task` as a run: continued bit for bit, prolonged, complete, and used by other verbs."""

import json
from pathlib import Path

import numpy as np
import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.batches import TaskBatches
from mbert_cli.weights.store import load_weights
from tests.tasks.toy_distillation import (
    TEACHER,
    TINYBERT,
    distil,
    journal,
    make_source,
    make_teacher,
    task_settings,
)

pytestmark = pytest.mark.usefixtures("empty_folder")


CACHES = (["cache.budget_gigabytes=0"], ["cache.budget_gigabytes=1", "cache.folder=cache"])
"""A teacher that runs in every step, and one that is recorded."""


class Killed(BaseException):
    """Ends a training without any warning, as a power cut does."""


@pytest.fixture
def kill_at(monkeypatch):
    """Ends every training where it asks for the batch of a step; None lets it live."""
    whole = TaskBatches.__call__

    def kill_at(step: int | None) -> None:
        def batch(batches: TaskBatches, asked: int) -> dict:
            if asked == step:
                raise Killed
            return whole(batches, asked)

        monkeypatch.setattr(TaskBatches, "__call__", batch)

    return kill_at


def test_a_dry_run_shows_both_stages_and_writes_nothing(capsys):
    teacher, source = make_teacher("classification"), make_source(TINYBERT)
    distil("cache.budget_gigabytes=1", teacher=teacher, source=source, dry_run=True)
    output, said = capsys.readouterr()
    assert "transfer all layers" in output and "the teacher's answers" in output
    assert "1 soft_targets" in output and "teacher parameters" in output
    assert "embedding projection parameters" in output
    assert (
        "Layers: the student's 1 learn from 1 of the teacher. Heads: each learns from the teacher's head of the same number\n"
        in said
    )
    assert "t.csv: 3 labels, 9 training and 9 validation examples" in said
    kept = "logits and attention logits of 1 layer and hidden states of 2 layers for 9 rows, 2.36 kB"
    assert f"Teacher outputs: {kept}, to be recorded where they are not yet; the plan counts" in said
    assert "The teacher runs once over 9 rows before them, " in output
    assert not Path("runs/student").exists()


@pytest.mark.slow
def test_a_probe_says_how_long_both_stages_take_and_writes_nothing(capsys):
    distil(teacher=make_teacher("classification"), source=make_source(TINYBERT), probe=True)
    output, said = capsys.readouterr()
    assert "Timing 3 steps of transfer all layers\nTiming 3 steps of the teacher's answers\n" in said
    assert "on 1 device, by the speed of this machine: arithmetic" in output
    assert not Path("runs/student").exists()


@pytest.mark.slow
@pytest.mark.parametrize("cache", CACHES)
def test_a_run_that_is_killed_in_either_stage_continues_bit_for_bit(kill_at, capsys, cache):
    """Three steps of layers, six of answers; checkpoints after steps 2, 3, 4, 6, 8 and 9."""
    teacher, source = make_teacher("classification"), make_source(TINYBERT)
    settings = [
        "train.epochs=2", "train.checkpoint_every=2", "train.keep_checkpoints=9", *cache,
    ]  # fmt: skip
    whole = distil(*settings, teacher=teacher, source=source, run="runs/whole")
    for step in (2, 7):
        kill_at(step)
        with pytest.raises(Killed):
            distil(*settings, teacher=teacher, source=source)
    kill_at(None)
    resumed = distil(*settings, teacher=teacher, source=source)
    assert "runs/student continues after step 6 of 9" in capsys.readouterr().err
    files = sorted(path.relative_to(whole) for path in whole.glob("checkpoints/*/*.safetensors"))
    assert {path.name for path in files} >= {"weights.safetensors", "companions.safetensors"}
    for file in (*files, Path("final/weights.safetensors")):
        theirs, ours = load_weights(whole / file), load_weights(resumed / file)
        assert theirs.keys() == ours.keys()
        assert all(np.array_equal(theirs[name], ours[name]) for name in theirs), file
    names = load_weights(whole / "checkpoints/step-000009/companions.safetensors")
    assert sorted(names) == [
        f"{one}_projection/{part}" for one in ("embedding", "layer") for part in ("bias", "kernel")
    ]


@pytest.mark.slow
def test_more_epochs_continue_and_a_complete_run_says_so(capsys):
    teacher, source = make_teacher("classification"), make_source(TINYBERT)
    distil(teacher=teacher, source=source)
    distil("train.epochs=2", teacher=teacher, source=source)
    assert (
        "runs/student continues for more steps, 9 instead of 6: train.epochs 2 instead of 1"
        in capsys.readouterr().err
    )
    steps = [line["step"] for line in journal(Path("runs/student")) if "validation/score" in line]
    assert steps == [6, 9]
    distil("train.epochs=2", teacher=teacher, source=source)
    assert "runs/student is complete already" in capsys.readouterr().err


@pytest.mark.slow
def test_a_distilled_model_serves_wherever_a_fine_tuned_one_does(run, capsys):
    teacher, source = make_teacher("classification"), make_source(TINYBERT)
    student = distil(teacher=teacher, source=source)
    score = json.loads((student / "final/summary.json").read_text())["score"]
    for words in (
        ["eval", str(student)],
        ["predict", str(student), "--text", "fine film"],
        ["export-tflite", str(student), "--quantize", "float32"],
        ["finetune", "file", "--set", f"initialize_from={student}", "--set", "task.train=t.csv",
         "--set", "task.validation=t.csv", "--set", "task.sequence_length=8", "--set", "train.epochs=1",
         "--set", "train.batch_size=4", "--run", "runs/further"],
        ["convert-checkpoint", str(student), "converted"],
        ["runs", str(student)],
    ):  # fmt: skip
        code, output, said = run(*words)
        assert code == 0, output + said
    assert json.loads((student / "eval/validation.json").read_text())["score"] == score
    assert (student / "export/float32/model.tflite").is_file()
    models = json.loads(run("runs", "--chain", "--format", "json")[1])["models"]
    origins = {model["model"]: model["comes_from"] for model in models}
    assert origins["student"].startswith("source") and origins["student"].endswith("; taught by teacher")
    assert origins["further"].startswith("student")
    distil(teacher=student, source=source, run="runs/second")


def logged(run: Path, stage: str, figure: str) -> list[float]:
    return [line[figure] for line in journal(run) if line.get("stage") == stage and figure in line]


@pytest.mark.slow
@pytest.mark.parametrize("cache", CACHES)
def test_unlabelled_text_is_learned_from_the_teacher_alone(capsys, run, cache):
    """Nine labelled rows and four others, one of which validation has; three steps in place of three fours."""
    teacher, source = make_teacher("classification"), make_source(TINYBERT)
    Path("mails.txt").write_text("so so so\nbad film film\nplay\nfine play\nwhere is film ?\n")
    student = distil(
        "task.unlabelled=[mails.txt]", "distill.ground_truth_ratio=0.5", *cache,
        teacher=teacher, source=source,
    )  # fmt: skip
    said = capsys.readouterr().err
    assert "task.unlabelled: 4 examples from 1 file, which the teacher labels\n" in said
    assert "1 unlabelled example is left out: the validation set has the same text\n" in said
    kept = "Teacher outputs: logits and attention logits of 1 layer and hidden states of 2 layers for 13 rows"
    assert (kept in said) == (cache is not CACHES[0])
    answers = "the teacher's answers"
    assert len(logged(student, answers, "loss/soft_targets")) == 4  # 13 rows in fours
    assert len(logged(student, answers, "loss/cross_entropy")) == 4
    Path("mails.txt").unlink()
    assert run("eval", str(student))[0] == 0  # which needs no teacher, and none of its texts


def test_unlabelled_text_that_holds_no_line_is_refused(capsys):
    teacher, source = make_teacher("classification"), make_source(TINYBERT)
    Path("mails.txt").write_text("\n \n")
    with pytest.raises(UserError) as caught:
        distil("task.unlabelled=[mails.txt]", teacher=teacher, source=source)
    assert caught.value.message == "Unlabelled text must hold a line. Received: mails.txt, which holds none"
    assert not Path("runs/student").exists()


@pytest.mark.slow
def test_a_run_does_not_go_on_with_other_unlabelled_text(kill_at):
    teacher, source = make_teacher("classification"), make_source(TINYBERT)
    Path("mails.txt").write_text("so so so\n")
    kill_at(2)
    with pytest.raises(Killed):
        distil("task.unlabelled=[mails.txt]", teacher=teacher, source=source)
    Path("mails.txt").write_text("so so\n")
    with pytest.raises(UserError, match=r"task\.unlabelled"):
        distil("task.unlabelled=[mails.txt]", teacher=teacher, source=source)


@pytest.mark.slow
def test_a_student_learns_what_its_teacher_knows_without_a_label(run, capsys):
    """Every text that the student sees has a wrong label; the teacher knows better."""
    size = TEACHER.model_copy(
        update={"hidden_dropout_rate": 0.0, "attention_dropout_rate": 0.0, "initializer_range": 0.2}
    )
    source = make_source(size)
    learn = ["train.batch_size=4", "train.epochs=40", "train.optimizer.learning_rate=1e-2", "dropout_rate=0"]
    settings = [word for setting in (*task_settings("classification"), *learn) for word in ("--set", setting)]
    code, output, said = run("finetune", "file", "--source", str(source), *settings, "--run", "runs/teacher")
    assert code == 0, output + said
    right = Path("t.csv").read_text()
    labels = {"ba": "so", "so": "fi", "fi": "ba"}
    wrong = [
        f"{text},{labels[label]}" for text, label in (line.split(",") for line in right.splitlines()[1:])
    ]
    Path("wrong.csv").write_text("\n".join(["text,label", *wrong]) + "\n")
    student = distil(*learn, "task.train=wrong.csv", teacher=Path("runs/teacher"), source=source)
    assert json.loads((student / "final/summary.json").read_text())["score"] == 1.0
    assert json.loads(Path("runs/teacher/final/summary.json").read_text())["score"] == 1.0
