#!/usr/bin/env python3
"""Writes the golden files: what PyTorch 2.13 itself answers. Run `python3 parity/generate.py`, then state_dicts.py for
the schedulers' states; they write under parity/src/test/resources/golden/ next to this file and give the same bytes
each time (for the optimizers on the same kind of CPU: the fused kernels round differently with AVX2 and AVX-512).
Regenerate only in a commit that says which torch and why.

schedules/<class>.csv: lines starting with # are comments. Blank lines separate the cases. In a case each line is a
key, a comma and a value that reaches to the end of the line:

    case,StepLR-3                               unique in all files
    schedule,StepLR(step_size=1, gamma=0.9)     PyTorch's constructor call without its optimizer
    lr,0.1,0.01                                 the groups' rates before the scheduler is built, one per group
    edit,20,0,0.05                              any number of these: just before row 20 group 0's rate is set to 0.05;
    edit,40,*,0.01                              * means every group; edits of the same row are in order
    metrics,0.9,0.8,NaN,Infinity                ReduceLROnPlateau only: one per row
    optimizer,Adam                              which optimizer; without this line SGD
    momentum,0.9                                every group's momentum (Adam: beta1) before the scheduler is built
    0,0.1,0.01                                  the rows: step, then each group's rate in force at that step
    0,0.1,0.01,0.9                              a row where the case has a momentum line: then group 0's momentum

Row t holds the values before step t's optimizer.step(); after it comes optimizer.step() and scheduler.step(), or
scheduler.step(metrics[t]). Every step has its row; after the last one nothing is called. With last_epoch=k in the call
each group carried initial_lr = lr, and row t is the counter's value k + 1 + t. A case has at least 200 rows, but for
OneCycleLRs that end before. Numbers are the shortest that read back as the same double, in the form that
Double.parseDouble reads.

Left out, because PyTorch fails or is wrong there:

- ConstantLR, LinearLR, PolynomialLR with total_iters=0 (they never get to their end), ConstantLR(factor=0);
- OneCycleLR past its last step T - 1 (it turns back or goes negative), with pct_start * T <= 1 (division by zero, or no
  first phase and a start below max_lr), with last_epoch (it wants entries of a restored optimizer);
- last_epoch where a factor of StepLR, MultiStepLR or ConstantLR falls on the first step (it is applied again), for
  CosineAnnealingWarmRestarts, SWALR and SequentialLR (they restart), for CyclicLR where base_lr is not the group's rate
  (the first rate is built on the latter);
- a negative metric in a plateau's relative mode; a plateau in a composite (refused);
- SequentialLR: milestones that do not increase; a SequentialLR in it (first: a step ahead; later: NotImplementedError);
  a ChainedScheduler in it that is not first (NotImplementedError) or has an ExponentialLR, MultiplicativeLR,
  PolynomialLR, CosineAnnealingLR or SWALR (they are a step ahead);
- ChainedScheduler: a SequentialLR after a member with a first factor (it takes the factor back), a CyclicLR after
  another member where base_lr is not the group's rate (its first rate is the group's);
- composites where the first rate or max_momentum of a OneCycleLR or a CyclicLR is not the group's from the start:
  building such a member overwrites initial_lr and the momentum for all the others. (A CyclicLR that comes later in a
  sequence, and does not cycle the momentum, is right.) Two OneCycleLRs write over each other's limits in the group.

optimizers/<class>.json: {torch, cpu, cases: [...]}. Every number is exact (a float32 is written as the double it is).

    id              unique
    groups[]        added_before_step (1, or the step before which add_param_group was called), shapes, options (all of
                    PyTorch's constructor, null for None; lr is the one the group was made with), lr (the rate in force
                    at steps 1..50, null before the group is there)
    missing, zero   lists of [step, parameter]: that gradient is None, or all zeros
    edits           list of {step, group, name, value}: an option that is set just before that step, by hand or (betas
                    and momentum) by a OneCycleLR
    runs[]          name (float64, float32 where fused and foreach agree to the last bit, else float32-fused and
                    float32-foreach, or one of the two where PyTorch has no other; float32 for Muon, that has neither;
                    PyTorch's fused SGD fails where a parameter's first gradient comes after another's, and there is no
                    run of it), dtype, implementations,
                    params: {"1": [[...] per parameter, flat], "2", "10", "25", "50"} the values after that step,
                    state: per parameter its slots after step 50, flat, but step as a number; {} if it has no state.
                    Scalars in it (step, NAdam's mu_product, ASGD's eta and mu) are float32 in the float64 run too

Parameters are numbered through all groups in the order in which they were added. Element i of parameter p starts at
(((i * 11 + p * 17) % 37) - 18) / 16, and its gradient at step t = 1, 2, ... is
(((i * 7 + t * 13 + p * 29) % 101) - 50) / 64: both are exact in float32.

Muon orthogonalises in bfloat16, where a sum that is rounded the other way moves the parameter by 0.4 % of the rate, or
more where the matrix is close to singular; in float32 instead it is off by up to 0.02. The matrices here are such that
products summed in float32 or float64, in any of the orders that were tried (oneDNN's for AVX2 and AVX-512, ATen's own,
one after the other), and rounded to bfloat16 only where PyTorch does it (the gradient, the norm, the quotient, and each
X X^T, b A + c A A and a X + B X as a whole) give the same bits: 1e-6 is attainable.

optimizers/LBFGS.json: {torch, cpu, cases: [...]}; numbers as above.

    id, shapes      as above; there is one group
    objective       the name of a function in this file: loss and gradient at all parameters' values in one list, in
                    double whatever the parameters are; the closure rounds both to the parameters' type
    start           the parameters' first values, flat
    options         all of PyTorch's constructor; lr is the first rate
    lr              the rate in force at each call of step(closure)
    missing         the parameters whose gradient is always None
    runs[]          name, dtype (float64 or float32),
                    calls: {loss, func_evals, n_iter, params} after each step(closure): what it returned, the counters
                    in the state, the values per parameter, flat. The run in float32 has fewer calls or is left out
                    where the last bit decides how the search goes on. With losses and gradients changed by an ulp at
                    random all counters stay, and values change by up to 1e-9 in float64 and 1e-5 in float32, the state
                    by up to 1e-7 and 5e-4
                    state: at the end: d, prev_flat_grad, t, H_diag, prev_loss, and the lengths of old_dirs, old_stps
                    and ro; {} where the first gradient was within the tolerance already

clip.json: {torch, cpu, cases: [...]}, all in float32. Infinities and NaN are the strings Infinity, -Infinity and NaN.

    id              unique
    function        clip_grad_norm_ or clip_grad_value_
    arguments       max_norm, norm_type, error_if_nonfinite; or clip_value
    grads           the gradients per parameter, null for None
    total_norm      what clip_grad_norm_ returned, null if it raised
    error           the message of its RuntimeError, or null; the gradients are as before then
    clipped         the gradients afterwards

averaged_model.json: {torch, cpu, cases: [...]}, all in float32.

    id              unique
    average, decay  "swa" and null, or "ema" and the decay given to get_ema_multi_avg_fn
    initial         the values of the two parameters, flat, when the AveragedModel is made
    updates[]       params (the model's values), n_averaged and averaged (both after update_parameters)
"""
import argparse
import ast
import inspect
import json
import math
import pathlib
import random
import warnings

import torch
from torch.optim import lr_scheduler, swa_utils

warnings.filterwarnings("ignore")
GOLDEN = pathlib.Path(__file__).resolve().parent / "src/test/resources/golden"
TORCH = torch.__version__.split("+")[0]
STEPS = 210


# ---- Schedules ----------------------------------------------------------------------------------------------------


def case(schedule, lr=(0.1,), edits=(), metrics=None, steps=STEPS, momentum=None, adam=False):
    """A case; edits are (step, group or "*", rate). With a momentum the rows carry it too."""
    lr = lr if isinstance(lr, tuple) else (lr,)
    return {"schedule": schedule, "lr": lr, "edits": edits, "metrics": metrics, "steps": steps, "momentum": momentum,
            "adam": adam}


THREE = (0.1, 0.01, 3.7e-4)
EDITS = ((20, 0, 0.05), (47, "*", 0.013), (47, 0, 0.02), (100, "*", 0.1), (101, 0, 0.3))
EDITS_3 = ((0, 1, 0.5), (20, 0, 0.05), (47, "*", 0.013), (61, 2, 0.0), (100, "*", 0.1), (101, 1, 1e-6))


def step_lr():
    for size, gamma in ((30, 0.1), (1, 0.99), (1, 0.1), (7, 0.5), (1000, 0.1), (10, 1.0), (50, 0), (40, 1.7), (2, 1.01),
                        (STEPS - 1, 0.3), (3, 1 / 3)):
        yield case(f"StepLR(step_size={size}, gamma={gamma!r})")
    yield case("StepLR(10)")
    yield case("StepLR(step_size=30, gamma=0.1)", THREE)
    yield case("StepLR(step_size=30, gamma=0.1)", edits=EDITS)
    yield case("StepLR(step_size=13, gamma=0.7)", THREE, EDITS_3)
    yield case("StepLR(step_size=20, gamma=0)", edits=EDITS)
    yield case("StepLR(step_size=20, gamma=0.5)",
               edits=((20, "*", 0.8), (39, "*", 0.7), (40, "*", 0.6), (41, "*", 0.5)))
    yield case("StepLR(step_size=100, gamma=0.9)", lr=1e-3, steps=1500)


def multi_step_lr():
    for milestones, gamma in (([30, 80], 0.1), ([80, 30], 0.1), ([30, 30, 80], 0.5), ([], 0.1), ([0], 0.1),
                              ([0, 0, 5], 0.3), ([1], 0.1), ([10_000], 0.1), ([50, 100, 150, 200], 1.3), ([40, 90], 0),
                              ([40, 90, 40, 90, 90], 0.7), ([0, 60], 1.0), ([209, 208], 0.2), ([100], 1 / 3)):
        yield case(f"MultiStepLR(milestones={milestones}, gamma={gamma!r})")
    yield case("MultiStepLR([15, 25])")
    yield case("MultiStepLR(milestones=[30, 80, 120], gamma=0.1)", THREE)
    yield case("MultiStepLR(milestones=[20, 47, 47, 101, 150], gamma=0.3)", edits=EDITS)
    yield case("MultiStepLR(milestones=[0, 20, 47, 60, 61, 62, 101], gamma=0.9)", THREE, EDITS_3)


def exponential_lr():
    for gamma in (0.95, 0.9, 0.1, 0.01, 1.0, 0, 1.05, 1.5, 0.999999, 1 / 3):
        yield case(f"ExponentialLR(gamma={gamma!r})")
    yield case("ExponentialLR(0.97)", THREE)
    yield case("ExponentialLR(gamma=0.95)", edits=EDITS)
    yield case("ExponentialLR(gamma=0.98)", THREE, EDITS_3)
    yield case("ExponentialLR(gamma=0)", edits=EDITS)
    yield case("ExponentialLR(gamma=0.999)", steps=1500)
    yield case("ExponentialLR(gamma=0.9, last_epoch=4)")
    yield case("ExponentialLR(gamma=0.95, last_epoch=0)", THREE, EDITS_3)


def multiplicative_lr():
    for function in ("lambda epoch: 0.95", "lambda epoch: 1", "lambda epoch: 0.9 if epoch < 20 else 0.99",
                     "lambda epoch: 1 / (1 + 0.01 * epoch)", "lambda step: 0.5 if step % 30 == 0 else 1.0",
                     "lambda e: 1 + math.sin(e) / 10", "lambda e: max(0.9, 1 - e / 100)", "lambda e: e * 0.02"):
        yield case(f"MultiplicativeLR(lr_lambda={function})")
    yield case("MultiplicativeLR(lambda epoch: 0.95)", THREE)
    yield case("MultiplicativeLR(lr_lambda=[lambda e: 0.95, lambda e: 0.9 ** (e % 3), lambda e: 1])", THREE)
    yield case("MultiplicativeLR(lr_lambda=lambda epoch: 0.95)", edits=EDITS)
    yield case("MultiplicativeLR(lr_lambda=[lambda e: 0.95, lambda e: 1.01, lambda e: 0.5 if e == 90 else 1])", THREE,
               EDITS_3)
    yield case("MultiplicativeLR(lr_lambda=lambda epoch: 0.95, last_epoch=9)")
    yield case("MultiplicativeLR(lr_lambda=lambda epoch: 0.9 if epoch < 20 else 0.99, last_epoch=9)", THREE, EDITS_3)


