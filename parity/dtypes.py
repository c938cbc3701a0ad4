#!/usr/bin/env python3
"""Writes parity/src/test/resources/golden/dtypes.json: PyTorch's optimizers on float64 and bfloat16. Run
`python3 parity/dtypes.py`; it gives the same bytes each time on the same kind of CPU. Regenerate only in a commit that
says which torch and why.

{torch, cases: [...]}; every number is exact (each is a double that the type holds):

    rule            PyTorch's constructor call without its parameters
    dtype           of the parameters
    implementation  fused where PyTorch has it, else single; foreach for ASGD, whose eta Anneal computes as foreach does
    shapes          of the parameters
    params          {"1": [[...] per parameter, flat], "20"}: the values after that step
    state           per parameter its slots after step 20, flat, but step as a number

Element i of parameter p starts at (((i * 11 + p * 17) % 37) - 18) / 16, and its gradient at step t = 1, 2, ... is
(((i * 7 + t * 13 + p * 29) % 101) - 50) / 64: both are exact in bfloat16.
"""
import json
import math
import pathlib

import torch

GOLDEN = pathlib.Path(__file__).resolve().parent / "src/test/resources/golden/dtypes.json"
STEPS = 20
SHAPES = ((3, 4), (5,), (2, 3, 4))
MATRICES = ((3, 4), (5, 2))

RULES = (
    "SGD(lr=0.05)",
    "SGD(lr=0.05, momentum=0.9, weight_decay=0.1, nesterov=True, maximize=True)",
    "Adam(lr=0.05)",
    "Adam(lr=0.05, betas=(0.8, 0.9), eps=0.01, weight_decay=0.1, amsgrad=True, maximize=True)",
    "AdamW(lr=0.05)",
    "AdamW(lr=0.05, betas=(0.8, 0.9), weight_decay=0.3, amsgrad=True, maximize=True)",
    "Adagrad(lr=0.05)",
    "Adagrad(lr=0.05, lr_decay=0.1, weight_decay=0.1, initial_accumulator_value=0.5, eps=0.01, maximize=True)",
    "RMSprop(lr=0.05)",
    "RMSprop(lr=0.05, alpha=0.9, eps=0.01, weight_decay=0.1, momentum=0.5, centered=True, maximize=True)",
    "Adadelta()",
    "Adadelta(lr=0.5, rho=0.8, eps=0.001, weight_decay=0.1, maximize=True)",
    "Adamax(lr=0.05)",
    "Adamax(lr=0.05, betas=(0.8, 0.9), eps=0.01, weight_decay=0.1, maximize=True)",
    "NAdam(lr=0.05)",
    "NAdam(lr=0.05, betas=(0.8, 0.9), eps=0.01, weight_decay=0.1, momentum_decay=0.1, decoupled_weight_decay=True)",
    "RAdam(lr=0.05)",
    "RAdam(lr=0.05, betas=(0.8, 0.9), eps=0.01, weight_decay=0.1, maximize=True)",
    "ASGD(lr=0.05)",
    "ASGD(lr=0.05, lambd=0.1, alpha=0.9, t0=5, weight_decay=0.1, maximize=True)",
    "Rprop(lr=0.05)",
    "Rprop(lr=0.05, etas=(0.25, 1.5), step_sizes=(0.01, 1), maximize=True)",
    "Adafactor(lr=0.05)",
    "Adafactor(lr=0.05, beta2_decay=-0.5, eps=(0.001, 0.01), d=2.0, weight_decay=0.1, maximize=True)",
    "Muon(lr=0.05)",
    "Muon(lr=0.05, weight_decay=0.3, momentum=0.5, ns_steps=3, adjust_lr_fn='match_rms_adamw')",
)


def implementation(name):
    if name in ("SGD", "Adam", "AdamW", "Adagrad"):
        return "fused"
    return "foreach" if name == "ASGD" else "single"


def values(shape, dtype, element):
    count = math.prod(shape)
    return torch.tensor([element(i) for i in range(count)], dtype=torch.float64).to(dtype).reshape(shape)


def flat(tensor):
    return tensor.detach().double().flatten().tolist()


def run(rule, dtype):
    name = rule.split("(")[0]
    shapes = MATRICES if name == "Muon" else SHAPES
    params = [values(shape, dtype, lambda i, p=p: (((i * 11 + p * 17) % 37) - 18) / 16).requires_grad_(True)
              for p, shape in enumerate(shapes)]
    chosen = implementation(name)
    flags = {} if chosen == "single" else {chosen: True}
    options = eval("dict" + rule[len(name):])  # of the texts above
    optimizer = getattr(torch.optim, name)(params, **options, **flags)
    after = {}
    for t in range(1, STEPS + 1):
        for p, param in enumerate(params):
            param.grad = values(param.shape, dtype, lambda i: (((i * 7 + t * 13 + p * 29) % 101) - 50) / 64)
        optimizer.step()
        if t in (1, STEPS):
            after[str(t)] = [flat(param) for param in params]
    state = [{key: value.item() if key == "step" else flat(value)
              for key, value in optimizer.state[param].items() if value is not None} for param in params]
    return {"rule": rule, "dtype": str(dtype).split(".")[1], "implementation": chosen, "shapes": shapes,
            "params": after, "state": state}


def main():
    torch.set_num_threads(1)
    cases = [run(rule, dtype) for rule in RULES for dtype in (torch.float64, torch.bfloat16)]
    lines = ",\n".join(json.dumps(case) for case in cases)
    GOLDEN.write_text(f'{{"torch": "{torch.__version__.split("+")[0]}", "cases": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
