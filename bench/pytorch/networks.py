#!/usr/bin/env python3
"""Times a training step of several networks, and a pass forwards and backwards of linear layers, as bench's Networks does.

Prints a row's name and the median, in ms.
"""
import argparse
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F

import tutorial

WARMUP = 0.25  # s
MEASURED = 0.35


class Cnn(nn.Module):
    """Two convolutions with batch norm, and a linear layer."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(32)
        self.fc = nn.Linear(32 * 7 * 7, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x)), inplace=True), 2)
        x = F.max_pool2d(F.relu(self.bn2(self.conv2(x)), inplace=True), 2)
        return self.fc(x.flatten(1))


class BasicBlock(nn.Module):
    """torchvision's."""

    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = None
        if stride != 1 or inputs != width:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = self.bn2(self.conv2(y))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)), inplace=True)


class ResNet8(nn.Module):
    """A stem, three blocks and a linear layer, by torchvision's names."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(BasicBlock(16, 16, 1))
        self.layer2 = nn.Sequential(BasicBlock(16, 32, 2))
        self.layer3 = nn.Sequential(BasicBlock(32, 64, 2))
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


def mlp(*widths):
    layers = [nn.Linear(widths[0], widths[1])]
    for i in range(1, len(widths) - 1):
        layers += [nn.ReLU(inplace=True), nn.Linear(widths[i], widths[i + 1])]
    return nn.Sequential(*layers)


def training(model, *shape):
    inputs, targets = torch.randn(shape), torch.randint(10, (shape[0],))
    sgd = torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.9)

    def step():
        sgd.zero_grad()
        F.cross_entropy(model(inputs), targets).backward()
        sgd.step()

    return step


def linear(width, batch):
    """A layer within a network: the gradients of its input are computed, too."""
    layer = nn.Linear(width, width)
    inputs, gradient = torch.randn(batch, width, requires_grad=True), torch.randn(batch, width)

    def step():
        layer.zero_grad()
        inputs.grad = None
        layer(inputs).backward(gradient)

    return step


def times(step, budget):
    measured, begin = [], time.perf_counter()
    while len(measured) < 3 or time.perf_counter() - begin < budget:
        start = time.perf_counter()
        step()
        measured.append(time.perf_counter() - start)
    return measured


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("threads", type=int)
parser.add_argument("rows", nargs="*", help="default: all")
args = parser.parse_args()
torch.set_num_threads(args.threads)
torch.manual_seed(0)
rows = {
    "tutorial,x4": lambda: training(tutorial.Net(3, 32), 4, 3, 32, 32),
    "tutorial,x64": lambda: training(tutorial.Net(3, 32), 64, 3, 32, 32),
    "cnn-bn,x64": lambda: training(Cnn(), 64, 1, 28, 28),
    "resnet8,x64": lambda: training(ResNet8(), 64, 3, 32, 32),
    "mlp-784-256-10,x256": lambda: training(mlp(784, 256, 10), 256, 784),
    "mlp-784-2048-2048-10,x256": lambda: training(mlp(784, 2048, 2048, 10), 256, 784),
}
for width in (64, 256, 1024, 2048):
    for batch in (32, 256, 2048):
        rows[f"linear-{width},x{batch}"] = lambda width=width, batch=batch: linear(width, batch)
for name in [name for name in rows if name in args.rows or not args.rows]:
    step = rows[name]()
    times(step, WARMUP)
    print(name, f"{1e3 * statistics.median(times(step, MEASURED)):.4f}", flush=True)
