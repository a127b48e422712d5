"""Which examples the score of a pre-training is of, and a run that has nothing left to do."""

from pathlib import Path

import pytest

from mbert_cli.recipe.invocation import invoke
from mbert_cli.runs.content import Content, FileContent
from mbert_cli.runs.directory import RunDir
from mbert_cli.sessions import pretraining_run
from mbert_cli.sessions.pretraining_run import _held_out_set, _score, pretrain


def contents(digest: str = "a") -> dict:
    return {"data.run": Content("run", "runs/p", (FileContent("tokens.bin", 3, digest),))}


def drawn(*settings: str, digest: str = "a") -> dict:
    return _held_out_set(invoke("train-teacher", "quickstart", settings, {}).recipe, contents(digest))


def test_a_score_is_of_batches_of_the_store():
    assert drawn("train.batch_size=8", "train.validation_steps=5")["examples"] == 40


@pytest.mark.parametrize(
    "setting",
    [
        "seed=7",
        "train.batch_size=7",
        "train.validation_steps=7",
        "data.sequence_length=48",
        "data.masking_rate=0.3",
    ],
)
def test_all_that_decides_what_is_drawn_makes_another_set(setting):
    assert drawn(setting)["set"] != drawn()["set"]


@pytest.mark.parametrize(
    "setting", ["train.steps=7", "train.optimizer.learning_rate=0.5", "data.prepare=null"]
)
def test_what_decides_nothing_of_it_leaves_the_set_as_it_is(setting):
    assert drawn(setting) == drawn()


def test_another_store_makes_another_set():
    assert drawn(digest="b")["set"] != drawn()["set"]


def test_the_score_is_the_share_of_masked_words_or_the_loss_of_what_predicts_none():
    losses = {"validation/total": 3.5, "validation/hidden_states": 0.5}
    assert _score(losses | {"validation/masked_language_model_accuracy": 0.25}) == {
        "score": 0.25, "score_name": "masked_language_model_accuracy",
    }  # fmt: skip
    assert _score(losses) == {"score": 3.5, "score_name": "transfer_loss"}


def test_a_run_that_is_complete_is_not_trained_again(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    invocation = invoke("train-teacher", "quickstart", (), {}, run=Path("runs/t"))

    def opened(*_: object) -> RunDir:
        return RunDir.open(Path("runs/t"), "train-teacher", {}, fresh=False, origin={})

    with opened() as run:
        run.finish(lambda folder: None)
    monkeypatch.setattr(pretraining_run, "open_run", opened)
    monkeypatch.setattr(pretraining_run, "PretrainingBatches", lambda *_, **__: pytest.fail("it was trained"))
    pretrain(invocation, invocation.recipe, None, None, None, lambda recipe: [], None, contents())
    assert "runs/t is complete already; --fresh moves it aside and begins anew" in capsys.readouterr().err
