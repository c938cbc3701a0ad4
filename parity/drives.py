#!/usr/bin/env python3
"""Writes the golden files of schedules of other numbers than the rate: `python3 parity/drives.py`, with torch 2.13 and timm
1.0.29 (only two of timm's files are loaded, so torchvision is not needed). It writes under
parity/src/test/resources/golden/ next to this file and gives the same bytes each time.

drives.csv: what PyTorch does if a second scheduler, of a stand-in optimizer whose rate is the number, drives an option of the
first optimizer's group. In a case each line is a key, a comma and a value that reaches to the end of the line; blank lines
separate the cases:

    case,AdamW-weight_decay              unique
    optimizer,AdamW(lr=0.1, ...)         the optimizer
    schedule,StepLR(step_size=3)         of the rate
    drive,weight_decay=LinearLR(...)     of the number; any number of these
    0,0.1,0.4,1.0,-2.0,0.5               rows: step, the rate, the numbers in order, the parameter's three values after the step

ema_decay.csv: timm's ModelEmaV3(decay, use_warmup=True).get_decay(step + 1) and YOLOv5's ModelEMA,
decay * (1 - exp(-step / tau)): kind, decay, gamma or tau, power or nothing, step, the decay.

layer_decay.csv: timm's param_groups_layer_decay(model, layer_decay=decay): decay, parameter, layer, lr_scale."""

import importlib
import importlib.util
import math
import pathlib
import sys
import types

import torch
from torch.optim import lr_scheduler

GOLDEN = pathlib.Path(__file__).parent / "src/test/resources/golden"
STEPS = 20

CASES = [
    ("SGD-momentum", "SGD", dict(lr=0.1, momentum=0.937), "CosineAnnealingLR(T_max=20)",
     [("momentum", "LinearLR(start_factor=0.8537886872998933, total_iters=8)")]),
    ("SGD-nesterov", "SGD", dict(lr=0.1, momentum=0.9, weight_decay=0.02, nesterov=True), "StepLR(step_size=5)",
     [("momentum", "ConstantLR(factor=0.5, total_iters=4)"), ("weight_decay", "ExponentialLR(gamma=0.8)")]),
    ("AdamW-weight_decay", "AdamW", dict(lr=0.05, weight_decay=0.4), "StepLR(step_size=3, gamma=0.5)",
     [("weight_decay", "CosineAnnealingLR(T_max=15, eta_min=0.01)")]),
    ("Adam-betas", "Adam", dict(lr=0.05, betas=(0.9, 0.99), eps=1e-4), "ExponentialLR(gamma=0.9)",
     [("beta1", "LinearLR(start_factor=0.5, total_iters=10)"), ("beta2", "PolynomialLR(total_iters=40)"),
      ("eps", "ExponentialLR(gamma=1.5)")]),
    ("RMSprop-alpha", "RMSprop", dict(lr=0.01, alpha=0.9), "LinearLR(start_factor=0.1, total_iters=5)",
     [("alpha", "MultiStepLR(milestones=[4, 9], gamma=0.5)")]),
]


def make(text, optimizer):
    return eval(text.replace("(", "(optimizer, ", 1), {"optimizer": optimizer, **vars(lr_scheduler)})


def read(group, name):
    return group["betas"][int(name[-1]) - 1] if name.startswith("beta") else group[name]


def write(group, name, value):
    if name.startswith("beta"):
        betas = list(group["betas"])
        betas[int(name[-1]) - 1] = value
        group["betas"] = tuple(betas)
    else:
        group[name] = value


def stand_in(value):
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=value)


def drives(out):
    for name, kind, options, schedule, numbers in CASES:
        param = torch.nn.Parameter(torch.tensor([1.0, -2.0, 0.5]))
        optimizer = getattr(torch.optim, kind)([param], foreach=False, **options)
        group = optimizer.param_groups[0]
        shown = ", ".join(f"{key}={value!r}" for key, value in options.items())
        print(f"case,{name}\noptimizer,{kind}({shown})\nschedule,{schedule}", file=out)
        runs = []
        for number, text in numbers:
            print(f"drive,{number}={text}", file=out)
            theirs = stand_in(read(group, number))
            runs.append((number, theirs, make(text, theirs)))
        scheduler = make(schedule, optimizer)
        for step in range(STEPS):
            for number, theirs, _ in runs:
                write(group, number, theirs.param_groups[0]["lr"])
            row = [step, group["lr"]] + [read(group, number) for number, _, _ in runs]
            param.grad = torch.tensor([math.sin(step + i) for i in range(3)], dtype=torch.float32)
            optimizer.step()
            scheduler.step()
            for _, theirs, driver in runs:
                theirs.step()
                driver.step()
            print(",".join(repr(float(value)) if i else str(value) for i, value in enumerate(row + param.tolist())), file=out)
        print(file=out)


def timm(module):
    """One of timm's modules, without its packages' own code, which imports torchvision."""
    if "timm" not in sys.modules:
        root = pathlib.Path(importlib.util.find_spec("timm").origin).parent
        for package in ("timm", "timm.utils", "timm.optim", "timm.models"):
            stub = types.ModuleType(package)
            stub.__path__ = [str(root.joinpath(*package.split(".")[1:]))]
            sys.modules[package] = stub
    sys.modules["timm.models"].group_parameters = None  # of models that have a group_matcher: ours has none
    return importlib.import_module(module)


def ema(out):
    theirs = timm("timm.utils.model_ema").ModelEmaV3
    steps = [*range(40), 100, 1000, 12345, 10**6]
    for decay, gamma, power in ((0.9999, 1.0, 2 / 3), (0.999, 10.0, 0.75), (0.9, 1.0, 1.0)):
        model = theirs(torch.nn.Linear(1, 1), decay=decay, use_warmup=True, warmup_gamma=gamma, warmup_power=power)
        for step in steps:
            print(f"timm,{decay!r},{gamma!r},{power!r},{step},{model.get_decay(step + 1)!r}", file=out)
    for decay, tau in ((0.9999, 2000), (0.999, 100)):
        for step in steps:
            print(f"yolov5,{decay!r},{tau!r},,{step},{decay * (1 - math.exp(-step / tau))!r}", file=out)


def layers(out):
    theirs = timm("timm.optim._param_groups")
    model = torch.nn.Sequential(*(torch.nn.Linear(3, 3) for _ in range(30)))
    model.pretrained_cfg = {"classifier": "29"}
    layer_of = theirs.auto_group_layers(model)
    for decay in (0.75, 0.65, 0.9, 1.0):
        names = {parameter: name for name, parameter in model.named_parameters()}
        for group in theirs.param_groups_layer_decay(model, layer_decay=decay):
            for parameter in group["params"]:
                name = names[parameter]
                print(f"{decay!r},{name},{layer_of[name]},{group['lr_scale']!r}", file=out)


def main():
    torch.set_num_threads(1)
    versions = f"# torch {torch.__version__}, timm 1.0.29, by parity/drives.py"
    for name, fill in (("drives.csv", drives), ("ema_decay.csv", ema), ("layer_decay.csv", layers)):
        with open(GOLDEN / name, "w", encoding="utf-8") as out:
            print(versions, file=out)
            fill(out)


if __name__ == "__main__":
    main()
