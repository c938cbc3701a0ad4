"""Writes core/src/test/resources/org/anneal/schedule/peers.csv and org/anneal/peer/names.csv: rates that other libraries' own schedules give.

    python3 -m venv peers && peers/bin/pip install torch==2.13.0 optax==0.2.8 timm==1.0.29 transformers==5.18.0 keras==3.15.1
    peers/bin/python parity/peers.py

A line of peers.csv holds where the rates are from, our text, the base, and the rates of the first steps. One of names.csv holds a text as it
stands in a program of the library, whose rates are what Python makes of it. All compute in double precision: optax, and Keras on jax, with x64.
"""

import importlib.util
import json
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
import timm.scheduler
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

# The same by the names of the libraries.

named = []


def by_name(text, base=0.3, steps=STEPS, instead=None, metrics=None):
    """Adds a text; its rates are those of ``instead`` where Anneal means to differ, or where a program would need more to run it."""
    opt = optimizer(base)
    made = eval(instead or text, {**globals(), "optimizer": opt})
    made = made[0] if isinstance(made, tuple) else made
    rates = []
    for step in range(steps):
        if callable(made):
            rates.append(made(step))
        elif metrics:
            rates.append(opt.param_groups[0]["lr"])
            if isinstance(made, timm.scheduler.scheduler.Scheduler):
                made.step(step + 1, metrics(step))
            else:
                made.step(metrics(step))
        elif isinstance(made, timm.scheduler.scheduler.Scheduler):
            made.step(step)
            made.step_update(step)
            rates.append(opt.param_groups[0]["lr"])
        else:
            rates.append(opt.param_groups[0]["lr"])
            opt.step()
            made.step()
    named.append([text, repr(base), "metrics" if metrics else "", " ".join(repr(float(rate)) for rate in rates)])


# transformers. Its cosines climb again after the end of the training, where Anneal's hold.
T = "transformers."
by_name(T + "get_constant_schedule(optimizer)")
by_name("get_constant_schedule(optimizer=optimizer)", 0.01, instead=T + "get_constant_schedule(optimizer)")
by_name(T + "get_constant_schedule_with_warmup(optimizer, 20)")
by_name(T + "optimization.get_constant_schedule_with_warmup(optimizer, num_warmup_steps=0)")
for arguments in ("20, 120", "num_warmup_steps=0, num_training_steps=100", "7, num_training_steps=50", "50, 40", "30, 30"):
    by_name(f"{T}get_linear_schedule_with_warmup(optimizer, {arguments})")
for arguments, steps in (
    ("20, 120", 121), ("0, 100, num_cycles=0.5", 101), ("10, 110, 2.0", 111), ("10, 110, num_cycles=0.75", 111), ("0, 90, 3", 91), ("40, 30", 42)
):
    by_name(f"{T}get_cosine_schedule_with_warmup(optimizer, {arguments})", steps=steps)
for arguments in ("20, 120", "20, 120, 4", "0, 100, num_cycles=3", "10, 110, num_cycles=7", "0, 45, 4", "30, 20, 2"):
    by_name(f"{T}get_cosine_with_hard_restarts_schedule_with_warmup(optimizer, {arguments})")
for arguments in ("20, 120", "0, 100, lr_end=0.01, power=2.0", "10, 60, 0.03, 0.5", "num_warmup_steps=50, num_training_steps=40, lr_end=0.01"):
    by_name(f"{T}get_polynomial_decay_schedule_with_warmup(optimizer, {arguments})")
for arguments in ("10", "0", "7, timescale=50", "0, 25", "20, 5"):
    by_name(f"{T}get_inverse_sqrt_schedule(optimizer, {arguments})")
for arguments, steps in (
    ("20, 120, min_lr=0.03", 121), ("0, 100, min_lr_rate=0.2", 101), ("10, 110, 1.5, min_lr=0.01", 111), ("10, 110, num_cycles=2.0, min_lr_rate=0.1", 111)
):
    by_name(f"{T}get_cosine_with_min_lr_schedule_with_warmup(optimizer, {arguments})", steps=steps)
for arguments, steps in (
    ("20, 120, min_lr=0.03", 120), ("20, 120, min_lr_rate=0.1, warmup_lr_rate=0.2", 120), ("0, 100, min_lr_rate=0.1", 100),
    ("1, 101, min_lr=0.01", 100), ("1, 101, min_lr=0.01, warmup_lr_rate=0.3", 100), ("10, 110, 1.5, min_lr_rate=0.1", 110), ("0, 90, 1.5, min_lr=0.01", 90)
):
    by_name(f"{T}get_cosine_with_min_lr_schedule_with_warmup_lr_rate(optimizer, {arguments})", steps=steps)
