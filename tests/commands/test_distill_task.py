"""`mbert distill --strategy task` as a run: continued bit for bit, prolonged, complete, and used by other verbs."""

import json
from pathlib import Path

import numpy as np
import pytest

from mbert_cli.examples.batches import TaskBatches
from mbert_cli.weights.store import load_weights
from tests.tasks.toy_distillation import TINYBERT, distil, journal, make_source, make_teacher


@pytest.fixture(autouse=True)
def _work_in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


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
    distil(teacher=teacher, source=source, dry_run=True)
    output, said = capsys.readouterr()
    assert "transfer all layers" in output and "the teacher's answers" in output
    assert "1 soft_targets" in output and "teacher parameters" in output
    assert "embedding projection parameters" in output
    assert "t.csv: 3 labels, 9 training and 9 validation examples" in said
    assert not Path("runs/student").exists()


@pytest.mark.slow
@pytest.mark.parametrize("budget", [0, 1])
def test_a_run_that_is_killed_in_either_stage_continues_bit_for_bit(kill_at, capsys, budget):
    """Three steps of layers, six of answers; checkpoints after steps 2, 3, 4, 6, 8 and 9."""
    teacher, source = make_teacher("classification"), make_source(TINYBERT)
    settings = [
        "train.epochs=2", "train.checkpoint_every=2", "train.keep_checkpoints=9",
        f"cache.budget_gigabytes={budget}", "cache.folder=cache",
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
        "runs/student continues for more steps, 9 after 6: train.epochs 2 after 1" in capsys.readouterr().err
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
    chain = "".join(map(str, run("runs", "--chain")))
    assert "student, from source" in chain and "further, from student" in chain
    distil(teacher=student, source=source, run="runs/second")
