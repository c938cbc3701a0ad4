"""Writes core/src/test/resources/org/anneal/schedule/peers.csv: rates that other libraries' own schedules give.

    python3 -m venv peers && peers/bin/pip install torch==2.13.0 optax==0.2.8 timm==1.0.29 transformers==5.18.0 keras==3.15.1
    peers/bin/python parity/peers.py

A line holds where the rates are from, our text, the base, and the rates of the first steps. All compute in double precision: optax, and Keras on jax, with x64.
"""

import importlib.util
import os
import pathlib
import sys
import types

os.environ["KERAS_BACKEND"] = "jax"

import jax

jax.config.update("jax_enable_x64", True)

import keras
import optax
import torch
import transformers

# timm's own __init__ imports torchvision, which its schedulers do not need.
timm = types.ModuleType("timm")
timm.__path__ = [str(pathlib.Path(importlib.util.find_spec("timm").origin).parent)]
sys.modules["timm"] = timm
from timm.scheduler.cosine_lr import CosineLRScheduler
from timm.scheduler.poly_lr import PolyLRScheduler
from timm.scheduler.tanh_lr import TanhLRScheduler
from importlib.metadata import version

STEPS = 130
cases = []


def optimizer(base):
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=base)


def add(origin, text, base, rates):
    cases.append([origin, text, repr(base), " ".join(repr(float(rate)) for rate in rates)])


def hf(origin, text, base, make, steps=STEPS):
    opt = optimizer(base)
    scheduler = make(opt)
    rates = []
    for _ in range(steps):
        rates.append(opt.param_groups[0]["lr"])
        opt.step()
        scheduler.step()
    add("transformers " + origin, text, base, rates)


def timms(origin, text, base, make, steps=STEPS, noise_type=None):
    opt = optimizer(base)
    scheduler = make(opt)
    if noise_type:  # which only the base class takes
        scheduler.noise_type = noise_type
    rates = []
    for step in range(steps):
        scheduler.step(step)
        rates.append(opt.param_groups[0]["lr"])
    add("timm " + origin, text, base, rates)


def function(origin, text, base, schedule):
    add(origin, text, base, [schedule(step) for step in range(STEPS)])


t = transformers
for kind, ours in (("linear", "linear"), ("cosine", "cosine"), ("1-sqrt", "sqrt")):
    hf(
        f"get_wsd_schedule(10, 40, num_stable_steps=30, decay_type='{kind}', warmup_type='{kind}', min_lr_ratio=0.1)",
        f"WarmupStableDecay(10, 30, 40, '{ours}', floor=0.1, start=0.1, warmup_shape='{ours}')",
        0.3,
        lambda opt, kind=kind: t.get_wsd_schedule(
            opt, 10, 40, num_stable_steps=30, decay_type=kind, warmup_type=kind, min_lr_ratio=0.1
        ),
    )
hf("get_wsd_schedule(0, 25, num_stable_steps=100)", "WarmupStableDecay(0, 100, 25, 'cosine')", 0.1,
   lambda opt: t.get_wsd_schedule(opt, 0, 25, num_stable_steps=100, decay_type="cosine"))
hf("get_inverse_sqrt_schedule(10)", "InverseSqrt(timescale=10, warmup=10)", 0.3, lambda opt: t.get_inverse_sqrt_schedule(opt, 10))
hf("get_inverse_sqrt_schedule(7, timescale=50)", "InverseSqrt(50, 7)", 0.3, lambda opt: t.get_inverse_sqrt_schedule(opt, 7, 50))
hf("get_constant_schedule_with_warmup(20)", "Warmup(20)", 0.3, lambda opt: t.get_constant_schedule_with_warmup(opt, 20))
hf("get_linear_schedule_with_warmup(20, 120)", "SequentialLR([Warmup(20), Polynomial(100)], [20])", 0.3,
   lambda opt: t.get_linear_schedule_with_warmup(opt, 20, 120))
hf("get_polynomial_decay_schedule_with_warmup(20, 120, lr_end=0.03, power=2.0)",
   "SequentialLR([Warmup(20), Polynomial(100, end=0.1, power=2.0)], [20])", 0.3,
   lambda opt: t.get_polynomial_decay_schedule_with_warmup(opt, 20, 120, lr_end=0.03, power=2.0))
