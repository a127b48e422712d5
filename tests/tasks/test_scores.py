"""What `mbert eval` shows and writes beyond the score."""

import numpy as np

from mbert_cli.evaluate.entity_judge import EntityJudge
from mbert_cli.evaluate.judges import LabelJudge, LabelSetJudge, NumberJudge
from mbert_cli.evaluate.similarity_judge import SimilarityJudge
from mbert_cli.evaluate.tag_judge import TagJudge
from mbert_cli.examples.texts import Examples, TaskData
from mbert_cli.tasks.scores import (
    label_details,
    label_set_details,
    number_details,
    similarity_details,
    word_details,
)

TASK = TaskData("texts", ["no", "yes"], {})


def examples(labels: list, dtype: type = np.int32) -> Examples:
    return Examples(["x"] * len(labels), None, np.array(labels, dtype))


def test_labels_have_their_figures_and_a_table_of_confusions():
    found, predicted = examples([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    details = label_details("title", TASK, found, LabelJudge(found.labels, ("accuracy",)), predicted)
    figures, confused = details.tables
    assert figures.title == "title" and figures.columns == ["label", "precision", "recall", "F1", "examples"]
    assert figures.rows == [("no", "100.0%", "50.0%", "66.7%", "2"), ("yes", "66.7%", "100.0%", "80.0%", "2")]
    assert confused.columns == ["", "no", "yes"]
    assert confused.rows == [("no", "1", "1"), ("yes", "0", "2")]
    assert details.report["confusion"] == [[1, 1], [0, 2]]
    assert [row["label"] for row in details.report["labels"]] == ["no", "yes"]
    assert details.files == {}


def test_sets_of_labels_have_the_figures_of_each():
    found, predicted = examples([[1, 0], [1, 1]], np.float32), np.array([[True, False], [True, False]])
    judge = LabelSetJudge(found.labels, ("f1_micro",))
    (table,) = label_set_details("title", TASK, found, judge, predicted).tables
    assert table.rows == [("no", "100.0%", "100.0%", "100.0%", "2"), ("yes", "0.0%", "0.0%", "0.0%", "1")]


def test_numbers_are_shown_by_ranges_of_the_true_ones():
    found, predicted = examples([0.0, 5.0], np.float32), np.array([1.0, 5.0])
    task = TaskData("texts", ["stars"], {}, kind="regression")
    details = number_details("title", task, found, NumberJudge(found.labels, ("pearson",)), predicted)
    assert details.tables[0].columns == ["true stars", "mean predicted", "mean absolute error", "examples"]
    assert details.tables[0].rows == [
        ("0.00 to 1.00", "1.00", "1.00", "1"),
        ("4.00 to 5.00", "5.00", "0.00", "1"),
    ]
    assert [row["error"] for row in details.report["ranges"]] == [1.0, 0.0]


LABELS = ["O", "B-LOC", "B-PER"]
PLACES = np.array([1, 2]), np.array([0, 2]), np.array([0, 0])
"""Columns, splits and rows of the two words of one text."""


def test_entities_have_a_row_for_each_type():
    judge = EntityJudge(LABELS, np.array([1, 0]), *PLACES)
    details = word_details("title", TASK, None, judge, [["O", "B-PER"]])
    row = {"precision": 0.0, "recall": 0.0, "f1": 0.0}
    assert details.report == {
        "entities": [{"label": "LOC", "entities": 1} | row, {"label": "PER", "entities": 0} | row]
    }
    assert details.tables[0].columns[-1] == "entities"


def test_tags_have_a_row_each():
    judge = TagJudge(["NOUN", "VERB"], np.array([0, 0]), *PLACES)
    details = word_details("title", TASK, None, judge, [["NOUN", "VERB"]])
    assert [(row["label"], row["words"]) for row in details.report["tags"]] == [("NOUN", 2), ("VERB", 0)]
    assert details.tables[0].columns[-1] == "words"


def test_cosines_are_shown_by_ranges_of_the_true_similarity():
    found, predicted = examples([0.0, 1.0, 5.0], np.float32), np.array([0.2, 0.4, 0.9])
    task = TaskData("pairs", ["similarity"], {}, kind="regression")
    judge = SimilarityJudge(found.labels, True, ("spearman",))
    details = similarity_details("title", task, found, judge, predicted)
    (table,) = details.tables
    assert table.columns == ["true similarity", "mean cosine", "pairs"]
    assert table.rows == [
        ("0.00 to 1.00", "0.200", "1"),
        ("1.00 to 2.00", "0.400", "1"),
        ("4.00 to 5.00", "0.900", "1"),
    ]
    assert details.report["ranges"][0] == {"low": 0.0, "high": 1.0, "cosine": 0.2, "examples": 1}
