"""The run that a command writes, begun and continued."""

from dataclasses import replace
from pathlib import Path

import keras
import pytest
import yaml

from mbert_cli.errors import UserError
from mbert_cli.hosts.joining import Hosts
from mbert_cli.recipe.invocation import invoke
from mbert_cli.runs.content import files_content
from mbert_cli.runs.directory import RunDir
from mbert_cli.runs.followed import FollowedRun
from mbert_cli.runs.listing import read_origin
from mbert_cli.sessions import opening
from mbert_cli.sessions.opening import open_run

pytestmark = pytest.mark.usefixtures("empty_folder")


def open_teacher(contents=None, *settings: str):
    invocation = invoke("train-teacher", "quickstart", ["seed=3", *settings], {}, run=Path("runs/t"))
    return open_run(invocation, invocation.recipe, contents or {})


def test_a_run_knows_its_recipe_and_where_it_was_trained():
    with open_teacher() as run:
        (session,) = run.origin["sessions"]
    assert (run.path, run.kind, run.recipe["seed"]) == (Path("runs/t"), "train-teacher", 3)
    assert (session["seed"], session["backend"]) == (3, keras.backend.backend())
    assert "cpu" in session["device"]


def test_inputs_that_lie_elsewhere_are_said_when_a_run_continues(capsys):
    for name in ("a", "b"):
        Path(name).mkdir()
        Path(name, "store").write_text("tokens")
    open_teacher({"data.run": files_content("a", [Path("a/store")])}, "data.run=a").close()
    assert capsys.readouterr().err == ""
    open_teacher({"data.run": files_content("b", [Path("b/store")])}, "data.run=b").close()
    assert capsys.readouterr().err == "data.run: b in place of a, with the same content\n"


OF_0_1 = """
strategy: STRATEGY
transfer_steps: 600
pretraining_steps: 900
transfer_learning_rate: null
factors: {feature_map: 100.0, feature_mean: 5000.0, feature_variance: 5.0, attention: 1.0}
ground_truth_ratio: 0.5
temperature: 1.0
layer_map: null
warm_start: [embeddings, masked_language_model, next_sentence]
progressive: {finished_layer_scale: 0.1, warmup_rate: 0.1}
"""
"""The section distill of the quickstart as version 0.1 recorded it."""


@pytest.mark.parametrize("strategy", ["progressive", "joint", "auxiliary"])
@pytest.mark.parametrize("recipe", ["quickstart", "runs/d/recipe.yaml"])
def test_a_run_that_version_0_1_began_continues(strategy, recipe):
    path = Path("runs/d")
    begun = invoke("distill", "quickstart", [f"distill.strategy={strategy}", "teacher=runs/t"], {}, run=path)
    section = yaml.safe_load(OF_0_1.replace("STRATEGY", strategy))
    recorded = begun.recipe.model_dump() | {"distill": section}
    RunDir.open(path, "distill", recorded, fresh=False, origin={}).close()
    words = [] if recipe.endswith("yaml") else [f"distill.strategy={strategy}", "teacher=runs/t"]
    invocation = invoke("distill", recipe, words, {}, run=path)
    assert invocation.recipe == begun.recipe
    with open_run(invocation, invocation.recipe, {}):
        pass
    assert len(read_origin(path)["sessions"]) == 2
    other = invoke("distill", recipe, [*words, "distill.temperature=2"], {}, run=path)
    with pytest.raises(UserError, match=r"distill\.temperature: 2\.0"):
        open_run(other, other.recipe, {})


def test_a_run_of_a_task_distillation_is_of_a_kind_of_its_own():
    invocation = invoke("distill", None, [], {"--strategy": ("distill.strategy", "task")})
    assert (invocation.verb, invocation.kind, str(invocation.run)) == (
        "distill", "distill-task", "runs/distill-quickstart_task",
    )  # fmt: skip
    with open_run(invocation, invocation.recipe, {}) as run:
        assert read_origin(run.path)["verb"] == "distill-task"
    assert Path(run.path, "recipe.yaml").read_text().startswith("# mbert distill: the resolved recipe")


def open_on(host: int, seen: list[bool], monkeypatch: pytest.MonkeyPatch) -> RunDir:
    """Opens the run of a teacher as one of two hosts, of which some see it."""
    invocation = invoke("train-teacher", "quickstart", ["seed=3"], {}, run=Path("runs/t"))
    invocation = replace(invocation, hosts=Hosts(host, 2, 2, ("a", "b")))
    monkeypatch.setattr(opening, "first_does", lambda hosts, work: work() if hosts.is_first else False)
    monkeypatch.setattr(opening, "tell_all", lambda hosts, sees: seen if sees else [])
    return open_run(invocation, invocation.recipe, {})


def test_the_first_host_opens_the_run_and_the_other_reads_it(monkeypatch):
    with open_on(0, [True, True], monkeypatch) as own, open_on(1, [True, True], monkeypatch) as followed:
        assert isinstance(followed, FollowedRun) and not isinstance(own, FollowedRun)
        assert len(own.origin["sessions"]) == 1


def test_a_run_that_a_host_does_not_see_is_refused_and_taken_back(monkeypatch):
    with pytest.raises(UserError) as refusal:
        open_on(0, [True, False], monkeypatch)
    assert refusal.value.message == (
        "All hosts must see the run directory. Received: runs/t, which host 1 (b) does not see"
    )
    assert not Path("runs/t").exists()
