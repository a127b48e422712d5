"""Names and shapes of weights, and their sums, against those of built networks."""

import math

import pytest

from mbert_cli.model.cost import count_parameters, count_task_parameters
from mbert_cli.model.encoder import build_encoder
from mbert_cli.model.heads import build_pretraining_network, build_task_network
from mbert_cli.model.options import SIZES, Architecture
from mbert_cli.model.task_head import TaskHead
from mbert_cli.model.weight_shapes import encoder_shapes, pretraining_shapes, task_shapes
from mbert_cli.tasks.kinds import KINDS
from mbert_cli.weights.variables import read_variables

VOCABULARY = 100
HEADS = {kind.head.name: kind.head for kind in KINDS.values()}


def small(name: str, **changes) -> Architecture:
    """A size with two layers, and all else as it is."""
    return SIZES[name].model_copy(update={"num_layers": 2} | changes)


def shapes_of(network) -> dict:
    return {name: array.shape for name, array in read_variables(network).items()}


@pytest.mark.parametrize("name", SIZES)
def test_shapes_of_pre_training_are_those_of_the_network(name):
    size = small(name)
    network = build_pretraining_network(size, vocab_size=VOCABULARY, seed=None)
    assert encoder_shapes(size, VOCABULARY) | pretraining_shapes(size, VOCABULARY) == shapes_of(network)


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize("name", SIZES)
def test_shapes_of_task_models_are_those_of_the_network(name, head: TaskHead):
    size = small(name)
    network = build_task_network(size, head=head, num_outputs=3, vocab_size=VOCABULARY, seed=None)
    assert encoder_shapes(size, VOCABULARY) | task_shapes(size, head, 3) == shapes_of(network)
    counted = count_parameters(size, VOCABULARY) + count_task_parameters(size, head, 3)
    assert counted == network.count_params()


@pytest.mark.parametrize("name", ["mobilebert", "mobilebert_tiny", "ib_bert_laptop", "bert_base"])
def test_shapes_of_a_folded_model_are_those_of_its_network(name):
    places = ("layer_00/attention", "layer_01/feed_forward_0")
    if SIZES[name].intra_dim:
        places += ("layer_01/bottleneck_output",)
    size = small(name, normalization="folded", merged_projections=True, multiplied_residuals=places)
    network = build_encoder(size, vocab_size=VOCABULARY, seed=None)
    assert encoder_shapes(size, VOCABULARY) == shapes_of(network)
    assert count_parameters(size, VOCABULARY) == network.count_params()


@pytest.mark.parametrize("name", SIZES)
def test_parameters_are_the_sum_over_all_layers(name):
    one, two = (count_parameters(small(name, num_layers=layers), VOCABULARY) for layers in (1, 2))
    whole = count_parameters(SIZES[name], VOCABULARY)
    assert whole == one + (SIZES[name].num_layers - 1) * (two - one)
    assert whole == sum(map(math.prod, encoder_shapes(SIZES[name], VOCABULARY).values()))
