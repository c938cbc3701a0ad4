package org.anneal.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.anneal.optim.LRScheduler;
import org.anneal.optim.RateGroup;
import org.anneal.schedule.Policy;
import org.anneal.schedule.Schedule;
import org.anneal.text.Peer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The schedules of other libraries, by their own names, against the rates that these give, which parity/peers.py wrote. */
class NamesTest {

    private static List<String> lines() throws IOException {
        try (InputStream in = Objects.requireNonNull(NamesTest.class.getResourceAsStream("names.csv"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        }
    }

    static Stream<Arguments> cases() throws IOException {
        return lines().stream().skip(2).map(line -> Arguments.of((Object[]) line.split(";", -1)));
    }

    /** Keras takes pi in single precision. */
    private static double tolerance(String text) {
        return text.contains("CosineDecay") || text.contains("SGDRDecay") ? 2e-6 : 1e-12;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void areTheirsAtEveryStep(String text, double base, String metrics, String rates) {
        Policy policy = Policy.parse(text);
        assertEquals(policy, Policy.parse(policy.toString()), text);
        List<Double> expected =
                Stream.of(rates.split(" ", -1)).map(Double::valueOf).toList();
        assertTrue(expected.size() > 40, text);
        double[] rate = {base};
        LRScheduler scheduler =
                new LRScheduler(() -> List.of(RateGroup.of("all", () -> rate[0], lr -> rate[0] = lr)), policy);
        for (int step = 0; step < expected.size(); step++) {
            String where = text + ", which is " + policy + ", at " + step;
            assertEquals(expected.get(step), rate[0], tolerance(text), where);
            if (policy instanceof Schedule schedule) {
                assertEquals(expected.get(step), schedule.at(step, base), tolerance(text), where);
            }
            if (metrics.isEmpty()) {
                scheduler.step();
            } else {
                scheduler.step(Math.max(0.5, 1 - step / 20.0));
                if (policy.stepDriven().isPresent()) {
                    scheduler.step();
                }
            }
        }
    }

    @Test
    void everyNameButThoseThatAreRefusedIsComparedWithItsLibraryTwice() throws IOException {
        List<String> texts = cases().map(each -> (String) each.get()[0]).toList();
        List<String> elsewhere = List.of( // refused, or compared by tests of their own
                "get_adafactor_schedule",
                "AdafactorSchedule",
                "get_greedy_schedule",
                "create_scheduler",
                "reduce_on_plateau",
                "ReduceLROnPlateau");
        for (Peer peer : Libraries.ALL) {
            if (peer.roots().contains("composer") || elsewhere.contains(peer.name())) {
                continue;
            }
            long count = texts.stream()
                    .filter(text -> text.matches("(?s)(.*\\W)?" + peer.name() + "\\W.*"))
                    .count();
            assertTrue(count >= (peer.name().equals("Seq2SeqTrainingArguments") ? 1 : 2), peer.name() + " " + count);
        }
    }
}
