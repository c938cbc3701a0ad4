#!/usr/bin/env python3
"""Times PyTorch's scheduler.step(), one schedule and number of groups at a time.

Each repetition steps a new scheduler through a run of its own; the time of optimizer.step() is not in it. A line for
each, for programs: schedule=... groups=... steps=... ns_per_step_median=... ns_per_step_min=...
"""
import argparse
import statistics
import time
import warnings

import torch
from torch.optim import lr_scheduler

warnings.filterwarnings("ignore")

SCHEDULES = {
    "StepLR": lambda optimizer, steps: lr_scheduler.StepLR(optimizer, step_size=30, gamma=0.999),
    "CosineAnnealingLR": lambda optimizer, steps: lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps),
    "OneCycleLR": lambda optimizer, steps: lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=steps + 1),
    "SequentialLR": lambda optimizer, steps: lr_scheduler.SequentialLR(
        optimizer, [lr_scheduler.LinearLR(optimizer, start_factor=0.01, total_iters=steps // 20),
                    lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps - steps // 20)], milestones=[steps // 20]),
}


def ns_per_step(build, groups, steps):
    optimizer = torch.optim.SGD(
        [{"params": [torch.nn.Parameter(torch.zeros(1))]} for _ in range(groups)], lr=0.1, momentum=0.9)
    scheduler = build(optimizer, steps)
    optimizer.step()
    step = scheduler.step
    start = time.perf_counter_ns()
    for _ in range(steps):
        step()
    return (time.perf_counter_ns() - start) / steps


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=9)
    parser.add_argument("--steps", type=int, default=20_000, help="of one group; of 100 groups a tenth")
    args = parser.parse_args()
    torch.set_num_threads(1)
    for groups, steps in ((1, args.steps), (100, args.steps // 10)):
        for name, build in SCHEDULES.items():
            ns_per_step(build, groups, steps // 10)
            times = [ns_per_step(build, groups, steps) for _ in range(args.repetitions)]
            print(f"schedule={name} groups={groups} steps={steps} "
                  f"ns_per_step_median={statistics.median(times):.1f} ns_per_step_min={min(times):.1f}", flush=True)


if __name__ == "__main__":
    main()
