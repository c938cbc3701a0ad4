#!/usr/bin/env python3
"""Writes the golden files of the range test: `python3 parity/find.py`, with torch 2.13 and numpy. It writes under
parity/src/test/resources/golden/ next to this file and gives the same bytes each time.

range_test.csv: sweeps by PyTorch's own optimizers, of a linear model with the weights w (3) and the bias c over batches of
ROWS rows, row k of all batches being x[j] = cos(1.7 * k + j), y = sin(0.9 * k); the loss is the mean of (x.w + c - y) ** 2. In a
case each line is a key, a comma and a value; blank lines separate the cases:

    case,sgd                             unique
    optimizer,SGD(lr=0.1, momentum=0.9)  of the group "weights", which is w
    bias,SGD(lr=0.2, momentum=0.9)       of the group "bias", which is c
    sweep,1e-05,10.0,60,exp              from, to, steps, exp or linear
    smoothing,0.98                       of the losses
    divergence,4.0                       factor
    accumulate,1                         batches per update; each adds the gradient of its loss / accumulate
    group,all                            all in proportion, or the one whose rate is swept
    validation,no                        or yes: the loss of rows 4000 to 4007 after each update
    ended,diverged                       or completed
    0,1e-05,0.5,0.5                      rows: update, rate, loss, smoothed loss

range_rules.csv: the rates that fastai's suggestion functions give for a curve, with the cut of its lr_find, [steps // 10:-5].
They are written again from their definitions in fastai/callback/schedule.py, version 2.7 (valley, slide, steep, minimum). Where
a function has no sensible answer, the file has none: a slide on fewer than 16 points, without a flat interval, or where the loss
never falls below its first; a valley of fewer than 3 points; a steepest point that does not fall; a minimum at the first point, or
at the last of a complete curve.

    curve,bowl                           unique
    steps,100                            planned; the rates are those of an exponential sweep from 1e-7 to 10
    losses,2.3 2.3 ...                   one for each update made
    valley,0.012                         then slide, steepest, minimum: the rate, or none"""

import math
import pathlib

import numpy as np
import torch

GOLDEN = pathlib.Path(__file__).parent / "src/test/resources/golden"
ROWS = 4


def rows(first, count):
    k = np.arange(first, first + count, dtype=np.float64)
    x = np.stack([np.cos(1.7 * k + j) for j in range(3)], axis=1)
    return torch.tensor(x.astype(np.float32)), torch.tensor(np.sin(0.9 * k).astype(np.float32))


def rates(start, end, steps, kind):
    parts = [i / (steps - 1) for i in range(steps)]
    swept = [start * (end / start) ** part if kind == "exp" else start + (end - start) * part for part in parts]
    return swept[:-1] + [end]


def sweep(optimizer, bias, swept, smoothing=0.98, divergence=4.0, accumulate=1, group="all", validation="no"):
    w = torch.tensor([0.5, -0.25, 0.125], requires_grad=True)
    c = torch.tensor([0.75], requires_grad=True)

    def loss(first, count):
        x, y = rows(first, count)
        return ((x @ w + c - y) ** 2).mean()

    cls = getattr(torch.optim, optimizer[0])
    opt = cls([dict(optimizer[1], params=[w]), dict(bias[1], params=[c])], lr=0.1)
    proportion = bias[1]["lr"] / optimizer[1]["lr"]
    mean, best, batch = 0.0, math.inf, 0
    for i, rate in enumerate(rates(*swept)):
        if group in ("all", "weights"):
            opt.param_groups[0]["lr"] = rate
        if group in ("all", "bias"):
            opt.param_groups[1]["lr"] = rate * (proportion if group == "all" else 1)
        opt.zero_grad()
        losses = []
        for _ in range(accumulate):
            value = loss(ROWS * batch, ROWS)
            (value / accumulate).backward()
            losses.append(value.item())
            batch += 1
        opt.step()
        value = loss(4000, 8).item() if validation == "yes" else sum(losses) / accumulate
        mean = smoothing * mean + (1 - smoothing) * value
        smoothed = mean / (1 - smoothing ** (i + 1))
        yield f"{i},{rate!r},{value!r},{smoothed!r}"
        best = min(best, smoothed)
        if smoothed > divergence * best:
            yield "ended,diverged"
            return
    yield "ended,completed"


SWEEPS = {
    "sgd": dict(optimizer=("SGD", dict(lr=0.1, momentum=0.9)), bias=("SGD", dict(lr=0.1, momentum=0.9)),
                swept=(1e-5, 10.0, 60, "exp")),
    "sgd-in-proportion": dict(optimizer=("SGD", dict(lr=0.1)), bias=("SGD", dict(lr=0.02)),
                              swept=(1e-4, 20.0, 50, "exp"), smoothing=0.9),
    "adam-linear": dict(optimizer=("Adam", dict(lr=0.1)), bias=("Adam", dict(lr=0.1)),
                        swept=(0.0, 0.5, 40, "linear"), smoothing=0.5),
    "bias-alone": dict(optimizer=("AdamW", dict(lr=0.01)), bias=("AdamW", dict(lr=0.01)),
                       swept=(1e-3, 5.0, 40, "exp"), smoothing=0.8, group="bias"),
    "accumulated": dict(optimizer=("SGD", dict(lr=0.1, momentum=0.9)), bias=("SGD", dict(lr=0.1, momentum=0.9)),
                        swept=(1e-4, 5.0, 40, "exp"), smoothing=0.8, accumulate=3),
    "validated": dict(optimizer=("RMSprop", dict(lr=0.01)), bias=("RMSprop", dict(lr=0.01)),
                      swept=(1e-4, 1.0, 50, "exp"), smoothing=0.0, divergence=3.0, validation="yes"),
    "unstopped": dict(optimizer=("SGD", dict(lr=0.1)), bias=("SGD", dict(lr=0.1)),
                      swept=(1e-3, 3.0, 30, "exp"), smoothing=0.3, divergence=math.inf),
}


