"""What train_cifar10.py and train_fashion_mnist.py share: PyTorch's tutorial network and its training loop, timed.

Optimizer and schedule are given in PyTorch's own words without the leading argument, as Anneal's command line takes
them: --optimizer 'SGD(lr=0.001, momentum=0.9)' --schedule 'ExponentialLR(gamma=0.9)'.
"""
import argparse
import functools
import math
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader, TensorDataset


class Net(nn.Module):
    """The network of PyTorch's tutorial `Training a Classifier`: 62,006 parameters on 3x32x32."""

    def __init__(self, channels, side):
        super().__init__()
        left = ((side - 4) // 2 - 4) // 2
        self.conv1 = nn.Conv2d(channels, 6, 5)
        self.pool = nn.MaxPool2d(2, 2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * left * left, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


def normalised(pixels):
    """Bytes to floats in [-1, 1]."""
    return (pixels.float() / 255 - 0.5) / 0.5


def call(text, module, first):
    """Evaluates PyTorch's constructor call `text` with `first` put before its arguments."""
    names = {name: functools.partial(c, first) for name, c in vars(module).items() if isinstance(c, type)}
    return eval(text, {"math": math, **names})  # the text comes from whoever starts the program


def batches(images, labels, size):
    """The shuffled batches of one epoch as tensors that are ready to use."""
    order = torch.randperm(len(labels))
    return [(images[i], labels[i]) for i in order.split(size)]


def evaluate(model, loss_of, images, labels):
    """Mean loss and accuracy over a data set."""
    loss = right = 0.0
    with torch.no_grad():
        for x, y in zip(images.split(250), labels.split(250)):
            out = model(x)
            loss += loss_of(out, y).item() * len(y)
            right += (out.argmax(1) == y).sum().item()
    return loss / len(labels), right / len(labels)


def arguments(description, **defaults):
    p = argparse.ArgumentParser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    p.add_argument("--data", required=True, metavar="DIR")
    p.add_argument("--optimizer", default="SGD(lr=0.001, momentum=0.9)")
    p.add_argument("--schedule", default="ExponentialLR(gamma=0.9)", help="stepped once an epoch")
    p.add_argument("--epochs", type=int, default=3)
    p.add_argument("--batch-size", type=int, default=4)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--limit", type=int, default=None, help="stop each epoch after this many batches")
    p.add_argument("--loader", action="store_true", help="feed through torch's DataLoader, not ready-made batches")
    p.set_defaults(**defaults)
    return p


def train(args, images, labels, val_images, val_labels):
    """Trains, prints a line an epoch, and last the time of a step: zero_grad, forward, loss, backward, step."""
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    model = Net(images.shape[1], images.shape[2])
    loss_of = nn.CrossEntropyLoss()
    optimizer = call(args.optimizer, torch.optim, model.parameters())
    schedule = call(args.schedule, lr_scheduler, optimizer)
    loader = DataLoader(TensorDataset(images, labels), batch_size=args.batch_size, shuffle=True)

    times, loop_seconds = [], 0.0
    for epoch in range(args.epochs):
        source = loader if args.loader else batches(images, labels, args.batch_size)
        total, steps = 0.0, 0
        loop_start = time.perf_counter()
        for x, y in source:
            if args.limit is not None and steps >= args.limit:
                break
            start = time.perf_counter()
            optimizer.zero_grad()
            loss = loss_of(model(x), y)
            loss.backward()
            optimizer.step()
            times.append(time.perf_counter() - start)
            total += loss.item()
            steps += 1
        loop_seconds += time.perf_counter() - loop_start
        rate = optimizer.param_groups[0]["lr"]
        schedule.step()
        val_loss, val_acc = evaluate(model, loss_of, val_images, val_labels)
        print(f"Epoch {epoch + 1}, Train Loss: {total / steps:.4f}, Val Loss: {val_loss:.4f}, "
              f"Val Acc: {val_acc:.4f}, Current LR: {rate:.2e}", flush=True)
    print(f"step_ms_median={1e3 * statistics.median(times):.4f} step_ms_mean={1e3 * statistics.mean(times):.4f} "
          f"loop_ms_mean={1e3 * loop_seconds / len(times):.4f} steps={len(times)} val_acc={val_acc:.4f} "
          f"threads={args.threads} torch={torch.__version__}")
