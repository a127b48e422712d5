"""What lies beside the weights of a run that was fine-tuned with fake quantization."""

from pathlib import Path

import pytest

from mbert_cli.errors import UserError
from mbert_cli.tflite.roundings import rounding_of
from mbert_cli.tflite.trained_ranges import TrainedRanges


def test_ranges_are_read_as_they_were_written(tmp_path):
    written = TrainedRanges(mode="int8_full", target="npu", ranges={"layer_00/attention/sum": (-1.5, 0.1)})
    written.save(tmp_path)
    assert TrainedRanges.load(tmp_path) == written
    assert written.rounding == rounding_of("int8_full", "npu")


def test_a_run_that_was_trained_in_float_has_none(tmp_path):
    assert TrainedRanges.load(tmp_path) is None


@pytest.mark.usefixtures("empty_folder")
def test_a_damaged_file_is_named():
    Path("quantization.json").write_text('{"mode": 3}')
    with pytest.raises(UserError) as caught:
        TrainedRanges.load(Path())
    assert (
        caught.value.message
        == "The ranges of a run are a readable quantization.json. Received: quantization.json"
    )
