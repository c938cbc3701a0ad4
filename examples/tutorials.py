#!/usr/bin/env python3
"""The programs of the common PyTorch tutorials, to compare Anneal's examples with, line by line.

    python3 examples/tutorials.py             writes what each prints to src/test/resources/expected/<name>.txt
    python3 examples/tutorials.py step_lr     runs one and prints

Written with torch 2.13.0.
"""
import contextlib
import math
import pathlib
import sys

import torch
from torch import nn
from torch.optim import SGD
from torch.optim.lr_scheduler import (CosineAnnealingLR, ExponentialLR, LambdaLR, MultiplicativeLR, MultiStepLR,
                                      ReduceLROnPlateau, StepLR)
from torch.optim.swa_utils import SWALR, AveragedModel, update_bn


def train_one_epoch(model, optimizer):
    """One step on one batch: enough for a program about learning rates."""
    optimizer.zero_grad()
    model(torch.ones(4, 10)).pow(2).mean().backward()
    optimizer.step()


def step_lr():
    model = nn.Linear(10, 1)
    optimizer = SGD(model.parameters(), lr=0.1)
    scheduler = StepLR(optimizer, step_size=10, gamma=0.1)
    for epoch in range(30):
        train_one_epoch(model, optimizer)
        print(f"Epoch {epoch + 1}, Current LR: {optimizer.param_groups[0]['lr']:.2e}")
        scheduler.step()


def multi_step_lr():
    model = nn.Linear(10, 1)
    optimizer = SGD(model.parameters(), lr=0.1)
    scheduler = MultiStepLR(optimizer, milestones=[15, 25], gamma=0.1)
    for epoch in range(30):
        train_one_epoch(model, optimizer)
        print(f"Epoch {epoch + 1}, Current LR: {optimizer.param_groups[0]['lr']:.2e}")
        scheduler.step()


def exponential_lr():
    model = nn.Linear(10, 1)
    optimizer = SGD(model.parameters(), lr=0.1)
    scheduler = ExponentialLR(optimizer, gamma=0.95)
    for epoch in range(30):
        train_one_epoch(model, optimizer)
        print(f"Epoch {epoch + 1}, Current LR: {optimizer.param_groups[0]['lr']:.2e}")
        scheduler.step()


def cosine_annealing_lr():
    model = nn.Linear(10, 1)
    optimizer = SGD(model.parameters(), lr=0.1)
    scheduler = CosineAnnealingLR(optimizer, T_max=50)
    for epoch in range(30):
        train_one_epoch(model, optimizer)
        print(f"Epoch {epoch + 1}, Current LR: {optimizer.param_groups[0]['lr']:.2e}")
        scheduler.step()


def reduce_lr_on_plateau():
    model = nn.Linear(10, 1)
    optimizer = SGD(model.parameters(), lr=0.1)
    scheduler = ReduceLROnPlateau(optimizer, mode="min", factor=0.1, patience=10)
    for epoch in range(30):
        train_one_epoch(model, optimizer)
        train_loss = 1 / (0.1 * epoch + 1)
        val_loss = 0.5 + 0.05 * math.sin(epoch)
        print(f"Epoch {epoch + 1}, Train Loss: {train_loss:.4f}, Val Loss: {val_loss:.4f}, "
              f"Current LR: {optimizer.param_groups[0]['lr']:.2e}")
        scheduler.step(val_loss)


def print_state(optimizer):
    """Prints the optimizer's state_dict without the switches of PyTorch's own engine."""
    state = optimizer.state_dict()
    for group in state["param_groups"]:
        for switch in ("foreach", "differentiable", "fused", "capturable"):
            group.pop(switch, None)
    print(state)


def lambda_lr():
    model = nn.Linear(10, 1)
    optimizer = SGD(model.parameters(), lr=0.1)
    print_state(optimizer)
    scheduler = LambdaLR(optimizer, lr_lambda=lambda epoch: epoch / 10)
    print_state(optimizer)
    for epoch in range(10):
        train_one_epoch(model, optimizer)
        print(optimizer.param_groups[0]["lr"])
        scheduler.step()


