"""What `mbert export-tflite` needs."""

import json

import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.options import InstalledDocsTask
from mbert_cli.preflight.resolving import resolve
from mbert_cli.recipe.invocation import invoke
from mbert_cli.tflite.clients import TEXT_CLASSIFIER
from mbert_cli.tflite.trained_ranges import TrainedRanges


@pytest.fixture(autouse=True)
def run(make_run):
    return make_run("finetune", "mobilebert_laptop", InstalledDocsTask(source="installed_docs"))


def test_the_run_is_opened_once_and_seen_at_the_length_of_the_artifact(run):
    ready = resolve(invoke("export-tflite", "quickstart", ["export.sequence_length=48"], {}))
    assert (ready.saved.path, ready.model.path) == (run, run)
    assert ready.saved.description is ready.model.description
    assert (ready.lengths, ready.length, ready.model.sequence_length, ready.model.dynamic_length) == (
        (48,),
        48,
        48,
        False,
    )


def test_the_run_is_seen_at_the_longest_of_several_lengths(run):
    ready = resolve(invoke("export-tflite", "quickstart", ["export.sequence_length=[48, 16]"], {}))
    assert (ready.lengths, ready.model.sequence_length) == ((16, 48), 48)


def test_several_lengths_and_the_cutting_of_a_client_that_refuses_them_are_refused(run):
    settings = ["export.sequence_length=[48, 16]", "task.client=mediapipe"]
    with pytest.raises(UserError) as caught:
        resolve(invoke("export-tflite", "quickstart", settings, {}))
    assert caught.value.message == (
        "MediaPipe's clients refuse a file of several lengths. "
        "Received: export.sequence_length 16, 48 and task.client mediapipe"
    )
    assert caught.value.hint == (
        "Name one, --length 48, or cut texts as BERT does with --set task.client=null."
    )


def test_artifacts_record_whose_way_of_cutting_they_were_verified_with(run):
    ready = resolve(invoke("export-tflite", "quickstart", ["task.client=mediapipe"], {}))
    packed = json.loads(ready.metadata.files["model.json"])
    assert (ready.model.client, packed["task"]["client"]) == ("mediapipe", "mediapipe")
    assert ready.client.client is TEXT_CLASSIFIER
    plain = resolve(invoke("export-tflite", "quickstart", [], {}))
    assert json.loads(plain.metadata.files["model.json"])["task"]["client"] is None


def test_no_client_of_mediapipe_loads_a_file_of_several_lengths(run):
    ready = resolve(invoke("export-tflite", "quickstart", ["export.sequence_length=[48, 16]"], {}))
    assert (ready.client.client, ready.metadata.vocabulary_file) == (None, None)


def test_one_mode_is_a_list_of_one():
    assert resolve(invoke("export-tflite", "quickstart", ["export.quantize=float32"], {})).modes == [
        "float32"
    ]


def test_a_page_is_refused_without_its_packages_and_for_a_file_that_reads_text(tmp_path):
    settings = ["export.page=true", f"export.page_packages={tmp_path}"]
    with pytest.raises(UserError, match=r"must be a folder where npm installed @litertjs/core\. Received: "):
        resolve(invoke("export-tflite", "quickstart", settings, {}))
    with pytest.raises(UserError, match=r"Received: --page with export\.tokenizer=inside"):
        resolve(invoke("export-tflite", "quickstart", ["export.page=true", "export.tokenizer=inside"], {}))
    assert resolve(invoke("export-tflite", "quickstart", ["export.page=true"], {})).web_packages is not None
    assert resolve(invoke("export-tflite", "quickstart", [], {})).web_packages is None


def test_two_lengths_are_refused():
    settings = ["export.sequence_length=48", "task.sequence_length=32"]
    with pytest.raises(UserError, match=r"are one length here\. Received: 48 and 32"):
        resolve(invoke("export-tflite", "quickstart", settings, {}))


def test_a_dry_run_refuses_a_task_with_other_labels(tmp_path):
    files = {name: tmp_path / f"{name}.csv" for name in ("own", "other")}
    files["own"].write_text("text,label\na,keras\nb,numpy\n")
    files["other"].write_text("text,label\na,good\nb,bad\n")
    settings = {
        name: ["task.source=file", f"task.train={path}", f"task.validation={path}"]
        for name, path in files.items()
    }
    resolve(invoke("export-tflite", "quickstart", settings["own"], {}, dry_run=True))
    with pytest.raises(
        UserError, match=r"Received: bad, good in other\.csv for .*, which knows keras, numpy"
    ):
        resolve(invoke("export-tflite", "quickstart", settings["other"], {}, dry_run=True))


def test_a_length_beyond_the_positions_is_told(checks):
    assert not checks("export-tflite", "quickstart", "export.sequence_length=300")["sequence length"][0]
    assert not checks("export-tflite", "quickstart", "export.sequence_length=[300, 16]")["sequence length"][0]


def test_ranges_that_were_learned_with_the_head_of_a_task_are_left_out_for_vectors(run, monkeypatch):
    monkeypatch.setattr(TrainedRanges, "load", lambda folder: TrainedRanges(mode="int8", ranges={}))
    monkeypatch.setattr("mbert_cli.tasks.embedding.require_encoder", lambda *arguments: None)
    asked = ["export.quantize=int8", "embedding.pooling=mean"]
    assert resolve(invoke("export-tflite", "quickstart", asked[:1], {})).trained.mode == "int8"
    with pytest.raises(UserError, match="int8 needs training rows"):
        resolve(invoke("export-tflite", "quickstart", asked, {}))
