#!/usr/bin/env python3
"""OwnLoopExample in Python: the same network, data, optimizer and schedule, with PyTorch's own parts.

    python3 examples/own_loop.py FOLDER

Called again, it goes on. Written with torch 2.13.0; it writes TensorBoard's files if tensorboard is installed, and the picture of the
rate if matplotlib is.
"""
import gzip
import pathlib
import sys

import numpy as np
import torch
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, ReduceLROnPlateau, SequentialLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

DATA = pathlib.Path(__file__).parent.parent / "samples/src/main/resources/org/anneal/samples/fashion-mnist"


def read(part):
    images = np.frombuffer(gzip.open(DATA / f"{part}-images-idx3-ubyte.gz").read(), np.uint8, offset=16)
    labels = np.frombuffer(gzip.open(DATA / f"{part}-labels-idx1-ubyte.gz").read(), np.uint8, offset=8)
    images = torch.from_numpy(images.reshape(-1, 1, 28, 28).copy()).float().div(255).sub(0.5).div(0.5)
    return images, torch.from_numpy(labels.copy()).long()


def validate(model, images, labels):
    training = model.training
    model.eval()
    with torch.no_grad():
        scores = model(images)
    model.train(training)
    return nn.functional.cross_entropy(scores, labels).item(), (scores.argmax(1) == labels).float().mean().item()


def main(folder):
    epochs = 6
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    (images, labels), validation = read("train"), read("t10k")
    batches = (len(images) + 63) // 64
    net = nn.Sequential(nn.Conv2d(1, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                        nn.Linear(16 * 7 * 7, 10))
    optimizer = torch.optim.AdamW([{"params": [*net[0].parameters(), *net[1].parameters()], "lr": 3e-3},
                                   {"params": net[5].parameters(), "lr": 1e-3}])
    scheduler = SequentialLR(optimizer, [LinearLR(optimizer, 0.01, 1, 100),
                                         CosineAnnealingLR(optimizer, epochs * batches - 100)], [100])
    plateau = ReduceLROnPlateau(optimizer, factor=0.1, patience=1)
    ema = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.99))
    parts = {"model": net, "optimizer": optimizer, "scheduler": scheduler, "plateau": plateau, "ema": ema}
    start, best, since, rates, last = 0, float("inf"), 0, [], folder / "last.pt"
    if last.exists():
        saved = torch.load(last)
        for name, part in parts.items():
            part.load_state_dict(saved[name])
        start, best, since, rates = saved["epoch"], saved["best"], saved["since"], saved["rates"]
        torch.set_rng_state(saved["rng"])
    try:
        from torch.utils.tensorboard import SummaryWriter
        log = SummaryWriter(folder)
    except ImportError:
        log = None
    for epoch in range(start, epochs):
        if since >= 3:
            break
        total = 0.0
        for batch in torch.randperm(len(images)).split(64):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(images[batch]), labels[batch])
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            ema.update_parameters(net)
            rates.append([group["lr"] for group in optimizer.param_groups])
            total += loss.item()
            scheduler.step()
        (val_loss, val_acc), (ema_loss, ema_acc) = validate(net, *validation), validate(ema, *validation)
        print(f"Epoch {epoch + 1}, Train Loss: {total / batches:.4f}, Val Loss: {val_loss:.4f}, Val Acc: {val_acc:.4f},"
              f" EMA Val Loss: {ema_loss:.4f}, EMA Val Acc: {ema_acc:.4f}")
        if log:
            for name, value in {"train_loss": total / batches, "val_loss": val_loss, "ema_val_loss": ema_loss}.items():
                log.add_scalar(f"epoch/{name}", value, (epoch + 1) * batches)
        plateau.step(ema_loss)
        best, since = (ema_loss, 0) if ema_loss < best else (best, since + 1)
        torch.save({name: part.state_dict() for name, part in parts.items()} | {
            "epoch": epoch + 1, "best": best, "since": since, "rates": rates, "rng": torch.get_rng_state()}, last)
    try:
        from matplotlib import pyplot
        pyplot.plot(rates)
        pyplot.savefig(folder / "curve.png")
    except ImportError:
        pass


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
