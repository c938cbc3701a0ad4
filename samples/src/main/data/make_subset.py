#!/usr/bin/env python3
"""Make the balanced subset of Fashion-MNIST in the jar of anneal-samples.

Takes the first 1,000 images of each class from the training files and the first 200 of each class from the t10k files of
Debian's package dataset-fashion-mnist, in their original order, and writes four gzipped IDX files of the same names.
The bytes do not depend on the clock; they do depend on zlib's deflate, so --check compares the unpacked bytes as well and
says which of the two differ.

    make_subset.py           write the files
    make_subset.py --check   exit 1 if the committed files are not what this makes
"""

import argparse
import gzip
import hashlib
import struct
import sys
import zlib
from pathlib import Path

SOURCE = Path("/usr/share/datasets/fashion-mnist")
TARGET = Path(__file__).resolve().parents[1] / "resources/org/anneal/samples/fashion-mnist"
CLASSES = 10
PER_CLASS = {"train": 1000, "t10k": 200}


def read_idx(path, dimensions):
    """The sizes along each dimension, and the bytes of the items."""
    data = gzip.decompress(path.read_bytes())
    magic, *shape = struct.unpack_from(f">{1 + dimensions}I", data)
    if magic != 0x0800 + dimensions:
        sys.exit(f"{path}: not an IDX file of bytes in {dimensions} dimensions (magic {magic:#06x})")
    return shape, data[4 * (1 + dimensions) :]


def subset(part, per_class):
    """The two IDX files of one part: images and labels of the first `per_class` items of every class."""
    (count, height, width), pixels = read_idx(SOURCE / f"{part}-images-idx3-ubyte.gz", 3)
    (label_count,), labels = read_idx(SOURCE / f"{part}-labels-idx1-ubyte.gz", 1)
    if count != label_count:
        sys.exit(f"{part}: {count} images, but {label_count} labels")
    seen = [0] * CLASSES
    chosen = []
    for index, label in enumerate(labels):
        if seen[label] < per_class:
            seen[label] += 1
            chosen.append(index)
    if seen != [per_class] * CLASSES:
        sys.exit(f"{part}: wanted {per_class} images of every class, but found {seen}")
    size = height * width
    images = struct.pack(">4I", 0x0803, len(chosen), height, width)
    images += b"".join(pixels[i * size : (i + 1) * size] for i in chosen)
    return {
        f"{part}-images-idx3-ubyte.gz": images,
        f"{part}-labels-idx1-ubyte.gz": struct.pack(">2I", 0x0801, len(chosen)) + bytes(labels[i] for i in chosen),
    }


def pack(content):
    """Gzip at the best compression; zlib writes the header, without a time and alike in every Python."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.compress(content) + packer.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the committed files instead of writing")
    check = parser.parse_args().check
    wrong = False
    for part, per_class in PER_CLASS.items():
        for name, content in subset(part, per_class).items():
            packed = pack(content)
            path = TARGET / name
            if not check:
                path.write_bytes(packed)
            elif path.read_bytes() != packed:
                wrong = True
                same = gzip.decompress(path.read_bytes()) == content
                print(f"{path}: {'same content, another deflate' if same else 'another content'}", file=sys.stderr)
            print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
