"""Checkpoints of other projects become runs that every verb takes, and go back."""

import json
import shlex
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from mbert_cli.commands import convert_checkpoint, import_checkpoint
from mbert_cli.commands.convert_checkpoint import ConvertCommand
from mbert_cli.commands.import_checkpoint import ImportCommand
from mbert_cli.weights.description import EmbeddingDescription, ModelDescription
from mbert_cli.weights.sentence_transformers import write_sentence_model
from mbert_cli.weights.store import load_weights
from tests.commands.checkpoint_folder import LABELS, TOKENS, refusal, save

pytestmark = pytest.mark.usefixtures("empty_folder")


def test_a_classifier_becomes_a_run_with_its_labels_and_goes_back(capsys):
    model = save("theirs")
    import_checkpoint.run(ImportCommand("theirs", Path("runs/ours")))
    shown = capsys.readouterr()
    assert "labels bad, so-so, good" in shown.err and "runs/ours: complete" in shown.out
    description = ModelDescription.load(Path("runs/ours/final"))
    assert (description.verb, description.kind) == ("import", "classification")
    assert description.output_names == ["bad", "so-so", "good"]
    assert description.task.sequence_length == 64
    convert_checkpoint.run(ConvertCommand(Path("runs/ours"), Path("back")))
    again = transformers.AutoModelForSequenceClassification.from_pretrained("back")
    assert again.config.id2label == LABELS
    for name, array in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], array)
    tokenizer = transformers.AutoTokenizer.from_pretrained("back")
    assert tokenizer("A fine FILMS")["input_ids"] == [TOKENS.index(token) for token in
                                                      ("[CLS]", "a", "fine", "film", "##s", "[SEP]")]  # fmt: skip


def test_the_count_of_parameters_says_how_many_a_pooler_has(capsys):
    model = save("theirs", classifier_activation=True)
    import_checkpoint.run(ImportCommand("theirs", Path("runs/ours")))
    pooler = sum(array.numel() for array in model.mobilebert.pooler.parameters())
    assert (
        f"{model.num_parameters():,} parameters, {pooler:,} of them in the pooler; classifier; "
        in capsys.readouterr().err
    )


def test_parts_that_a_checkpoint_lacks_are_no_counts(capsys):
    save("theirs", "Model")
    import_checkpoint.run(ImportCommand("theirs", dry_run=True))
    shown = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert [line for line in shown if line.startswith("missing ")] == [
        "missing masked_language_model: only a teacher of masked words needs it",
        "missing next_sentence: nothing needs it",
    ]


def test_both_ways_through_tf1_change_no_bit():
    save("theirs", "ForPreTraining")
    import_checkpoint.run(ImportCommand("theirs", Path("runs/first")))
    convert_checkpoint.run(ConvertCommand(Path("runs/first"), Path("tf1"), "tf1"))
    import_checkpoint.run(ImportCommand("tf1", Path("runs/second")))
    first, second = (
        load_weights(Path(f"runs/{name}/final/weights.safetensors")) for name in ("first", "second")
    )
    assert set(first) == set(second)
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name])


@pytest.mark.parametrize("to", ["huggingface", "tf1"])
@pytest.mark.parametrize(
    ("name", "changes", "kind"),
    [
        ("ForSequenceClassification", {}, "classification"),
        ("ForSequenceClassification", {"problem_type": "multi_label_classification"}, "multi_label"),
        ("ForTokenClassification", {}, "token_classification"),
        ("ForQuestionAnswering", {}, "question_answering"),
    ],
)
def test_a_task_is_the_same_after_a_way_through_either_format(name, changes, kind, to):
    if name != "ForQuestionAnswering":
        changes = changes | {
            "id2label": LABELS,
            "label2id": {label: index for index, label in LABELS.items()},
        }
    save("theirs", name, **changes)
    import_checkpoint.run(ImportCommand("theirs", Path("runs/first")))
    convert_checkpoint.run(ConvertCommand(Path("runs/first"), Path("there"), to))
    import_checkpoint.run(ImportCommand("there", Path("runs/second")))
    first, second = (ModelDescription.load(Path(f"runs/{name}/final")) for name in ("first", "second"))
    assert first == second and first.kind == kind
    assert first.output_names == (["start", "end"] if kind == "question_answering" else list(LABELS.values()))


