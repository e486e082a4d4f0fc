"""The tokens of g-greedy-bf16, from PyTorch in f32 on the weights rounded to bf16: prints {"tokens": ..., "sum": ...}.

In bf16 PyTorch's own tokens depend on its cache: at the fourth one the two best logits round to the same number, and without a cache
it takes the other. We multiply in f32, so ours must be those of f32.
"""
import json

import torch_baseline as baseline


def main():
    import torch

    model = baseline.fill(baseline.hf_gpt2()).eval().to(torch.bfloat16).float()
    ids = baseline.token_ids("ids", (1, 64), 0, baseline.GPT2["vocab"])
    with torch.inference_mode():
        tokens = model.generate(ids, max_new_tokens=128, min_new_tokens=128, do_sample=False, pad_token_id=0,
                                attention_mask=torch.ones_like(ids))[0, 64:].tolist()
    print(json.dumps({"tokens": tokens[:8], "sum": sum(tokens)}))


main()
