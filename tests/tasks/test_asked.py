"""What a model is asked, as examples whose right answers nobody knows."""

from mbert_cli.examples.unlabelled import questions_about, unlabelled_texts, unlabelled_words
from mbert_cli.tasks.asked import AskedQuestions, AskedTexts


def test_blank_texts_are_no_examples_and_keep_their_places():
    texts = AskedTexts(["one", "", "two"])
    assert (len(texts), texts.present) == (3, [0, 2])
    assert texts.examples(unlabelled_texts).texts == ["one", "two"]
    assert texts.examples(unlabelled_words).texts == ["one", "two"]
    assert texts.record(1) == {"text": ""}


def test_a_pair_is_blank_where_both_texts_are():
    texts = AskedTexts(["one", "", ""], ["1", "2", ""])
    assert texts.present == [0, 1]
    examples = texts.examples(unlabelled_texts)
    assert (examples.texts, examples.second_texts) == (["one", ""], ["1", "2"])
    assert texts.record(0) == {"text": "one", "second_text": "1"}


def test_questions_that_are_typed_are_not_made_up():
    squad = AskedQuestions(("Who?", "Where?"), "Ann sleeps.").examples(questions_about)
    assert [question.question for question in squad.questions] == ["Who?", "Where?"]
    assert {question.context for question in squad.questions} == {"Ann sleeps."}
    assert len({question.id for question in squad.questions}) == 2