hf("get_cosine_schedule_with_warmup(20, 120)", "SequentialLR([Warmup(20), HalfCosine(100)], [20])", 0.3,
   lambda opt: t.get_cosine_schedule_with_warmup(opt, 20, 120), 121)
hf("get_cosine_with_min_lr_schedule_with_warmup(20, 120, min_lr_rate=0.1)",
   "SequentialLR([Warmup(20), HalfCosine(100, floor=0.1)], [20])", 0.3,
   lambda opt: t.get_cosine_with_min_lr_schedule_with_warmup(opt, 20, 120, min_lr_rate=0.1), 121)

timms("CosineLRScheduler(60, lr_min=0.03, k_decay=1.5)", "HalfCosine(60, floor=0.1, k=1.5)", 0.3,
      lambda opt: CosineLRScheduler(opt, 60, lr_min=0.03, k_decay=1.5))
timms("CosineLRScheduler(20, lr_min=0.03, cycle_mul=1.5, cycle_decay=0.5, cycle_limit=3)",
      "CosineCycles(20, growth=1.5, shrink=0.5, floor=0.1, limit=3)", 0.3,
      lambda opt: CosineLRScheduler(opt, 20, lr_min=0.03, cycle_mul=1.5, cycle_decay=0.5, cycle_limit=3))
timms("CosineLRScheduler(17, cycle_mul=2.0, cycle_decay=0.7, cycle_limit=99, k_decay=0.8)",
      "CosineCycles(17, growth=2.0, shrink=0.7, k=0.8)", 0.3,
      lambda opt: CosineLRScheduler(opt, 17, cycle_mul=2.0, cycle_decay=0.7, cycle_limit=99, k_decay=0.8))
timms("CosineLRScheduler(25, cycle_decay=0.7, cycle_limit=4)", "CosineCycles(25, shrink=0.7, limit=4)", 0.3,
      lambda opt: CosineLRScheduler(opt, 25, cycle_decay=0.7, cycle_limit=4))
timms("TanhLRScheduler(60, lb=-7.0, ub=3.0, lr_min=0.03)", "TanhDecay(60, floor=0.1)", 0.3,
      lambda opt: TanhLRScheduler(opt, 60, lb=-7.0, ub=3.0, lr_min=0.03))
timms("TanhLRScheduler(90, lb=-5.0, ub=4.0)", "TanhDecay(90, lower=-5.0, upper=4.0)", 0.3,
      lambda opt: TanhLRScheduler(opt, 90, lb=-5.0, ub=4.0))
timms("PolyLRScheduler(100, power=0.5, lr_min=0.03)", "Polynomial(100, end=0.1, power=0.5)", 0.3,
      lambda opt: PolyLRScheduler(opt, 100, power=0.5, lr_min=0.03))
timms("CosineLRScheduler(100, warmup_t=10, warmup_lr_init=0.003, warmup_prefix=True)",
      "SequentialLR([Warmup(10, start=0.01), HalfCosine(100)], [10])", 0.3,
      lambda opt: CosineLRScheduler(opt, 100, warmup_t=10, warmup_lr_init=0.003, warmup_prefix=True))
timms("CosineLRScheduler(100, noise_range_t=(10, 90), noise_pct=0.3, noise_seed=42), uniform",
      "Noise(HalfCosine(100), amount=0.3, start=10, end=90)", 0.3,
      lambda opt: CosineLRScheduler(opt, 100, noise_range_t=(10, 90), noise_pct=0.3, noise_seed=42),
      noise_type="uniform")
timms("PolyLRScheduler(100, power=1.0, noise_range_t=0, noise_seed=4294967200), uniform",
      "Noise(Polynomial(100), seed=4294967200)", 0.3,
      lambda opt: PolyLRScheduler(opt, 100, power=1.0, noise_range_t=0, noise_seed=4294967200),
      noise_type="uniform")

o = optax
function("optax cosine_decay_schedule(0.3, 80, alpha=0.1, exponent=2.0)", "HalfCosine(80, floor=0.1, exponent=2.0)", 0.3,
         o.cosine_decay_schedule(0.3, 80, 0.1, 2.0))
