"""The names of reports: none takes another one's place, whatever was scored and however."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from mbert_cli.examples.options import FileTask, GlueTask, ImportedTask, SquadTask, TokenTask
from mbert_cli.model.options import SIZES
from mbert_cli.runs.artifacts import evaluation_file
from mbert_cli.tasks.evaluation_names import other_settings, report_name
from mbert_cli.tasks.model import TaskModel
from mbert_cli.text.vocabulary import LEADING_TOKENS, Vocabulary
from mbert_cli.weights.description import ModelDescription, SetDescription, VocabularyDescription

OWN = FileTask(source="file", train="t.csv", validation="v.csv")
WHOLE = SetDescription(digest="3f9a1c02aaaaaaaa", examples=872)
OTHER = SetDescription(digest="77777777bbbbbbbb", examples=872)


def model(task, **sets: SetDescription) -> TaskModel:
    vocabulary = VocabularyDescription(size=104, lowercase=True, digest="0")
    description = ModelDescription(
        verb="finetune", size=SIZES["mobilebert_laptop"], vocabulary=vocabulary, task=task, sets=sets
    )
    return TaskModel(
        Path("run"), description, Vocabulary(LEADING_TOKENS), task.sequence_length, lambda batches: None
    )


def name(model, options=OWN, whole=WHOLE, scored=None) -> str:
    return report_name(model, options, "validation", "v.csv", whole, scored or whole)


pytestmark = pytest.mark.usefixtures("empty_folder")


def test_the_set_that_a_model_was_chosen_by_has_the_short_name_wherever_it_lies():
    moved = OWN.model_copy(update={"validation": "elsewhere/v.csv"})
    for options in (OWN, moved):
        assert name(model(OWN, validation=WHOLE), options) == "validation"
    part = SetDescription(digest="1", examples=32)
    assert name(model(OWN, validation=WHOLE), scored=part) == "validation-32"


def test_the_same_set_scored_by_the_metric_of_another_task_has_a_name_of_its_own():
    cola = model(GlueTask(source="glue", name="cola"), validation=WHOLE)
    assert name(cola) == "v.csv-validation"
    assert (
        name(model(OWN, validation=WHOLE), OWN.model_copy(update={"kind": "regression"}))
        == "v.csv-validation"
    )


def test_another_set_of_the_task_is_named_by_its_hash_even_under_the_same_path():
    assert name(model(OWN, validation=WHOLE), whole=OTHER) == "validation-77777777"


def test_of_a_model_that_does_not_know_its_sets_the_path_decides():
    other = OWN.model_copy(update={"validation": "other.csv"})
    assert name(model(OWN)) == "validation"
    assert name(model(OWN), other) == "validation-3f9a1c02"


def test_two_sets_of_the_same_name_for_a_model_from_elsewhere_do_not_share_a_report():
    imported = model(ImportedTask(source="imported"))
    assert name(imported) == "v.csv-validation"
    path = evaluation_file(imported.path, "v.csv-validation")
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"set": WHOLE.digest}))
    assert name(imported) == "v.csv-validation"
    assert name(imported, whole=OTHER) == "v.csv-validation-77777777"
    glue = GlueTask(source="glue", name="sst2")
    assert report_name(model(glue), OWN, "validation", "u.csv", WHOLE, WHOLE) == "u.csv-validation"


def test_what_a_model_is_scored_with_that_it_is_not_by_itself_stands_in_the_name():
    own = model(OWN, validation=WHOLE)
    part = SetDescription(digest="1", examples=32)
    assert name(replace(own, sequence_length=32)) == "validation-length-32"
    assert name(replace(own, sequence_length=32, client="mediapipe"), scored=part) == (
        "validation-32-length-32-client-mediapipe"
    )
    assert name(replace(own, sequence_length=32), whole=OTHER) == "validation-77777777-length-32"
    imported = model(ImportedTask(source="imported", client="mediapipe"))
    assert name(imported) == "v.csv-validation-client-BERT"
    assert name(replace(imported, client="mediapipe")) == "v.csv-validation"


def test_an_artifact_is_compared_with_the_length_that_it_was_exported_with():
    short = replace(model(OWN), sequence_length=32, artifact=SimpleNamespace(longest=32))
    assert other_settings(short, OWN) == {}
    assert other_settings(replace(short, artifact=SimpleNamespace(longest=64)), OWN) == {"length": 32}


def test_rules_for_answers_are_compared_with_those_that_a_model_was_chosen_by():
    squad = SquadTask(source="squad", train="a.json", max_answer_tokens=20)
    own = model(squad)
    found = replace(own, description=own.description.model_copy(update={"null_threshold": 1.5}))
    for threshold, expected in ((None, {}), (1.5, {}), (2.0, {"null threshold": 2.0})):
        assert other_settings(found, squad.model_copy(update={"null_threshold": threshold})) == expected
    assert other_settings(own, squad.model_copy(update={"max_answer_tokens": 30})) == {
        "max answer tokens": 30
    }
    imported = model(ImportedTask(source="imported"))
    assert other_settings(imported, squad) == {"max answer tokens": 20}
    tokens = TokenTask(source="tokens", train="a.conll", document_stride=16)
    assert name(imported, tokens) == "v.csv-validation-document-stride-16"
    assert name(model(tokens), tokens) == "validation"
