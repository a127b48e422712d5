"""A training is shown from where its run stands."""

from pathlib import Path

import pytest

from mbert_cli.runs.directory import RunDir
from mbert_cli.sessions import progress
from mbert_cli.sessions.progress import train_with_progress
from mbert_cli.train.options import OptimizerOptions, TrainOptions
from mbert_cli.train.stage import Stage, make_schedule

PLAN = [
    Stage(name, steps, {"loss": 1.0}, make_schedule(OptimizerOptions(), steps))
    for name, steps in (("a", 4), ("b", 6))
]


@pytest.fixture
def run(tmp_path):
    with RunDir.open(tmp_path / "run", "distill", {}, fresh=False, origin={}) as run:
        yield run


def train(monkeypatch, run: RunDir, resumed_at: int, has_optimizer: bool = True) -> None:
    """Trains with an engine that goes on from a step."""

    def fake(plan, build, batch_at, **given):
        given["resumed"](Path("checkpoint"), resumed_at)
        return {"figure": 1.0}

    monkeypatch.setattr(progress, "train", fake)
    monkeypatch.setattr(progress, "has_optimizer", lambda checkpoint: has_optimizer)
    figures = train_with_progress(PLAN, None, None, options=TrainOptions(), run=run, seed=3)
    assert figures == {"figure": 1.0}


def test_a_run_that_goes_on_says_from_where(monkeypatch, run, capsys):
    (run.checkpoints / "step-000003").mkdir(parents=True)
    train(monkeypatch, run, resumed_at=3)
    assert f"{run.path} continues after step 3 of 10\n" in capsys.readouterr().err


@pytest.mark.parametrize(("step", "warns"), [(3, True), (4, False), (10, False)])
def test_a_checkpoint_within_a_stage_without_the_optimizer_draws_a_warning(
    monkeypatch, run, capsys, step, warns
):
    train(monkeypatch, run, resumed_at=step, has_optimizer=False)
    said = "was written without the state of the optimizer, which begins anew" in capsys.readouterr().err
    assert said == warns
