"""Writes what Anneal's tests of augmentations and of the residual network compare with.

    python3 parity/images.py

It needs torchvision and Pillow beside torch. train/src/test/resources/org/anneal/train/data/augmentations.csv: torchvision's crops, flips and
rotations of one small image. resnet8.csv: a residual network of torchvision's blocks: the names and shapes of its state, what it
is initialised to, its scores, and what one step of training makes of it.
pillow.csv and the images beside it: what Pillow reads from files, and what it makes of them when it resizes them.
"""

import zlib
from pathlib import Path

import PIL
import torch
import torch.nn.functional as F
import torchvision
from PIL import Image
from torch import nn
from torchvision.models.resnet import BasicBlock, conv1x1
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as T

TESTS = Path(__file__).resolve().parent.parent / "train/src/test/resources/org/anneal/train"
VERSIONS = f"torch {torch.__version__}, torchvision {torchvision.__version__}, Pillow {PIL.__version__}"
HEADER = f"# {VERSIONS}; written by parity/images.py\n"


def filled(number, shape, scale):
    """Values from -scale to scale that look random, and that the test makes again."""
    count = int(torch.Size(shape).numel())
    i = torch.arange(count, dtype=torch.int64)
    whole = (i * 2654435761 + number * 40503 + 12345) % 2**32
    whole = ((whole ^ (whole >> 15)) * 2246822519) % 2**32
    whole = whole ^ (whole >> 13)
    return ((whole.double() / 2**31 - 1) * scale).float().reshape(shape)


def numbers(values):
    return ",".join(repr(v) for v in values.flatten().tolist())


class ResNet8(nn.Module):
    """He's CIFAR design, named and initialised as torchvision.models.ResNet is."""

    def __init__(self, channels=3, classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 16, kernel_size=3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.relu = nn.ReLU(inplace=True)
        self.layer1 = self.layer(16, 16, 1)
        self.layer2 = self.layer(16, 32, 2)
        self.layer3 = self.layer(32, 64, 2)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(64, classes)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")

    def layer(self, inputs, outputs, stride):
        downsample = None
        if stride != 1:
            downsample = nn.Sequential(conv1x1(inputs, outputs, stride), nn.BatchNorm2d(outputs))
        return nn.Sequential(BasicBlock(inputs, outputs, stride, downsample))

    def forward(self, x):
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(torch.flatten(self.avgpool(x), 1))


def augmentations(out):
    square = filled(1, (2, 6, 6), 1)
    wide = filled(2, (2, 5, 7), 1)
    for mode in "constant", "edge", "reflect", "symmetric":
        for top, left in (0, 0), (1, 4), (2, 2), (4, 3):
            crop = T.crop(T.pad(square, [2] * 4, 0, mode), top, left, 6, 6)
            out.write(f"crop,{mode} {top - 2} {left - 2},{numbers(crop)}\n")
    out.write(f"hflip,,{numbers(T.hflip(wide))}\n")
    out.write(f"vflip,,{numbers(T.vflip(wide))}\n")
    for mode in InterpolationMode.NEAREST, InterpolationMode.BILINEAR:
        for angle in 0.0, 7.3, -12.9, 37.7, 91.1, 180.0, -160.3:
            rotated = T.rotate(wide, angle, mode, fill=[0.0, 0.0])
            out.write(f"rotate,{mode.value} {angle},{numbers(rotated)}\n")


def resnet8(out):
    torch.set_num_threads(1)
    torch.manual_seed(5)
    net = ResNet8()
    for name, value in net.state_dict().items():
        shape = "x".join(str(size) for size in value.shape)
        flat = value.flatten().double()
        out.write(f"initial,{name} {shape},{numbers(torch.stack([flat[0], flat[-1], flat.abs().sum()]))}\n")

    state = net.state_dict()
    for j, (name, value) in enumerate(state.items()):
        if name.endswith("num_batches_tracked"):
            value.fill_(3)
        elif name.endswith("running_var"):
            value.copy_(filled(j, value.shape, 0.5) + 1)
        else:
            fan_in = value[0].numel() if value.dim() > 1 else 4
            value.copy_(filled(j, value.shape, (3 / fan_in) ** 0.5))
    images = filled(100, (4, 3, 32, 32), 1)
    targets = torch.tensor([1, 3, 0, 9])
    net.eval()
    with torch.no_grad():
        out.write(f"eval,,{numbers(net(images))}\n")
    net.train()
    scores = net(images)
    out.write(f"train,,{numbers(scores)}\n")
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    F.cross_entropy(scores, targets).backward()
    optimizer.step()
    for name, value in net.state_dict().items():
        if "running" in name or "tracked" in name:
            out.write(f"stepped,{name},{numbers(value)}\n")
    net.eval()
    with torch.no_grad():
        out.write(f"after,,{numbers(net(images))}\n")


def pillow(out):
    folder = TESTS / "data/images"
    folder.mkdir(exist_ok=True)
    colours = ((filled(200, (13, 17, 4), 0.5) + 0.5) * 255).byte().numpy()
    picture = Image.fromarray(colours, "RGBA")
    grey = Image.fromarray(colours[:, :, 0], "L")
    picture.save(folder / "rgba.png")
    picture.convert("RGB").save(folder / "rgb.png")
    picture.convert("RGB").save(folder / "rgb.bmp")
    picture.convert("RGB").quantize(16).save(folder / "palette.png")
    grey.save(folder / "grey.png")
    picture.convert("LA").save(folder / "grey-alpha.png")
    grey.convert("1").save(folder / "bit.png")
    grey.save(folder / "grey.gif")
    for file in sorted(folder.iterdir()):
        with Image.open(file) as image:
            for mode in "L", "RGB":
                converted = image.convert(mode)
                for size in (17, 13), (5, 5), (40, 31), (13, 6):
                    resized = converted.resize(size, Image.Resampling.BILINEAR)
                    pixels = torch.frombuffer(bytearray(resized.tobytes()), dtype=torch.uint8)
                    pixels = pixels.reshape(size[1], size[0], len(mode)).permute(2, 0, 1)
                    out.write(f"{file.name},{mode} {size[0]} {size[1]},{zlib.crc32(pixels.contiguous().numpy())}\n")


for name, write in ("data/augmentations.csv", augmentations), ("network/resnet8.csv", resnet8), ("data/pillow.csv", pillow):
    with open(TESTS / name, "w") as out:
        out.write(HEADER)
        write(out)
