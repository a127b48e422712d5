"""Which gradients a step computes, on the products of a network of two layers."""

import math

from mbert_cli.cost.passes import Passes, count_backward, count_operations, lowest_place
from mbert_cli.cost.products import Product

BELOW, READS, INSIDE, ATTENTION = 5, 10, 100, 1000
NETWORK = [
    Product("embeddings", 0, BELOW),
    *(
        product
        for place in (1, 2)
        for product in (
            Product(f"layer_{place}", place, READS, reads_below=True),
            Product(f"layer_{place}", place, INSIDE),
            Product(f"layer_{place}", place, ATTENTION, is_weighted=False),
        )
    ),
]


def backward(*layers: str, products=NETWORK) -> int:
    return count_backward(products, set(layers).__contains__)


def test_where_all_trains_the_gradients_take_twice_as_much_as_the_forward_pass():
    assert count_operations(NETWORK) == BELOW + 2 * (READS + INSIDE + ATTENTION)
    assert backward("embeddings", "layer_1", "layer_2") == 2 * count_operations(NETWORK)


def test_below_the_lowest_layer_that_trains_nothing_is_computed():
    # What reads the frozen layer below has the gradient of its kernel alone.
    assert backward("layer_2") == READS + 2 * INSIDE + 2 * ATTENTION


def test_a_frozen_layer_above_passes_the_gradient_on_and_has_none_of_its_own():
    above = READS + INSIDE + 2 * ATTENTION
    assert backward("layer_1") == READS + 2 * INSIDE + 2 * ATTENTION + above
    assert backward("embeddings") == 2 * BELOW + 2 * above


def test_where_nothing_trains_there_is_no_gradient():
    assert backward() == 0
    assert lowest_place(NETWORK, lambda layer: False) == math.inf


def test_a_projection_that_trains_asks_for_no_gradient_below_it():
    products = [*NETWORK, Product("embedding_projection", 0, 7, is_aside=True)]
    assert backward("embedding_projection", products=products) == 7
    assert backward("embedding_projection", "layer_2", products=products) == 7 + backward("layer_2")
    assert backward("embedding_projection", "embeddings", products=products) == 2 * 7 + backward("embeddings")


def test_passes_add_up_and_multiply():
    one = Passes(1, 2, 3, 4)
    assert one + one == one * 2 == Passes(2, 4, 6, 8)
    assert one.total == 10