@pytest.mark.parametrize("name", ["ForNextSentencePrediction", "ForMaskedLM", "Model"])
def test_a_model_goes_back_as_the_class_that_it_was(name):
    save("theirs", name)
    import_checkpoint.run(ImportCommand("theirs", Path("runs/ours")))
    convert_checkpoint.run(ConvertCommand(Path("runs/ours"), Path("back")))
    model, notes = getattr(transformers, f"MobileBert{name}").from_pretrained(
        "back", output_loading_info=True
    )
    assert model.config.architectures == [f"MobileBert{name}"]
    assert not notes["missing_keys"] and not notes["unexpected_keys"]


def test_an_imported_classifier_is_exported_predicted_and_fine_tuned(mbert_here, tmp_path):
    save("theirs")
    mbert_here(tmp_path, "import", "theirs", "--run", "runs/theirs")
    exported = mbert_here(tmp_path, "export-tflite", "runs/theirs", "--set", "export.verify.max_examples=20",
                     "--quantize", "float32")  # fmt: skip
    assert "agreement" in exported.stdout and "knows no data of its task" in exported.stderr
    artifact = "runs/theirs/export/float32/model.tflite"
    keras, lite = (
        json.loads(mbert_here(tmp_path, "predict", target, "--jsonl", "--text", "a fine film").stdout)
        for target in ("runs/theirs", artifact)
    )
    assert keras["label"] == lite["label"] and keras["probabilities"].keys() == {"bad", "so-so", "good"}
    assert keras["probabilities"] == pytest.approx(lite["probabilities"], abs=1e-4)
    (tmp_path / "t.tsv").write_text("text\tlabel\na fine film\tgood\na dull film\tbad\nfilms\tso-so\n")
    words = ["--set", "task.train=t.tsv", "--set", "task.validation=t.tsv", "--set", "train.epochs=1",
             "--set", "task.labels=[bad, so-so, good]", "--set", "task.sequence_length=16"]  # fmt: skip
    tuned = mbert_here(tmp_path, "finetune", "file", "--source", "runs/theirs", *words)
    assert "The head is kept: the labels are the same" in tuned.stderr
    task = ["--set", "task.source=file", "--set", "task.train=t.tsv", "--set", "task.validation=t.tsv"]
    scored = mbert_here(
        tmp_path, "eval", "runs/theirs", *task, "--set", "task.labels=[Bad, So-so, Good]", code=2
    )
    assert "A label must be one of Bad, So-so, Good. Received: 'good' in t.tsv:2" in scored.stderr
    scored = mbert_here(tmp_path, "eval", "runs/theirs", *task, "--set", "task.labels=[bad, so-so, good]")
    assert "t.tsv validation, 3 examples (set " in scored.stdout
    assert (tmp_path / "runs/theirs/eval/t.tsv-validation.json").exists()
    refused = mbert_here(tmp_path, "eval", "runs/theirs", code=2)
    assert "A model that came from elsewhere has no examples" in refused.stderr


def test_a_checkpoint_is_one_source_however_its_path_is_written(capsys, tmp_path):
    save("theirs")
    import_checkpoint.run(ImportCommand("theirs", Path("runs/ours")))
    for source in ("theirs/", "./theirs", str(tmp_path / "theirs"), "runs/../theirs"):
        import_checkpoint.run(ImportCommand(source, Path("runs/ours")))
        assert "runs/ours is complete already" in capsys.readouterr().err
    save("others", num_hidden_layers=3)
    assert refusal(ImportCommand("others", Path("runs/ours"))).message.startswith(
        "A run directory belongs to one recipe. Received: another one for runs/ours\n  source: "
    )
    convert_checkpoint.run(ConvertCommand(Path("runs/ours"), Path("tf1"), "tf1"))
    import_checkpoint.run(ImportCommand("tf1", Path("runs/tf1")))
    for source in ("tf1/", "tf1/model.ckpt", "./tf1/model.ckpt.index"):
        import_checkpoint.run(ImportCommand(source, Path("runs/tf1")))
        assert "runs/tf1 is complete already" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["Model", "ForSequenceClassification"])
def test_the_hint_for_an_import_that_was_interrupted_finishes_it(name, mbert_here, tmp_path, monkeypatch):
    place, flags = "my model", ["--length", "16"]
    if (
        name == "Model"
    ):  # as sentence-transformers wrote it before version 3, with the encoder in a folder of its own
        place, flags = "my model/0_Transformer", ["--no-normalize"]
    save(place, name)
    if name == "Model":
        write_sentence_model(Path("my model"), EmbeddingDescription(pooling="mean", normalize=True), 32, 12)
        modules = json.loads(Path("my model/modules.json").read_text())
        modules[0]["path"] = "0_Transformer"
        Path("my model/modules.json").write_text(json.dumps(modules))
        Path("my model/sentence_bert_config.json").rename(f"{place}/sentence_bert_config.json")
    with monkeypatch.context() as patch:
        patch.setattr(import_checkpoint, "save_arrays", Mock(side_effect=KeyboardInterrupt))
        mbert_here(tmp_path, "import", "my model", "--run", "runs/ours", *flags, code=130)
    refused = mbert_here(tmp_path, "predict", "runs/ours", "--text", "a", code=2)
    hint = refused.stderr.partition("Finish it: mbert ")[2]
    mbert_here(tmp_path, *shlex.split(hint))
    mbert_here(tmp_path, "import", "my model", "--run", "runs/whole", *flags)
    for file in Path("runs/whole/final").iterdir():
        is_manifest = file.name == "manifest.json"  # it has the time
        assert is_manifest or file.read_bytes() == Path("runs/ours/final", file.name).read_bytes()


