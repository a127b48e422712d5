"""Keys explained."""

import pytest

from mbert_cli.errors import UserError
from mbert_cli.model.options import SIZES
from mbert_cli.recipe.explaining import explain, size_rows, tree


def test_a_key_is_found_by_its_last_word():
    explanation, fine_tuned, searched = explain("learning_rate")
    assert searched.path == "search.learning_rate"
    assert explanation.path == fine_tuned.path == "train.optimizer.learning_rate"
    assert explanation.help == "Peak learning rate."
    assert explanation.facts == [
        ("takes", "a number above 0"),
        ("only for", "distill.strategy: progressive, joint, auxiliary, general or distilbert (distill)"),
        ("default", "0.0001"),
        ("recipes of", "train-teacher, distill"),
    ]


def test_defaults_that_differ_name_their_verbs():
    (explanation,) = explain("model.size")
    assert explanation.facts[1:] == [
        ("default", "ib_bert_large (train-teacher)"),
        (
            "default",
            "mobilebert with distill.strategy: progressive, joint, auxiliary, general or distilbert (distill)",
        ),
        ("default", "tinybert_4 with distill.strategy: task (distill)"),
        ("recipes of", "train-teacher, distill"),
    ]


def test_meanings_that_differ_are_explained_apart():
    assert [dict(e.facts)["recipes of"] for e in explain("seed")] == [
        "train-teacher, distill", "distill", "finetune", "augment",
    ]  # fmt: skip


def test_a_key_that_variants_of_its_section_mean_otherwise_is_explained_for_each():
    explanations = explain("task.kind", ["finetune"])
    assert [explanation.facts[:2] for explanation in explanations] == [
        [("takes", "classification, multi_label or regression"), ("only for", "task.source: file")],
        [("takes", "entities or tags"), ("only for", "task.source: tokens")],
    ]
    assert [row[0].strip() for row in tree("finetune")].count("kind") == 2
    (section,) = explain("task", ["finetune"])
    assert [path for path, _ in section.keys].count("task.kind") == 2


def test_a_key_of_one_variant_says_so():
    (explanation,) = explain("corpus.globs")
    assert explanation.facts == [
        ("takes", "a list of texts, at least 1 of them"),
        ("only for", "corpus.source: files"),
        ("default", "none, it must be given"),
        ("recipes of", "prepare"),
    ]


def test_a_section_lists_its_keys():
    (explanation,) = explain("vocabulary", ["prepare"])
    assert explanation.keys == [
        ("vocabulary.file", "A vocab.txt with one token per line and BERT's reserved tokens; null trains a vocabulary."),
        ("vocabulary.size", "Number of entries to train; without effect beside a file."),
        ("vocabulary.lowercase", "Lower-case the text and strip accents, as BERT's uncased models do."),
        ("vocabulary.training_megabytes",
         "Train on at most this many megabytes of the corpus, spread evenly over the documents."),
    ]  # fmt: skip


def test_what_chooses_a_variant_lists_the_variants():
    (explanation,) = explain("source", ["prepare"])
    assert explanation.help == "Decides which keys the section has."
    assert explanation.facts[:2] == [
        ("takes", "one of files, tfds, installed_docs, mix"),
        ("files", "Read files."),
    ]


def test_the_tree_shows_each_key_once_with_its_default():
    rows = tree("export-tflite")
    found = [row[:2] for row in rows]
    assert found[:4] == [
        ("export", ""),
        ("  quantize", "dynamic_int8"),
        ("  sequence_length", "null"),
        ("  target", "cpu"),
    ]
    verify = found.index(("  verify", ""))
    assert found[verify + 1 : verify + 4] == [
        ("    max_examples", "400"),
        ("    max_metric_loss", "0.01"),
        ("    max_disagreement", "0.03"),
    ]
    assert found.count(("task", "")) == 1


def test_the_size_table_has_every_size():
    columns, rows = size_rows()
    assert [row[0] for row in rows] == list(SIZES)
    assert dict(zip(columns, rows[0], strict=True))["layers"] == "12"


def test_an_unknown_key_is_told_with_the_nearest():
    with pytest.raises(UserError) as error:
        explain("lerning_rate")
    assert (
        error.value.message
        == "The key must be one that a recipe has. Did you mean learning_rate? Received: lerning_rate"
    )
    assert error.value.hint == "`mbert recipe explain VERB` lists all keys of a verb."
