"""The parts of a batch that others rely on."""

from mbert_cli.text.batch import INPUT_KEYS, PRETRAINING_KEYS, TASK_KEYS


def test_both_kinds_of_batch_begin_with_the_inputs_of_an_encoder():
    assert PRETRAINING_KEYS[:3] == TASK_KEYS[:3] == INPUT_KEYS
