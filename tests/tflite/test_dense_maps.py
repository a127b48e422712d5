"""The dense maps of a file are found with their kernels, whatever stands between them."""

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from mbert_cli.tflite.census import dense_maps
from mbert_cli.tflite.dense_maps import find_dense_maps, kernel_values
from mbert_cli.tflite.fold import fold
from mbert_cli.weights.variables import read_variables


def test_each_is_named_by_what_it_computes_in_the_order_in_which_they_run(content):
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    found = list(find_dense_maps(model))
    assert [entry.name for entry in found] == dense_maps(content)
    (graph,) = model.subgraphs
    assert [graph.tensors[entry.written].name.decode() for entry in found] == dense_maps(content)


def test_files_of_any_age_have_them(content):
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    for code in model.operatorCodes:
        code.builtinCode = 0
    assert [entry.name for entry in find_dense_maps(model)] == dense_maps(content)


def test_kernels_are_those_of_the_folded_network_with_outputs_first(content, network, small_size):
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    *_, classifier = find_dense_maps(model)
    weights, _ = fold(read_variables(network), small_size("mobilebert"))
    np.testing.assert_array_equal(kernel_values(model, classifier), weights["classifier/kernel"].T)