def test_fields_that_are_not_known_are_passed_over_where_that_is_wanted(capsys):
    save("theirs", mood="fine")
    error = refusal(ImportCommand("theirs", Path("runs/ours")))
    assert error.hint == "--allow-unknown passes over fields that change no arithmetic."
    import_checkpoint.run(ImportCommand("theirs", Path("runs/ours"), allow_unknown=True))
    assert 'config.json: mood "fine" is passed over: nothing is known about it\n' in capsys.readouterr().err


def test_a_dry_run_accounts_and_writes_nothing(capsys):
    save("theirs")
    import_checkpoint.run(ImportCommand("theirs", dry_run=True))
    assert "import: theirs, 101 arrays" in capsys.readouterr().out
    assert not Path("runs").exists()


@pytest.mark.parametrize(("to", "spare"), [("huggingface", 8), ("tf1", 200)])
def test_rows_of_the_word_table_beyond_the_vocabulary_are_left_out_and_said(to, spare, capsys):
    save("theirs", "ForPreTraining", vocab_size=len(TOKENS) + spare)
    import_checkpoint.run(ImportCommand("theirs", Path("runs/ours")))
    said = capsys.readouterr().err
    assert (
        f"The word table has {len(TOKENS) + spare} rows and the vocabulary {len(TOKENS)} tokens: the rows beyond it "
        "are left out, since no text reaches them\n"
    ) in said
    many = "Warning: 200 rows are more than padding needs: check that theirs has the whole vocabulary\n"
    assert (many in said) == (spare == 200)
    theirs = load_weights(Path("theirs/model.safetensors"))
    ours = load_weights(Path("runs/ours/final/weights.safetensors"))
    table = theirs["mobilebert.embeddings.word_embeddings.weight"]
    np.testing.assert_array_equal(ours["encoder/embeddings/word_embeddings"], table[: len(TOKENS)])
    assert ours["masked_language_model/output/bias"].shape == (len(TOKENS),)
    convert_checkpoint.run(ConvertCommand(Path("runs/ours"), Path("back"), to))
    import_checkpoint.run(ImportCommand("back", Path("runs/again")))
    assert "The word table has" not in capsys.readouterr().err


@pytest.mark.parametrize("lowercase", [True, False])
@pytest.mark.parametrize("to", ["huggingface", "tf1"])
def test_what_was_converted_imports_again_with_its_vocabulary(to, lowercase):
    save("theirs")
    tokens = [*TOKENS[:-2], "\u2028", "\x85"]
    Path("theirs/vocab.txt").write_text("\n".join(tokens) + "\n", newline="\n")
    Path("theirs/tokenizer_config.json").write_text(json.dumps({"do_lower_case": lowercase}))
    import_checkpoint.run(ImportCommand("theirs", Path("runs/first")))
    convert_checkpoint.run(ConvertCommand(Path("runs/first"), Path("back"), to))
    import_checkpoint.run(ImportCommand("back", Path("runs/second")))
    first, second = (ModelDescription.load(Path(f"runs/{name}/final")) for name in ("first", "second"))
    assert first.vocabulary == second.vocabulary and second.vocabulary.lowercase is lowercase
    content = [Path(f"runs/{name}/final/vocab.txt").read_bytes() for name in ("first", "second")]
    assert content[0] == content[1] == ("\n".join(tokens) + "\n").encode()


def test_a_folder_that_is_there_is_not_written_over():
    save("theirs")
    import_checkpoint.run(ImportCommand("theirs", Path("runs/ours")))
    error = refusal(ConvertCommand(Path("runs/ours"), Path("theirs")))
    assert error.message == "The folder to write must not exist yet. Received: theirs"
    error = refusal(ConvertCommand(Path("runs/ours"), Path("new"), "onnx"))
    assert error.message == "--to must be huggingface or tf1. Received: onnx"