def lambda_lr():
    for function in ("lambda epoch: 0.95 ** epoch", "lambda step: 0.5 ** (step // 50)",
                     "lambda step: min(1.0, (step + 1) / 10)", "lambda e: 0.5 * (1 + math.cos(math.pi * e / 100))",
                     "lambda epoch: epoch / 10", "lambda epoch: epoch // 30",
                     "lambda e: (e + 1) / 20 if e < 20 else 0.5 * (1 + math.cos(math.pi * (e - 20) / 180))",
                     "lambda e: 1 if e < 10 else 0.5 if e < 50 else 0.1", "lambda e: 0.1 ** ((e >= 30) + (e >= 60))",
                     "lambda e: 1.0 if 10 <= e < 20 or e > 100 and not e == 150 else 0.25",
                     "lambda e: (1 - e / 210) ** 0.9",
                     "lambda step: 64 ** -0.5 * min((step + 1) ** -0.5, (step + 1) * 40 ** -1.5)",
                     "lambda e: abs(-e // 7) % 5 + -e % 3 + 1",
                     "lambda e: -(-2) ** 2 + 2 ** 3 ** 1 + (e - 100.5) // 7 % 4",
                     "lambda e: max(0.1, 1.0 - 0.02 * (e % 25))", "lambda e: math.exp(-e / 30) + math.sqrt(e) * 1e-3",
                     "lambda _: 1.0"):
        yield case(f"LambdaLR(lr_lambda={function})")
    yield case("LambdaLR(lambda epoch: 0.95 ** epoch)", THREE)
    yield case("LambdaLR(lr_lambda=[lambda epoch: epoch // 30, lambda epoch: 0.95 ** epoch, lambda e: 1])", THREE)
    yield case("LambdaLR(lr_lambda=lambda epoch: 0.95 ** epoch)", edits=EDITS)
    yield case("LambdaLR(lr_lambda=[lambda e: 0.9 ** e, lambda e: 1 / (1 + e), lambda e: 1])", THREE, EDITS_3)
    yield case("LambdaLR(lr_lambda=lambda epoch: 0.95 ** epoch, last_epoch=99)")
    yield case("LambdaLR(lr_lambda=[lambda e: 0.9 ** e, lambda e: 1 / (1 + e), lambda e: 1], last_epoch=0)", THREE,
               EDITS_3)


def cosine_annealing_lr():
    # No edit below eta_min: PyTorch's recursion takes such a rate further down as the cosine climbs, below zero.
    for t_max, eta_min in ((50, 0.0), (1, 0.0), (2, 0.0), (3, 0.01), (7, 1e-5), (200, 1e-3), (210, 0.0), (10_000, 0.0),
                           (20, 0.5), (1, 0.5), (25, 0.1), (104, 0.02)):
        yield case(f"CosineAnnealingLR(T_max={t_max}, eta_min={eta_min!r})")
    yield case("CosineAnnealingLR(50)")
    yield case("CosineAnnealingLR(T_max=60, eta_min=0.001)", THREE)
    yield case("CosineAnnealingLR(T_max=50)", edits=EDITS)
    yield case("CosineAnnealingLR(T_max=40)", THREE, EDITS_3)
    yield case("CosineAnnealingLR(T_max=50)", edits=((49, "*", 0.2), (50, "*", 0.2), (51, "*", 0.2), (100, "*", 0.2)))
    yield case("CosineAnnealingLR(T_max=1)", edits=EDITS)
    yield case("CosineAnnealingLR(T_max=30, eta_min=0.01)", THREE, EDITS)
    yield case("CosineAnnealingLR(T_max=1500)", steps=1510)
    yield case("CosineAnnealingLR(T_max=100, last_epoch=9)")
    yield case("CosineAnnealingLR(T_max=10, eta_min=1e-3, last_epoch=24)", THREE, EDITS)


