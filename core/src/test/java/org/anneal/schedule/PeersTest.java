package org.anneal.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The schedules of transformers, timm, optax and Keras against the rates that these give, which parity/peers.py wrote. */
class PeersTest {

    private static List<String> lines() throws IOException {
        try (InputStream in = Objects.requireNonNull(PeersTest.class.getResourceAsStream("peers.csv"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        }
    }

    static Stream<Arguments> cases() throws IOException {
        return lines().stream().skip(2).map(line -> Arguments.of((Object[]) line.split(";", -1)));
    }

    @Test
    void namesTheVersionsThatTheRatesAreFrom() throws IOException {
        for (String library : List.of("torch", "transformers", "timm", "optax", "keras")) {
            assertTrue(lines().get(0).contains(library + " "), library);
            assertTrue(
                    library.equals("torch") || lines().stream().anyMatch(line -> line.startsWith(library + " ")),
                    library);
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void areTheirsAtEveryStep(String origin, String text, double base, String rates) {
        Schedule schedule = Schedule.parse(text);
        double rate = base;
        double tolerance = origin.startsWith("keras CosineDecay") ? 2e-6 : 1e-12; // Keras takes pi in single precision
        String[] expected = rates.split(" ", -1);
        assertTrue(expected.length > 100, origin);
        for (int step = 0; step < expected.length; step++) {
            double theirs = Double.parseDouble(expected[step]);
            rate = schedule.next(step, rate, base);
            assertEquals(theirs, schedule.at(step, base), tolerance, origin + " at " + step);
            assertEquals(theirs, rate, tolerance, origin + " stepped to " + step);
        }
    }
}
