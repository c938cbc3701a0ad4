package org.anneal.optim;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.anneal.schedule.SchedulerCall;
import org.anneal.text.Context;
import org.anneal.text.PythonProgram;
import org.anneal.text.PythonSyntaxException;

/** Changes texts at random, so that they are wrong, or ask for more than there is. */
final class HostileTexts {
    private static final List<String> TOKENS = List.of(
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            ",",
            ":",
            "=",
            "==",
            ".",
            "...",
            ";",
            "\n",
            "\n    ",
            "\t",
            "\\",
            "'",
            "\"",
            "\"\"\"",
            "#",
            "lambda x: ",
            "lambda: ",
            "def f(x):",
            "return ",
            "if ",
            "else",
            "elif ",
            "for x in ",
            " in ",
            " not ",
            "is",
            "and",
            "or",
            "None",
            "True",
            "import ",
            "from ",
            "class A:",
            "while ",
            "yield",
            "raise",
            "**",
            "*",
            "//",
            "%",
            "@",
            "<<",
            ">>",
            "~",
            "-",
            "+",
            ":=",
            "->",
            ">>> ",
            "0",
            "1e999",
            "10%",
            "30ep",
            "500st",
            "0x",
            "1_",
            "\u0000",
            "\ud83d",
            "\u00b2",
            "f'{x}'",
            "self.",
            "math.",
            "np.",
            "range(",
            "sum(",
            "len(",
            "min(",
            "sorted(",
            "zip(",
            "dict(",
            "partial(",
            "StepLR(",
            "optimizer",
            "SGD(",
            "[{'params': a, 'lr': ",
            "**kwargs",
            "*args",
            "global x",
            "del x",
            "with x:",
            "try:",
            "except:");

    private static final List<String> GREEDY = List.of(
            "9**9**9**9",
            "10**10**6",
            "[0] * 10**9",
            "'a' * 10**8",
            "sum(range(10**9))",
            "sum(range(10**18))",
            "[i for i in range(10**9)]",
            "(lambda f: f(f))(lambda f: f(f))",
            "sorted(range(10**8))",
            "list(range(10**7))",
            "max(range(10**12))",
            "1 << 10**9",
            "('x' * 1000) * 1000",
            "[[0] * 1000] * 1000",
            "range(10**15)[5]",
            "math.prod(range(1, 10**6))",
            "sum([[1]] * 1000, [])",
            "functools.reduce(lambda a, b: a + a, range(100), [1])",
            "{i: i for i in range(10**8)}",
            "any(x < 0 for x in range(10**9))",
            "tuple(zip(range(10**9), range(10**9)))",
            "round(1.5, 10**9)",
            "int('9' * 5000)",
            "(10**4000)**4",
            "5 in range(10**18)",
            "9 in [0] * 99999",
            "functools.reduce(lambda a, b: (a, a), range(60), 1) == functools.reduce(lambda a, b: (a, a), range(60), 1)",
            "{functools.reduce(lambda a, b: (a, a), range(60), 1): 1}",
            "functools.reduce(lambda a, b: [a], range(10**5), 1)",
            "[x for a in range(9999) for b in range(9999) for x in range(9999)]",
            "math.gcd(10**4000, 10**3999 + 1)",
            "(lambda x: x(x, x))(lambda x, y: y(x, x))",
            "sum(sum(range(999)) for _ in range(999))",
            "-" + "-".repeat(90) + "1",
            "(lambda a: (a, a))((lambda a: (a, a))((lambda a: (a, a))(1)))",
            "round(10**4000, -3999)",
            "1e308 * 10**4000",
            "math.fsum([1e308, 5e-324] * 40000)",
            "max([[1] * 300] * 300)",
            "[0] * 50000 + [1] * 50000 < [0] * 100000",
            "math.isqrt(10**4900)",
            "sorted([[0] * 99, [1]] * 999)",
            "'a' in 'b' * 99999",
            "map(lambda f: f, range(10**9))",
            "range(10**9)",
            "[range(10**9)] * 99999",
            "range(2 * 10**9)[::1]",
            "range(10**9).count(-1)");

