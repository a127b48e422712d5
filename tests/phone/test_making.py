"""An artifact that loses too much gets its worst layers in higher precision, or is refused with what was found."""

from collections.abc import Callable
from contextlib import ExitStack
from types import SimpleNamespace

import pytest

from mbert_cli.errors import RunError, UserError
from mbert_cli.examples.options import GlueTask, ImportedTask
from mbert_cli.phone import making
from mbert_cli.phone.making import ArtifactMaker
from mbert_cli.tflite.fallback import FallbackCost, MadeFile
from mbert_cli.tflite.layer_errors import LayerError, LayerErrors
from mbert_cli.tflite.options import ExportOptions
from mbert_cli.tflite.source_model import RoundedByRows
from mbert_cli.tflite.verify import VerifyReport

LAYERS = tuple(LayerError(path, (path,), error, 0.01) for path, error in (("b", 0.4), ("a", 0.2), ("c", 0.1)))
TASK = GlueTask(source="glue", name="sst2")
WITHOUT_ROWS = RoundedByRows(why_not="none")


@pytest.fixture
def maker(monkeypatch) -> Callable[..., ArtifactMaker]:
    """Makes artifacts of which each kept layer halves the answers that differ."""

    def make(
        disagreement: float,
        task=TASK,
        rest: float = 0.01,
        rounded=WITHOUT_ROWS,
        row_ranged=(),
        learned=None,
        **options,
    ) -> ArtifactMaker:
        source = SimpleNamespace(
            converted=lambda mode, length: b"", quantized=lambda content, mode, kept=(): content, weights_of=lambda mode: {}, rows={},
            equalizes=lambda mode: mode == "int8", equalized=({}, ["x"]),
            rounds_by_rows=lambda mode: mode == "int4", rounded=lambda mode, content: rounded,
            row_ranged=lambda mode, content: {path: path for path in row_ranged}, has_learned=lambda mode: mode == learned,
        )  # fmt: skip
        made = ArtifactMaker(source, None, (64,), None, ExportOptions(**options), task)

        def build(self, mode, converted, kept) -> MadeFile:
            rate = disagreement / 2 ** len(kept)
            return MadeFile(
                bytes(10 + len(kept)), b"", VerifyReport(400, 0.9, 0.9, rate, 0.1), {64: 400}, tuple(kept)
            )

        monkeypatch.setattr(ArtifactMaker, "_build", build)
        errors = LayerErrors(32, 0.5, rest, LAYERS)
        monkeypatch.setattr(making, "measure_layer_errors", lambda *arguments: errors)
        cost = FallbackCost(2, 1.25)
        monkeypatch.setattr(making, "measure_cost", lambda before, after, rows: cost)
        return made

    return make


def test_an_artifact_that_is_good_enough_is_left_as_it_is(maker):
    made = maker(0.02).make("int8")
    assert made.chosen.kept == ()
    assert made.record("dynamic int8") == {
        "equalized": ["x"], "eight_bit_maps": [], "row_ranges": [],
    }  # fmt: skip


def test_what_has_ranges_of_each_row_is_said_and_recorded(maker, capsys):
    made = maker(0.02, row_ranged=("encoder/layer_00/feed_forward_0/output",)).make("int8")
    assert made.record("dynamic int8")["row_ranges"] == ["encoder/layer_00/feed_forward_0/output"]
    said = " ".join("".join(capsys.readouterr()).split())
    assert "1 dense map with ranges of each row" in said
    assert "loses too much there: encoder/layer_00/feed_forward_0/output" in said


def test_what_int4_keeps_in_8_bits_is_said_and_recorded(maker, capsys):
    rounded = RoundedByRows({}, {"layer_00/MatMul": "encoder/layer_00/attention/output"})
    made = maker(0.02, rounded=rounded).make("int4")
    assert made.record("dynamic int8")["eight_bit_maps"] == ["encoder/layer_00/attention/output"]
    said = " ".join("".join(capsys.readouterr()).split())
    assert "those that lose most have 8 bits: encoder/layer_00/attention/output" in said


def test_why_kernels_of_int4_were_rounded_without_rows_is_said(maker, capsys):
    maker(0.02).make("int4")
    assert "without training rows: none" in " ".join("".join(capsys.readouterr()).split())


