#!/usr/bin/env python3
"""Times optimizer.step() in Python, foreach and fused in turns, on the parameters of bench's OptimizerStep."""
import argparse
import time

import torch

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("rule", help="SGD(lr=0.001, momentum=0.9) or the like")
parser.add_argument("size", choices=("62k", "11.7M", "100M"))
parser.add_argument("rounds", type=int)
parser.add_argument("threads", type=int)
args = parser.parse_args()
torch.set_num_threads(args.threads)


def convolution(out, inputs, kernel):
    return [(out, inputs, kernel, kernel), (out,), (out,)]


def resnet18():
    shapes, channels = convolution(64, 3, 7), 64
    for width in (64, 128, 256, 512):
        for _ in range(2):
            shapes += convolution(width, channels, 3) + convolution(width, width, 3)
            if channels != width:
                shapes += convolution(width, channels, 1)
            channels = width
    return shapes + [(1000, 512), (1000,)]


SHAPES = {
    "62k": [(6, 3, 5, 5), (6,), (16, 6, 5, 5), (16,), (120, 400), (120,), (84, 120), (84,), (10, 84), (10,)],
    "11.7M": resnet18(),
    "100M": [(500, 1000)] * 200,
}


def values(shape, scale):
    count = torch.Size(shape).numel()
    return ((torch.arange(count) % 37 - 18) * scale).float().reshape(shape)


name, options = args.rule[:-1].split("(")
options = eval(f"dict({options})")  # the benchmark's own argument
variants = {}
for implementation in ("foreach", "fused"):
    params = [torch.nn.Parameter(values(shape, 0.01)) for shape in SHAPES[args.size]]
    for param in params:
        param.grad = values(param.shape, 0.001)
    variants[f"python-{implementation}"] = getattr(torch.optim, name)(params, **options, **{implementation: True}).step

steps = {}
for variant, step in variants.items():
    step()
    start = time.perf_counter()
    step()
    once = (time.perf_counter() - start) * 1e3
    for _ in range(1 if once > 60 else 300):
        step()
    steps[variant] = max(1, min(1000, int(60 / once)))
for _ in range(args.rounds):
    for variant, step in variants.items():
        start = time.perf_counter()
        for _ in range(steps[variant]):
            step()
        print(name, args.size, variant, f"{(time.perf_counter() - start) * 1e3 / steps[variant]:.5f}")
