"""A text has the same answer alone, beside longer ones and at full length, though MobileBERT sees what stands behind."""

import numpy as np
import pytest

from mbert_cli.evaluate.predict import make_predictor
from mbert_cli.examples.answer_windows import answer_windows
from mbert_cli.examples.batches import TaskBatches
from mbert_cli.examples.squad import Answer, Question
from mbert_cli.examples.text_rows import TextRows
from mbert_cli.examples.texts import Examples
from mbert_cli.examples.token_rows import TokenRows
from mbert_cli.examples.tokens import TokenExamples
from mbert_cli.model.encoder import build_encoder
from mbert_cli.model.heads import build_task_network
from mbert_cli.model.options import SIZES
from mbert_cli.tasks.kinds import KINDS
from mbert_cli.text.vocabulary import LEADING_TOKENS, Vocabulary
from mbert_cli.text.wordpiece import Tokenizer

WORDS = [f"w{index}" for index in range(20)]
TOKENIZER = Tokenizer(Vocabulary((*LEADING_TOKENS, *WORDS)))
FULL = 64
SIZE = SIZES["mobilebert"].model_copy(
    update={"num_layers": 2, "hidden_dim": 32, "embedding_dim": 16, "intermediate_dim": 24, "intra_dim": 16,
            "max_length": FULL, "initializer_range": 0.2}
)  # fmt: skip
LENGTHS = (22, 5, 13, 14, 15, 29, 30, FULL - 3)
"""Words of each text; 14, 22 and 30 fill 16, 24 and 32 columns with their marks."""


def texts(lengths: tuple[int, ...]) -> list[str]:
    generator = np.random.default_rng(0)
    return [" ".join(generator.choice(WORDS, length)) for length in lengths]


def text_rows(lengths):
    return TextRows(Examples(texts(lengths), None, np.zeros(len(lengths), np.int32)), TOKENIZER, FULL)


def token_rows(lengths):
    return TokenRows(
        TokenExamples(texts(lengths), [[] for _ in lengths], None), TOKENIZER, FULL, ["O", "B-x", "I-x"]
    )


def window_rows(lengths):
    questions = [
        Question(str(index), "w1 w2", text, [Answer(text[:2], 0)], False)
        for index, text in enumerate(texts(tuple(length - 3 for length in lengths)))
    ]
    return answer_windows(questions, TOKENIZER, FULL, 32, 8)


ROWS = {
    "classification": text_rows,
    "token_classification": token_rows,
    "question_answering": window_rows,
}


@pytest.mark.parametrize("kind", ROWS)
def test_an_answer_is_the_same_alone_beside_longer_texts_and_at_full_length(kind):
    network = build_task_network(SIZE, head=KINDS[kind].head, num_outputs=3 if kind == "token_classification" else 2,
                                 vocab_size=TOKENIZER.vocabulary.size)  # fmt: skip
    predict = make_predictor(network, KINDS[kind].head.activation)
    rows = ROWS[kind](LENGTHS)

    def outputs(batch_size: int, dynamic_length: bool) -> list[np.ndarray]:
        found = TaskBatches(rows, batch_size, dynamic_length=dynamic_length).outputs(predict)
        tokens = np.minimum(rows.tokens, FULL)
        return [row[:count] if row.ndim == 2 else row for row, count in zip(found, tokens, strict=True)]

    full = outputs(4, False)
    for batch_size in (1, 2, 3, 8):
        for one, other in zip(outputs(batch_size, True), full, strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-5 * max(1, np.abs(other).max()))


def test_an_answer_is_the_same_where_logits_of_attention_pass_ten_thousand():
    size = SIZE.model_copy(update={"initializer_range": 0.4})
    network = build_task_network(size, num_outputs=2, vocab_size=TOKENIZER.vocabulary.size, seed=1)
    encoder = build_encoder(size, vocab_size=TOKENIZER.vocabulary.size, seed=1)
    rows = text_rows((14,)).take(np.array([0]), 17)
    trace = encoder({name: rows[name] for name in encoder.input})
    assert np.abs(np.asarray(trace["attention_logits"][-1])[..., :16, :16]).max() > 10_000
    short, long = (
        np.asarray(
            network({name: text_rows((14,)).take(np.array([0]), length)[name] for name in network.input})[
                "logits"
            ]
        )
        for length in (17, FULL)
    )
    np.testing.assert_allclose(short, long, rtol=0, atol=1e-5 * np.abs(long).max())


def test_without_padding_the_answer_would_be_another_one():
    network = build_task_network(SIZE, num_outputs=2, vocab_size=TOKENIZER.vocabulary.size)
    rows = text_rows((14,))
    logits = [
        np.asarray(
            network({name: rows.take(np.array([0]), length)[name] for name in network.input})["logits"]
        )
        for length in (16, 17, FULL)
    ]
    assert np.abs(logits[0] - logits[1]).max() > 1e-3
    np.testing.assert_allclose(logits[1], logits[2], rtol=0, atol=1e-5 * np.abs(logits[2]).max())


@pytest.mark.parametrize("kind", ROWS)
def test_every_batch_ends_in_padding_where_there_is_room(kind):
    rows = ROWS[kind](LENGTHS)
    batches = TaskBatches(rows, 3, dynamic_length=True)
    drawn = [*batches.in_order(), *map(batches, range(2 * batches.steps_per_epoch))]
    for batch in drawn:
        has_room = batch["padding_mask"].shape[1] < FULL
        assert has_room or batch["padding_mask"].sum(axis=1).max() > 48
        assert not has_room or not batch["padding_mask"][:, -1].any()
