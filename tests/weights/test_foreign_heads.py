"""Heads of checkpoints: which there are, what they answer, what their labels are called."""

import json

import pytest

from mbert_cli.errors import UserError
from mbert_cli.weights.configuration import Configuration, read_configuration
from mbert_cli.weights.foreign_heads import (
    find_heads,
    find_labels,
    find_notes,
    find_problem_type,
    write_task,
)
from mbert_cli.weights.names import weights_of

PRETRAINING = ("masked_language_model", "next_sentence")
SIZE = {
    "vocab_size": 9,
    "num_hidden_layers": 1,
    "hidden_size": 8,
    "num_attention_heads": 2,
    "intermediate_size": 8,
}


@pytest.fixture
def configure(tmp_path):
    def read(file_format: str = "huggingface", **fields) -> Configuration:
        path = tmp_path / "config.json"
        path.write_text(json.dumps(SIZE | fields))
        return read_configuration(path, file_format)

    return read


def names(configuration: Configuration, *heads: str, file_format: str = "huggingface") -> list[str]:
    """The arrays of a checkpoint with these heads."""
    weights = weights_of(configuration.size, 9, dict.fromkeys(heads, 2), file_format, configuration.family)
    return [weight.names[0] for weight in weights]


@pytest.mark.parametrize(
    ("architecture", "arrays", "heads", "needless"),
    [
        ("BertModel", ("pooler",), ("pooler",), 0),
        ("BertForMaskedLM", ("masked_language_model",), ("masked_language_model",), 0),
        ("BertForPreTraining", ("pooler", *PRETRAINING), ("pooler", *PRETRAINING), 0),
        ("BertForSequenceClassification", ("pooler", "classifier"), ("pooler", "classifier"), 0),
        ("BertForTokenClassification", ("pooler", "classifier"), ("token_classifier",), 2),
        ("BertForQuestionAnswering", ("pooler", "answer_span"), ("answer_span",), 2),
        ("BertForQuestionAnswering", ("pooler", *PRETRAINING, "answer_span"), ("answer_span",), 9),
        ("", ("pooler", "classifier"), ("pooler", "classifier"), 0),
        ("", ("answer_span",), ("answer_span",), 0),
    ],
)
def test_a_network_has_the_heads_that_its_task_reads(architecture, arrays, heads, needless, configure):
    configuration = configure(architectures=[architecture] if architecture else None)
    found = find_heads(names(configuration, *arrays), configuration, "huggingface")
    assert found.heads == heads
    assert len(found.needless) == needless


def test_a_pooler_that_is_not_applied_is_no_part_of_the_network(configure):
    configuration = configure(model_type="mobilebert", classifier_activation=False, embedding_size=4,
                              intra_bottleneck_size=4)  # fmt: skip
    arrays = ["mobilebert.pooler.dense.weight", *names(configuration, *PRETRAINING)]
    found = find_heads(arrays, configuration, "huggingface")
    assert (found.heads, found.needless) == (PRETRAINING, {})
    arrays = ["mobilebert.pooler.dense.weight", *names(configuration, "answer_span")]
    found = find_heads(arrays, configuration, "huggingface")
    assert (found.heads, list(found.needless)) == (("answer_span",), ["mobilebert.pooler.dense.weight"])


@pytest.mark.parametrize(
    ("architecture", "heads", "message"),
    [
        (
            "BertForMultipleChoice", ("pooler", "classifier"),
            ("A classifier must be one of whole texts or of tokens (ForSequenceClassification, "
            "ForTokenClassification, ForQuestionAnswering). Received: BertForMultipleChoice in {path}"),
        ),
        (
            "", ("classifier",),
            ("A classifier without a pooler may be one of tokens, so that its architecture must be known. "
            "Received: no architectures in {path}"),
        ),
        (
            "BertForTokenClassification", ("pooler",),
            ("A model must have the head that its architecture says. Received: BertForTokenClassification in "
            "{path}, and no such arrays"),
        ),
    ],
)  # fmt: skip
def test_a_head_that_may_be_another_is_refused(architecture, heads, message, configure):
    configuration = configure(architectures=[architecture] if architecture else None)
    with pytest.raises(UserError) as refused:
        find_heads(names(configuration, *heads), configuration, "huggingface")
    assert refused.value.message == message.format(path=configuration.path)


@pytest.mark.parametrize(
    ("problem_type", "num_labels", "found"),
    [
        (None, 3, "single_label_classification"),
        (None, 1, "multi_label_classification"),
        ("single_label_classification", 2, "single_label_classification"),
        ("multi_label_classification", 3, "multi_label_classification"),
        ("multi_label_classification", 1, "multi_label_classification"),
        ("regression", 1, "regression"),
        ("regression", 5, "regression"),
    ],
)
def test_the_problem_is_what_the_pipeline_of_transformers_makes_of_it(
    problem_type, num_labels, found, configure
):
    configuration = configure(problem_type=problem_type)
    assert find_problem_type("classifier", num_labels, configuration, "huggingface") == found


def test_one_output_of_tf1_is_a_number(configure):
    assert find_problem_type("classifier", 1, configure("tf1"), "tf1") == "regression"


def test_a_head_that_reads_every_token_has_no_problem_type(configure):
    configuration = configure(problem_type="regression")
    assert find_problem_type("token_classifier", 3, configuration, "huggingface") is None


