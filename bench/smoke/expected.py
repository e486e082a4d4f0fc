#!/usr/bin/env python3
"""The checks of the cases in small shapes, by the programs of torch_baseline.py: `node bench/smoke.mjs --record` stores them.

Prints one JSON line for each row. The shapes are those of bench/lib/bases.mjs and of `size` in bench/cases. Single layers
and the optimizer run in full size.
"""
import json
import os
import sys
from types import SimpleNamespace

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import torch
import transformers

import torch_baseline as tb

VOCAB = 523
hf_gpt2, nlg_gpt2, token_ids = tb.hf_gpt2, tb.nlg_gpt2, tb.token_ids


def in_small(cls, **sizes):
    """Models of this class are built in these sizes, whatever their configuration says."""
    build = cls.__init__

    def init(self, config, *args, **kw):
        for name, value in sizes.items():
            setattr(config, name, value)
        build(self, config, *args, **kw)
    cls.__init__ = init


in_small(transformers.GPT2LMHeadModel, vocab_size=VOCAB, n_positions=256, n_embd=96, n_layer=2, n_head=3,
         bos_token_id=522, eos_token_id=522)
in_small(transformers.LlamaForCausalLM, vocab_size=VOCAB, hidden_size=96, intermediate_size=160, num_hidden_layers=2,
         num_attention_heads=6, num_key_value_heads=2, max_position_embeddings=256, head_dim=16)
in_small(transformers.RobertaForSequenceClassification, vocab_size=VOCAB, hidden_size=96, intermediate_size=160,
         num_hidden_layers=2, num_attention_heads=3)
tb.nlg_gpt2 = lambda r, dropout: nlg_gpt2(r, dropout, d=96, layers=2, heads=3, vocab=VOCAB, n_ctx=256)
tb.E2E_LENGTHS, tb.E2E_CONTEXT = [4, 5, 6, 7, 8, 9, 10, 12], [2, 3, 3, 4, 4, 5, 6, 7]
GPT2, SMOL = dict(tb.GPT2, vocab=VOCAB), dict(tb.SMOL, vocab=VOCAB)
B = (tb.hf_gpt2, 4, 32, ["c_attn"], (4, 16), GPT2, [])
D = (tb.hf_smol, 8, 16, "all-linear", (2, 24), SMOL, [])
GREEDY = dict(new=16)
BEAMS = dict(new=16, beams=10)

RUNS = {
    "a128": lambda: tb.run_a(16),
    "a128-drop": lambda: tb.run_a(16, dropout=0.1),
    "a512": lambda: tb.run_a(24, e2e=True),
    "a103": lambda: tb.run_a(12, e2e=True),
    "c128": lambda: tb.run_a(16, full=True),
    "b128": lambda: tb.run_peft(*B),
    "b128-ckpt": lambda: tb.run_peft(*B, ckpt=True),
    "b128-bf16": lambda: tb.run_peft(*B, mode="bf16"),
    "d": lambda: tb.run_peft(*D),
    "d-ckpt": lambda: tb.run_peft(*D, ckpt=True),
    "d-bf16": lambda: tb.run_peft(*D, mode="bf16"),
    "e-peft": lambda: tb.run_e(peft=True),
    "f-linear768": tb.CASES["f-linear768"][1],
    "f-linear4096": tb.CASES["f-linear4096"][1],
    "f-embedding": tb.CASES["f-embedding"][1],
    "f-merge": tb.CASES["f-merge"][1],
    "f-adamw": tb.CASES["f-adamw"][1],
    "g-greedy": lambda: tb.run_generate(tb.hf_gpt2, GPT2, **GREEDY),
    "g-beam10": lambda: tb.run_generate(tb.hf_gpt2, GPT2, **BEAMS),
    "g-smol": lambda: tb.run_generate(tb.hf_smol, SMOL, **GREEDY),
    "h": tb.CASES["h"][1],
    "j": tb.CASES["j"][1],
}


def measure(step, row=None, check=None, micro=False, **more):
    """Four steps without a clock; one of what repeats."""
    for _ in range(1 if micro else 4):
        step()
    line = dict(case=tb.ARGS.cases[0], row=row, check=check and check())
    print(json.dumps({k: v for k, v in line.items() if v is not None}), flush=True)


if __name__ == "__main__":
    tb.measure = measure
    for name in sys.argv[1:] or RUNS:
        tb.ARGS = SimpleNamespace(cases=[name], threads=2, reps=2, warmup=2, profile=False)
        torch.set_num_threads(1)                 # two wait for each other by spinning, forever on a busy machine
        torch.manual_seed(0)
        whole = name.startswith("f-")
        tb.token_ids = token_ids if whole else lambda key, shape, low, high: token_ids(key, shape, low, min(high, VOCAB))
        RUNS[name]()
