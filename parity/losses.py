"""Writes train/src/test/resources/org/anneal/train/measure/: what PyTorch's losses and numpy's metrics give.

    /path/to/python parity/losses.py        # torch 2.13.0, numpy

losses.csv: PyTorch's call, the outputs' shape, outputs, targets, the loss, its gradient. metrics.csv: a metric's name, the outputs'
shape, outputs, targets, the value over all samples. Targets are classes where they are whole and one for each sample.
"""

import pathlib

import numpy
import torch
from torch import nn, tensor

torch.manual_seed(13)
folder = pathlib.Path(__file__).resolve().parent.parent / "train/src/test/resources/org/anneal/train/measure"


def text(values):
    values = values.flatten().tolist() if isinstance(values, torch.Tensor) else values
    return " ".join(map(repr, values))


def write(name, lines):
    header = f"# torch {torch.__version__}, numpy {numpy.__version__}, by parity/losses.py"
    (folder / name).write_text("\n".join([header, *lines]) + "\n")


losses = []


def loss(call, outputs, targets):
    given = outputs.clone().requires_grad_()
    value = eval("nn." + call.replace("=[", "=tensor([").replace("]", "])"))(given, targets)
    value.backward()
    losses.append(";".join([call, text(outputs.shape), text(outputs), text(targets), repr(value.item()), text(given.grad)]))


scores, classes = torch.randn(6, 4) * 3, torch.randint(4, (6,))
extreme = tensor([[1e4, -1e4, 0, 88.8], [-1e30, 1e30, 3, 4], [0, 0, 0, 0], [-104, -104, -104, 104.5]])
for call in [
    "CrossEntropyLoss()",
    "CrossEntropyLoss(label_smoothing=0.1)",
    "CrossEntropyLoss(label_smoothing=1.0)",
    "CrossEntropyLoss(weight=[0.5, 2.0, 0.0, 1.25])",
    "CrossEntropyLoss(weight=[0.5, 2.0, 0.0, 1.25], label_smoothing=0.3)",
]:
    loss(call, scores, classes)
    loss(call, extreme, tensor([1, 1, 3, 0]))
    loss(call, scores, torch.softmax(torch.randn(6, 4), 1))
for shape, calls in {
    (6, 1): ["BCEWithLogitsLoss()", "BCEWithLogitsLoss(pos_weight=[2.5])"],
    (4, 3): ["BCEWithLogitsLoss()", "BCEWithLogitsLoss(pos_weight=[0.5, 0.0, 4.0])"],
    (2, 4, 3): ["BCEWithLogitsLoss()", "BCEWithLogitsLoss(pos_weight=[0.5, 0.0, 4.0])"],
}.items():
    for call in calls:
        loss(call, torch.randn(shape) * 3, torch.randint(2, shape).float())
        loss(call, torch.randn(shape) * 3, torch.rand(shape))
        far = torch.randint(2, shape) * 2 - 1
        loss(call, far * torch.full(shape, 1e4), torch.randint(2, shape).float())
for call in [
    "MSELoss()",
    "L1Loss()",
    "SmoothL1Loss()",
    "SmoothL1Loss(beta=0.25)",
    "SmoothL1Loss(beta=0.0)",
    "HuberLoss()",
    "HuberLoss(delta=0.25)",
    "HuberLoss(delta=3.5)",
]:
    for shape in [(6, 1), (4, 2, 3)]:
        loss(call, torch.randn(shape), torch.randn(shape))
    loss(call, tensor([[0.0, 1.0, 0.25, 3.5, -0.25, 1e10]]), torch.zeros(1, 6))
write("losses.csv", losses)

metrics = []


def metric(name, outputs, targets, value):
    metrics.append(";".join([name, text(outputs.shape), text(outputs), text(targets), repr(float(value))]))


scores, classes = torch.randn(23, 6), torch.randint(6, (23,))
metric("accuracy", scores, classes, numpy.mean(scores.numpy().argmax(1) == classes.numpy()))
for k in [1, 2, 5, 6]:
    top = scores.topk(k).indices.numpy()
    metric(f"top{k}", scores, classes, numpy.mean([c in best for c, best in zip(classes.numpy(), top)]))
logits, labels = torch.randn(23, 3), torch.randint(2, (23, 3)).float()
metric("accuracy", logits, labels, numpy.mean((logits.numpy() > 0) == (labels.numpy() == 1)))
values, wanted = torch.randn(23, 2, 2) * 5, torch.randn(23, 2, 2)
difference = values.double().numpy() - wanted.double().numpy()
metric("mae", values, wanted, numpy.mean(numpy.abs(difference)))
metric("rmse", values, wanted, numpy.sqrt(numpy.mean(difference**2)))
one, other = torch.randn(23, 1), torch.randn(23, 1)
metric("median", one, other, numpy.median(numpy.abs(one.numpy() - other.numpy())))
write("metrics.csv", metrics)
