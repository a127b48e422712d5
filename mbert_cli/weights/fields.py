"""Fields of the configurations of TF1 and Hugging Face, as tables."""

from typing import Any

BERT_FIELDS = {
    "num_hidden_layers": "num_layers",
    "hidden_size": "hidden_dim",
    "num_attention_heads": "num_heads",
    "intermediate_size": "intermediate_dim",
    "hidden_dropout_prob": "hidden_dropout_rate",
    "attention_probs_dropout_prob": "attention_dropout_rate",
    "max_position_embeddings": "max_length",
    "type_vocab_size": "num_segments",
    "initializer_range": "initializer_range",
    "layer_norm_eps": "norm_epsilon",
}
"""Fields of a size by those of BERT's configuration."""

MOBILEBERT_FIELDS = BERT_FIELDS | {
    "embedding_size": "embedding_dim",
    "intra_bottleneck_size": "intra_dim",
    "trigram_input": "trigram_input",
    "num_feedforward_networks": "num_feedforward_networks",
    "use_bottleneck_attention": "use_bottleneck_attention",
    "key_query_shared_bottleneck": "key_query_shared_bottleneck",
    "normalization_type": "normalization",
}

DISTILBERT_FIELDS = {
    "n_layers": "num_layers",
    "dim": "hidden_dim",
    "n_heads": "num_heads",
    "hidden_dim": "intermediate_dim",
    "dropout": "hidden_dropout_rate",
    "attention_dropout": "attention_dropout_rate",
    "max_position_embeddings": "max_length",
    "initializer_range": "initializer_range",
}

CONFIGURATION_FIELDS = {"bert": BERT_FIELDS, "mobilebert": MOBILEBERT_FIELDS, "distilbert": DISTILBERT_FIELDS}
"""Fields of a size, by family."""

_BERT_AXES = {
    "vocabulary": "vocab_size", "positions": "max_position_embeddings", "segments": "type_vocab_size",
    "embedding": "hidden_size", "hidden": "hidden_size", "block": "hidden_size",
    "intermediate": "intermediate_size",
}  # fmt: skip

AXES: dict[str, dict[str, str]] = {
    "bert": _BERT_AXES,
    "mobilebert": _BERT_AXES | {"embedding": "embedding_size", "block": "intra_bottleneck_size"},
    "distilbert": _BERT_AXES
    | dict.fromkeys(("embedding", "hidden", "block"), "dim")
    | {"intermediate": "hidden_dim"},
}
"""Fields by the axes of arrays whose lengths they say, as `mbert_cli.weights.names` names them."""

ALIASES: dict[str, dict[str, str]] = {
    "bert": {},
    "mobilebert": {},
    "distilbert": {"hidden_size": "dim", "num_attention_heads": "n_heads", "num_hidden_layers": "n_layers"},
}
"""Other names of fields, by family, as the `attribute_map` of Hugging Face's class has them."""

EXTRA_TYPES: dict[str, type] = {
    "vocab_size": int, "true_hidden_size": int, "embedding_size": int, "intra_bottleneck_size": int,
    "use_bottleneck": bool, "classifier_activation": bool, "tie_word_embeddings": bool,
    "layer_norm_eps": float,
}  # fmt: skip
"""What fields are that no table of defaults has, or not for every family."""

_BERT_DEFAULTS = {
    "num_hidden_layers": 12, "hidden_size": 768, "num_attention_heads": 12, "intermediate_size": 3072,
    "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1, "max_position_embeddings": 512,
    "type_vocab_size": 2, "initializer_range": 0.02, "layer_norm_eps": 1e-12,
}  # fmt: skip

