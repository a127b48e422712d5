"""Every tensor of an artifact begins with the batch, and the CPU computes what it did."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from mbert_cli.model.options import SIZES
from mbert_cli.tasks.kinds import KINDS
from mbert_cli.tflite import flatbuffer
from mbert_cli.tflite.convert import convert
from mbert_cli.tflite.interpreter import Artifact
from mbert_cli.tflite.lengths import merge_lengths
from mbert_cli.tflite.operation_codes import OPERATION_NAMES, operation_of
from tests.tflite.accelerator import DRIVERS, run_accelerated

LENGTH = 12
HEADS = {
    "classification": 3,
    "token_classification": 3,
    "question_answering": 2,
    "multi_label": 3,
    "regression": 1,
}
TOLERANCES = {"float32": 1e-5, "dynamic_int8": 2e-2}

accelerated = pytest.mark.skipif(not DRIVERS, reason="needs Chromium's SwiftShader, in place of a GPU")


@pytest.fixture(scope="module")
def artifact(random_network, small_size, tmp_path_factory):
    """Writes an artifact with random weights, with or without the batch axis in all of its tensors."""
    folder = tmp_path_factory.mktemp("artifacts")

    def write(
        size: str, mode: str = "float32", kind: str = "classification", *, is_kept: bool = True
    ) -> Path:
        path = folder / f"{size}-{mode}-{kind}-{is_kept}.tflite"
        if path.exists():
            return path
        network = random_network(small_size(size), head=KINDS[kind].head, num_outputs=HEADS[kind])
        with pytest.MonkeyPatch.context() as patch:
            if not is_kept:
                patch.setattr(flatbuffer, "keep_batch_axis", lambda model: None)
            path.write_bytes(convert(network, LENGTH, mode, KINDS[kind].head))
        return path

    return write


def operations(path) -> list[tuple[str, schema.OperatorT, list[list[int]]]]:
    """Name, operator and shapes of the outputs of each operation."""
    model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
    (graph,) = model.subgraphs
    found = []
    for operator in graph.operators:
        shapes = [[int(size) for size in graph.tensors[index].shape] for index in operator.outputs]
        found.append((OPERATION_NAMES[operation_of(model, operator)], operator, shapes))
    return found


@pytest.mark.parametrize("size", ["mobilebert", "bert_base"])
def test_every_tensor_but_indices_and_what_they_fetch_begins_with_the_batch(size, artifact):
    found = operations(artifact(size))
    others = {name for name, _, shapes in found for shape in shapes if shape[0] != 1}
    assert others == {"RESHAPE", "GATHER"}
    flat = [shape for name, _, shapes in found for shape in shapes if name == "RESHAPE" and shape[0] != 1]
    assert flat == [[LENGTH], [LENGTH]]  # ids of words and segments
    assert not any(
        operator.builtinOptions.shrinkAxisMask for name, operator, _ in found if name == "STRIDED_SLICE"
    )


@pytest.mark.parametrize("size", ["mobilebert", "bert_base"])
def test_the_cpu_returns_the_same_bits(size, artifact, batch):
    before, after = artifact(size, is_kept=False), artifact(size)
    np.testing.assert_array_equal(Artifact(after).predict(batch), Artifact(before).predict(batch))


def test_kernels_have_two_axes_where_as_many_outputs_as_tokens_are_unpacked(random_network, small_size):
    size = small_size("mobilebert").model_copy(update={"max_length": 32})
    assert size.intra_dim == 32
    content = convert(random_network(size), 32, "float16")
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    (graph,) = model.subgraphs
    dense = schema.BuiltinOperator.FULLY_CONNECTED
    kernels = [
        graph.tensors[operator.inputs[1]].shape.tolist()
        for operator in graph.operators
        if operation_of(model, operator) == dense
    ]
    assert any(shape[0] == 32 for shape in kernels)
    assert {len(shape) for shape in kernels} == {2}


def test_no_new_tensor_has_the_name_of_another(artifact):
    model = schema.ModelT.InitFromPackedBuf(artifact("mobilebert").read_bytes(), 0)
    names = [tensor.name for tensor in model.subgraphs[0].tensors]
    new = [name for name in names if b"_reshaped" in name or name.startswith(b"batch_axis_")]
    assert len(new) > 10
    assert [name for name in new if names.count(name) > 1] == []


@pytest.mark.slow
@accelerated
def test_without_it_the_accelerator_is_wrong_or_refuses(artifact, batch):
    path = artifact("mobilebert", is_kept=False)
    found = run_accelerated(path, batch, "gpu,cpu").outputs["probabilities"]
    assert np.abs(found - Artifact(path).predict(batch)).max() > 0.01
    assert not run_accelerated(
        artifact("mobilebert", "dynamic_int8", is_kept=False), batch, "gpu,cpu"
    ).outputs


@pytest.mark.slow
@accelerated
@pytest.mark.parametrize("mode", TOLERANCES)
@pytest.mark.parametrize("size", SIZES)
def test_the_accelerator_computes_everything_and_what_the_cpu_does(size, mode, artifact, batch):
    path = artifact(size, mode)
    found = run_accelerated(path, batch)
    assert found.is_full, found.log
    np.testing.assert_allclose(
        found.outputs["probabilities"], Artifact(path).predict(batch), atol=TOLERANCES[mode]
    )


@pytest.mark.slow
@accelerated
@pytest.mark.parametrize("kind", HEADS)
def test_so_it_does_for_every_head(kind, artifact, batch):
    path = artifact("mobilebert", kind=kind)
    found = run_accelerated(path, batch)
    assert found.is_full, found.log
    head = KINDS[kind].head
    columns = [found.outputs[name] for name in head.artifact_outputs]
    outputs = columns[0] if len(columns) == 1 else np.stack(columns, axis=-1)
    np.testing.assert_allclose(
        outputs, Artifact(path, known_outputs=[head.artifact_outputs]).predict(batch), atol=1e-4
    )


@pytest.mark.slow
@accelerated
def test_so_it_does_for_each_length_of_a_file(network, batch, tmp_path):
    path = tmp_path / "model.tflite"
    path.write_bytes(merge_lengths({length: convert(network, length, "float32") for length in (6, LENGTH)}))
    for length in (6, LENGTH):
        cut = {name: values[:, :length] for name, values in batch.items() if values.ndim > 1}
        found = run_accelerated(path, cut)
        assert found.is_full, found.log
        expected = Artifact(path).at(length).predict(cut)
        np.testing.assert_allclose(found.outputs["probabilities"], expected, atol=1e-5)


@pytest.mark.slow
@accelerated
@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_so_it_does_for_vectors_of_texts(pooling, random_network, small_size, batch, tmp_path):
    head = replace(KINDS["embedding"].head, pooling=pooling, activation="unit_length")
    network = random_network(small_size("bert_base"), head=head)
    path = tmp_path / "model.tflite"
    path.write_bytes(convert(network, LENGTH, "float32", head))
    found = run_accelerated(path, batch)
    assert found.is_full, found.log
    np.testing.assert_allclose(found.outputs["embedding"], Artifact(path).predict(batch), atol=1e-5)
