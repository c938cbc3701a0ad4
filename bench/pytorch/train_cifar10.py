#!/usr/bin/env python3
"""PyTorch's CIFAR-10 tutorial, timed.

Reads train.bin.gz and test.bin.gz from --data: the official binary layout (1 label byte, then 1024 red, 1024 green and
1024 blue bytes for each image), gzipped. The last line is for programs: step_ms_median=... step_ms_mean=...
"""
import gzip
import pathlib

import torch

import tutorial


def read(file):
    with gzip.open(file) as f:
        rows = torch.frombuffer(bytearray(f.read()), dtype=torch.uint8).view(-1, 1 + 3 * 32 * 32)
    return tutorial.normalised(rows[:, 1:]).view(-1, 3, 32, 32), rows[:, 0].long()


args = tutorial.arguments(__doc__).parse_args()
data = pathlib.Path(args.data)
tutorial.train(args, *read(data / "train.bin.gz"), *read(data / "test.bin.gz"))
