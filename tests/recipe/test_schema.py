"""The recipes of the verbs: rules over several keys, and what --smoke sets."""

import pytest

from mbert_cli.errors import UserError
from mbert_cli.recipe.keys import keys_of
from mbert_cli.recipe.loading import load
from mbert_cli.recipe.schema import FORMS, RECIPES, SMOKE, SMOKE_FORMS, SMOKE_TASKS

pytestmark = pytest.mark.usefixtures("empty_folder")


def test_smoke_sets_exactly_its_values():
    loaded = load("finetune", smoke=True)
    assert {path for path, origin in loaded.origins.items() if origin == "--smoke"} == set(SMOKE["finetune"])


@pytest.mark.parametrize(
    ("settings", "flags", "message"),
    [
        (
            ["initialize_from=runs/b"],
            {"--source": ("source", "runs/a")},
            "--set, --source: source and initialize_from exclude each other; leave one out",
        ),
        (
            ["pretrained=false", "initialize_from=runs/b"],
            {},
            "--set: pretrained: false takes no weights; leave initialize_from out",
        ),
        (
            ["search={}"],
            {},
            "--set: search: learning_rate, batch_size, epochs or seed must list what is tried",
        ),
    ],
)
def test_a_rule_that_flags_break_is_told_of_the_flags_and_not_of_the_file(settings, flags, message):
    with pytest.raises(UserError) as caught:
        load("finetune", "quickstart", settings, flags=flags)
    assert caught.value.message == message


def test_every_verb_with_recipes_has_values_for_smoke_that_it_knows():
    assert set(SMOKE) == set(RECIPES)
    for verb, values in SMOKE.items():
        assert set(values) <= {key.path for key in keys_of(verb)}, verb


@pytest.mark.parametrize(
    ("source", "beside"), [("squad", ["task.train=a.json"]), ("glue", ["task.name=rte"])]
)
def test_smoke_sets_the_keys_of_the_source_of_the_task(tmp_path, monkeypatch, source, beside):
    monkeypatch.chdir(tmp_path)
    keys = "".join(f"  {setting.replace('=', ': ').removeprefix('task.')}\n" for setting in beside)
    (tmp_path / "x.yaml").write_text(f"task:\n  source: {source}\n{keys}")
    loaded = load("finetune", "x.yaml", smoke=True)
    smoke = {path for path, origin in loaded.origins.items() if origin == "--smoke"}
    assert smoke - set(SMOKE["finetune"]) == set(SMOKE_TASKS.get(source, {}))


def test_smoke_makes_a_search_small(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.yaml").write_text("search:\n  seed: [5, 6, 7]\n  learning_rate: [0.1, 0.2, 0.3]\n")
    search = load("finetune", "x.yaml", smoke=True).recipe.search
    assert (search.seed, search.max_trials, search.learning_rate) == ([0, 1], 4, [0.1, 0.2, 0.3])


@pytest.mark.parametrize("strategy", FORMS["distill"])
def test_smoke_makes_every_strategy_small(strategy):
    loaded = load("distill", settings=[f"distill.strategy={strategy}"], smoke=True)
    smoke = {path for path, origin in loaded.origins.items() if origin == "--smoke"}
    expected = {*SMOKE["distill"], *SMOKE_FORMS[strategy]} - {
        "task.sequence_length"
    }  # a task of the teacher's
    assert smoke - {"model.changes.intra_dim"} == expected
    steps = [value for key, value in SMOKE_FORMS[strategy].items() if key.endswith("steps")]
    assert steps
    assert max(steps) <= 4
    size = loaded.recipe.model.resolve()
    assert (size.intra_dim is None) == (loaded.recipe.model.changes.intra_dim is None)


def test_smoke_leaves_out_maps_between_layers_that_are_gone():
    distill = load("distill", "minilm_general", ["distill.head_map=[1, 0]"], smoke=True).recipe.distill
    assert (distill.layer_map, distill.head_map) == (None, [1, 0])
    assert load("distill", "minilm_general").recipe.distill.layer_map == [1, 2, 4, 5]
    assert load("distill", "quickstart_distilbert", smoke=True).recipe.distill.copied_layers is None


def test_every_form_has_values_for_smoke():
    assert set(SMOKE_FORMS) == set(FORMS["distill"])
