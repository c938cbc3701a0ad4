package org.anneal.plot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.anneal.plot.Ticks.Tick;
import org.junit.jupiter.api.Test;

class TicksTest {
    @Test
    void standAtMultiplesOfOneTwoAndFive() {
        assertEquals(List.of("0.00", "0.02", "0.04", "0.06", "0.08", "0.10"), labels(Ticks.linear(-0.003, 0.105, 8)));
        assertEquals(List.of("\u22125", "0", "5"), labels(Ticks.linear(-7, 7, 4)));
        assertEquals(List.of("0", "500,000", "1,000,000"), labels(Ticks.linear(0, 1e6, 3)));
        assertEquals(List.of("0", "1e-5", "2e-5"), labels(Ticks.linear(0, 2e-5, 2)));
    }

    @Test
    void ofCountsAreWhole() {
        assertEquals(List.of("0", "1", "2", "3"), labels(Ticks.counts(-0.1, 3.1, 10)));
    }

    @Test
    void ofALogAxisAreDecadesOrTheirParts() {
        assertEquals(List.of("0.001", "0.01", "0.1", "1"), labels(Ticks.log(-3.1, 0.1, 6)));
        assertEquals(List.of("0.01", "0.02", "0.05", "0.1"), labels(Ticks.log(-2.1, -0.9, 6)));
        assertEquals(List.of("1e-12", "1e-8", "1e-4", "1e0"), labels(Ticks.log(-12, 0, 4)));
        assertEquals(List.of("0.11", "0.12"), labels(Ticks.log(Math.log10(0.105), Math.log10(0.125), 3)));
    }

    @Test
    void longTextIsBrokenAndLosesItsMiddleOnly() {
        String text = "SequentialLR([" + "ConstantLR(factor=0.5, total_iters=10), ".repeat(40) + "], milestones=[7])";
        List<String> lines = Wrapping.wrap(text, part -> Outlines.width(part, 12), 500, 3);
        assertEquals(3, lines.size());
        assertTrue(lines.stream().allMatch(line -> Outlines.width(line, 12) <= 500));
        assertTrue(lines.get(0).startsWith("SequentialLR([ConstantLR("));
        assertTrue(lines.get(2).endsWith("milestones=[7])"));
        assertTrue(String.join("", lines).contains("\u2026"));
        assertEquals(3, Wrapping.wrap("x".repeat(10_000), String::length, 60, 3).size());
    }

    @Test
    void textIsBrokenAtASpaceOrABracket() {
        assertEquals(
                List.of("StepLR(", "step_size=30,", "gamma=0.1)"),
                Wrapping.wrap("StepLR(step_size=30, gamma=0.1)", String::length, 16, 9));
        assertEquals(List.of("Sequenti", "alLR(["), Wrapping.wrap("SequentialLR([", String::length, 8, 9));
    }

    private static List<String> labels(List<Tick> ticks) {
        return ticks.stream().map(Tick::label).toList();
    }
}
