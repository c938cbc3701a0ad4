#!/usr/bin/env python3
"""The tutorial network handed over between PyTorch and Anneal in the middle of a run: PyTorch's side of ExchangeTest.

    exchange.py write DIR         for every case: trains STEPS[0] steps, saves DIR/<case>.pt with the keys epoch, model,
                                  optimizer and scheduler, goes on for STEPS[1] steps, and writes their losses to
                                  DIR/<case>.json
    exchange.py resume CASE FILE  loads FILE, which Anneal wrote after STEPS[0] steps, goes on for STEPS[1] steps and
                                  prints their losses, one a line

Batches are the same on both sides, and there are three of them, so that the network learns: with b = t % 3, pixel i of
sample s at step t = 0, 1, ... is ((i * (b + 2) * (s + 3) + s * 31) % 101 - 50) / 32, and its label (s * 3 + b * 7) % 10. The
scheduler is stepped after each step of the optimizer.
"""
import json
import pathlib
import sys

import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import SGD, Adam
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, OneCycleLR, SequentialLR, StepLR

STEPS = (10, 20)
BATCH = 4
OPTIMIZERS = {
    "SGD": lambda params: SGD(params, lr=0.01, momentum=0.9),
    "Adam": lambda params: Adam(params, lr=0.001),
}
SCHEDULERS = {
    "StepLR": lambda o: StepLR(o, step_size=7, gamma=0.5),
    "OneCycleLR": lambda o: OneCycleLR(o, max_lr=0.004, total_steps=40),
    "SequentialLR": lambda o: SequentialLR(
        o, [LinearLR(o, start_factor=0.1, total_iters=15), CosineAnnealingLR(o, T_max=20)], milestones=[15]),
}
CASES = [f"{optimizer}-{scheduler}" for optimizer in OPTIMIZERS for scheduler in SCHEDULERS]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


def batch(t):
    pixels, b = torch.arange(3 * 32 * 32), t % 3
    images = torch.stack([((pixels * (b + 2) * (s + 3) + s * 31) % 101 - 50) / 32 for s in range(BATCH)])
    return images.reshape(BATCH, 3, 32, 32), torch.tensor([(s * 3 + b * 7) % 10 for s in range(BATCH)])


def build(case):
    torch.manual_seed(1)
    net = Net()
    optimizer, scheduler = case.split("-")
    optimizer = OPTIMIZERS[optimizer](net.parameters())
    return net, optimizer, SCHEDULERS[scheduler](optimizer)


def train(net, optimizer, scheduler, first, count):
    losses = []
    for t in range(first, first + count):
        images, labels = batch(t)
        optimizer.zero_grad()
        loss = F.cross_entropy(net(images), labels)
        loss.backward()
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
    return losses


def write(folder):
    for case in CASES:
        net, optimizer, scheduler = build(case)
        train(net, optimizer, scheduler, 0, STEPS[0])
        torch.save({"epoch": 1, "model": net.state_dict(), "optimizer": optimizer.state_dict(),
                    "scheduler": scheduler.state_dict()}, folder / f"{case}.pt")
        (folder / f"{case}.json").write_text(json.dumps(train(net, optimizer, scheduler, *STEPS)) + "\n")


def resume(case, file):
    net, optimizer, scheduler = build(case)
    ck = torch.load(file, weights_only=True)
    net.load_state_dict(ck["model"])
    optimizer.load_state_dict(ck["optimizer"])
    scheduler.load_state_dict(ck["scheduler"])
    for loss in train(net, optimizer, scheduler, *STEPS):
        print(repr(loss))


torch.set_num_threads(1)
if sys.argv[1] == "write":
    write(pathlib.Path(sys.argv[2]))
else:
    resume(*sys.argv[2:])