for arguments in (
    "10, 40, num_stable_steps=30", "10, 40, 100", "0, 25, num_stable_steps=100, decay_type='linear'", "10, 40, 100, min_lr_ratio=0.1, warmup_type='cosine', decay_type='1-sqrt'",
    "10, 40, 100, warmup_type='1-sqrt', min_lr_ratio=0.2, num_cycles=1.5", "0, 60, 60, num_cycles=2", "20, 0, 60"
):
    by_name(f"{T}get_wsd_schedule(optimizer, {arguments})")
for arguments, steps in (
    ("'linear', optimizer, 20, 120", STEPS), ("name='cosine', optimizer=optimizer, num_warmup_steps=20, num_training_steps=120", 121),
    ("transformers.SchedulerType.POLYNOMIAL, optimizer, 10, 100, scheduler_specific_kwargs={'power': 2.0, 'lr_end': 0.01}", STEPS),
    ("'cosine_with_restarts', optimizer, 10, 100, {'num_cycles': 3}", STEPS), ("'constant', optimizer", STEPS), ("'constant_with_warmup', optimizer, 30, 100", STEPS),
    ("'inverse_sqrt', optimizer, 30, 100, {'timescale': 50}", STEPS), ("'cosine_with_min_lr', optimizer, 10, 100, {'min_lr': 0.01}", 101),
    ("'cosine_warmup_with_min_lr', optimizer, 10, 100, {'min_lr_rate': 0.1}", 100), ("'warmup_stable_decay', optimizer, 10, 100, {'num_decay_steps': 40}", STEPS)
):
    by_name(f"{T}get_scheduler({arguments})", steps=steps)
for text, instead, steps in ( # a Trainer's arguments need more than torch to run
    ("TrainingArguments(output_dir='out', learning_rate=0.3, warmup_steps=20, max_steps=120)", "'linear', optimizer, 20, 120", STEPS),
    ("transformers.TrainingArguments('out', lr_scheduler_type='cosine', learning_rate=3e-1, warmup_steps=0.05, max_steps=110, per_device_train_batch_size=8)", "'cosine', optimizer, 6, 110", 111),
    ("Seq2SeqTrainingArguments(args.out, lr_scheduler_type='cosine_with_min_lr', lr_scheduler_kwargs={'min_lr': 1e-2}, learning_rate=0.3, warmup_ratio=0.1, max_steps=100)", "'cosine_with_min_lr', optimizer, 10, 100, {'min_lr': 1e-2}", 101),
    ("TrainingArguments(lr_scheduler_type=SchedulerType.INVERSE_SQRT, learning_rate=0.3, warmup_steps=15, max_steps=100)", "'inverse_sqrt', optimizer, 15, 100", STEPS),
):
    by_name(text, steps=steps, instead=f"{T}get_scheduler({instead})")
metric = lambda step: max(0.5, 1 - step / 20)
by_name(T + "get_reduce_on_plateau_schedule(optimizer, factor=0.5, patience=4)", metrics=metric)
by_name(T + "get_reduce_on_plateau_schedule(optimizer, mode='max', cooldown=2, min_lr=0.001)", metrics=metric)
by_name(T + "get_scheduler('reduce_lr_on_plateau', optimizer, 10, 100, {'patience': 7, 'cooldown': 3})", metrics=metric)

# timm
S = "timm.scheduler."
warmup = "warmup_t=10, warmup_lr_init=0.01"
for arguments in (
    "60", "100, lr_min=0.03, " + warmup, "t_initial=100, lr_min=0.03, warmup_prefix=True, " + warmup, "60, k_decay=1.5, lr_min=0.01", "0.5 * 120",
    "20, lr_min=0.03, cycle_mul=1.5, cycle_decay=0.5, cycle_limit=3", "20, 0.03, 2.0, 1.0, 3, 5, 1e-3", "17, cycle_mul=2.0, cycle_decay=0.7, cycle_limit=99, k_decay=0.8",
    "25, cycle_decay=0.7, cycle_limit=4, lr_min=1e-5, warmup_prefix=True, " + warmup, "25, cycle_limit=3, t_in_epochs=False", "30, cycle_limit=0, lr_min=0.1", "40, lr_min=0.4",
    "100, noise_range_t=(10, 90), noise_pct=0.3, noise_seed=7, " + warmup, "100, noise_range_t=40.5, noise_pct=0.02", "100, noise_range_t=[0, 100], lr_min=0.01",
):
    arguments = arguments.replace("0.5 * 120", "int(0.5 * 120)")
    by_name(f"{S}CosineLRScheduler(optimizer, {arguments})")
