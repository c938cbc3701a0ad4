package org.anneal.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Random programs against CPython and NumPy: parity/random_programs.py. */
class RandomProgramsTest {
    private static final List<Long> STEPS = List.of(0L, 3L, 50L);

    private static List<String> lines() {
        List<String> lines = PythonTable.lines("programs.tsv");
        assertTrue(lines.size() > 2500, lines.size() + " lines");
        return lines;
    }

    private static String program(String line) {
        return line.substring(0, line.indexOf('\t')).translateEscapes();
    }

    @Test
    void giveWhatPythonGives() {
        for (String line : lines()) {
            String[] cells = line.split("\t", -1);
            for (int i = 0; i < STEPS.size(); i++) {
                assertGives(program(line), STEPS.get(i), cells[i + 1]);
            }
        }
    }

    private static void assertGives(String program, long step, String python) {
        String message = program + "\nat " + step;
        if (python.equals("error")) {
            assertThrows(RuntimeException.class, () -> LrLambda.parse(program).at(step), message);
            return;
        }
        try {
            double value = LrLambda.parse(program).at(step);
            int tolerance = python.indexOf('~');
            if (tolerance < 0) {
                assertEquals(Python.parseFloat(python), value, message);
            } else {
                assertEquals(
                        Python.parseFloat(python.substring(0, tolerance)),
                        value,
                        Python.parseFloat(python.substring(tolerance + 1)),
                        message);
            }
        } catch (PythonSyntaxException | ArithmeticException e) {
            fail(message + ": " + e.getMessage(), e);
        }
    }

    @Test
    void areReadBackAsTheSameFunction() {
        for (String line : lines()) {
            LrLambda function;
            try {
                function = LrLambda.parse(program(line));
            } catch (PythonSyntaxException e) { // it fails at each step
                continue;
            }
            LrLambda again = LrLambda.parse(function.toString());
            assertEquals(function, again);
            for (long step : STEPS) {
                assertEquals(value(function, step), value(again, step), function + " at " + step);
            }
        }
    }

    private static String value(LrLambda function, long step) {
        try {
            return Python.repr(function.at(step));
        } catch (ArithmeticException e) {
            return "error";
        }
    }

    @Test
    void useAllFunctions() {
        String all = String.join("\n", PythonTable.lines("programs.tsv")).replace("numpy.", "np.");
        for (Map.Entry<String, Object> known : PythonFunction.ALL.entrySet()) {
            String name = known.getKey();
            assertTrue(
                    Pattern.compile("(?<![\\w.])" + Pattern.quote(name) + "\\b")
                            .matcher(all)
                            .find(),
                    name);
        }
    }
}
