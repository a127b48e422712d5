"""A recipe from its parts: schema default < extends < file < --smoke < --set < a verb's own flags.

All mistakes are reported at once, each with the file and line, or the flag, that it came from.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from mbert_cli.errors import UserError
from mbert_cli.recipe.files import RecipeFile, find_recipe, read_text
from mbert_cli.recipe.idle_keys import refuse_idle
from mbert_cli.recipe.keys import defaults_of, discriminator_of, keys_of, variants_of
from mbert_cli.recipe.problems import find_key, leaves, unknown_key, wrong_choice, wrong_choices, wrong_values
from mbert_cli.recipe.schema import RECIPES, SMOKE, SMOKE_SEARCH, SMOKE_TASKS
from mbert_cli.recipe.setting import read_setting
from mbert_cli.recipe.yaml_text import Entry, YamlProblem, plain, read_entries, written
from mbert_cli.section import Section

VerbRecipe = TypeVar("VerbRecipe", bound=Section)


@dataclass(frozen=True)
class LoadedRecipe(Generic[VerbRecipe]):
    """A complete recipe and where each of its values comes from.

    Attributes:
        verb: The verb it belongs to.
        name: Its name: that of its file, without the ending.
        recipe: The verb's recipe class of `recipe/schema.py`, frozen.
        origins: For the path of each value `default`, `FILE:LINE`, `--smoke`, `--set`, or the flag.
    """

    verb: str
    name: str
    recipe: VerbRecipe
    origins: dict[str, str]

    def values(self) -> dict[str, object]:
        """All values as nested plain dicts, in the order of the schema: what a run directory keeps."""
        return self.recipe.model_dump()


def load(
    verb: str,
    name_or_path: str = "quickstart",
    settings: Sequence[str] = (),
    smoke: bool = False,
    flags: Mapping[str, tuple[str, object]] | None = None,
    task: Mapping[str, object] | None = None,
) -> LoadedRecipe[Any]:
    """Loads a verb's recipe.

    Args:
        verb: A key of `RECIPES`.
        name_or_path: Name of a shipped recipe, or a path that ends in .yaml.
        settings: Values of `--set`: `key=value`, the value being YAML.
        smoke: Whether the values of `--smoke` are set.
        flags: Short ways to write `--set`: `{"--strategy": ("distill.strategy", "joint")}`.
        task: The task of the run that the verb works on, so that `--set` can change single keys of it.

    Raises:
        UserError: The recipe is not known, or has mistakes; the message names all of them.
    """
    file = find_recipe(verb, name_or_path)
    draft = _Draft(verb)
    if task is not None:
        draft.add_task(task)
    draft.add_file(file)
    if smoke:
        for path, value in {**SMOKE[verb], **draft.smoke_sections()}.items():
            draft.add_setting(path, _entry(value), "--smoke")
    draft.add_settings(settings)
    for flag, (path, value) in (flags or {}).items():
        draft.add_setting(path, _entry(value), flag)
    recipe = draft.finish(file)
    return LoadedRecipe(
        verb, file.name, recipe, {path: draft.origins[path] for path, _ in leaves(draft.values)}
    )


@dataclass
class _Draft:
    """A recipe while its layers are laid over each other.

    Attributes:
        verb: The verb it belongs to.
        values: The values so far, as nested dicts.
        origins: Where each value comes from, by its path; the latest assignment stands last.
        mistakes: What cannot be used: place and sentence; a sentence begins with its key.
    """

    verb: str
    values: dict[str, object] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    mistakes: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.values = defaults_of(RECIPES[self.verb])
        self.origins = {path: "default" for path, _ in leaves(self.values)}

    def add_task(self, task: Mapping[str, object]) -> None:
        """Takes the values of a run's task in place of the default."""
        self.values["task"] = dict(task)
        del self.origins["task"]
        self.origins |= {f"task.{path}": "the run" for path, _ in leaves(task)}

    def add_file(self, file: RecipeFile) -> None:
        """Lays a file's values, and below them those of the file that it extends, over the draft."""
        entries = self._read(file)
        extended = entries.pop("extends", None)
        if extended is not None:
            self._add_extended(file, extended)
        self._merge(RECIPES[self.verb], self.values, entries, "", file.shown)

    def smoke_sections(self) -> Mapping[str, object]:
        """What `--smoke` sets in a task section of this source, and in a search."""
        task, search = self.values.get("task"), self.values.get("search")
        settings = SMOKE_TASKS.get(str(task.get("source")), {}) if isinstance(task, dict) else {}
        return {**settings, **(SMOKE_SEARCH if isinstance(search, dict) else {})}

    def add_settings(self, settings: Sequence[str]) -> None:
        """Lays the values of `--set` over the draft; those that choose a section's variant go first."""
        known = {key.path: key for key in keys_of(self.verb)}
        chooses = {path for path, key in known.items() if key.is_discriminator}
        for setting in sorted(settings, key=lambda text: text.partition("=")[0].strip() not in chooses):
            path, equals, text = setting.partition("=")
            if not equals or not path.strip():
                self.mistakes.append(("--set", f"a setting must be KEY=VALUE. Received: {setting}"))
                continue
            path = path.strip()
            try:
                key = find_key(self.verb, path, self.values) if path in known else None
                entry = _entry(read_setting(text, key))
            except YamlProblem as problem:
                self.mistakes.append(("--set", f"{path}: {problem.message}. Received: {text}"))
                continue
            self.add_setting(path, entry, "--set")

    def add_setting(self, path: str, entry: Entry, origin: str) -> None:
        """Lays one value over the draft; a mapping replaces the whole section."""
        first, *rest = path.split(".")
        for name in reversed(rest):
            entry = Entry({name: entry})
        self._merge(RECIPES[self.verb], self.values, {first: entry}, "", origin)

    def finish(self, file: RecipeFile) -> Section:
        """The recipe as its frozen class, or all mistakes in one error."""
        sentences = wrong_choices(self.verb, self.values)
        recipe: Section | None = None
        try:
            recipe = RECIPES[self.verb].model_validate(self.values, strict=True)
        except ValidationError as error:
            wrong = wrong_values(self.verb, self.values, error)
            sentences |= {p: s for p, s in wrong.items() if not any(q.startswith(f"{p}.") for q in sentences)}
        told = [sentence.split(" ")[0].rstrip(":") for _, sentence in self.mistakes]
        for path, sentence in sentences.items():
            if not any(f"{known}.".startswith(f"{path}.") for known in told):
                self.mistakes.append((self._origin(path, sentence) or file.shown, sentence))
        if recipe is not None and not self.mistakes:
            self.mistakes += refuse_idle(self.verb, dict(leaves(recipe.model_dump())), self.origins)
        if recipe is None or self.mistakes:
            raise self._error(file)
        return recipe

    def _read(self, file: RecipeFile) -> dict[str, Entry]:
        try:
            return read_entries(read_text(file))
        except YamlProblem as problem:
            raise UserError(
                f"{file.shown}:{problem.line}: {problem.message}",
                f"`mbert recipe show {self.verb} quickstart` prints a recipe that can be read.",
            ) from None

    def _add_extended(self, file: RecipeFile, entry: Entry) -> None:
        where = f"{file.shown}:{entry.line}"
        if not isinstance(entry.value, str):
            raise UserError(f"{where}: extends must be the name or the path of a recipe. "
                            f"Received: {written(plain(entry.value))}")  # fmt: skip
        try:
            extended = find_recipe(self.verb, entry.value, file.path.parent)
        except UserError as error:
            raise UserError(f"{where}: {error.message}", error.hint) from None
        entries = self._read(extended)
        if "extends" in entries:
            raise UserError(
                f"{where}: a recipe can extend only one that extends none. Received: {entry.value}, which extends "
                f"{written(plain(entries['extends'].value))}",
                "Copy the keys that you need, or extend the recipe that it extends.",
            )
        self._merge(RECIPES[self.verb], self.values, entries, "", extended.shown)

    def _merge(
        self,
        section: type[Section],
        values: dict[str, object],
        entries: Mapping[str, Entry],
        prefix: str,
        source: str,
    ) -> None:
        """Lays entries over the values of one section, section by section down to single values."""
        for name, entry in entries.items():
            path, where = f"{prefix}{name}", _place(source, entry)
            field_info = section.model_fields.get(name)
            if field_info is None:
                siblings, chosen = list(section.model_fields), self._chosen(section, prefix)
                self.mistakes.append((where, unknown_key(self.verb, path, siblings, chosen, entry)))
            elif isinstance(entry.value, dict) and variants_of(field_info):
                self._enter(field_info, values, entry, path, source)
            elif isinstance(entry.value, dict) and any(nested.line == 0 for nested in entry.value.values()):
                self.mistakes.append((where, f"{path} has no keys of its own."))
            else:
                values[name] = plain(entry.value)
                self._forget(path)
                self.origins[path] = where

    def _enter(
        self, info: FieldInfo, values: dict[str, object], entry: Entry, path: str, source: str
    ) -> None:
        """Lays a mapping over a section; another variant, or a replacement, first sets it to its defaults."""
        variants, name = variants_of(info), path.rpartition(".")[2]
        entries: dict[str, Entry] = entry.value if isinstance(entry.value, dict) else {}
        held = values.get(name)
        present = held if isinstance(held, dict) else None
        start = self._start(info, present, entries, entry.replaces)
        tag = start.get(discriminator_of(info), "") if discriminator_of(info) else ""
        if tag not in variants:
            self.mistakes.append(self._no_variant(info, entry, path, source))
            return
        if start is not present:
            values[name] = start
            self._forget(path)
            self.origins |= {leaf: "default" for leaf, _ in leaves(start, f"{path}.")}
        if not entries:
            self.origins[path] = _place(source, entry)
        self._merge(variants[tag], start, entries, f"{path}.", source)

    def _start(
        self, info: FieldInfo, present: dict[str, object] | None, entries: Mapping[str, Entry], replaces: bool
    ) -> dict[str, object]:
        """The values a section has before a mapping is laid over it."""
        variants, tag_name = variants_of(info), discriminator_of(info)
        default = {} if info.is_required() else info.get_default(call_default_factory=True)
        default = default.model_dump() if isinstance(default, Section) else default or {}
        base = present if present is not None and not replaces else default
        if not tag_name:
            return base or defaults_of(variants[""])
        tag = plain(entries[tag_name].value) if tag_name in entries else base.get(tag_name)
        if tag == base.get(tag_name):
            return base
        if tag not in variants:
            return {tag_name: tag}
        return {tag_name: tag} | defaults_of(variants[tag])

    def _no_variant(self, info: FieldInfo, entry: Entry, path: str, source: str) -> tuple[str, str]:
        tag, variants = discriminator_of(info), list(variants_of(info))
        given = entry.value.get(tag) if isinstance(entry.value, dict) else None
        if given:
            sentence = wrong_choice(f"{path}.{tag}", variants, plain(given.value))
        else:
            sentence = f"{path}.{tag} is missing: it must be one of {', '.join(variants)}."
        return _place(source, given or entry), sentence

    def _chosen(self, section: type[Section], prefix: str) -> str:
        for key in keys_of(self.verb):
            if (
                key.is_discriminator
                and key.path.startswith(prefix)
                and key.path.count(".") == prefix.count(".")
            ):
                tag = key.path.rpartition(".")[2]
                return f"{key.path}: {get_args(section.model_fields[tag].annotation)[0]}"
        return ""

    def _forget(self, path: str) -> None:
        for known in [p for p in self.origins if p == path or p.startswith(f"{path}.")]:
            del self.origins[known]

    def _origin(self, path: str, sentence: str) -> str:
        """Where a value comes from; for a rule over several keys where those come from that it names.

        Args:
            path: The key, or the section whose rule is broken; empty for the whole recipe.
            sentence: What is wrong.
        """
        if self.origins.get(path, "default") != "default":
            return self.origins[path]
        if not path:
            return ", ".join(self._named_in(sentence, ""))
        while path:
            named = self._named_in(sentence, f"{path}.")
            under = [o for p, o in self.origins.items() if p.startswith(f"{path}.") and o != "default"]
            if named or under:
                return ", ".join(named) or under[-1]
            path = path.rpartition(".")[0]
        return ""

    def _named_in(self, sentence: str, prefix: str) -> list[str]:
        """The origins, apart from defaults, of the keys of a section that a sentence names."""
        words = set(re.findall(r"\w+", sentence))
        found = [
            origin
            for path, origin in self.origins.items()
            if origin != "default" and path.startswith(prefix) and path[len(prefix) :] in words
        ]
        return list(dict.fromkeys(found))

    def _error(self, file: RecipeFile) -> UserError:
        mistakes = [f"{where}: {sentence}" for where, sentence in sorted(self.mistakes, key=_reading_order)]
        if len(mistakes) == 1:
            key = self.mistakes[0][1].split(" ")[0]
            is_key = any(key == known.path for known in keys_of(self.verb))
            about = f"{key}` tells more about it." if is_key else f"{self.verb}` lists all keys."
            return UserError(mistakes[0], f"`mbert recipe explain {about}")
        lines = "".join(f"\n  {mistake}" for mistake in mistakes)
        return UserError(
            f"The recipe {self.verb}/{file.name} has {len(mistakes)} mistakes:{lines}",
            f"`mbert recipe explain {self.verb}` lists all keys; with a key it says what that key takes.",
        )


def _entry(value: object) -> Entry:
    """A value of the command line as an entry that replaces what stands in its place."""
    return Entry(value, replaces=isinstance(value, dict))


def _place(source: str, entry: Entry) -> str:
    """`FILE:LINE` for a file, the flag itself for a flag."""
    return source if source.startswith("--") or not entry.line else f"{source}:{entry.line}"


def _reading_order(mistake: tuple[str, str]) -> tuple[bool, str, int]:
    """Files before flags, and a file from top to bottom."""
    file, _, line = mistake[0].rpartition(":")
    is_flag = mistake[0].startswith("--")
    return (is_flag, file, int(line)) if line.isdigit() else (is_flag, mistake[0], 0)
