"""Code that runs an artifact: Kotlin and Swift with MediaPipe's clients, Python with LiteRT.

The versions are those of which the documentation was read; what was run, and what was not, stands in docs/phone.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from string import Template

from mbert_cli.tflite.clients import TEXT_CLASSIFIER, TEXT_EMBEDDER, Client
from mbert_cli.tflite.interpreter import LENGTH_SIGNATURE, SIGNATURE

MEDIAPIPE_FOR_ANDROID = "com.google.mediapipe:tasks-text:1.0.0"
"""The package of Google's Maven repository; a version has to be named, since `latest.release` is one of 2023."""

_KOTLIN = Template("""// app/build.gradle.kts: minSdk = 28, and in dependencies
//     implementation("$package")
// The file lies in app/src/main/assets/model.tflite.
import android.content.Context
import com.google.mediapipe.tasks.text.$folder.$client

/** Make one and keep it: opening the file takes longer than a text. Call it from a background thread. */
class $name(context: Context) : AutoCloseable {
    private val client = $client.createFromFile(context, "model.tflite")

$body

    override fun close() = client.close()
}
""")
_SWIFT = Template("""// Swift package: github.com/google-ai-edge/mediapipe, product MediaPipeTasksText; iOS 15 or later.
// The file is a resource of the app.
import Foundation
import MediaPipeTasksText

/// Make one and keep it: opening the file takes longer than a text.
final class $name {
    private let client: $client

    init() throws {
        guard let path = Bundle.main.path(forResource: "model", ofType: "tflite") else {
            throw CocoaError(.fileNoSuchFile)
        }
        client = try $client(modelPath: path)
    }

$body
}
""")
_LABELS_IN_KOTLIN = """    /** Each label with its probability, the most probable first. */
    fun label(text: String): List<Pair<String, Float>> =
        client.classify(text).classificationResult().classifications().first().categories()
            .map { it.categoryName() to it.score() }
            .sortedByDescending { it.second }"""
_LABELS_IN_SWIFT = """    /// Each label with its probability, the most probable first.
    func label(_ text: String) throws -> [(label: String, probability: Float)] {
        let result = try client.classify(text: text).classificationResult
        let categories = result.classifications.first?.categories ?? []
        return categories.map { ($0.categoryName ?? "", $0.score) }.sorted { $0.1 > $1.1 }
    }"""
_VECTORS_IN_KOTLIN = """    /** The cosine of the vectors of two texts: 1 where they say the same. */
    fun compare(first: String, second: String): Double =
        TextEmbedder.cosineSimilarity(embed(first), embed(second))

    private fun embed(text: String) = client.embed(text).embeddingResult().embeddings().first()"""
_VECTORS_IN_SWIFT = """    /// The cosine of the vectors of two texts: 1 where they say the same.
    func compare(_ first: String, _ second: String) throws -> Double {
        let one = try client.embed(text: first).embeddingResult.embeddings[0]
        let other = try client.embed(text: second).embeddingResult.embeddings[0]
        return try TextEmbedder.cosineSimilarity(embedding1: one, embedding2: other).doubleValue
    }"""
_CLIENTS = {
    TEXT_CLASSIFIER.name: ("TextClassifier", "Labeller", _LABELS_IN_KOTLIN, _LABELS_IN_SWIFT),
    TEXT_EMBEDDER.name: ("TextEmbedder", "Comparer", _VECTORS_IN_KOTLIN, _VECTORS_IN_SWIFT),
}


def mobile_snippets(client: Client | None) -> dict[str, str]:
    """Code of an app by its language; none for a client that is not MediaPipe's."""
    if client is None or client.name not in _CLIENTS:
        return {}
    name, own, kotlin, swift = _CLIENTS[client.name]
    values = {"package": MEDIAPIPE_FOR_ANDROID, "folder": name.lower(), "client": name, "name": own}
    return {
        "kotlin": _KOTLIN.substitute(values, body=kotlin),
        "swift": _SWIFT.substitute(values, body=swift),
    }


