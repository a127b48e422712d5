"""Embeddings of another width than the teacher's, from the widest directions of its tables."""

import numpy as np
import pytest

from mbert_cli.distill.word_directions import (
    BIAS,
    KERNEL,
    POSITIONS,
    SEGMENTS,
    WORDS,
    start_from_directions,
    variance_share,
    widest_directions,
)
from mbert_cli.model.embedding import Embeddings
from mbert_cli.model.options import Architecture

RANDOM = np.random.default_rng(0)
WIDTH, VOCABULARY = 12, 60


def drawn(*shape: int, deviation: float = 0.02) -> np.ndarray:
    return RANDOM.normal(0, deviation, shape).astype("float32")


def flat_table(rows: int, directions: int) -> np.ndarray:
    """(rows, WIDTH) that lies in a few directions, off the origin."""
    return drawn(rows, directions, deviation=1.0) @ drawn(directions, WIDTH, deviation=1.0) + 3.0


def distances(table: np.ndarray) -> np.ndarray:
    return np.linalg.norm(table[:, None] - table[None], axis=-1)


def test_directions_are_the_right_singular_vectors_of_the_centred_table():
    table = drawn(200, WIDTH, deviation=1.0) * np.arange(1, WIDTH + 1) + 5.0
    directions = widest_directions([table], 4)
    _, singular, right = np.linalg.svd(table - table.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(np.abs(directions), np.abs(right[:4].T), atol=1e-4)
    assert np.all(directions[np.argmax(np.abs(directions), axis=0), np.arange(4)] > 0)
    held = np.square(singular[:4]).sum() / np.square(singular).sum()
    assert variance_share(table, directions) == pytest.approx(held, rel=1e-5)


def test_directions_of_a_sum_hold_what_those_of_words_alone_lose():
    words = drawn(400, WIDTH, deviation=1.0)
    words[:, 0] *= 0.1  # words hardly differ where positions do
    positions = np.zeros((50, WIDTH), "float32")
    positions[:, 0] = np.linspace(-3, 3, 50)
    alone, together = (widest_directions(tables, 6) for tables in ([words], [words, positions]))
    assert variance_share(positions, alone) < 0.05
    assert variance_share(positions, together) > 0.99
    assert variance_share(words, together) > 0.8 * variance_share(words, alone)


def test_a_narrower_table_keeps_all_distances_where_the_directions_hold_everything():
    source = {WORDS: flat_table(VOCABULARY, 4)}
    started = start_from_directions(
        source | {KERNEL: drawn(WIDTH, 5), BIAS: drawn(5)}, {WORDS: drawn(VOCABULARY, 6)}
    )
    ratios = distances(started[WORDS].array)[1:, 0] / distances(source[WORDS])[1:, 0]
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-3)
    assert started[WORDS].how == (
        f"6 of 12 directions, scaled by {ratios[0]:.3g}; they hold 100% of its variance"
    )


def test_the_table_is_as_large_as_the_one_that_was_drawn():
    target = drawn(VOCABULARY, 6, deviation=0.04)
    started = start_from_directions({WORDS: drawn(VOCABULARY, WIDTH, deviation=3)}, {WORDS: target})
    assert np.square(started[WORDS].array).mean() == pytest.approx(np.square(target).mean(), rel=1e-5)


def test_words_positions_and_segments_keep_their_relations():
    source = {
        WORDS: flat_table(VOCABULARY, 3), POSITIONS: flat_table(10, 2), SEGMENTS: flat_table(2, 1)
    }  # fmt: skip
    target = {WORDS: drawn(VOCABULARY, 6), POSITIONS: drawn(8, 6), SEGMENTS: drawn(2, 6)}
    started = start_from_directions(source, target)
    sums = [
        tables[WORDS][:8] + tables[POSITIONS][:8] + np.tile(tables[SEGMENTS], (4, 1))
        for tables in (source, {name: weight.array for name, weight in started.items()})
    ]
    theirs, ours = (distances(table)[np.triu_indices(8, 1)] for table in sums)
    np.testing.assert_allclose(ours / theirs, ours[0] / theirs[0], rtol=1e-3)
    assert started[POSITIONS].how == (
        "the first 8 rows in the same directions at the same scale; they hold 100% of its variance"
    )


def test_a_wider_table_keeps_what_was_drawn_beyond_the_teachers_width():
    target = {WORDS: drawn(VOCABULARY, 16), POSITIONS: drawn(20, 16)}
    source = {WORDS: drawn(VOCABULARY, WIDTH), POSITIONS: drawn(10, WIDTH)}
    started = start_from_directions(source, target)
    for name in target:
        np.testing.assert_array_equal(started[name].array[:, WIDTH:], target[name][:, WIDTH:])
    np.testing.assert_array_equal(started[POSITIONS].array[10:], target[POSITIONS][10:])
    ratios = distances(started[WORDS].array[:, :WIDTH])[1:, 0] / distances(source[WORDS])[1:, 0]
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-3)


@pytest.mark.parametrize("other", [(VOCABULARY, WIDTH), (VOCABULARY - 1, 6)])
def test_equal_widths_and_other_vocabularies_are_not_turned(other):
    assert start_from_directions({WORDS: drawn(VOCABULARY, WIDTH)}, {WORDS: drawn(*other)}) == {}


