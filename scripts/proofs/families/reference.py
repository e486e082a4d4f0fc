"""The reference side of `npm run proof:families`: answers requests, a JSON object a line, on standard input; see reference.mjs.

`kinds`  which classes of transformers belong to the classes and the registry of the library
`make`   writes a random model and what transformers and peft compute with it
`reread` reads what the library saved
"""

import json
import os
import sys
import traceback
import warnings

# Before torch starts: one thread, no telemetry, no network.
os.environ.update(OMP_NUM_THREADS="1", HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error", TOKENIZERS_PARALLELISM="false")
warnings.filterwarnings("ignore")

import peft
import torch
import transformers
from safetensors.torch import save_file

from answers import Answers, Pair, adapted, fixed_weights, forward_and_backward, own_name, train
from cases import DTYPES, Case, tasks_of
from configs import FAMILIES, unvaried
from draw import Draw
from generation import generate

torch.set_num_threads(1)
softmax = torch.nn.functional.softmax


def softmax_in_its_type(x, dim=None, _stacklevel=3, dtype=None):
    """Eager attention narrows its scores to f32, also in f64, where the mask of a row without keys becomes -inf and the row NaN."""
    return softmax(x, dim=dim, dtype=None if x.dtype == torch.float64 else dtype)


torch.nn.functional.softmax = softmax_in_its_type

# The library names a class otherwise.
NAMES = {"Gemma3Model": "Gemma3TextModel"}
HEADS = ("lm_head", "score", "classifier", "cls", "pooler", "head", "decoder", "qa_outputs", "predictions")


def kinds(request):
    """`autos`: model types by auto class; `classes`: all classes of the library. → kinds, and what has no counterpart here."""
    found, problems = {}, []
    for auto, types in request["autos"].items():
        mapping = getattr(transformers, auto)._model_mapping
        for model_type in types:
            config_class = transformers.AutoConfig.for_model(model_type).__class__
            model_class = mapping.get(config_class, None)
            if isinstance(model_class, tuple):
                model_class = model_class[0]
            if model_class is None:
                problems.append(f"{auto} of the library knows {model_type}, that of transformers does not")
                continue
            own = next((ours for ours, theirs in NAMES.items() if theirs == model_class.__name__), model_class.__name__)
            found[own] = {"name": own, "auto": auto}
    for name in request["classes"]:
        found.setdefault(name, {"name": name, "auto": None})
    for name, kind in list(found.items()):
        model_class = getattr(transformers, NAMES.get(name, name), None)
        if model_class is None:
            problems.append(f"{name}: transformers {transformers.__version__} has no such class")
            del found[name]
            continue
        kind["type"], kind["task"] = model_class.config_class.model_type, tasks_of(model_class.__name__)
        if kind["task"] is None:
            problems.append(f"{name}: this proof does not know its task (families/cases.py, tasks_of)")
        if kind["type"] not in FAMILIES:
            problems.append(f"{name}: there are no random configurations of {kind['type']} (families/configs.py, FAMILIES)")
        if kind["task"] is None or kind["type"] not in FAMILIES:
            del found[name]
    for model_type in sorted({kind["type"] for kind in found.values()}):
        config_class = transformers.AutoConfig.for_model(model_type).__class__
        for field in unvaried(model_type, config_class, Draw(0)):
            problems.append(f"{model_type}: no random configuration changes {field} (families/configs.py)")
    versions = {module.__name__: module.__version__ for module in (torch, transformers, peft)}
    return {"kinds": sorted(found.values(), key=lambda kind: kind["name"]), "problems": problems, "versions": versions}


def make(request):
    """Writes `model/`, `adapter/` and `case.safetensors` into the folder of the request."""
    model_class = getattr(transformers, NAMES.get(request["name"], request["name"]))
    folder = request["folder"]
    model_folder = os.path.join(folder, "model")
    case = Case(model_class, tasks_of(model_class.__name__), request["seed"])
    case.write(model_folder)
    answers, inputs = Answers(), {}

    def load(dtype):
        model = model_class.from_pretrained(model_folder, dtype=dtype, attn_implementation=case.attention)
        round_scale(model, DTYPES[case.dtype])
        return model

    pair = Pair(load)
    batches = [prepared(case, pair, name, inputs) for name in ("first", "second")]
    forward_and_backward(pair, case.task, *batches[0], answers, "base.")
    if case.task == "causal":
        generate(case, pair, answers)
    reread_logits = {name: value for name, value in answers.tensors.items() if name.startswith("base.out.")}
    trains_all = case.dtype == "f32" and case.draw.chance(0.5)
    settings = {
        "lr": case.draw.pick(1e-3, 1e-4, 5e-3),
        "weight_decay": case.draw.pick(0.0, 0.01, 0.1),
        "betas": case.draw.pick((0.9, 0.999), (0.8, 0.95)),
        "eps": case.draw.pick(1e-8, 1e-6),
    }
    if trains_all:
        train(pair, case.task, batches, settings, answers)
        pair = Pair(load)
    config = adapter_config(case, pair.f32)
    tuned = adapted(pair, config, case.draw)
    tuned.f32.save_pretrained(os.path.join(folder, "adapter"), save_embedding_layers=False)
    forward_and_backward(tuned, case.task, *batches[0], answers, "lora.", own_name)
    if not trains_all:
        train(tuned, case.task, batches, settings, answers)
    tensors = {name: tensor.clone(memory_format=torch.contiguous_format) for name, tensor in {**answers.tensors, **inputs}.items()}
    save_file(tensors, os.path.join(folder, "case.safetensors"))
    broken = break_weight(request, answers, model_folder) if request.get("breaks") else None
    return {
        "task": case.task,
        "dtype": case.dtype,
        "says": case.describe(),
        "traits": case.traits() + [f"padding {case.padding}"],
        "errors": answers.errors,
        "scales": answers.scales,
        "facts": answers.facts,
        "settings": {**settings, "all": trains_all},
        "adapter": {"r": config.r, "alpha": config.lora_alpha, "rslora": config.use_rslora, "targets": sorted(config.target_modules)},
        "outputs": sorted(name.removeprefix("base.out.") for name in reread_logits),
        "broken": broken,
    }


def prepared(case, pair, name, inputs):
    """A batch, which is also written for the library."""
    given, on, labels = case.batch()
    weights = fixed_weights(pair, given, on) if case.task == "bare" else {}
    for key, value in {**given, **labels, "on": on}.items():
        inputs[f"{name}.{key}"] = value
    for key, value in weights.items():
        inputs[f"{name}.weights.{key}"] = value
    return given, labels, weights


def round_scale(model, dtype):
    """Gemma rounds the factor of its embeddings to the type of the table; the reference has that type's weights in a wider type."""
    for module in model.modules():
        scale = getattr(module, "embed_scale", None)
        if isinstance(scale, torch.Tensor):
            module.embed_scale = scale.to(dtype).to(scale.dtype)


def adapter_config(case, model):
    """Rank and targets at random; heads are left out, as PEFT leaves them out of `all-linear`."""
    kinds = (torch.nn.Linear, transformers.pytorch_utils.Conv1D)
    leaves = []
    for path, module in model.named_modules():
        if isinstance(module, kinds) and not any(part in HEADS for part in path.split(".")):
            leaf = path.split(".")[-1]
            if leaf not in leaves:
                leaves.append(leaf)
    draw = case.draw
    targets = draw.some(leaves)
    embedding = model.get_input_embeddings()
    if draw.chance(0.2):
        targets.append(next(path for path, module in model.named_modules() if module is embedding).split(".")[-1])
    return peft.LoraConfig(r=draw.randint(1, 6), lora_alpha=draw.pick(1, 4, 7, 16), use_rslora=draw.chance(0.2), target_modules=targets, lora_dropout=0.0)


def break_weight(request, answers, folder):
    """Changes the weight with the largest gradient in the file by a hundredth of the largest weight of its tensor: the proof must notice."""
    from glob import glob

    from safetensors.torch import load_file

    best = max((name for name in answers.tensors if name.startswith("base.grad.")), key=lambda name: float(answers.tensors[name].abs().max()))
    at = int(answers.tensors[best].abs().argmax())
    wanted = best.removeprefix("base.grad.")
    for path in glob(os.path.join(folder, "*.safetensors")):
        tensors = load_file(path)
        for name, tensor in tensors.items():
            if name == wanted or name.endswith(f".{wanted}") or wanted.endswith(f".{name}"):
                tensor.view(-1)[at] += 0.01 * float(tensor.abs().max()) + 1e-3
                save_file(tensors, path, metadata={"format": "pt"})
                return f"{name}[{at}]"
    raise ValueError(f"no file has the weight {wanted}")


def reread(request):
    """Reads the folder that the library saved, and the original: configuration, weights and outputs must be the same."""
    model_class = getattr(transformers, NAMES.get(request["name"], request["name"]))
    original, saved = os.path.join(request["folder"], "model"), os.path.join(request["folder"], "saved")
    differences = []
    first = model_class.from_pretrained(original, dtype=torch.float32).eval()
    second, info = model_class.from_pretrained(saved, dtype=torch.float32, output_loading_info=True)
    for what, names in info.items():
        if names:
            differences.append(f"{what}: {sorted(map(str, names))}")
    wanted, got = first.state_dict(), second.eval().state_dict()
    for name in wanted:
        if not torch.equal(wanted[name], got[name]):
            differences.append(f"weight {name} is another")
    # At one alignment, so that products are the same to the bit.
    second.load_state_dict({name: tensor.clone() for name, tensor in got.items()}, assign=True)
    first.load_state_dict({name: tensor.clone() for name, tensor in wanted.items()}, assign=True)
    one, other = transformers.AutoConfig.from_pretrained(original).to_dict(), transformers.AutoConfig.from_pretrained(saved).to_dict()
    # The library also writes what follows from other fields, such as head_dim where a family has no such field.
    for field in sorted(set(one) - {"transformers_version", "_name_or_path"}):
        if one[field] != other.get(field):
            differences.append(f"config {field}: {other.get(field)!r}, was {one[field]!r}")
    from safetensors.torch import load_file

    tensors = load_file(os.path.join(request["folder"], "case.safetensors"))
    names = ("input_ids", "attention_mask", "token_type_ids", "position_ids")
    inputs = {name: tensors[f"first.{name}"] for name in names if f"first.{name}" in tensors}
    with torch.no_grad():
        one, other = first(**inputs), second(**inputs)
    for name in one:
        if isinstance(one[name], torch.Tensor) and not torch.equal(one[name], other[name]):
            differences.append(f"{name} differs by {float((one[name] - other[name]).abs().max())}")
    return {"differences": differences}


def main():
    # What libraries print must not come between the answers.
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    handlers = {"kinds": kinds, "make": make, "reread": reread}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = json.dumps(handlers[request["do"]](request), allow_nan=False)
        except Exception:
            answer = json.dumps({"failed": traceback.format_exc()})
        channel.write(answer + "\n")
        channel.flush()


main()
