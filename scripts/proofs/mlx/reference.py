"""The side of mlx-lm: `make` writes adapters with their logits, `check` computes with the folders that the library wrote."""

import json
import sys
from pathlib import Path

import mlx.core as mx
from mlx.utils import tree_flatten
from mlx_lm.tuner.utils import linear_to_lora_layers, load_adapters
from mlx_lm.utils import load_model

mx.set_default_device(mx.cpu)


def base_of(case):
    model, _ = load_model(Path(case["base"]))
    model.eval()
    return model


def logits(model, case):
    return model(mx.array(case["ids"])).astype(mx.float32)


def make(case):
    model = base_of(case)
    mx.random.seed(case["seed"])
    out = {"base": logits(model, case)}
    config = case["mlx"]
    linear_to_lora_layers(
        model, config["num_layers"], config["lora_parameters"], use_dora=config["fine_tune_type"] == "dora"
    )
    tensors = {
        name: value + case["scale"] * mx.random.normal(value.shape)
        for name, value in tree_flatten(model.parameters())
        if name.rsplit(".", 1)[-1] in ("lora_a", "lora_b", "m")
    }
    model.load_weights(list(tensors.items()), strict=False)
    model.eval()
    out["theirs"] = logits(model, case)
    folder = Path(case["theirs"])
    folder.mkdir(parents=True)
    mx.save_safetensors(str(folder / "adapters.safetensors"), tensors)
    (folder / "adapter_config.json").write_text(json.dumps(config))
    mx.save_safetensors(case["answers"], out)


def check(case):
    model = load_adapters(base_of(case), case["ours"])
    model.eval()
    want = mx.load(case["ours_answers"])["ours"]
    return float(mx.abs(logits(model, case) - want).max())


def main():
    what, path = sys.argv[1:]
    results = {}
    for case in json.loads(Path(path).read_text()):
        try:
            results[case["name"]] = make(case) if what == "make" else check(case)
        except Exception as error:  # noqa: BLE001 -- each case is reported by itself
            results[case["name"]] = f"{type(error).__name__}: {error}"
    print("RESULTS " + json.dumps(results))


main()
