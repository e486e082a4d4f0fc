"""Random tiny configurations of every family, by model_type: odd sizes, and every option of a family that changes a number.

A family is a function from a `Draw` and a task to the keyword arguments of its configuration class. A new family needs a row in FAMILIES.
`unvaried` finds fields of a configuration that no draw changes and that NO_EFFECT does not excuse, so that a new option cannot be forgotten either.
"""

from draw import divisors

ACTIVATIONS = ("silu", "gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "tanh", "swish")
LAYER_TYPES = ("full_attention", "sliding_attention")

# Fields that change no number that is compared: what a forward returns, how fresh weights are drawn, dropout (models are compared in evaluation mode),
# names, and what generation is told in each call.
NO_EFFECT = {
    *("return_dict", "output_hidden_states", "output_attentions", "use_cache", "dtype", "torch_dtype", "transformers_version", "_name_or_path"),
    *("architectures", "model_type", "is_encoder_decoder", "chunk_size_feed_forward", "id2label", "label2id", "_attn_implementation"),
    *("initializer_range", "initializer_cutoff_factor", "embedding_dropout", "mlp_dropout", "attention_dropout", "classifier_dropout"),
    *("hidden_dropout_prob", "attention_probs_dropout_prob", "pooler_dropout", "cls_dropout", "resid_pdrop", "embd_pdrop", "attn_pdrop"),
    *("bos_token_id", "cls_token_id", "sep_token_id", "eos_token_id", "pretraining_tp", "deterministic_flash_attn", "sparse_pred_ignore_index"),
    *("summary_type", "summary_use_proj", "summary_activation", "summary_first_dropout", "summary_proj_to_labels"),
    # How a model is split over machines, where a configuration lies.
    *("attribute_map", "base_config_key", "base_model_ep_plan", "base_model_fsdp_plan", "base_model_pp_plan", "base_model_tp_plan"),
    *("extra_config_files", "extra_files", "sub_configs_defaults"),
    # The same numbers in another order of operations.
    *("reorder_and_upcast_attn", "reference_compile"),
    # Read by heads that the library does not have.
    *("legacy", "pooler_hidden_size"),
}

# Refused by the library with a coded error: other architectures under the same name.
REFUSED = {"is_decoder", "add_cross_attention", "use_bidirectional_attention", "sparse_prediction", "embedding_size", "attention_head_size"}


def sizes(draw, *, has_head_dim=True, keys=True):
    heads = draw.pick(1, 2, 3, 4, 6)
    head_dim = 2 * draw.randint(1, 8)
    fields = {
        "vocab_size": draw.randint(11, 97),
        "intermediate_size": draw.randint(3, 61),
        "num_hidden_layers": draw.randint(1, 4),
        "num_attention_heads": heads,
        "max_position_embeddings": draw.pick(48, 64, 101),
    }
    if keys:
        fields["num_key_value_heads"] = draw.choice(divisors(heads))
    if has_head_dim and draw.chance(0.6):
        fields["head_dim"] = head_dim
        fields["hidden_size"] = heads * draw.randint(-(-7 // heads), -(-40 // heads))
    else:
        while heads * head_dim < 7:
            head_dim += 2
        fields["hidden_size"] = heads * head_dim
    return fields


def head_dim_of(fields):
    return fields.get("head_dim") or fields["hidden_size"] // fields["num_attention_heads"]


def special_tokens(draw, V):
    """The padding token is the row of the embedding that gets no gradient; eos may be several."""
    return {
        "pad_token_id": draw.pick(None, draw.randrange(V), draw.randrange(V)),
        "bos_token_id": draw.pick(None, draw.randrange(V)),
        "eos_token_id": draw.pick(None, draw.randrange(V), [draw.randrange(V), draw.randrange(V)]),
    }


def rope(draw, head_dim, kinds=("default", "linear", "llama3", "longrope", "dynamic", "yarn")):
    """Rotary positions with lengths so small that a dozen tokens reach every case. See also `shorten`."""
    # The exponent of dynamic scaling divides by the number of features less 2.
    kind = draw.choice([kind for kind in kinds if kind != "dynamic" or head_dim > 2])
    fields = {"rope_type": kind, "rope_theta": draw.pick(10000.0, 500000.0, 100.0, draw.between(20, 2000))}
    if kind in ("linear", "llama3", "dynamic", "yarn"):
        fields["factor"] = draw.pick(2.0, 8.0, draw.between(1.1, 9))
    if kind == "llama3":
        fields["low_freq_factor"] = draw.pick(1.0, draw.between(0.5, 1.5))
        fields["high_freq_factor"] = draw.pick(4.0, draw.between(2, 6))
        fields["original_max_position_embeddings"] = draw.pick(8, 16, 33)
    if kind == "yarn":
        fields["original_max_position_embeddings"] = draw.pick(16, 32)
        if draw.chance(0.5):
            fields["beta_fast"] = draw.pick(16.0, 4.0)
            fields["beta_slow"] = draw.pick(1.0, 0.5)
        choice = draw.random()
        if choice < 0.3:
            fields["attention_factor"] = draw.between(0.6, 1.6)
        elif choice < 0.6:
            fields["mscale"] = draw.pick(1.0, 0.707)
            fields["mscale_all_dim"] = draw.pick(1.0, 0.5)
        if draw.chance(0.3):
            fields["truncate"] = False
    if kind == "longrope":
        fields.update(long_factors(draw, head_dim // 2))
        fields["original_max_position_embeddings"] = draw.pick(8, 10, 32)
        if draw.chance(0.3):
            fields["factor"] = draw.between(1.1, 9)
        if draw.chance(0.3):
            fields["attention_factor"] = draw.between(0.6, 1.6)
    return fields


def long_factors(draw, pairs):
    return {name: [draw.between(0.6, 4) for _ in range(pairs)] for name in ("short_factor", "long_factor")}


def decoder(draw, **options):
    fields = {**sizes(draw, **options), "rms_norm_eps": draw.pick(1e-6, 1e-5, 1e-3), "tie_word_embeddings": draw.chance(0.5)}
    return {**fields, **special_tokens(draw, fields["vocab_size"])}


def llama(draw, task):
    fields = decoder(draw)
    return {
        **fields,
        "hidden_act": draw.choice(ACTIVATIONS),
        "attention_bias": draw.chance(0.4),
        "mlp_bias": draw.chance(0.4),
        "rope_parameters": rope(draw, head_dim_of(fields)),
    }


def mistral(draw, task):
    fields = decoder(draw)
    return {
        **fields,
        "hidden_act": draw.choice(ACTIVATIONS),
        "sliding_window": draw.pick(None, 4096, window(draw), window(draw)),
        "rope_parameters": rope(draw, head_dim_of(fields)),
    }


def window(draw):
    """A window of one token is left out: transformers 5.24 keeps all tokens in the cache of such a block when it generates (`keys[-0:]`)."""
    return draw.randint(2, 7)


def layer_types(draw, count):
    return [draw.choice(LAYER_TYPES) for _ in range(count)]


def qwen2(draw, task, **options):
    fields = decoder(draw, **options)
    return {
        **fields,
        "hidden_act": draw.choice(ACTIVATIONS),
        "use_sliding_window": draw.chance(0.6),
        "sliding_window": draw.pick(4096, window(draw), window(draw)),
        "max_window_layers": draw.randint(0, fields["num_hidden_layers"]),
        "rope_parameters": rope(draw, head_dim_of(fields)),
    }


def qwen2_without_head_dim(draw, task):
    fields = qwen2(draw, task, has_head_dim=False)
    if fields["use_sliding_window"] and draw.chance(0.4):
        fields["layer_types"] = layer_types(draw, fields["num_hidden_layers"])
    return fields


def qwen3(draw, task):
    fields = qwen2(draw, task)
    # Without the field, the class's default is 128.
    fields.setdefault("head_dim", head_dim_of(fields))
    if fields["use_sliding_window"] and draw.chance(0.4):
        fields["layer_types"] = layer_types(draw, fields["num_hidden_layers"])
    return {**fields, "attention_bias": draw.chance(0.5)}


def phi3(draw, task):
    fields = decoder(draw, has_head_dim=False)
    head_dim = head_dim_of(fields)
    share = draw.pick(1.0, 1.0, 0.75, 0.5)
    turning = int(head_dim * share)
    if turning < 2 or turning % 2:
        share, turning = 1.0, head_dim
    parameters = rope(draw, turning, kinds=("default", "longrope"))
    # The configuration's own field decides.
    original = parameters.pop("original_max_position_embeddings", draw.pick(4096, 16))
    parameters.pop("factor", None)
    return {
        **fields,
        "hidden_act": draw.choice(ACTIVATIONS),
        "sliding_window": draw.pick(None, window(draw)),
        "original_max_position_embeddings": original,
        "rope_parameters": {**parameters, "partial_rotary_factor": share},
    }


def gemma2(draw, task):
    fields = decoder(draw)
    fields.setdefault("head_dim", head_dim_of(fields))
    return {
        **fields,
        "hidden_activation": draw.choice(ACTIVATIONS),
        "attention_bias": draw.chance(0.4),
        "query_pre_attn_scalar": draw.pick(256, draw.randint(1, 40)),
        "sliding_window": draw.pick(4096, window(draw), window(draw)),
        "layer_types": draw.pick(None, layer_types(draw, fields["num_hidden_layers"])),
        "attn_logit_softcapping": draw.pick(None, 50.0, 2.0, draw.between(0.5, 6)),
        "final_logit_softcapping": draw.pick(None, 30.0, 3.0, draw.between(0.5, 6)),
        "rope_parameters": rope(draw, fields["head_dim"]),
    }


def gemma3_text(draw, task):
    fields = gemma2(draw, task)
    head_dim = fields["head_dim"]
    fields["rope_parameters"] = {
        "full_attention": rope(draw, head_dim),
        "sliding_attention": rope(draw, head_dim, kinds=("default",)),
    }
    return fields


def granite(draw, task):
    fields = decoder(draw, has_head_dim=False)
    return {
        **fields,
        "hidden_act": draw.choice(ACTIVATIONS),
        "attention_bias": draw.chance(0.4),
        "mlp_bias": draw.chance(0.4),
        "embedding_multiplier": draw.pick(1.0, 12.0, draw.between(0.3, 4)),
        "residual_multiplier": draw.pick(1.0, 0.22, draw.between(0.3, 2)),
        "attention_multiplier": draw.pick(1.0, draw.between(0.05, 1)),
        "logits_scaling": draw.pick(1.0, 8.0, draw.between(0.3, 4)),
        "rope_parameters": rope(draw, head_dim_of(fields)),
    }


def gpt2(draw, task):
    heads, V = draw.pick(1, 2, 3, 4, 5), draw.randint(11, 97)
    tokens = special_tokens(draw, V)
    return {
        "vocab_size": V,
        "n_positions": draw.pick(48, 64),
        "n_embd": heads * draw.randint(-(-7 // heads), 9),
        "n_layer": draw.randint(1, 4),
        "n_head": heads,
        "n_inner": draw.pick(None, draw.randint(3, 61)),
        "activation_function": draw.choice(ACTIVATIONS),
        "layer_norm_epsilon": draw.pick(1e-5, 1e-6, 1e-3),
        "scale_attn_weights": draw.chance(0.8),
        "scale_attn_by_inverse_layer_idx": draw.chance(0.3),
        "tie_word_embeddings": draw.chance(0.6),
        **tokens,
    }


def encoder(draw, longest):
    heads, V = draw.pick(1, 2, 3, 4, 5), draw.randint(11, 97)
    return {
        "vocab_size": V,
        "hidden_size": heads * draw.randint(-(-7 // heads), 9),
        "num_hidden_layers": draw.randint(1, 4),
        "num_attention_heads": heads,
        "intermediate_size": draw.randint(3, 61),
        "hidden_act": draw.choice(ACTIVATIONS),
        "max_position_embeddings": longest,
        "layer_norm_eps": draw.pick(1e-12, 1e-7, 1e-5, 1e-3),
        "tie_word_embeddings": draw.chance(0.6),
    }


def bert(draw, task):
    fields = encoder(draw, draw.pick(24, 40))
    return {**fields, "type_vocab_size": draw.randint(1, 3), "pad_token_id": draw.pick(None, 0, draw.randrange(fields["vocab_size"]))}


def roberta(draw, task):
    fields = encoder(draw, draw.pick(30, 44))
    return {**fields, "type_vocab_size": draw.randint(1, 3), "pad_token_id": draw.pick(1, 0, draw.randrange(5))}


def deberta_v2(draw, task):
    fields = encoder(draw, draw.pick(24, 40))
    relative = draw.chance(0.8)
    taps = draw.pick(0, 0, 3, 5)
    return {
        **fields,
        "type_vocab_size": draw.randint(0, 3),
        "pad_token_id": draw.pick(0, draw.randrange(fields["vocab_size"])),
        "relative_attention": relative,
        "max_relative_positions": draw.pick(-1, draw.randint(3, 20)) if relative else -1,
        "position_buckets": draw.pick(-1, draw.randint(2, 8)) if relative else -1,
        "pos_att_type": draw.pick(None, ["c2p"], ["p2c"], ["c2p", "p2c"], ["p2c", "c2p"], "p2c|c2p"),
        "share_att_key": draw.chance(0.5),
        "norm_rel_ebd": draw.pick("none", "layer_norm"),
        "position_biased_input": draw.chance(0.4),
        "conv_kernel_size": taps,
        "conv_groups": draw.choice(divisors(fields["hidden_size"])) if taps else 1,
        "conv_act": draw.pick("tanh", "gelu", "relu"),
        "pooler_hidden_act": draw.choice(ACTIVATIONS),
    }


def modernbert(draw, task):
    heads, V = draw.pick(1, 2, 3, 4), draw.randint(11, 97)
    head_dim = 2 * draw.randint(-(-4 // heads), 6)
    count = draw.randint(1, 4)
    return {
        "vocab_size": V,
        "hidden_size": heads * head_dim,
        "num_hidden_layers": count,
        "num_attention_heads": heads,
        "intermediate_size": draw.randint(3, 61),
        "hidden_activation": draw.choice(ACTIVATIONS),
        "max_position_embeddings": draw.pick(48, 64),
        "norm_eps": draw.pick(1e-5, 1e-6, 1e-3),
        "norm_bias": draw.chance(0.4),
        "attention_bias": draw.chance(0.4),
        "mlp_bias": draw.chance(0.4),
        "decoder_bias": draw.chance(0.6),
        "classifier_bias": draw.chance(0.4),
        "classifier_pooling": draw.pick("cls", "mean"),
        "classifier_activation": draw.choice(ACTIVATIONS),
        "local_attention": draw.pick(128, 2 * draw.randint(1, 4)),
        "layer_types": draw.pick(None, layer_types(draw, count)),
        "pad_token_id": draw.pick(None, draw.randrange(V)),
        "tie_word_embeddings": draw.chance(0.6),
        "rope_parameters": {
            "full_attention": rope(draw, head_dim, kinds=("default", "linear", "llama3", "yarn")),
            "sliding_attention": rope(draw, head_dim, kinds=("default", "linear")),
        },
    }


FAMILIES = {
    "gpt2": gpt2,
    "llama": llama,
    "mistral": mistral,
    "qwen2": qwen2_without_head_dim,
    "qwen3": qwen3,
    "phi3": phi3,
    "gemma2": gemma2,
    "gemma3_text": gemma3_text,
    "granite": granite,
    "bert": bert,
    "roberta": roberta,
    "deberta-v2": deberta_v2,
    "modernbert": modernbert,
}


def shorten(fields, draw):
    """Dynamic scaling begins beyond the longest sequence of the model."""
    if "'dynamic'" in repr(fields.get("rope_parameters")) and draw.chance(0.7):
        fields["max_position_embeddings"] = draw.randint(6, 12)


def random_fields(model_type, draw, task):
    """Keyword arguments of the configuration class."""
    fields = FAMILIES[model_type](draw, task)
    shorten(fields, draw)
    if task in ("sequence", "token"):
        problem = draw.pick("regression", "single_label_classification", "multi_label_classification")
        count = draw.randint(2, 6)
        if task == "sequence" and problem == "regression":
            count = draw.pick(1, count)
        fields["num_labels"] = count
        if task == "sequence":
            fields["problem_type"] = problem
    return fields


def unvaried(model_type, config_class, draw, draws=200):
    """Fields of the configuration class that no draw changes and nothing excuses."""
    seen = {}
    for _ in range(draws):
        for name, value in random_fields(model_type, draw, "sequence").items():
            seen.setdefault(name, set()).add(repr(value))
    changed = {name for name, values in seen.items() if len(values) > 1}
    names = set(config_class().to_dict()) | set(getattr(config_class, "__dataclass_fields__", {}))
    return sorted(name for name in names - changed - NO_EFFECT - REFUSED if not name.startswith("_"))
