"""What `mbert distill` needs."""

from mbert_cli.preflight.resolving import resolve
from mbert_cli.recipe.invocation import invoke


def test_a_student_of_a_fitting_teacher_can_run(make_run, checks):
    make_run("train-teacher")
    found = checks("distill", "quickstart", "distill.transfer_steps=40", "distill.pretraining_steps=60")
    assert all(passed for passed, _ in found.values())
    assert found["teacher"] == (True, "runs/train-teacher: 4 layers")
    assert found["layers"] == (True, "the student's 4 learn from 0, 1, 2, 3 of the teacher")
    assert found["stages"] == (True, "progressive: 5 of 100 steps")


def test_a_teacher_whose_layers_cannot_be_mapped_is_told(make_run, checks):
    make_run("train-teacher")
    found = checks("distill", "quickstart", "model.changes.num_layers=3")
    assert found["layers"] == (
        False,
        (
            "The teacher's layers must be a multiple of the student's to be mapped evenly. "
            "Received: 4 teacher layers and 3 student layers."
        ),
    )


def test_a_run_of_the_wrong_kind_is_told(make_run, checks):
    make_run("distill", "mobilebert_laptop")
    passed, finding = checks("distill", "quickstart", "teacher=runs/distill")["teacher"]
    assert not passed
    assert (
        finding
        == "The run must be of the kind train-teacher or import. Received: runs/distill of the kind distill"
    )


def test_what_was_found_is_handed_on(make_run, make_store):
    teacher, store = make_run("train-teacher"), make_store()
    ready = resolve(invoke("distill", "quickstart", [], {}))
    assert (ready.teacher.path, list(ready.places)) == (teacher, [0, 1, 2, 3, 4])
    assert (ready.recipe.teacher, ready.recipe.data.run) == (str(teacher), str(store))
    assert list(ready.plan) == list(ready.plan_of(ready.recipe))
    assert ready.contents is None


def test_the_vocabularies_of_store_and_teacher_are_compared(make_run, make_store, checks):
    make_run("train-teacher")
    make_store(lowercase=False)
    passed, finding = checks("distill")["vocabularies"]
    assert not passed
    assert finding.startswith("The token store must have the vocabulary of the model in runs/train-teacher. ")


def test_a_teacher_that_predicts_no_masked_words_is_told(make_run, checks):
    make_run("train-teacher", head="next_sentence")
    found = checks("distill")
    assert found["teacher"] == (
        False,
        (
            "A teacher must have a head for masked words: its predictions are what the student learns. "
            "Received: runs/train-teacher with next_sentence."
        ),
    )
    assert "layers" not in found