@dataclass(frozen=True)
class PythonSnippet:
    """What a script in Python knows of an artifact.

    Attributes:
        texts: An example: one text, two of a pair or to compare, or a question and a text.
        lengths: Tokens of its signatures, ascending.
        lowercase: Whether text is lower-cased and stripped of accents.
        client: The way of cutting texts; None for BERT's.
        output: Its way of showing outputs, one of `OUTPUTS_IN_PYTHON`.
        question_length: Tokens of the longest question.
        max_answer_tokens: Tokens of the longest answer.
        null_threshold: "No answer" wins where it leads by more; None where every question has an answer.
        has_integer_outputs: Whether outputs are integers that stand for numbers.
    """

    texts: Sequence[str]
    lengths: Sequence[int]
    lowercase: bool
    client: str | None
    output: str
    question_length: int = 64
    max_answer_tokens: int = 30
    null_threshold: float | None = None
    has_integer_outputs: bool = False

    def __str__(self) -> str:
        texts = ", ".join(map(_quoted, self.texts))
        shown = Template(OUTPUTS_IN_PYTHON[self.output]).substitute(
            texts=texts, question_length=self.question_length, max_answer_tokens=self.max_answer_tokens,
            found=_FOUND if self.null_threshold is None else _FOUND_OR_NOT.format(self.null_threshold),
        )  # fmt: skip
        way = (
            _CLIENT_IN_PYTHON
            if self.client
            else Template(_BERT_IN_PYTHON).substitute(lowercase=self.lowercase)
        )
        imports = "Regex, " if self.client else ""
        head = Template(_PYTHON).substitute(
            way=way, imports=imports, returned=_RETURNED[self.has_integer_outputs], **self._signatures
        )  # fmt: skip
        return f"{head}\n{shown}"

    @property
    def _signatures(self) -> dict[str, str]:
        """How the script names lengths and signatures, and how it finds those of a row."""
        if len(self.lengths) == 1:
            runner = f'run = interpreter.get_signature_runner("{SIGNATURE}")'
            return {"lengths": f'MODEL, LENGTH = "model.tflite", {self.lengths[0]}', "runners": runner,
                    "chosen": "", "length": "LENGTH"}  # fmt: skip
        lengths = ", ".join(map(str, self.lengths))
        name = LENGTH_SIGNATURE.format("{length}")
        return {
            "lengths": f'MODEL, LENGTHS = "model.tflite", [{lengths}]\nLENGTH = LENGTHS[-1]',
            "runners": f'runners = {{length: interpreter.get_signature_runner(f"{name}") for length in LENGTHS}}',
            "chosen": "    # The quickest one that has padding behind the last token, which MobileBERT reads.\n"
            "    length = next((length for length in LENGTHS if length > len(row)), LENGTH)\n"
            "    run = runners[length]\n",
            "length": "length",
        }


