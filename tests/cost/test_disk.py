"""What a training leaves on a disk."""

from dataclasses import replace

from mbert_cli.cost.disk import training_disk_bytes
from mbert_cli.cost.products import Network
from mbert_cli.cost.training import Training
from mbert_cli.model.options import SIZES
from mbert_cli.train.options import OptimizerOptions, TrainOptions
from mbert_cli.train.stage import Comparison, Stage, make_schedule

WIDER = SIZES["ib_bert_laptop"]
STUDENT = Network(WIDER.model_copy(update={"hidden_dim": 64, "embedding_dim": 64}), 100)
ALONE = Training("student", STUDENT, 32, {64: 1.0})
COMPARE = tuple(Comparison(place, place, ("hidden_states",)) for place in range(3))
STAGE = Stage("transfer", 1, {"hidden_states": 1.0}, make_schedule(OptimizerOptions(), 1), compare=COMPARE)
OPTIONS = TrainOptions(keep_checkpoints=2)
IN_CHECKPOINTS = 4 * (3 * 3 + 2)
"""Bytes of a number: weight and two moments in three checkpoints, and the weight in two results."""


def test_checkpoints_have_the_projections_beside_what_trains_and_not_the_teacher():
    taught = replace(ALONE, teacher=Network(WIDER, 100))
    assert training_disk_bytes(ALONE, [STAGE], OPTIONS) == IN_CHECKPOINTS * STUDENT.parameters
    projections = 2 * (64 + 1) * WIDER.hidden_dim
    saved = STUDENT.parameters + projections
    assert training_disk_bytes(taught, [STAGE], OPTIONS) == IN_CHECKPOINTS * saved


def test_a_teacher_in_training_is_what_trains():
    training = replace(ALONE, role="teacher")
    assert training_disk_bytes(training, [], OPTIONS) == IN_CHECKPOINTS * STUDENT.parameters


def test_accumulated_gradients_lie_in_the_checkpoints_and_further_models_beside_them():
    options = TrainOptions(keep_checkpoints=1, accumulation_steps=2)
    bytes_of_all = training_disk_bytes(ALONE, [STAGE], options, models=4)
    assert bytes_of_all == 4 * (4 * 2 + 2 + 3) * STUDENT.parameters
