"""Questions over long texts: what a phone artifact takes end to end beside the interpreter's own time.

    python tests/benchmarks/answers.py [--squad dev-v1.1.json.gz] [--questions 40] [--mode dynamic_int8]

The artifact is a full-size MobileBERT of 384 tokens with random weights. Each question is answered by itself,
as it would come: its text is cut into windows, these are run, and their logits are decoded. The interpreter's
time is that of its `invoke` within the same calls. At the end the same is done with all questions at once.
Without a file the questions are about the documentation of an installed package, and the vocabulary is trained.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from mbert_cli.corpus.installed_docs import installed_documents
from mbert_cli.corpus.options import InstalledDocsCorpus
from mbert_cli.examples.batches import TaskBatches
from mbert_cli.examples.options import SquadTask
from mbert_cli.examples.squad import Question, Squad, collect_squad
from mbert_cli.examples.squad_files import read_squad
from mbert_cli.examples.texts import TaskData
from mbert_cli.model.heads import build_task_network
from mbert_cli.tasks.kinds import KINDS
from mbert_cli.tasks.task_set import encode_set
from mbert_cli.text.vocabulary import Vocabulary, load_vocabulary, train_vocabulary
from mbert_cli.text.wordpiece import Tokenizer
from mbert_cli.tflite.convert import convert
from mbert_cli.tflite.interpreter import Artifact

LENGTH = 384
HEAD = KINDS["question_answering"].head
TASK = TaskData("questions", ["start", "end"], {}, kind="question_answering")


class TimedArtifact(Artifact):
    """Adds up the time of the interpreter."""

    seconds = 0.0

    def run(self) -> np.ndarray:
        """Computes, and takes the time."""
        start = time.perf_counter()
        outputs = super().run()
        self.seconds += time.perf_counter() - start
        return outputs


def main() -> None:
    """Prints both times and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--squad", type=Path)
    parser.add_argument("--vocabulary", type=Path)
    parser.add_argument("--questions", type=int, default=40)
    parser.add_argument("--mode", default="dynamic_int8")
    given = parser.parse_args()
    squad = read_squad(given.squad) if given.squad else documentation_questions()
    step = max(1, len(squad) // given.questions)
    squad = squad.take(range(0, len(squad), step)[: given.questions])
    vocabulary = load_vocabulary(given.vocabulary, True) if given.vocabulary else train(squad)
    tokenizer = Tokenizer(vocabulary)
    network = build_task_network("mobilebert", head=HEAD, num_outputs=2)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.tflite")
        path.write_bytes(convert(network, LENGTH, given.mode, HEAD))
        artifact = TimedArtifact(path, known_outputs=[HEAD.artifact_outputs])
        answer(artifact, squad.take([0]), tokenizer)  # the first run prepares the interpreter
        show("one by one", artifact, [squad.take([place]) for place in range(len(squad))], tokenizer)
        show("all at once", artifact, [squad], tokenizer)


def documentation_questions() -> Squad:
    """Questions about long paragraphs of installed documentation."""
    documents = installed_documents(InstalledDocsCorpus(source="installed_docs", packages=["numpy"]))
    texts = [text for document in documents for text in document.paragraphs if len(text.split()) > 80]
    return collect_squad(
        "documentation",
        [Question(str(place), "What does it return?", text, ()) for place, text in enumerate(texts)],
    )


def train(squad: Squad) -> Vocabulary:
    """A vocabulary of the size of BERT's, or as large as the texts allow."""
    return train_vocabulary([question.context for question in squad.questions], 30522, lowercase=True)


def answer(artifact: Artifact, squad: Squad, tokenizer: Tokenizer) -> int:
    """Answers questions from text to text and returns the number of windows."""
    encoded = encode_set(TASK, squad, SquadTask(source="squad", sequence_length=LENGTH), tokenizer)
    outputs = artifact.predict(next(TaskBatches(encoded.rows, len(encoded.rows.tokens)).in_order()))
    encoded.judge.decide(outputs)
    return len(outputs)


def show(name: str, artifact: TimedArtifact, parts: list[Squad], tokenizer: Tokenizer) -> None:
    """Prints the times of answering all parts."""
    artifact.seconds = 0.0
    start = time.perf_counter()
    windows = sum(answer(artifact, part, tokenizer) for part in parts)
    whole = time.perf_counter() - start
    print(
        f"{name}: {windows} windows, end to end {1000 * whole / windows:.2f} ms a window, interpreter "
        f"{1000 * artifact.seconds / windows:.2f} ms, ratio {whole / artifact.seconds:.3f}"
    )


if __name__ == "__main__":
    main()