@pytest.mark.parametrize(
    ("problem_type", "message"),
    [
        (
            "single_label_classification",
            (
                "problem_type single_label_classification needs two outputs or more, as in transformers. "
                "Received: 1 output, in {path}"
            ),
        ),
        (
            ["regression"],
            (
                "problem_type must be one of single_label_classification, multi_label_classification, regression. "
                'Received: ["regression"] in {path}'
            ),
        ),
    ],
)
def test_a_problem_that_one_output_cannot_have_is_refused(problem_type, message, configure):
    configuration = configure(problem_type=problem_type)
    with pytest.raises(UserError) as refused:
        find_problem_type("classifier", 1, configuration, "huggingface")
    assert refused.value.message == message.format(path=configuration.path)


@pytest.mark.parametrize(
    "fields",
    [
        {"id2label": {"0": "a", "1": "b"}},
        {"id2label": {"1": "b", "0": "a"}, "label2id": {"LABEL_0": 0, "LABEL_1": 1}},
        {"label2id": {"b": 1, "a": 0}, "num_labels": 2},
        {"id2label": {"0": "a", "1": "b"}, "label2id": {"a": 1, "b": 0}},
        {"id2label": {"0": "a", "1": "b"}, "num_labels": 7, "_num_labels": 3},
    ],
)
def test_labels_are_in_the_order_of_their_outputs(fields, configure):
    assert find_labels(2, configure(**fields)) == ("a", "b")


def test_labels_without_names_are_numbered(configure):
    assert find_labels(3, configure()) == ("LABEL_0", "LABEL_1", "LABEL_2")


NAMED = (
    "id2label must give each of the 2 outputs of the head a name of its own, 0 to 1. Received: {} in {path}"
)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"id2label": {"0": "a"}}, NAMED.replace("{}", '{{"0": "a"}}')),
        ({"id2label": {"0": "a", "2": "b"}}, NAMED.replace("{}", '{{"0": "a", "2": "b"}}')),
        ({"id2label": {"0": "a", "1": "a"}}, NAMED.replace("{}", '{{"0": "a", "1": "a"}}')),
        ({"id2label": ["a", "b"]}, NAMED.replace("{}", '["a", "b"]')),
        ({"id2label": {"0": None, "1": "b"}}, NAMED.replace("{}", '{{"0": null, "1": "b"}}')),
        ({"label2id": {"a": 0}}, NAMED.replace("{}", '{{"a": 0}}').replace("id2label", "label2id")),
        (
            {"label2id": {"a": 0, "b": 0}},
            NAMED.replace("{}", '{{"a": 0, "b": 0}}').replace("id2label", "label2id"),
        ),
        ({"num_labels": 7}, "num_labels must be the number of outputs of the head, 2. Received: 7 in {path}"),
    ],
)
def test_labels_that_contradict_the_head_or_themselves_are_refused(fields, message, configure):
    configuration = configure(**fields)
    with pytest.raises(UserError) as refused:
        find_labels(2, configuration)
    assert refused.value.message == message.format(path=configuration.path)


def test_what_the_configuration_leaves_open_is_said(configure):
    assert find_notes("multi_label_classification", 1, configure()) == [
        (
            "config.json: one output without problem_type is given as a probability, its sigmoid, as transformers gives "
            'it; with "problem_type": "regression" it is the number itself'
        )
    ]
    assert (
        find_notes("multi_label_classification", 1, configure(problem_type="multi_label_classification"))
        == []
    )
    fields = {"id2label": {"0": "a", "1": "b"}, "label2id": {"a": 1, "b": 0}, "num_labels": 7}
    assert find_notes("single_label_classification", 2, configure(**fields)) == [
        'config.json: label2id {"a": 1, "b": 0} is passed over: it contradicts id2label, which names the outputs',
        "config.json: num_labels 7 is passed over: id2label counts",
    ]
    assert find_notes("single_label_classification", 2, configure(label2id={"a": 0, "b": 1})) == [
        (
            "config.json: without id2label the outputs have the names of label2id; transformers reads id2label alone "
            "and calls them LABEL_0 and so on"
        )
    ]
    for fields in ({"label2id": {"LABEL_0": 0, "LABEL_1": 1}}, {"label2id": {}}, {}):
        assert find_notes("single_label_classification", 2, configure(**fields)) == []
    assert find_notes(None, 0, configure(type_vocab_size=1)) == [
        "config.json: type_vocab_size 1: both texts of a pair get the only row of segments"
    ]


@pytest.mark.parametrize(
    ("architecture", "head", "problem_type", "labels"),
    [
        ("BertForSequenceClassification", "classifier", "multi_label_classification", ("a", "b")),
        ("BertForSequenceClassification", "classifier", "regression", ("score",)),
        ("MobileBertForTokenClassification", "token_classifier", None, ("O", "B-x")),
    ],
)
def test_a_task_that_was_written_is_found_again(architecture, head, problem_type, labels, configure):
    configuration = configure(**write_task(architecture, problem_type, labels))
    assert configuration.architecture == architecture
    assert find_problem_type(head, len(labels), configuration, "huggingface") == problem_type
    assert find_labels(len(labels), configuration) == labels


def test_a_class_without_classifier_has_no_labels():
    assert write_task("BertForMaskedLM", None, None) == {"architectures": ["BertForMaskedLM"]}
