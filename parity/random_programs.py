#!/usr/bin/env python3
"""Writes core/src/test/resources/org/anneal/text/programs.tsv: random functions of the step in the language that
docs/text.md describes, and what CPython and NumPy compute. `python3 parity/random_programs.py` writes the committed
file, `python3 parity/random_programs.py SEED COUNT FILE` others.

A line is a program, with \\n and \\\\ escaped, and for each of the steps of the first line a value, "error" where Python
raises, or "value~tolerance" where functions such as cos are in it, which C's library rounds elsewhere than Java's.

What docs/text.md says that differs from Python is left out or counted as an error: NumPy's functions give Python's ints
and floats, ints of NumPy do not wrap, there is no complex number, an int has at most 16,384 bits.
"""
import ast
import bisect
import builtins
import functools
import math
import pathlib
import random
import sys
import types
import warnings

import numpy

warnings.filterwarnings("ignore")
OUT = pathlib.Path(__file__).resolve().parent.parent / "core/src/test/resources/org/anneal/text/programs.tsv"
STEPS = (0, 3, 50)
MOST_BITS = 16_384


class Skip(BaseException):
    """A program of which the answers are not comparable."""


# ---- What Python computes --------------------------------------------------------------------------------------


class Oracle:
    """Python's own functions; those that are not arithmetic may be off by an ulp, to see what a program makes of it."""

    def __init__(self, variant):
        self.variant = variant
        self.random = random.Random(variant)
        self.inexact = False
        self.operations = 0

    def count(self, operations):
        self.operations += operations
        if self.operations > 5000:
            raise Skip  # beyond the budget, perhaps

    def shifted(self, x):
        self.inexact = True
        if self.variant == 0 or not isinstance(x, float) or not math.isfinite(x):
            return x
        to = {1: math.inf, 2: -math.inf}.get(self.variant) or self.random.choice((math.inf, -math.inf))
        return math.nextafter(x, to)

    def bounded(self, value):
        if isinstance(value, complex):
            raise ValueError("complex")
        if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > MOST_BITS + 1:
            raise OverflowError("too long")
        if isinstance(value, (str, list, tuple)) and len(value) > 100_000:
            raise OverflowError("too long")
        return value

    def binary(self, operator, left, right):
        self.count(1)
        if operator in ("**", "<<", "*") and isinstance(right, int) and isinstance(left, (int, str, list, tuple)):
            for one, other in ((left, right), (right, left)):
                if isinstance(one, (str, list, tuple)) and isinstance(other, int) and len(one) * other > 100_000:
                    raise OverflowError("too long")
            bits = left.bit_length() if isinstance(left, int) else 0
            if operator == "**" and right > 0 and bits > 1 and (bits - 1) * right > MOST_BITS:
                raise OverflowError("too long")
            if operator == "<<" and left and right > MOST_BITS * 2:
                raise OverflowError("too long")
        if operator == "%" and isinstance(left, str):
            raise Skip  # a format
        value = self.bounded(OPERATORS[operator](left, right))
        return self.shifted(value) if operator == "**" and isinstance(value, float) else value

    def real(self, function):
        return lambda *arguments, **keywords: self.shifted(function(*arguments, **keywords))

    def numpy(self, name):
        function = getattr(numpy, name)

        def plain(*arguments, **keywords):
            def small(value):
                if isinstance(value, (list, tuple)):
                    if any(isinstance(each, (list, tuple)) for each in value):
                        raise Skip  # an array of two dimensions
                    list(map(small, value))
                elif isinstance(value, int) and abs(value) > 2**31:
                    raise Skip  # int64 wraps, or there is no such function of objects
                elif isinstance(value, bool) or not isinstance(value, (int, float)):
                    if (value is not None or name != "clip") and not (name == "searchsorted" and value in ("left", "right")):
                        raise Skip  # arrays of others
            list(map(small, arguments))
            list(map(small, keywords.values()))
            ints = all(isinstance(each, int) for each in arguments)
            if ints and name == "power" and len(arguments) == 2 and abs(arguments[0]) ** abs(arguments[1]) > 2**62:
                raise Skip
            if name == "prod" and isinstance(arguments[0], (list, tuple)) and abs(math.prod(arguments[0])) > 2**62:
                raise Skip
            result = numpy.asarray(function(*arguments, **keywords))
            if result.ndim:
                raise Skip
            value = result.item()
            return value if name in EXACT else self.shifted(value)

        return plain

    def names(self):
        def ranged(*bounds):
            if any(isinstance(each, int) and abs(each) >= 2**61 for each in bounds):
                raise Skip
            result = range(*bounds)
            self.count(len(result))
            if len(result) > 2000:
                raise Skip
            return result

        module = types.SimpleNamespace()
        for name in dir(math):
            value = getattr(math, name)
            exact = not callable(value) or name in EXACT
            setattr(module, name, value if exact else self.real(value))
        module.prod = lambda *arguments, **keywords: self.bounded(math.prod(*arguments, **keywords))
        np = types.SimpleNamespace(**{name: self.numpy(name) for name in NUMPY}, pi=math.pi, e=math.e, inf=math.inf,
                                   nan=math.nan)
        return {"math": module, "np": np, "numpy": np, "bisect": bisect, "functools": functools,
                "partial": functools.partial, "range": ranged, "_binary": self.binary, "print": lambda *texts: None,
                "pow": lambda a, b: self.binary("**", a, b)}


