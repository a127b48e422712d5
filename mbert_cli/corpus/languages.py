"""Languages whose rules split sentences: those that sentencex tells from English, which it takes for all others."""

import difflib

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

_PROBE = "Supt. Dee of NE. Okla. saw it. 6 more; None."
"""Every language that has rules cuts this elsewhere than English: its abbreviations, numbers or signs are others."""


def require_language(language: str) -> None:
    """Checks that a language has rules; sentencex says nothing of it, and takes those of English.

    Args:
        language: Its code.

    Raises:
        UserError: It has none, or is not written as its code.
    """
    if has_rules(language):
        return
    near = _near(language)
    raise UserError(
        f"{_KEY} must be the code of a language whose rules for sentences sentencex has. Received: {language}",
        f"Write --set {_KEY}={near}{_called(near)}."
        if near
        else f"Write --set {_KEY}=en where the language is none of these: {', '.join(LANGUAGES)}.",
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
