#!/usr/bin/env python3
"""Writes core/src/test/resources/golden/checkpoints: small files of torch.save and safetensors, each with what PyTorch 2.13
sees in it as JSON. Run `python3 parity/checkpoints.py`; it gives the same bytes each time.

`python3 parity/checkpoints.py --check` reads what Anneal's tests wrote from these files under core/target/checkpoints
(`./mvnw verify -pl core` first) with torch.load(weights_only=True) and safetensors, and compares.

JSON: null, true, a text, an array (list), a number without . or e (int) or with one (float) stand for themselves.
Everything else is an object of one entry:

    {"dict": [[key, value], ...]}           in order; also "OrderedDict" (then with "attributes": a dict) and "Counter"
    {"tuple": [...]}, {"set": [...]}        a torch.Size is a tuple, a frozenset a set
    {"int": "123..."}                       an int beyond 64 bits
    {"float": "nan"}                        a float that JSON does not have: nan, inf, -inf
    {"bytes": "00ff"}                       bytes or a bytearray, in hex
    {"dtype": "float32"}, {"device": "cuda:1"}
    {"tensor": {"dtype", "shape", "strides", "offset", "storage", "bytes"}}
                                            storage: tensors of one storage have the same number; bytes: the elements
                                            row by row, little-endian, in hex
    A Namespace is a dict of its attributes, and a path a text: torch.load(weights_only=True) refuses both.
    {"object": "torch.optim...."}           a method, which torch.load(weights_only=True) refuses, and Anneal keeps by name
"""
import argparse
import collections
import io
import json
import math
import pathlib
import sys
import types
import warnings

import safetensors
import safetensors.torch
import torch
from torch import nn
from torch.optim import lr_scheduler

HERE = pathlib.Path(__file__).resolve().parent
GOLDEN = HERE.parent / "core/src/test/resources/golden/checkpoints"
WRITTEN = HERE.parent / "core/target/checkpoints"
DTYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2, torch.int64,
          torch.int32, torch.int16, torch.int8, torch.uint64, torch.uint32, torch.uint16, torch.uint8, torch.bool,
          torch.complex128, torch.complex64]


def raw(tensor):
    """The elements row by row, as bytes."""
    if tensor.untyped_storage().nbytes() == tensor.numel() * tensor.element_size() and tensor.is_contiguous():
        return bytes(tensor.untyped_storage())  # of some types PyTorch copies nothing
    flat = tensor.detach().contiguous().clone().reshape(-1)
    return bytes(flat.untyped_storage())[:flat.numel() * flat.element_size()]


class View:
    """Turns values into JSON."""

    def __init__(self, keep_storages=True):
        self.storages = {}
        self.keep_storages = keep_storages

    def pairs(self, mapping):
        return [[self.of(k), self.of(v)] for k, v in mapping.items()]

    def of(self, x):
        if x is None or isinstance(x, (bool, str)):
            return x
        if isinstance(x, torch.Tensor):
            if not self.keep_storages:  # safetensors
                return {"tensor": {"dtype": str(x.dtype)[6:], "shape": list(x.shape), "bytes": raw(x).hex()}}
            storage = self.storages.setdefault(x.untyped_storage()._cdata, (len(self.storages), x.untyped_storage()))[0]
            return {"tensor": {"dtype": str(x.dtype)[6:], "shape": list(x.shape), "strides": list(x.stride()),
                               "offset": x.storage_offset(), "storage": storage, "bytes": raw(x).hex()}}
        if isinstance(x, int):
            return x if -2**63 <= x < 2**63 else {"int": str(x)}
        if isinstance(x, float):
            return x if math.isfinite(x) else {"float": str(x)}
        if isinstance(x, list):
            return [self.of(item) for item in x]
        if isinstance(x, tuple):
            return {"tuple": [self.of(item) for item in x]}
        if isinstance(x, (set, frozenset)):
            return {"set": [self.of(item) for item in sorted(x)]}
        if isinstance(x, (bytes, bytearray)):
            return {"bytes": bytes(x).hex()}
        if isinstance(x, torch.dtype):
            return {"dtype": str(x)[6:]}
        if isinstance(x, torch.device):
            return {"device": str(x)}
        if isinstance(x, pathlib.PurePath):
            return str(x)
        if isinstance(x, (argparse.Namespace, types.SimpleNamespace)):
            return self.of(vars(x))
        if isinstance(x, types.MethodType):
            return {"object": f"{type(x.__self__).__module__}.{type(x.__self__).__name__}.{x.__name__}"}
        if isinstance(x, collections.OrderedDict):
            return {"OrderedDict": self.pairs(x), "attributes": self.of(dict(x.__dict__))}
        if isinstance(x, collections.Counter):
            return {"Counter": self.pairs(x)}
        if isinstance(x, dict):
            return {"dict": self.pairs(x)}
        raise TypeError(type(x))