def multiplicative_lr():
    model = nn.Linear(10, 1)
    optimizer = SGD(model.parameters(), lr=0.1)
    print_state(optimizer)
    scheduler = MultiplicativeLR(optimizer, lr_lambda=lambda epoch: 0.95)
    print_state(optimizer)
    for epoch in range(10):
        train_one_epoch(model, optimizer)
        print(optimizer.param_groups[0]["lr"])
        scheduler.step()


def thawing():
    stem, base, classifier = nn.Linear(10, 8), nn.Linear(8, 8), nn.Linear(8, 1)
    model = nn.Sequential(stem, base, classifier)
    stem.requires_grad_(False)
    optimizer = SGD([
        {"params": base.parameters()},
        {"params": classifier.parameters(), "lr": 1e-2},
    ], lr=1e-3)
    scheduler = ExponentialLR(optimizer, gamma=0.9)
    for epoch in range(8):
        train_one_epoch(model, optimizer)
        rates = ", ".join(f"{group['lr']:.2e}" for group in optimizer.param_groups)
        print(f"Epoch {epoch + 1}, Current LR: {rates}")
        scheduler.step()
        if epoch + 1 == 3:
            stem.requires_grad_(True)
            optimizer.add_param_group({"params": stem.parameters(), "lr": 1e-4, "name": "thawed"})


def every_10000_steps():
    samples = 60_000
    for batch_size, epochs in ((32, 17), (128, 65)):
        optimizer = SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
        scheduler = LambdaLR(optimizer, lr_lambda=lambda step: 0.5 ** (step // 10000))
        step = 0
        for epoch in range(epochs):
            for _ in range(0, samples, batch_size):
                before = optimizer.param_groups[0]["lr"]
                optimizer.step()
                scheduler.step()
                step += 1
                rate = optimizer.param_groups[0]["lr"]
                if rate != before:
                    print(f"Batch size {batch_size}, epoch {epoch + 1}, step {step}, Current LR: {rate:.2e}")
        print(f"Batch size {batch_size}, {epochs} epochs, {step} steps, Current LR: {rate:.2e}")


def swa():
    """The loop of the documentation of torch.optim, Stochastic Weight Averaging."""
    inputs = torch.tensor([[math.sin(4 * i + j) for j in range(4)] for i in range(64)])
    targets = torch.tensor([int(math.sin(4 * i) > 0) for i in range(64)])
    loader = list(zip(inputs.split(16), targets.split(16)))
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))
    optimizer = SGD(model.parameters(), lr=0.5)
    swa_model = AveragedModel(model)
    scheduler = CosineAnnealingLR(optimizer, T_max=20)
    swa_start = 10
    swa_scheduler = SWALR(optimizer, swa_lr=0.05, anneal_epochs=5)
    for epoch in range(20):
        for input, target in loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(input), target)
            loss.backward()
            optimizer.step()
        print(f"Epoch {epoch + 1}, Loss: {loss.item():.3f}, Current LR: {optimizer.param_groups[0]['lr']:.2e}")
        if epoch > swa_start:
            swa_model.update_parameters(model)
            swa_scheduler.step()
        else:
            scheduler.step()
    update_bn(loader, swa_model)
    swa_model.eval()
    loss = nn.functional.cross_entropy(swa_model(inputs), targets)
    print(f"Average of {swa_model.n_averaged}, Loss: {loss.item():.3f}")


TUTORIALS = (step_lr, multi_step_lr, exponential_lr, cosine_annealing_lr, reduce_lr_on_plateau, lambda_lr,
             multiplicative_lr, thawing, every_10000_steps, swa)


def main():
    if sys.argv[1:]:
        by_name = {tutorial.__name__: tutorial for tutorial in TUTORIALS}
        for name in sys.argv[1:]:
            if name not in by_name:
                sys.exit(f"{name} is none of {', '.join(by_name)}")
            by_name[name]()
        return
    expected = pathlib.Path(__file__).resolve().parent / "src/test/resources/expected"
    expected.mkdir(parents=True, exist_ok=True)
    for tutorial in TUTORIALS:
        with open(expected / f"{tutorial.__name__}.txt", "w", newline="\n") as file, contextlib.redirect_stdout(file):
            tutorial()


if __name__ == "__main__":
    main()