def call(rule):
    return rule[0] + "(" + ", ".join(f"{k}={v!r}" for k, v in rule[1].items()) + ")"


def sweeps():
    for name, case in SWEEPS.items():
        case = dict(smoothing=0.98, divergence=4.0, accumulate=1, group="all", validation="no") | case
        yield f"case,{name}"
        yield f"optimizer,{call(case['optimizer'])}"
        yield f"bias,{call(case['bias'])}"
        yield "sweep," + ",".join(map(str, case["swept"]))
        for key in ("smoothing", "divergence", "accumulate", "group", "validation"):
            yield f"{key},{case[key]}"
        yield from sweep(**case)
        yield ""


def valley(lrs, losses):
    """The longest falling subsequence, which ends earliest, and in it the place after its first third and half a third."""
    length = np.ones(len(losses), dtype=int)
    for i in range(len(losses)):
        length[i] = 1 + max((length[j] for j in range(i) if losses[i] < losses[j]), default=0)
    if len(losses) == 0 or length.max() < 3:
        return None
    end = int(np.argmax(length))  # the first of the longest
    start = end - int(length[end])
    third = (end - start) / 3
    return lrs[start + int(third) + int(third / 2)]


def slide(lrs, losses, interval=15, threshold=0.005):
    """An interval slides in from the right until the gradients at its ends agree; the rate is at its last left end."""
    if len(losses) < interval + 1 or losses.min() == losses[0]:
        return None
    gradient = np.gradient(losses)
    right = len(losses) - 1
    found = lrs[right - interval]
    while right - interval >= 0 and abs(gradient[right] - gradient[right - interval]) > threshold:
        found = lrs[right - interval]
        right -= 1
    return found if right - interval >= 0 else None


def steepest(lrs, losses):
    if len(losses) < 2:
        return None
    slopes = np.diff(losses) / np.diff(np.log(lrs))
    return lrs[int(slopes.argmin())] if slopes.min() < 0 else None


def minimum(lrs, losses, complete):
    if len(losses) == 0:
        return None
    least = int(np.argmin(losses))
    return None if least == 0 or (complete and least == len(losses) - 1) else lrs[least] / 10


def curves():
    """Curves as sweeps give them, by number of planned steps; the last of 100 and so on may be missing, as after a stop."""
    random = np.random.default_rng(20)
    at = lambda steps: np.arange(steps) / (steps - 1)
    fall = lambda t, where, width: 1 / (1 + np.exp(-(t - where) / width))
    yield "bowl", 100, 2.3 - 1.5 * fall(at(100), 0.55, 0.05) + 5 * fall(at(100), 0.95, 0.02)
    yield "noisy bowl", 100, (2.3 - 1.5 * fall(at(100), 0.5, 0.06) + 6 * fall(at(100), 0.9, 0.02)
                              + 0.05 * random.standard_normal(100))
    yield "stopped", 100, (2.3 - 1.2 * fall(at(100), 0.4, 0.05) + 40 * fall(at(100), 0.9, 0.02))[:88]
    yield "long", 400, 0.7 - 0.5 * fall(at(400), 0.6, 0.08) + 3 * fall(at(400), 0.95, 0.01)
    yield "noise", 60, 1 + 0.3 * random.standard_normal(60)
    yield "falling", 80, 2 - at(80) ** 2
    yield "rising", 80, 1 + at(80) ** 3
    yield "flat", 50, np.full(50, 0.5)
    yield "two valleys", 120, (2 - fall(at(120), 0.3, 0.02) + 0.8 * fall(at(120), 0.5, 0.02)
                               - 1.2 * fall(at(120), 0.7, 0.02) + 4 * fall(at(120), 0.95, 0.01))
    yield "below zero", 70, -1 - 2 * fall(at(70), 0.5, 0.05) + 5 * fall(at(70), 0.93, 0.02)
    yield "large", 90, 1e4 * (1 - 0.9 * fall(at(90), 0.5, 0.1) + 3 * fall(at(90), 0.92, 0.02))
    yield "short", 24, 3 - 2 * fall(at(24), 0.5, 0.1) + 4 * fall(at(24), 0.95, 0.02)
    yield "too short", 8, 3 - at(8)
    yield "diverged at once", 100, np.array([2.0, 2.5, 9.0])
    for steps in (21, 33, 100):
        yield f"walk of {steps}", steps, 50 + np.cumsum(random.standard_normal(steps))


def rules():
    for name, steps, losses in curves():
        lrs = np.array(rates(1e-7, 10.0, steps, "exp"))[:len(losses)]
        complete = len(losses) == steps
        yield f"curve,{name}"
        yield f"steps,{steps}"
        yield "losses," + " ".join(repr(float(loss)) for loss in losses)
        read = slice(steps // 10, max(steps // 10, len(losses) - 5))
        lrs, losses = lrs[read], losses[read]
        for rule, rate in (("valley", valley(lrs, losses)), ("slide", slide(lrs, losses)),
                           ("steepest", steepest(lrs, losses)), ("minimum", minimum(lrs, losses, complete))):
            yield f"{rule}," + ("none" if rate is None else repr(float(rate)))
        yield ""


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name, fill in (("range_test.csv", sweeps), ("range_rules.csv", rules)):
        head = f"# torch {torch.__version__}, numpy {np.__version__}, by parity/find.py"
        (GOLDEN / name).write_text("\n".join([head, *fill()]) + "\n")
