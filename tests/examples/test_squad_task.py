"""Which questions a SQuAD task trains and validates on."""

import json
from pathlib import Path

import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.loading import load_task
from mbert_cli.examples.options import SquadTask
from mbert_cli.examples.squad_files import read_squad


def write(path: Path, texts: list[str], start: int = 0) -> str:
    """Two questions about each text, answered by its first word."""
    paragraphs = [
        {"context": text, "qas": [
            {"id": f"{place}-{turn}", "question": "Who?", "answers": [
                {"text": text.split()[0], "answer_start": start}]}
            for turn in range(2)]}
        for place, text in enumerate(texts)
    ]  # fmt: skip
    path.write_text(json.dumps({"data": [{"paragraphs": paragraphs}]}))
    return str(path)


def task(**options) -> SquadTask:
    return SquadTask(source="squad", **options)


def test_two_files_are_the_two_sets_and_only_the_one_that_is_needed_is_read(tmp_path):
    train = write(tmp_path / "train.json", ["Ann sleeps.", "Ben runs."])
    dev = write(tmp_path / "dev.json", ["Cat eats."])
    loaded = load_task(task(train=train, validation=dev))
    assert (loaded.name, loaded.kind, loaded.output_names) == (
        "SQuAD 1.1",
        "question_answering",
        ["start", "end"],
    )
    assert (len(loaded.train), len(loaded.validation)) == (4, 2)
    alone = load_task(task(train="nowhere.json", validation=dev), "validation")
    assert list(alone.sets) == ["validation"]


def test_a_share_of_the_texts_is_held_out_with_all_their_questions(tmp_path):
    train = write(tmp_path / "train.json", [f"Text {place}." for place in range(60)])
    loaded = load_task(task(train=train, validation_share=0.25))
    sides = [{question.context for question in part.questions} for part in (loaded.train, loaded.validation)]
    assert not sides[0] & sides[1] and len(sides[0] | sides[1]) == 60
    assert 5 <= len(sides[1]) <= 25
    few = load_task(task(train=write(tmp_path / "few.json", ["One.", "Two."]), validation_share=1e-9))
    assert (len(few.train), len(few.validation)) == (2, 2)


def test_one_text_cannot_be_on_both_sides(tmp_path):
    train = write(tmp_path / "train.json", ["One."])
    with pytest.raises(UserError) as caught:
        load_task(task(train=train))
    assert caught.value.message == (
        "Questions about at least one text must remain to train on, and about one to validate on. "
        f"Received: 2 about too few texts in {train}"
    )
    assert caught.value.hint == "Set task.validation to a file of its own, or add texts."


def test_misplaced_answers_are_moved_or_left_out_or_stop_the_training(tmp_path):
    train = write(tmp_path / "train.json", ["Ann sleeps.", "Ben runs."], start=1)
    loaded = load_task(task(train=train, validation=train))
    assert loaded.train.notes == [
        "train.json: answers that were not where the file says, moved to where their text is: 4",
        "  question 0-0: 'Ann' from character 1 to 0",
        "  question 0-1: 'Ann' from character 1 to 0",
        "  question 1-0: 'Ben' from character 1 to 0",
    ]
    assert [question.answers[0].start for question in loaded.train.questions] == [0] * 4
    loaded = load_task(task(train=train, validation=train, misplaced="leave_out"), "train")
    assert loaded.train.notes == [
        "4 answers are not where train.json says; training leaves them out",
        "  question 0-0: 'Ann' at character 1, where 'nn ' stands",
        "  question 0-1: 'Ann' at character 1, where 'nn ' stands",
        "  question 1-0: 'Ben' at character 1, where 'en ' stands",
    ]
    with pytest.raises(UserError) as caught:
        load_task(task(train=train, validation=train, misplaced="stop"))
    assert caught.value.message == (
        "Every answer must be in its text where the file says. Received: 4 in train.json that are not, the "
        "first 'Ann' at character 1 of question 0-0, where 'nn ' stands"
    )
    assert caught.value.hint == "Correct the file, or set task.misplaced to mend or leave_out."


def rows(path: Path, *rows: tuple[str, dict]) -> str:
    """One question per row, about a text, with its answers."""
    path.write_text(
        "\n".join(
            json.dumps({"id": number, "question": "Who?", "context": context, "answers": answers})
            for number, (context, answers) in enumerate(rows)
        )
    )
    return str(path)


