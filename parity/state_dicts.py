#!/usr/bin/env python3
"""Writes golden/state_dicts.json: what every scheduler's state_dict() holds in PyTorch 2.13, and how the run goes on.
Run `python3 parity/state_dicts.py`; it gives the same bytes each time.

The file is {torch, cases: [...]}, a case a line:

    id          StepLR-1, ...: unique
    schedule    PyTorch's constructor call without its optimizer
    optimizer   "SGD" or "Adam"
    lr          the groups' rates before the scheduler is built, one per group
    momentum    every group's momentum (Adam: beta1) before the scheduler is built
    edits       list of [step, group or "*", rate]: set just before that step's optimizer.step(), as in schedules/*.csv
    metrics     what scheduler.step(metrics[t]) is given, for all 70 steps; null but for ReduceLROnPlateau
    states[]    after 0, 1, 7 and 50 times {optimizer.step(), scheduler.step()}:
                  steps         how many
                  state_dict    scheduler.state_dict()
                  param_groups  optimizer.state_dict()["param_groups"] without params: lr in force, momentum or betas,
                                and what the schedulers keep there (initial_lr, max_lr, min_lr, swa_lr, max_momentum,
                                base_momentum)
                  next          the groups' rates after 1, 2, ..., 20 further steps (no edits in between, but for those
                                of the case)
                  next_momentum group 0's momentum (Adam: beta1) after each of them

JSON's own forms stand for Python's: null is None, a number without . or e an int, one with them a float, an object a
dict with text keys. The others are objects of one entry:

    {"__tuple__": [0.9, 0.999]}             a tuple
    {"__counter__": [[30, 1], [80, 2]]}     a collections.Counter: [key, count], in its order (MultiStepLR's milestones)
    {"__float__": "Infinity"}               a float that JSON does not have: Infinity, -Infinity, NaN

PyTorch keeps no function: lr_lambdas is a list of null, one per group, and _scale_fn_custom is null. Nor does it keep
SWALR's anneal_func, CyclicLR's _scale_fn_ref or the optimizer.
"""
import collections
import json
import math

import generate
from generate import (EDITS, THREE, build, case, chained, edit, metric_series, momentum_in_force, optimizer_of,
                      sequential)

CUTS = (0, 1, 7, 50)
NEXT = 20
STEPS = CUTS[-1] + NEXT


