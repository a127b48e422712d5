"""The plan of a training, as it is shown before its first step."""

from pathlib import Path
from types import SimpleNamespace

from mbert_cli.recipe.invocation import invoke
from mbert_cli.sessions.plan import show_plan
from mbert_cli.train.options import OptimizerOptions, TrainOptions
from mbert_cli.train.stage import Stage, make_schedule


def stage(name: str, steps: int, **further) -> Stage:
    schedule = make_schedule(OptimizerOptions(learning_rate=0.5), steps)
    return Stage(name=name, steps=steps, schedule=schedule, **further)


def test_stages_come_with_their_steps_rates_layers_and_losses(capsys):
    scale = {"embeddings": 0.0, "layer_00": 0.1, "layer_01": 0.1, "layer_02": 1.0}
    plan = [
        stage("transfer", 1000, loss_weights={"feature_map": 100.0, "attention": 0.0}, layer_scale=scale),
        stage("distillation", 500, loss_weights={"next_sentence": 1.0, "words": 0.5}),
    ]
    invocation = invoke("distill", "quickstart", [], {}, run=Path("runs/x"), dry_run=True)
    network = SimpleNamespace(count_params=lambda: 1_234_567)
    show_plan(invocation, plan, {"student": network}, TrainOptions(batch_size=32))
    out = capsys.readouterr().out
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert lines[0] == "Plan: 1,500 steps of 32 examples, written to runs/x"
    assert "transfer 1,000 0.5 layer_00 to layer_01 x 0.1; layer_02 x 1 100 feature_map" in lines
    assert "distillation 500 0.5 all 1 next_sentence, 0.5 words" in lines
    assert "student parameters: 1,234,567" in lines
