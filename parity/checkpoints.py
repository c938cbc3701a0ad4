#!/usr/bin/env python3
"""Writes core/src/test/resources/golden/checkpoints: small files of torch.save and safetensors, each with what PyTorch 2.13
sees in it as JSON. Run `python3 parity/checkpoints.py`; it gives the same bytes each time, but for the layout of before
PyTorch 1.6, in which a storage's name is its address: of that, a file in which PyTorch sees the same is left as it is.

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
    {"complex": [1.0, 2.0]}
    {"object": "torch.optim...."}           a method, which torch.load(weights_only=True) refuses, and Anneal keeps by name

A storage is a tensor of one dimension. Where the file has "places": false, a tensor is what it shows: "strides", "offset" and
"storage" are left out.
"""
import argparse
import collections
import io
import json
import math
import pathlib
import pickle
import struct
import sys
import types
import warnings
import zipfile

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
        if isinstance(x, torch.storage.TypedStorage):
            x = torch.empty(0, dtype=x.dtype).set_(x._untyped_storage)
        if isinstance(x, torch.Tensor):
            if x.is_quantized:
                x = x.dequantize()
            x = x.resolve_conj().resolve_neg()
            if not self.keep_storages:
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
        if isinstance(x, complex):
            return {"complex": [self.of(x.real), self.of(x.imag)]}
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


def texts():
    """Of what protocol 0 has lines: no tensors, which it cannot name."""
    return {"none": None, "bools": [True, False], "ints": [0, 1, -1, 2**31, 2**63 - 1, -2**63, 2**63, -2**100],
            "floats": [0.0, -0.0, 0.1, 1e300, 5e-324, 1e-05, math.inf, -math.inf, math.nan], "tuple": (1, (2, ()), [3]),
            "texts": ["", "gr\u00f6\u00dfe \u5c64 \U0001f642 'a' \"b\" \\ \\u0041 \n\t", "\x00\xff"], "complex": 1 - 2j,
            "sets": [{1}, {"a"}], "ordered": collections.OrderedDict(z=1, a=[2]), "counter": collections.Counter("aab"),
            "types": [torch.float32, torch.device("cuda", 1), torch.Size([2, 3])], "bytes": [b"\0\x7f\x80\xff", b""],
            "default": collections.defaultdict(list, a=[1])}


def typed():
    """Of each type that the old layout has a class of storages for, and views."""
    values = {str(d)[6:]: torch.tensor([0, 1, 2, 100]).to(d) for d in DTYPES
              if d in torch.storage._dtype_to_storage_type_map()}
    return {"types": values, "strided": strided(), "empty": [torch.empty(0), torch.empty(0, 3, dtype=torch.int32)],
            "same": [values["float32"], values["float32"][1:], values["float32"].clone()], "scalar": torch.tensor(1.5),
            "parameter": nn.Parameter(torch.ones(2, 3)), "storage": values["int16"].storage()}


def legacy(value, protocol=2):
    out = io.BytesIO()
    torch.save(value, out, pickle_protocol=protocol, _use_new_zipfile_serialization=False)
    return out.getvalue()


def by_hand(pickler, value, storages):
    """The layout of before 1.6 from a pickler of our own, in protocol 2; storages: (key, tensor of all of it)."""
    out = io.BytesIO()
    for part in (torch.serialization.MAGIC_NUMBER, torch.serialization.PROTOCOL_VERSION, {"little_endian": True}):
        pickle.dump(part, out, 2)
    pickler(out, 2).dump(value)
    pickle.dump([key for key, _ in storages], out, 2)
    for _, tensor in storages:
        out.write(struct.pack("<q", tensor.numel()) + raw(tensor))
    return out.getvalue()


def parts_of_storages():
    """Before PyTorch 0.4 a storage could be a part of another."""
    base = torch.arange(10, dtype=torch.float64)

    class Part:
        def __init__(self, key, offset, size, shape, stride, start):
            self.key, self.offset, self.size, self.of = key, offset, size, (start, shape, stride)

        def __reduce__(self):
            return torch._utils._rebuild_tensor_v2, (Id(self), *self.of, False, collections.OrderedDict())

    class Id:
        def __init__(self, part):
            self.part = part

    class Pickler(pickle.Pickler):
        def persistent_id(self, x):
            if isinstance(x, Id):
                view = None if x.part.key is None else (x.part.key, x.part.offset, x.part.size)
                return "storage", torch.DoubleStorage, "root", "cpu", 10, view

    parts = [Part(None, 0, 0, (10,), (1,), 0), Part("a", 2, 6, (2, 3), (3, 1), 0), Part("a", 2, 6, (3,), (2,), 1),
             Part("b", 9, 1, (), (), 0), Part("c", 10, 0, (0,), (1,), 0)]
    return by_hand(Pickler, parts, [("root", base)])