DEFAULTS: dict[tuple[str, str], dict[str, Any]] = {
    ("huggingface", "bert"): _BERT_DEFAULTS | {"hidden_act": "gelu"},
    ("huggingface", "mobilebert"): _BERT_DEFAULTS | {
        "num_hidden_layers": 24, "hidden_size": 512, "num_attention_heads": 4, "intermediate_size": 512,
        "hidden_dropout_prob": 0.0, "embedding_size": 128, "intra_bottleneck_size": 128,
        "trigram_input": True, "num_feedforward_networks": 4, "use_bottleneck": True,
        "use_bottleneck_attention": False, "key_query_shared_bottleneck": True,
        "normalization_type": "no_norm", "hidden_act": "relu", "classifier_activation": True,
    },
    ("huggingface", "distilbert"): {
        "n_layers": 6, "dim": 768, "n_heads": 12, "hidden_dim": 3072, "dropout": 0.1,
        "attention_dropout": 0.1, "max_position_embeddings": 512, "initializer_range": 0.02,
        "activation": "gelu",
    },
    ("tf1", "bert"): _BERT_DEFAULTS | {"hidden_act": "gelu", "type_vocab_size": 16},
    ("tf1", "mobilebert"): _BERT_DEFAULTS | {
        "type_vocab_size": 16, "hidden_act": "gelu", "trigram_input": False, "num_feedforward_networks": 1,
        "use_bottleneck": False, "use_bottleneck_attention": False, "key_query_shared_bottleneck": False,
        "normalization_type": "layer_norm", "classifier_activation": True,
    },
}  # fmt: skip
"""What a field that is not there means, by format and family: the defaults of the class that reads it."""

FOREIGN_ACTIVATIONS = {
    "huggingface": {
        "gelu": "gelu_exact", "gelu_python": "gelu_exact", "gelu_new": "gelu", "gelu_fast": "gelu",
        "gelu_accurate": "gelu", "gelu_pytorch_tanh": "gelu", "gelu_python_tanh": "gelu", "relu": "relu",
        "relu6": "relu6",
    },
    "tf1": {"gelu": "gelu", "relu": "relu", "relu6": "relu6"},
}  # fmt: skip
"""Our activations by those of a configuration: "gelu" is the exact one to Hugging Face, the tanh form in TF1.
Where several names stand for one, `WRITTEN_ACTIVATIONS` says which is written."""

WRITTEN_ACTIVATIONS = {"gelu_exact": "gelu", "gelu": "gelu_new", "relu": "relu", "relu6": "relu6"}
"""Hugging Face's names of our activations."""

REQUIRED_VALUES: dict[str, dict[str, Any]] = {
    "bert": {
        "is_decoder": False, "add_cross_attention": False, "position_embedding_type": "absolute",
        "pruned_heads": {}, "per_layer_config": {},
    },
    "mobilebert": {"pruned_heads": {}, "per_layer_config": {}},
    "distilbert": {"pruned_heads": {}, "per_layer_config": {}},
}  # fmt: skip
"""Fields that change what a model of a family computes, and must say this where they are there."""

TRAINED = {"hidden_dropout_rate": 0.1, "attention_dropout_rate": 0.1, "initializer_range": 0.02}
"""Fields of a size that only training reads, and what takes the place of a value that we cannot train with."""

_SENTENCE = "it belongs to sentence-transformers; transformers reads nothing of it"
OTHER_CLASS = "the class of this family in transformers does not read it"
"""Why a field of another family is passed over."""
_TOKENIZER = "the tokenizer's own files say it"

PASSED_OVER: dict[str, tuple[tuple[Any, ...], str]] = {
    "sinusoidal_pos_embds": ((False,), "it says how the position table was drawn, and the table is in the file"),
    "is_decoder": ((False,), OTHER_CLASS),
    "add_cross_attention": ((False,), OTHER_CLASS),
    "is_encoder_decoder": ((False,), "an encoder alone keeps no cache of a decoder"),
    "position_embedding_type": (("absolute",), OTHER_CLASS),
    "layer_norm_eps": ((1e-12,), OTHER_CLASS),
    "tie_word_embeddings": ((True,), "it concerns a masked-LM head alone, whose arrays are compared"),
    "tie_last_hidden_states": ((), "it says which hidden states are shown, not what is computed"),
    "sbert_ce_default_activation_function": ((), _SENTENCE),
    "sentence_transformers": ((), _SENTENCE),
    "adapters": ((), "adapters are arrays of their own, and none of them is read"),
    "adapter_config": ((), "adapters are arrays of their own, and none of them is read"),
    "auto_map": ((), "code of the author's own, which is not run"),
    "custom_pipelines": ((), "code of the author's own, which is not run"),
    "function_to_apply": ((), "problem_type and the number of outputs decide, as in transformers"),
    "quantization_config": ((), "the arrays are read as they are stored"),
    "max_seq_length": ((), _TOKENIZER),
    "model_max_length": ((), _TOKENIZER),
    "do_lower_case": ((), _TOKENIZER),
}  # fmt: skip
"""Fields that change nothing and may look as if they did: the values that need no word, and why any other one is
passed over."""

