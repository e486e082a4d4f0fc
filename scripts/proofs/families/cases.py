"""The folder of a model with random weights, and random inputs for it."""

import json
import math
import os

import torch

from configs import random_fields
from draw import Draw

HALF = {"bf16": torch.bfloat16, "f16": torch.float16}
DTYPES = {"f32": torch.float32, **HALF}


def tasks_of(name):
    """What a class of transformers computes, by its name; None for a task that this proof does not know."""
    for ending, task in {
        "ForCausalLM": "causal",
        "LMHeadModel": "causal",
        "ForMaskedLM": "masked",
        "ForSequenceClassification": "sequence",
        "ForTokenClassification": "token",
        "ForQuestionAnswering": "question",
        "Model": "bare",
    }.items():
        if name.endswith(ending):
            return task
    return None


class Case:
    """A configuration, the dtype of its file, and inputs; all from one seed."""

    def __init__(self, model_class, task, seed):
        self.draw = Draw(seed)
        torch.manual_seed(seed)
        self.model_class, self.task = model_class, task
        config_class = model_class.config_class
        self.model_type = config_class.model_type
        self.fields = random_fields(self.model_type, self.draw, task)
        self.config = config_class(**self.fields)
        self.is_decoder = self.model_type not in ENCODERS
        self.dtype = self.draw.pick("f32", "f32", "f32", "bf16", "f16")
        self.attention = "sdpa" if model_class._supports_sdpa else "eager"

    def write(self, folder):
        """Writes the model: sometimes in shards, with a configuration as earlier releases write it, or without fields that have their default."""
        model = self.model_class(self.config)
        perturb(model, self.draw)
        model = model.to(DTYPES[self.dtype])
        model.config.dtype = DTYPES[self.dtype]
        size = sum(p.numel() * p.element_size() for p in model.parameters())
        self.is_sharded = self.draw.chance(0.25)
        model.save_pretrained(folder, max_shard_size=max(1, size // 3) if self.is_sharded else "1GB")
        self.rewrite(os.path.join(folder, "config.json"))

    def rewrite(self, path):
        with open(path) as file:
            config = json.load(file)
        self.is_old = self.draw.chance(0.3) and is_flat(config.get("rope_parameters"))
        if self.is_old:
            write_as_before(config, self.draw)
        self.is_sparse = self.draw.chance(0.3)
        if self.is_sparse:
            default = self.model_class.config_class().to_dict()
            for name in list(config):
                if name not in KEPT and name in default and config[name] == default[name]:
                    del config[name]
        with open(path, "w") as file:
            json.dump(config, file, indent=2)

    def batch(self, longest=14):
        """Inputs of a forward and labels, as transformers takes them."""
        draw, config = self.draw, self.config
        B, T = draw.randint(1, 4), draw.randint(5, longest)
        V, pad = config.vocab_size, getattr(config, "pad_token_id", None)
        if self.task == "sequence" and self.is_decoder and pad is None:
            B = 1  # without a padding token, the last token of a row is unknown
        ids = torch.tensor([[draw.randrange(V) for _ in range(T)] for _ in range(B)])
        mask = self.mask(B, T)
        needs_pad = self.model_type == "roberta" or (self.task == "sequence" and self.is_decoder)
        if needs_pad:
            ids = torch.where(ids == pad, (ids + 1) % V, ids) if pad is not None else ids
        if mask is not None and pad is not None and (needs_pad or draw.chance(0.5)):
            ids = torch.where(mask == 0, pad, ids)
        inputs = {"input_ids": ids}
        if mask is not None:
            inputs["attention_mask"] = mask
        types = getattr(config, "type_vocab_size", 0)
        if types and draw.chance(0.7):
            inputs["token_type_ids"] = torch.tensor([[draw.randrange(types) for _ in range(T)] for _ in range(B)])
        self.positions(inputs, T)
        on = torch.ones_like(ids) if mask is None else mask
        return inputs, on, self.labels(B, T, on)

    def mask(self, B, T):
        """No mask, padding on the right or the left, or gaps. Each row keeps two neighbours at least, so that a label can count."""
        kinds = ("none", "none", "right", "right", "left", "gaps")
        kind = self.draw.choice(kinds)
        # Heads and poolers of encoders read the first token of a row; those of transformers read position 0 even where that is padding.
        if not self.is_decoder and self.task in ("sequence", "bare") and kind == "left":
            kind = "right"
        if kind == "none" or (self.task == "sequence" and self.is_decoder and self.config.pad_token_id is None):
            self.padding = "none"
            return None
        self.padding = kind
        mask = torch.ones(B, T, dtype=torch.int64)
        for row in mask:
            count = self.draw.randint(0, T - 2)
            if kind == "right":
                row[T - count :] = 0
            elif kind == "left":
                row[:count] = 0
            else:
                for t in self.draw.sample(range(2, T), count):
                    row[t] = 0
        return mask

    def positions(self, inputs, T):
        """Explicit positions: where the library counts them otherwise (padding before the first token of a BERT), and sometimes at random."""
        mask = inputs.get("attention_mask")
        if self.model_type in ("bert", "deberta-v2", "modernbert") and mask is not None and bool((mask[:, 0] == 0).any()):
            begun = mask.cumsum(1) > 0
            inputs["position_ids"] = (begun.cumsum(1) - 1).clamp(min=0)
        elif self.is_decoder and self.draw.chance(0.15):
            starts = torch.tensor([[self.draw.randint(0, 12)] for _ in range(len(inputs["input_ids"]))])
            inputs["position_ids"] = starts + torch.arange(T)

    def labels(self, B, T, on):
        draw, config, task = self.draw, self.config, self.task
        if task == "causal" or task == "masked":
            drawn = torch.tensor([[draw.randrange(config.vocab_size) for _ in range(T)] for _ in range(B)])
            keep = torch.tensor([[draw.chance(0.6) for _ in range(T)] for _ in range(B)])
            # A label that is predicted at a position of padding has no meaning.
            read = on if task == "masked" else torch.cat([torch.zeros_like(on[:, :1]), on[:, 1:] * on[:, :-1]], 1)
            labels = torch.where(keep & (read == 1), drawn, -100)
            return {"labels": counting(labels, read, drawn)}
        if task == "token":
            drawn = torch.tensor([[draw.randrange(config.num_labels) for _ in range(T)] for _ in range(B)])
            return {"labels": counting(torch.where(on == 1, drawn, -100), on, drawn)}
        if task == "sequence":
            N = config.num_labels
            if config.problem_type == "single_label_classification":
                return {"labels": torch.tensor([draw.randrange(N) for _ in range(B)])}
            if config.problem_type == "multi_label_classification":
                return {"labels": torch.tensor([[float(draw.chance(0.5)) for _ in range(N)] for _ in range(B)])}
            rows = [[draw.between(-2, 2) for _ in range(N)] for _ in range(B)]
            return {"labels": torch.tensor(rows if N > 1 else [row[0] for row in rows])}
        if task == "question":
            return {name: torch.tensor([draw.randrange(T) for _ in range(B)]) for name in ("start_positions", "end_positions")}
        return {}

    def describe(self):
        """The file and the configuration, in a line."""
        return f"{' '.join(self.file_traits())} {json.dumps(self.fields)}"

    def file_traits(self):
        named = {"shards": self.is_sharded, "config of transformers 4": self.is_old, "config without defaults": self.is_sparse}
        return [self.dtype, *(name for name, holds in named.items() if holds)]

    def traits(self):
        """What a run counts, to show that its models cover every kind."""
        fields = self.fields
        found = self.file_traits() + ["tied" if fields.get("tie_word_embeddings") else "untied"]
        parameters = fields.get("rope_parameters") or {}
        for each in [parameters] if is_flat(parameters) else parameters.values():
            found.append(f"rope {each['rope_type']}")
        if fields.get("num_key_value_heads", fields.get("num_attention_heads")) != fields.get("num_attention_heads"):
            found.append("grouped heads")
        if "sliding_attention" in str(getattr(self.config, "layer_types", "")) or (self.model_type in ("mistral", "phi3") and self.config.sliding_window):
            found.append("window")
        return sorted(set(found))


ENCODERS = ("bert", "roberta", "deberta-v2", "modernbert")
KEPT = ("model_type", "architectures", "vocab_size", "dtype")


def counting(labels, read, drawn):
    """At least one label counts."""
    if bool((labels != -100).any()) or not bool((read == 1).any()):
        return labels
    first = (read == 1).nonzero()[0]
    labels[first[0], first[1]] = drawn[first[0], first[1]]
    return labels


def is_flat(rope):
    return isinstance(rope, dict) and "rope_type" in rope


def write_as_before(config, draw):
    """`rope_theta` and `rope_scaling`, as transformers 4 writes them."""
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope.pop("rope_theta")
    if "partial_rotary_factor" in rope:
        config["partial_rotary_factor"] = rope.pop("partial_rotary_factor")
    kind = rope.pop("rope_type")
    if kind != "default":
        config["rope_scaling"] = {draw.pick("rope_type", "type"): kind, **rope}


@torch.no_grad()
def perturb(model, draw):
    """Weights as after training: matrices large enough that outputs differ, norms, biases and rows of padding away from their first values."""
    gain, spread = draw.uniform(0.6, 1.6), draw.uniform(0.05, 0.4)
    for name, parameter in model.named_parameters():
        if parameter.ndim == 1:
            parameter.add_(spread * torch.randn_like(parameter))
        elif "embed" in name or name.endswith(("wte.weight", "wpe.weight")):
            parameter.copy_(draw.pick(0.02, 0.2, 0.7) * torch.randn_like(parameter))
        else:
            parameter.copy_(gain / math.sqrt(min(parameter.shape[:2])) * torch.randn_like(parameter))
