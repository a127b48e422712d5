"""What a folder of sentence-transformers says of its vectors, in all forms in which the library wrote it."""

import json
from pathlib import Path

import pytest

from mbert_cli.errors import UserError
from mbert_cli.weights.description import EmbeddingDescription
from mbert_cli.weights.sentence_transformers import read_sentence_model, write_sentence_model

PREFIX = "sentence_transformers.models."
MEAN = {"word_embedding_dimension": 8, "pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}


def write(folder: Path, *names: str, pooling: object = MEAN, prefix: str = PREFIX, **settings) -> Path:
    """A folder whose modules have these classes."""
    places = {"Transformer": settings.pop("encoder", ""), "Pooling": "1_Pooling"}
    modules = [{"idx": i, "path": places.get(name, f"{i}_{name}"), "type": prefix + name}
               for i, name in enumerate(names)]  # fmt: skip
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling/config.json").write_text(json.dumps(pooling))
    encoder = folder / places["Transformer"]
    encoder.mkdir(exist_ok=True)
    (encoder / "sentence_bert_config.json").write_text(json.dumps(settings))
    return folder


def refusal(folder: Path) -> str:
    with pytest.raises(UserError) as caught:
        read_sentence_model(folder)
    return caught.value.message


def test_a_folder_without_modules_is_none(tmp_path):
    assert read_sentence_model(tmp_path) is None


def test_an_encoder_that_nothing_pools_is_none(tmp_path):
    assert read_sentence_model(write(tmp_path, "Transformer")) is None


@pytest.mark.parametrize(
    ("pooling", "found"),
    [
        (MEAN, "mean"),
        ({"word_embedding_dimension": 8}, "mean"),
        ({"pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True}, "cls"),
        ({"embedding_dimension": 8, "pooling_mode": "mean", "include_prompt": True}, "mean"),
        ({"embedding_dimension": 8, "pooling_mode": ["cls"]}, "cls"),
    ],
)
@pytest.mark.parametrize("prefix", [PREFIX, "sentence_transformers.sentence_transformer.modules.any."])
def test_both_forms_of_a_pooling_are_read(tmp_path, pooling, found, prefix):
    read = read_sentence_model(write(tmp_path, "Transformer", "Pooling", pooling=pooling, prefix=prefix))
    assert read.embedding == EmbeddingDescription(pooling=found, normalize=False)


def test_length_case_folder_and_normalization_are_read(tmp_path):
    folder = write(
        tmp_path, "Transformer", "Pooling", "Normalize", encoder="0_BERT", max_seq_length=96, do_lower_case=True
    )  # fmt: skip
    read = read_sentence_model(folder)
    assert (read.encoder, read.max_length, read.lowercases) == (folder / "0_BERT", 96, True)
    assert read.embedding.normalize and str(read.embedding) == "the mean over the tokens, of length 1"


def test_a_prompt_that_is_put_before_every_text_is_read(tmp_path):
    folder = write(tmp_path, "Transformer", "Pooling")
    prompts = {"prompts": {"query": "query: ", "passage": ""}, "default_prompt_name": "query"}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    assert read_sentence_model(folder).prompt == "query: "


def test_a_mean_that_leaves_the_prompt_s_tokens_out_is_refused(tmp_path):
    folder = write(tmp_path, "Transformer", "Pooling", pooling=MEAN | {"include_prompt": False})
    assert read_sentence_model(folder).prompt == ""
    prompts = {"prompts": {"query": "query: "}, "default_prompt_name": "query"}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    assert refusal(folder) == (
        "Vectors must be pooled over the whole text. Received: include_prompt false in "
        f"{folder / '1_Pooling/config.json'}, and a default prompt in {folder / 'config_sentence_transformers.json'}"
    )
    cls = {"pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True, "include_prompt": False}
    (folder / "1_Pooling/config.json").write_text(json.dumps(cls))
    assert read_sentence_model(folder).prompt == "query: "


@pytest.mark.parametrize(
    ("names", "listed"),
    [
        (("Transformer", "Pooling", "Dense", "Normalize"), "Transformer, Pooling, Dense, Normalize"),
        (("WordEmbeddings", "Pooling"), "WordEmbeddings, Pooling"),
        (("Transformer", "Normalize", "Pooling"), "Transformer, Normalize, Pooling"),
        ((), "no module"),
    ],
)
def test_other_modules_are_refused_by_name(tmp_path, names, listed):
    assert refusal(write(tmp_path, *names)) == (
        "A model of vectors must be a Transformer, a Pooling and at most a Normalize behind it. "
        f"Received: {listed} in {tmp_path / 'modules.json'}"
    )


@pytest.mark.parametrize(
    ("pooling", "listed"),
    [
        (MEAN | {"pooling_mode_max_tokens": True}, "mean and max"),
        ({"pooling_mode_mean_tokens": False, "pooling_mode_mean_sqrt_len_tokens": True}, "mean_sqrt_len_tokens"),
        ({"pooling_mode": "lasttoken"}, "lasttoken"),
        ({"pooling_mode_mean_tokens": False}, "no pooling"),
    ],
)  # fmt: skip
def test_other_poolings_are_refused_by_name(tmp_path, pooling, listed):
    folder = write(tmp_path, "Transformer", "Pooling", pooling=pooling)
    assert refusal(folder) == (
        f"Vectors must be pooled by mean or cls alone. Received: {listed} in {folder / '1_Pooling/config.json'}"
    )
    with pytest.raises(UserError) as caught:
        read_sentence_model(folder)
    assert caught.value.hint == (
        "Another pooling gives other vectors. "
        "Its encoder alone can be imported: put the folder's other files where there is no modules.json."
    )
    (folder / "modules.json").unlink()
    assert read_sentence_model(folder) is None


@pytest.mark.parametrize("content", ["{", "[1]", "3", '[{"type": "Transformer"}]'])
def test_damaged_modules_are_refused(tmp_path, content):
    (tmp_path / "modules.json").write_text(content)
    assert refusal(tmp_path).startswith("modules.json must list modules with their type and path.")


@pytest.mark.parametrize("name", ["sentence_bert_config.json", "config_sentence_transformers.json"])
def test_damaged_settings_are_refused(tmp_path, name):
    (write(tmp_path, "Transformer", "Pooling") / name).write_text("{")
    assert refusal(tmp_path) == (
        f"The settings of sentence-transformers must be readable. Received: {tmp_path / name}"
    )


def test_settings_of_the_first_versions_have_the_name_of_the_family(tmp_path):
    folder = write(tmp_path, "Transformer", "Pooling", max_seq_length=96)
    (folder / "sentence_bert_config.json").rename(folder / "sentence_distilbert_config.json")
    assert read_sentence_model(folder).max_length == 96


@pytest.mark.parametrize("length", [0, -3, "96", True, 1.5])
def test_a_length_that_is_none_is_refused(tmp_path, length):
    folder = write(tmp_path, "Transformer", "Pooling", max_seq_length=length)
    assert f"Received: {length!r} in" in refusal(folder)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
@pytest.mark.parametrize("normalize", [True, False])
def test_what_is_written_is_read_again(tmp_path, pooling, normalize):
    embedding = EmbeddingDescription(pooling=pooling, normalize=normalize)
    write_sentence_model(tmp_path, embedding, 8, 96)
    read = read_sentence_model(tmp_path)
    assert (read.encoder, read.embedding, read.max_length) == (tmp_path, embedding, 96)
