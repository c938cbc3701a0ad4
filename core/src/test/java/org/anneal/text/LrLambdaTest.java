package org.anneal.text;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LrLambdaTest {

    @Test
    void givesWhatPythonGives() {
        for (String line : PythonTable.lines("lambdas.tsv")) {
            String[] cells = line.split("\t", -1);
            LrLambda lambda = LrLambda.parse(cells[0]);
            long step = Long.parseLong(cells[1]);
            if (cells[2].equals("error")) {
                ArithmeticException e = assertThrows(ArithmeticException.class, () -> lambda.at(step), line);
                assertTrue(String.valueOf(e.getMessage()).startsWith(lambda + " failed at step " + step + ": "), line);
                continue;
            }
            double python = switch (cells[2]) {
                case "inf" -> Double.POSITIVE_INFINITY;
                case "nan" -> Double.NaN;
                default -> Double.parseDouble(cells[2]);
            };
            // C's cos, exp, log and pow of fractions round elsewhere than Java's
            boolean exact = !cells[0].contains("math.") && !cells[0].contains("0.3") && !cells[0].contains("-0.5");
            assertEquals(python, lambda.at(step), exact ? 0 : 4 * Math.ulp(python), line);
        }
    }

    @Test
    void printsATextThatReadsBackAsTheSameTree() {
        for (String line : PythonTable.lines("lambdas.tsv")) {
            String text = line.substring(0, line.indexOf('\t'));
            Expression tree = new PythonText(text).whole();
            assertEquals(tree, new PythonText(tree.toString()).whole(), text);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "lambda s: ((s)) | lambda s: s",
                "lambda s: (s*2)+(3/s) | lambda s: s * 2 + 3 / s",
                "lambda s: (s+2)*3 | lambda s: (s + 2) * 3",
                "lambda s: s-(2-3) | lambda s: s - (2 - 3)",
                "lambda s: (s-2)-3 | lambda s: s - 2 - 3",
                "lambda s: (-2)**s | lambda s: (-2) ** s",
                "lambda s: -(2**s) | lambda s: -2 ** s",
                "lambda s: 2**(-s) | lambda s: 2 ** -s",
                "lambda s: (2**3)**s | lambda s: (2 ** 3) ** s",
                "lambda s: 2**(3**s) | lambda s: 2 ** 3 ** s",
                "lambda s: (not s)+1 | lambda s: (not s) + 1",
                "lambda s: not (s > 1) | lambda s: not s > 1",
                "lambda s: (s < 1) < 2 | lambda s: (s < 1) < 2",
                "lambda s: s or (s and 1) | lambda s: s or s and 1",
                "lambda s: 1 if s else (2 if s else 3) | lambda s: 1 if s else 2 if s else 3",
                "lambda s: (1 if s else 2) if s else 3 | lambda s: (1 if s else 2) if s else 3",
                "lambda s: 1e400 - 1E-05 * 1_0 | lambda s: 1e999 - 1e-05 * 10",
                "lambda s: max( s,(1) ,) | lambda s: max(s, 1)",
            })
    void printsTheFewestParentheses(String text, String canonical) {
        assertEquals(canonical, LrLambda.parse(text).toString());
        assertEquals(canonical, LrLambda.parse(canonical).toString());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "lambda step: stepp | column 14: unknown name 'stepp', did you mean 'step'?",
                "lambda e: np.cso(e) | column 11: unknown function 'np.cso', did you mean 'np.cos'?",
                "lambda e: cos(pi) | column 11: unknown function 'cos', did you mean 'math.cos'?",
                "lambda e: math.sqroot(e) | column 11: unknown function 'math.sqroot', did you mean 'math.sqrt'?",
                "lambda e: math.celi(e) | column 11: unknown function 'math.celi', did you mean 'math.ceil'?",
                "lambda e: math.max(e, 1) | column 11: unknown function 'math.max', did you mean 'max'?",
                "lambda e: bin(e) | column 11: unknown function 'bin'",
                "lambda e: math.comb(e, 1) | column 11: unknown function 'math.comb'",
                "lambda e: np.spacing(e) | column 11: unknown function 'np.spacing'",
                "lambda e: self.cos(e) | column 11: unknown function 'self.cos'",
                "lambda step: self.step | column 14: unknown name 'self.step'",
                "lambda e: e ** | column 15: expected a value, but found the end",
                "lambda e: (e | column 13: expected ',' or ')', but found the end",
                "lambda e: e 2 | column 13: expected the end, but found '2'",
                "lambda: 1 | column 1: the lambda must be a function of the step alone, but has no parameter",
                "lambda 1: 1 | column 8: expected the lambda's parameter, but found '1'",
                "lambda a, b: 1 | column 1: the lambda must be a function of the step alone, but needs a and b: give the others a default, or use functools.partial",
                "lambda e: 'a' | column 11: expected a number, but found 'a'",
                "lambda e: [e] | column 11: expected a number, but found [e]",
                "lambda e: None | column 11: expected a number, but found None",
                "lambda e: abs(1, 2) | column 11: abs takes 1 arguments, but got 2",
                "lambda e: min() | column 11: min takes at least 1 arguments, but got 0",
                "lambda e: abs(e, x=2) | column 18: abs takes no keyword arguments",
                "lambda e: 010 | column 11: a whole number must have no leading zeros, but was '010'",
                "lambda e: 30ep | column 11: expected a number, but found 30ep",
                "lambda e: e ? 1 | column 13: unexpected character '?'",
                "0.5 | column 1: expected a lambda, such as 'lambda step: 0.95 ** step', but found 0.5",
            })
    void saysWhereATextIsNoLambda(String text, String message) {
        assertEquals(
                message,
                assertThrows(PythonSyntaxException.class, () -> LrLambda.parse(text))
                        .getMessage());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "lambda e: np.cos(e) | 3 | -0.9899924966004454",
                "lambda e: math.cbrt(e) | 27 | 3",
                "lambda e: math.asinh(e) | 3 | 1.8184464592320668",
                "lambda e: math.isqrt(e) | 17 | 4",
                "lambda e: np.sign(e - 3) | 1 | -1",
                "lambda e: round(e / 7, ndigits=2) | 3 | 0.43",
                "lambda e: min([e, 4]) | 9 | 4",
            })
    void computesFunctionsOfMathAndNumPy(String text, long step, double python) {
        double value = LrLambda.parse(text).at(step);
        assertEquals(python, value, 4 * Math.ulp(python));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "lambda e: len(e) | object of type 'int' has no len()",
                "lambda e: sum(e, 1) | 'int' object is not iterable",
                "lambda e: map(e, 1) | 'int' object is not iterable",
                "lambda e: min(e) | 'int' object is not iterable",
            })
    void failsAsPythonWhereAFunctionGetsAValueOfAnotherType(String text, String reason) {
        ArithmeticException e = assertThrows(
                ArithmeticException.class, () -> LrLambda.parse(text).at(2));
        assertEquals(text + " failed at step 2: " + reason, e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "lambda s: 9**9**9**9",
                "lambda s: 2 ** 20000",
                "lambda s: (-2) ** 20000",
                "lambda s: (10 ** 4000) * (10 ** 4000)",
                "lambda s: 7 ** 7 ** 7 ** s",
            })
    void refusesIntsThatGrowWithoutBound(String text) {
        assertTimeoutPreemptively(
                Duration.ofSeconds(2),
                () -> assertTrue(String.valueOf(assertThrows(
                                        ArithmeticException.class,
                                        () -> LrLambda.parse(text).at(7))
                                .getMessage())
                        .endsWith("an int is longer than 16384 bits")));
    }

    @Test
    void boundsDepthAndSize() {
        for (String deep : new String[] {"(", "-", "not ", "2**", "1 if 1 else ", "abs("}) {
            assertThrows(PythonSyntaxException.class, () -> LrLambda.parse("lambda s: " + deep.repeat(100_000) + "1"));
        }
        assertThrows(PythonSyntaxException.class, () -> LrLambda.parse("lambda s: s" + "+1".repeat(100_000)));
        assertThrows(PythonSyntaxException.class, () -> LrLambda.parse("lambda s: " + "1".repeat(100_000)));
        assertThrows(PythonSyntaxException.class, () -> LrLambda.parse(" ".repeat(2_000_000)));
        assertEquals(
                901,
                assertDoesNotThrow(() -> LrLambda.parse("lambda s: s" + "+1".repeat(900)))
                        .at(1));
    }

    @Test
    void knowsWhetherItIsConstant() {
        assertTrue(LrLambda.parse("lambda s: 0.9 * math.pi").isConstant());
        assertFalse(LrLambda.parse("lambda s: 0.9 if 1 < 2 else max(1, -s)").isConstant());
        assertFalse(LrLambda.named("half", s -> 0.5).isConstant());
    }

    @Test
    void isEqualByItsText() {
        assertEquals(LrLambda.parse("lambda s:s*2"), LrLambda.parse("lambda s: (s * 2)"));
        assertNotEquals(LrLambda.parse("lambda s: s"), LrLambda.parse("lambda t: t"));
        assertEquals(LrLambda.named("f", s -> 1), LrLambda.named("f", s -> 2));
        assertEquals(
                LrLambda.named("f", s -> 1).hashCode(),
                LrLambda.named("f", s -> 2).hashCode());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "1a", "a b", "lambda", "a.b", "a\nb"})
    void namesAJavaFunctionByAnIdentifierOnly(String name) {
        assertThrows(IllegalArgumentException.class, () -> LrLambda.named(name, s -> 1));
        assertEquals(0.5, LrLambda.named("warm_up2", s -> s / 2.0).at(1));
    }

    @Test
    void refusesANegativeStep() {
        assertEquals(
                "step must be at least 0, but was -1",
                assertThrows(
                                IllegalArgumentException.class,
                                () -> LrLambda.parse("lambda s: s").at(-1))
                        .getMessage());
    }
}
