package org.anneal.plot;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How large a picture is.
 *
 * @param width in pixels, from 200 to 8000
 * @param height in pixels, from 150 to 8000
 */
public record Size(int width, int height) {
    private static final int LEAST_WIDTH = 200;
    private static final int LEAST_HEIGHT = 150;
    private static final int MOST = 8000;
    private static final Pattern TEXT = Pattern.compile("(\\d{1,9})x(\\d{1,9})");

    /** @throws IllegalArgumentException if a side is not in its range */
    public Size {
        if (!(width >= LEAST_WIDTH && width <= MOST && height >= LEAST_HEIGHT && height <= MOST)) {
            throw new IllegalArgumentException("size must be from " + LEAST_WIDTH + "x" + LEAST_HEIGHT + " to " + MOST
                    + "x" + MOST + " pixels, but was " + width + "x" + height);
        }
    }

    /**
     * Reads {@code 1200x700}.
     *
     * @throws IllegalArgumentException if {@code text} is no size, or is out of range
     */
    public static Size parse(String text) {
        Matcher parts = TEXT.matcher(text);
        if (!parts.matches()) {
            throw new IllegalArgumentException(
                    "size must be WIDTHxHEIGHT in pixels, such as 1200x700, but was '" + text + "'");
        }
        return new Size(Integer.parseInt(parts.group(1)), Integer.parseInt(parts.group(2)));
    }

    @Override
    public String toString() {
        return width + "x" + height;
    }
}
