"""What recipe files say, before it is laid over the defaults."""

import pytest

from mbert_cli.errors import UserError
from mbert_cli.recipe.files import find_recipe
from mbert_cli.recipe.layers import Layer, file_layers, setting_layer, text_for_folder, value_at
from mbert_cli.recipe.yaml_text import Entry

pytestmark = pytest.mark.usefixtures("empty_folder")


def layers_of(path, text: str) -> list[Layer]:
    path.write_text(text)
    return file_layers("distill", find_recipe("distill", str(path)))


def test_the_file_that_is_extended_comes_first(tmp_path):
    below, layer = layers_of(tmp_path / "mine.yaml", "extends: quickstart\ndistill:\n  transfer_steps: 7\n")
    assert (below.source, layer.source) == ("recipes/distill/quickstart.yaml", str(tmp_path / "mine.yaml"))
    assert value_at(below, "distill.transfer_steps") == 600
    assert value_at(layer, "distill.transfer_steps") == 7
    assert layer.entries["distill"].value["transfer_steps"].line == 3


def test_a_copy_extends_the_file_that_the_recipe_extends(tmp_path):
    (tmp_path / "lower.yaml").write_text("seed: 7\n")
    file = tmp_path / "upper.yaml"
    file.write_text("# Mine\nextends: lower.yaml  # beside it\ntrain: {steps: 3}\n")
    text = text_for_folder("train-teacher", find_recipe("train-teacher", str(file)), tmp_path / "copies")
    assert text == "# Mine\nextends: ../lower.yaml  # beside it\ntrain: {steps: 3}\n"
    file.write_text("extends: quickstart\n")
    assert text_for_folder("eval", find_recipe("eval", str(file)), tmp_path / "copies") == file.read_text()


def test_a_file_that_is_extended_extends_none(tmp_path):
    (tmp_path / "a.yaml").write_text("extends: quickstart\n")
    with pytest.raises(UserError, match="can extend only one that extends none"):
        layers_of(tmp_path / "mine.yaml", "extends: a.yaml\n")


def test_a_setting_is_a_layer_of_nested_entries():
    layer = setting_layer("train.optimizer.beta_2", Entry(0.98), "--set")
    assert value_at(layer, "train.optimizer") == {"beta_2": 0.98}
    assert value_at(layer, "train.optimizer.beta_1") is None
    assert value_at(layer, "train.optimizer.beta_2.more") is None


def test_what_an_older_version_recorded_is_read_in_the_keys_of_today(tmp_path):
    text = "distill: {strategy: joint, transfer_steps: 5, progressive: {warmup_rate: 0.3}}\n"
    heading = "# mbert distill: the resolved recipe of this run\n"
    (layer,) = layers_of(tmp_path / "recipe.yaml", heading + text)
    assert value_at(layer, "distill.transfer_steps") == 5
    assert value_at(layer, "distill.progressive") is None
    (layer,) = layers_of(tmp_path / "mine.yaml", text)
    assert value_at(layer, "distill.progressive") == {"warmup_rate": 0.3}
