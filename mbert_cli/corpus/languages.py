"""Languages whose rules split sentences: those that sentencex tells from English, which it takes for all others."""

import difflib
import re

import sentencex

from mbert_cli.errors import UserError

_KEY = "store.language"

LANGUAGES = {
    "am": "Amharic", "ar": "Arabic", "bg": "Bulgarian", "bn": "Bengali", "ca": "Catalan", "cs": "Czech",
    "da": "Danish", "de": "German", "el": "Greek", "en": "English", "es": "Spanish", "fi": "Finnish",
    "fr": "French", "gl": "Galician", "gu": "Gujarati", "hi": "Hindi", "hy": "Armenian", "it": "Italian",
    "ja": "Japanese", "kk": "Kazakh", "kn": "Kannada", "ml": "Malayalam", "mr": "Marathi", "my": "Burmese",
    "nl": "Dutch", "oc": "Occitan", "pa": "Punjabi", "pl": "Polish", "pt": "Portuguese", "ru": "Russian",
    "sk": "Slovak", "ta": "Tamil", "te": "Telugu", "tt": "Tatar", "uk": "Ukrainian",
}  # fmt: skip
"""The large ones, for messages; relatives such as `gsw`, Swiss German, are known too."""

_CODE = re.compile(r"[a-z]{2,3}(-[a-z0-9]+)*")
_PROBE = "Supt. Dee of NE. Okla. saw it. 6 more; None."
"""Every language that has rules cuts this elsewhere than English: its abbreviations, numbers or signs are others."""


def describe_language(language: str) -> str:
    """By which rules sentences are split; sentencex says nothing where it has none, and takes those of English.

    Args:
        language: Its code.

    Returns:
        The code, and for a language without rules of its own that those of English are taken.

    Raises:
        UserError: It is not written as a code, or is another way to write one that has rules.
    """
    if has_rules(language):
        return language
    near = _near(language)
    if _CODE.fullmatch(language) and not near:
        return f"{language}, for which sentencex has no rules: sentences are split as in English"
    raise UserError(
        f"{_KEY} must be the code of a language, in small letters. Received: {language}",
        f"Write --set {_KEY}={near}{_called(near)}."
        if near
        else f"sentencex has rules for {', '.join(LANGUAGES)} and relatives of these.",
    )


def has_rules(language: str) -> bool:
    """Whether sentencex has rules for a language: its own, those of a close relative, or those of English."""
    english = sentencex.segment("en", _PROBE)
    return language.partition("-")[0] == "en" or sentencex.segment(language, _PROBE) != english


def _near(language: str) -> str:
    """The code that was meant: written in small letters, without the country, or spelled as a name; "" if none."""
    code = language.strip().lower().replace("_", "-")
    for written in (code, code.partition("-")[0]):
        if has_rules(written):
            return written
    names = {name.lower(): key for key, name in LANGUAGES.items()}
    return next((names[name] for name in difflib.get_close_matches(code, names, n=1, cutoff=0.85)), "")


def _called(code: str) -> str:
    name = LANGUAGES.get(code.partition("-")[0])
    return f" for {name}" if name else ""
