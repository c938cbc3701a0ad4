#!/usr/bin/env python3
"""Writes trajectories.csv and python.pt in djl/src/test/resources/golden: how PyTorch trains a small network. Run `python3 parity/djl.py`; regenerate only
in a commit that says which torch and why.

The network is Linear(784, 16), Tanh, Linear(16, 10), under cross entropy. Element i of parameter p (0 to 3: weight, bias, weight, bias)
starts at (((i * 11 + p * 17) % 37) - 18) / 256, which is exact in float32. Step t = 0, 1, ... trains on the images 16 t to 16 t + 15 of
the first 10,000 of Fashion-MNIST in the repository, as bytes / 255.

djl/src/test/resources/golden/python.pt is the file of an AdamW after 5 of 10 steps on a smaller network, Linear(4, 3), Tanh, Linear(3, 2), whose
first weights are as above, and whose inputs are ((i * 7 + 3) % 11 - 5) / 8 for element i of all 10 batches of 4 rows, with the labels i % 2:
{"optimizer": with param_names, "unnamed": without, "model": the weights then, "end": the weights after 10 steps, flat}.

Lines that begin with # are comments. Blank lines separate the cases. In a case each line is a key, a comma and a value:

    case,adam                       unique
    optimizer,Adam(lr=0.01)         PyTorch's call without the parameters
    bias,lr=0.02                    options of a second group, of both biases, if there is one
    schedule,StepLR(...)            PyTorch's call without its optimizer, stepped after each step, if there is one
    clip,norm,1.0                   clip_grad_norm_ (or value: clip_grad_value_) before each step, if there is one
    ema,0.9                         an AveragedModel with get_ema_multi_avg_fn, updated after each step, if there is one
    step,9,0.01,2.1,0.1,...         a step, the rate of the first group in it, the loss before it, then every 97th element of all
                                    parameters after it, of the parameters laid end to end (of the average, where there is an ema)
"""
import copy
import gzip
import pathlib

import torch
from torch import nn, optim
from torch.optim import lr_scheduler, swa_utils

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = ROOT / "train/src/main/resources/org/anneal/train/data/fashion-mnist"
STEPS = 60
BATCH = 16
STRIDE = 97

CASES = [
    dict(id="sgd", optimizer="SGD(lr=0.1)"),
    dict(id="momentum", optimizer="SGD(lr=0.05, momentum=0.9, weight_decay=0.01)", schedule="StepLR(step_size=7, gamma=0.7)"),
    dict(id="nesterov", optimizer="SGD(lr=0.05, momentum=0.9, nesterov=True)", schedule="CosineAnnealingLR(T_max=60)"),
    dict(id="adam", optimizer="Adam(lr=0.01)", schedule="OneCycleLR(max_lr=0.02, total_steps=60)"),
    dict(id="adamw", optimizer="AdamW(lr=0.01, weight_decay=0.1)", bias="lr=0.02, weight_decay=0.0",
         schedule="ExponentialLR(gamma=0.97)"),
    # With the default eps, gradients of 1e-8 and their rounding errors would move the weights of dark pixels as much as others;
    # Adagrad's, too.
    dict(id="rmsprop", optimizer="RMSprop(lr=0.0005, eps=1e-4, momentum=0.5)", clip=("value", 0.01)),
    dict(id="adagrad", optimizer="Adagrad(lr=0.02, eps=1e-4)", clip=("norm", 0.5)),
    dict(id="nadam", optimizer="NAdam(lr=0.005)", ema=0.9),
]


def images():
    def read(name, header):
        with gzip.open(DATA / name) as file:
            return torch.frombuffer(bytearray(file.read()[header:]), dtype=torch.uint8)

    n = STEPS * BATCH
    x = read("train-images-idx3-ubyte.gz", 16)[:n * 784].reshape(n, 784).float() / 255
    return x, read("train-labels-idx1-ubyte.gz", 8)[:n].long()


def network():
    net = nn.Sequential(nn.Linear(784, 16), nn.Tanh(), nn.Linear(16, 10))
    start(net)
    return net


def start(net):
    with torch.no_grad():
        for p, parameter in enumerate(net.parameters()):
            i = torch.arange(parameter.numel())
            parameter.copy_(((((i * 11 + p * 17) % 37) - 18) / 256).reshape(parameter.shape))


def lines(case, x, y):
    net = network()
    groups = [{"params": list(net.parameters())}]
    if "bias" in case:
        options = eval(f"dict({case['bias']})")
        groups = [{"params": [net[0].weight, net[2].weight]}, {"params": [net[0].bias, net[2].bias], **options}]
    optimizer = eval("optim." + case["optimizer"].replace("(", "(groups, ", 1))
    scheduler = "schedule" in case and eval("lr_scheduler." + case["schedule"].replace("(", "(optimizer, ", 1))
    ema = "ema" in case and swa_utils.AveragedModel(net, multi_avg_fn=swa_utils.get_ema_multi_avg_fn(case["ema"]))
    yield f"case,{case['id']}"
    for key in ("optimizer", "bias", "schedule", "ema"):
        if key in case:
            yield f"{key},{case[key]}"
    if "clip" in case:
        yield f"clip,{case['clip'][0]},{case['clip'][1]}"
    for step in range(STEPS):
        part = slice(step * BATCH, (step + 1) * BATCH)
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x[part]), y[part])
        loss.backward()
        if "clip" in case:
            getattr(nn.utils, f"clip_grad_{case['clip'][0]}_")(net.parameters(), case["clip"][1])
        rate = optimizer.param_groups[0]["lr"]
        optimizer.step()
        if ema:
            ema.update_parameters(net)
        if scheduler and step < STEPS - 1:
            scheduler.step()
        if step in (0, 9, 29, 49, STEPS - 1):
            shown = torch.cat([p.detach().flatten() for p in (ema if ema else net).parameters()])[::STRIDE]
            yield ",".join(["step", str(step), repr(float(rate)), repr(loss.item()), *(repr(v) for v in shown.tolist())])
    yield ""


def python_file(target):
    net = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))
    start(net)
    i = torch.arange(10 * 4 * 4)
    x = (((i * 7 + 3) % 11 - 5) / 8).reshape(10, 4, 4)
    y = torch.arange(40).reshape(10, 4) % 2
    optimizer = optim.AdamW(net.named_parameters(), lr=0.01)
    file = {}
    for step in range(10):
        if step == 5:
            file["optimizer"] = copy.deepcopy(optimizer.state_dict())
            file["unnamed"] = copy.deepcopy(file["optimizer"])
            del file["unnamed"]["param_groups"][0]["param_names"]
            file["model"] = copy.deepcopy(net.state_dict())
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(x[step]), y[step]).backward()
        optimizer.step()
    file["end"] = torch.cat([p.detach().flatten() for p in net.parameters()])
    torch.save(file, target)


def main():
    torch.set_num_threads(1)
    x, y = images()
    target = ROOT / "djl/src/test/resources/golden/trajectories.csv"
    target.parent.mkdir(parents=True, exist_ok=True)
    text = [f"# torch {torch.__version__.split('+')[0]}, parity/djl.py", ""]
    for case in CASES:
        text += lines(case, x, y)
    target.write_text("\n".join(text))
    python_file(target.with_name("python.pt"))


if __name__ == "__main__":
    main()
