"""Writes core/src/test/resources/org/anneal/optim/greedy.csv: the rates that transformers' GreedyLR gives for metrics, and
PyTorch's ReduceLROnPlateau for metrics that were smoothed before.

    python3 -m venv peers && peers/bin/pip install torch==2.13.0 transformers==5.18.0 numpy
    peers/bin/python parity/greedy.py

A line holds our text, the base of each group, the metrics, and the rates in force after each metric, group by group.
"""

import math
import pathlib
import random

import numpy
import torch
import transformers
from transformers.optimization import GreedyLR

lines = []


def optimizer(bases):
    return torch.optim.SGD([{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": lr} for lr in bases])


def run(text, bases, metrics, make, smooth=lambda seen: seen[-1]):
    opt = optimizer(bases)
    scheduler = make(opt)
    rates = []
    for i in range(len(metrics)):
        taken = smooth(metrics[: i + 1])
        if taken is not None:
            scheduler.step(taken)
        rates.append(" ".join(repr(float(group["lr"])) for group in opt.param_groups))
    lines.append(";".join([text, " ".join(map(repr, bases)), " ".join(map(repr, metrics)), ",".join(rates)]))


def losses(seed, count=300, noise=0.3, floor=0.4):
    rng = random.Random(seed)
    return [floor + 2 * math.exp(-i / 60) + rng.gauss(0, noise * math.exp(-i / 200)) for i in range(count)]


def falling(count=120):
    return [1 - i / 200 for i in range(count)]


def greedy(arguments, bases=(0.1,), metrics=None):
    bases = list(bases)
    run(f"GreedyLR({arguments})", bases, metrics or losses(len(lines)), lambda opt: eval(f"GreedyLR(opt, {arguments})"))


greedy("")
greedy("patience=0")
greedy("patience=2, factor=0.5", metrics=falling())
greedy("'min', 0.9, 1, 0.01, 'rel', 2, 3, 1e-4, 0.5")
greedy("patience=1, factor=0.7, cooldown=3, warmup=2, min_lr=[0.01, 0.002], max_lr=[0.2, 0.1]", bases=(0.1, 0.05))
greedy("mode='max', patience=1, factor=0.8", metrics=[1 - loss / 4 for loss in losses(5)])
greedy("mode='max', patience=1, factor=0.8, threshold=0.001, threshold_mode='rel'", metrics=[3 - loss for loss in losses(6)])
greedy("patience=1, factor=0.5, min_lr=0.01, reset_start=3", metrics=[1.0] * 60 + falling(60))
greedy("patience=0, factor=0.5, min_lr=[0.01, 0.02], reset_start=1, cooldown=2", bases=(0.1, 0.03), metrics=losses(8))
greedy("patience=2, factor=0.5, min_lr=0.01, reset_start=0", metrics=[1.0] * 80)
greedy("patience=1, factor=0.9, smooth=True, window_size=5")
greedy("patience=3, factor=0.9, smooth=True, min_lr=0.05, reset_start=4")
greedy("patience=1, factor=0.9, eps=0.008, min_lr=0.0")
greedy("patience=0, factor=0.9, min_lr=0.5, max_lr=0.6", metrics=falling(50) + [1.0] * 50)
greedy("patience=1", metrics=[1.0, 0.9, math.nan, math.nan, math.nan, 0.8, 0.7, 0.6, math.inf, 0.5] * 6)


def plateau(smoothing, smooth, arguments="factor=0.5, patience=3"):
    run(
        f"SmoothedMetric(ReduceLROnPlateau({arguments}), {smoothing})",
        [0.1],
        losses(100 + len(lines), noise=0.6),
        lambda opt: eval(f"torch.optim.lr_scheduler.ReduceLROnPlateau(opt, {arguments})"),
        smooth,
    )


def ema(decay):
    def smooth(seen):
        weights = decay ** numpy.arange(len(seen) - 1, -1, -1)
        return float((weights * seen).sum() / weights.sum())  # the bias correction makes it a mean with these weights

    return smooth


plateau("window=1", lambda seen: seen[-1])
plateau("window=7", lambda seen: float(numpy.mean(seen[-7:])))
plateau("decay=0.9", ema(0.9))
plateau("every=4", lambda seen: float(numpy.mean(seen[-4:])) if len(seen) % 4 == 0 else None)
plateau("window=3, every=2", lambda seen: float(numpy.mean(seen[-6:])) if len(seen) % 2 == 0 and len(seen) >= 6
        else float(numpy.mean(seen)) if len(seen) % 2 == 0 else None)
plateau(
    "decay=0.5, every=3",
    lambda seen: ema(0.5)([float(numpy.mean(seen[i : i + 3])) for i in range(0, len(seen), 3)]) if len(seen) % 3 == 0 else None,
)

out = pathlib.Path(__file__).parent.parent / "core/src/test/resources/org/anneal/optim/greedy.csv"
out.parent.mkdir(parents=True, exist_ok=True)
versions = f"# torch {torch.__version__}, transformers {transformers.__version__}, numpy {numpy.__version__}"
out.write_text("\n".join([versions, "policy;bases;metrics;rates"] + lines) + "\n")
