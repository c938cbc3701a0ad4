#!/usr/bin/env python3
"""CsvRegressionExample in Python.    python3 examples/csv_regression.py FILE.csv COLUMN

Written with torch 2.13.0.
"""
import csv
import sys

import numpy as np
import torch
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR


def main(path, column):
    rows = list(csv.DictReader(open(path)))
    names = [name for name in rows[0] if name != column]
    x = torch.tensor([[float(row[name]) for name in names] for row in rows])
    y = torch.tensor([[float(row[column])] for row in rows])
    order = torch.from_numpy(np.random.default_rng(0).permutation(len(x)))
    held, train = order[: len(x) // 5], order[len(x) // 5:]
    mean, std = x[train].mean(0), x[train].std(0, correction=0)
    x = (x - mean) / std
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(len(names), 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
    scheduler = OneCycleLR(optimizer, max_lr=0.01, total_steps=20 * ((len(train) + 31) // 32))
    for epoch in range(20):
        for batch in train[torch.randperm(len(train))].split(32):
            optimizer.zero_grad()
            nn.functional.mse_loss(net(x[batch]), y[batch]).backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            scheduler.step()
        with torch.no_grad():
            output = net(x[held])
        print(f"Epoch {epoch + 1}, Val Loss: {nn.functional.mse_loss(output, y[held]).item():.4f},"
              f" Val MAE: {(output - y[held]).abs().mean().item():.4f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
