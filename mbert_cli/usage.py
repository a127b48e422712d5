"""Usual slips in what is typed: words that belong to a flag, or stand in another place."""

import re
import shlex
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from typer.core import TyperGroup
from typer.exceptions import TyperException

from mbert_cli.errors import UserError

_EXTRA = re.compile(r"Got unexpected extra argument(?:s|\(s\))? \((.*)\)")
_SETTING = re.compile(r"[a-z_]+(?:\.[a-z_0-9]+)*=")


class Verbs(TyperGroup):
    """The verbs of `mbert`; where they cannot read their words, what is meant is told if it is known."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        words = list(args)
        try:
            return list(super().parse_args(ctx, args))
        except TyperException as error:
            told = misplaced_flag(words, self.commands) if _says(error).startswith("No such option") else None
            if told is None:
                raise
            raise told from error

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except TyperException as error:
            extra = _EXTRA.match(_says(error))
            told = extra and misplaced_word(ctx.obj["command"][1:], extra[1])
            if not told:
                raise
            raise told from error


def _says(error: TyperException) -> str:
    return str(getattr(error, "message", ""))


def misplaced_flag(words: Sequence[str], verbs: Collection[str]) -> UserError | None:
    """What is said where a verb's flags stand before it; None where there is no verb.

    Args:
        words: Those behind `mbert`.
        verbs: The verbs.
    """
    place = next((place for place, word in enumerate(words) if word in verbs), None)
    if not place:
        return None
    flags = shlex.join(words[:place])
    return UserError(
        f"Flags must stand behind the verb. Received: {flags} before {words[place]}",
        f"mbert {shlex.join([words[place], *words[place + 1 :], *words[:place]])}",
    )


def misplaced_word(words: Sequence[str], extra: str) -> UserError | None:
    """What is said of a word too many that belongs to a flag; None where that is not known.

    Args:
        words: Those behind `mbert`, the verb first.
        extra: The words that were not expected.
    """
    first = max((word for word in words if f"{extra} ".startswith(f"{word} ")), key=len, default=extra)
    if "--set" in words and _SETTING.match(first):
        return UserError(
            f"Each KEY=VALUE must have a --set of its own. Received: {extra} without",
            f"--set {shlex.quote(first)}",
        )
    if "--length" in words and extra.replace(" ", "").isdecimal():
        lengths = [words[words.index("--length") + 1], *extra.split()]
        return UserError(
            f"Several lengths must be one word. Received: {' '.join(lengths)}",
            f"--length {','.join(lengths)}",
        )
    if words[0] != "predict":
        return None
    flag = "--file" if Path(extra).is_file() else "--text"
    return UserError(
        f"`mbert predict` takes one run or .tflite file; what it reads must be named by a flag. Received: {extra}",
        f"{flag} {shlex.quote(extra)}",
    )


def one_mode(typed: str) -> str:
    """The value of `--quantize`.

    Raises:
        UserError: It is several modes with commas between them.
    """
    if "," in typed:
        modes = [mode.strip() for mode in typed.split(",") if mode.strip()]
        raise UserError(
            f"--quantize must name one mode, and may be repeated. Received: {typed}",
            " ".join(f"--quantize {shlex.quote(mode)}" for mode in modes),
        )
    return typed
