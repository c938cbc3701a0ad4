"""Writes what Python prints and computes, for the tests of org.anneal.text.

Run from core: python3 src/test/python/generate.py (Python 3.11 wrote the committed files)
"""

import math
import pathlib
import random
import struct
import sys

OUT = pathlib.Path(__file__).parent.parent / "resources/org/anneal/text"
STEPS = [0, 1, 2, 3, 7, 10, 99, 1000, 12345, 10**6, 2**53]
LAMBDAS = """
lambda step: 0.95 ** step
lambda epoch: 0.5 ** (epoch // 10000)
lambda epoch: epoch / 10 if epoch < 10 else 0.1 ** (epoch // 30)
lambda s: min((s + 1) ** -0.5, (s + 1) * 4000 ** -1.5)
lambda s: 0.5 * (1 + math.cos(math.pi * s / 100))
lambda s: max(0.0, 1 - s / 1000)
lambda s: 1
lambda s: True
lambda s: s > 5
lambda s: 3 < s <= 99
lambda s: 3 < s < 99 != 7
lambda s: not s % 2
lambda s: s and 5 or 7
lambda s: s % 7 or 0.5
lambda s: -s // 7
lambda s: -s % 7
lambda s: s % -7
lambda s: -s // 7.5
lambda s: -s % 7.5
lambda s: s % -7.5
lambda s: s // -0.1
lambda s: s // 0.1
lambda s: s % 0.1
lambda s: -2 ** 2 + s
lambda s: 2 ** -1 * s
lambda s: 2 ** 3 ** 2 - s
lambda s: (2 ** 3) ** 2 - s
lambda s: (-2) ** (s % 64)
lambda s: (-2.5) ** (s % 64)
lambda s: 2 ** (s % 1000)
lambda s: 3 ** (s % 500) / 7 ** (s % 300)
lambda s: (s + 1) / (s * s + 3)
lambda s: (10 ** 30 + s) / 3
lambda s: (10 ** 30 + s) % (10 ** 15 + 3) / 10 ** 9
lambda s: 7 / 10 ** 310 * s
lambda s: 1 / 3 ** 640
lambda s: 10 ** 400 / (10 ** 399 + s)
lambda s: -1 / 10 ** 400
lambda s: round(s / 7)
lambda s: round(s / 7, 2)
lambda s: round(s * 0.005, 2)
lambda s: round(s + 0.5)
lambda s: round(s, -1)
lambda s: round(s * 1.25, -2)
lambda s: round(2.675, 2) + round(-2.5)
lambda s: int(-s / 7)
lambda s: math.floor(-s / 7) + math.ceil(s / 7)
lambda s: abs(3 - s)
lambda s: float(s)
lambda s: bool(s)
lambda s: pow(s, 2)
lambda s: math.pow(s, 0.3)
lambda s: s ** 0.3
lambda s: s ** 2.0
lambda s: math.sqrt(s)
lambda s: math.log(s + 1)
lambda s: math.log(s + 1, 10)
lambda s: math.log(10 ** 400 + s)
lambda s: math.log2(s + 1)
lambda s: math.log10(s + 1)
lambda s: math.log2(1 / (s + 1))
lambda s: math.exp(-s / 1000)
lambda s: math.tanh(s / 10) + math.sin(s) - math.tan(s)
lambda s: math.e ** (-0.01 * s)
lambda s: min(1, 2.0, s) + max(1, s, 1.0)
lambda s: 1e-4 + .5 + 1. + 10_000 - 1E3
lambda s: +s - -s
lambda s: 1 - (2 - 3) - s / (2 / 3) * 4
lambda s: (s if s < 3 else 3) if s != 2 else (4 if s == 2 else 5)
lambda s: 2 ** 53 + 1 == 2.0 ** 53
lambda s: (2 ** 53 + 1) * 1.0 == 2 ** 53
lambda s: s == 1.0
lambda s: (True + True) * s
lambda s: s / (s - 1)
lambda s: s // (s - 1)
lambda s: s % (s - 1)
lambda s: s / (s - 1.0)
lambda s: s ** -1
lambda s: 1e308 * 10 * s
lambda s: (1e308 * 10) // 3
lambda s: 1.5 ** s
lambda s: 1.5 ** -s
lambda s: math.exp(s)
lambda s: math.log(s)
lambda s: math.sqrt(3 - s)
lambda s: 10 ** 400 * 1.0 * s
lambda s: math.inf - s
lambda s: int(math.inf)
lambda s: math.atan2(s, -1) + math.hypot(3, s) + math.copysign(1, -s)
lambda s: 1 if math.nan else 0
lambda s: 0.1 + 0.2 * s
lambda s: 0.0 if s < 5 else -0.0
""".strip().splitlines()


def bits(x):
    return struct.unpack(">q", struct.pack(">d", x))[0]


def write(name, header, rows):
    with open(OUT / name, "w", encoding="utf-8", newline="\n") as out:
        out.write(f"# {header}; by generate.py, Python {sys.version.split()[0]}\n")
        out.writelines(row + "\n" for row in rows)


def lambdas():
    for text in LAMBDAS:
        function = eval(text)
        for step in STEPS:
            try:
                value = repr(1.0 * function(step))
            except (ArithmeticError, ValueError, TypeError):
                value = "error"
            yield f"{text}\t{step}\t{value}"


def doubles():
    random.seed(20)
    yield from (2.0**k for k in range(-1074, 1024, 3))
    yield from (9007199254740993.0, 1e22, 1e23, 2e23, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308)
    yield from (0.0, -0.0, math.inf, -math.inf, math.nan, 0.1, 1 / 3, 100.0, 1e-4, 1e-5, 1e15, 1e16, 1e17, 0.09025)
    yield from (0.5, 1.5, 2.5, 0.125, 0.375, 2.675, 9.9999999, 99999.5, -0.00001, 1e-400, 123456789012345680.0)
    for _ in range(900):
        yield struct.unpack(">d", struct.pack(">Q", random.getrandbits(64)))[0]
    for _ in range(200):
        yield random.getrandbits(random.randint(1, 52)) * 5e-324
    for _ in range(600):
        yield random.choice([random.random(), round(random.uniform(-9, 9), 3), random.uniform(0, 1) * 10 ** random.randint(-9, 19)])


def fixed(x):
    return "" if abs(x) > 1e20 else f"{x:.4f}"


def powers():
    random.seed(7)
    for _ in range(3000):
        base = random.choice([random.random(), round(random.uniform(0.5, 1.1), 3)])
        exponent = random.choice([random.randint(2, 4), random.randint(0, 300)])
        yield f"{base!r},{exponent},{base**exponent!r}"


write("lambdas.tsv", "lambda, step, value", lambdas())
write("doubles.csv", "bits,repr,%.4f,%.2e", (f"{bits(x)},{x!r},{fixed(x)},{x:.2e}" for x in doubles()))
write("powers.csv", "base,exponent,base ** exponent", powers())
