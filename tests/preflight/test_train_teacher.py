"""What `mbert train-teacher` needs."""


def test_all_that_a_teacher_lacks_is_told(checks):
    found = checks("train-teacher", "quickstart", "data.sequence_length=300", "model.changes.max_length=256")
    assert found["sequence length"] == (
        False,
        (
            "A sequence can have at most 256 tokens, the rows of the model's position table. "
            "Received: data.sequence_length 300"
        ),
    )
    assert found["disk"][0]