for arguments in (
    "60, lr_min=0.03", "90, lb=-5.0, ub=4.0", "100, lr_min=0.03, " + warmup, "100, warmup_prefix=True, " + warmup, "20, cycle_mul=1.5, cycle_decay=0.5, cycle_limit=3, lr_min=0.01",
    "25, -6.0, 2.0, 0.02, cycle_limit=4, " + warmup,
):
    by_name(f"{S}TanhLRScheduler(optimizer, {arguments})")
for arguments in (
    "100", "100, power=2.0, lr_min=0.03, " + warmup, "60, 1.0, 0.01, warmup_prefix=True, " + warmup, "60, power=0.9, k_decay=1.5, lr_min=0.01",
    "20, power=1.0, cycle_mul=2.0, cycle_decay=0.5, cycle_limit=3, lr_min=0.01", "30, cycle_limit=3, k_decay=0.7, cycle_decay=0.1",
):
    by_name(f"{S}PolyLRScheduler(optimizer, {arguments})")
for arguments in ("30, 0.1", "decay_t=20, decay_rate=0.5, " + warmup, "20, 0.5, warmup_prefix=False, " + warmup, "2.4, decay_rate=0.97", "25, t_in_epochs=False, decay_rate=0.3"):
    by_name(f"{S}StepLRScheduler(optimizer, {arguments})")
for given, right, arguments in ( # which timm decays one step early
    ("[30, 60]", "[31, 61]", "decay_rate=0.1"), ("[30, 60, 60]", "[31, 61, 61]", "decay_rate=0.5, " + warmup), ("[5, 40]", "[6, 41]", "0.5, warmup_prefix=False, " + warmup),
):
    by_name(f"{S}MultiStepLRScheduler(optimizer, {given}, {arguments})", instead=f"{S}MultiStepLRScheduler(optimizer, {right}, {arguments})")
for arguments in ("mode='min'", "decay_rate=0.5, patience_t=3, mode='min', cooldown_t=2, lr_min=0.01", "0.3, 5, mode='min', " + warmup):
    by_name(f"{S}PlateauLRScheduler(optimizer, {arguments})", metrics=metric)
for arguments in (
    "", ", sched='cosine', num_epochs=100, warmup_epochs=5, min_lr=1e-5", ", 'tanh', 100, min_lr=0.01, warmup_epochs=5, warmup_prefix=True", ", 'step', 90, decay_epochs=25", ", num_epochs=100, noise=[0.3, 0.75], noise_pct=0.5, noise_seed=3",
    ", 'poly', num_epochs=100, decay_rate=0.9, cycle_limit=2, cycle_mul=1.5", ", num_epochs=10, step_on_epochs=False, updates_per_epoch=10, warmup_epochs=2",
):
    by_name(f"{S}create_scheduler_v2(optimizer{arguments})")

