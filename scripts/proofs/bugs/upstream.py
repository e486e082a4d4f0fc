"""Runs loralib and says, bug by bug, what it does: one JSON line a bug, `{"bug", "version", "shown", "says"}`.

    python upstream.py FOLDER_OF_0.1.1

Version 0.1.2 is the one installed; 0.1.1, which the NLU example pins, is read from FOLDER; "head" is 0.1.2 with the two lines that
microsoft/LoRA pull request 183 added afterwards (commit c4593f0, the newest): apart from comments nothing else has changed since.
`shown` is whether the behaviour is the one that the list of bugs describes.
"""

import copy
import importlib.util
import inspect
import io
import json
import os
import pickle
import sys
import time
import types

import torch
import torch.nn as nn
import loralib as lora

PROBES = {}


def probe(bug, version="0.1.2"):
    def register(function):
        PROBES[bug] = (version, function)
        return function

    return register


def old_release(folder):
    home = os.path.join(folder, "loralib")
    spec = importlib.util.spec_from_file_location(
        "loralib_old", os.path.join(home, "__init__.py"), submodule_search_locations=[home]
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules["loralib_old"] = module
    spec.loader.exec_module(module)
    return module


def head_of_repository():
    source = inspect.getsource(lora.layers)
    mark = "        self.conv = conv_module(in_channels, out_channels, kernel_size, **kwargs)\n"
    added = "        for name, param in self.conv.named_parameters():\n            self.register_parameter(name, param)\n"
    assert source.count(mark) == 1
    module = types.ModuleType("loralib_head")
    exec(compile(source.replace(mark, mark + added), "loralib_head", "exec"), module.__dict__)
    return module


def error_of(run):
    """The error as text, or None."""
    try:
        run()
    except Exception as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else '(no message)'}"
    return None


def filled(layer, seed=1):
    """Numbers in both factors, so that the update is not zero."""
    torch.manual_seed(seed)
    with torch.no_grad():
        layer.lora_A.normal_()
        layer.lora_B.normal_()
    return layer


def linear(**options):
    return filled(lora.Linear(6, 4, r=2, lora_alpha=4, **options))


def gap(a, b):
    return (a - b).abs().max().item()


def rank(matrix):
    return int(torch.linalg.matrix_rank(matrix.detach()))


@probe("B1")
def conv1d_and_conv3d():
    texts = []
    for layer, shape in ((lora.Conv1d(4, 8, 3, r=2), (1, 4, 9)), (lora.Conv3d(4, 8, 3, r=2), (1, 4, 5, 5, 5))):
        texts.append((error_of(lambda: layer(torch.zeros(shape))), error_of(layer.eval)))
    shown = all("invalid for input of size" in (text or "") for pair in texts for text in pair)
    return shown, f"kernel 3 is constructed, then forward and eval() fail: Conv1d {texts[0][0]}; Conv3d {texts[1][0]}"


@probe("B2")
def conv_layout():
    layer = filled(lora.Conv2d(8, 8, 3, r=1))
    product = layer.lora_B @ layer.lora_A
    low, full = rank(product), rank(product.view(8, 8 * 9))
    return low == 3 and full == 8, f"r=1, kernel 3: rank(BA) is {low}, the update as an (out, in·k²) matrix has rank {full} of 8"


@probe("B3", "0.1.1")
def grouped_conv():
    x = torch.ones(1, 4, 5, 5)
    old = error_of(lambda: OLD.Conv2d(4, 8, 3, r=2, groups=2)(x))
    layer = filled(lora.Conv2d(4, 8, 3, r=2, groups=2))
    y = layer(x)
    layer.eval()
    return old is not None, f"groups=2: {old}; 0.1.2 works, merged and unmerged differ by {gap(y, layer(x)):.1e}"


@probe("B4")
def tuple_kernel():
    text = error_of(lambda: lora.Conv2d(4, 8, (3, 3), r=2))
    return text == "AssertionError: (no message)", f"kernel_size=(3, 3): {text}"


