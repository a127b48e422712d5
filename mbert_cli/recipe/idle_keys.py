"""Keys that a verb's schema has and that would change nothing there: setting one is refused.

Sections are shared among verbs, so a verb has keys that are of use to others. Some keys count only beside a certain
value of another one. What is set by hand without any effect is a mistake that a person should hear of.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mbert_cli.distill.options import TransferFactors
from mbert_cli.recipe.idle_conditions import (
    Idleness,
    Values,
    are_prose,
    compares_no_layers,
    has_no,
    has_no_mode,
    has_no_teacher,
    has_one_setting,
    have_no_cells,
    have_no_spans,
    is_counted_in_json,
    is_set,
    replaces_prepared_sets,
)
from mbert_cli.recipe.keys import NO_DEFAULT, keys_of
from mbert_cli.recipe.schema import CHOOSERS
from mbert_cli.recipe.yaml_text import written
from mbert_cli.runs.listing import ORIGIN, RECIPE
from mbert_cli.tflite.modes import MODES

UNTYPED = ("default", "the run", "--smoke")
"""Origins of values that nobody set."""


@dataclass(frozen=True)
class IdleKeys:
    """Keys without effect.

    Attributes:
        verbs: Where.
        keys: Their full paths.
        why: Ends the sentence "KEY has no effect".
        when: Beside which values; None beside all. Such keys are refused only where they are typed: a recipe may
            hold the settings of several cases.
        chosen_by: Keys that say which case it is once and for all, as the names of files do. Where a recipe has
            them, it is refused too; what the key is by default is harmless.
    """

    verbs: tuple[str, ...]
    keys: tuple[str, ...]
    why: str
    when: Idleness | None = None
    chosen_by: tuple[str, ...] = ()

    def is_about(self, verb: str, path: str, values: Values, origins: Mapping[str, str]) -> bool:
        """Whether somebody set the key who should hear that it changes nothing."""
        origin = origins.get(path, "default")
        is_default = any(key.path == path and key.default == values[path] for key in keys_of(verb))
        if self.chosen_by:
            # What a flag, or a recipe that extends this one, chooses instead says nothing against it.
            there = (*UNTYPED, _file_of(origin))
            is_chosen_there = all(_file_of(origins.get(key, "default")) in there for key in self.chosen_by)
            return not is_default and (_is_flag(origin) or (is_chosen_there and not _is_of_a_run(origin)))
        # A recipe that a run wrote down has every key, most of them at their defaults.
        return _is_flag(origin) or (self.when is None and not is_default)


_LEARNS_TASK = ("finetune", "distill", "augment")
_READS_TASK = ("eval", "export-tflite", "bench")
_WITH_TASK = (*_LEARNS_TASK, *_READS_TASK)
_FILES = ("task.train", "task.validation")
_ALL_FILES = ("task.packages", "task.max_examples_per_label", "task.folder", "task.data_dir", "task.train",
              "task.validation", "task.validation_share")  # fmt: skip
_LABELS = ("task.kind", "task.label", "task.label_separator", "task.labels", "task.misplaced",
           "task.token_column", "task.label_column", "task.offsets")  # fmt: skip

_OF_HIDDEN_STATES = ("feature_map", "feature_mean", "feature_variance", "hidden_states", "hidden_cosine")
_COMPARISON = ("distill.layer_map", "distill.head_map", "distill.relation_heads", "distill.projections",
               *(f"distill.factors.{name}" for name in TransferFactors.model_fields))  # fmt: skip

_CLUSTER = ("cluster.address", "cluster.workers", "cluster.cores", "cluster.gpus", "cluster.wait_seconds")
_SHARES = ("prepare", "finetune", "augment", "eval")

_DYNAMIC_MODES = tuple(name for name, mode in MODES.items() if mode.is_dynamic)

IDLE = (
    IdleKeys(("finetune",), ("train.validate_every", "train.validation_steps"),
             "on a fine-tuning, which is validated on all validation examples at the end of every epoch"),
    IdleKeys(("finetune", "eval", "predict", "export-tflite", "bench", "augment"), ("task.unlabelled",),
             "on a verb without a teacher, who alone could label these texts; `mbert distill --strategy task` has one"),
    IdleKeys(("augment",), ("task.client",), "on augment, which writes texts, cut by whoever learns from them"),
    IdleKeys(("predict",), _ALL_FILES, "on predict, which reads the texts that it is given and no set of the task"),
    IdleKeys(("predict",), _LABELS, "on predict, whose texts have no labels: the model knows its own"),
    IdleKeys(("bench",), ("task.num_best", "task.max_answer_tokens", "task.null_threshold"),
             "on bench, which times a model and takes no answers"),
    IdleKeys(("export-tflite",), ("export.page_packages",), "without a page; --page writes one",
             lambda values: values["export.page"] is False),
    IdleKeys(("export-tflite",), ("export.fallback.max_layers", "export.calibration.max_examples"),
             "in float32, float16 and dynamic_int8, which need no ranges and keep no layer in higher precision",
             has_no_mode(lambda mode: mode.is_quantized_after), ("export.quantize",)),
    IdleKeys(("export-tflite",), ("export.eight_bit_maps",), "in modes other than int4",
             has_no_mode(lambda mode: mode.has_4_bit_kernels), ("export.quantize",)),
    IdleKeys(("export-tflite",), ("export.eight_bit_maps",), "where each block of weights has a scale",
             lambda values: values["export.block_size"] is not None, ("export.block_size",)),
    IdleKeys(("export-tflite",), ("export.row_ranges",), "in modes other than int8",
             has_no_mode(lambda mode: mode.takes_row_ranges), ("export.quantize",)),
    IdleKeys(("export-tflite",), ("export.equalize",), "in modes whose activations have no 8-bit ranges",
             has_no_mode(lambda mode: mode.has_8_bit_ranges), ("export.quantize",)),
    IdleKeys(("bench",), ("bench.reference_mode",), "without a reference; name one with --against",
             lambda values: values["bench.against"] is None),
    IdleKeys(("bench",), ("task.version",), "on bench where files of your own are read",
             is_set("task.train", "task.validation")),
    IdleKeys((*_LEARNS_TASK, "eval", "predict", "export-tflite"), ("task.null_threshold",),
             "under the rules of v1.1, where every question has an answer; set task.version=v2.0",
             lambda values: values["task.version"] == "v1.1"),
    IdleKeys(_WITH_TASK, ("task.validation_share",), "together with task.validation, a file that is held out whole",
             is_set("task.validation")),
    IdleKeys(_READS_TASK, ("task.train",), "together with task.validation, which alone is read here",
             lambda values: values.get("task.source") == "squad" and values.get("task.validation") is not None
             and values.get("evaluate.split") != "train"),
    IdleKeys(_READS_TASK, ("task.train",), "on a set to be scored on, which the folder of the task has",
             lambda values: values.get("task.source") == "glue" and values.get("evaluate.split") != "train"),
    IdleKeys(_WITH_TASK, ("task.data_dir",), "together with files of your own, which are read in its place",
             replaces_prepared_sets),
    IdleKeys(_WITH_TASK, ("task.label_separator",), "where an example has one label; set task.kind=multi_label",
             lambda values: values.get("task.kind") != "multi_label", ("task.kind",)),
    IdleKeys(_WITH_TASK, ("task.label_separator",), "together with a list of columns in task.label, each of one label",
             lambda values: isinstance(values.get("task.label"), list), ("task.label",)),
    IdleKeys(_WITH_TASK, ("task.delimiter", "task.encoding"), "on rows of JSON, which have names and are UTF-8; it is "
             "for .tsv and .csv files", have_no_cells, (*_FILES, "task.unlabelled")),
    IdleKeys(_WITH_TASK, ("task.validation_share",), "on prepared data sets, which have a validation set of their own",
             lambda values: values.get("task.source") == "squad" and values.get("task.train") is None, _FILES),
    IdleKeys(_WITH_TASK, ("task.offsets",), "where each token has a tag; it says what the places of spans count",
             have_no_spans, ("task.kind", *_FILES)),
    IdleKeys(_WITH_TASK, ("task.token_column",), "as a number on rows of JSON; name the member with the tokens",
             is_counted_in_json("task.token_column"), _FILES),
    IdleKeys(_WITH_TASK, ("task.label_column",), "as a number on rows of JSON; name the member with the tags",
             is_counted_in_json("task.label_column"), _FILES),
    IdleKeys(("prepare",), ("corpus.text", "corpus.where"), "on .txt and .md files, which are one text",
             lambda values: values.get("corpus.source") == "files" and are_prose(values), ("corpus.globs",)),
    IdleKeys(("prepare",), ("vocabulary.size", "vocabulary.training_megabytes"),
             "together with vocabulary.file, whose tokens are read; set vocabulary.file=null to train some",
             is_set("vocabulary.file")),
    IdleKeys(("train-teacher", "finetune"), ("plan.teacher",), "where no teacher takes part; it is for distill"),
    IdleKeys(("train-teacher", "distill"), ("data.prepare",), "together with data.run, a corpus that is prepared",
             is_set("data.run")),
    IdleKeys(("distill",), ("data.max_predictions", "data.masking_rate", "data.whole_word_masking"),
             "on text that is not masked; distill.masks_text=true masks it",
             lambda values: values.get("distill.masks_text") is False),
    IdleKeys(("distill",), ("distill.head_map",),
             "where no attention is compared head by head; distill.factors.attention_scores=1 does so",
             has_no("attention", "attention_scores")),
    IdleKeys(("distill",), ("distill.relation_heads",),
             "without a loss that compares relations; distill.factors.attention_relations=1 gives one",
             has_no("attention_relations")),
    IdleKeys(("distill",), ("distill.temperature",),
             "together with distill.ground_truth_ratio=1, where nothing is learned from the teacher's outputs",
             lambda values: values.get("distill.ground_truth_ratio") == 1),
    IdleKeys(("distill",), ("distill.temperature",),
             "together with distill.factors.soft_targets=0, where nothing is learned from the teacher's predictions",
             lambda values: values.get("distill.factors.soft_targets") == 0),
    IdleKeys(("distill",), ("distill.temperature",), "on a task of numbers, which are compared as they are",
             lambda values: values.get("task.kind") == "regression" or values.get("task.name") == "stsb"),
    IdleKeys(("distill",), ("distill.projections",), "where no loss compares hidden states",
             has_no(*_OF_HIDDEN_STATES)),
    IdleKeys(("distill",), ("distill.intermediate_learning_rate", "distill.intermediate_max_steps", *_COMPARISON),
             "together with distill.intermediate_epochs=0, where no layers are compared", compares_no_layers),
    IdleKeys(("distill",), tuple(key.path for key in keys_of("train-teacher") if key.path.startswith("model.")),
             "together with source, a run that has a model", is_set("source")),
    IdleKeys(("distill",), ("loss.class_weights", "loss.focal_gamma"),
             "together with distill.ground_truth_ratio=0, where nothing is learned from the labels",
             lambda values: values["distill.ground_truth_ratio"] == 0),
    IdleKeys(("distill",), ("distill.warm_start",), "together with source, whose weights the student starts with",
             is_set("source")),
    IdleKeys(("distill",), ("task.unlabelled", "cache.budget_gigabytes", "cache.dtype", "cache.folder"),
             "together with distill.intermediate_epochs=0 and distill.ground_truth_ratio=1, where nothing is learned "
             "from the teacher", has_no_teacher),
    IdleKeys(("distill",), ("cache.dtype", "cache.folder"),
             "together with cache.budget_gigabytes=0, where nothing is kept",
             lambda values: values["cache.budget_gigabytes"] == 0),
    IdleKeys(("distill",), ("distill.transfer_learning_rate",),
             "with the strategy auxiliary, whose one stage has the rate of train.optimizer",
             lambda values: values["distill.strategy"] == "auxiliary", ("distill.strategy",)),
    IdleKeys(("distill",), ("train.validate_every", "train.validation_steps"),
             "with the strategy task, which is validated on all validation examples at the end of every epoch",
             lambda values: values["distill.strategy"] == "task", ("distill.strategy",)),
    IdleKeys(("train-teacher", "distill", "finetune"), ("hosts.index", "hosts.coordinator", "hosts.wait_seconds"),
             "together with hosts.count=1, a host that meets no others", lambda values: values["hosts.count"] == 1),
    IdleKeys(("train-teacher", "distill", "finetune"), ("train.optimizer.no_decay",),
             "together with train.optimizer.weight_decay=0, where adamw decays no weight",
             lambda values: values["train.optimizer.weight_decay"] == 0
             and values["train.optimizer.name"] == "adamw"),
    IdleKeys(("augment",), ("augment.sees_original", "augment.masked_share", "augment.sequence_length",
                            "augment.batch_size"),
             "with word vectors alone; masked_language_model names a run that reads texts",
             lambda values: values["masked_language_model"] is None and values.get("vectors.source") is not None),
    IdleKeys(("finetune",), ("quantize.ground_truth_ratio", "quantize.temperature"),
             "together with quantize.teacher=false, where the labels alone are learned from",
             lambda values: values.get("quantize.teacher") is False),
    IdleKeys(("finetune",), ("quantize.frozen_from", "quantize.momentum"),
             "on a mode whose ranges are measured while the artifact runs",
             lambda values: values.get("quantize.mode") in _DYNAMIC_MODES),
    IdleKeys(("finetune",), _CLUSTER, "without a search, whose trials are shared; search.seed=[0, 1] makes one",
             lambda values: not any(path.startswith("search.") for path in values)),
    IdleKeys(("augment",), _CLUSTER, "with word vectors alone; the texts that a masked LM reads are shared",
             lambda values: values["masked_language_model"] is None and values.get("vectors.source") is not None),
    IdleKeys(_SHARES, ("cluster.workers",),
             "together with cluster.address, a cluster that has room for as many pieces as its cores allow",
             is_set("cluster.address")),
    IdleKeys(_SHARES, ("cluster.cores", "cluster.gpus", "cluster.wait_seconds"),
             "without cluster.address, on this machine alone", lambda values: values.get("cluster.address") is None),
    IdleKeys(("prepare",), ("cluster.gpus",), "on prepare, which has nothing for them to do"),
    IdleKeys(("finetune",), ("search.prune_margin",), "on a search with one setting, which is behind no other",
             has_one_setting),
    IdleKeys(("finetune",), ("train.optimizer.learning_rate",), "together with search.learning_rate",
             is_set("search.learning_rate")),
    IdleKeys(("finetune",), ("train.batch_size",), "together with search.batch_size", is_set("search.batch_size")),
    IdleKeys(("finetune",), ("train.epochs",), "together with search.epochs", is_set("search.epochs")),
    IdleKeys(("finetune",), ("seed",), "together with search.seed where search.max_trials draws no settings",
             lambda values: values.get("search.seed") is not None and values.get("search.max_trials") is None),
)  # fmt: skip


def refuse_idle(verb: str, values: Values, origins: Mapping[str, str]) -> list[tuple[str, str]]:
    """The place and a sentence for each key that somebody set and that changes nothing.

    Args:
        verb: The verb of the recipe.
        values: All values, by their full paths.
        origins: Where each comes from.
    """
    mistakes: dict[str, tuple[str, str]] = {}
    for rule in IDLE:
        for path in rule.keys if verb in rule.verbs else ():
            origin = origins.get(path, "default")
            if origin in UNTYPED or (path in _required(verb) and _names_a_task(origins)):
                continue
            if rule.is_about(verb, path, values, origins) and (rule.when is None or rule.when(values)):
                sentence = f"{path} has no effect {rule.why}. Received: {written(values[path])}"
                mistakes.setdefault(path, (origin, sentence))
    return list(mistakes.values())


def never_read(verb: str, values: Values) -> set[str]:
    """The keys that recipes of a verb, or those of the form that this one is of, have and never read.

    Args:
        verb: The verb.
        values: All values of a recipe, by their full paths.
    """
    chooser = (CHOOSERS[verb],) if verb in CHOOSERS else ()
    return {
        path
        for rule in IDLE
        if verb in rule.verbs
        and (rule.when is None or (rule.chosen_by and rule.chosen_by == chooser and rule.when(values)))
        for path in rule.keys
    }


def _names_a_task(origins: Mapping[str, str]) -> bool:
    """Whether a whole task is given and not single keys of one: what it requires must stand then."""
    return origins.get("task.source", "default") not in UNTYPED


def _file_of(origin: str) -> str:
    """The file of `FILE:LINE`; any other origin as it is."""
    file, _, line = origin.rpartition(":")
    return file if line.isdecimal() else origin


def _is_of_a_run(origin: str) -> bool:
    """Whether a run wrote the file down: it has what was typed beside what a recipe had for other cases."""
    file = Path(_file_of(origin))
    return file.name == RECIPE and file.with_name(ORIGIN).is_file()


def _is_flag(origin: str) -> bool:
    return origin.startswith("--")


def _required(verb: str) -> set[str]:
    return {key.path for key in keys_of(verb) if key.default is NO_DEFAULT}
