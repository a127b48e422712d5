"""What dense maps read and write is found by running examples."""

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from mbert_cli.tflite.census import dense_maps
from mbert_cli.tflite.dense_maps import find_dense_maps, kernel_values
from mbert_cli.tflite.dense_rows import dense_rows


def test_what_is_written_is_the_product_of_what_is_read_and_the_kernel(content, batch):
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    kernels = {entry.name: kernel_values(model, entry) for entry in find_dense_maps(model)}
    assert list(kernels) == dense_maps(content)
    for entry, read, written in dense_rows(content, batch):
        products = read @ kernels[entry.name].T
        assert products.shape == written.shape
        if len(written) > 1 and written.min() < 0:  # the bias is left, where no ReLU follows
            left = written - products
            np.testing.assert_allclose(left, np.broadcast_to(left[:1], left.shape), atol=1e-4)


def test_padding_is_left_out_and_every_example_is_run(content, batch):
    first = dense_maps(content)[0]
    counts = [len(read) for entry, read, _ in dense_rows(content, batch) if entry.name == first]
    assert counts == batch["padding_mask"].sum(axis=1).tolist()


def test_padding_counts_where_that_is_wanted(content, batch):
    first = dense_maps(content)[0]
    found = [(entry.name, len(read)) for entry, read, _ in dense_rows(content, batch, with_padding=True)]
    assert [count for name, count in found if name == first] == [12] * len(batch["token_ids"])
