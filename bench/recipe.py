#!/usr/bin/env python3
"""The paper's NLG recipe in PyTorch, padded as upstream pads it: the losses of its first updates. bench/recipe.mjs starts it.

    python bench/recipe.py MODEL_DIR WORK_FILE '{"lr": 2e-4, ...}'

MODEL_DIR holds a GPT-2 (config.json, model.safetensors). WORK_FILE is a safetensors file with the batches of each update, input, target and mask
(S, B, T), and the factors that LoRA begins with. Prints one JSON object.
"""
import json
import os
import sys
import time

import torch
from safetensors.torch import load_file

from torch_baseline import nlg_gpt2, nlg_loss


def build(folder, factors):
    """The example's GPT-2 with the weights of a folder and the given factors; no dropout."""
    with open(os.path.join(folder, "config.json")) as f:
        config = json.load(f)
    r = factors["transformer.h.0.attn.c_attn.lora_B"].shape[1]
    model = nlg_gpt2(r, 0.0, config["n_embd"], config["n_layer"], config["n_head"], config["vocab_size"], config["n_positions"])
    weights = load_file(os.path.join(folder, "model.safetensors"))
    weights = {k if k.startswith("transformer.") else "transformer." + k: v.float() for k, v in weights.items()}
    missing, unexpected = model.load_state_dict({**weights, **factors}, strict=False)
    missing = [k for k in missing if not k.endswith("attn.mask")]
    if missing or unexpected:
        sys.exit(f"the weights do not fit: missing {missing[:4]}, unexpected {unexpected[:4]}")
    for name, p in model.named_parameters():
        p.requires_grad_("lora_" in name)
    return model.train()


def update(params, moments, step, lr, hyper):
    """The AdamW of the NLG example: eps beside the uncorrected root, weight decay last."""
    b1, b2 = hyper["betas"]
    for p, (m, v) in zip(params, moments):
        m.mul_(b1).add_(p.grad, alpha=1 - b1)
        v.mul_(b2).addcmul_(p.grad, p.grad, value=1 - b2)
        size = lr * (1 - b2 ** step) ** 0.5 / (1 - b1 ** step) if hyper["correctBias"] else lr
        p.data.addcdiv_(m, v.sqrt().add_(hyper["eps"]), value=-size)
        p.data.add_(p.data, alpha=-lr * hyper["weightDecay"])
        p.grad = None


def main():
    folder, work, hyper = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    torch.set_num_threads(hyper["threads"])
    tensors = load_file(work)
    batches = [tensors.pop(name) for name in ("input", "target", "mask")]
    model = build(folder, tensors)
    params = [p for p in model.parameters() if p.requires_grad]
    moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in params]
    steps, losses, seconds = batches[0].shape[0], [], []
    for s in range(steps):
        started = time.perf_counter()
        x, y, mask = (batch[s] for batch in batches)
        loss = nlg_loss(model(x), y, mask, hyper["labelSmoothing"])
        loss.backward()
        update(params, moments, s + 1, hyper["lr"] * max(0.0, (steps - s) / steps), hyper)
        losses.append(loss.item())
        seconds.append(time.perf_counter() - started)
        print(f"torch: update {s + 1} of {steps}, {seconds[-1]:.1f} s", file=sys.stderr, flush=True)
    with open("/proc/self/status") as f:
        peak = next(int(line.split()[1]) for line in f if line.startswith("VmHWM"))
    print(json.dumps({"losses": losses, "seconds": seconds, "peak_mb": peak / 1024}))


if __name__ == "__main__":
    main()
