package org.anneal.plot;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/** Fits long text into a few lines. */
final class Wrapping {
    private static final String ELLIPSIS = "\u2026";
    /** A character without a width counts as this wide, so that every line ends. */
    private static final double LEAST_WIDTH = 1;

    private Wrapping() {}

    /**
     * {@return the text in lines no wider than {@code room}, broken at a space or after a bracket where there is one; if it does not
     * fit into {@code most} lines, an ellipsis replaces its middle, so that beginning and end stay legible} However long the text is,
     * only about as much as the lines hold is measured.
     *
     * @param width the width of a string, which must be the sum of its characters' widths
     */
    static List<String> wrap(String text, ToDoubleFunction<String> width, double room, int most) {
        String clean = text.replaceAll("\\s+", " ").strip();
        Optional<List<String>> whole = lines(clean, width, room, most);
        if (whole.isPresent()) {
            return whole.get();
        }
        List<String> best = List.of(ELLIPSIS);
        int fits = 0;
        int tooMany = (int) Math.min(clean.length(), most * room / LEAST_WIDTH + 1);
        while (tooMany - fits > 1) {
            int kept = (fits + tooMany) / 2;
            Optional<List<String>> lines = lines(withoutMiddle(clean, kept), width, room, most);
            if (lines.isPresent()) {
                fits = kept;
                best = lines.get();
            } else {
                tooMany = kept;
            }
        }
        return best;
    }

    /** Keeps twice as much of the beginning as of the end, and splits no surrogate pair. */
    private static String withoutMiddle(String text, int kept) {
        int headEnd = kept - kept / 3;
        int tailStart = text.length() - kept / 3;
        if (headEnd > 0 && Character.isHighSurrogate(text.charAt(headEnd - 1))) {
            headEnd--;
        }
        if (tailStart < text.length() && Character.isLowSurrogate(text.charAt(tailStart))) {
            tailStart++;
        }
        return (text.substring(0, headEnd).strip() + " " + ELLIPSIS + " "
                        + text.substring(tailStart).strip())
                .strip();
    }

    /** {@return the lines, unless there are more than {@code most}} */
    private static Optional<List<String>> lines(String text, ToDoubleFunction<String> width, double room, int most) {
        List<String> lines = new ArrayList<>();
        int start = 0;
        int fits = fitting(text, start, width, room);
        while (fits < text.length()) {
            if (lines.size() == most - 1) {
                return Optional.empty();
            }
            int space = text.lastIndexOf(' ', fits);
            int bracket = Math.max(text.lastIndexOf('(', fits - 1), text.lastIndexOf('[', fits - 1)) + 1;
            int whole = space > start ? space : bracket;
            int end = whole > start ? whole : Math.max(fits, start + Character.charCount(text.codePointAt(start)));
            lines.add(text.substring(start, end));
            start = end < text.length() && text.charAt(end) == ' ' ? end + 1 : end;
            fits = fitting(text, start, width, room);
        }
        lines.add(text.substring(start));
        return Optional.of(lines);
    }

    /** {@return the end of the longest run of characters from {@code start} that fits into {@code room}} */
    private static int fitting(String text, int start, ToDoubleFunction<String> width, double room) {
        double used = 0;
        int end = start;
        while (end < text.length()) {
            int character = text.codePointAt(end);
            used += Math.max(LEAST_WIDTH, width.applyAsDouble(Character.toString(character)));
            if (used > room) {
                break;
            }
            end += Character.charCount(character);
        }
        return end;
    }
}