def test_one_that_loses_too_much_keeps_as_many_layers_as_it_takes(maker):
    made = maker(0.1).make("int8")
    assert [layer.path for layer in made.chosen.kept] == ["b", "a"]
    assert made.record("dynamic int8")["fallback"] == {
        "layers": ["b", "a"],
        "precision": "dynamic int8",
        "disagreement_rate_without": 0.1,
        "metric_without": 0.9,
        "size_bytes": 2,
        "time_ratio": 1.25,
    }


def test_one_that_nothing_saves_is_refused_with_its_worst_layers_and_what_to_try(maker):
    with pytest.raises(RunError) as caught:
        maker(0.8).make("int8")
    assert caught.value.message == (
        "An artifact may predict 3.00% of the answers unlike the Keras run. Received: metric 90.00% against 90.00%, "
        "10.00% of the answers differ, largest difference 0.1000, on 400 examples. The worst layers alone change the "
        "outputs by: b 0.4000, a 0.2000, c 0.1000. 3 of them in higher precision did not suffice."
    )
    assert caught.value.hint == (
        "Try --quantize dynamic_int8 or --quantize float16; or more layers in higher precision: "
        "--set export.fallback.max_layers=7; or to allow more: --set export.verify.max_disagreement=..."
    )


def test_where_no_layer_may_be_kept_the_worst_are_named_all_the_same(maker):
    with pytest.raises(
        RunError, match=r"alone change the outputs by: b 0\.4000, a 0\.2000, c 0\.1000\.$"
    ) as caught:
        maker(0.1, fallback={"max_layers": 0}, equalize=False).make("int8_full")
    assert "--set export.fallback.max_layers=4; or --set export.equalize=true" in caught.value.hint


@pytest.mark.parametrize(
    ("mode", "task"), [("dynamic_int8", TASK), ("int4", ImportedTask(source="imported"))]
)
def test_modes_of_the_converter_and_models_without_rows_keep_nothing(mode, task, maker):
    with pytest.raises(RunError, match=r"on 400 examples\.$") as caught:
        maker(0.1, task).make(mode)
    assert ("or training rows, which say how kernels" in caught.value.hint) == (mode == "int4")


def test_dense_maps_are_kept_in_what_the_target_computes(maker):
    assert maker(0.1).precision == "dynamic int8"
    assert maker(0.1, target="npu").precision == "float32"


def test_where_the_damage_is_not_of_dense_maps_fine_tuning_is_named(maker):
    with pytest.raises(RunError) as caught:
        maker(0.8, rest=0.3).make("int8_full")
    assert "max_layers=7; or fine-tuning for it" in caught.value.hint
    assert "`mbert finetune` with --set quantize.mode=int8_full" in caught.value.hint


def test_a_run_that_learned_the_mode_is_not_told_to_learn_it(maker):
    with pytest.raises(RunError, match="all that are no dense maps") as caught:
        maker(0.8, rest=0.3, learned="int8_full").make("int8_full")
    assert "max_layers=7; or to allow more" in caught.value.hint


def test_what_is_to_be_tried_is_for_the_same_target(maker):
    with pytest.raises(RunError) as caught:
        maker(0.8, rest=0.3, target="npu").make("int8_full")
    assert caught.value.hint.startswith("Try --quantize int16x8 or --quantize float32; or ")
    assert "--set quantize.mode=int8_full --set quantize.target=npu;" in caught.value.hint


def test_no_dense_map_is_kept_where_all_else_does_the_damage(maker):
    with pytest.raises(RunError, match=r"80\.00% of the answers differ.*alone change the outputs") as caught:
        maker(0.8, rest=0.6).make("int8_full")
    assert "alone change the outputs by: all that are no dense maps 0.6000, b 0.4000" in caught.value.message
    assert "did not suffice" not in caught.value.message
    assert "max_layers" not in caught.value.hint


def test_a_file_that_the_runtime_refuses_is_named_with_its_mode(monkeypatch):
    def refuse(content, **options):
        raise UserError("no", "no")

    monkeypatch.setattr(making, "opened_content", refuse)
    reference = SimpleNamespace(head=SimpleNamespace(artifact_outputs=("probabilities",)))
    maker = ArtifactMaker(None, reference, (64,), bytes, ExportOptions(equalize=False), TASK)
    with pytest.raises(RunError, match="Received: one in int8 that it refuses") as caught:
        maker._open(ExitStack(), b"", "int8")
    assert caught.value.hint == "Try --set export.equalize=true."
