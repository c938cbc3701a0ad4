"""Writes dl4j/src/test/resources/org/anneal/dl4j/training.csv: how PyTorch trains the small network of TrainingGoldenTest.

    /path/to/python parity/dl4j.py        # torch 2.13.0

The network is Linear(5, 16), tanh, Linear(16, 3) with cross-entropy; its first weights and the batches are formulas of integers.
In a case each line is a key, a comma and a value that reaches to the end of the line: the optimizer and the scheduler as
constructors' calls, the number that the gradients' norm is clipped to, if it is, the loss of each of 60 steps before it, and all
parameters afterwards.
"""

import pathlib

import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.nn.utils import clip_grad_norm_
from torch.optim import lr_scheduler

torch.set_num_threads(1)
STEPS, BATCH = 60, 8
CASES = (
    ("SGD(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01)", "OneCycleLR(max_lr=0.2, total_steps=61)", None),
    ("SGD(lr=0.1, momentum=0.9, dampening=0.3)", "StepLR(step_size=20, gamma=0.5)", 0.5),
    ("Adam(lr=0.01, weight_decay=0.02)", "CosineAnnealingLR(T_max=60)", None),
    ("Adam(lr=0.01, amsgrad=True)", "CyclicLR(base_lr=0.001, max_lr=0.02, step_size_up=10, cycle_momentum=False)", 0.3),
    ("AdamW(lr=0.01, weight_decay=0.1)", "SequentialLR([LinearLR(start_factor=0.1, total_iters=10), "
     "CosineAnnealingLR(T_max=50)], milestones=[10])", 1.0),
    ("RMSprop(lr=0.005, momentum=0.9, centered=True)", "StepLR(step_size=20, gamma=0.3)", None),
    ("Adagrad(lr=0.1, lr_decay=0.01)", "ExponentialLR(gamma=0.97)", None),
    ("NAdam(lr=0.01, weight_decay=0.01, decoupled_weight_decay=True)", "LinearLR(start_factor=0.2, total_iters=30)", None),
    ("RAdam(lr=0.02)", "PolynomialLR(total_iters=60, power=2.0)", None),
    ("Adamax(lr=0.02)", "MultiStepLR(milestones=[10, 40], gamma=0.5)", None),
    ("Adadelta(lr=1.0)", "ConstantLR(factor=0.5, total_iters=20)", None),
)


def formula(shape, seed):
    """Multiples of 1/32 from -18/32 to 18/32."""
    count = torch.Size(shape).numel()
    return torch.tensor([((i * 11 + seed * 17) % 37 - 18) / 32 for i in range(count)]).reshape(shape)


def train(optimizer_call, scheduler_call, max_norm):
    net = nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Linear(16, 3))
    with torch.no_grad():
        for seed, parameter in enumerate(net.parameters()):
            parameter.copy_(formula(parameter.shape, seed))
    optimizer = eval(optimizer_call.replace("(", "(net.parameters(), ", 1), {**vars(optim), "net": net})
    names = {name: (lambda make: lambda *args, **options: make(optimizer, *args, **options))(make)
             for name, make in vars(lr_scheduler).items() if isinstance(make, type)}
    scheduler = eval(scheduler_call, names)
    losses = []
    for step in range(STEPS):
        inputs = formula((BATCH, 5), 100 + step % 7)
        targets = torch.tensor([(i + step) % 3 for i in range(BATCH)])
        optimizer.zero_grad()
        loss = F.cross_entropy(net(inputs), targets)
        loss.backward()
        if max_norm is not None:
            clip_grad_norm_(net.parameters(), max_norm)
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
    return losses, torch.cat([parameter.detach().flatten() for parameter in net.parameters()]).tolist()


lines = [f"# torch {torch.__version__.split('+')[0]}, written by parity/dl4j.py, which describes the layout"]
for optimizer_call, scheduler_call, max_norm in CASES:
    losses, params = train(optimizer_call, scheduler_call, max_norm)
    lines += ["", f"optimizer,{optimizer_call}", f"scheduler,{scheduler_call}"]
    lines += [f"max_norm,{max_norm}"] if max_norm is not None else []
    lines += ["loss," + ",".join(map(repr, losses)), "params," + ",".join(map(repr, params))]
file = pathlib.Path(__file__).parent.parent / "dl4j/src/test/resources/org/anneal/dl4j/training.csv"
file.parent.mkdir(parents=True, exist_ok=True)
file.write_text("\n".join(lines) + "\n")
