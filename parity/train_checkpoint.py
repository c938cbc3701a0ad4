"""Writes the checkpoints that Anneal's tests resume, as a Python program saves them.

    python3 parity/train_checkpoint.py

train/src/test/resources/org/anneal/train/adam-onecycle.pt: a linear network of 8 inputs and 2 scores, under Adam and
OneCycleLR, after 2 epochs of 5 steps. cli/src/test/resources/org/anneal/cli/tutorial-net.pt: the tutorial's network for
28 x 28 grey images, under SGD without momentum and StepLR, after 3 epochs.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.optim.lr_scheduler import OneCycleLR, StepLR

TESTS = Path(__file__).resolve().parent.parent


class Linear(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 2)

    def forward(self, x):
        return self.fc(torch.flatten(x, 1))


class TutorialNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.pool = nn.MaxPool2d(2, 2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 4 * 4, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


def train(net, optimizer, scheduler, shape, classes, epochs, steps, per_batch):
    for _ in range(epochs):
        for _ in range(steps):
            optimizer.zero_grad()
            loss = F.cross_entropy(net(torch.randn(4, *shape)), torch.randint(classes, (4,)))
            loss.backward()
            optimizer.step()
            if per_batch:
                scheduler.step()
        if not per_batch:
            scheduler.step()


def save(path, epoch, net, optimizer, scheduler):
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(
        {
            "epoch": epoch,
            "model": net.state_dict(),
            "optimizer": optimizer.state_dict(),
            "scheduler": scheduler.state_dict(),
        },
        path,
    )
    print(path, path.stat().st_size, "torch", torch.__version__, "lr", optimizer.param_groups[0]["lr"])


def main():
    torch.manual_seed(0)
    net = Linear()
    optimizer = optim.Adam(net.parameters(), lr=1e-3)
    scheduler = OneCycleLR(optimizer, max_lr=0.1, total_steps=40)
    train(net, optimizer, scheduler, (1, 2, 4), 2, epochs=2, steps=5, per_batch=True)
    save(TESTS / "train/src/test/resources/org/anneal/train/adam-onecycle.pt", 2, net, optimizer, scheduler)
    print("fc.bias", net.fc.bias.tolist(), "beta1", optimizer.param_groups[0]["betas"][0])

    net = TutorialNet()
    optimizer = optim.SGD(net.parameters(), lr=0.01)
    scheduler = StepLR(optimizer, step_size=2, gamma=0.5)
    train(net, optimizer, scheduler, (1, 28, 28), 10, epochs=3, steps=5, per_batch=False)
    save(TESTS / "cli/src/test/resources/org/anneal/cli/tutorial-net.pt", 3, net, optimizer, scheduler)


if __name__ == "__main__":
    main()
