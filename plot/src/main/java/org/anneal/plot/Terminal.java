package org.anneal.plot;

/**
 * A terminal, which a chart is drawn for with characters.
 *
 * @param columns at least 20
 * @param rows at least 8; a chart with many panels or a long legend takes more
 * @param colour whether colours are shown, by ANSI codes
 * @param ascii whether only ASCII is shown, and no braille
 */
public record Terminal(int columns, int rows, boolean colour, boolean ascii) {
    /** The fewest columns. */
    public static final int LEAST_COLUMNS = 20;
    /** The fewest rows. */
    public static final int LEAST_ROWS = 8;

    private static final int MOST = 1000;

    /** @throws IllegalArgumentException if columns or rows are too few, or above 1000 */
    public Terminal {
        if (!(columns >= LEAST_COLUMNS && columns <= MOST && rows >= LEAST_ROWS && rows <= MOST)) {
            throw new IllegalArgumentException("size must be from " + LEAST_COLUMNS + "x" + LEAST_ROWS + " to " + MOST
                    + "x" + MOST + " characters, but was " + columns + "x" + rows);
        }
    }
}