class Python2Pickler(pickle._Pickler):
    """Writes what Python 2 wrote: a str of it is bytes, and an OrderedDict is made of a list of lists."""
    dispatch = dict(pickle._Pickler.dispatch)
    tensors = []

    def persistent_id(self, x):
        if isinstance(x, torch.storage.TypedStorage):
            self.tensors.append((str(len(self.tensors)), torch.empty(0, dtype=x.dtype).set_(x._untyped_storage)))
            return "storage", getattr(torch, x._pickle_storage_type()), self.tensors[-1][0], "cpu", len(x), None

    def save_str(self, x):
        data = x.encode()
        if not self.bin:
            self.write(b"S'" + repr(data)[2:-1].replace("'", "\\'").encode() + b"'\n")
        elif len(data) < 256:
            self.write(b"U" + bytes([len(data)]) + data)
        else:
            self.write(b"T" + struct.pack("<i", len(data)) + data)
        self.memoize(x)

    dispatch[str] = save_str

    def reducer_override(self, x):
        if type(x) is collections.OrderedDict:
            return collections.OrderedDict, ([[k, v] for k, v in x.items()],)
        return NotImplemented


def python2():
    value = {"state": collections.OrderedDict(net().state_dict()), "text": "gr\u00f6\u00dfe", "long": "x" * 300, "epoch": 3,
             "default": collections.defaultdict(int, a=1), "sets": {1, 2}}
    Python2Pickler.tensors = []
    return by_hand(Python2Pickler, value, Python2Pickler.tensors)


def python2_text():
    out = io.BytesIO()
    for part in (torch.serialization.MAGIC_NUMBER, torch.serialization.PROTOCOL_VERSION, {}):
        pickle.dump(part, out, 0)
    Python2Pickler(out, 0).dump({"text": "it's \"gr\u00f6\u00dfe\" \\ \n\t\0", "": [True, 2**70, 0.5], "o": collections.OrderedDict(a=1)})
    pickle.dump([], out, 0)
    return out.getvalue()


def zipped(value, protocol=2, crc=True):
    out = io.BytesIO()
    torch.serialization.set_crc32_options(crc)
    torch.save(value, out, pickle_protocol=protocol)
    torch.serialization.set_crc32_options(True)
    return out.getvalue()


def repacked(file, method, change=lambda name, data: data):
    """The archive, made anew by other means than PyTorch's."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(file)) as old, zipfile.ZipFile(out, "w", method) as new:
        for entry in old.infolist():
            new.writestr(zipfile.ZipInfo(entry.filename), change(entry.filename, old.read(entry)), method)
    return out.getvalue()


def big_endian():
    """As a big-endian machine writes it: each storage's numbers turned around by its type."""
    values = {str(d)[6:]: torch.tensor([1, 2, 100]).to(d) for d in DTYPES if d in torch.storage._dtype_to_storage_type_map()}
    sizes = [torch.tensor([], dtype=t.dtype.to_real() if t.is_complex() else t.dtype).element_size() for t in values.values()]

    def swap(name, data):
        if name.endswith("/byteorder"):
            return b"big"
        if "/data/" in name:
            n = sizes[int(name.rsplit("/", 1)[1])]
            return b"".join(data[i:i + n][::-1] for i in range(0, len(data), n))
        return data

    return repacked(zipped(values | {"transposed": list(values.values())[0].reshape(3, 1).t()}), zipfile.ZIP_STORED, swap)


def complexes():
    return [0j, 1 + 2j, -2.5j, complex(-0.0, 1), complex(1e300, math.nan), complex(0, -math.inf), {1j: "key"}]


def keys():
    one, two = torch.arange(2.0), torch.tensor(7)
    return {b"bytes": 1, one: "a tensor", two: one, torch.float32: "dtype", torch.device("cuda", 0): "device",
            (b"in a tuple", (one, None)): 3, 1.5: {two: 4}}


def lazy():
    """Views that are conjugated or negated only when they are read."""
    z = torch.tensor([[1 + 2j, -0.5j], [complex(math.nan, -0.0), 3]], dtype=torch.complex64)
    return {"conjugate": z.conj(), "transposed": z.mH, "imaginary": z.clone().conj().imag,
            "complex128": z.to(torch.complex128).conj()[1], "part": z.conj()[:, 1], "negative": torch._neg_view(z), "base": z,
            "both": torch._neg_view(z.conj()), "half": torch._neg_view(torch.tensor([1.5, -0.0]).half()),
            "bfloat16": torch._neg_view(torch.tensor([1.5, -0.0]).bfloat16()), "float64": torch._neg_view(torch.tensor([0.1]).double()),
            **{str(d)[6:]: torch._neg_view(torch.tensor([0, 1, 100]).to(d))
               for d in (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)},
            "smallest": torch._neg_view(torch.tensor([-2**63, 255, -256]))}