def net():
    model = nn.Sequential(collections.OrderedDict(conv=nn.Conv2d(1, 2, 3), norm=nn.BatchNorm2d(2), fc=nn.Linear(4, 3)))
    with torch.no_grad():
        for i, p in enumerate(model.parameters()):
            p.copy_(torch.arange(p.numel()).reshape(p.shape) * 0.125 - i)
    return model


def trained(make):
    model = net()
    optimizer = make(model.parameters())
    for step in range(3):
        for i, p in enumerate(model.parameters()):
            p.grad = torch.full_like(p, 0.25 * (i - step))
        optimizer.step()
    return model, optimizer


def scheduled(make, steps=7, metrics=None):
    optimizer = torch.optim.SGD([nn.Parameter(torch.ones(2))], lr=0.1, momentum=0.9)
    scheduler = make(optimizer)
    for step in range(steps):
        optimizer.step()
        scheduler.step(*([] if metrics is None else [metrics[step]]))
    return scheduler


def one_cycle_of_torch_1():
    """In PyTorch 1 the annealing function was a method: with it the pickle has the scheduler and the whole optimizer."""
    scheduler = scheduled(lambda o: lr_scheduler.OneCycleLR(o, max_lr=0.5, total_steps=20))
    def _annealing_cos(self, start, end, pct):
        raise NotImplementedError
    scheduler.anneal_func = types.MethodType(_annealing_cos, scheduler)
    for name in ("_anneal_func_type", "_is_initial"):
        scheduler.__dict__.pop(name)
    return {k: v for k, v in scheduler.__dict__.items() if k != "optimizer"}


def containers():
    shared = ["one list in two places"]
    return {
        "none": None, "true": True, "false": False, "text": "größe 層 🙂 'quoted' \"twice\" \\ \n", "empty text": "",
        "ints": [0, 1, -1, 255, 256, 65535, 65536, -128, 2**31 - 1, -2**31, 2**31, 2**63 - 1, -2**63, 2**63, -2**100],
        "floats": [0.0, -0.0, 0.1, 1e300, 5e-324, math.inf, -math.inf, math.nan],
        "tuples": [(), (1,), (1, "2"), (1, 2, 3), (1, 2, 3, [4])],
        "lists": [[], [[]], [1], shared, shared], "dicts": {"empty": {}, "one": {"a": 1}, 1: "int", -2.5: "float",
                                                            (1, "a"): "tuple", True + 1: "two"},
        "sets": [set(), {1, 2, 3}, {"a"}, frozenset([4])], "bytes": [b"\0\x7f\x80\xff", b"abc", bytearray(b"\1\2")],
        "counter": collections.Counter([30, 80, 80]), "ordered": collections.OrderedDict(z=1, a=2),
        "default": dict(collections.defaultdict(dict, a={"b": 1})),
        "dtype": [torch.float32, torch.bfloat16, torch.uint16], "device": [torch.device("cpu"), torch.device("cuda", 1)],
        "size": torch.Size([2, 3]), "deep": [[[[[[[[[[{"deep": ({"er": [()]},)}]]]]]]]]]],
    }


def batches():
    """A pickle has lists and dicts in pieces of 1000."""
    return {"1001 items": [0] * 1001, "2000 items": [None] * 2000, "1001 keys": dict.fromkeys(range(1001)),
            "1001 ordered": collections.OrderedDict.fromkeys(range(1001)), "1001 counted": collections.Counter(range(1001))}