    private static final List<String> DOUBLING = List.of(
            "x = [1]\n" + "x = [x, x]\n".repeat(60) + "StepLR(opt, x)",
            "x = (1,)\n" + "x = (x, x)\n".repeat(60) + "MultiStepLR(opt, x)",
            "x = {1: 1}\n" + "x = {1: x, 2: x}\n".repeat(60) + "LambdaLR(opt, lambda s: x[1])",
            "x = []\n" + "x = [x]\n".repeat(5000) + "StepLR(opt, x)",
            "f = lambda s: s\n" + "f = lambda s, g=f: g(g(s))\n".repeat(60) + "LambdaLR(opt, f)",
            "def f0(s): return s\n"
                    + String.join(
                            "",
                            IntStream.range(1, 19)
                                    .mapToObj(i -> "def f%d(s): return f%d(s) + f%d(s)\n".formatted(i, i - 1, i - 1))
                                    .toList())
                    + "LambdaLR(opt, f18)",
            "def f(s):\n" + "    if s: s = s + 1; s = s * 2\n".repeat(40) + "    return s\nLambdaLR(opt, f)",
            "class A:\n    x = 1\n".repeat(2000) + "StepLR(opt, 3)",
            "x = 'a'\n" + "x = x + x\n".repeat(60) + "StepLR(opt, x)",
            "f = lambda f: f(f)\nLambdaLR(opt, lambda s: f(f))",
            "def f(s):\n    x = 1\n    for i in range(10**9):\n        x = x * 2\n    return x\nLambdaLR(opt, f)");

    private final List<String> texts;
    private final Random random;

    HostileTexts(List<String> texts, long seed) {
        this.texts = texts;
        this.random = new Random(seed);
    }

    String next() {
        if (random.nextInt(500) == 0) {
            return one(DOUBLING);
        }
        StringBuilder text = new StringBuilder(one(texts));
        for (int n = random.nextInt(4); n >= 0; n--) {
            change(text);
        }
        return text.toString();
    }

    private <T> T one(List<T> of) {
        return of.get(random.nextInt(of.size()));
    }

    private void change(StringBuilder text) {
        int at = random.nextInt(text.length() + 1);
        int end = Math.min(text.length(), at + random.nextInt(20));
        switch (random.nextInt(8)) {
            case 0 -> text.delete(at, Math.min(text.length(), at + 1));
            case 1 ->
                text.insert(at, (char) (random.nextInt(30) == 0 ? random.nextInt(0xffff) : 32 + random.nextInt(95)));
            case 2 -> text.insert(at, one(TOKENS));
            case 3 -> text.replace(at, end, one(TOKENS));
            case 4 -> text.insert(random.nextInt(text.length() + 1), text.substring(at, end));
            case 5 -> text.insert(at, text.substring(at, end).repeat(random.nextInt(40)));
            case 6 -> {
                int depth = random.nextInt(200);
                text.insert(end, ")".repeat(depth))
                        .insert(at, one(List.of("(", "f(", "abs(", "[", "-(")).repeat(depth));
            }
            default -> number(text);
        }
    }

    /** Puts something greedy in the place of a number or a name. */
    private void number(StringBuilder text) {
        List<Integer> starts = new ArrayList<>();
        for (int i = 0; i < text.length(); i++) {
            if (Character.isLetterOrDigit(text.charAt(i))
                    && (i == 0 || !Character.isLetterOrDigit(text.charAt(i - 1)))) {
                starts.add(i);
            }
        }
        if (!starts.isEmpty()) {
            int start = one(starts);
            int end = start;
            while (end < text.length() && Character.isLetterOrDigit(text.charAt(end))) {
                end++;
            }
            text.replace(start, end, one(GREEDY));
        }
    }

    /**
     * Reads a text and walks its schedule for some steps.
     *
     * @return why it was refused, if it was
     */
    static Optional<RuntimeException> refused(String text, Context context) {
        SchedulerCall call;
        List<UpdateRule> groups;
        try {
            PythonProgram program = PythonProgram.read(text, context);
            call = SchedulerCall.of(program);
            groups = UpdateRule.groups(program);
        } catch (PythonSyntaxException e) {
            return Optional.of(e);
        }
        try {
            Simulation run = new Simulation(call, groups.isEmpty() ? List.of(new SGD(0.1)) : groups);
            return run.walk(3, step -> true);
        } catch (IllegalArgumentException | ArithmeticException e) { // it does not fit the groups, or fails at step 0
            return Optional.of(e);
        }
    }
}