@probe("B5")
def conv_dropout():
    layer = filled(lora.Conv2d(4, 8, 3, r=2, lora_dropout=0.9))
    x = torch.randn(1, 4, 5, 5)
    difference = gap(layer(x), layer(x))
    return difference == 0, f"lora_dropout=0.9 in training: two forwards differ by {difference}"


@probe("B6", "head")
def conv_keys():
    layer = HEAD.Conv2d(4, 8, 3, r=2)
    keys = list(layer.state_dict())
    saved = list(lora.lora_state_dict(nn.Sequential(layer), bias="all"))
    return {"weight", "conv.weight", "bias", "conv.bias"} <= set(keys), f"one layer saves {', '.join(keys)}; bias='all': {saved}"


@probe("B7")
def nothing_enabled():
    layer = lora.MergedLinear(8, 24, r=4)
    text = error_of(lambda: layer(torch.zeros(1, 8)))
    trainable = layer.weight.requires_grad
    return "lora_A" in (text or "") and trainable, f"r=4 with the default enable_lora: {text}; the base weight is {'' if trainable else 'not '}trainable"


@probe("B8", "0.1.1")
def merged_linear_history():
    torch.manual_seed(0)
    x = torch.randn(2, 8)
    options = dict(r=2, enable_lora=[True, False, True])
    layer = filled(OLD.MergedLinear(8, 12, **options))
    old = error_of(layer.eval)
    errors = []
    for fan in (False, True):
        layer = filled(lora.MergedLinear(8, 12, fan_in_fan_out=fan, **options))
        y = layer(x)
        layer.eval()
        errors.append(gap(y, layer(x)))
    return old is not None and max(errors) < 1e-4, f"fan_in_fan_out=False: eval() {old}; 0.1.2 works, error {max(errors):.1e}"


@probe("B9")
def dense_update():
    torch.set_num_threads(2)
    x = torch.randn(512, 1024, requires_grad=True)  # as inside a model; 1024 rows of outputs would look like an update

    def measure(layer):
        """Milliseconds of forward and backward, and the (in, out) tensors other than the weight that backward keeps."""
        kept, best = [], float("inf")
        own = layer.weight.untyped_storage().data_ptr()

        def keep(tensor):
            if tensor.numel() == 1024 * 3072 and tensor.untyped_storage().data_ptr() != own:
                kept.append(tuple(tensor.shape))
            return tensor

        for _ in range(4):
            start = time.perf_counter()
            with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
                y = layer(x)
            y.sum().backward()
            best = min(best, time.perf_counter() - start)
        return best * 1e3, kept

    merged, dense = measure(lora.MergedLinear(1024, 3072, r=4, enable_lora=[True, False, True]))
    plain, none = measure(lora.Linear(1024, 3072, r=4))
    return len(dense) > 0 and not none, (
        f"backward keeps a dense {dense[0] if dense else '-'} update; forward and backward of 512 tokens, 2 threads: "
        f"{merged:.0f} ms, lora.Linear {plain:.0f} ms"
    )


@probe("B10")
def integer_enable():
    layer = lora.MergedLinear(8, 6, r=2, enable_lora=[1, 0, 1])
    blocks = layer.lora_ind.view(3, -1)[:, 0].tolist()
    return blocks == [True, True, False], f"enable_lora=[1, 0, 1] updates the blocks {blocks}, without a word"


@probe("B11")
def unequal_blocks():
    text = error_of(lambda: lora.MergedLinear(64, 48, r=2, enable_lora=[True, False, True], blocks=[32, 8, 8]))
    names = list(inspect.signature(lora.MergedLinear.__init__).parameters)
    return text is not None and "blocks" not in names, f"no way to say 32 + 8 + 8 outputs: {text}"


@probe("B12")
def save_merged():
    layer, fresh, x = linear(), lora.Linear(6, 4, r=2, lora_alpha=4), torch.ones(1, 6)
    want = layer(x)
    layer.eval()
    fresh.load_state_dict(layer.state_dict())
    train = gap(fresh(x), want)
    fresh.eval()
    return train > 0.1 and gap(fresh(x), want) > 0.1, f"saved in eval, loaded in a fresh model: output off by {train:.2f} in training, {gap(fresh(x), want):.2f} in eval"


