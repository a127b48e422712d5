"""Rows of JSON as annotation tools and data sets write them: all become the same examples."""

import json
from pathlib import Path

import pytest

TEXT = "Ada King saw Paris."
FOUND = [("Ada King", "PER"), ("Paris", "LOC")]
TOKENS = [
    {"text": "Ada", "start": 0, "end": 3, "id": 0, "ws": True},
    {"text": "King", "start": 4, "end": 8, "id": 1, "ws": True},
    {"text": "saw", "start": 9, "end": 12, "id": 2, "ws": True},
    {"text": "Paris", "start": 13, "end": 18, "id": 3, "ws": False},
    {"text": ".", "start": 18, "end": 19, "id": 4, "ws": False},
]
PRODIGY = {
    "text": TEXT, "_input_hash": 17, "_task_hash": -4, "tokens": TOKENS, "_view_id": "ner_manual",
    "spans": [
        {"start": 0, "end": 8, "token_start": 0, "token_end": 1, "label": "PER"},
        {"start": 13, "end": 18, "token_start": 3, "token_end": 3, "label": "LOC"},
    ],
    "answer": "accept", "_timestamp": 1700000000,
}  # fmt: skip
FORMS = {
    "prodigy": PRODIGY,
    "prodigy, tokens alone": PRODIGY | {"spans": [
        {"token_start": 0, "token_end": 1, "label": "PER"}, {"token_start": 3, "token_end": 3, "label": "LOC"}]},
    "doccano": {"id": 7, "text": TEXT, "label": [[13, 18, "LOC"], [0, 8, "PER"]], "Comments": []},
    "doccano, earlier": {"id": 7, "text": TEXT, "labels": [[0, 8, "PER"], [13, 18, "LOC"]], "meta": {}},
    "doccano 1.5": {"id": 7, "data": TEXT, "label": [[0, 8, "PER"], [13, 18, "LOC"]]},
    "doccano with relations": {
        "id": 7, "text": TEXT, "relations": [], "Comments": [],
        "entities": [{"id": 0, "label": "PER", "start_offset": 0, "end_offset": 8},
                     {"id": 1, "label": "LOC", "start_offset": 13, "end_offset": 18}]},
    "spacy": {"text": TEXT, "entities": [[0, 8, "PER"], [13, 18, "LOC"]]},
    "spacy, with ids": {"text": TEXT, "entities": [[0, 8, "PER", "Q7259"], [13, 18, "LOC", "Q90"]]},
    "spacy, to_json": {
        "text": TEXT, "ents": [{"start": 0, "end": 8, "label": "PER"}, {"start": 13, "end": 18, "label": "LOC"}],
        "sents": [{"start": 0, "end": 19}], "tokens": [{"id": 0, "start": 0, "end": 3}], "spans": {}},
    "spacy, training data": [TEXT, {"entities": [[0, 8, "PER"], [13, 18, "LOC"]], "cats": {"x": 1.0}}],
    "label studio": {
        "id": 1, "text": TEXT, "annotator": 1, "lead_time": 3.5,
        "label": [{"start": 0, "end": 8, "text": "Ada King", "labels": ["PER"]},
                  {"start": 13, "end": 18, "text": "Paris", "labels": ["LOC"]}]},
    "ours": {"text": TEXT, "entities": [
        {"start": 0, "end": 8, "text": "Ada King", "label": "PER", "probability": 0.9},
        {"start": 13, "end": 18, "text": "Paris", "label": "LOC", "probability": 0.8}]},
}  # fmt: skip
TAGGED = {
    "id": "0",
    "tokens": ["Ada", "King", "saw", "Paris", "."],
    "ner_tags": ["B-PER", "I-PER", "O", "B-LOC", "O"],
}
NUMBERED = TAGGED | {
    "ner_tags": [1, 2, 0, 5, 0],
    "pos_tags": [22, 22, 38, 22, 7],
    "chunk_tags": [11, 12, 21, 11, 0],
}
NAMES = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"]


@pytest.fixture
def write(tmp_path):
    def write(*rows, name: str = "t.jsonl") -> str:
        path = tmp_path / name
        path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
        return str(path)

    return write


@pytest.mark.parametrize("form", FORMS)
def test_spans_of_every_tool_are_the_same(load_tokens, entities, write, form):
    task = load_tokens(write(FORMS[form], FORMS["ours"]))
    assert task.train.texts == [TEXT, TEXT] and task.train.words is None
    assert entities(task.train) == [FOUND, FOUND]
    assert (
        task.output_names == ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"] and task.notes == task.warnings == ()
    )


@pytest.mark.parametrize("rows", [[FORMS["doccano"]] * 2, [FORMS["spacy, training data"]] * 2])
@pytest.mark.parametrize("indent", [None, 1])
def test_rows_may_be_an_array_or_a_list_in_an_object(load_tokens, entities, write, rows, indent):
    for value in (rows, {"data": rows}):
        path = write(json.dumps(value, indent=indent), name="t.json")
        assert entities(load_tokens(path).train) == [FOUND, FOUND]


