"""Whether disk, memory and packages suffice."""

import importlib.abc
import sys
from pathlib import Path

import pytest

from mbert_cli.cost.memory import DeviceMemory
from mbert_cli.errors import UserError
from mbert_cli.model.cost import count_parameters, count_task_parameters
from mbert_cli.model.options import SIZES
from mbert_cli.model.task_head import CLASSIFIER
from mbert_cli.preflight import machine
from mbert_cli.preflight.resolving import inspect, resolve
from mbert_cli.recipe.invocation import invoke


def test_a_search_needs_room_for_the_models_of_all_its_trials(monkeypatch, make_run, checks):
    make_run("distill", "mobilebert_laptop")
    needed = []
    monkeypatch.setattr(machine, "require_disk", lambda path, size_bytes: needed.append(size_bytes))
    checks("finetune")
    checks("finetune", "quickstart", "search.learning_rate=[1e-3,1e-4]", "search.seed=[0,1,2]")
    size = SIZES["mobilebert_laptop"]
    parameters = count_parameters(size, 8000) + count_task_parameters(size, CLASSIFIER, 10)
    # six trials and the chosen one again, where a fine-tuning has one
    assert needed[1] - needed[0] == 4 * parameters * 6


def test_an_extra_that_is_missing_is_told(monkeypatch, checks):
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


def test_a_batch_far_beyond_the_memory_is_refused_with_one_that_fits(small_machine, make_run):
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


def test_an_estimate_near_the_memory_is_a_doubt_that_stops_nothing(small_machine, monkeypatch, capsys):
    monkeypatch.setattr(
        machine, "memory_of", lambda *training, **others: DeviceMemory(25_000_000_000, 0, 0, 0)
    )
    invocation = invoke("train-teacher", "quickstart", [], {})
    check = next(check for check in inspect(invocation) if check.name == "memory")
    assert (check.passed, check.state) == (True, "doubtful")
    resolve(invocation)
    assert capsys.readouterr().err == (
        "No prepared corpus in runs: `mbert prepare quickstart` runs first\n"
        "Warning: a step may not fit into memory: about 26.1 GB for batches of 32 x 64 tokens (an estimate); "
        "the machine has 24.0 GB\n"
    )


def test_a_dry_run_warns_of_the_machine_and_goes_on(small_machine, capsys):
    settings = ["train.batch_size=400000"]
    resolve(invoke("train-teacher", "quickstart", settings, {}, dry_run=True))
    assert "Warning: A step must fit into the memory of the machine, 24.0 GB. " in capsys.readouterr().err
    with pytest.raises(UserError):
        resolve(invoke("train-teacher", "quickstart", settings, {}))


def test_a_check_a_dry_run_and_the_run_itself_come_to_one_number(
    small_machine, make_run, table, checks, capsys
):
    make_run("distill", "mobilebert")
    table("t.csv", "text,label", *(f"text {number} {'long ' * 100},{number % 2}" for number in range(4504)))
    assert Path("t.csv").stat().st_size > 2_000_000
    words = [
        "task.train=t.csv",
        "train.batch_size=4096",
        "task.sequence_length=512",
        "train.dynamic_length=false",
    ]
    passed, finding = checks("finetune", "file", *words)["memory"]
    assert not passed
    assert " for batches of 4,076 x 512 tokens (an estimate)" in finding
    with pytest.raises(UserError) as caught:
        resolve(invoke("finetune", "file", words, {}))
    assert caught.value.message == finding
    capsys.readouterr()
    resolve(invoke("finetune", "file", words, {}, dry_run=True))
    assert capsys.readouterr().err.endswith(
        f"Warning: {finding}; on this machine the run itself would be refused\n"
    )