@probe("B13")
def load_merged():
    layer, other = linear(), linear()
    filled(other, 2)
    base = layer.weight.detach().clone()
    clean = {key: value.clone() for key, value in layer.state_dict().items()}
    x = torch.ones(1, 6)
    want = layer(x)
    layer.eval()
    layer.load_state_dict(clean)
    lacks = gap(layer(x), want)
    layer.train()
    spoilt = gap(layer.weight, base)
    layer.load_state_dict(clean)
    layer.eval()
    layer.load_state_dict(lora.lora_state_dict(other), strict=False)
    layer.train()
    drift = gap(layer.weight, base)
    return min(lacks, spoilt, drift) > 0.1, f"loaded in eval: output off by {lacks:.2f}, the base by {spoilt:.2f} after train(); adapters swapped in eval: the base is off by {drift:.2f}"


@probe("B14")
def two_step_loading():
    trained, x = linear(), torch.ones(1, 6)
    base = lora.Linear(6, 4, r=2, lora_alpha=4)
    base.load_state_dict({"weight": trained.weight, "bias": trained.bias}, strict=False)
    model = nn.Sequential(base)
    model.eval()  # as from_pretrained ends
    model.load_state_dict({f"0.{key}": value for key, value in lora.lora_state_dict(trained).items()}, strict=False)
    plain = nn.functional.linear(x, trained.weight, trained.bias)
    ignored, missing = gap(model(x), plain), gap(model(x), trained(x))
    return ignored < 1e-6 and missing > 0.1, f"adapter loaded after from_pretrained's eval(): output differs from the base by {ignored:.1e}, from base + adapter by {missing:.2f}"


@probe("B15", "0.1.1")
def eval_of_a_model():
    layer = OLD.Linear(6, 4, r=2)
    nn.Sequential(layer).eval()
    new = lora.Linear(6, 4, r=2)
    nn.Sequential(new).eval()
    return not layer.merged and new.merged, f"model.eval() leaves merged = {layer.merged} in its layers; 0.1.2: {new.merged}"


@probe("B16")
def train_returns_none():
    layer = linear()
    results = [layer.eval(), layer.train()]
    return results == [None, None], f"layer.eval(), layer.train() return {results}"


@probe("B17")
def pickling():
    text = error_of(lambda: torch.save(linear(), io.BytesIO()))
    return "pickle" in (text or ""), f"torch.save(layer): {text}"


@probe("B18")
def merge_drift():
    drifts = {}
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        torch.manual_seed(1)
        layer = lora.Linear(256, 256, r=8, lora_alpha=16, dtype=dtype)
        nn.init.normal_(layer.lora_B, 0, 0.02)
        before = layer.weight.detach().clone()
        for _ in range(100):
            layer.eval()
            layer.train()
        drifts[str(dtype)[6:]] = gap(layer.weight.float(), before.float())
    return all(drift > 0 for drift in drifts.values()), f"100 × eval(), train() move the weight by {', '.join(f'{d:.1e} ({n})' for n, d in drifts.items())}"


@probe("B19")
def train_merged():
    layer = linear()
    lora.mark_only_lora_as_trainable(layer, bias="all")
    layer.eval()
    layer(torch.ones(1, 6)).sum().backward()
    grads = [layer.lora_A.grad, layer.lora_B.grad]
    return grads == [None, None], f"backward while merged: gradients of lora_A, lora_B are {grads}, without a word"


@probe("B20")
def wrapping():
    model = nn.Sequential(nn.Linear(6, 4))
    weight = model[0].weight
    model[0] = lora.Linear(6, 4, r=2)
    lost = gap(model[0].weight, weight)
    ways = [name for name in dir(lora.Linear) if name.startswith("from_")]
    return lost > 0 and not ways, f"replacing a layer loses its weight (differs by {lost:.2f}); constructors from a layer: {ways}"


