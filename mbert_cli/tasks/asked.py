"""What `mbert predict` is asked: texts, or questions about a text."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from mbert_cli.examples.squad import Question, Squad, collect_squad

Unlabelled = Callable[[list[str], list[str] | None], Any]


@dataclass(frozen=True)
class AskedTexts:
    """Texts in the order in which they are answered.

    Attributes:
        texts: One per answer, without white space around it.
        second_texts: The second one of each pair; None for single texts.
    """

    texts: list[str]
    second_texts: list[str] | None = None
    name: ClassVar[str] = "texts"

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def present(self) -> list[int]:
        """Places of those that are not blank."""
        second = self.second_texts or [""] * len(self)
        return [place for place, pair in enumerate(zip(self.texts, second, strict=True)) if any(pair)]

    def examples(self, unlabelled: Unlabelled) -> Any:
        """Those that are not blank, as examples.

        Args:
            unlabelled: Texts and second texts -> examples whose right answers nobody knows.
        """
        second = self.second_texts
        return unlabelled(
            [self.texts[place] for place in self.present],
            None if second is None else [second[place] for place in self.present],
        )

    def record(self, place: int) -> dict[str, str]:
        """What a JSON line says of one."""
        second = {} if self.second_texts is None else {"second_text": self.second_texts[place]}
        return {"text": self.texts[place]} | second


@dataclass(frozen=True)
class AskedQuestions:
    """Questions about one text.

    Attributes:
        questions: In the order in which they are answered.
        context: The text.
    """

    questions: tuple[str, ...]
    context: str
    name: ClassVar[str] = "questions"

    def examples(self, unlabelled: Unlabelled) -> Squad:
        """The questions as examples whose answers nobody knows; none have to be made up."""
        questions = [
            Question(f"question {number}", question, self.context, ())
            for number, question in enumerate(self.questions)
        ]
        return collect_squad("questions", questions)