def test_equal_tables_start_equal_at_every_call():
    source = {WORDS: drawn(VOCABULARY, WIDTH), POSITIONS: drawn(9, WIDTH)}
    target = {WORDS: drawn(VOCABULARY, 5), POSITIONS: drawn(9, 5)}
    first, second = (start_from_directions(source, target) for _ in range(2))
    assert all(np.array_equal(first[name].array, second[name].array) for name in target)


def test_a_projection_gives_of_the_narrow_table_what_it_gave_of_the_wide_one():
    """MobileBERT's embeddings read three words; both ends of a text read zeros instead of a word."""
    size = Architecture(
        num_layers=1, hidden_dim=WIDTH, num_heads=2, intermediate_dim=8, embedding_dim=WIDTH, intra_dim=8,
        trigram_input=True, num_segments=0, hidden_dropout_rate=0, max_length=9,
    )  # fmt: skip
    teacher, student = (
        Embeddings(size.model_copy(update={"embedding_dim": width}), VOCABULARY, name="embeddings")
        for width in (WIDTH, 5)
    )
    for layer in (teacher, student):
        layer.build()
    teacher.word_embeddings.assign(flat_table(VOCABULARY, 4))
    teacher.projection.kernel.assign(drawn(3 * WIDTH, WIDTH, deviation=1))
    teacher.projection.bias.assign(drawn(WIDTH, deviation=1))
    student.word_embeddings.assign(drawn(VOCABULARY, 5))
    source, target = (
        {WORDS: layer.word_embeddings.numpy(), KERNEL: layer.projection.kernel.numpy(), BIAS: layer.projection.bias.numpy()}
        for layer in (teacher, student)
    )  # fmt: skip
    started = start_from_directions(source, target)
    student.word_embeddings.assign(started[WORDS].array)
    student.projection.kernel.assign(started[KERNEL].array)
    student.projection.bias.assign(started[BIAS].array)
    ids = RANDOM.integers(0, VOCABULARY, (2, 9)).astype("int32")
    theirs, ours = (layer(ids, np.zeros_like(ids)).numpy() for layer in (teacher, student))
    np.testing.assert_allclose(ours[:, 1:-1], theirs[:, 1:-1], rtol=1e-3, atol=1e-3)


def test_the_first_projection_gives_the_teachers_sums_at_a_deviation_of_1():
    """A MobileBERT whose words are as wide as its teacher's differ, and whose blocks are as wide as sums differ."""
    size = Architecture(
        num_layers=1, hidden_dim=6, num_heads=2, intermediate_dim=8, embedding_dim=4, intra_dim=8,
        trigram_input=True, normalization="no_norm", hidden_dropout_rate=0, max_length=9,
    )  # fmt: skip
    student = Embeddings(size, VOCABULARY, name="embeddings")
    student.build()
    student.word_embeddings.assign(drawn(VOCABULARY, 4))
    source = {
        WORDS: flat_table(VOCABULARY, 3), POSITIONS: flat_table(10, 2), SEGMENTS: flat_table(2, 1)
    }  # fmt: skip
    weights = {
        WORDS: student.word_embeddings, KERNEL: student.projection.kernel, BIAS: student.projection.bias,
        POSITIONS: student.position_embeddings, SEGMENTS: student.segment_embeddings,
    }  # fmt: skip
    started = start_from_directions(source, {name: weight.numpy() for name, weight in weights.items()})
    assert set(started) == {WORDS, KERNEL, POSITIONS, SEGMENTS}
    for name, made in started.items():
        weights[name].assign(made.array)
    ids = RANDOM.permutation(VOCABULARY)[:18].reshape(2, 9).astype("int32")
    segments = RANDOM.integers(0, 2, (2, 9)).astype("int32")
    sums = source[WORDS][ids] + source[POSITIONS][:9] + source[SEGMENTS][segments]
    theirs, ours = (
        distances(found.reshape(18, -1))[np.triu_indices(18, 1)]
        for found in (sums, student(ids, segments).numpy())
    )
    np.testing.assert_allclose(ours / theirs, ours[0] / theirs[0], rtol=1e-3)
    tables = {name: table - table.mean(axis=0) for name, table in source.items()}
    deviation = np.sqrt(sum(np.square(table).sum(axis=1).mean() for table in tables.values()) / 6)
    assert ours[0] / theirs[0] == pytest.approx(1 / deviation, rel=1e-3)
    assert started[POSITIONS].how == (
        "the first 9 rows in the widest 6 directions of the sums, whose deviation is 1; they hold 100% of its variance"
    )


def test_a_first_projection_of_wider_words_reads_their_first_columns_of_the_word_itself():
    """Words of 20 from a teacher of 12: columns 12 to 20 are as drawn, and tell nothing."""
    hidden, width = 24, 20
    source = {WORDS: flat_table(VOCABULARY, WIDTH), POSITIONS: flat_table(9, 2)}
    target = {
        WORDS: drawn(VOCABULARY, width), KERNEL: drawn(3 * width, hidden), BIAS: np.zeros(hidden, "float32"),
        POSITIONS: drawn(9, hidden),
    }  # fmt: skip
    started = start_from_directions(source, target)
    kernel = started[KERNEL].array
    assert kernel.shape == (3 * width, hidden)
    used = np.flatnonzero(np.abs(kernel).sum(axis=1))
    np.testing.assert_array_equal(used, np.arange(width, width + WIDTH))
    words = started[WORDS].array @ kernel[width : 2 * width]
    ratio = (
        distances(words)[np.triu_indices(VOCABULARY, 1)]
        / distances(source[WORDS])[np.triu_indices(VOCABULARY, 1)]
    )
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-3)
