package org.anneal.text;

/** Says where a text is not PyTorch's call of a schedule or an optimizer, and what was expected there, on one line. */
public sealed class PythonSyntaxException extends IllegalArgumentException permits UnknownNamesException {

    private static final long serialVersionUID = 1L;

    /** The line of the text, 1-based. */
    private final int line;

    /** The column in that line, 1-based. */
    private final int column;

    private PythonSyntaxException(int line, int column, String problem) {
        super((line > 1 ? "line " + line + ", " : "") + "column " + column + ": " + problem);
        this.line = line;
        this.column = column;
    }

    /** Makes one at the place of another. */
    PythonSyntaxException(PythonSyntaxException place, String message) {
        super(message);
        this.line = place.line;
        this.column = place.column;
    }

    /**
     * {@return an exception that points into {@code text}}
     *
     * @param offset the place, from 0
     */
    public static PythonSyntaxException at(String text, int offset, String problem) {
        int line = 1;
        int start = 0;
        for (int i = 0; i < offset; i++) {
            if (text.charAt(i) == '\n') {
                line++;
                start = i + 1;
            }
        }
        return new PythonSyntaxException(line, offset - start + 1, problem);
    }

    /** {@return the line of the text in which the problem is, 1-based} */
    public int line() {
        return line;
    }

    /** {@return the column of the line at which the problem is, 1-based} */
    public int column() {
        return column;
    }
}
