"""What bitsandbytes and transformers save, and what they make of it: reference.py FOLDER. Prints RESULTS with a line of JSON, the folders and what each is for.

Grids are folders of a Llama whose layers hold one weight each in every form of 4 bits. On a CPU with AVX-512, bitsandbytes 0.50.2 takes the scales of other blocks
where a row is a multiple of 16 and not of the block, unlike its CUDA kernels: no row here is. Models are saved by transformers itself. `floats.safetensors` holds the
numbers of the weights in the type that they were made from, and of models the logits of the weights in f32, computed in f64.
"""

import copy
import json
import sys
from pathlib import Path

import torch
from bitsandbytes.functional import dequantize_4bit, int8_vectorwise_dequant, quantize_4bit
from bitsandbytes.nn import Linear4bit, Linear8bitLt
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, GPT2Config, LlamaConfig

FOLDER = Path(sys.argv[1])
FORMS = [
    (kind, dtype, blocksize, double)
    for kind in ("nf4", "fp4")
    for dtype in (torch.float32, torch.float16, torch.bfloat16)
    for blocksize in (32, 64, 128, 256, 512, 1024, 2048, 4096)
    for double in (False, True)
]


def small(hidden, inner, layers, **more):
    sizes = {"hidden_size": hidden, "intermediate_size": inner, "num_hidden_layers": layers, "num_attention_heads": 1}
    return LlamaConfig(vocab_size=64, max_position_embeddings=64, initializer_range=0.2, **sizes, **more)


def grid(out, inner):
    path = FOLDER / f"grid-{out}-{inner}"
    config = small(out, inner, len(FORMS), head_dim=2)
    dict_ = AutoModelForCausalLM.from_config(config).state_dict()
    floats = {}
    for i, (kind, dtype, blocksize, double) in enumerate(FORMS):
        key = f"model.layers.{i}.mlp.down_proj.weight"
        weight = (torch.randn(out, inner) * torch.rand(out, 1) * 3).to(dtype)
        packed, state = quantize_4bit(weight, blocksize=blocksize, compress_statistics=double, quant_type=kind)
        dict_[key] = packed
        dict_.update({f"{key}.{part}": value for part, value in state.as_dict(packed=True).items()})
        floats[key] = dequantize_4bit(packed, state)
    path.mkdir()
    save_file({key: value.contiguous() for key, value in dict_.items()}, path / "model.safetensors")
    fields = {**config.to_dict(), "architectures": ["LlamaForCausalLM"], "quantization_config": {"quant_method": "bitsandbytes"}}
    (path / "config.json").write_text(json.dumps(fields))
    save_file({key: value.contiguous() for key, value in floats.items()}, path / "floats.safetensors")
    return {"path": str(path), "name": f"grid of {len(FORMS)} forms, ({out}, {inner})"}


def floats_of(module, dtype):
    if isinstance(module, Linear8bitLt):
        return int8_vectorwise_dequant(module.weight.data, module.weight.SCB).to(dtype)
    state = copy.copy(module.weight.quant_state)
    state.dtype = dtype
    return dequantize_4bit(module.weight.data, state)


def model(name, config, dtype, quantised):
    base, path = FOLDER / f"{name}-base", FOLDER / name
    AutoModelForCausalLM.from_config(config).to(dtype).save_pretrained(base)
    loaded = AutoModelForCausalLM.from_pretrained(base, quantization_config=quantised, device_map="cpu")
    loaded.save_pretrained(path)
    floats, wide = {}, {key: value for key, value in loaded.state_dict().items() if value.is_floating_point()}
    for key, module in loaded.named_modules():
        if not isinstance(module, (Linear4bit, Linear8bitLt)):
            continue
        turn = (lambda each: each.t().contiguous()) if config.model_type == "gpt2" else (lambda each: each)
        floats[f"{key}.weight"] = turn(floats_of(module, dtype))
        wide[f"{key}.weight"] = turn(floats_of(module, torch.float32))
    plain = AutoModelForCausalLM.from_config(config).double().eval()
    names = plain.state_dict()
    plain.load_state_dict({key: value for key, value in wide.items() if key in names})
    ids = torch.randint(0, 64, (2, 12))
    with torch.no_grad():
        logits = plain(ids).logits
    save_file({**floats, "ids": ids, "logits": logits}, path / "floats.safetensors")
    return {"path": str(path), "name": f"transformers, {name}"}


torch.manual_seed(0)
four = {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}
llama = small(64, 128, 2)
gpt2 = GPT2Config(vocab_size=64, n_embd=64, n_head=4, n_layer=2, n_positions=64, initializer_range=0.2)
made = [
    *[grid(*shape) for shape in ((15, 9), (90, 130), (6, 4096))],
    model("nf4-double", llama, torch.bfloat16, BitsAndBytesConfig(**four, bnb_4bit_use_double_quant=True)),
    model("nf4", llama, torch.float16, BitsAndBytesConfig(**four)),
    model("fp4", llama, torch.float32, BitsAndBytesConfig(load_in_4bit=True)),
    model("int8", llama, torch.float32, BitsAndBytesConfig(load_in_8bit=True)),
    model("nf4-gpt2", gpt2, torch.float16, BitsAndBytesConfig(**four)),
]
print("RESULTS", json.dumps(made))