def test_an_object_with_classes_and_annotations_is_spacy_s_training_data(load_tokens, entities, write):
    value = {"classes": ["PER", "LOC"], "annotations": [FORMS["spacy, training data"], None]}
    task = load_tokens(write(value, name="t.json"))
    train = task.train
    assert entities(train) == [FOUND]
    assert task.notes == ("t.json: rows left out: 1 null",)


def test_rows_rejected_or_ignored_in_prodigy_are_left_out_and_said(load_tokens, entities, write):
    rows = [PRODIGY | {"answer": answer} for answer in ("reject", "accept", "ignore", "reject")]
    without = {key: value for key, value in PRODIGY.items() if key != "spans"}
    task = load_tokens(write(*rows, without, without | {"spans": None}))
    train = task.train
    assert entities(train) == [FOUND, [], []]
    assert task.notes == ("t.jsonl: rows left out: 2 rejected in Prodigy, 1 ignored in Prodigy",)


def test_a_file_of_nothing_but_rejected_rows_says_so(refused_tokens, write):
    path = write(PRODIGY | {"answer": "reject"})
    assert refused_tokens(path)[0] == (
        f"A token file must have examples. Received: {path} without any; "
        "t.jsonl: rows left out: 1 rejected in Prodigy"
    )


def test_tokens_and_tags_a_row_are_what_a_token_a_line_gives(load_tokens, entities, write):
    task = load_tokens(write(TAGGED, {"words": ["Rome"], "labels": ["U-LOC"]}))
    train = task.train
    assert train.texts == ["Ada King saw Paris .", "Rome"]
    assert train.words == [[(0, 3), (4, 8), (9, 12), (13, 18), (19, 20)], [(0, 4)]]
    assert entities(train) == [FOUND, [("Rome", "LOC")]]


def test_numbers_are_tags_by_their_names(load_tokens, entities, write):
    task = load_tokens(write(NUMBERED), labels=NAMES)
    assert entities(task.train) == [FOUND] and task.output_names == NAMES
    task = load_tokens(
        write(NUMBERED), label_column="pos_tags", kind="tags", labels=[f"T{i}" for i in range(47)]
    )
    assert entities(task.train)[0][:3] == [("Ada", "T22"), ("King", "T22"), ("saw", "T38")]
    assert len(task.output_names) == 47


def test_numbers_without_names_are_refused(refused_tokens, write):
    path = write(TAGGED, NUMBERED)
    for labels in (None, ["PER", "LOC"]):
        assert refused_tokens(path, labels=labels) == (
            f"Tags that are whole numbers must have names. Received: 1 in {path}:2",
            (
                "Name all tags in the order of their numbers, as in --set 'task.labels=[O,B-PER,I-PER]'; `datasets` has "
                "them in features['ner_tags'].feature.names."
            ),
        )
    assert refused_tokens(path, labels=["O", "B-PER", "I-PER", "B-LOC"]) == (
        f"A tag must be one of the 4 numbers that have a name, from 0 on. Received: 5 in {path}:2",
        "Name all tags in task.labels, in the order of their numbers.",
    )
    assert refused_tokens(write(NUMBERED), kind="tags", label_column="pos_tags")[0].endswith(
        "Received: 22 in " + path + ":1"
    )


def test_tags_as_they_stand_come_from_rows_too(load_tokens, refused_tokens, entities, write):
    path = write(
        {"tokens": ["The", "dog"], "upos": ["DET", "NOUN"]}, {"tokens": ["Runs"], "pos_tags": ["VERB"]}
    )
    task = load_tokens(path, kind="tags")
    assert task.output_names == ["DET", "NOUN", "VERB"] and task.metrics == ("accuracy",)
    assert entities(task.train) == [[("The", "DET"), ("dog", "NOUN")], [("Runs", "VERB")]]
    path = write({"tokens": ["a"], "pos_tags": ["X"], "tags": ["Y"]})
    assert refused_tokens(path, kind="tags") == (
        f"A row must have one list of tags for its tokens. Received: 'pos_tags', 'tags' in {path}:1",
        "Name the one that is meant, as in --set task.label_column=pos_tags.",
    )
    assert load_tokens(path, kind="tags", label_column="tags").output_names == ["Y"]
    spans = write(FORMS["ours"])
    assert refused_tokens(spans, kind="tags") == (
        (
            "A file with a tag for each word must have tokens and their tags. "
            f"Received: 'text', 'entities' in {spans}:1"
        ),
        "Name the members with task.token_column and task.label_column, or set task.kind to entities.",
    )


def test_members_may_have_any_names(load_tokens, refused_tokens, entities, write):
    path = write({"w": ["Rome"], "t": ["B-LOC"], "tokens": ["x"], "ner_tags": ["O"]})
    assert entities(load_tokens(path, token_column="w", label_column="t").train) == [[("Rome", "LOC")]]
    assert refused_tokens(path, label_column="bio") == (
        (
            "A row must have the lists that the recipe names, 'bio'. "
            f"Received: 'w', 't', 'tokens', 'ner_tags' in {path}:1"
        ),
        "Set task.token_column and task.label_column to members of the row, or leave them out.",
    )


