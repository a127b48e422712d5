"""The task models that a verb works on."""

import pytest

from mbert_cli.examples.options import InstalledDocsTask


@pytest.mark.parametrize("verb", ["eval", "predict", "export-tflite", "bench"])
def test_what_follows_needs_a_task_model(verb, make_run, checks):
    assert checks(verb)["task model"] == (
        False, f"`mbert {verb}` needs a complete finetune run. Received: none in runs.",
    )  # fmt: skip
    make_run("finetune", "mobilebert_laptop", InstalledDocsTask(source="installed_docs"))
    found = checks(verb)
    if verb == "bench":
        assert found["task model"] == (
            False, "`mbert bench` times .tflite files. Received: runs/finetune, which has none.",
        )  # fmt: skip
        return
    assert found["task model"] == (True, "runs/finetune: labels keras, numpy")
    assert all(passed for passed, _ in found.values())