OPERATORS = {text: eval(f"lambda a, b: a {text} b") for text in
             ("+", "-", "*", "/", "//", "%", "**", "<<", ">>", "&", "|", "^")}
SYMBOLS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
           ast.LShift: "<<", ast.RShift: ">>", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^"}
EXACT = {"floor", "ceil", "trunc", "prod", "fsum", "gcd", "isqrt", "isnan", "isinf", "isfinite", "fabs", "fmod",
         "copysign", "sqrt", "rint", "abs", "absolute", "sign", "square", "round", "around", "minimum", "maximum", "mod",
         "remainder", "floor_divide", "clip", "searchsorted", "min", "max", "float64", "degrees", "radians"}
REALS = ["log2", "log10", "log1p", "exp", "exp2", "expm1", "sqrt", "cbrt", "cos", "sin", "tan", "cosh", "sinh", "tanh"]
MATH_1 = REALS + ["floor", "ceil", "trunc", "log", "isnan", "isinf", "isfinite", "fabs", "acos", "asin", "atan", "acosh",
                  "asinh", "atanh", "degrees", "radians", "isqrt"]
MATH_2 = ["log", "pow", "fmod", "atan2", "hypot", "copysign", "gcd"]
NP_1 = REALS + ["log", "arccos", "arcsin", "arctan", "fabs", "floor", "ceil", "trunc", "rint", "abs", "absolute", "sign",
                "square", "round", "around", "float64"]
NP_2 = ["arctan2", "hypot", "copysign", "fmod", "minimum", "maximum", "power", "mod", "remainder", "floor_divide",
        "round"]
NUMPY = sorted(set(NP_1 + NP_2 + ["clip", "interp", "searchsorted", "sum", "prod", "min", "max"]))


class Watched(ast.NodeTransformer):
    """Has every operator computed by the oracle."""

    def visit_BinOp(self, node):
        self.generic_visit(node)
        call = ast.Call(ast.Name("_binary", ast.Load()), [ast.Constant(SYMBOLS[type(node.op)]), node.left, node.right], [])
        return ast.copy_location(call, node)

    def visit_AugAssign(self, node):
        read = ast.Name(node.target.id, ast.Load())
        return ast.copy_location(
            ast.Assign([node.target], self.visit(ast.copy_location(ast.BinOp(read, node.op, node.value), node))), node)


def answers(program):
    """What the function that the last statement is, or assigns, gives at each step."""
    tree = ast.fix_missing_locations(Watched().visit(ast.parse(program)))
    last = tree.body[-1]
    if isinstance(last, ast.Expr):
        tree.body[-1] = ast.fix_missing_locations(
            ast.copy_location(ast.Assign([ast.Name("_f", ast.Store())], last.value), last))
        name = "_f"
    else:
        name = last.name if isinstance(last, ast.FunctionDef) else last.targets[0].id
    code = compile(tree, "program", "exec")
    all_values = []
    for variant in range(6):
        oracle = Oracle(variant)
        names = oracle.names()
        values = []
        try:
            exec(code, names)
        except Exception:
            return None  # it may not be needed
        for step in STEPS:
            try:
                result = names[name](step)
                values.append(float(result) if isinstance(result, (int, float)) else "error")
            except Skip:
                values.append("skip")
            except RecursionError:
                return None
            except Exception:
                values.append("error")
        all_values.append(values)
        if not oracle.inexact:
            break
    cells = []
    for several in zip(*all_values):
        value = several[0]
        kinds = {each if isinstance(each, str) else "nan" if each != each else "inf" if each == math.inf
                 else "-inf" if each == -math.inf else "value" for each in several}
        if len(kinds) > 1 or "skip" in kinds:
            return None
        if isinstance(value, str):
            cells.append(value)
        elif len(several) == 1 or not math.isfinite(value):
            cells.append(repr(value))
        else:
            off = max(abs(each - value) for each in several)
            if off > 1e-6 * abs(value) + 1e-300:
                return None  # the last bit decides
            cells.append(f"{value!r}~{max(4 * math.ulp(value), 4 * off)!r}")
    return cells