def _quoted(text: str) -> str:
    """A text as Python has it, in double quotation marks."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


_BERT_IN_PYTHON = """tokenizer.normalizer = normalizers.BertNormalizer(lowercase=$lowercase)
tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()"""
_CLIENT_IN_PYTHON = r"""# As MediaPipe's clients cut texts: A to Z are lower-cased, and nothing else is changed.
capitals = [normalizers.Replace(chr(code), chr(code + 32)) for code in range(ord("A"), ord("Z") + 1)]
tokenizer.normalizer = normalizers.Sequence(capitals)
apart = r"\p{P}|[$+<=>^`|~\u4e00-\u9fff\u3400-\u4dbf\uf900-\ufaff]"
tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
    [
        pre_tokenizers.Split(Regex(r"[\t\n\f\r ]+"), "removed"),
        pre_tokenizers.Split(Regex(apart), "isolated"),
    ]
)"""
_PYTHON = '''# pip install ai-edge-litert numpy tokenizers
import zipfile

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from tokenizers import ${imports}Tokenizer, models, normalizers, pre_tokenizers

$lengths

with zipfile.ZipFile(MODEL) as packed:  # vocabulary and labels are inside the file
    tokens = packed.read("vocab.txt").decode().rstrip("\\n").split("\\n")
    labels = packed.read("labels.txt").decode().split("\\n") if "labels.txt" in packed.namelist() else []
ids = {token: index for index, token in enumerate(tokens)}
tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]", max_input_chars_per_word=100))
$way
interpreter = Interpreter(MODEL)
$runners


def cut(text):
    """The tokens of a text: ids, and the characters that each was made of."""
    return tokenizer.encode(text, add_special_tokens=False)


def answer(first, second=None):
    """The outputs for the ids of a text, or of two; what does not fit loses its end, the longer one first."""
    one, two = list(first), list(second or [])
    while len(one) + len(two) > LENGTH - (2 if second is None else 3):
        (one if len(one) > len(two) else two).pop()
    row = [ids["[CLS]"], *one, ids["[SEP]"]]
    start = len(row)
    row += [] if second is None else [*two, ids["[SEP]"]]
$chosen    values, segments, mask = np.zeros((3, 1, $length), np.int32)
    values[0, : len(row)], segments[0, start : len(row)], mask[0, : len(row)] = row, 1, 1
$returned

'''
_RETURNED = {
    False: "    return run(ids=values, segment_ids=segments, mask=mask)",
    True: """    outputs = run(ids=values, segment_ids=segments, mask=mask)
    steps = {name: details["quantization"] for name, details in run.get_output_details().items()}
    return {name: scale * (outputs[name].astype(np.float32) - zero) for name, (scale, zero) in steps.items()}""",
}
"""How a script returns outputs, by whether they are integers that stand for numbers."""
_FOUND = "print(text[found.offsets[start][0] : found.offsets[end][1]])"
_FOUND_OR_NOT = """piece = text[found.offsets[start][0] : found.offsets[end][1]]
null = sum(float(outputs[name][0, 0]) for name in ("start_logits", "end_logits"))  # of [CLS]: no answer
print("(no answer)" if null - scores[start, end] > {} else piece)"""
OUTPUTS_IN_PYTHON = {
    "labels": """texts = [$texts]
probabilities = answer(*(cut(text).ids for text in texts))["probabilities"][0]
for index in np.argsort(-probabilities):
    print(f"{labels[index]}\\t{probabilities[index]:.6f}")
""",
    "numbers": """texts = [$texts]
for name, value in zip(labels, answer(*(cut(text).ids for text in texts))["value"][0]):
    print(f"{name}\\t{value:.4f}")
""",
    "vectors": """one, other = (answer(cut(text).ids)["embedding"][0] for text in [$texts])
print(f"cosine\\t{one @ other / np.sqrt((one @ one) * (other @ other)):.6f}")
""",
    "spans": """question, text = $texts
asked, found = cut(question).ids[:$question_length], cut(text)
if not found.ids:
    raise SystemExit("There is no answer in a text without words.")
outputs = answer(asked, found.ids[: LENGTH - len(asked) - 3])  # so that the question stays whole
first = len(asked) + 2  # the column of the first token of the text; a text that is too long loses its end
last = min(first + len(found.ids), LENGTH - 1)
starts, ends = (outputs[name][0, first:last].astype(float) for name in ("start_logits", "end_logits"))
scores = np.triu(starts[:, None] + ends) - 1e9 * np.tri(len(starts), k=-1)
scores[np.triu_indices(len(starts), k=$max_answer_tokens)] = -1e9  # longer answers
start, end = np.unravel_index(scores.argmax(), scores.shape)
$found
""",
    "words": """text = $texts
found = cut(text)
outputs = answer(found.ids)["probabilities"][0, 1 : LENGTH - 1]  # a text that is too long loses its end
starts = [place for place, token in enumerate(found.tokens[: len(outputs)]) if not token.startswith("##")]
for start, after in zip(starts, [*starts[1:], len(found.tokens)]):
    word = text[found.offsets[start][0] : found.offsets[after - 1][1]]
    print(f"{word}\\t{labels[outputs[start].argmax()]}\\t{outputs[start].max():.6f}")
""",
}
"""What a script prints, by what the outputs of a model are."""
