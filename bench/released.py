#!/usr/bin/env python3
"""The released MNLI checkpoint of microsoft/LoRA in PyTorch: bench/released.mjs starts it.

    python bench/released.py MODEL_DIR CHECKPOINT '{"ids": [[...]], "mask": [[...]]}'

MODEL_DIR holds a RoBERTa with three classes (config.json, model.safetensors), CHECKPOINT is roberta_base_lora_mnli.bin. Prints one JSON object: the
logits with the factors apart, and with the factors merged.
"""
import json
import sys

import loralib as lora
import torch
from transformers import RobertaForSequenceClassification


def main():
    folder, checkpoint, batch = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    model = RobertaForSequenceClassification.from_pretrained(folder)
    for layer in model.roberta.encoder.layer:
        for name in ("query", "value"):
            plain = getattr(layer.attention.self, name)
            wrapped = lora.Linear(768, 768, r=8, lora_alpha=16)
            wrapped.load_state_dict(plain.state_dict(), strict=False)
            setattr(layer.attention.self, name, wrapped)
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    _, unexpected = model.load_state_dict(state, strict=False)
    if unexpected:
        sys.exit(f"the model has no place for {unexpected}")
    ids, mask = torch.tensor(batch["ids"]), torch.tensor(batch["mask"])
    logits = {}
    with torch.no_grad():
        for name, training in (("unmerged", True), ("merged", False)):
            # Dropout is 0 in the base's configuration, so training mode keeps the factors apart and changes nothing else.
            model.train(training)
            logits[name] = model(input_ids=ids, attention_mask=mask).logits.tolist()
    print(json.dumps(logits))


main()