def test_blank_tokens_and_empty_rows_are_left_out_and_said(load_tokens, write):
    row = {"tokens": ["Ada", "", " ", "King"], "ner_tags": ["B-PER", "I-PER", "O", "I-PER"]}
    task = load_tokens(write(row, {"tokens": [], "ner_tags": []}, {"tokens": [" "], "ner_tags": ["O"]}))
    train = task.train
    assert train.texts == ["Ada King"]
    assert task.notes == ("t.jsonl: rows left out: 2 without a token", "t.jsonl: tokens left out: 3 blank")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (TAGGED | {"ner_tags": ["O"]}, "A row must have as many tags as tokens. Received: 1 and 5 in "),
        (TAGGED | {"ner_tags": ["O", "O", None, "O", "O"]},
         "A tag must be a text, or a whole number. Received: null in "),
        (TAGGED | {"ner_tags": [True, "O", "O", "O", "O"]},
         "A tag must be a text, or a whole number. Received: true in "),
        (TAGGED | {"ner_tags": [1.0, "O", "O", "O", "O"]},
         "A tag must be a text, or a whole number. Received: 1.0 in "),
        (TAGGED | {"ner_tags": ["PER", "O", "O", "O", "O"]},
         "A tag must be O, or B-, I-, E-, L-, S- or U- before the type of the entity. Received: 'PER' in "),
        (TAGGED | {"tokens": ["a", "b", 3, "d", "e"]}, "A token must be a text. Received: 3 in "),
    ],
)  # fmt: skip
def test_a_bad_row_of_tokens_is_named_with_its_line(refused_tokens, write, row, message):
    path = write(TAGGED, "", row)
    assert refused_tokens(path)[0] == f"{message}{path}:3"


@pytest.mark.parametrize(
    ("row", "received"),
    [
        ({"text": "x", "cats": {}}, "'text', 'cats'"),
        ({"text": "x", "label": ["positive"]}, "'text', 'label'"),
        ({"text": "x", "label": "positive", "answer": "maybe"}, "'text', 'label', 'answer'"),
        ({"text": 3, "spans": []}, "'text', 'spans'"),
        ({"tokens": ["a"]}, "'tokens'"),
        ({}, "no members"),
        (3, "3"),
        (["x", "y"], "['x', 'y']"),
    ],
)
def test_a_row_without_labels_is_refused(refused_tokens, write, row, received):
    path = write(FORMS["ours"], row)
    message, hint = refused_tokens(path)
    assert message == (
        'A row must have a text and the list of its spans, as in {"text": "...", "spans": []}, or tokens and '
        f"their tags. Received: {received} in {path}:2"
    )
    assert "JSON_MIN" in hint and "task.token_column" in hint


def test_a_member_that_occurs_twice_is_refused(refused_tokens, tmp_path):
    path = tmp_path / "t.jsonl"
    for row in ('{"text": "Ada", "text": "Bob", "spans": []}',
                '{"text": "Ada", "spans": [{"start": 0, "start": 1, "end": 3, "label": "PER"}]}',
                '["Ada", {"entities": [], "entities": [[0, 3, "PER"]]}]'):  # fmt: skip
        path.write_text(f"{row}\n")
        assert f" more than once in {path}:1" in refused_tokens(str(path))[0]


def test_rows_of_two_kinds_and_with_two_lists_are_refused(refused_tokens, write):
    path = write(FORMS["ours"], TAGGED)
    assert refused_tokens(path)[0] == (
        "The rows of a file must all have spans, or all have tokens and their tags. "
        f"Received: {path} with both, the first other one in {path}:2"
    )
    path = write(FORMS["ours"] | {"label": [[0, 3, "PER"]], "spans": []})
    assert (
        refused_tokens(path)[0]
        == f"A text must have one list of spans. Received: 'entities', 'label' in {path}:1"
    )


def test_a_type_outside_the_set_is_named_with_its_item(refused_tokens, write):
    path = write(
        json.dumps(
            [FORMS["ours"], TAGGED | {"text": "x", "spans": [[0, 1, "PRE"]], "tokens": None}], indent=1
        )
    )
    message, hint = refused_tokens(path, labels=["PER", "LOC"])
    assert (
        message.startswith("A label must be one of PER, LOC. Received: 'PRE' in ") and ", item 2" in message
    )
    assert hint == "Did you mean 'PER'?"


def test_held_out_rows_are_named_beside_the_same_notes(load_tokens, write):
    rows = [FORMS["spacy"] | {"text": f"Ada King saw Paris{'.' * n}"} for n in range(40)]
    task = load_tokens(write(*rows, PRODIGY | {"answer": "reject"}), validation=None)
    assert len(task.train) + len(task.validation) == 40 and len(task.validation)
    assert task.notes == ("t.jsonl: rows left out: 1 rejected in Prodigy",)


def test_the_path_may_lie_anywhere(load_tokens, tmp_path):
    folder = tmp_path / "a folder"
    folder.mkdir()
    path = Path(folder, "t.ndjson")
    path.write_text(json.dumps(FORMS["ours"]))
    assert load_tokens(str(path)).name == "t.ndjson"
