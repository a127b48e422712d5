"""What a format has no place for is refused, with a hint at the one that has; what a run reads by goes with it."""

from pathlib import Path

import pytest

from mbert_cli.commands import convert_checkpoint, import_checkpoint
from mbert_cli.commands.convert_checkpoint import TRIGRAM, ConvertCommand, find_family, require_place
from mbert_cli.commands.import_checkpoint import ImportCommand
from mbert_cli.errors import UserError
from mbert_cli.examples.options import InstalledDocsTask
from mbert_cli.model.heads import build_task_network
from mbert_cli.model.options import SIZES
from mbert_cli.runs.directory import RunDir
from mbert_cli.text.vocabulary import LEADING_TOKENS, RESERVED, Vocabulary, load_vocabulary
from mbert_cli.weights.description import ModelDescription
from mbert_cli.weights.saved_files import describe_vocabulary
from mbert_cli.weights.saved_network import save_network

NEITHER = "Neither format holds this network; `mbert predict` and `mbert export-tflite` read the run itself."


@pytest.mark.parametrize(
    ("name", "changes", "family", "to", "rule", "hint"),
    [
        ("distilbert_6", {}, "distilbert", "tf1", "There are no TF1 checkpoints of DistilBERT", "Use --to huggingface."),
        (
            "ib_bert_large", {}, "mobilebert", "huggingface",
            "Hugging Face has no IB-BERT: its MobileBERT always narrows what query and key read", "Use --to tf1.",
        ),
        (
            "ib_bert_large", {"activation": "gelu_exact"}, "mobilebert", "huggingface",
            "Hugging Face has no IB-BERT: its MobileBERT always narrows what query and key read", NEITHER,
        ),
        (
            "mobilebert", {"intra_dim": None}, "mobilebert", "tf1",
            "A MobileBERT without bottlenecks was not compared with TF1's code", "Use --to huggingface.",
        ),
        (
            "bert_base", {"use_pooler": False}, "bert", "huggingface",
            "Hugging Face's Bert classifies through a pooler, which this model does not have", "Use --to tf1.",
        ),
        (
            "tinybert_4", {"pooler_activation": "tanh_relu"}, "bert", "huggingface",
            "The pooler of Bert has the activation tanh, not tanh_relu", NEITHER,
        ),
        (
            "distilbert_6", {"pooler_activation": "tanh"}, "distilbert", "huggingface",
            "The pooler of DistilBert has the activation relu, not tanh", NEITHER,
        ),
        (
            "bert_base", {"activation": "gelu_exact"}, "bert", "tf1",
            "TF1's code has the activations gelu, relu, relu6, but not gelu_exact", "Use --to huggingface.",
        ),
        (
            "bert_base", {"norm_epsilon": 1e-5, "use_pooler": False}, "bert", "tf1",
            "TF1's code adds 1e-12 to the variance of a LayerNorm, not 1e-05", NEITHER,
        ),
    ],
)  # fmt: skip
def test_a_network_without_a_place_is_told_where_there_is_one(name, changes, family, to, rule, hint):
    size = SIZES[name].model_copy(update=changes)
    with pytest.raises(UserError) as caught:
        require_place(size, {"encoder", "classifier"}, to, family)
    assert (caught.value.message, caught.value.hint) == (f"{rule}. Received: --to {to}", hint)


def test_a_folded_network_is_not_converted():
    size = SIZES["mobilebert"].model_copy(update={"normalization": "folded", "merged_projections": True})
    with pytest.raises(UserError) as caught:
        require_place(size, {"classifier"}, "huggingface", "mobilebert")
    assert caught.value.message == (
        "Hugging Face and TF1 have no models whose norms are folded into their weights. Received: a run that was "
        "fine-tuned with quantize"
    )


@pytest.mark.parametrize(
    ("name", "changes", "family"),
    [
        ("mobilebert", {}, "mobilebert"),
        ("ib_bert_large", {}, "mobilebert"),
        ("mobilebert", {"intra_dim": None}, "mobilebert"),
        ("bert_base", {"normalization": "no_norm"}, "mobilebert"),
        ("bert_base", {"num_feedforward_networks": 2}, "mobilebert"),
        ("bert_base", {"embedding_dim": 128}, "mobilebert"),
        ("bert_base", {"edge_norm_epsilon": 1e-5}, "mobilebert"),
        ("bert_base", {}, "bert"),
        ("tinybert_4", {"use_pooler": False}, "bert"),
        ("distilbert_6", {}, "distilbert"),
    ],
)
def test_the_family_is_the_smallest_that_can_be_what_the_network_is(name, changes, family):
    assert find_family(SIZES[name].model_copy(update=changes)) == family


