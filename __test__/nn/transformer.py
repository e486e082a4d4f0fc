"""Writes transformer.json: outputs and gradients of torch.nn.TransformerEncoder (torch 2.15.0, f64), which transformer.test.ts compares ours with.

Parameters and inputs are waves, nothing is random. Run it with a Python that has torch: python __test__/nn/transformer.py
"""

import json
import math
from pathlib import Path

import torch
from torch import nn

T, B, C, H, F = 4, 2, 8, 2, 12


def wave(shape, step, scale=1.0):
    count = math.prod(shape)
    return torch.tensor([scale * math.sin(1 + i * step) for i in range(count)], dtype=torch.float64).reshape(shape)


@torch.no_grad()
def fill(module):
    for i, (_, tensor) in enumerate(module.state_dict().items()):
        tensor.copy_(wave(tensor.shape, 0.7 + 0.2 * i, 0.4))


def masks(spec):
    made = {}
    if "padding" in spec:
        made["src_key_padding_mask"] = torch.tensor(spec["padding"]).bool()
    if "pairs" in spec:
        made["mask"] = torch.tensor(spec["pairs"]).bool()
    if "added" in spec:
        made["mask"] = wave([T, T], 0.9)
    if "added_heads" in spec:
        made["mask"] = wave([B * H, T, T], 0.9)
    if spec.get("causal"):
        made["mask"] = torch.triu(torch.ones(T, T), diagonal=1).bool()
        made["is_causal"] = True
    return made


def record(spec):
    options = {"batch_first": spec.get("batch_first", False), **spec.get("options", {})}
    layer = nn.TransformerEncoderLayer(C, H, F, dtype=torch.float64, **options)
    given = masks(spec)
    if spec["layers"] == 0:
        module = layer
        if "mask" in given:
            given["src_mask"] = given.pop("mask")
    else:
        norm = nn.LayerNorm(C, dtype=torch.float64) if spec.get("norm") else None
        module = nn.TransformerEncoder(layer, spec["layers"], norm, enable_nested_tensor=False)
    fill(module)
    module.eval()
    shape = [T, C] if spec.get("unbatched") else [B, T, C] if options["batch_first"] else [T, B, C]
    x = wave(shape, 0.37).requires_grad_()
    y = module(x, **given)
    (y * wave(shape, 0.23)).sum().backward()
    first = next(module.parameters())
    flat = lambda tensor: [float(f"{value:.12g}") for value in tensor.detach().flatten().tolist()]
    return {**spec, "keys": list(module.state_dict()), "y": flat(y), "dx": flat(x.grad), "dw": flat(first.grad)}


CAUSAL_PAIRS = [[j > i + 1 for j in range(T)] for i in range(T)]
CASES = [
    {"layers": 0},
    {"layers": 0, "batch_first": True, "options": {"norm_first": True, "activation": "gelu"}},
    {"layers": 0, "batch_first": True, "options": {"bias": False, "layer_norm_eps": 0.01}},
    {"layers": 0, "unbatched": True, "causal": True},
    {"layers": 0, "pairs": CAUSAL_PAIRS, "options": {"norm_first": True}},
    {"layers": 2, "norm": True, "batch_first": True, "padding": [[0, 0, 0, 1], [0, 0, 1, 1]]},
    {"layers": 2, "causal": True, "padding": [[0, 0, 0, 0], [0, 0, 0, 1]]},
    {"layers": 3, "norm": True, "added": True, "batch_first": True},
    {"layers": 1, "added_heads": True},
]

out = {"torch": torch.__version__, "cases": [record(spec) for spec in CASES]}
Path(__file__).with_suffix(".json").write_text(json.dumps(out))
print(len(out["cases"]), "cases")