def dtypes():
    values = {str(d)[6:]: torch.tensor([0, 1, 2, 100]).to(d) for d in DTYPES}
    values["odd float32"] = torch.tensor([math.nan, math.inf, -math.inf, -0.0, 1e-45, 0.1])
    values["scalars"] = [torch.tensor(1.5), torch.tensor(7), torch.tensor(True), torch.tensor(0.1, dtype=torch.float64)]
    values["empty"] = [torch.empty(0), torch.empty(0, 3, dtype=torch.int32), torch.empty(2, 0, 4, dtype=torch.uint16)]
    return values


def float8():
    """All 256 bytes as each type that Anneal converts and that dtypes() has not, and what they are as float32."""
    values = {str(d)[6:]: torch.arange(256).to(torch.uint8).view(d)
              for d in (torch.float8_e4m3fnuz, torch.float8_e5m2fnuz, torch.float8_e8m0fnu)}
    return {name: [value, value.float()] for name, value in values.items()}


def bits():
    """Types that Anneal hands on byte for byte."""
    return {str(d)[6:]: torch.arange(8).to(torch.uint8).view(d)
            for d in (torch.complex32, torch.float4_e2m1fn_x2, torch.bits16, torch.bits8, torch.bits4x2, torch.bits2x4,
                      torch.bits1x8)}


def strided():
    base = torch.arange(60, dtype=torch.float32)
    return {"transposed": base.reshape(6, 10).t(), "part": base[7:19], "every third": base[::3],
            "columns": base.reshape(6, 10)[:, 2:5], "expanded": torch.tensor([1.0, 2.0]).reshape(2, 1).expand(2, 3),
            "channels last": torch.arange(48, dtype=torch.float16).reshape(2, 2, 3, 4).contiguous(
                memory_format=torch.channels_last), "permuted": torch.arange(24).reshape(2, 3, 4).permute(2, 0, 1),
            "diagonal": torch.arange(9, dtype=torch.int16).reshape(3, 3).diagonal(), "one of many": base[5]}


def shared():
    weight = torch.arange(6, dtype=torch.float32).reshape(2, 3)
    small = torch.arange(8, dtype=torch.uint8)
    return {"same object": [weight, weight], "same storage": [weight[0], weight[1], weight.t()], "other": weight.clone(),
            "two types of one storage": [small.view(torch.uint16), small.view(torch.uint32)]}


def attributes():
    tensor, parameter = torch.arange(2.0), nn.Parameter(torch.arange(3.0))
    tensor.tag = parameter.tag = "left out"
    small = torch.arange(2).to(torch.uint16)
    small.tag = None
    return {"tensors": [tensor, parameter, nn.Buffer(torch.arange(4.0)), small], None: "none", (1, None): "in a tuple"}


def checkpoint():
    model, optimizer = trained(lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True))
    scheduler = scheduled(lambda o: lr_scheduler.StepLR(o, step_size=3))
    return {"epoch": 3, "step": 1234, "model": model.state_dict(), "optimizer": optimizer.state_dict(),
            "scheduler": scheduler.state_dict(), "rng": torch.arange(16, dtype=torch.uint8)}


def namespace():
    """What torchvision's references save of their command line, and what programs like them put there."""
    args = argparse.Namespace(data_path="/data", epochs=90, lr=0.1, amp=False, resume=None, lr_steps=[30, 60],
                              output_dir=pathlib.PurePosixPath("/runs/one"), here=pathlib.PurePosixPath("."),
                              config=types.SimpleNamespace(width=2, file=pathlib.PurePosixPath("a/b.yaml")))
    return {"model": net().state_dict(), "epoch": 2, "args": args, "none": argparse.Namespace()}


