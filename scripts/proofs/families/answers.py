"""What the reference computes: outputs, losses, gradients, adapters, training, in f32 and, for the error of f32 itself, in f64."""

import copy

import torch

BARE = {"last_hidden_state": 1, "pooler_output": 2}


class Pair:
    """A model twice, from one file: in f32, the answer of the reference, and in f64, from which both its error and ours are measured."""

    def __init__(self, load):
        self.f32 = load(torch.float32).eval()
        self.f64 = load(torch.float64).eval()

    def each(self):
        return (self.f32, torch.float32), (self.f64, torch.float64)


class Answers:
    """Tensors in f64, and for each the largest error of the reference's own f32 run."""

    def __init__(self):
        self.tensors, self.errors, self.scales, self.facts = {}, {}, {}, {}

    def add(self, name, f32, f64):
        if f64 is None:
            return
        truth = f64.detach().double().contiguous()
        self.tensors[name] = truth
        self.errors[name] = float((f32.detach().double() - truth).abs().max()) if truth.numel() else 0.0

    def merge(self, prefix, pairs):
        """`pairs`: by name, (f32, f64)."""
        for name, (f32, f64) in pairs.items():
            self.add(prefix + name, f32, f64)


def cast(inputs, dtype):
    return {name: value.to(dtype) if value.is_floating_point() else value for name, value in inputs.items()}


def run(model, task, inputs, labels, weights, dtype):
    """Outputs by name and the loss; a model without a head has as loss the product of its outputs with fixed weights."""
    forget_lengths(model)
    output = model(**inputs, **(cast(labels, dtype) if labels else {}))
    if task != "bare":
        names = ("start_logits", "end_logits") if task == "question" else ("logits",)
        return {name: getattr(output, name) for name in names}, output.loss
    found = {name: getattr(output, name, None) for name in BARE}
    found = {name: value for name, value in found.items() if value is not None}
    return found, sum((value * weights[name].to(dtype)).sum() for name, value in found.items())


def scale_of_loss(task, outputs, loss, weights):
    """The size of what a loss adds up: for a model without a head, of terms that cancel out."""
    if task != "bare":
        return float(loss.abs())
    return float(sum((value * weights[name]).abs().sum() for name, value in outputs.items()))


def forget_lengths(model):
    """Rotary positions that depend on the length (dynamic) remember the longest sequence that they have seen: each answer is for its input alone."""
    for module in model.modules():
        for name, original in list(module.named_buffers(recurse=False)):
            if name.endswith("original_inv_freq"):
                kind = name.removesuffix("original_inv_freq")
                setattr(module, f"{kind}inv_freq", original.clone())
                setattr(module, f"{kind}max_seq_len_cached", module.original_max_seq_len)


def fixed_weights(pair, inputs, on):
    """The weights of the loss of a model without a head: none at positions of padding."""
    forget_lengths(pair.f64)
    with torch.no_grad():
        output = pair.f64(**inputs)
    hidden = output.last_hidden_state
    weights = {"last_hidden_state": torch.randn(hidden.shape) * on[..., None]}
    if getattr(output, "pooler_output", None) is not None:
        weights["pooler_output"] = torch.randn(output.pooler_output.shape)
    return weights


def forward_and_backward(pair, task, inputs, labels, weights, answers, prefix, name_of=lambda name: name):
    """Outputs, loss, and the gradients of everything that is trained."""
    found = []
    for model, dtype in pair.each():
        model.zero_grad()
        outputs, loss = run(model, task, inputs, labels, weights, dtype)
        loss.backward()
        grads = {name_of(n): p.grad.clone() for n, p in model.named_parameters() if p.requires_grad and p.grad is not None}
        found.append((outputs, loss, grads))
    (outputs32, loss32, grads32), (outputs64, loss64, grads64) = found
    answers.merge(f"{prefix}out.", {name: (outputs32[name], outputs64[name]) for name in outputs64})
    answers.add(f"{prefix}loss", loss32.reshape(1), loss64.reshape(1))
    answers.scales[f"{prefix}loss"] = scale_of_loss(task, outputs64, loss64, weights)
    answers.merge(f"{prefix}grad.", {name: (grads32[name], grads64[name]) for name in grads64})


def train(pair, task, batches, settings, answers, steps=20):
    """Losses of AdamW on alternating batches, and the outputs for the first of them at the end."""
    losses, outputs, scale = [], [], 0.0
    for model, dtype in pair.each():
        parameters = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(parameters, foreach=False, **settings)
        course = []
        for step in range(steps):
            inputs, labels, weights = batches[step % len(batches)]
            optimizer.zero_grad()
            found, loss = run(model, task, inputs, labels, weights, dtype)
            scale = max(scale, scale_of_loss(task, found, loss, weights))
            loss.backward()
            optimizer.step()
            course.append(loss.detach().reshape(1))
        losses.append(torch.cat(course))
        with torch.no_grad():
            outputs.append(run(model, task, batches[0][0], None, batches[0][2], dtype)[0])
    answers.add("train.losses", *losses)
    answers.scales["train.losses"] = scale
    answers.merge("train.out.", {name: (outputs[0][name], outputs[1][name]) for name in outputs[1]})


def adapted(pair, config, draw):
    """The pair under a PEFT adapter whose factors are both random."""
    from peft import get_peft_model

    first = get_peft_model(pair.f32, config)
    with torch.no_grad():
        for name, parameter in first.named_parameters():
            if "lora_" in name:
                parameter.copy_(torch.randn_like(parameter) * draw.uniform(0.1, 0.5))
    second = get_peft_model(pair.f64, copy.deepcopy(config))
    second.load_state_dict(first.state_dict())
    second.double()
    both = object.__new__(Pair)
    both.f32, both.f64 = first.eval(), second.eval()
    return both


def own_name(name):
    """`base_model.model.h.0.attn.c_attn.lora_A.default.weight` → `h.0.attn.c_attn.lora_A`."""
    name = name.removeprefix("base_model.model.").replace(".base_layer.", ".")
    name = name.replace(".lora_embedding_", ".lora_")
    return name.replace(".default.weight", "").replace(".default", "")