def test_only_an_answer_whose_place_can_be_told_is_moved(tmp_path):
    train = rows(
        tmp_path / "train.jsonl",
        (
            "🦊 saw Ann and Ann.",
            {"text": ["Ann", "Ann"], "answer_start": [15, 7]},
        ),  # units of UTF-16, a guess
        ("Ben saw Ben.", {"text": ["Ben"], "answer_start": [7]}),
        ("Ben saw Ann.", {"text": ["Cat", " "], "answer_start": [0, 0]}),
    )
    squad = load_task(task(train=train, validation=train)).train
    assert [[answer.start for answer in question.answers] for question in squad.questions] == [
        [14, 6], [7], [0, 0],
    ]  # fmt: skip
    assert squad.notes == [
        "train.jsonl: answers that were not where the file says, moved to where their text is: 2",
        "  question 0: 'Ann' from character 15 to 14",
        "  question 0: 'Ann' from character 7 to 6",
        "3 answers are not where train.jsonl says; training leaves them out",
        "  question 1: 'Ben' at character 7, where ' Be' stands",
        "  question 2: 'Cat' at character 0, where 'Ben' stands",
        "  question 2: ' ' at character 0, where 'B' stands",
    ]


def test_by_the_rules_of_2_a_row_without_an_answer_has_none_in_its_text(tmp_path):
    nothing = {"text": [], "answer_start": []}
    train = rows(tmp_path / "t.jsonl", ("Ann.", {"text": ["Ann"], "answer_start": [0]}), ("Ben.", nothing))
    squad = load_task(task(train=train, validation=train, version="v2.0")).train
    assert [question.is_impossible for question in squad.questions] == [None, True]
    assert squad.notes == ["t.jsonl: questions without an answer, taken to have none in their text: 1"]
    answered = rows(tmp_path / "v.jsonl", ("Ann.", {"text": ["Ann"], "answer_start": [0]}))
    squad = load_task(task(train=train, validation=answered)).train
    assert [question.is_impossible for question in squad.questions] == [None, None] and squad.notes == []


def test_by_the_rules_of_1_a_question_without_an_answer_is_not_validated_on(tmp_path):
    nothing = {"text": [], "answer_start": []}
    train = rows(tmp_path / "t.jsonl", ("Ann.", {"text": ["Ann"], "answer_start": [0]}), ("Ben.", nothing))
    for split in (None, "validation"):
        with pytest.raises(UserError) as caught:
            load_task(task(train=train, validation=train), split)
        assert caught.value.message == (
            "By the rules of SQuAD 1.1 every question of a validation set must have an answer. "
            "Received: 1 of 2 in t.jsonl without, the first '1'"
        )
        assert caught.value.hint == (
            "Set task.version=v2.0, by whose rules questions may have none, or take them out."
        )
    assert len(load_task(task(train=train, validation=train), "train").train) == 2
    assert len(load_task(task(train=train, validation=train, version="v2.0")).validation) == 2


def test_a_training_set_without_an_answer_to_learn_is_refused_when_it_is_read(tmp_path):
    nothing, elsewhere = {"text": [], "answer_start": []}, {"text": ["Zoe"], "answer_start": [0]}
    train = rows(tmp_path / "t.jsonl", ("Ann.", nothing), ("Ben.", elsewhere))
    scored = rows(tmp_path / "v.jsonl", ("Ben.", elsewhere))
    with pytest.raises(UserError, match=r"Received: 2 in t\.jsonl, none of them"):
        load_task(task(train=train, validation=scored))
    assert len(load_task(task(train=train, validation=scored), "validation").validation) == 1
    assert len(load_task(task(train=train, validation=train, version="v2.0")).train) == 2


def test_without_files_the_sets_come_from_tensorflow_datasets(tmp_path, monkeypatch):
    wanted = []

    def read(*where):
        wanted.append(where)
        return read_squad(Path(write(tmp_path / "any.json", ["Ann sleeps."])))

    monkeypatch.setattr("mbert_cli.examples.squad_task.read_squad_tfds", read)
    load_task(task(version="v2.0", data_dir="sets"))
    assert wanted == [("squad/v2.0", "train", "sets"), ("squad/v2.0", "validation", "sets")]
