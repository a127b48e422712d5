"""The matrix products of small networks, counted by hand."""

import math

from mbert_cli.cost.passes import count_operations
from mbert_cli.cost.products import Network, products_of
from mbert_cli.model.cost import count_flops, count_parameters
from mbert_cli.model.options import SIZES
from mbert_cli.model.task_head import CLASSIFIER, TaskHead
from mbert_cli.model.weight_shapes import pretraining_shapes

TINY = SIZES["bert_base"].model_copy(
    update={"num_layers": 2, "hidden_dim": 4, "embedding_dim": 4, "intermediate_dim": 8, "num_heads": 2}
)
"""BERT's plain block: query, key, value and output 4 x 4, feed-forward 4 x 8 and 8 x 4, pooler 4 x 4."""
LENGTH = 3
MAPS = 2 * LENGTH * (4 * 4 * 4 + 2 * 4 * 8)
ATTENTION = 2 * LENGTH * LENGTH * 4 * 2
PRETRAINING = ("masked_language_model", "next_sentence")


def test_a_plain_block_has_six_maps_and_two_products_of_attention():
    products = products_of(Network(TINY, 10), LENGTH, 0)
    first = [one for one in products if one.layer == "layer_00"]
    assert (len(first), count_operations(first)) == (7, MAPS + ATTENTION)
    assert sum(one.operations for one in first if not one.is_weighted) == ATTENTION
    assert sum(one.operations for one in first if one.reads_below) == 2 * LENGTH * 3 * 4 * 4
    assert count_operations(products) == 2 * (MAPS + ATTENTION)


def test_the_bottlenecks_of_a_mobilebert_and_its_values_read_what_lies_below():
    products = products_of(Network(SIZES["mobilebert"], 10), 1, 0, depth=1)
    assert [one.operations for one in products if one.reads_below] == [2 * 512 * 128] * 3


def test_tables_take_no_product_and_a_trigram_takes_one():
    plain, trigram = (
        products_of(Network(SIZES[name], 10), 1, 0, depth=0) for name in ("bert_base", "mobilebert")
    )
    assert [one.operations for one in plain] == [0]
    assert [one.operations for one in trigram] == [2 * 3 * 128 * 512]


def test_a_whole_encoder_has_the_operations_of_its_size():
    for name in ("mobilebert", "ib_bert_large", "tinybert_4", "mobilebert_tiny"):
        products = products_of(Network(SIZES[name], 10), 128, 0, depth=SIZES[name].num_layers)
        assert count_operations(products) == count_flops(SIZES[name], 128)


def test_the_heads_of_pretraining_read_the_masked_words_and_cls():
    heads: dict[str, int] = {}
    for one in products_of(Network(TINY, 10, PRETRAINING), LENGTH, 2):
        if one.place == 3:
            heads[one.layer] = heads.get(one.layer, 0) + one.operations
    words = 2 * 2 * (4 * 4 + 4 * 10)  # the transform and the scores of 10 tokens, for 2 masked words
    assert heads == {"masked_language_model": words, "next_sentence": 2 * 4 * 2, "pooler": 2 * 4 * 4}


def test_a_head_of_a_task_reads_cls_or_every_token():
    tokens = TaskHead("token_classifier", False, "softmax", ("probabilities",))
    counts = [
        sum(
            one.operations for one in products_of(Network(TINY, 10, (), head, 5), LENGTH, 0) if one.place == 3
        )
        for head in (CLASSIFIER, tokens)
    ]
    assert counts == [2 * 4 * 4 + 2 * 4 * 5, 2 * LENGTH * 4 * 5]


def test_a_network_has_the_parameters_of_its_encoder_and_its_heads():
    size = SIZES["mobilebert"]
    heads = sum(map(math.prod, pretraining_shapes(size, 30522).values()))
    assert Network(size, 30522, PRETRAINING).parameters == count_parameters(size, 30522) + heads


def test_a_network_without_next_sentences_has_no_pooler():
    both, one = (Network(TINY, 10, heads).parameters for heads in (PRETRAINING, PRETRAINING[:1]))
    assert both - one == (4 * 4 + 4) + (4 * 2 + 2)