def quantized():
    x = (torch.arange(48, dtype=torch.float32) * 0.37 - 7).reshape(2, 3, 2, 4)
    scales, zeros = torch.tensor([0.1, 0.07, 0.3]), torch.tensor([0, 3, 7])
    columns = torch.quantize_per_channel(x, scales, zeros, 1, torch.qint8)
    floats = torch.quantize_per_channel(x, scales, zeros + 0.3, 1, torch.quint8)
    return {**{str(d)[6:]: torch.quantize_per_tensor(x[0], 0.0123456789, 5, d)
               for d in (torch.qint8, torch.quint8, torch.qint32)},
            "large": torch._make_per_tensor_quantized_tensor(torch.tensor([2**31 - 1, -2**31, 2**24 + 1], dtype=torch.int32), 0.1, -3),
            "part": torch.quantize_per_tensor(x[0], 0.1, 0, torch.qint8)[1:, :, 2:], "scalar": torch.quantize_per_tensor(x[0, 0, 0, 0], 0.1, 0, torch.quint8),
            "rows": torch.quantize_per_channel(x.reshape(3, 16), scales, zeros, 0, torch.quint8), "columns": columns,
            "last": torch.quantize_per_channel(x.reshape(16, 3), scales.double(), zeros, 1, torch.qint32),
            "channels last": columns.contiguous(memory_format=torch.channels_last), "floats": floats,
            "one channel": torch.quantize_per_channel(x[0, :1], scales[:1], zeros[:1], 0, torch.qint8)}


def storages():
    tensor = torch.arange(3, dtype=torch.int16)
    floats = torch.arange(3.0)
    return {"typed": floats.storage(), "its tensor": floats, "untyped": tensor.untyped_storage(), "list": [torch.ones(2).storage()],
            "empty": torch.empty(0).storage(), "bytes": torch.arange(4, dtype=torch.uint8).untyped_storage()}


def types_of_one_storage():
    small = torch.arange(16, dtype=torch.uint8)
    return [small, small.view(torch.float8_e4m3fn), small.view(torch.uint16)[1:], small.untyped_storage(),
            small.view(torch.uint64)]


def defaults():
    return {t.__name__: collections.defaultdict(t, {"a": t()}) for t in (int, float, bool, str, list, dict, tuple, set, bytes,
                                                                        complex, frozenset, bytearray, collections.OrderedDict)}


def files():
    """Files whose expected values are what PyTorch reads of them, and whether places count."""
    adam = trained(lambda p: torch.optim.Adam(p, lr=1e-3, amsgrad=True))
    for protocol in range(6):
        yield f"legacy{protocol}", legacy({"values": texts()} if protocol == 0 else {
            "model": adam[0].state_dict(), "values": texts(), "types": typed()}, protocol), True
    yield "legacy-optimizer", legacy({"model": adam[0].state_dict(), "optimizer": adam[1].state_dict(), "epoch": 3}), True
    yield "legacy-parts", parts_of_storages(), True
    yield "legacy-keys", legacy({b"bytes": 1, torch.ones(2): torch.zeros(3)}), True
    yield "legacy-quantized", legacy(quantized()), False
    yield "legacy-lazy", legacy(lazy()), False
    yield "python2", python2(), True
    yield "python2-text", python2_text(), True
    yield "protocol0", zipped(texts(), 0), True
    yield "protocol1", zipped({"values": texts(), "model": net().state_dict()}, 1), True
    yield "namespace1", zipped(namespace(), 1), True
    yield "legacy-namespace", legacy({"args": namespace()["args"]}, 0), True
    yield "nocrc", zipped({"model": net().state_dict()}, crc=False), True
    yield "deflated", repacked(zipped({"model": net().state_dict(), "zeros": torch.zeros(30, 100).t()}), zipfile.ZIP_DEFLATED), True
    yield "big-endian", big_endian(), True
    yield "complexes", zipped(complexes()), True
    yield "keys", zipped(keys()), True
    yield "lazy", zipped(lazy()), False
    yield "quantized", zipped(quantized()), False
    yield "storages", zipped(storages()), True
    yield "types-of-one-storage", zipped(types_of_one_storage()), True
    for protocol in (2, 4):
        yield f"defaults{protocol}", zipped(defaults(), protocol), True


def saved(name, value):
    out = io.BytesIO()
    torch.save(value, out, pickle_protocol=int(name[8:]) if name.startswith("protocol") else 2)
    return out.getvalue()


def write(name, file, view, places=True):
    content = {"torch": torch.__version__.split("+")[0], **({} if places else {"places": False}), "value": view}
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":")) + "\n"
    expected = GOLDEN / (name + ".json")
    if name.startswith("legacy") and expected.exists() and expected.read_text() == text:
        return  # the names in it would be others
    (GOLDEN / name).write_bytes(file)
    expected.write_text(text)


def generate():
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for name, value in cases():
        write(name + ".pt", saved(name, value), View().of(value))
    for name, file, places in files():
        write(name + ".pt", file, View(places).of(torch.load(io.BytesIO(file), weights_only=False)), places)
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
        content = json.loads(golden.read_text())
        expected = content["value"]
        try:
            if file.suffix == ".pt":
                actual = View(content.get("places", True)).of(torch.load(file, weights_only=True))
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