# ---- The programs ----------------------------------------------------------------------------------------------


class Writer:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.names = {"number": [], "list": [], "function": []}
        self.counter = 0
        self.captured = []
        self.outside = []  # names that are no local ones of the function

    def one(self, *choices):
        return self.random.choice(choices)

    def chance(self, probability):
        return self.random.random() < probability

    def fresh(self, kind):
        self.counter += 1
        return {"number": "x", "list": "values", "function": "g"}[kind] + str(self.counter)

    def bound(self, kinds, write):
        """Names of the kinds, and what is written where they are known."""
        names = [self.fresh(kind) for kind in kinds]
        before = {kind: list(known) for kind, known in self.names.items()}
        for kind, name in zip(kinds, names):
            self.names[kind].append(name)
        text = write()
        self.names = before
        return names, text

    def some(self, more=""):
        return (self.one(*self.names["number"]) if self.names["number"] else "5") + more

    def free(self):
        """Names that may get another value."""
        return [name for name in self.names["number"] if name not in self.captured] or [self.fresh("number")]

    # Numbers.

    def whole(self):
        return str(self.random.randint(0, 12)) if self.chance(0.8) else self.one(
            "30", "90", "100", "1_000", "0x1F", "0b1011", "0o17", "2147483648", "9007199254740993", "18446744073709551616",
            "123456789012345678901234567890", "10 ** 20", "10 ** 400", "-7 ** 500", "00")

    def real(self):
        if self.chance(0.5):
            return repr(round(self.random.uniform(0, 10), self.random.randint(0, 3)))
        return self.one("0.1", "0.5", ".25", "1.", "1e-3", "1E5", "2.5e-8", "1e308", "5e-324", "1e400", "0.95", "1e16",
                        "1_0.5", "2.675", "0.30000000000000004", "math.pi", "math.e", "math.inf", "math.nan", "np.pi",
                        "math.tau", "1e22", "9007199254740993.0", "-0.0", "2.5", "0.5", "3.5", "np.e",
                        "np.inf", "np.nan")

    def number(self, depth):
        if depth <= 0 or self.chance(0.12):
            if self.names["number"] and self.chance(0.65):
                return self.one(*self.names["number"])
            return self.one(self.whole(), self.whole(), self.real(), self.one("True", "False"))
        if self.chance(0.012):
            return self.one(self.string(depth - 1), self.list(depth - 1), "None", self.dict(depth - 1))
        return self.one(self.operation, self.operation, self.operation, self.operation, self.condition, self.call,
                        self.call, self.call, self.call, self.item, self.truth, self.fold, self.inner)(depth - 1)

    def part(self, depth):
        text = self.number(depth)
        return text if text.isalnum() or self.chance(0.1) and "lambda" not in text else f"({text})"

    def operation(self, depth):
        if self.chance(0.12):
            return self.one("-", "+", "~", "- ", "not ") + self.part(depth)
        if self.chance(0.08):
            whole = self.one(self.some(), self.whole(), f"int({self.number(depth)})", f"({self.truth(0)})", "-" + self.some())
            by = self.part(depth) if self.chance(0.2) else self.one(self.some(), "3", "0b11", "True", "-1", "70")
            return f"{whole} {self.one('<<', '>>', '&', '|', '^')} {by}"
        operator = self.one("+", "-", "*", "/", "//", "%", "**")
        return self.part(depth) + self.one(" ", " ", "") + operator + " " + self.part(depth)

    def condition(self, depth):
        return f"{self.part(depth)} if {self.truth(depth)} else {self.number(depth)}"

    def truth(self, depth):
        kind = self.random.randint(0, 9)
        if kind <= 3:
            chain = self.part(depth)
            for _ in range(self.one(1, 1, 1, 2, 3)):
                chain += " " + self.one("<", "<=", ">", ">=", "==", "!=") + " " + self.part(depth)
            return chain
        if kind == 4:
            return f"{self.part(depth)} {self.one('in', 'not in')} {self.sequence(depth)}"
        if kind == 5:
            return f"({self.truth(depth - 1)}) {self.one('and', 'or')} ({self.truth(depth - 1)})" if depth > 0 else "True"
        if kind == 6:
            return f"{self.part(depth)} {self.one('and', 'or')} {self.part(depth)}"
        if kind == 7:
            return f"not {self.part(depth)}"
        if kind == 8:
            one, other = self.one((self.string, self.string), (self.list, self.list), (self.list, self.tuple),
                                  (self.tuple, self.tuple), (self.dict, self.dict), (self.set, self.set))
            return f"{one(depth)} {self.one('==', '!=') if one in (self.dict, self.set) else self.one('<', '==', '!=', '>=')} {other(depth)}"
        return self.one(f"{self.string(depth)} in {self.string(depth)}", f"None is {self.one('None', 'not None')}",
                        f"{self.one('any', 'all')}({self.iterable(depth)})",
                        f"bool({self.part(depth)})",
                        f"bool({self.list(depth)})")

    def call(self, depth):
        kind = self.random.randint(0, 15)
        number = self.number
        if kind <= 1:
            return f"math.{self.one(*MATH_1)}({number(depth)})"
        if kind == 2:
            return f"math.{self.one(*MATH_2)}({number(depth)}, {number(depth)})"
        if kind <= 4:
            return f"{self.one('np', 'np', 'numpy')}.{self.one(*NP_1)}({number(depth)})"
        if kind == 5:
            return f"np.{self.one(*NP_2)}({number(depth)}, {number(depth)})"
        if kind == 6:
            return self.one(f"round({number(depth)})", f"round({number(depth)}, {self.one(-2, -1, 0, 1, 2, 3, 'None')})",
                            f"round({number(depth)}, ndigits={self.one(0, 1, 2)})",
                            f"np.round({number(depth)}, decimals={self.one(0, 1, 2, -1)})")
        if kind == 7:
            return f"{self.one('abs', 'int', 'float', 'bool', 'int', 'abs')}({number(depth)})"
        if kind == 8:
            return self.one(f"int({self.numeral()})", f"float({self.numeral()})", "int()", "float()", "bool()",
                            f"pow({number(depth)}, {number(depth)})",
                            f"divmod({number(depth)}, {number(depth)})[{self.one(0, 1, -1)}]")
        if kind <= 10:
            arguments = ", ".join(number(depth - 1) for _ in range(self.one(2, 2, 3)))
            if self.chance(0.1):
                arguments = f"*{self.sequence(depth - 1)}, {number(0)}"
            return f"{self.one('min', 'max')}({arguments})"
        if kind == 11:
            key = f", key={self.function(depth - 1)}" if self.chance(0.3) else ""
            absent = f", default={self.number(0)}" if self.chance(0.3) else ""
            return f"{self.one('min', 'max')}({self.iterable(depth)}{key}{absent})"
        if kind == 12 and self.chance(0.2):
            names, body = self.bound(["number", "number"], lambda: self.number(depth))
            return f"functools.reduce(lambda {names[0]}, {names[1]}: {body}, {self.iterable(depth)}{self.one('', ', 1.0')})"
        if kind == 12:
            low, high = (self.one("None", self.number(depth - 1)), self.number(depth - 1))
            return self.one(f"np.clip({number(depth)}, {low}, {high})",
                            f"np.clip({number(depth)}, a_min={high}, a_max={low})",
                            f"math.gcd({self.whole()}, {self.whole()}, {number(depth)})",
                            f"math.prod({self.iterable(depth)}{self.one('', ', start=2')})",
                            f"math.fsum({self.iterable(depth)})")
        if kind == 13:
            points = sorted(self.random.sample(range(0, 60), 3))
            values = [self.real() for _ in points]
            more = self.one("", "", f", left={self.real()}", f", right={self.real()}", f", {self.whole()}, {self.real()}")
            return f"np.interp({number(depth)}, {points}, [{', '.join(values)}]{more})"
        if kind == 14:
            points = sorted(self.random.sample(range(0, 60), 4))
            return self.one(f"bisect.{self.one('bisect', 'bisect_left', 'bisect_right')}({points}, {number(depth)})",
                            f"np.searchsorted({points}, {number(depth)}{self.one('', ', side=' + repr('right'))})",
                            f"np.{self.one('sum', 'prod', 'min', 'max')}({self.list(depth)})")
        return f"len({self.one(self.list, self.string, self.dict, self.tuple, self.set)(depth)})"

    def numeral(self):
        return repr(self.one("12", " -3 ", "1_000", "+7", "1e-3", ".5", "inf", "x", "", "1.5", "0x10", "1__0"))

    def item(self, depth):
        index = self.one(self.number(depth - 1), self.some(f" % {self.random.randint(1, 4)}"), "-1", "0")
        kind = self.random.randint(0, 5)
        if kind == 0:
            return f"{self.dict(depth)}[{index}]"
        if kind == 1:
            return f"{self.dict(depth)}.get({index}{self.one('', ', ' + self.number(0))})"
        if kind == 2:
            return f"({self.sequence(depth)}).{self.one('index', 'count')}({self.number(depth - 1)})"
        return f"({self.sequence(depth)})[{index}]"

    def fold(self, depth):
        return self.one(f"sum({self.iterable(depth)})", f"sum({self.iterable(depth)}, {self.number(0)})",
                        f"sum({self.truth(depth - 1)} for _ in {self.iterable(depth)})",
                        f"sum({self.set(depth)}) // 1", f"len(sorted({self.set(depth)}))")

    def inner(self, depth):
        """A function that is called where it stands."""
        kind = self.random.randint(0, 4)
        if kind == 0:
            return f"({self.function(depth)})({self.number(depth)})"
        if kind == 1:
            names, body = self.bound(["number", "number"], lambda: self.number(depth))
            absent = self.number(0)
            given = self.one("", f", {self.number(0)}", f", {names[1]}={self.number(0)}")
            return f"(lambda {names[0]}, {names[1]}={absent}: {body})({self.number(depth)}{given})"
        if kind == 2:
            names, body = self.bound(["number", "number"], lambda: self.number(depth))
            return self.one(
                f"functools.partial(lambda {names[0]}, {names[1]}: {body}, {self.number(0)})({self.number(0)})",
                f"partial(lambda {names[0]}, {names[1]}: {body}, {names[1]}={self.number(0)})({self.number(0)})")
        if kind == 3 and self.chance(0.3):  # a function that makes one
            names, body = self.bound(["number", "number"], lambda: self.number(depth))
            return f"(lambda {names[0]}: lambda {names[1]}: {body})({self.number(0)})({self.number(0)})"
        if kind == 3 and self.chance(0.3):
            return self.one(f"({self.function(0)} if {self.truth(0)} else {self.function(0)})({self.number(0)})",
                            f"[{self.function(0)}, {self.function(0)}][{self.some()} % 2]({self.number(0)})")
        if kind == 3:
            names, body = self.bound(["function"], lambda: self.number(depth))
            return f"(lambda {names[0]}: {body})({self.function(depth)})"
        if self.names["function"]:
            return f"{self.one(*self.names['function'])}({self.number(depth)})"
        return f"(lambda *, k={self.number(0)}: k)()"

    def function(self, depth):
        if self.names["function"] and self.chance(0.3):
            return self.one(*self.names["function"])
        if self.chance(0.1):
            return self.one("abs", "math.sqrt", "float", "int", "round", "np.square", "math.floor")
        names, body = self.bound(["number"], lambda: self.number(depth))
        return f"lambda {names[0]}: {body}"

    # Others.

    def string(self, depth):
        base = repr(self.one("a", "cos", "linear", "", "abc", "it's", "\u00e9\u00df", "a\\b", "\n", "\U0001f600x", "\uff21"))
        if depth <= 0 or self.chance(0.6):
            return base
        return self.one(f"({base} + {self.string(depth - 1)})", f"({base} * {self.random.randint(0, 3)})", f"{base}[0:2]",
                        f"{base}[::-1]", f"{base}[{self.random.randint(-2, 2)}]",
                        f"({base} if {self.truth(depth - 1)} else {self.string(0)})")

    def items(self, depth):
        return [self.number(depth - 1) for _ in range(self.one(0, 1, 2, 3, 3, 4))]

    def list(self, depth):
        if self.names["list"] and self.chance(0.3):
            return self.one(*self.names["list"])
        kind = self.random.randint(0, 9)
        if depth <= 0 or kind <= 4:
            return f"[{', '.join(self.items(min(depth, 1)))}]"
        if kind == 5:
            return self.comprehension("[", "]", depth)
        if kind == 6:
            return self.one(f"({self.list(depth - 1)} + {self.list(depth - 1)})",
                            f"({self.list(depth - 1)} * {self.one(0, 1, 2, 'True')})", f"list({self.iterable(depth - 1)})")
        if kind == 7:
            return f"sorted({self.iterable(depth - 1)}{self.one('', ', reverse=True', ', key=' + self.function(0))})"
        if kind == 8:
            bounds = [self.one("", str(self.random.randint(-4, 4))) for _ in range(3)]
            return f"{self.list(depth - 1)}[{bounds[0]}:{bounds[1]}{self.one('', ':' + bounds[2])}]"
        return f"[*{self.sequence(depth - 1)}, {self.number(0)}]"

    def tuple(self, depth):
        items = self.items(min(depth, 1))
        return self.one(f"({', '.join(items)}{',' if len(items) == 1 else ''})", f"tuple({self.iterable(depth - 1)})")

    def set(self, depth):
        return self.one("set()", "{1, 2, 1}", "{3, 1, 2}", "{0.5, 30}", "set([1, 2, 2])", f"{{{self.some()}, 1}}")

    def range(self, depth):
        return "range(" + self.one("5", "3", self.some(" % 7"), "2, 9", "0, 20, 3", "10, 0, -3", "-3, 3", self.number(0)) + ")"

    def sequence(self, depth):
        return self.one(self.list, self.list, self.tuple, self.range)(depth)

    def dict(self, depth):
        entries = [f"{self.one(self.whole(), self.whole(), self.string(0), '0.5', '1e-3')}: {self.number(depth - 1)}"
                   for _ in range(self.one(0, 1, 2, 3))]
        kind = self.random.randint(0, 6)
        if kind == 0:
            return f"dict(a={self.number(0)}, b={self.number(0)})"
        if kind == 1 and depth > 0:
            names, value = self.bound(["number"], lambda: self.number(depth - 1))
            return f"{{{names[0]}: {value} for {names[0]} in {self.range(0)}}}"
        if kind == 2:
            return f"{{**{{1: 2}}, {', '.join(entries)}}}"
        return f"{{{', '.join(entries)}}}"

    def comprehension(self, open, close, depth):
        kinds = self.one(["number"], ["number"], ["number", "number"])
        outer = self.iterable(depth - 1)

        def write():
            element = self.number(depth - 1)
            condition = f" if {self.truth(depth - 1)}" if self.chance(0.3) else ""
            return element, condition

        names, (element, condition) = self.bound(kinds, write)
        if len(names) == 1:
            clause = f"for {names[0]} in {outer}"
        elif self.chance(0.5):
            pairs = self.one(f"zip({outer}, {self.sequence(0)})", f"enumerate({self.sequence(0)}{self.one('', ', 1')})",
                             f"{self.dict(0)}.items()")
            clause = f"for {names[0]}, {names[1]} in {pairs}"
        else:
            clause = f"for {names[0]}, ({names[1]}, _) in zip({self.list(0)}, {self.dict(0)}.items())" if self.chance(0.2) \
                else f"for {names[0]} in {outer} for {names[1]} in {self.one('range(3)', 'range(' + names[0] + ')')}"
        return f"{open}{element} {clause}{condition}{close}"

    def iterable(self, depth):
        if depth <= 0:
            return self.one(self.list(0), self.range(0))
        return self.one(self.list, self.tuple, self.range, self.generator, self.generator, self.other)(depth)

    def generator(self, depth):
        return self.comprehension("(", ")", depth)

    def other(self, depth):
        return self.one(f"map({self.function(depth - 1)}, {self.iterable(depth - 1)})",
                        f"reversed({self.list(depth - 1)})", f"{self.dict(depth - 1)}.{self.one('values', 'keys')}()",
                        f"reversed({self.range(0)})")

    # Programs.

    def program(self):
        lines = []
        for _ in range(self.one(0, 0, 0, 1, 2)):
            kind = self.one("number", "list", "function")
            value = {"number": self.number, "list": self.list, "function": self.function}[kind](1)
            name = self.fresh(kind)
            lines.append(f"{name} = {value}")
            self.names[kind].append(name)
        if self.chance(0.3):
            absent = f", k={self.number(1)}" if self.chance(0.3) else ""
            self.outside = list(self.names["number"])
            self.names["number"] += ["s"] + (["k"] if absent else [])
            lines.append(f"def f(s{absent}):")
            lines += self.block(2, "    ")
            return "\n".join(lines)
        absent = f", k={self.number(1)}" if self.chance(0.15) else ""
        self.names["number"] += ["s"] * 2 + (["k"] if absent else [])
        return "\n".join(lines + [self.one("", "f = ") + f"lambda s{absent}: {self.number(self.one(2, 3, 4, 5))}"])

    def block(self, depth, indent):
        lines = []
        before = {kind: list(known) for kind, known in self.names.items()}
        for _ in range(self.one(0, 1, 1, 2)):
            kind = self.random.randint(0, 6)
            if kind <= 2:
                name = self.fresh("number")
                lines.append(f"{indent}{name} = {self.one('', '', self.fresh('number') + ' = ')}{self.number(2)}")
                self.names["number"].append(name)
                if self.chance(0.1):
                    lines.append(indent + self.one('"""Says what it does."""', "pass", "# a comment", "print(1)"))
            elif kind == 3:
                locals_ = [name for name in self.names["number"] if name not in self.outside + self.captured]
                if locals_:
                    lines.append(f"{indent}{self.one(*locals_)} {self.one('+', '*', '-', '/')}= {self.number(1)}")
            elif kind == 4:
                names = self.fresh("number"), self.fresh("number")
                lines.append(f"{indent}{names[0]}, {names[1]} = {self.number(1)}, {self.number(1)}")
                self.names["number"] += names
            elif kind == 5 and self.chance(0.4):
                known = [name for name in self.names["number"] if name not in self.outside + self.captured]
                if not known:
                    continue
                changed, item = self.one(*known), self.fresh("number")
                lines.append(f"{indent}for {item} in {self.list(1)}:")
                self.names["number"].append(item)
                if self.chance(0.5):
                    lines.append(f"{indent}    if {self.truth(1)}:")
                    lines.append(f"{indent}        {changed} = {self.number(1)}")
                    if self.chance(0.5):
                        lines.append(f"{indent}    {self.one(*known, changed)} = {self.number(1)}")
                else:
                    lines.append(f"{indent}    {changed} {self.one('+', '*')}= {self.number(1)}")
                self.names["number"].remove(item)
            elif kind == 5 and depth > 0:
                lines.append(f"{indent}if {self.truth(2)}:")
                lines += self.block(depth - 1, indent + "    ") if self.chance(0.5) else \
                    [f"{indent}    {self.one(*self.free())} = {self.number(1)}"]
                if self.chance(0.4):
                    lines.append(f"{indent}elif {self.truth(1)}:")
                    lines.append(f"{indent}    return {self.number(1)}")
                if self.chance(0.4):
                    lines.append(f"{indent}else:")
                    lines.append(f"{indent}    {self.one(*self.free())} = {self.number(1)}")
            else:
                name = self.fresh("function")
                names, body = self.bound(["number"], lambda: self.number(2))
                lines += [f"{indent}def {name}({names[0]}):", f"{indent}    return {body}"]
                self.captured = list(self.names["number"])  # which are not supported to change
                self.names["function"].append(name)
        lines.append(f"{indent}return {self.number(2)}")
        self.names = before
        return lines


def escaped(text):
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


def main(seed, count, path):
    lines = []
    for number in range(count):
        program = Writer(f"{seed}-{number}").program()
        if len(program) > 400 or "nan" in program and (" in " in program or "[" in program):
            continue  # a NaN is in a list that has the same object
        try:
            compile(program, "program", "exec")
            cells = answers(program)
        except (Skip, SyntaxError):
            continue
        if cells:
            lines.append("\t".join([escaped(program), *cells]))
    versions = f"Python {sys.version.split()[0]}, NumPy {numpy.__version__}"
    header = f"# program and its values at the steps {', '.join(map(str, STEPS))}; by parity/random_programs.py, {versions}"
    pathlib.Path(path).write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return lines


if __name__ == "__main__":
    if len(sys.argv) == 4:
        main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
    else:
        main("committed", 4200, OUT)