function("optax polynomial_schedule(0.3, 0.03, 2, 80)", "Polynomial(80, end=0.1, power=2.0)", 0.3,
         o.polynomial_schedule(0.3, 0.03, 2, 80))
function("optax linear_schedule(0.03, 0.6, 80)", "Polynomial(80, start=0.1, end=2.0)", 0.3, o.linear_schedule(0.03, 0.6, 80))
function("optax exponential_decay(0.3, 20, 0.5, staircase=True, end_value=0.03)",
         "Exponential(20, 0.5, staircase=True, floor=0.1)", 0.3, o.exponential_decay(0.3, 20, 0.5, 0, True, 0.03))
function("optax exponential_decay(0.3, 20, 0.5)", "Exponential(20, 0.5)", 0.3, o.exponential_decay(0.3, 20, 0.5))
function("optax piecewise_constant_schedule(0.3, {20: 0.5, 90: 0.1})", "Piecewise([20, 90], [1.0, 0.5, 0.05])", 0.3,
         o.piecewise_constant_schedule(0.3, {20: 0.5, 90: 0.1}))
for curve in ("linear", "cosine"):
    function(f"optax piecewise_interpolate_schedule('{curve}', 0.3, {{20: 0.5, 90: 3.0}})",
             f"Piecewise([20, 90], [1.0, 0.5, 1.5], '{curve}')", 0.3,
             o.piecewise_interpolate_schedule(curve, 0.3, {20: 0.5, 90: 3.0}))
function("optax linear_onecycle_schedule(100, 0.3)", "Piecewise([30, 85, 100], [1/25, 1.0, 1/25, 1/250000], 'linear')", 0.3,
         o.linear_onecycle_schedule(100, 0.3))
function("optax warmup_exponential_decay_schedule(0.0, 0.3, 10, 20, 0.5)",
         "SequentialLR([Warmup(10), Exponential(20, 0.5)], [10])", 0.3,
         o.warmup_exponential_decay_schedule(0.0, 0.3, 10, 20, 0.5))

k = keras.optimizers.schedules
function("keras InverseTimeDecay(0.3, 20, 0.5)", "InverseTime(20, 0.5)", 0.3, k.InverseTimeDecay(0.3, 20, 0.5))
function("keras InverseTimeDecay(0.3, 20, 0.5, staircase=True)", "InverseTime(20, 0.5, staircase=True)", 0.3,
         k.InverseTimeDecay(0.3, 20, 0.5, staircase=True))
function("keras ExponentialDecay(0.3, 20, 0.5, staircase=True)", "Exponential(20, 0.5, staircase=True)", 0.3,
         k.ExponentialDecay(0.3, 20, 0.5, staircase=True))
function("keras PolynomialDecay(0.3, 30, 0.03, power=0.5, cycle=True)",
         "Polynomial(30, end=0.1, power=0.5, cycle=True)", 0.3,
         k.PolynomialDecay(0.3, 30, 0.03, power=0.5, cycle=True))
function("keras CosineDecay(0.0, 100, alpha=0.1, warmup_target=0.3, warmup_steps=20)",
         "SequentialLR([Warmup(20), HalfCosine(100, floor=0.1)], [20])", 0.3,
         k.CosineDecay(0.0, 100, alpha=0.1, warmup_target=0.3, warmup_steps=20))
function("keras PiecewiseConstantDecay([20, 90], [0.3, 0.15, 0.03])", "Piecewise([21, 91], [1.0, 0.5, 0.1])", 0.3,
         k.PiecewiseConstantDecay([20, 90], [0.3, 0.15, 0.03]))

names = ("torch", "transformers", "timm", "optax", "jax", "keras")
target = pathlib.Path(__file__).parent.parent / "core/src/test/resources/org/anneal/schedule/peers.csv"
target.parent.mkdir(parents=True, exist_ok=True)
lines = ["# " + ", ".join(f"{name} {version(name)}" for name in names), "origin;text;base;rates"]
target.write_text("\n".join(lines + [";".join(case) for case in cases]) + "\n")