@pytest.mark.parametrize(
    ("name", "family", "to"),
    [("mobilebert", "mobilebert", "huggingface"), ("ib_bert_large", "mobilebert", "tf1"),
     ("bert_base", "bert", "huggingface"), ("bert_base", "bert", "tf1"), ("distilbert_6", "distilbert", "huggingface")],
)  # fmt: skip
def test_a_network_with_a_place_passes(name, family, to):
    require_place(SIZES[name], {"encoder", "classifier"}, to, family)


@pytest.mark.parametrize(("name", "is_said"), [("mobilebert", True), ("bert_base", False)])
def test_a_model_that_reads_the_token_behind_each_token_says_how_to_pad(
    name, is_said, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    changes = {
        "num_layers": 1,
        "hidden_dim": 16,
        "embedding_dim": 16,
        "intermediate_dim": 16,
        "max_length": 8,
    }
    size = SIZES[name].model_copy(update=changes | ({"intra_dim": 8} if is_said else {"num_heads": 2}))
    vocabulary = Vocabulary((*LEADING_TOKENS, "it"))
    vocabulary.save(Path("vocab.txt"))
    network = build_task_network(size, num_outputs=2, vocab_size=vocabulary.size)
    description = ModelDescription(
        verb="finetune",
        size=size,
        vocabulary=describe_vocabulary(vocabulary),
        output_names=["a", "b"],
        kind="classification",
    )
    with RunDir.open(Path("run"), "finetune", {"seed": 0}, fresh=False, origin={}) as run:
        run.finish(
            lambda folder: save_network(
                folder, network, description, load_vocabulary(Path("vocab.txt"), True)
            )
        )
    convert_checkpoint.run(ConvertCommand(Path("run"), Path("out")))
    assert (" ".join(TRIGRAM.split()) in " ".join(capsys.readouterr().err.split())) == is_said


TOKENS = [*RESERVED, "a", "fine", "film", "##s", "[", "]", "e", "##1", "-", "19", "covid"]


@pytest.mark.parametrize("to", ["huggingface", "tf1"])
def test_added_tokens_are_said_and_go_with_a_run_both_ways(tmp_path, monkeypatch, capsys, to):
    pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    monkeypatch.chdir(tmp_path)
    tokenizer = transformers.BertTokenizer(vocab={token: index for index, token in enumerate(TOKENS)})
    tokenizer.add_tokens(["covid-19"])
    tokenizer.add_tokens(["[E1]"], special_tokens=True)
    tokenizer.save_pretrained("theirs")
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    configuration = transformers.BertConfig(
        vocab_size=len(tokenizer), max_position_embeddings=32, hidden_act="relu", **size
    )
    transformers.BertModel(configuration).save_pretrained("theirs")
    import_checkpoint.run(ImportCommand("theirs", Path("runs/ours")))
    said = "Its tokenizer matches before it cuts words: [PAD], [UNK], [CLS], [SEP], [MASK], covid-19"
    assert said in " ".join(capsys.readouterr().err.split())
    convert_checkpoint.run(ConvertCommand(Path("runs/ours"), Path("there"), to))
    import_checkpoint.run(ImportCommand("there", Path("runs/again")))
    first, second = (ModelDescription.load(Path(f"runs/{name}/final")) for name in ("ours", "again"))
    assert first == second and first.vocabulary.matched == 7
    if to == "huggingface":
        again = transformers.AutoTokenizer.from_pretrained("there")
        text = "a fine [E1]covid-19 [SEP] COVID-19s"
        assert again(text)["input_ids"] == tokenizer(text)["input_ids"]


def test_a_model_that_was_fine_tuned_for_a_client_is_read_otherwise_there(capsys):
    vocabulary = Vocabulary(RESERVED)
    description = ModelDescription(
        verb="finetune", size=SIZES["bert_base"], vocabulary=describe_vocabulary(vocabulary),
        task=InstalledDocsTask(source="installed_docs", client="mediapipe"),
    )  # fmt: skip
    convert_checkpoint._say_how_texts_are_read(description, vocabulary, False)
    assert (
        "The model was fine-tuned on texts that are cut as mediapipe cuts them on phones. Its tokenizer there cuts "
        "them as BERT does"
    ) in " ".join(capsys.readouterr().err.split())