def metric_series():
    """Metrics by name. None is negative: on those PyTorch's relative threshold is wrong."""
    noise = random.Random(13)
    falling = [round(2 / (1 + 0.05 * t) + noise.uniform(0, 0.3), 4) for t in range(STEPS)]
    series = {
        "flat": [1.0] * STEPS,
        "zero": [0.0] * STEPS,
        "falling": [round(1 / (1 + 0.1 * t), 6) for t in range(STEPS)],
        "stairs": [round(1 / (1 + t // 15), 4) for t in range(STEPS)],
        "noisy": falling,
        "rising": [round(2.5 - m, 4) if m < 2.5 else 0.0 for m in falling],
        "wave": [round(0.5 + 0.05 * math.sin(t), 5) for t in range(STEPS)],
        "creeping": [round(1 - 0.00005 * t, 6) for t in range(STEPS)],
        "awkward": list(falling),
    }
    for t in (0, 6, 30, 31):
        series["awkward"][t] = math.nan
    for t in (5, 32):
        series["awkward"][t] = math.inf
    series["awkward"][90] = 0.0
    return series


def reduce_lr_on_plateau():
    m = metric_series()
    for arguments, name in (
            ("", "flat"), ("", "noisy"), ("", "falling"), ("", "zero"), ("", "wave"), ("", "awkward"), ("", "creeping"),
            ("mode='min', factor=0.5, patience=2", "stairs"), ("patience=0", "flat"),
            ("patience=0, factor=0.9", "noisy"), ("patience=0, factor=0.9, cooldown=3", "noisy"),
            ("factor=0.5, patience=1, cooldown=2", "flat"), ("factor=0.3, patience=3, cooldown=5", "awkward"),
            ("factor=0.5, patience=2, min_lr=0.003", "flat"), ("factor=0.5, patience=2, min_lr=0.2", "flat"),
            ("factor=0.5, patience=2, eps=0.01", "flat"), ("factor=0.5, patience=2, eps=0", "flat"),
            ("factor=0, patience=5", "noisy"), ("factor=0.8, patience=4, threshold=0", "creeping"),
            ("factor=0.8, patience=4, threshold=0.2", "falling"),
            ("factor=0.8, patience=4, threshold=0.01, threshold_mode='abs'", "falling"),
            ("factor=0.8, patience=4, threshold=0.1, threshold_mode='abs'", "awkward"),
            ("mode='max', factor=0.8, patience=4", "rising"), ("mode='max', factor=0.8, patience=4", "awkward"),
            ("mode='max', factor=0.8, patience=4, threshold=0.05, threshold_mode='abs'", "rising"),
            ("mode='max', factor=0.8, patience=2, threshold=0.3, threshold_mode='rel', cooldown=1", "wave"),
            ("'min', 0.1, 10", "wave")):
        yield case(f"ReduceLROnPlateau({arguments})", metrics=m[name])
    yield case("ReduceLROnPlateau(factor=0.5, patience=3)", THREE, metrics=m["noisy"])
    yield case("ReduceLROnPlateau(factor=0.5, patience=3, min_lr=[0.01, 0, 1e-4])", THREE, metrics=m["noisy"])
    yield case("ReduceLROnPlateau(factor=0.5, patience=3, min_lr=1e-3, cooldown=1)", THREE, EDITS_3, m["awkward"])
    yield case("ReduceLROnPlateau(factor=0.5, patience=3)", edits=EDITS, metrics=m["flat"])
    yield case("ReduceLROnPlateau(patience=1)", lr=1.05e-8, metrics=m["flat"])


def constant_lr():
    for factor, total_iters in ((1 / 3, 5), (0.5, 1), (0.5, 40), (0.1, 100), (1.0, 10), (1, 10), (1e-9, 30), (0.7, 209),
                                (0.3, 210), (0.25, 10_000), (0.9, 2), (0.1, 3), (2 / 3, 64), (1 / 7, 77)):
        yield case(f"ConstantLR(factor={factor!r}, total_iters={total_iters})")
    yield case("ConstantLR()")
    yield case("ConstantLR(0.1, 20)")
    yield case("ConstantLR(total_iters=30)", THREE)
    yield case("ConstantLR(factor=0.3, total_iters=47)", edits=EDITS)
    yield case("ConstantLR(factor=0.3, total_iters=61)", THREE, EDITS_3)
    yield case("ConstantLR(factor=0.2, total_iters=50)",
               edits=((0, "*", 0.5), (49, "*", 0.8), (50, "*", 0.7), (51, "*", 0.6)))
    yield case("ConstantLR(factor=0.3, total_iters=40, last_epoch=9)")
    yield case("ConstantLR(factor=0.3, total_iters=5, last_epoch=9)", THREE, EDITS_3)


def linear_lr():
    for start, end, total_iters in ((1 / 3, 1.0, 5), (1e-3, 1.0, 100), (1e-6, 1.0, 50), (1.0, 0.0, 100), (1.0, 0.1, 60),
                                    (0.5, 0.5, 20), (1.0, 1.0, 7), (0.1, 1.0, 1), (0.2, 0.9, 2), (1.0, 0, 1),
                                    (0.01, 1, 209), (0.01, 1.0, 210), (0.3, 0.7, 10_000), (1 / 7, 5 / 7, 77),
                                    (1e-12, 1.0, 30), (0.9, 0.05, 128)):
        yield case(f"LinearLR(start_factor={start!r}, end_factor={end!r}, total_iters={total_iters})")
    yield case("LinearLR()")
    yield case("LinearLR(0.1, 1.0, 20)")
    yield case("LinearLR(start_factor=0.01, total_iters=100)", THREE)
    yield case("LinearLR(start_factor=0.01, total_iters=60)", edits=EDITS)
    yield case("LinearLR(start_factor=1.0, end_factor=0.2, total_iters=101)", THREE, EDITS_3)
    yield case("LinearLR(start_factor=0.1, total_iters=50)",
               edits=((0, "*", 0.5), (49, "*", 0.8), (50, "*", 0.7), (51, "*", 0.6)))
    yield case("LinearLR(start_factor=0.001, total_iters=1000)", steps=1500)
    yield case("LinearLR(start_factor=0.1, total_iters=40, last_epoch=9)")
    yield case("LinearLR(start_factor=0.1, total_iters=40, last_epoch=39)", THREE, EDITS_3)


def polynomial_lr():
    for total_iters, power in ((5, 1.0), (100, 1.0), (100, 2.0), (200, 0.9), (209, 0.5), (210, 3), (1, 1.0), (2, 0.5),
                               (10_000, 0.9), (150, 10.0), (60, 1e-3), (77, 1 / 3), (128, 2.5)):
        yield case(f"PolynomialLR(total_iters={total_iters}, power={power!r})")
    yield case("PolynomialLR()")
    yield case("PolynomialLR(90, 0.9)")
    yield case("PolynomialLR(total_iters=205, power=2)", THREE)
    yield case("PolynomialLR(total_iters=150, power=0.9)", edits=EDITS)
    yield case("PolynomialLR(total_iters=101, power=2.0)", THREE, EDITS_3)
    yield case("PolynomialLR(total_iters=50, power=0.5)",
               edits=((0, "*", 0.5), (49, "*", 0.8), (50, "*", 0.7), (51, "*", 0.6)))
    yield case("PolynomialLR(total_iters=1500, power=0.9)", steps=1510)
    yield case("PolynomialLR(total_iters=100, power=2.0, last_epoch=9)")
    yield case("PolynomialLR(total_iters=30, last_epoch=99)", THREE, EDITS_3)


def cosine_annealing_warm_restarts():
    for t_0, t_mult, eta_min in ((50, 1, 0.0), (1, 1, 0.0), (1, 1, 0.01), (2, 1, 0.0), (10, 2, 0.0), (1, 2, 0.0),
                                 (1, 3, 1e-3), (7, 3, 1e-5), (10, 10, 0.0), (210, 1, 0.0), (209, 1, 0.0),
                                 (1000, 2, 0.0), (20, 1, 0.5), (3, 1, 0), (70, 2, 0.1), (13, 1, 1e-4)):
        yield case(f"CosineAnnealingWarmRestarts(T_0={t_0}, T_mult={t_mult}, eta_min={eta_min!r})")
    yield case("CosineAnnealingWarmRestarts(30)")
    yield case("CosineAnnealingWarmRestarts(10, 2, 1e-4)")
    yield case("CosineAnnealingWarmRestarts(T_0=25, T_mult=2)", THREE)
    yield case("CosineAnnealingWarmRestarts(T_0=40)", edits=EDITS)
    yield case("CosineAnnealingWarmRestarts(T_0=15, T_mult=2, eta_min=1e-3)", THREE, EDITS_3)
    yield case("CosineAnnealingWarmRestarts(T_0=10, T_mult=3)", steps=1500)


def cyclic_lr():
    cyclic = lambda arguments, *more, **options: case(f"CyclicLR({arguments})", *more, **options)
    plain = ", cycle_momentum=False"
    for mode in ("", ", mode='triangular2'", ", mode='exp_range', gamma=0.99", ", mode='exp_range'"):
        yield cyclic(f"base_lr=0.01, max_lr=0.1, step_size_up=20{mode}{plain}")
        yield cyclic(f"base_lr=0.001, max_lr=0.006, step_size_up=15, step_size_down=35{mode}{plain}")
        yield cyclic(f"base_lr=0.01, max_lr=0.1, step_size_up=20{mode}", momentum=0.9)
        yield cyclic(f"base_lr=[0.1, 0.01, 1e-4], max_lr=[1.0, 0.02, 0.5], step_size_up=17{mode}", THREE, EDITS_3,
                     momentum=0.5)
        yield cyclic(f"base_lr=1e-4, max_lr=1e-3, step_size_up=30, step_size_down=5{mode}, base_momentum=0.7, "
                     "max_momentum=0.99", momentum=0.9, adam=True)
    for up, down in ((2.5, None), (0.5, None), (3.7, 11.1), (1 / 3, 2.9), (100.5, 0.5), (1, None), (1, 1), (1, 6),
                     (6, 1), (105, 105), (2000, None), (0.1, 0.2)):
        sizes = f"step_size_up={up!r}" + (f", step_size_down={down!r}" if down else "")
        yield cyclic(f"base_lr=0.01, max_lr=0.1, {sizes}{plain}")
    for function in ("lambda x: 1 / 2 ** (x - 1)", "lambda x: 0.99 ** x", "lambda x: 1 / (1 + 0.1 * x)",
                     "lambda x: 1 if x % 2 == 0 else 0.5", "lambda x: 0.5 * (1 + math.sin(x * math.pi / 2))"):
        for scale_mode in ("cycle", "iterations"):
            yield cyclic(f"base_lr=0.01, max_lr=0.1, step_size_up=12, step_size_down=8.5, scale_fn={function}, "
                         f"scale_mode={scale_mode!r}", momentum=0.9)
    yield cyclic("base_lr=0.01, max_lr=0.1, step_size_up=12, scale_fn=lambda x: 0.9 ** x", momentum=0.9)
    yield cyclic("base_lr=0.01, max_lr=0.1, step_size_up=12, mode='triangular2', scale_fn=lambda x: 0.999 ** x, "
                 "scale_mode='iterations'", momentum=0.9)
    # A mode that is built in brings its scale mode along.
    yield cyclic("base_lr=0.01, max_lr=0.1, step_size_up=12, mode='exp_range', gamma=0.98, scale_mode='cycle'" + plain)
    yield cyclic("base_lr=0.01, max_lr=0.1, step_size_up=12, mode='triangular2', scale_mode='iterations'" + plain)
    yield cyclic("0.01, 0.1", momentum=0.9)
    yield cyclic("0.01, 0.1, 10, 20, 'triangular2'", momentum=0.9)
    yield cyclic("base_lr=0.0, max_lr=1.0, step_size_up=9" + plain)
    yield cyclic("base_lr=0.1, max_lr=0.01, step_size_up=25" + plain)
    yield cyclic("base_lr=0.05, max_lr=0.05, step_size_up=25", momentum=0.0)
    yield cyclic("base_lr=[0.01], max_lr=0.1, step_size_up=25, base_momentum=[0.6], max_momentum=0.8", momentum=0.9)
    yield cyclic("base_lr=0.01, max_lr=[0.1, 0.2], step_size_up=25, base_momentum=[0.6, 0.7], max_momentum=[0.8, 0.9]",
                 (0.3, 0.2), momentum=0.9)
    yield cyclic("base_lr=0.01, max_lr=0.1, step_size_up=25", momentum=0.4, edits=EDITS)
    yield cyclic("base_lr=1e-4, max_lr=1e-2, step_size_up=150, step_size_down=350, mode='triangular2'" + plain,
                 steps=1500)
    yield cyclic("base_lr=0.1, max_lr=0.5, step_size_up=20, last_epoch=29", momentum=0.9)


def one_cycle_lr():
    one = lambda arguments, *more, **options: case(f"OneCycleLR({arguments})", *more, **options)
    for length in ("total_steps=210", "total_steps=500", "epochs=10, steps_per_epoch=25"):
        for strategy in ("", ", anneal_strategy='linear'"):
            for phases in ("", ", three_phase=True"):
                yield one(f"max_lr=0.1, {length}{strategy}{phases}, cycle_momentum=False")
                yield one(f"max_lr=1.0, {length}{strategy}{phases}", momentum=0.9)
    for strategy in ("cos", "linear"):
        # 0.0075 * 210 lies between 1 and 2: the first phase ends between two steps.
        for pct_start in (0.0075, 0.01, 0.1, 0.25, 0.5, 0.9, 0.999, 1.0):
            yield one(f"max_lr=0.1, total_steps=210, pct_start={pct_start}, anneal_strategy={strategy!r}", momentum=0.9)
        for pct_start in (0.0075, 0.4, 0.5, 0.6, 1.0):
            yield one(f"max_lr=0.1, total_steps=210, pct_start={pct_start}, anneal_strategy={strategy!r}, "
                      "three_phase=True", momentum=0.9)
        yield one(f"max_lr=[0.1, 0.5, 2e-3], total_steps=260, anneal_strategy={strategy!r}", THREE, EDITS_3,
                  momentum=0.8)
        yield one(f"max_lr=0.3, total_steps=230, anneal_strategy={strategy!r}, base_momentum=0.6, max_momentum=0.99",
                  THREE, momentum=0.9, adam=True)
        yield one(f"max_lr=1e-3, total_steps=230, anneal_strategy={strategy!r}, three_phase=True, div_factor=10",
                  momentum=0.9, adam=True)
    for factors in ("div_factor=1", "div_factor=10.0, final_div_factor=100", "final_div_factor=1",
                    "div_factor=1.0, final_div_factor=1.0", "div_factor=0.5", "div_factor=1e3, final_div_factor=1e9"):
        yield one(f"max_lr=0.1, total_steps=220, {factors}, cycle_momentum=False")
    yield one("0.1, 215", momentum=0.9)
    yield one("max_lr=0.1, total_steps=215, base_momentum=[0.5], max_momentum=[0.6]", momentum=0.9)
    yield one("max_lr=[0.1, 0.2], total_steps=215, base_momentum=[0.5, 0.8], max_momentum=[0.6, 0.9]", (0.3, 0.2),
              momentum=0.9)
    yield one("max_lr=0.1, total_steps=215", edits=EDITS, momentum=0.0)
    yield one("max_lr=0.1, total_steps=1000, epochs=3, steps_per_epoch=7", momentum=0.9)
    yield one("max_lr=0.4, total_steps=1500", momentum=0.9, steps=1500)
    yield one("max_lr=0.4, total_steps=10_000, cycle_momentum=False")
    for total_steps, arguments in ((100, ""), (10, ""), (10, ", three_phase=True"), (10, ", anneal_strategy='linear'"),
                                   (5, ", pct_start=0.5"), (3, ", pct_start=0.5"), (2, ", pct_start=1.0")):
        yield one(f"max_lr=0.1, total_steps={total_steps}{arguments}", momentum=0.9, steps=total_steps)


def swalr():
    for strategy in ("", ", anneal_strategy='linear'"):
        for epochs in (0, 1, 2, 5, 50, 209, 210, 1000):
            yield case(f"SWALR(swa_lr=0.05, anneal_epochs={epochs}{strategy})")
        yield case(f"SWALR(swa_lr=0.5, anneal_epochs=60{strategy})", THREE)
        yield case(f"SWALR(swa_lr=[0.05, 0.02, 1e-3], anneal_epochs=90{strategy})", THREE, EDITS_3)
        yield case(f"SWALR(swa_lr=0.01, anneal_epochs=70{strategy})", edits=EDITS)
        yield case(f"SWALR(swa_lr=0.02, anneal_epochs=0{strategy})", edits=EDITS)
        yield case(f"SWALR(swa_lr=0.02, anneal_epochs=50{strategy})",
                   edits=((0, "*", 0.5), (49, "*", 0.8), (50, "*", 0.7), (51, "*", 0.6)))
        yield case(f"SWALR(swa_lr=0.0, anneal_epochs=80{strategy})")
        yield case(f"SWALR(swa_lr=0.1, anneal_epochs=30{strategy})")
    yield case("SWALR(0.02)")
    yield case("SWALR(0.02, 20, 'linear')")
    yield case("SWALR(swa_lr=1e-4, anneal_epochs=1400)", steps=1500)


# One of each kind, for groups whose rate is 0.1; with it OneCycleLR's and CyclicLR's first rate.
MEMBERS = (
    "StepLR(step_size=20, gamma=0.5)", "MultiStepLR(milestones=[0, 10, 40, 40], gamma=0.7)",
    "ConstantLR(factor=0.3, total_iters=25)", "LinearLR(start_factor=0.1, total_iters=30)", "ExponentialLR(gamma=0.98)",
    "PolynomialLR(total_iters=100, power=0.9)", "CosineAnnealingLR(T_max=60)",
    "CosineAnnealingWarmRestarts(T_0=10, T_mult=2)", "LambdaLR(lr_lambda=lambda e: 1 / (1 + 0.05 * e))",
    "MultiplicativeLR(lr_lambda=lambda e: 0.9 if e % 10 == 0 else 1.01)", "SWALR(swa_lr=0.02, anneal_epochs=30)",
    "CyclicLR(base_lr=0.1, max_lr=0.4, step_size_up=12, mode='triangular2')", "OneCycleLR(max_lr=2.5, total_steps=230)")
DRIVERS = ("CyclicLR", "OneCycleLR")


def momentum_of(schedule):
    """The momentum with which PyTorch starts a composite in the right way, if a member of it drives the momentum."""
    return 0.95 if "OneCycleLR" in schedule else 0.9 if "CyclicLR" in schedule else None


def sequential(members, milestones, *more, **options):
    schedule = f"SequentialLR([{', '.join(members)}], milestones={milestones})"
    return case(schedule, *more, **{"momentum": momentum_of(schedule), **options})


def chained(members, *more, **options):
    schedule = f"ChainedScheduler([{', '.join(members)}])"
    return case(schedule, *more, **{"momentum": momentum_of(schedule), **options})


def sequential_lr():
    warmup = "LinearLR(start_factor=0.01, total_iters=30)"
    around = ((0, "*", 0.2), (29, "*", 0.05), (30, "*", 0.3), (31, 0, 0.07), (75, "*", 0.15))
    for n, member in enumerate(MEMBERS):
        yield sequential((warmup, member), [30])
        yield sequential((member, "ExponentialLR(gamma=0.97)"), [45])
        yield sequential((warmup, member), [30], edits=around)
        third = MEMBERS[(n + 5) % len(MEMBERS)]
        if not any(d in member for d in DRIVERS) or not any(d in third for d in DRIVERS):
            yield sequential((warmup, member, third), [10, 100])
            yield sequential((member, "ConstantLR(factor=0.5, total_iters=10)", third), [51, 52], (0.1, 0.1), around)
        if not any(d in member for d in DRIVERS):
            yield sequential((member, warmup, third), [20, 45], (0.1,) if momentum_of(third) else THREE,
                             () if momentum_of(third) else EDITS_3)
        yield sequential(("ExponentialLR(gamma=0.5)", member), [0])
    cosine = "CosineAnnealingLR(T_max=180)"
    yield sequential((warmup, cosine), [30], THREE)
    yield sequential((warmup, cosine), [30], THREE, EDITS, momentum=0.9, adam=True)
    yield sequential((warmup, "CosineAnnealingLR(T_max=50, eta_min=0.001)"), [30], THREE[:2], EDITS)
    yield sequential((cosine,), [])
    yield sequential((warmup, cosine), [1])
    yield sequential((warmup, cosine), [1000])
    yield sequential((warmup, cosine), [209])
    yield sequential((warmup, cosine, "ExponentialLR(gamma=0.9)"), [0, 50])
    yield sequential((warmup, cosine, "ExponentialLR(gamma=0.9)"), [1, 2], edits=EDITS)
    yield sequential(("ConstantLR(factor=0.1, total_iters=2)", "ExponentialLR(gamma=0.9)"), [2])
    yield sequential((warmup, "MultiplicativeLR(lr_lambda=lambda e: 0.5 if e == 0 else 0.99)"), [20], THREE, EDITS_3)
    yield sequential((warmup, "SWALR(swa_lr=[0.05, 0.02, 1e-3], anneal_epochs=40, anneal_strategy='linear')"), [60],
                     THREE, EDITS_3)
    yield sequential((cosine, "SWALR(swa_lr=0.05, anneal_epochs=0)"), [150])
    yield sequential((cosine, "SWALR(swa_lr=0.05, anneal_epochs=1)"), [150], edits=((149, "*", 0.4), (150, "*", 0.3)))
    yield sequential((warmup, "CyclicLR(base_lr=0.02, max_lr=0.3, step_size_up=20, cycle_momentum=False)"), [30])
    yield sequential(("CyclicLR(base_lr=0.02, max_lr=0.3, step_size_up=20)",
                      "CyclicLR(base_lr=0.01, max_lr=0.2, step_size_up=7, base_momentum=0.5, max_momentum=0.7)"), [90])
    yield sequential((warmup, "OneCycleLR(max_lr=[2.5, 1.0], total_steps=180, three_phase=True)"), [30], (0.1, 0.04))
    yield sequential((warmup, "OneCycleLR(max_lr=2.5, total_steps=200, anneal_strategy='linear')"), [10], adam=True)
    yield sequential(("OneCycleLR(max_lr=2.5, total_steps=100)", "ExponentialLR(gamma=0.99)"), [100])
    yield sequential((warmup, cosine, "CyclicLR(base_lr=0.1, max_lr=0.4, step_size_up=9)", warmup), [30, 60, 100],
                     adam=True)
    yield sequential((warmup, "LambdaLR(lr_lambda=[lambda e: 0.9 ** e, lambda e: 1 / (1 + e), lambda e: 1])"), [30],
                     THREE)
    yield sequential((warmup, "CosineAnnealingWarmRestarts(T_0=100, T_mult=2)"), [100], steps=1500)
    yield sequential(("LinearLR(start_factor=0.001, total_iters=100)", "CosineAnnealingLR(T_max=1400)"), [100],
                     steps=1500)
    # A chain in the first place, of members that know their first step by its number.
    yield sequential(("ChainedScheduler([LinearLR(start_factor=0.1, total_iters=30), StepLR(step_size=20, gamma=0.5)])",
                      "ExponentialLR(gamma=0.95)"), [100])
    yield sequential(("ChainedScheduler([ConstantLR(factor=0.1, total_iters=30), MultiStepLR(milestones=[50, 80])])",
                      cosine), [100], THREE, EDITS)
    yield sequential(("ChainedScheduler([LambdaLR(lr_lambda=lambda e: 1 / (1 + 0.05 * e)), StepLR(step_size=9)])",
                      "SWALR(swa_lr=0.02, anneal_epochs=30)"), [100], THREE)


def chained_scheduler():
    around = ((0, "*", 0.2), (29, "*", 0.05), (30, "*", 0.3), (31, 0, 0.07), (90, "*", 0.15))
    for n, member in enumerate(MEMBERS):
        constant = "ConstantLR(factor=0.1, total_iters=20)"
        if "CyclicLR" in member:
            yield chained((member, constant))
            continue
        yield chained((constant, member))
        yield chained((member, "ExponentialLR(gamma=0.99)"))
        yield chained((member, "StepLR(step_size=30, gamma=0.6)"), edits=around)
        third = MEMBERS[(n + 3) % len(MEMBERS)]
        if "CyclicLR" not in third and not ("OneCycleLR" in member + third):
            yield chained((member, "LinearLR(start_factor=0.2, total_iters=50)", third), THREE, EDITS_3)
    cosine, exponential = "CosineAnnealingLR(T_max=50)", "ExponentialLR(gamma=0.98)"
    yield chained((exponential,), THREE, EDITS_3)
    yield chained((cosine, exponential), THREE)
    yield chained((exponential, cosine), THREE)
    yield chained(("LinearLR(total_iters=20)", "LinearLR(start_factor=1.0, end_factor=0.1, total_iters=150)"))
    yield chained(("ConstantLR(factor=0.1, total_iters=20)", exponential), edits=EDITS, momentum=0.9, adam=True)
    yield chained(("MultiplicativeLR(lr_lambda=lambda e: 0.99)", "MultiplicativeLR(lr_lambda=lambda e: 1.005)",
                   "StepLR(step_size=50, gamma=0.3)"), THREE)
    yield chained(("SWALR(swa_lr=0.05, anneal_epochs=40)", exponential))
    yield chained(("CyclicLR(base_lr=0.1, max_lr=0.4, step_size_up=12)", cosine), adam=True)
    yield chained(("CyclicLR(base_lr=[0.1, 0.01, 3.7e-4], max_lr=0.4, step_size_up=12)", exponential), THREE, EDITS_3)
    yield chained(("CyclicLR(base_lr=0.1, max_lr=0.4, step_size_up=12, base_momentum=0.7)",
                   "CyclicLR(base_lr=0.1, max_lr=0.2, step_size_up=20)"))
    yield chained((exponential, "OneCycleLR(max_lr=0.7, total_steps=230)"))
    yield chained(("OneCycleLR(max_lr=2.5, total_steps=230, cycle_momentum=False)", cosine), momentum=None)
    yield chained(("OneCycleLR(max_lr=2.5, total_steps=230, anneal_strategy='linear', three_phase=True)", exponential),
                  adam=True)
    yield chained(("LinearLR(start_factor=0.01, total_iters=100)", "CosineAnnealingLR(T_max=1500)"), steps=1500)
    # Nested.
    yield chained((f"ChainedScheduler([{exponential}, ConstantLR(factor=0.5, total_iters=40)])",
                   "StepLR(step_size=60, gamma=0.5)"), THREE, EDITS_3)
    yield chained(("StepLR(step_size=60, gamma=0.5)", f"ChainedScheduler([{exponential}, {cosine}])"))
    warm = f"SequentialLR([LinearLR(start_factor=0.01, total_iters=30), {cosine}], milestones=[30])"
    yield chained((warm, exponential))
    yield chained((warm, "ConstantLR(factor=0.5, total_iters=80)"), THREE, EDITS_3)
    yield chained((exponential, warm))
    yield chained((f"ChainedScheduler([{warm}, {exponential}])", "StepLR(step_size=60, gamma=0.5)"), edits=EDITS)
    shrinking = "SequentialLR([ExponentialLR(gamma=0.99), MultiplicativeLR(lr_lambda=lambda e: 0.98)], milestones=[70])"
    yield chained((shrinking, warm))


def random_cases():
    """Five more cases of each kind, with random numbers, edits and members, by class name."""
    r = random.Random(2013)
    series = metric_series()
    number = lambda low, high: float(f"{r.uniform(low, high):.4g}")
    calls = {
        "StepLR": lambda n: f"StepLR(step_size={r.randint(1, 60)}, gamma={number(0.05, 1.1)!r})",
        "MultiStepLR": lambda n: f"MultiStepLR(milestones={[r.randint(0, 210) for _ in range(r.randint(1, 8))]}, "
                                 f"gamma={number(0.05, 1.1)!r})",
        "ExponentialLR": lambda n: f"ExponentialLR(gamma={number(0.8, 1.02)!r})",
        "MultiplicativeLR": lambda n: f"MultiplicativeLR(lr_lambda=lambda epoch: {number(0.5, 1.0)!r} "
                                      f"if epoch % {r.randint(2, 40)} == 0 else {number(0.97, 1.02)!r})",
        "LambdaLR": lambda n: f"LambdaLR(lr_lambda=lambda epoch: {number(0.9, 1.01)!r} ** epoch "
                              f"/ (1 + epoch // {r.randint(2, 50)}))",
        "CosineAnnealingLR": lambda n: f"CosineAnnealingLR(T_max={r.randint(1, 150)}, eta_min={number(0, 0.02)!r})",
        "ReduceLROnPlateau": lambda n: f"ReduceLROnPlateau(mode={r.choice(['min', 'max'])!r}, "
                                       f"factor={number(0.1, 0.95)!r}, patience={r.randint(0, 9)}, "
                                       f"threshold={number(0, 0.1)!r}, "
                                       f"threshold_mode={r.choice(['rel', 'abs'])!r}, cooldown={r.randint(0, 5)}, "
                                       f"min_lr={[number(0, 0.01) for _ in range(n)]}, eps={number(0, 1e-3)!r})",
        "ConstantLR": lambda n: f"ConstantLR(factor={number(0.01, 1)!r}, total_iters={r.randint(1, 150)})",
        "LinearLR": lambda n: f"LinearLR(start_factor={number(0.01, 1)!r}, end_factor={number(0.01, 1)!r}, "
                              f"total_iters={r.randint(1, 250)})",
        "PolynomialLR": lambda n: f"PolynomialLR(total_iters={r.randint(1, 250)}, power={number(0.1, 4)!r})",
        "CosineAnnealingWarmRestarts": lambda n: f"CosineAnnealingWarmRestarts(T_0={r.randint(1, 60)}, "
                                                 f"T_mult={r.randint(1, 4)}, eta_min={number(0, 0.02)!r})",
        "CyclicLR": lambda n: f"CyclicLR(base_lr={[number(1e-4, 0.1) for _ in range(n)]}, max_lr={number(0.1, 1)!r}, "
                              f"step_size_up={r.choice([r.randint(1, 60), number(0.3, 60)])!r}, "
                              f"step_size_down={r.choice([r.randint(1, 60), number(0.3, 60)])!r}, "
                              f"mode={r.choice(['triangular', 'triangular2', 'exp_range'])!r}, "
                              f"gamma={number(0.97, 1.0)!r}, base_momentum={number(0.5, 0.8)!r}, "
                              f"max_momentum={number(0.8, 0.99)!r})",
        "OneCycleLR": lambda n: f"OneCycleLR(max_lr={[number(0.01, 1) for _ in range(n)]}, "
                                f"total_steps={r.randint(STEPS, 400)}, pct_start={number(0.01, 1.0)!r}, "
                                f"anneal_strategy={r.choice(['cos', 'linear'])!r}, base_momentum={number(0.5, 0.8)!r}, "
                                f"max_momentum={number(0.8, 0.99)!r}, div_factor={number(1, 50)!r}, "
                                f"final_div_factor={number(1, 1e5)!r}, three_phase={r.choice([False, True])})",
        "SWALR": lambda n: f"SWALR(swa_lr={number(1e-4, 0.5)!r}, anneal_epochs={r.randint(0, 150)}, "
                           f"anneal_strategy={r.choice(['cos', 'linear'])!r})",
    }
    drives = {"CyclicLR", "OneCycleLR"}
    parts = ("StepLR", "MultiStepLR", "ExponentialLR", "MultiplicativeLR", "LambdaLR", "ConstantLR", "LinearLR",
             "PolynomialLR", "CosineAnnealingWarmRestarts", "SWALR")
    members = lambda n: [calls[kind](n) for kind in r.choices(parts, k=r.randint(2, 4))]
    calls["SequentialLR"] = lambda n: (lambda m: f"SequentialLR([{', '.join(m)}], milestones="
                                       f"{sorted(r.sample(range(STEPS), len(m) - 1))})")(members(n))
    calls["ChainedScheduler"] = lambda n: f"ChainedScheduler([{', '.join(members(n))}])"
    for name, call in calls.items():
        for _ in range(5):
            n = r.randint(1, 3)
            lr = tuple(number(1e-4, 1) for _ in range(n))
            edits = tuple((t, r.choice(["*", *range(n)]), number(0.02, 1))
                          for t in sorted(r.sample(range(STEPS), r.randint(0, 5))))
            metrics = series[r.choice(sorted(series))] if name == "ReduceLROnPlateau" else None
            momentum, adam = (number(0.5, 0.99), r.random() < 0.5) if name in drives else (None, False)
            yield name, case(call(n), lr, edits, metrics, momentum=momentum, adam=adam)


SCHEDULES = {
    "StepLR": step_lr, "MultiStepLR": multi_step_lr, "ExponentialLR": exponential_lr,
    "MultiplicativeLR": multiplicative_lr, "LambdaLR": lambda_lr,
    "CosineAnnealingLR": cosine_annealing_lr, "ReduceLROnPlateau": reduce_lr_on_plateau,
    "ConstantLR": constant_lr, "LinearLR": linear_lr, "PolynomialLR": polynomial_lr,
    "CosineAnnealingWarmRestarts": cosine_annealing_warm_restarts, "CyclicLR": cyclic_lr, "OneCycleLR": one_cycle_lr,
    "SWALR": swalr, "SequentialLR": sequential_lr, "ChainedScheduler": chained_scheduler,
}


def build(text, optimizer):
    def value(node):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "")[:1].isupper():
            return scheduler(node)
        if isinstance(node, ast.List):
            return [value(element) for element in node.elts]
        return eval(compile(ast.Expression(node), text, "eval"), {"math": math})

    def scheduler(call):
        kind = getattr(lr_scheduler, call.func.id, None) or getattr(swa_utils, call.func.id)
        first = [] if kind is lr_scheduler.ChainedScheduler else [optimizer]
        return kind(*first, *map(value, call.args), **{k.arg: value(k.value) for k in call.keywords})

    return scheduler(ast.parse(text, mode="eval").body)


def optimizer_of(c):
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": lr} for lr in c["lr"]]
    if "last_epoch" in c["schedule"]:
        for group in groups:
            group["initial_lr"] = group["lr"]
    momentum = c["momentum"] or 0.0
    if c["adam"]:
        return torch.optim.Adam(groups, betas=(momentum, 0.999))
    return torch.optim.SGD(groups, momentum=momentum)


def momentum_in_force(optimizer):
    group = optimizer.param_groups[0]
    return group["betas"][0] if "betas" in group else group["momentum"]


def edit(optimizer, edits, t):
    for step, which, rate in edits:
        if step == t:
            for g, group in enumerate(optimizer.param_groups):
                if which in ("*", g):
                    group["lr"] = rate


def rows(c):
    """The rates of every group at every step, and the momentum, as PyTorch's own loop gives them."""
    optimizer = optimizer_of(c)
    scheduler = build(c["schedule"], optimizer)
    for t in range(c["steps"]):
        edit(optimizer, c["edits"], t)
        momentum = [] if c["momentum"] is None else [float(momentum_in_force(optimizer))]
        yield [float(group["lr"]) for group in optimizer.param_groups] + momentum
        if t < c["steps"] - 1:
            optimizer.step()
            scheduler.step() if c["metrics"] is None else scheduler.step(c["metrics"][t])


def text_of(number):
    """The shortest text that reads back as the same double, in Java's spelling."""
    return {"nan": "NaN", "inf": "Infinity"}.get(repr(number), repr(number))


def write_schedules(folder):
    folder.mkdir(parents=True, exist_ok=True)
    extra = list(random_cases())
    for name, cases in SCHEDULES.items():
        lines = [f"# torch {TORCH}, written by parity/generate.py, which describes the layout"]
        all_cases = [*cases(), *(c for kind, c in extra if kind == name)]
        for n, c in enumerate(all_cases, 1):
            lines += ["", f"case,{name}-{n}", f"schedule,{c['schedule']}", "lr," + ",".join(map(text_of, c["lr"]))]
            lines += [f"edit,{step},{group},{text_of(rate)}" for step, group, rate in c["edits"]]
            if c["metrics"] is not None:
                lines.append("metrics," + ",".join(map(text_of, c["metrics"])))
            if c["adam"]:
                lines.append("optimizer,Adam")
            if c["momentum"] is not None:
                lines.append("momentum," + text_of(c["momentum"]))
            for t, rates in enumerate(rows(c)):
                assert all(math.isfinite(rate) and rate >= 0 for rate in rates), (c["schedule"], t, rates)
                lines.append(f"{t}," + ",".join(map(text_of, rates)))
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
        print(f"schedules/{name}.csv: {len(all_cases)} cases")


# ---- Optimizers ---------------------------------------------------------------------------------------------------

LAST_STEP = 50
SNAPSHOTS = (1, 2, 10, 25, 50)
SHAPES = ((4, 5), (17,), (1,))


def trajectory(rule, *groups, schedule=None, missing=(), zero=(), edits=()):
    """A case; each group is a dict of options, with "shapes" and "added_before_step" where they differ."""
    return {"rule": rule, "groups": groups, "schedule": schedule, "missing": missing, "zero": zero, "edits": edits}


# Gradients that never come before step 4, that stop, and that are missing now and then.
ABSENT = tuple((t, 0) for t in (1, 2, 3)) + tuple((t, 1) for t in range(30, 51)) + ((5, 2), (6, 2), (25, 2), (50, 2))

SMALL = ((3, 3), (2,))
# The rate climbs to step 15, and the momentum (or beta1) falls.
ONE_CYCLE = "OneCycleLR(max_lr=0.05, total_steps=50, pct_start=0.3)"


def sgd_cases():
    sgd = lambda *groups, **more: trajectory("SGD", *groups, **more)
    yield sgd({"lr": 0.1})
    yield sgd({"lr": 0.1, "weight_decay": 0.01})
    yield sgd({"lr": 0.1, "maximize": True, "weight_decay": 0.01})
    yield sgd({"lr": 0.1, "momentum": 0.9})
    yield sgd({"lr": 0.1, "momentum": 0.9, "weight_decay": 5e-4})
    yield sgd({"lr": 0.1, "momentum": 0.9, "dampening": 0.1})
    yield sgd({"lr": 0.1, "momentum": 0.9, "dampening": 1.0})
    yield sgd({"lr": 0.1, "momentum": 0.9, "nesterov": True})
    yield sgd({"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 1e-3, "maximize": True})
    yield sgd({"lr": 0.1, "momentum": 0.9, "dampening": 0.5, "weight_decay": 1e-2, "maximize": True})
    yield sgd({"lr": 0.0, "momentum": 0.9})
    yield sgd({"lr": 0.1, "momentum": 1.0})
    yield sgd({"lr": 0.1, "momentum": 0.9}, schedule="StepLR(step_size=10, gamma=0.3)")
    yield sgd({"lr": 0.1, "momentum": 0.9, "nesterov": True}, schedule="CosineAnnealingLR(T_max=50)")
    yield sgd({"lr": 0.1, "momentum": 0.9}, {"lr": 0.01, "nesterov": True, "momentum": 0.8, "shapes": ((3, 3), (2,))})
    yield sgd({"lr": 0.1}, {"lr": 0.01, "momentum": 0.9, "weight_decay": 0.1, "shapes": ((3, 3),)},
              schedule="ExponentialLR(gamma=0.95)")
    yield sgd({"lr": 0.1, "momentum": 0.9},
              {"lr": 0.02, "momentum": 0.5, "weight_decay": 0.1, "shapes": ((3, 3),), "added_before_step": 21})
    yield sgd({"lr": 0.1, "momentum": 0.9},
              {"lr": 0.02, "shapes": ((3, 3),), "added_before_step": 10}, schedule="ExponentialLR(gamma=0.9)")
    yield sgd({"lr": 0.1, "momentum": 0.9, "dampening": 0.2, "weight_decay": 0.01}, missing=ABSENT)
    yield sgd({"lr": 0.1, "momentum": 0.9, "dampening": 0.2, "weight_decay": 0.01}, zero=ABSENT)
    yield sgd({"lr": 0.1, "momentum": 0.9},
              edits=((11, 0, "momentum", 0.5), (26, 0, "weight_decay", 0.1), (31, 0, "momentum", 0.95)))
    yield sgd({"lr": 0.1}, edits=((11, 0, "momentum", 0.9), (31, 0, "momentum", 0.0)))


def adam_cases():
    adam = lambda *groups, **more: trajectory("Adam", *groups, **more)
    yield adam({"lr": 1e-3})
    yield adam({"lr": 0.1})
    yield adam({"lr": 0.01, "betas": (0.8, 0.9)})
    yield adam({"lr": 0.01, "betas": (0.0, 0.99)})
    yield adam({"lr": 0.01, "betas": (0.9, 0.0)})
    yield adam({"lr": 0.01, "eps": 0.1})
    yield adam({"lr": 0.01, "eps": 1e-12})
    yield adam({"lr": 0.01, "weight_decay": 0.01})
    yield adam({"lr": 0.01, "weight_decay": 0.1, "decoupled_weight_decay": True})
    yield adam({"lr": 0.01, "amsgrad": True})
    yield adam({"lr": 0.01, "amsgrad": True, "weight_decay": 0.01, "betas": (0.7, 0.8)})
    yield adam({"lr": 0.01, "maximize": True})
    yield adam({"lr": 0.01, "maximize": True, "amsgrad": True, "weight_decay": 0.1, "decoupled_weight_decay": True,
                "eps": 1e-3})
    yield adam({"lr": 0.0})
    yield adam({"lr": 0.01}, schedule="StepLR(step_size=10, gamma=0.3)")
    yield adam({"lr": 0.01, "amsgrad": True}, schedule="CosineAnnealingLR(T_max=50)")
    yield adam({"lr": 0.01},
               {"lr": 1e-3, "betas": (0.5, 0.6), "eps": 1e-4, "weight_decay": 0.1, "shapes": ((3, 3), (2,))})
    yield adam({"lr": 0.01}, {"lr": 0.1, "amsgrad": True, "maximize": True, "shapes": ((3, 3),)},
               schedule="ExponentialLR(gamma=0.95)")
    yield adam({"lr": 0.01}, {"lr": 0.02, "weight_decay": 0.1, "shapes": ((3, 3),), "added_before_step": 21})
    yield adam({"lr": 0.01},
               {"lr": 0.02, "shapes": ((3, 3),), "added_before_step": 10}, schedule="ExponentialLR(gamma=0.9)")
    yield adam({"lr": 0.01, "weight_decay": 0.01}, missing=ABSENT)
    yield adam({"lr": 0.01, "weight_decay": 0.01}, zero=ABSENT)
    yield adam({"lr": 0.01, "amsgrad": True}, missing=ABSENT)
    yield adam({"lr": 0.01}, zero=tuple((t, p) for t in range(1, 51) for p in range(3)))
    yield adam({"lr": 0.01},
               edits=((11, 0, "betas", (0.5, 0.999)), (31, 0, "betas", (0.95, 0.9)), (40, 0, "eps", 0.01)))


def adamw_cases():
    adamw = lambda *groups, **more: trajectory("AdamW", *groups, **more)
    yield adamw({})
    yield adamw({"lr": 0.01, "betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": 0.5})
    yield adamw({"lr": 0.01, "weight_decay": 0, "maximize": True})
    yield adamw({"lr": 0.01, "amsgrad": True, "betas": (0.7, 0.8)}, schedule="CosineAnnealingLR(T_max=50)")
    yield adamw({"lr": 0.01, "weight_decay": 0.1}, schedule=ONE_CYCLE)
    yield adamw({"lr": 0.01}, {"lr": 0.1, "amsgrad": True, "maximize": True, "weight_decay": 0.2, "shapes": SMALL},
                schedule="StepLR(step_size=10, gamma=0.3)")
    yield adamw({"lr": 0.01}, {"lr": 0.02, "weight_decay": 0.3, "shapes": SMALL, "added_before_step": 21},
                schedule="ExponentialLR(gamma=0.95)")
    yield adamw({"lr": 0.01, "amsgrad": True}, missing=ABSENT)
    yield adamw({"lr": 0.01, "weight_decay": 0.1}, zero=ABSENT,
                edits=((11, 0, "weight_decay", 0.5), (31, 0, "betas", (0.5, 0.9)), (40, 0, "eps", 0.01)))


def adagrad_cases():
    adagrad = lambda *groups, **more: trajectory("Adagrad", *groups, **more)
    yield adagrad({})
    yield adagrad({"lr": 0.1, "lr_decay": 0.1})
    yield adagrad({"lr": 0.1, "weight_decay": 0.1, "maximize": True})
    yield adagrad({"lr": 0.1, "initial_accumulator_value": 0.5, "eps": 1e-3, "weight_decay": 0.01})
    yield adagrad({"lr": 0.1}, schedule="CosineAnnealingLR(T_max=50)")
    yield adagrad({"lr": 0.1}, {"lr": 0.5, "lr_decay": 0.05, "eps": 0.1, "weight_decay": 0.2, "shapes": SMALL},
                  schedule="StepLR(step_size=10, gamma=0.3)")
    yield adagrad({"lr": 0.1, "initial_accumulator_value": 0.25},
                  {"lr": 0.2, "maximize": True, "shapes": SMALL, "added_before_step": 21},
                  schedule="ExponentialLR(gamma=0.95)")
    yield adagrad({"lr": 0.1, "initial_accumulator_value": 0.1, "lr_decay": 0.02}, missing=ABSENT)
    yield adagrad({"lr": 0.1}, missing=tuple((t, 2) for t in range(1, 51)))
    yield adagrad({"lr": 0.1}, zero=ABSENT,
                  edits=((11, 0, "lr_decay", 0.5), (26, 0, "weight_decay", 0.1), (31, 0, "eps", 0.2)))


def rmsprop_cases():
    rmsprop = lambda *groups, **more: trajectory("RMSprop", *groups, **more)
    yield rmsprop({})
    yield rmsprop({"lr": 0.01, "alpha": 0.8, "eps": 1e-2})
    yield rmsprop({"lr": 0.01, "momentum": 0.9})
    yield rmsprop({"lr": 0.01, "centered": True, "weight_decay": 0.01})
    yield rmsprop({"lr": 0.01, "centered": True, "momentum": 0.5, "alpha": 0.9, "eps": 1e-3, "maximize": True,
                   "weight_decay": 0.1})
    yield rmsprop({"lr": 0.01, "momentum": 0.9}, schedule=ONE_CYCLE)
    yield rmsprop({"lr": 0.01}, {"lr": 0.02, "alpha": 0.5, "centered": True, "momentum": 0.7, "shapes": SMALL},
                  schedule="StepLR(step_size=10, gamma=0.3)")
    yield rmsprop({"lr": 0.01, "momentum": 0.5},
                  {"lr": 0.02, "weight_decay": 0.2, "shapes": SMALL, "added_before_step": 21},
                  schedule="ExponentialLR(gamma=0.95)")
    yield rmsprop({"lr": 0.01, "momentum": 0.9, "centered": True}, missing=ABSENT)
    yield rmsprop({"lr": 0.01, "momentum": 0.9, "centered": True}, zero=ABSENT,
                  edits=((11, 0, "alpha", 0.7), (21, 0, "momentum", 0.5), (31, 0, "centered", False),
                         (36, 0, "momentum", 0), (41, 0, "eps", 0.1)))


def adadelta_cases():
    adadelta = lambda *groups, **more: trajectory("Adadelta", *groups, **more)
    yield adadelta({})
    yield adadelta({"lr": 0.5, "rho": 0.5, "eps": 1e-3})
    yield adadelta({"lr": 0.1, "rho": 0.0, "eps": 0.1}, {"lr": 0.1, "rho": 1.0, "eps": 0.1, "shapes": SMALL})
    yield adadelta({"weight_decay": 0.1, "maximize": True})
    yield adadelta({"lr": 5.0, "eps": 1e-4}, schedule="CosineAnnealingLR(T_max=50)")
    yield adadelta({}, {"lr": 10.0, "rho": 0.7, "weight_decay": 0.2, "maximize": True, "shapes": SMALL},
                   schedule="StepLR(step_size=10, gamma=0.3)")
    yield adadelta({}, {"lr": 3.0, "eps": 1e-2, "shapes": SMALL, "added_before_step": 21},
                   schedule="ExponentialLR(gamma=0.95)")
    yield adadelta({"lr": 2.0, "weight_decay": 0.01}, missing=ABSENT)
    yield adadelta({"lr": 2.0}, zero=ABSENT,
                   edits=((11, 0, "rho", 0.5), (26, 0, "weight_decay", 0.1), (31, 0, "eps", 0.01)))


def adamax_cases():
    adamax = lambda *groups, **more: trajectory("Adamax", *groups, **more)
    yield adamax({})
    yield adamax({"lr": 0.01, "betas": (0.5, 0.9), "eps": 0.1})
    yield adamax({"lr": 0.01, "betas": (0.0, 0.0), "weight_decay": 0.01})
    yield adamax({"lr": 0.01, "weight_decay": 0.1, "maximize": True})
    yield adamax({"lr": 0.01}, schedule=ONE_CYCLE)
    yield adamax({"lr": 0.01}, {"lr": 0.1, "betas": (0.7, 0.8), "eps": 1e-3, "weight_decay": 0.2, "shapes": SMALL},
                 schedule="StepLR(step_size=10, gamma=0.3)")
    yield adamax({"lr": 0.01}, {"lr": 0.02, "maximize": True, "shapes": SMALL, "added_before_step": 21},
                 schedule="ExponentialLR(gamma=0.95)")
    yield adamax({"lr": 0.01, "betas": (0.9, 0.9)}, missing=ABSENT)
    yield adamax({"lr": 0.01, "betas": (0.9, 0.9)}, zero=ABSENT,
                 edits=((11, 0, "betas", (0.5, 0.99)), (26, 0, "weight_decay", 0.1), (31, 0, "eps", 0.2)))


def nadam_cases():
    nadam = lambda *groups, **more: trajectory("NAdam", *groups, **more)
    yield nadam({})
    yield nadam({"lr": 0.01, "betas": (0.5, 0.6), "eps": 1e-3, "momentum_decay": 0})
    yield nadam({"lr": 0.01, "momentum_decay": 0.3, "weight_decay": 0.1})
    yield nadam({"lr": 0.01, "weight_decay": 0.1, "decoupled_weight_decay": True})
    yield nadam({"lr": 0.01, "weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True, "eps": 0.1},
                schedule="CosineAnnealingLR(T_max=50)")
    yield nadam({"lr": 0.01}, schedule=ONE_CYCLE)
    yield nadam({"lr": 0.01}, {"lr": 0.1, "betas": (0.7, 0.8), "weight_decay": 0.2, "maximize": True, "shapes": SMALL},
                schedule="StepLR(step_size=10, gamma=0.3)")
    yield nadam({"lr": 0.01}, {"lr": 0.02, "momentum_decay": 0.05, "shapes": SMALL, "added_before_step": 21},
                schedule="ExponentialLR(gamma=0.95)")
    yield nadam({"lr": 0.01, "weight_decay": 0.01}, missing=ABSENT)
    yield nadam({"lr": 0.01}, zero=ABSENT,
                edits=((11, 0, "momentum_decay", 0.1), (26, 0, "betas", (0.5, 0.9)), (31, 0, "weight_decay", 0.1),
                       (41, 0, "decoupled_weight_decay", True)))


def radam_cases():
    radam = lambda *groups, **more: trajectory("RAdam", *groups, **more)
    # rho_t passes 5 at step 6, 10 and never.
    yield radam({})
    yield radam({"lr": 0.01, "betas": (0.5, 0.7), "eps": 0.1})
    yield radam({"lr": 0.01, "betas": (0.9, 0.5)})
    yield radam({"lr": 0.01, "weight_decay": 0.1, "betas": (0.9, 0.9)})
    yield radam({"lr": 0.01, "weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True})
    yield radam({"lr": 0.01, "betas": (0.9, 0.99)}, schedule=ONE_CYCLE)
    yield radam({"lr": 0.01}, {"lr": 0.1, "betas": (0.7, 0.8), "weight_decay": 0.2, "maximize": True, "shapes": SMALL},
                schedule="StepLR(step_size=10, gamma=0.3)")
    # The late group's last step is its sixth, the first that is rectified.
    yield radam({"lr": 0.01}, {"lr": 0.02, "eps": 1e-3, "shapes": SMALL, "added_before_step": 45},
                schedule="CosineAnnealingLR(T_max=60)")
    yield radam({"lr": 0.01, "weight_decay": 0.01}, missing=ABSENT)
    yield radam({"lr": 0.01}, zero=ABSENT,
                edits=((11, 0, "betas", (0.5, 0.5)), (26, 0, "betas", (0.9, 0.99)), (31, 0, "weight_decay", 0.1),
                       (41, 0, "decoupled_weight_decay", True)))


def asgd_cases():
    asgd = lambda *groups, **more: trajectory("ASGD", *groups, **more)
    yield asgd({})
    yield asgd({"lr": 0.1, "lambd": 0.1, "alpha": 0.5, "t0": 10})
    yield asgd({"lr": 0.1, "t0": 0})
    yield asgd({"lr": 0.1, "weight_decay": 0.1, "maximize": True, "t0": 3.5})
    yield asgd({"lr": 0.1, "lambd": 0, "alpha": 1.0, "t0": 20}, schedule="CosineAnnealingLR(T_max=50)")
    yield asgd({"lr": 0.1, "t0": 5}, {"lr": 0.02, "lambd": 0.5, "alpha": 2.0, "weight_decay": 0.2, "shapes": SMALL},
               schedule="StepLR(step_size=10, gamma=0.3)")
    yield asgd({"lr": 0.1, "t0": 5}, {"lr": 0.2, "maximize": True, "t0": 8, "shapes": SMALL, "added_before_step": 21},
               schedule="ExponentialLR(gamma=0.95)")
    yield asgd({"lr": 0.1, "lambd": 0.01, "t0": 6}, missing=ABSENT)
    yield asgd({"lr": 0.1, "t0": 6}, zero=ABSENT,
               edits=((11, 0, "lambd", 0.1), (21, 0, "alpha", 0.25), (31, 0, "t0", 40), (36, 0, "weight_decay", 0.1)))


def rprop_cases():
    rprop = lambda *groups, **more: trajectory("Rprop", *groups, **more)
    yield rprop({})
    yield rprop({"lr": 0.1, "etas": (0.3, 1.5)})
    yield rprop({"lr": 0.01, "step_sizes": (4e-3, 0.02)})
    yield rprop({"lr": 0.0, "step_sizes": (1e-3, 1)})
    yield rprop({"lr": 0.05, "maximize": True}, schedule="ExponentialLR(gamma=0.9)")
    yield rprop({}, {"lr": 0.1, "etas": (0.9, 1.1), "step_sizes": (0.05, 0.2), "maximize": True, "shapes": SMALL})
    yield rprop({}, {"lr": 0.1, "etas": (0.7, 1.3), "shapes": SMALL, "added_before_step": 21},
                schedule="StepLR(step_size=10, gamma=0.3)")
    yield rprop({"lr": 0.02}, missing=ABSENT)
    yield rprop({"lr": 0.02}, zero=ABSENT, edits=((11, 0, "etas", (0.8, 2.0)), (31, 0, "step_sizes", (0.01, 0.03))))


def adafactor_cases():
    # Matrices, vectors and stacks of matrices: the first and the last keep rows' and columns' means only.
    mixed = ((4, 3), (7,), (2, 3, 2))
    adafactor = lambda *groups, **more: trajectory("Adafactor", *({"shapes": mixed, **g} for g in groups), **more)
    yield adafactor({})
    yield adafactor({"lr": 0.5, "beta2_decay": -0.5, "d": 2.0})
    yield adafactor({"lr": 0.05, "eps": (0.5, 1e-3)})
    yield adafactor({"lr": 0.05, "eps": (None, 2.0), "beta2_decay": 0.0})
    yield adafactor({"lr": 0.05, "weight_decay": 0.2, "maximize": True}, schedule="CosineAnnealingLR(T_max=50)")
    yield adafactor({"lr": 0.05}, {"lr": 0.2, "eps": (0.1, 0.01), "d": 1.5, "weight_decay": 0.1, "maximize": True,
                                   "shapes": ((6, 1), (1, 5), (1,))}, schedule="StepLR(step_size=10, gamma=0.3)")
    yield adafactor({"lr": 0.05}, {"lr": 0.1, "beta2_decay": -1.0, "shapes": ((2, 2, 1, 3),), "added_before_step": 21},
                    schedule="ExponentialLR(gamma=0.95)")
    yield adafactor({"lr": 0.05, "weight_decay": 0.01}, missing=ABSENT)
    yield adafactor({"lr": 0.05}, zero=ABSENT,
                    edits=((11, 0, "beta2_decay", -0.3), (21, 0, "eps", (0.3, 0.5)), (31, 0, "d", 3.0),
                           (41, 0, "weight_decay", 0.3)))


def muon_cases():
    matrices = ((5, 2), (2, 7), (3, 3))
    muon = lambda *groups, **more: trajectory("Muon", *({"shapes": matrices, **g} for g in groups), **more)
    yield muon({})
    yield muon({"lr": 0.02, "weight_decay": 0, "momentum": 0.5, "nesterov": False})
    yield muon({"lr": 0.02, "ns_coefficients": (2.0, -1.5, 0.5), "ns_steps": 3})
    yield muon({"lr": 0.02, "adjust_lr_fn": "match_rms_adamw", "eps": 8.0, "weight_decay": 0.5})
    yield muon({"lr": 0.02, "adjust_lr_fn": "original", "momentum": 0.0, "shapes": ((8, 3), (1, 6), (6, 1))},
               schedule="CosineAnnealingLR(T_max=50)")
    yield muon({"lr": 0.02}, schedule=ONE_CYCLE)
    yield muon({"lr": 0.02}, {"lr": 0.1, "weight_decay": 0, "nesterov": False, "adjust_lr_fn": "match_rms_adamw",
                              "momentum": 0.8, "shapes": ((2, 5), (4, 2))}, schedule="StepLR(step_size=10, gamma=0.3)")
    yield muon({"lr": 0.02}, {"lr": 0.05, "ns_steps": 7, "shapes": ((3, 7),), "added_before_step": 21},
               schedule="ExponentialLR(gamma=0.95)")
    yield muon({"lr": 0.02}, missing=ABSENT)
    yield muon({"lr": 0.02}, zero=ABSENT,
               edits=((11, 0, "momentum", 0.5), (21, 0, "nesterov", False), (31, 0, "ns_steps", 2),
                      (36, 0, "weight_decay", 0.5), (41, 0, "adjust_lr_fn", "match_rms_adamw")))


# The implementations in float32, beside the single-tensor one in float64.
OPTIMIZERS = {
    "SGD": (sgd_cases, ("fused", "foreach")), "Adam": (adam_cases, ("fused", "foreach")),
    "AdamW": (adamw_cases, ("fused", "foreach")), "Adagrad": (adagrad_cases, ("fused", "foreach")),
    "RMSprop": (rmsprop_cases, ("foreach",)), "Adadelta": (adadelta_cases, ("foreach",)),
    "Adamax": (adamax_cases, ("foreach",)), "NAdam": (nadam_cases, ("foreach",)), "RAdam": (radam_cases, ("foreach",)),
    "ASGD": (asgd_cases, ("foreach",)), "Rprop": (rprop_cases, ("foreach",)),
    "Adafactor": (adafactor_cases, ("foreach",)), "Muon": (muon_cases, ()),
}


def initial(p, shape):
    return torch.tensor([(((i * 11 + p * 17) % 37) - 18) / 16 for i in range(math.prod(shape))]).view(shape)


def gradient(p, t, shape):
    return torch.tensor([(((i * 7 + t * 13 + p * 29) % 101) - 50) / 64 for i in range(math.prod(shape))]).view(shape)


def run(c, dtype, implementation, kind=None):
    """Returns the groups and edits as written to the file, the values at the snapshots and the final state."""
    params, described, edits, in_force, at = [], [], [], [], {}
    optimizer = scheduler = None
    kind = kind or getattr(torch.optim, c["rule"])
    engine = ("params", "foreach", "fused", "capturable", "differentiable", *c.get("flags", ()))
    names = [name for name in inspect.signature(kind).parameters if name not in engine]
    for t in range(1, LAST_STEP + 1):
        for group in c["groups"]:
            if group.get("added_before_step", 1) != t:
                continue
            shapes = group.get("shapes", SHAPES)
            new = [torch.nn.Parameter(initial(len(params) + i, shape).to(dtype)) for i, shape in enumerate(shapes)]
            options = {k: v for k, v in group.items() if k not in ("shapes", "added_before_step")}
            params += new
            if optimizer is None:
                # Adagrad fills its sums with what the constructor was given, and does not look at the groups.
                filled = {k: v for k, v in options.items() if k == "initial_accumulator_value"}
                optimizer = kind([{"params": new, **options}], **filled, **implementation)
            else:
                optimizer.add_param_group({"params": new, **options})
            in_force.append({k: v for k, v in optimizer.param_groups[-1].items() if k in names})
            described.append({"added_before_step": t, "shapes": shapes, "options": dict(in_force[-1]),
                              "lr": [None] * (t - 1)})
        if scheduler is None and c["schedule"]:
            scheduler = build(c["schedule"], optimizer)
        for step, g, name, value in c["edits"]:
            if step == t:
                optimizer.param_groups[g][name] = value
        for g, group in enumerate(optimizer.param_groups):
            described[g]["lr"].append(group["lr"])
            for name in in_force[g]:
                if name != "lr" and group[name] != in_force[g][name]:
                    in_force[g][name] = group[name]
                    edits.append({"step": t, "group": g, "name": name, "value": group[name]})
        for p, param in enumerate(params):
            grad = gradient(p, t, param.shape).to(dtype)
            param.grad = None if (t, p) in c["missing"] else torch.zeros_like(grad) if (t, p) in c["zero"] else grad
        optimizer.step()
        if scheduler is not None:
            scheduler.step()
        if t in SNAPSHOTS:
            at[str(t)] = [flat(param) for param in params]
    state = [{name: int(slot) if name == "step" else flat(slot)
              for name, slot in optimizer.state.get(param, {}).items() if slot is not None}
             for param in params]
    return {"groups": described, "edits": edits}, {"params": at, "state": state}


def flat(tensor):
    return tensor.detach().double().flatten().tolist()


def write_optimizers(folder):
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    for rule, (cases, implementations) in OPTIMIZERS.items():
        lines, differ = [], 0
        for n, c in enumerate(cases(), 1):
            described, double = run(c, torch.float64, dict.fromkeys(implementations, False))
            single = {} if implementations else {"single": run(c, torch.float32, {})[1]}
            for name in implementations:
                try:
                    single[name] = run(c, torch.float32, {name: True})[1]
                except TypeError:
                    # Fused SGD wants all momentum buffers or none: a parameter whose first gradient comes late ends it.
                    if (rule, name) != ("SGD", "fused") or not c["missing"]:
                        raise
            runs = [{"name": "float64", "dtype": "float64", "implementations": ["single"], **double}]
            if not implementations or len(single) == 2 and len(set(map(json.dumps, single.values()))) == 1:
                runs.append({"name": "float32", "dtype": "float32", "implementations": list(single),
                             **next(iter(single.values()))})
            else:
                differ += 1
                runs += [{"name": f"float32-{name}", "dtype": "float32", "implementations": [name], **result}
                         for name, result in single.items()]
            head = {"id": f"{rule}-{n}", "groups": described["groups"], "missing": c["missing"], "zero": c["zero"],
                    "edits": described["edits"]}
            # One line for the case and one for each of its runs, so that a change shows as such.
            lines.append(json.dumps(head, allow_nan=False)[:-1] + ', "runs": [\n'
                         + ",\n".join(json.dumps(r, allow_nan=False) for r in runs) + "]}")
        head = {"torch": TORCH, "cpu": torch.backends.cpu.get_cpu_capability()}
        (folder / f"{rule}.json").write_text(json.dumps(head)[:-1] + ', "cases": [\n' + ",\n".join(lines) + "]}\n")
        differences = f", fused and foreach differ in {differ}" if len(implementations) == 2 else ""
        print(f"optimizers/{rule}.json: {len(lines)} cases{differences}")


# ---- LBFGS --------------------------------------------------------------------------------------------------------


def rosenbrock(x):
    loss, grad = 0.0, [0.0] * len(x)
    for i in range(len(x) - 1):
        bend, off = x[i + 1] - x[i] * x[i], 1.0 - x[i]
        loss += 100.0 * bend * bend + off * off
        grad[i] += -400.0 * x[i] * bend - 2.0 * off
        grad[i + 1] += 200.0 * bend
    return loss, grad


def quadratic(x):
    loss, grad = 0.0, []
    for i in range(len(x)):
        product = (2.0 + i / 4.0) * x[i]
        if i > 0:
            product -= x[i - 1]
        if i < len(x) - 1:
            product -= x[i + 1]
        loss += 0.5 * x[i] * product - x[i]
        grad.append(product - 1.0)
    return loss, grad


def least_squares(x):
    loss, grad = 0.0, [0.0] * len(x)
    for k in range(12):
        row = [((k * 7 + j * 13) % 11 - 5) / 4.0 for j in range(len(x))]
        residual = -((k * 5) % 7 - 3) / 2.0
        for j in range(len(x)):
            residual += row[j] * x[j]
        loss += 0.5 * residual * residual
        for j in range(len(x)):
            grad[j] += row[j] * residual
    return loss, grad


def double_well(x):
    loss, grad = 0.0, []
    for value in x:
        well = value * value - 1.0
        loss += well * well + value / 4.0
        grad.append(4.0 * value * well + 0.25)
    return loss, grad


def kink(x):
    loss, grad = 0.0, []
    for value in x:
        slope = -1.0 if value < 0.3 else 4.0
        loss += slope * (value - 0.3)
        grad.append(slope)
    return loss, grad


def minimisation(objective, *start, calls, float32, lr=None, missing=(), **options):
    """A case with its number of calls in float64 and float32; lr may be a list with the rate of each call."""
    start = [torch.tensor(values, dtype=torch.float64) for values in start]
    if lr is not None:
        options["lr"] = lr[0] if isinstance(lr, list) else lr
    lrs = lr if isinstance(lr, list) else [options.get("lr", 1)] * calls
    return {"objective": objective, "start": start, "options": options, "lr": lrs, "missing": missing,
            "calls": {"float64": len(lrs), "float32": float32}}


def lbfgs_cases():
    wolfe = {"line_search_fn": "strong_wolfe"}
    valley, long_valley = [-1.25, 1.0], [-1.25, 1.0] * 5
    slope = [0.5, -1.0, 2.0, 0.25, -0.75, 1.5]
    two = ([[0.5, -1.0], [0.25, 2.0]], [1.0, -0.5, 0.75])
    yield minimisation(rosenbrock, valley, calls=4, float32=0, **wolfe)
    yield minimisation(rosenbrock, valley, calls=8, float32=3, max_iter=4, **wolfe)
    yield minimisation(rosenbrock, valley, calls=8, float32=1, max_iter=5, max_eval=6, **wolfe)
    yield minimisation(rosenbrock, valley, calls=8, float32=5, lr=0.125, max_iter=6, history_size=3, **wolfe)
    yield minimisation(rosenbrock, valley, calls=3, float32=3, max_eval=1, **wolfe)
    yield minimisation(rosenbrock, valley, calls=4, float32=1, max_iter=6)
    yield minimisation(rosenbrock, long_valley, calls=4, float32=1, max_iter=10, history_size=5, **wolfe)
    yield minimisation(rosenbrock, long_valley, calls=8, float32=4, lr=0.25, max_iter=8)
    yield minimisation(quadratic, slope, calls=3, float32=0)
    yield minimisation(quadratic, slope, calls=8, float32=3, lr=0.5, max_iter=4, history_size=2)
    yield minimisation(quadratic, slope, calls=3, float32=3, tolerance_grad=1e-2)
    yield minimisation(quadratic, slope, calls=4, float32=1, tolerance_change=0.05)
    yield minimisation(quadratic, slope, calls=1, float32=0, tolerance_grad=0.0, tolerance_change=0.0, max_iter=9,
                       **wolfe)
    yield minimisation(quadratic, slope, calls=2, float32=2, tolerance_grad=100.0)
    yield minimisation(quadratic, slope, calls=5, float32=5, lr=[1.0, 0.5, 0.25, 0.125, 0.0625], max_iter=2)
    yield minimisation(quadratic, slope, calls=8, float32=3, max_iter=1)
    yield minimisation(quadratic, slope, calls=4, float32=3, lr=4.0, max_iter=3, **wolfe)
    yield minimisation(least_squares, *two, calls=5, float32=5, lr=0.1, max_iter=5)
    yield minimisation(least_squares, *two, calls=6, float32=4, max_iter=3, max_eval=5, **wolfe)
    yield minimisation(least_squares, *two, calls=6, float32=4, max_iter=10, max_eval=4)
    yield minimisation(least_squares, *two, calls=5, float32=2, max_iter=4, missing=(1,))
    yield minimisation(least_squares, *two, calls=5, float32=1, max_iter=4, missing=(0,), **wolfe)
    yield minimisation(double_well, [0.1, -0.2, 0.5, 1.5], calls=6, float32=6, lr=0.1, max_iter=5)
    yield minimisation(double_well, [0.1, -0.2, 0.5, 1.5], calls=4, float32=0, max_iter=5, **wolfe)
    yield minimisation(double_well, [0.1, -0.2, 0.5, 1.5], calls=4, float32=4, lr=20.0, max_iter=5, **wolfe)
    yield minimisation(rosenbrock, [0.0, 0.0], calls=3, float32=3, lr=20.0, max_iter=6, max_eval=60, **wolfe)
    yield minimisation(kink, [0.0], calls=2, float32=1, max_iter=4, max_eval=20, **wolfe)
    yield minimisation(kink, [-2.0, 0.5], calls=2, float32=0, lr=20.0, max_iter=4, max_eval=60, **wolfe)
    yield minimisation(quadratic, slope, calls=3, float32=3, lr=1 / 128, tolerance_change=1 / 64)


def minimise(c, dtype):
    params = [torch.nn.Parameter(start.to(dtype, copy=True)) for start in c["start"]]
    optimizer = torch.optim.LBFGS(params, **c["options"])
    state = optimizer.state[params[0]]

    def closure():
        loss, grad = c["objective"]([value for param in params for value in flat(param)])
        for p, param in enumerate(params):
            values, grad = grad[:param.numel()], grad[param.numel():]
            param.grad = None if p in c["missing"] else torch.tensor(values, dtype=dtype).view(param.shape)
        return torch.tensor(loss, dtype=dtype)

    calls = []
    for lr in c["lr"][:c["calls"][str(dtype).removeprefix("torch.")]]:
        optimizer.param_groups[0]["lr"] = lr
        loss = optimizer.step(closure)
        calls.append({"loss": loss.item(), "func_evals": state["func_evals"], "n_iter": state["n_iter"],
                      "params": [flat(param) for param in params]})
    end = {name: flat(state[name]) for name in ("d", "prev_flat_grad") if name in state}
    end |= {name: float(state[name]) for name in ("t", "H_diag", "prev_loss") if name in state}
    end |= {name: len(state[name]) for name in ("old_dirs", "old_stps", "ro") if name in state}
    return {"calls": calls, "state": end}


def write_lbfgs(folder):
    lines = []
    for n, c in enumerate(lbfgs_cases(), 1):
        group = torch.optim.LBFGS([torch.nn.Parameter(start) for start in c["start"]], **c["options"]).param_groups[0]
        head = {"id": f"LBFGS-{n}", "objective": c["objective"].__name__,
                "shapes": [list(start.shape) for start in c["start"]], "start": [flat(start) for start in c["start"]],
                "options": {k: v for k, v in group.items() if k != "params"}, "lr": c["lr"], "missing": c["missing"]}
        runs = [{"name": name, "dtype": name, **minimise(c, getattr(torch, name))}
                for name, calls in c["calls"].items() if calls]
        lines.append(json.dumps(head, allow_nan=False)[:-1] + ', "runs": [\n'
                     + ",\n".join(json.dumps(r, allow_nan=False) for r in runs) + "]}")
    head = {"torch": TORCH, "cpu": torch.backends.cpu.get_cpu_capability()}
    (folder / "LBFGS.json").write_text(json.dumps(head)[:-1] + ', "cases": [\n' + ",\n".join(lines) + "]}\n")
    print(f"optimizers/LBFGS.json: {len(lines)} cases")


# ---- Clipping and averaging ---------------------------------------------------------------------------------------


def in_json(number):
    return number if math.isfinite(number) else text_of(number).replace("-inf", "-Infinity")


def values_of(tensors):
    return [None if tensor is None else [in_json(value) for value in flat(tensor)] for tensor in tensors]


def clip_cases():
    nan, inf = math.nan, math.inf
    grads = [[3.0, -4.0, 0.5], None, [[0.25, -1.5], [2.0, 0.125]], [-0.75]]
    ramp = [[(i * 7 % 41 - 20) / 8 for i in range(40)], [(i * 5 % 23 - 11) / 64 for i in range(23)]]
    for norm_type in (1.0, 2.0, inf, 0.5):
        for max_norm in (1.0, 100.0):
            yield "clip_grad_norm_", {"max_norm": max_norm, "norm_type": norm_type}, grads
        yield "clip_grad_norm_", {"max_norm": 0.1, "norm_type": norm_type}, ramp
    yield "clip_grad_norm_", {"max_norm": 3.0}, [[3.0, 0.0]]
    yield "clip_grad_norm_", {"max_norm": 2.5}, [[1e-4, -2e-4], [3e-4]]
    yield "clip_grad_norm_", {"max_norm": 0.0}, grads
    yield "clip_grad_norm_", {"max_norm": 1.0}, [[0.0, 0.0], [0.0]]
    yield "clip_grad_norm_", {"max_norm": 1.0}, [None, None]
    for bad in (nan, inf, -inf):
        for norm_type in (2.0, inf):
            yield "clip_grad_norm_", {"max_norm": 1.0, "norm_type": norm_type}, [[1.0, bad], [2.0]]
    yield "clip_grad_norm_", {"max_norm": 1.0}, [[1e30, 1.0], [2.0]]
    yield "clip_grad_norm_", {"max_norm": 1.0, "error_if_nonfinite": True}, [[1.0, nan], [2.0]]
    yield "clip_grad_norm_", {"max_norm": 1.0, "norm_type": inf, "error_if_nonfinite": True}, [[1.0, inf], [2.0]]
    yield "clip_grad_norm_", {"max_norm": 1.0, "norm_type": 1.0, "error_if_nonfinite": True}, grads
    for clip_value in (1.0, 10.0, 0.3, 0.0):
        yield "clip_grad_value_", {"clip_value": clip_value}, grads
    yield "clip_grad_value_", {"clip_value": 0.5}, [[nan, inf, -inf, 0.25]]


def clip(function, arguments, grads):
    params = [torch.nn.Parameter(torch.zeros_like(torch.tensor(grad or 0.0))) for grad in grads]
    for param, grad in zip(params, grads):
        param.grad = None if grad is None else torch.tensor(grad)
    result = {"function": function,
              "arguments": {k: in_json(v) for k, v in arguments.items()},
              "grads": values_of(param.grad for param in params), "total_norm": None, "error": None}
    try:
        total = getattr(torch.nn.utils, function)(params, **arguments)
        result["total_norm"] = None if total is None else in_json(total.item())
    except RuntimeError as e:
        result["error"] = str(e)
    return {**result, "clipped": values_of(param.grad for param in params)}


def average(decay):
    shapes = ((2, 3), (4,))
    model = torch.nn.ParameterList(initial(p, shape) for p, shape in enumerate(shapes))
    rule = None if decay is None else swa_utils.get_ema_multi_avg_fn(decay)
    averaged = swa_utils.AveragedModel(model, multi_avg_fn=rule)
    result = {"average": "swa" if decay is None else "ema", "decay": decay, "initial": values_of(averaged.module),
              "updates": []}
    for t in range(1, 9):
        with torch.no_grad():
            for p, param in enumerate(model):
                param.copy_(gradient(p, t, param.shape))
        averaged.update_parameters(model)
        result["updates"].append({"params": values_of(model), "n_averaged": averaged.n_averaged.item(),
                                  "averaged": values_of(averaged.module)})
    return result


def write_cases(file, cases):
    lines = [json.dumps({"id": f"{file.stem}-{n}", **c}, allow_nan=False) for n, c in enumerate(cases, 1)]
    head = {"torch": TORCH, "cpu": torch.backends.cpu.get_cpu_capability()}
    file.write_text(json.dumps(head)[:-1] + ', "cases": [\n' + ",\n".join(lines) + "]}\n")
    print(f"{file.name}: {len(lines)} cases")


def check_torch(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--any-torch", action="store_true", help="do not insist on torch 2.13.0")
    args = parser.parse_args()
    if TORCH != "2.13.0" and not args.any_torch:
        parser.error(f"the golden files come from torch 2.13.0, but this is {TORCH} (see --any-torch)")


def main():
    check_torch("Writes the golden files from PyTorch 2.13.")
    write_schedules(GOLDEN / "schedules")
    write_optimizers(GOLDEN / "optimizers")
    write_lbfgs(GOLDEN / "optimizers")
    write_cases(GOLDEN / "clip.json", [clip(*c) for c in clip_cases()])
    write_cases(GOLDEN / "averaged_model.json", [average(decay) for decay in (None, 0.999, 0.9, 0.25, 0.0, 1.0)])


if __name__ == "__main__":
    main()
