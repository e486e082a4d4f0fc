"""The side of Python's peft: `make` writes models and adapters with their logits, `check` computes with the folders that the library wrote."""

import json
import sys
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSequenceClassification

torch.set_num_threads(2)


def model_class(case):
    return AutoModelForSequenceClassification if case["task"] == "SEQ_CLS" else AutoModelForCausalLM


def load_base(case):
    """In f64: PyTorch's own rounding in f32 is as large as what is allowed here, through 30 layers."""
    return model_class(case).from_pretrained(case["base"], dtype=torch.float32).eval().double()


def make_base(case):
    if Path(case["base"], "config.json").exists():
        return
    torch.manual_seed(case["seed"])
    config = AutoConfig.for_model(**case["config"])
    model = model_class(case).from_config(config)
    # Fresh norms and biases are ones and zeros, which hide mistakes.
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter.add_(0.1 * torch.randn_like(parameter))
    model.save_pretrained(case["base"])


def logits(model, ids):
    with torch.no_grad():
        return model(ids).logits.contiguous()


def make(case):
    make_base(case)
    base = load_base(case)
    torch.manual_seed(case["seed"] + 1)
    ids = torch.randint(5, case["ids"], (2, 9))
    if case["config"] is None:
        # Text, as the model writes it: at random ids its activations are far from those that it was trained for, and so are the errors of f32.
        ids = base.generate(torch.tensor([[1, 504], [1, 1348]]), max_new_tokens=8, min_new_tokens=8, do_sample=False)
    out = {"ids": ids, "base": logits(base, ids)}
    model = get_peft_model(base, LoraConfig(**case["lora"])).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                # Numbers of f32, as the file holds them.
                parameter.copy_((parameter + case["scale"] * torch.randn_like(parameter)).float())
    out["theirs"] = logits(model, ids)
    narrow = model.float()
    narrow.save_pretrained(case["theirs"])
    save_file(out, case["answers"])
    # How far PyTorch's own f32 is, for comparison.
    return float((logits(narrow, ids) - out["theirs"]).abs().max())


def check(case):
    ours = load_file(case["ours_answers"])
    model = PeftModel.from_pretrained(load_base(case), case["ours"]).eval().double()
    got = logits(model, load_file(case["answers"])["ids"])
    return float((got - ours["ours"]).abs().max())


def main():
    what, path = sys.argv[1:]
    results = {}
    for case in json.loads(Path(path).read_text()):
        try:
            results[case["name"]] = make(case) if what == "make" else check(case)
        except Exception as error:  # noqa: BLE001 -- each case is reported by itself
            results[case["name"]] = f"{type(error).__name__}: {error}"
        print(case["name"], flush=True)
    print("RESULTS " + json.dumps(results))


main()