# optax
O = "optax."
for text in (
    "constant_schedule(0.3)", "schedules.constant_schedule(value=1e-4)", "linear_schedule(0.03, 0.6, 80)", "linear_schedule(init_value=0.3, end_value=0.0, transition_steps=80, transition_begin=20)",
    "linear_schedule(0.0, 0.3, 50)", "linear_schedule(0.3, 0.1, 0)", "polynomial_schedule(0.3, 0.03, 2, 80)", "polynomial_schedule(0.0, 0.3, 3, 60, 30)", "polynomial_schedule(0.3, 0.1, 0.5, 60, transition_begin=-5)",
    "exponential_decay(0.3, 20, 0.5)", "exponential_decay(0.3, 20, 0.5, 30, True, 0.03)", "exponential_decay(init_value=0.01, transition_steps=30, decay_rate=2.0, end_value=0.05)",
    "exponential_decay(0.3, 0, 0.5)", "exponential_decay(0.3, 20, 0.5, end_value=0.4)", "piecewise_constant_schedule(0.3, {20: 0.5, 90: 0.1})", "piecewise_constant_schedule(0.3)",
    "piecewise_constant_schedule(init_value=1.0, boundaries_and_scales={50: 3.0, 10: 0.1, 0: 0.5})", "piecewise_interpolate_schedule('linear', 0.3, {20: 0.5, 90: 3.0})",
    "piecewise_interpolate_schedule('cosine', 0.3, {30: 0.5, 90: 0.0})", "cosine_decay_schedule(0.3, 80)", "schedules.cosine_decay_schedule(init_value=0.3, decay_steps=80, alpha=0.1, exponent=2.0)",
    "linear_onecycle_schedule(100, 0.3)", "linear_onecycle_schedule(transition_steps=90, peak_value=0.1, pct_start=0.2, pct_final=0.7, div_factor=10.0, final_div_factor=100.0)",
    "cosine_onecycle_schedule(100, 0.3)", "cosine_onecycle_schedule(77, 0.3, 0.25, 10.0, 1e3)", "warmup_constant_schedule(0.0, 0.3, 40)", "warmup_constant_schedule(0.5, 0.3, 40)",
    "warmup_cosine_decay_schedule(0.0, 0.3, 20, 120)", "warmup_cosine_decay_schedule(init_value=0.03, peak_value=0.3, warmup_steps=20, decay_steps=110, end_value=0.01, exponent=2.0)",
    "warmup_cosine_decay_schedule(0.5, 0.3, 20, 110, 0.4)", "warmup_exponential_decay_schedule(0.0, 0.3, 10, 20, 0.5)",
    "warmup_exponential_decay_schedule(0.4, 0.3, 10, 20, 0.5, 15, True, 0.05)",
    "sgdr_schedule([{'init_value': 0.0, 'peak_value': 0.3, 'warmup_steps': 5, 'decay_steps': 40}, {'init_value': 0.03, 'peak_value': 0.2, 'warmup_steps': 10, 'decay_steps': 60, 'end_value': 0.01}])",
    "sgdr_schedule([dict(init_value=0.0, peak_value=p, warmup_steps=0, decay_steps=30) for p in (0.3, 0.2, 0.1)])",
    "join_schedules([optax.linear_schedule(0.0, 0.3, 30), optax.constant_schedule(0.3), optax.cosine_decay_schedule(0.3, 40)], [30, 60])",
    "join_schedules(schedules=[optax.warmup_constant_schedule(0.0, 0.1, 10), optax.exponential_decay(0.2, 20, 0.5)], boundaries=[50])",
):
    by_name(O + text)

# Keras
K = "keras.optimizers.schedules."
for text in (
    "ExponentialDecay(0.3, 20, 0.5)", "ExponentialDecay(initial_learning_rate=0.3, decay_steps=20, decay_rate=0.5, staircase=True)", "PiecewiseConstantDecay([20, 90], [0.3, 0.15, 0.03])",
    "PiecewiseConstantDecay(boundaries=[10, 50, 70], values=[0.1, 0.5, 0.0, 0.2])", "PolynomialDecay(0.3, 100)", "PolynomialDecay(0.3, 30, 0.03, power=0.5, cycle=True)",
    "PolynomialDecay(initial_learning_rate=0.01, decay_steps=90, end_learning_rate=0.2, power=2.0)", "InverseTimeDecay(0.3, 20, 0.5)", "InverseTimeDecay(0.3, 20.0, 0.5, staircase=True)",
    "CosineDecay(0.3, 80)", "CosineDecay(0.0, 100, alpha=0.1, warmup_target=0.3, warmup_steps=20)", "CosineDecay(0.5, 100, warmup_target=0.3, warmup_steps=20)", "CosineDecay(1.0, 2)",
    "CosineDecayRestarts(0.3, 20)", "CosineDecayRestarts(initial_learning_rate=0.3, first_decay_steps=25, t_mul=1.0, m_mul=0.5, alpha=0.1)", "CosineDecayRestarts(0.3, 20, 1.5, 0.8)",
):
    by_name(K + text)
    made = eval(K + text)
    for config in (keras.optimizers.schedules.serialize(made), made.get_config()):
        named.append([json.dumps(config), *named[-1][1:]])
for text in ("PolynomialDecay(1.0, 100)", "tf.keras.optimizers.schedules.CosineDecay(0.1, 100)", "ExponentialDecay(0.1, 100, 0.9)"):
    by_name(text, instead=K + text.replace("tf." + K, ""))

names = ("torch", "transformers", "timm", "optax", "jax", "keras")
target = pathlib.Path(__file__).parent.parent / "core/src/test/resources/org/anneal/schedule/peers.csv"
target.parent.mkdir(parents=True, exist_ok=True)
lines = ["# " + ", ".join(f"{name} {version(name)}" for name in names), "origin;text;base;rates"]
target.write_text("\n".join(lines + [";".join(case) for case in cases]) + "\n")

target = pathlib.Path(__file__).parent.parent / "core/src/test/resources/org/anneal/peer/names.csv"
target.parent.mkdir(parents=True, exist_ok=True)
lines = [lines[0], "text;base;metrics;rates"]
target.write_text("\n".join(lines + [";".join(case) for case in named]) + "\n")
