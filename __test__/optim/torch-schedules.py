"""Writes torch-schedules.json: the rates of torch.optim.lr_scheduler (torch 2.15.0), which torch-schedules.test.ts compares ours with.

Nothing is random. Run it with a Python that has torch: python __test__/optim/torch-schedules.py
"""

import json
import math
from pathlib import Path

import torch
from torch.optim import lr_scheduler

LAMBDAS = {"decay": lambda epoch: 0.95**epoch, "thirds": lambda epoch: 1 / (1 + epoch // 3)}
METRICS = [1.0, 0.9, 0.9001, 0.8999, 0.9, 0.91, math.nan, 0.92, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.4, 0.45, 0.45, 0.45]


def optimizer_of(lrs, kind="SGD"):
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": lr} for lr in lrs]
    return torch.optim.SGD(groups, lr=1.0, momentum=0.9) if kind == "SGD" else torch.optim.AdamW(groups, lr=1.0)


def build(optimizer, spec):
    name, kwargs = spec["class"], dict(spec.get("kwargs", {}))
    if name in ("SequentialLR", "ChainedScheduler"):
        parts = [build(optimizer, part) for part in spec["schedulers"]]
        if name == "ChainedScheduler":
            return lr_scheduler.ChainedScheduler(parts)
        return lr_scheduler.SequentialLR(optimizer, parts, kwargs["milestones"])
    if "lambda" in spec:
        named = spec["lambda"]
        kwargs["lr_lambda"] = [LAMBDAS[each] for each in named] if isinstance(named, list) else LAMBDAS[named]
    return getattr(lr_scheduler, name)(optimizer, **kwargs)


def plain(value):
    """A state as JSON can hold it."""
    if isinstance(value, dict):
        if type(value).__name__ == "Counter":
            return sorted(value.elements())
        return {str(key): plain(each) for key, each in value.items() if not callable(each)}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def moving(optimizer):
    """Momentum, or the first beta, of each group."""
    return [group["betas"][0] if "betas" in group else group["momentum"] for group in optimizer.param_groups]


def record(spec):
    optimizer = optimizer_of(spec["lrs"], spec.get("optimizer", "SGD"))
    scheduler = build(optimizer, spec)
    steps, half = spec["steps"], spec["steps"] // 2
    rates, momenta, state = [], [], None
    for step in range(steps):
        rates.append([group["lr"] for group in optimizer.param_groups])
        momenta.append(moving(optimizer))
        assert step == 0 or spec["class"] == "ReduceLROnPlateau" or scheduler.get_last_lr() == rates[-1]
        if step == half and "nudge" not in spec:
            state = plain(scheduler.state_dict())
        if step == spec.get("nudge"):
            for group in optimizer.param_groups:
                group["lr"] *= 0.5
        optimizer.step()
        if spec["class"] == "ReduceLROnPlateau":
            scheduler.step(METRICS[step])
        elif "epochs" in spec:
            scheduler.step(spec["epochs"][step])
        else:
            scheduler.step()
    cycles = any(pair != momenta[0] for pair in momenta)
    return {**spec, "rates": rates, **({"momenta": momenta} if cycles else {}), **({"state": state} if state else {})}


def case(name, kwargs=None, lrs=(0.1, 0.02), steps=20, **more):
    return {"class": name, "kwargs": kwargs or {}, "lrs": list(lrs), "steps": steps, **more}


CASES = [
    case("StepLR", {"step_size": 3}),
    case("StepLR", {"step_size": 4, "gamma": 0.7}, nudge=5),
    case("MultiStepLR", {"milestones": [3, 8, 8, 15], "gamma": 0.5}),
    case("ExponentialLR", {"gamma": 0.87}),
    case("ExponentialLR", {"gamma": 0.9}, nudge=3),
    case("LambdaLR", **{"lambda": "decay"}),
    case("LambdaLR", **{"lambda": ["decay", "thirds"]}),
    case("MultiplicativeLR", **{"lambda": "decay"}),
    case("ConstantLR"),
    case("ConstantLR", {"factor": 0.25, "total_iters": 7}),
    case("LinearLR"),
    case("LinearLR", {"start_factor": 0.1, "end_factor": 0.6, "total_iters": 9}),
    case("LinearLR", {"start_factor": 1.0, "end_factor": 0.0, "total_iters": 12}),
    case("PolynomialLR"),
    case("PolynomialLR", {"total_iters": 12, "power": 2.5}),
    case("CosineAnnealingLR", {"T_max": 7}, steps=32),
    case("CosineAnnealingLR", {"T_max": 10, "eta_min": 0.005}, nudge=4, steps=24),
    case("CosineAnnealingLR", {"T_max": 1}, steps=6),
    case("CosineAnnealingWarmRestarts", {"T_0": 6}),
    case("CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 2, "eta_min": 0.001}, steps=26),
    case("CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 2}, epochs=[(i + 1) * 0.7 for i in range(20)]),
    case("CosineAnnealingWarmRestarts", {"T_0": 4}, epochs=[(i + 1) * 0.3 for i in range(20)]),
    case("OneCycleLR", {"max_lr": 0.5, "total_steps": 20}),
    case("OneCycleLR", {"max_lr": [0.5, 0.2], "epochs": 4, "steps_per_epoch": 5, "anneal_strategy": "linear"}),
    case("OneCycleLR", {"max_lr": 0.3, "total_steps": 20, "pct_start": 0.4, "three_phase": True}, optimizer="AdamW"),
    case("OneCycleLR", {"max_lr": 0.3, "total_steps": 20, "cycle_momentum": False, "div_factor": 10.0, "final_div_factor": 100.0}),
    case("OneCycleLR", {"max_lr": 0.3, "total_steps": 20, "pct_start": 0.25, "base_momentum": [0.7, 0.8], "max_momentum": 0.9}),
    case("ReduceLROnPlateau", {"patience": 2}, steps=len(METRICS)),
    case("ReduceLROnPlateau", {"patience": 1, "factor": 0.5, "cooldown": 2, "threshold": 0.05, "threshold_mode": "abs"}, steps=len(METRICS)),
    case("ReduceLROnPlateau", {"mode": "max", "patience": 0, "factor": 0.3, "min_lr": [0.004, 0.01]}, steps=len(METRICS)),
    case("ReduceLROnPlateau", {"mode": "max", "patience": 1, "threshold_mode": "abs", "threshold": 0.2, "eps": 0.003}, steps=len(METRICS)),
    case(
        "SequentialLR",
        {"milestones": [5]},
        schedulers=[
            {"class": "LinearLR", "kwargs": {"start_factor": 0.1, "total_iters": 5}},
            {"class": "CosineAnnealingLR", "kwargs": {"T_max": 12}},
        ],
    ),
    case(
        "SequentialLR",
        {"milestones": [3, 9]},
        schedulers=[
            {"class": "ConstantLR", "kwargs": {"factor": 0.1, "total_iters": 2}},
            {"class": "ExponentialLR", "kwargs": {"gamma": 0.9}},
            {"class": "CosineAnnealingWarmRestarts", "kwargs": {"T_0": 4}},
        ],
    ),
    case(
        "SequentialLR",
        {"milestones": [0, 4]},
        schedulers=[
            {"class": "ConstantLR", "kwargs": {}},
            {"class": "StepLR", "kwargs": {"step_size": 2, "gamma": 0.5}},
            {"class": "MultiStepLR", "kwargs": {"milestones": [2, 5]}},
        ],
    ),
    case(
        "ChainedScheduler",
        schedulers=[
            {"class": "ConstantLR", "kwargs": {"factor": 0.5, "total_iters": 4}},
            {"class": "ExponentialLR", "kwargs": {"gamma": 0.9}},
        ],
    ),
]

out = {"torch": torch.__version__, "metrics": plain(METRICS), "cases": [record(spec) for spec in CASES]}
Path(__file__).with_suffix(".json").write_text(json.dumps(out))
print(len(out["cases"]), "cases")
