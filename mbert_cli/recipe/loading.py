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
from mbert_cli.recipe.files import RecipeFile, find_recipe
from mbert_cli.recipe.forms import choosing_layers, chosen_form, forms_of, hint_for_other_form, usual_recipe
from mbert_cli.recipe.idle_keys import refuse_idle
from mbert_cli.recipe.keys import defaults_of, discriminator_of, keys_of, variants_of
from mbert_cli.recipe.layers import Layer, file_layers, setting_layer
from mbert_cli.recipe.problems import (
    find_key,
    leaves,
    unknown_key,
    without_keys,
    wrong_choice,
    wrong_choices,
    wrong_values,
)
from mbert_cli.recipe.schema import CHOOSERS, SMOKE, SMOKE_FORMS, SMOKE_SEARCH, SMOKE_TASKS, smoke_sizes
from mbert_cli.recipe.setting import read_setting
from mbert_cli.recipe.yaml_text import Entry, YamlProblem, plain
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
    name_or_path: str | None = None,
    settings: Sequence[str] = (),
    smoke: bool = False,
    flags: Mapping[str, tuple[str, object]] | None = None,
    task: Mapping[str, object] | None = None,
) -> LoadedRecipe[Any]:
    """Loads a verb's recipe.

    Args:
        verb: A key of `RECIPES`.
        name_or_path: Name of a shipped recipe, or a path that ends in .yaml; None takes the usual one.
        settings: Values of `--set`: `key=value`, the value being YAML.
        smoke: Whether the values of `--smoke` are set.
        flags: Short ways to write `--set`: `{"--strategy": ("distill.strategy", "joint")}`.
        task: The task of the run that the verb works on, so that `--set` can change single keys of it.

    Raises:
        UserError: The recipe is not known, or has mistakes; the message names all of them.
    """
    flags = flags or {}
    file = find_recipe(verb, name_or_path or usual_recipe(verb, settings, flags.values()))
    layers = file_layers(verb, file)
    typed = [setting_layer(path, _entry(value), flag) for flag, (path, value) in flags.items()]
    draft = _Draft(verb, chosen_form(verb, [*layers, *choosing_layers(verb, settings), *typed]))
    if task is not None:
        draft.add_task(task)
    for layer in layers:
        draft.add(layer)
    for path, value in draft.smoke_values().items() if smoke else ():
        draft.add(setting_layer(path, _entry(value), "--smoke"))
    draft.add_settings(settings)
    for layer in typed:
        draft.add(layer)
    recipe = draft.finish(file)
    return LoadedRecipe(
        verb, file.name, recipe, {path: draft.origins[path] for path, _ in leaves(draft.values)}
    )


