"""How many tokens of a text another project's tokenizer keeps."""

import json

import pytest

from mbert_cli.text.tokenizer_length import find_max_length


@pytest.mark.parametrize(
    ("values", "length"),
    [
        ({"model_max_length": 512}, 512),
        ({"model_max_length": 512.0}, 512),
        ({"max_len": 128}, 128),
        ({"model_max_length": 64, "max_len": 128}, 64),
        ({"model_max_length": None, "max_len": 128}, 128),
        ({"model_max_length": 1000000000000000019884624838656}, None),
        ({"model_max_length": 10**20 - 10**5}, 10**20 - 10**5),
        ({"model_max_length": True}, None),
        ({"model_max_length": "512"}, None),
        ({"model_max_length": 0}, None),
        ({"model_max_length": -1}, None),
        ({"do_lower_case": True}, None),
        ({}, None),
    ],
)
def test_a_length_is_a_number_of_tokens_and_none_where_it_stands_for_no_limit(tmp_path, values, length):
    (tmp_path / "tokenizer_config.json").write_text("\ufeff" + json.dumps(values))
    assert find_max_length(tmp_path) == length


def test_a_checkpoint_may_have_no_configuration_of_a_tokenizer(tmp_path):
    assert find_max_length(tmp_path) is None