def cases():
    yield "containers", containers()
    yield "batches", batches()
    yield "dtypes", dtypes()
    yield "float8", float8()
    yield "bits", bits()
    yield "strided", strided()
    yield "shared", shared()
    yield "model", net().state_dict()
    yield "attributes", attributes()
    yield "namespace", namespace()
    yield "parameter", [nn.Parameter(torch.ones(2, 3)), nn.Parameter(torch.zeros(2), requires_grad=False)]
    yield "sgd", trained(lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9))[1].state_dict()
    yield "adam", trained(lambda p: torch.optim.Adam(p, lr=1e-3, amsgrad=True))[1].state_dict()
    yield "checkpoint", checkpoint()
    yield "StepLR", scheduled(lambda o: lr_scheduler.StepLR(o, 3)).state_dict()
    yield "MultiStepLR", scheduled(lambda o: lr_scheduler.MultiStepLR(o, [5, 2, 5])).state_dict()
    yield "OneCycleLR", scheduled(lambda o: lr_scheduler.OneCycleLR(o, max_lr=0.5, total_steps=20)).state_dict()
    yield "OneCycleLR-torch1", one_cycle_of_torch_1()
    yield "CosineAnnealingWarmRestarts", scheduled(lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 4, 2)).state_dict()
    yield "SequentialLR", scheduled(lambda o: lr_scheduler.SequentialLR(
        o, [lr_scheduler.LinearLR(o, 0.1), lr_scheduler.CosineAnnealingLR(o, 10)], [4])).state_dict()
    yield "ReduceLROnPlateau", scheduled(lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=1),
                                         metrics=[1, 0.9, 0.95, 0.95, 0.95, 0.8, 0.7]).state_dict()
    for protocol in (3, 4, 5):
        yield f"protocol{protocol}", {"model": net().state_dict(), "values": containers()}


def saved(name, value):
    out = io.BytesIO()
    torch.save(value, out, pickle_protocol=int(name[8:]) if name.startswith("protocol") else 2)
    return out.getvalue()


def write(name, file, view):
    (GOLDEN / name).write_bytes(file)
    text = json.dumps({"torch": torch.__version__.split("+")[0], "value": view}, ensure_ascii=True, separators=(",", ":"))
    (GOLDEN / (name + ".json")).write_text(text + "\n")


def generate():
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for name, value in cases():
        write(name + ".pt", saved(name, value), View().of(value))
    # one entry: safetensors writes several in any order
    write_safetensors("model", dict(net().state_dict()), {"größe": "a \"b\"\n\u2028\U0001f642"})
    values = {str(d)[6:]: torch.tensor([[0, 1, 2, 100]]).to(d) for d in DTYPES if d != torch.complex128}
    write_safetensors("dtypes", values | {"scalar": torch.tensor(1.5), "empty": torch.empty(0, 3)}, None)
    write_safetensors("float8", {name: pair[0] for name, pair in float8().items() if name.endswith("fnuz")}, None)


def write_safetensors(name, tensors, metadata):
    file = safetensors.torch.save(tensors, metadata)
    header = json.loads(file[8:8 + int.from_bytes(file[:8], "little")])
    loaded = safetensors.torch.load(file)
    in_order = {name: loaded[name] for name in header if name != "__metadata__"}
    write(name + ".safetensors", file, View(False).of(in_order))


def check():
    failed = 0
    count = 0
    for golden in sorted(GOLDEN.glob("*.json")):
        file = WRITTEN / golden.stem
        if golden.stem == "OneCycleLR-torch1.pt":
            continue  # a method, which cannot be written
        count += 1
        expected = json.loads(golden.read_text())["value"]
        try:
            if file.suffix == ".pt":
                actual = View().of(torch.load(file, weights_only=True))
            else:
                actual = View(False).of(safetensors.torch.load_file(file))
                expected = {"dict": sorted(expected["dict"])}
                actual = {"dict": sorted(actual["dict"])}
            same = json.dumps(actual) == json.dumps(expected)
            print("equal" if same else "DIFFERENT", file)
        except Exception as e:
            same = False
            print("FAILED", file, e)
        failed += not same
    print(f"{count - failed} of {count} files are equal")
    return 1 if failed or not count else 0


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    if sys.argv[1:] == ["--check"]:
        sys.exit(check())
    generate()