@probe("B21")
def embedding_from_pretrained():
    table = torch.arange(12.0).view(4, 3)
    layer = lora.Embedding.from_pretrained(table)
    difference = gap(layer.weight, torch.arange(12.0).view(4, 3))
    return difference > 0.1, f"Embedding.from_pretrained(W).weight differs from W by {difference:.2f}"


@probe("B22")
def padding_column():
    layer = lora.Embedding(4, 3, r=2, padding_idx=1)
    ids = torch.tensor([0, 1, 2, 1])
    layer(ids).sum().backward()
    gradient = layer.lora_A.grad[:, 1].abs().max().item()
    fresh = layer(torch.tensor([1])).abs().max().item()
    filled(layer)
    applied = layer(torch.tensor([1])).abs().max().item()
    layer.eval()
    row = layer.weight[1].abs().max().item()
    return gradient == 0 and fresh == 0 and applied > 0 and row > 0, f"fresh padding column: gradient {gradient}, output {fresh}; a loaded one gives {applied:.2f}, and merging writes {row:.2f} into the padding row"


@probe("B23")
def max_norm():
    layer = filled(lora.Embedding(4, 3, r=2, max_norm=0.1))
    before = layer.lora_A.detach().clone()
    ids = torch.arange(4)
    y = layer(ids)
    moved, longest = gap(layer.lora_A, before), y.norm(dim=1).max().item()
    layer.eval()
    apart = gap(layer(ids), y)
    return moved > 0.01 and longest > 0.1 and apart > 1e-3, f"max_norm=0.1: forward moves lora_A by {moved:.2f}, the longest row is {longest:.2f}, merged and unmerged differ by {apart:.2f}"


@probe("B24")
def sparse():
    layer = filled(lora.Embedding(4, 3, r=2, sparse=True))
    text = error_of(lambda: layer(torch.tensor([0, 2])).sum().backward())
    return text is not None, f"sparse=True: backward {text}"


@probe("B25")
def comments():
    said = inspect.getsource(lora.Embedding.reset_parameters)
    layer = lora.Embedding(4, 3, r=2)
    wrong = "initialize A the same way as the default for nn.Linear and B to zero" in said
    a, b = layer.lora_A.abs().max().item(), layer.lora_B.abs().max().item()
    return wrong and a == 0 and b > 0, f"Embedding's comment says A as nn.Linear and B zero; it has A {a}, B up to {b:.2f}"


@probe("B26")
def substrings():
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.lora_proj = nn.Linear(4, 4)
            self.register_buffer("bias", torch.zeros(1, 1, 8, 8))

    model = Block()
    lora.mark_only_lora_as_trainable(model)
    trained = [name for name, p in model.named_parameters() if p.requires_grad]
    saved = list(lora.lora_state_dict(model, bias="all"))
    nested = nn.ModuleDict({"lora_block": nn.ModuleDict({"q": linear()})})
    only = list(lora.lora_state_dict(nested, bias="lora_only"))
    shown = trained == ["lora_proj.weight", "lora_proj.bias"] and "bias" in saved and "lora_block.q.weight" in only
    return shown, f"trains a plain layer named lora_proj; bias='all' saves the buffer 'bias'; bias='lora_only' below lora_block saves {only}"


@probe("B27")
def bad_ranks():
    keys = list(lora.Linear(4, 4, r=-1).state_dict())
    fraction = error_of(lambda: lora.Linear(4, 4, r=2.0))
    unknown = error_of(lambda: lora.Linear(4, 4, r=2, alpha=16))
    shown = keys == ["weight", "bias"] and (fraction or "").startswith("TypeError") and "alpha" in (unknown or "")
    return shown, f"r=-1 gives a plain layer, without a word; r=2.0: {fraction}; alpha=16: {unknown}"


OLD = old_release(sys.argv[1])
HEAD = head_of_repository()
for bug, (version, run) in PROBES.items():
    torch.manual_seed(0)
    try:
        shown, says = run()
    except Exception as error:
        shown, says = False, f"the probe failed: {type(error).__name__}: {error}"
    print(json.dumps({"bug": bug, "version": version, "shown": bool(shown), "says": says}), flush=True)