@dataclass
class _Draft:
    """A recipe while its layers are laid over each other.

    Attributes:
        verb: The verb it belongs to.
        form: Which form of the verb's recipes it is of.
        values: The values so far, as nested dicts.
        origins: Where each value comes from, by its path; the latest assignment stands last.
        mistakes: What cannot be used: place and sentence; a sentence begins with its key.
    """

    verb: str
    form: str
    values: dict[str, object] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    mistakes: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.section = forms_of(self.verb)[self.form]
        self.values = defaults_of(self.section)
        if self.form:
            self.values[self._section_of_form] = self._start_of_form(None, {}, True)[0]
        self.origins = {path: "default" for path, _ in leaves(self.values)}

    def add_task(self, task: Mapping[str, object]) -> None:
        """Takes the values of a run's task in place of the default."""
        self.values["task"] = dict(task)
        del self.origins["task"]
        self.origins |= {f"task.{path}": "the run" for path, _ in leaves(task)}

    def add(self, layer: Layer) -> None:
        """Lays the values of a layer over the draft; a mapping of the command line replaces the whole section."""
        self._merge(self.section, self.values, layer.entries, "", layer.source)

    def smoke_values(self) -> Mapping[str, object]:
        """What `--smoke` sets in a recipe of this form, with a task of this source, with a search."""
        task, search = self.values.get("task"), self.values.get("search")
        settings = {**SMOKE[self.verb], **SMOKE_FORMS.get(self.form, {})}
        if isinstance(task, dict):
            settings |= SMOKE_TASKS.get(str(task.get("source")), {})
        else:  # the task is that of a run, which is not known here
            settings = {path: value for path, value in settings.items() if not path.startswith("task.")}
        return settings | (SMOKE_SEARCH if isinstance(search, dict) else {}) | smoke_sizes(self.values)

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
            self.add(setting_layer(path, entry, "--set"))

    def finish(self, file: RecipeFile) -> Section:
        """The recipe as its frozen class, or all mistakes in one error."""
        sentences = wrong_choices(self.verb, self.values)
        recipe: Section | None = None
        try:
            recipe = self.section.model_validate(self.values, strict=True)
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
                self.mistakes.append((where, without_keys(path, values.get(name))))
            else:
                values[name] = plain(entry.value)
                self._forget(path)
                self.origins[path] = where

    def _enter(
        self, info: FieldInfo, values: dict[str, object], entry: Entry, path: str, source: str
    ) -> None:
        """Lays a mapping over a section; another variant, or a replacement, first sets it to its defaults."""
        name, tag = path.rpartition(".")[2], discriminator_of(info)
        entries: dict[str, Entry] = entry.value if isinstance(entry.value, dict) else {}
        held = values.get(name)
        present = held if isinstance(held, dict) else None
        if path == self._section_of_form:
            start, variant = self._start_of_form(present, entries, entry.replaces)
        else:
            start = self._start(info, present, entries, entry.replaces)
            variant = variants_of(info).get(str(start.get(tag, "")) if tag else "")
        if variant is None:
            self.mistakes.append(self._no_variant(info, entry, path, source))
            return
        if start is not present:
            values[name] = start
            self._forget(path)
            self.origins |= {leaf: "default" for leaf, _ in leaves(start, f"{path}.")}
        if not entries:
            self.origins[path] = _place(source, entry)
        self._merge(variant, start, entries, f"{path}.", source)

    @property
    def _section_of_form(self) -> str:
        """The section whose variant the form decides; empty where a verb has one form."""
        return CHOOSERS.get(self.verb, "").rpartition(".")[0]

    def _start_of_form(
        self, present: dict[str, object] | None, entries: Mapping[str, Entry], replaces: bool
    ) -> tuple[dict[str, object], type[Section] | None]:
        """That section's values before a mapping is laid over it, and its class; none for a form that there is not."""
        tag = CHOOSERS[self.verb].rpartition(".")[2]
        variants = variants_of(self.section.model_fields[self._section_of_form])
        variant = variants.get(self.form) or variants[""]
        start = {tag: self.form} | defaults_of(variant) if present is None or replaces else present
        is_known = tag not in entries or entries[tag].value in forms_of(self.verb)
        return start, variant if is_known else None

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
        if path == self._section_of_form:
            tag, variants = CHOOSERS[self.verb].rpartition(".")[2], list(forms_of(self.verb))
        given = entry.value.get(tag) if isinstance(entry.value, dict) else None
        if given:
            sentence = wrong_choice(f"{path}.{tag}", variants, plain(given.value))
        else:
            sentence = f"{path}.{tag} is missing: it must be one of {', '.join(variants)}."
        return _place(source, given or entry), sentence

    def _chosen(self, section: type[Section], prefix: str) -> str:
        """The variant that decides which keys a section has: its own, or the form of the recipe."""
        for key in keys_of(self.verb):
            if (
                key.is_discriminator
                and key.path.startswith(prefix)
                and key.path.count(".") == prefix.count(".")
            ):
                tag = key.path.rpartition(".")[2]
                return f"{key.path}: {get_args(section.model_fields[tag].annotation)[0]}"
        return f"{CHOOSERS[self.verb]}: {self.form}" if self.form else ""

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
        self.mistakes.sort(key=_reading_order)
        mistakes = [f"{where}: {sentence}" for where, sentence in self.mistakes]
        hint = hint_for_other_form(self.verb, file, self.form, self.mistakes)
        if len(mistakes) == 1:
            key = re.sub(r"\.\d+(\..*)?$", "", self.mistakes[0][1].split(" ")[0].rstrip(":"))
            is_key = any(key == known.path for known in keys_of(self.verb))
            about = f"{key}` tells more about it." if is_key else f"{self.verb}` lists all keys."
            return UserError(mistakes[0], hint or f"`mbert recipe explain {about}")
        lines = "".join(f"\n  {mistake}" for mistake in mistakes)
        return UserError(
            f"The recipe {self.verb}/{file.name} has {len(mistakes)} mistakes:{lines}",
            hint
            or f"`mbert recipe explain {self.verb}` lists all keys; with a key it says what that key takes.",
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
