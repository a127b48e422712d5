"""Records of what a teacher says: real tokens alone, back in a batch of any length, and no number that does not fit."""

import numpy as np
import pytest

from mbert_cli.distill.output_records import RecordedArray, RecordLayout, TooLarge
from mbert_cli.errors import UserError

ARRAYS = (
    RecordedArray("logits", "row", 3),
    RecordedArray("hidden", "tokens", 4),
    RecordedArray("attention", "pairs", 2, padding=-1e30),
)
TOKENS = np.array([5, 2])


def outputs(length: int = 6) -> dict[str, np.ndarray]:
    """A batch of two rows; where it is padded stand numbers that no record may have."""
    generator = np.random.default_rng(0)
    batch = {
        "logits": generator.normal(size=(2, 3)),
        "hidden": generator.normal(size=(2, length, 4)),
        "attention": generator.normal(size=(2, 2, length, length)),
    }
    for row, count in enumerate(TOKENS):
        batch["hidden"][row, count:] = 1e9
        batch["attention"][row, :, count:] = 1e9
        batch["attention"][row, :, :, count:] = -1e30
    return {name: array.astype(np.float32) for name, array in batch.items()}


def records(layout: RecordLayout, length: int = 6) -> list[bytes]:
    return [layout.pack(outputs(length), row, int(count)) for row, count in enumerate(TOKENS)]


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_a_record_is_as_long_as_is_said_beforehand(dtype):
    layout = RecordLayout(ARRAYS, dtype)
    width = {"float16": 2, "float32": 4}[dtype]
    assert [len(record) for record in records(layout)] == layout.sizes(TOKENS).tolist()
    assert layout.sizes(TOKENS).tolist() == [(3 + 5 * 4 + 2 * 25) * width, (3 + 2 * 4 + 2 * 4) * width]


@pytest.mark.parametrize(("dtype", "tolerance"), [("float16", 1e-3), ("float32", 0)])
def test_real_tokens_come_back_and_padding_does_not(dtype, tolerance):
    layout = RecordLayout(ARRAYS, dtype)
    found = layout.unpack(records(layout), TOKENS, 8)
    told = outputs()
    np.testing.assert_allclose(found["logits"], told["logits"], rtol=tolerance)
    for row, count in enumerate(TOKENS):
        np.testing.assert_allclose(found["hidden"][row, :count], told["hidden"][row, :count], rtol=tolerance)
        real = told["attention"][row, :, :count, :count]
        np.testing.assert_allclose(found["attention"][row, :, :count, :count], real, rtol=tolerance)
        assert (found["hidden"][row, count:] == 0).all()
        assert (found["attention"][row, :, :, count:] == np.float32(-1e30)).all()  # as the network masks keys
        assert (found["attention"][row, :, count:, :count] == 0).all()
    assert {array.dtype for array in found.values()} == {np.dtype(np.float32)}


def test_a_row_is_the_same_however_long_its_batch_was():
    layout = RecordLayout(ARRAYS, "float32")
    batches = [layout.unpack([layout.pack(outputs(), 1, 2)], TOKENS[1:], length) for length in (2, 9)]
    np.testing.assert_array_equal(batches[0]["hidden"], batches[1]["hidden"][:, :2])
    np.testing.assert_array_equal(batches[0]["attention"], batches[1]["attention"][:, :, :2, :2])


def test_a_number_beyond_float16_is_told_with_its_place():
    batch = outputs()
    batch["hidden"][0, 1, 2] = -1.2e7
    with pytest.raises(TooLarge, match=r"^hidden holds -1\.2e\+07$"):
        RecordLayout(ARRAYS, "float16").pack(batch, 0, 5)
    assert len(RecordLayout(ARRAYS, "float32").pack(batch, 0, 5)) == (3 + 20 + 50) * 4


@pytest.mark.parametrize(("value", "found"), [(np.nan, "NaN"), (np.inf, "infinity")])
def test_what_is_not_finite_is_refused(value, found):
    batch = outputs()
    batch["logits"][0, 0] = value
    with pytest.raises(UserError) as caught:
        RecordLayout(ARRAYS, "float16").pack(batch, 0, 5)
    assert caught.value.message == f"What a teacher says must be finite numbers. Received: {found} in logits"
