package org.anneal.plot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.geom.PathIterator;
import java.text.Normalizer;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.anneal.plot.Ticks.Tick;
import org.jfree.data.Range;
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

    @Test
    void ofAnyTextNoMoreIsMeasuredThanItsLinesHold() {
        for (String part : List.of(
                "x", "ab ", "(", "\u0301", "\ud83d\ude00", "StepLR(1),", "\u041f\u0440\u0438\u0432\u0435\u0442 ")) {
            for (int length : new int[] {3_000, 40_000, 64_000, 128_018, 1_000_000}) {
                String text = part.repeat(length / part.length());
                AtomicLong measured = new AtomicLong();
                List<String> lines = Wrapping.wrap(
                        text,
                        piece -> {
                            measured.addAndGet(piece.length());
                            return Outlines.width(piece, 12);
                        },
                        600,
                        3);
                String what = length + " of '" + part + "': " + lines;
                assertTrue(lines.size() <= 3, what);
                assertTrue(measured.get() < 50_000, what + " measured " + measured);
                assertTrue(lines.stream().allMatch(line -> Outlines.width(line, 12) <= 600), what);
                assertTrue(String.join("", lines).contains("\u2026"), what);
                assertTrue(text.startsWith(lines.get(0)), what);
                String end = lines.get(2).replaceFirst("^\u2026 ", "");
                assertTrue(end.length() > 20 && text.strip().endsWith(end), what);
            }
        }
    }

    @Test
    void whatLosesItsMiddleFillsItsLines() {
        assertEquals(
                List.of("aaaaaaaaaa", "aaaaaaaa \u2026", "bbbbbbbbb"),
                Wrapping.wrap("a".repeat(64_000) + "b".repeat(64_000), String::length, 10, 3));
        assertEquals(List.of("\u2026"), Wrapping.wrap("a".repeat(200_000), String::length, 0, 1));
        assertEquals(
                List.of("\ud83d\ude00\ud83d\ude00 \u2026"),
                Wrapping.wrap("\ud83d\ude00".repeat(70_000), String::length, 8, 1));
    }

    @Test
    void ofALogAxisTheNextIsOneTwoOrFive() {
        assertEquals(Math.log10(0.2), Ticks.logAbove(Math.log10(0.1)), 1e-12);
        assertEquals(Math.log10(0.2), Ticks.logAbove(Math.log10(0.101)), 1e-12);
        assertEquals(Math.log10(0.5), Ticks.logAbove(Math.log10(0.357)), 1e-12);
        assertEquals(0, Ticks.logAbove(Math.log10(0.51)), 1e-12);
        assertEquals(Math.log10(0.05), Ticks.logBelow(Math.log10(0.1)), 1e-12);
        assertEquals(Math.log10(2e-7), Ticks.logBelow(Math.log10(3e-7)), 1e-12);
        // As rounding leaves the logarithms of 0.1.
        assertEquals(Math.log10(0.2), Ticks.logAbove(Math.nextDown(-1.0)), 1e-12);
        assertEquals(Math.log10(0.05), Ticks.logBelow(Math.nextUp(-1.0)), 1e-12);
    }

    @Test
    void aLogAxisEndsNoFurtherFromTheCurveThanTheNextTicks() {
        double[] falling = new double[100];
        Arrays.setAll(falling, i -> Math.pow(10, -1 - i));
        Range range = logRange(falling);
        assertEquals(Math.log10(0.2), range.getUpperBound(), 1e-9);
        assertEquals(Math.log10(5e-101), range.getLowerBound(), 1e-9);
        Range constant = logRange(new double[] {0.1, 0.1});
        assertEquals(Math.log10(0.2), constant.getUpperBound(), 1e-9);
        assertEquals(Math.log10(0.05), constant.getLowerBound(), 1e-9);
        // A short range has no more than a little room.
        assertEquals(-1 + 0.04, logRange(new double[] {0.01, 0.1}).getUpperBound(), 1e-9);
    }

    private static Range logRange(double[] rates) {
        Panel panel = new Panel("rate", true, List.of(Series.perStep("", rates)));
        return Frame.of(new Chart("", "step", List.of(panel)), panel, List.of(), 1000, 400, 10, () -> {})
                .range();
    }

    @Test
    void thereIsOneLabelWhereThereIsRoomForNoTwo() {
        assertEquals(1, Ticks.fitting(43.2, 59.7, 10, label -> 100.0, 120).size());
        assertEquals(
                1,
                Ticks.fitting(1e15, Math.nextUp(1e15), 10, label -> 100.0, 50).size());
    }

    @Test
    void everyLetterThatIsPromisedIsDrawn() {
        String missing = path("\ufffd");
        int[][] blocks = {
            {0x20, 0x7e}, {0xa0, 0x2ff}, {0x370, 0x3ff}, {0x400, 0x525}, {0x1e00, 0x1ef9}, {0x1f00, 0x1fff}
        };
        for (int[] block : blocks) {
            for (int letter = block[0]; letter <= block[1]; letter++) {
                if (Character.isLetterOrDigit(letter)) {
                    assertNotEquals(missing, path(Character.toString(letter)), "U+" + Integer.toHexString(letter));
                }
            }
        }
        assertEquals(missing, path("\u4e2d"));
    }

    @Test
    void aLetterAndItsAccentAreOneGlyphHoweverTheyAreWritten() {
        for (String letter :
                List.of("\u0401", "\u0451", "\u0457", "\u0439", "\u045e", "\u00e9", "\u00dc", "\u1ea5", "\u03ac")) {
            String apart = Normalizer.normalize(letter, Normalizer.Form.NFD);
            assertNotEquals(letter, apart);
            assertEquals(path(letter), path(apart), letter);
            assertEquals(Outlines.width(letter, 12), Outlines.width(apart, 12), letter);
        }
        // Io is ie with two dots on top.
        assertTrue(path("\u0401").contains(path("\u0415")), path("\u0401"));
        assertEquals(Outlines.width("\u0415", 12), Outlines.width("\u0401", 12));
    }

    private static String path(String text) {
        StringBuilder path = new StringBuilder();
        double[] at = new double[6];
        for (PathIterator i = Outlines.shape(text, 2048, 0, 0).getPathIterator(null); !i.isDone(); i.next()) {
            int kind = i.currentSegment(at);
            path.append("MLQCZ".charAt(kind))
                    .append(Arrays.toString(Arrays.copyOf(at, new int[] {2, 2, 4, 6, 0}[kind])));
        }
        return path.toString();
    }

    private static List<String> labels(List<Tick> ticks) {
        return ticks.stream().map(Tick::label).toList();
    }
}
