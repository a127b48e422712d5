"""A recipe shown with the origin of its values."""

from mbert_cli.recipe.loading import load
from mbert_cli.recipe.showing import show


def test_every_value_stands_with_its_origin():
    loaded = load("export-tflite", "quickstart", ["export.quantize=[float32, float16]"])
    lines = show(loaded)
    assert lines[:4] == [
        "export:",
        "  quantize: [float32, float16]  # --set",
        "  sequence_length: null         # default",
        "  target: cpu                   # default",
    ]
    verify = lines.index("  verify:")
    assert lines[verify + 1 : verify + 4] == [
        "    max_examples: 1000          # recipes/export-tflite/quickstart.yaml:9",
        "    max_metric_loss: 0.01       # default",
        "    max_disagreement: 0.03      # default",
    ]
    assert "task: null                      # default" in lines


def test_what_is_shown_loads_as_the_same_recipe(tmp_path):
    for verb in ("prepare", "train-teacher", "distill", "finetune", "eval", "bench"):
        loaded = load(verb)
        path = tmp_path / f"{verb}.yaml"
        path.write_text("\n".join(show(loaded)) + "\n")
        assert load(verb, str(path)).recipe == loaded.recipe
