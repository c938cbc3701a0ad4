package org.anneal.cli;

import java.io.FilterWriter;
import java.io.IOException;
import java.io.Writer;
import java.util.Optional;

/** A command's output. It remembers why a write failed, which a {@link java.io.PrintWriter} hides. */
final class StandardOutput extends FilterWriter {
    private Optional<IOException> failure = Optional.empty();

    StandardOutput(Writer out) {
        super(out);
    }

    /** {@return why the first write failed, if one did} */
    Optional<IOException> failure() {
        return failure;
    }

    @Override
    public void write(int c) throws IOException {
        attempt(() -> out.write(c));
    }

    @Override
    public void write(char[] text, int start, int length) throws IOException {
        attempt(() -> out.write(text, start, length));
    }

    @Override
    public void write(String text, int start, int length) throws IOException {
        attempt(() -> out.write(text, start, length));
    }

    @Override
    public void flush() throws IOException {
        attempt(out::flush);
    }

    private interface Attempt {
        void run() throws IOException;
    }

    private void attempt(Attempt attempt) throws IOException {
        try {
            attempt.run();
        } catch (IOException e) {
            failure = failure.or(() -> Optional.of(e));
            throw e;
        }
    }
}
