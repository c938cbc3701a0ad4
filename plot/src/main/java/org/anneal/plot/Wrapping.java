package org.anneal.plot;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** Long text in few lines. */
final class Wrapping {
    private static final String ELLIPSIS = "\u2026";

    private Wrapping() {}

    /**
     * {@return the text in lines no wider than {@code room}, broken at a space or after a bracket where there is one; what does not fit
     * into {@code most} lines gives way to an ellipsis in its middle, so that beginning and end stay legible}
     *
     * @param width of a text, which is the sum of its characters' widths
     */
    static List<String> wrap(String text, ToDoubleFunction<String> width, double room, int most) {
        String clean = text.replaceAll("\\s+", " ").strip();
        List<String> lines = lines(clean, width, room);
        int kept = clean.length();
        while (lines.size() > most) {
            kept -= 1 + clean.length() / 200;
            String head = clean.substring(0, kept * 2 / 3).stripTrailing();
            String tail = clean.substring(clean.length() - kept / 3);
            lines = lines(head + " " + ELLIPSIS + " " + tail, width, room);
        }
        return lines;
    }

    private static List<String> lines(String text, ToDoubleFunction<String> width, double room) {
        List<String> lines = new ArrayList<>();
        String rest = text;
        while (width.applyAsDouble(rest) > room) {
            int fits = 0;
            double used = 0;
            while (fits < rest.length()) {
                int character = rest.codePointAt(fits);
                used += width.applyAsDouble(Character.toString(character));
                if (used > room) {
                    break;
                }
                fits += Character.charCount(character);
            }
            int space = rest.lastIndexOf(' ', fits);
            int bracket = Math.max(rest.lastIndexOf('(', fits - 1), rest.lastIndexOf('[', fits - 1)) + 1;
            int whole = space > 0 ? space : bracket;
            int end = whole > 0 ? whole : Math.max(fits, Character.charCount(rest.codePointAt(0)));
            lines.add(rest.substring(0, end));
            rest = rest.substring(end).strip();
        }
        lines.add(rest);
        return lines;
    }
}