def cases():
    yield case("StepLR(step_size=30, gamma=0.1)")
    yield case("StepLR(step_size=7, gamma=0.5)", THREE, EDITS)
    yield case("MultiStepLR(milestones=[30, 8, 30, 0], gamma=0.5)")
    yield case("MultiStepLR(milestones=[], gamma=0.1)", THREE)
    yield case("MultiStepLR(milestones=[1, 7, 8, 50, 51])", edits=EDITS)
    yield case("ExponentialLR(gamma=0.95)")
    yield case("ExponentialLR(gamma=0.9)", THREE, EDITS)
    yield case("MultiplicativeLR(lr_lambda=lambda epoch: 0.95)")
    yield case("MultiplicativeLR(lr_lambda=[lambda e: 0.95, lambda e: 1 - e / 1000, lambda e: 1])", THREE, EDITS)
    yield case("LambdaLR(lr_lambda=lambda epoch: 0.95 ** epoch)")
    yield case("LambdaLR(lr_lambda=[lambda e: 0.9 ** e, lambda e: 1 / (1 + e), lambda e: 1])", THREE, EDITS)
    yield case("ConstantLR()")
    yield case("ConstantLR(factor=0.3, total_iters=55)", THREE, EDITS)
    yield case("LinearLR()")
    yield case("LinearLR(start_factor=0.01, end_factor=0.8, total_iters=60)", THREE, EDITS)
    yield case("PolynomialLR()")
    yield case("PolynomialLR(total_iters=65, power=0.9)", THREE, EDITS)
    yield case("CosineAnnealingLR(T_max=50)")
    yield case("CosineAnnealingLR(T_max=20, eta_min=0.001)", THREE[:2])
    yield case("CosineAnnealingLR(T_max=60)", edits=EDITS)
    yield case("CosineAnnealingWarmRestarts(T_0=25)")
    yield case("CosineAnnealingWarmRestarts(T_0=7, T_mult=2, eta_min=1e-4)", THREE, EDITS)
    yield case("CyclicLR(base_lr=0.01, max_lr=0.1, step_size_up=20)", momentum=0.9)
    yield case("CyclicLR(base_lr=0.01, max_lr=0.1, step_size_up=4, step_size_down=8.5, mode='triangular2', "
               "cycle_momentum=False)")
    yield case("CyclicLR(base_lr=[0.1, 0.01, 1e-4], max_lr=[1.0, 0.02, 0.5], step_size_up=10, mode='exp_range', "
               "gamma=0.99, base_momentum=0.7, max_momentum=0.95)", THREE, momentum=0.9, adam=True)
    yield case("CyclicLR(base_lr=0.01, max_lr=0.1, step_size_up=9, scale_fn=lambda x: 0.9 ** x, "
               "scale_mode='iterations')", edits=EDITS, momentum=0.9)
    yield case("OneCycleLR(max_lr=0.1, total_steps=100)", momentum=0.9)
    yield case("OneCycleLR(max_lr=[0.1, 0.5, 2e-3], epochs=9, steps_per_epoch=10, anneal_strategy='linear', "
               "three_phase=True)", THREE, momentum=0.8, adam=True)
    yield case("OneCycleLR(max_lr=0.4, total_steps=71, cycle_momentum=False, div_factor=10, final_div_factor=100)",
               edits=EDITS)
    yield case("SWALR(swa_lr=0.05)")
    yield case("SWALR(swa_lr=[0.05, 0.02, 1e-3], anneal_epochs=60, anneal_strategy='linear')", THREE, EDITS)
    yield case("SWALR(swa_lr=0.02, anneal_epochs=0)")
    m = metric_series()
    yield case("ReduceLROnPlateau()", metrics=m["flat"])
    yield case("ReduceLROnPlateau(mode='max', factor=0.5, patience=3, cooldown=2, threshold_mode='abs')",
               metrics=m["rising"])
    yield case("ReduceLROnPlateau(factor=0.5, patience=2, min_lr=[0.01, 0, 1e-4], cooldown=1)", THREE, EDITS,
               m["awkward"])
    yield case("ReduceLROnPlateau(factor=0.9, patience=0, min_lr=1e-3)", metrics=m["noisy"])

    warmup, cosine = "LinearLR(start_factor=0.01, total_iters=10)", "CosineAnnealingLR(T_max=60)"
    yield sequential((warmup, cosine), [10])
    yield sequential((warmup, cosine, "ExponentialLR(gamma=0.9)"), [7, 50], THREE, EDITS)
    yield sequential((warmup, "StepLR(step_size=20, gamma=0.5)"), [1])
    yield sequential((warmup, "MultiplicativeLR(lr_lambda=lambda e: 0.97)"), [51], edits=EDITS)
    yield sequential((warmup, "SWALR(swa_lr=0.02, anneal_epochs=30)"), [8])
    yield sequential((warmup, "CosineAnnealingWarmRestarts(T_0=5, T_mult=2)"), [8])
    yield sequential((warmup, "CyclicLR(base_lr=0.1, max_lr=0.4, step_size_up=12)"), [8])
    yield sequential((warmup, "OneCycleLR(max_lr=2.5, total_steps=100)"), [8], adam=True)
    yield sequential(("ExponentialLR(gamma=0.5)", "PolynomialLR(total_iters=60)"), [0])
    chain = "ChainedScheduler([LinearLR(start_factor=0.1, total_iters=30), StepLR(step_size=20, gamma=0.5)])"
    yield sequential((chain, "ExponentialLR(gamma=0.95)"), [40])
    yield chained(("ConstantLR(factor=0.1, total_iters=20)", "ExponentialLR(gamma=0.9)"))
    yield chained((cosine, "MultiStepLR(milestones=[8, 30])", "LambdaLR(lr_lambda=lambda e: 1 / (1 + e))"), THREE,
                  EDITS)
    yield chained(("ExponentialLR(gamma=0.98)", "OneCycleLR(max_lr=0.7, total_steps=100)"))
    yield chained((f"SequentialLR([{warmup}, {cosine}], milestones=[10])", "ExponentialLR(gamma=0.99)"), THREE[:2],
                  EDITS)
    yield chained((chain, "StepLR(step_size=9, gamma=0.9)"))

    # Arguments that the state keeps only in what PyTorch made of them.
    yield case("OneCycleLR(max_lr=0.3, total_steps=97, pct_start=0.123456789, div_factor=7.3, final_div_factor=123.4, "
               "base_momentum=0.8, max_momentum=0.99)", momentum=0.9)
    yield case("OneCycleLR(max_lr=[0.07, 0.3, 1e-3], total_steps=83, pct_start=1 / 3, three_phase=True, "
               "div_factor=3, final_div_factor=1 / 7, cycle_momentum=False)", THREE, EDITS)
    yield case("OneCycleLR(max_lr=0.1, total_steps=90, pct_start=0.5, anneal_strategy='linear', "
               "cycle_momentum=False)")
    yield case("CyclicLR(base_lr=[0.1, 0.01, 1e-4], max_lr=0.7, step_size_up=7.3, step_size_down=1.7, "
               "base_momentum=0.6)", THREE, momentum=0.9)
    yield case("CyclicLR(base_lr=0.003, max_lr=0.1, step_size_up=1 / 3, step_size_down=29.1, mode='exp_range', "
               "gamma=0.987, cycle_momentum=False)")
    yield case("CyclicLR(base_lr=0.01, max_lr=0.1, step_size_up=1234, step_size_down=5678, cycle_momentum=False)")
    yield case("CyclicLR(base_lr=0.01, max_lr=0.1, step_size_up=9, scale_fn=lambda x: 0.5 + 0.5 / x)", momentum=0.9)


