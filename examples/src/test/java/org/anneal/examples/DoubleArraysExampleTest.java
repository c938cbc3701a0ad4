package org.anneal.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class DoubleArraysExampleTest {
    @Test
    void itsLossFallsFromEachLineToTheNext() throws ReflectiveOperationException {
        List<String> lines = Output.of(DoubleArraysExample.class);
        assertEquals(6, lines.size());
        double[] losses = lines.stream()
                .mapToDouble(line -> {
                    Matcher loss = Pattern.compile("Epoch \\d+, Loss: (\\d\\.\\d{5}), LR: \\S+")
                            .matcher(line);
                    assertTrue(loss.matches(), line);
                    return Double.parseDouble(loss.group(1));
                })
                .toArray();
        assertTrue(losses[0] > 0.1, "at first it does not fit: " + lines);
        for (int i = 1; i < losses.length; i++) {
            assertTrue(losses[i] < losses[i - 1], lines::toString);
        }
        assertTrue(losses[5] < 0.001, lines::toString);
        assertTrue(lines.get(3).endsWith("LR: 1.04e-02"), "0.03 * (1 + cos(0.6 pi)) / 2: " + lines.get(3));
    }
}
