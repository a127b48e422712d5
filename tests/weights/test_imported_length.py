"""How many tokens of a text an imported model reads."""

import json
from pathlib import Path

import pytest

transformers = pytest.importorskip("transformers")

from mbert_cli.commands import convert_checkpoint, import_checkpoint
from mbert_cli.commands.convert_checkpoint import ConvertCommand
from mbert_cli.commands.import_checkpoint import ImportCommand
from mbert_cli.errors import UserError
from mbert_cli.text.vocabulary import LEADING_TOKENS
from mbert_cli.weights.description import ModelDescription

pytestmark = pytest.mark.usefixtures("empty_folder")


def save(folder: str, name: str = "ForSequenceClassification", positions: int = 64) -> None:
    """A BERT of one narrow layer with its vocabulary, in a folder."""
    configuration = transformers.BertConfig(
        vocab_size=len(LEADING_TOKENS), hidden_size=8, num_hidden_layers=1, num_attention_heads=1,
        intermediate_size=8, max_position_embeddings=positions,
    )  # fmt: skip
    getattr(transformers, f"Bert{name}")(configuration).save_pretrained(folder)
    (Path(folder) / "vocab.txt").write_text("\n".join(LEADING_TOKENS) + "\n")


def refusal(command: ImportCommand) -> UserError:
    with pytest.raises(UserError) as caught:
        import_checkpoint.run(command)
    return caught.value


@pytest.mark.parametrize(
    ("tokenizer", "changes", "wanted", "length", "reason"),
    [
        ({}, {}, None, 64, "the rows of its position table"),
        ({"model_max_length": 48}, {}, None, 48, "model_max_length of tokenizer_config.json"),
        ({"max_len": 32}, {}, None, 32, "model_max_length of tokenizer_config.json"),
        ({"model_max_length": 512}, {}, None, 64, "the rows of its position table"),
        ({"model_max_length": 10**30}, {}, None, 64, "the rows of its position table"),
        ({"model_max_length": 1e30}, {}, None, 64, "the rows of its position table"),
        ({"model_max_length": 16}, {}, 40, 40, "--length"),
        ({}, {"name": "ForQuestionAnswering", "positions": 512}, None, 384,
         "windows as transformers cuts them"),
    ],
)  # fmt: skip
def test_a_model_reads_what_its_tokenizer_and_its_positions_allow(
    tokenizer, changes, wanted, length, reason, capsys
):
    save("theirs", **changes)
    Path("theirs/tokenizer_config.json").write_text(json.dumps({"do_lower_case": True} | tokenizer))
    import_checkpoint.run(ImportCommand("theirs", Path("runs/ours"), length=wanted))
    assert ModelDescription.load(Path("runs/ours/final")).task.sequence_length == length
    assert f"It reads {length} tokens of a text: {reason}\n" in capsys.readouterr().err
    convert_checkpoint.run(ConvertCommand(Path("runs/ours"), Path("back")))
    import_checkpoint.run(ImportCommand("back", Path("runs/again")))
    assert ModelDescription.load(Path("runs/again/final")).task.sequence_length == length


@pytest.mark.parametrize("length", [3, 65, -1])
def test_a_length_that_the_positions_cannot_hold_is_refused(length):
    save("theirs")
    error = refusal(ImportCommand("theirs", length=length))
    assert error.message == (
        f"--length must be 4 to 64, the rows of the model's position table. Received: {length}"
    )
    import_checkpoint.run(ImportCommand("theirs", length=64, dry_run=True))


def test_a_length_of_a_bare_encoder_is_refused():
    save("theirs", "Model")
    assert refusal(ImportCommand("theirs", length=32)).message == (
        "--length is that of a task model's texts. Received: 32 for a model without the head of a task"
    )