def encoded(value):
    if isinstance(value, collections.Counter):
        return {"__counter__": [[key, count] for key, count in value.items()]}
    if isinstance(value, dict):
        assert all(isinstance(key, str) for key in value), value
        return {key: encoded(entry) for key, entry in value.items()}
    if isinstance(value, tuple):
        return {"__tuple__": [encoded(entry) for entry in value]}
    if isinstance(value, list):
        return [encoded(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"__float__": {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}[repr(value)]}
    assert value is None or type(value) in (bool, int, float, str), (type(value), value)
    return value


def states(c):
    optimizer = optimizer_of(c)
    scheduler = build(c["schedule"], optimizer)
    found, rates, momenta = [], [], []
    for t in range(STEPS + 1):
        rates.append([group["lr"] for group in optimizer.param_groups])
        momenta.append(momentum_in_force(optimizer))
        if t in CUTS:
            groups = optimizer.state_dict()["param_groups"]
            found.append({
                "steps": t, "state_dict": encoded(scheduler.state_dict()),
                "param_groups": [encoded({k: v for k, v in group.items() if k != "params"}) for group in groups]})
        if t < STEPS:
            edit(optimizer, c["edits"], t)
            optimizer.step()
            scheduler.step() if c["metrics"] is None else scheduler.step(c["metrics"][t])
    for state in found:
        after = slice(state["steps"] + 1, state["steps"] + 1 + NEXT)
        yield {**state, "next": rates[after], "next_momentum": momenta[after]}


def main():
    generate.check_torch("Writes golden/state_dicts.json from PyTorch 2.13.")
    lines, count = [], collections.Counter()
    for c in cases():
        name = c["schedule"].split("(")[0]
        count[name] += 1
        lines.append(json.dumps({
            "id": f"{name}-{count[name]}", "schedule": c["schedule"], "optimizer": "Adam" if c["adam"] else "SGD",
            "lr": c["lr"], "momentum": c["momentum"] or 0.0, "edits": [e for e in c["edits"] if e[0] < STEPS],
            "metrics": c["metrics"] and encoded(c["metrics"][:STEPS]), "states": list(states(c))}, allow_nan=False))
    head = json.dumps({"torch": generate.TORCH})[:-1]
    (generate.GOLDEN / "state_dicts.json").write_text(head + ', "cases": [\n' + ",\n".join(lines) + "]}\n")
    print(f"state_dicts.json: {sum(count.values())} cases: {dict(count)}")


if __name__ == "__main__":
    main()
