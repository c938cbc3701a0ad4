"""Writes train/src/test/resources/org/anneal/train/trainer.csv: what PyTorch's own loops report for the runs of TrainerGoldenTest.

    /path/to/python parity/trainer.py        # torch 2.13.0

Data and first weights are formulas of integers, which Java computes to the same bits; the order of the samples is that of
Anneal's DataLoader, Java's SplittableRandom in a Fisher-Yates shuffle. A line holds the case, the number, and its values: a
loss, the gradients' norm once clipped, and the first group's rate for each step of the optimizer; the others for each epoch.
"""

import pathlib

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, ReduceLROnPlateau, SequentialLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, update_bn

torch.set_num_threads(1)
SAMPLES, VALIDATION, BATCH, SEED = 76, 30, 8, 3  # 10 batches an epoch, the last of 4 samples
MASK = (1 << 64) - 1
lines = []


class SplittableRandom:
    """Java's."""

    def __init__(self, seed):
        self.seed = seed & MASK

    def next_seed(self):
        self.seed = (self.seed + 0x9E3779B97F4A7C15) & MASK
        return self.seed

    def next_long(self):
        z = self.next_seed()
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def next_int(self):
        z = self.next_seed()
        z = ((z ^ (z >> 33)) * 0x62A9D9ED799705F5) & MASK
        return (((z ^ (z >> 28)) * 0xCB24D0A5C88C35B3) & MASK) >> 32

    def below(self, bound):
        if bound & (bound - 1) == 0:
            return self.next_int() & (bound - 1)
        u = self.next_int() >> 1
        while u - u % bound + bound - 1 >= 1 << 31:
            u = self.next_int() >> 1
        return u % bound


def order(epoch):
    random = SplittableRandom(SplittableRandom(SEED).next_long() + epoch)
    samples = list(range(SAMPLES))
    for i in range(SAMPLES - 1, 0, -1):
        j = random.below(i + 1)
        samples[i], samples[j] = samples[j], samples[i]
    return samples


def sample(i):
    pixels = [((i * 73 + j * 31 + i * j % 17 * 5) % 97 - 48) / 64 + (1 if j % 3 == i % 3 else 0) for j in range(64)]
    return torch.tensor(pixels, dtype=torch.float64).float().reshape(1, 8, 8)


def label(i):
    return 2 if i % 11 == 0 else i % 3


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.fc = nn.Linear(36, 3)
        with torch.no_grad():
            for k, weights in enumerate(self.parameters()):
                values = [((i * 37 + k * 11 + i * i % 13) % 101 - 50) / 128 for i in range(weights.numel())]
                weights.copy_(torch.tensor(values, dtype=torch.float64).float().reshape(weights.shape))
            self.norm.weight.add_(1)

    def forward(self, x):
        return self.fc(torch.flatten(F.max_pool2d(F.relu(self.norm(self.conv(x))), 2), 1))


X = torch.stack([sample(i) for i in range(SAMPLES)])
Y = torch.tensor([label(i) for i in range(SAMPLES)])
VX = torch.stack([sample(i + 1000) for i in range(VALIDATION)])
VY = torch.tensor([label(i + 1000) for i in range(VALIDATION)])


def validate(net):
    """The mean loss and the accuracy over all samples at once, which batches of 8 must not change."""
    net.eval()
    with torch.no_grad():
        output = net(VX)
        return F.cross_entropy(output, VY).item(), (output.argmax(1) == VY).double().mean().item()


def run(case, epochs, optimizer, accumulate=1, clip=lambda params: None, ema=False, swa=None, schedule=None, plateau=None):
    net = Net()
    opt = optimizer(net)
    per_batch = schedule(opt) if schedule else None
    per_epoch = plateau(opt) if plateau else None
    averages = {}
    if ema:
        averages["ema"] = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.99))
    if swa:
        averages["swa"] = AveragedModel(net)
    told = {"loss": [], "lr": [], "norm": [], "train_loss": [], "val_loss": [], "val_accuracy": []}
    for epoch in range(1, epochs + 1):
        net.train()
        samples = order(epoch)
        batches = [samples[i : i + BATCH] for i in range(0, SAMPLES, BATCH)]
        epoch_loss = 0
        for first in range(0, len(batches), accumulate):
            group = batches[first : first + accumulate]
            count = sum(map(len, group))
            told["lr"].append(opt.param_groups[0]["lr"])
            opt.zero_grad()
            loss = sum(F.cross_entropy(net(X[batch]), Y[batch], reduction="sum") for batch in group) / count
            loss.backward()
            clip(net.parameters())
            told["norm"].append(clip_grad_norm_(net.parameters(), float("inf")).item())
            opt.step()
            told["loss"].append(loss.item())
            epoch_loss += loss.item() * count
            if ema:
                averages["ema"].update_parameters(net)
            if per_batch:
                per_batch.step()
        told["train_loss"].append(epoch_loss / SAMPLES)
        loss, accuracy = validate(net)
        told["val_loss"].append(loss)
        told["val_accuracy"].append(accuracy)
        if swa and epoch >= swa:
            averages["swa"].update_parameters(net)
        for name, average in averages.items():
            if average.n_averaged > 0:
                update_bn([X[batch] for batch in batches], average)
                loss, accuracy = validate(average)
                told.setdefault(name + "_val_loss", []).append(loss)
                told.setdefault(name + "_val_accuracy", []).append(accuracy)
        if per_epoch:
            per_epoch.step(told["ema_val_loss"][-1])
    for name, values in told.items():
        lines.append(";".join([case, name, " ".join(map(repr, values))]))


def sgd(net):
    return torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)


def two_groups(net):
    head = list(net.fc.parameters())
    body = list(net.conv.parameters()) + list(net.norm.parameters())
    return torch.optim.AdamW(
        [{"params": body, "lr": 0.01, "weight_decay": 0.05}, {"params": head, "lr": 0.003, "weight_decay": 0.0}]
    )


def warmup_then_cosine(opt):
    warmup, cosine = LinearLR(opt, start_factor=0.1, total_iters=6), CosineAnnealingLR(opt, T_max=60)
    return SequentialLR(opt, [warmup, cosine], milestones=[6])


def plateau(opt):
    return ReduceLROnPlateau(opt, factor=0.5, patience=1, threshold=0.1)


def norm(params):
    clip_grad_norm_(params, 1.0)


def value(params):
    clip_grad_value_(params, 0.05)


run("plain", 5, sgd)
run("accumulate", 17, sgd, accumulate=4)
run("clip_grad_norm", 5, sgd, clip=norm)
run("clip_grad_value", 5, sgd, clip=value)
run("ema", 5, sgd, ema=True)
run("swa", 5, sgd, swa=3)
run("schedules", 5, two_groups, ema=True, schedule=warmup_then_cosine, plateau=plateau)
run("all", 17, two_groups, 4, norm, True, 3, warmup_then_cosine, plateau)

file = pathlib.Path(__file__).resolve().parent.parent / "train/src/test/resources/org/anneal/train/trainer.csv"
file.write_text(f"# torch {torch.__version__}, by parity/trainer.py\n" + "\n".join(lines) + "\n")