IGNORED = frozenset(
    [
        "architectures",
        "model_type",
        "vocab_size",
        "pad_token_id",
        "bos_token_id",
        "eos_token_id",
        "sep_token_id",
        "cls_token_id",
        "decoder_start_token_id",
        "id2label",
        "label2id",
        "num_labels",
        "_num_labels",
        "problem_type",
        "finetuning_task",
        "classifier_dropout",
        "qa_dropout",
        "seq_classif_dropout",
        "true_hidden_size",
        "use_cache",
        "gradient_checkpointing",
        "transformers_version",
        "torch_dtype",
        "dtype",
        "torchscript",
        "use_bfloat16",
        "xla_device",
        "use_return_dict",
        "_commit_hash",
        "tie_encoder_decoder",
        "cross_attention_hidden_size",
        "tf_legacy_loss",
        "output_attentions",
        "output_hidden_states",
        "output_past",
        "return_dict",
        "chunk_size_feed_forward",
        "attn_implementation",
        "_attn_implementation",
        "_attn_implementation_autoset",
        "_name_or_path",
        "name",
        "language",
        "directionality",
        "tokenizer_class",
        "prefix",
        "task_specific_params",
        "tie_weights_",
        "pooler_fc_size",
        "pooler_num_attention_heads",
        "pooler_num_fc_layers",
        "pooler_size_per_head",
        "pooler_type",
        "cell",
        "emb_size",
        "structure",
        "pre_trained",
        "training",
        "classifier_activation",
        "use_bottleneck",
        "hidden_act",
        "activation",
        "name_or_path",
        "_attn_implementation_internal",
        "_experts_implementation",
        "_experts_implementation_internal",
        "experts_implementation",
        "_flash_attn_2_enabled",
        "use_flash_attention_2",
        "unk_token_id",
        "mask_token_id",
        "loss_type",
        "base_model_name_or_path",
        "vocab_size_or_config_json_file",
        "optimum_version",
        "export_model_type",
        "neuron",
        "keys_to_ignore_at_inference",
    ]
)
"""Fields that change no arithmetic, or that are read elsewhere."""

GENERATION = frozenset(
    [
        "max_length",
        "min_length",
        "do_sample",
        "early_stopping",
        "num_beams",
        "num_beam_groups",
        "diversity_penalty",
        "temperature",
        "top_k",
        "top_p",
        "typical_p",
        "repetition_penalty",
        "length_penalty",
        "no_repeat_ngram_size",
        "encoder_no_repeat_ngram_size",
        "bad_words_ids",
        "num_return_sequences",
        "output_scores",
        "return_dict_in_generate",
        "forced_bos_token_id",
        "forced_eos_token_id",
        "remove_invalid_values",
        "exponential_decay_length_penalty",
        "suppress_tokens",
        "begin_suppress_tokens",
        "eos_token_ids",
        "assistant_confidence_threshold",
        "encoder_repetition_penalty",
        "epsilon_cutoff",
        "eta_cutoff",
        "num_assistant_tokens",
        "num_assistant_tokens_schedule",
        "target_lookbehind",
        "assistant_lookbehind",
        "assistant_early_exit",
        "prompt_lookup_num_tokens",
        "forced_decoder_ids",
        "sequence_bias",
        "guidance_scale",
        "low_memory",
        "penalty_alpha",
        "renormalize_logits",
        "max_new_tokens",
        "min_new_tokens",
    ]
)
"""Settings for writing text that older versions of `transformers` put into every configuration."""
