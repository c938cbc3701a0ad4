package org.anneal.runs;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;
import org.anneal.checkpoint.AtomicFile;

/** What a run's user calls it: the only line of {@code title.txt} in its folder, if that is there. */
final class RunTitle {
    static final String FILE = "title.txt";
    private static final int MOST_CHARACTERS = 80;
    private static final int MOST_BYTES = 1024; // of a file that is read

    private RunTitle() {}

    /** {@return the title; empty if there is none, or the file is a link or says something else, as anyone may have made it} */
    static Optional<String> read(Path folder) {
        Path file = folder.resolve(FILE);
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            return Optional.empty();
        }
        try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
            return Optional.of(checked(new String(in.readNBytes(MOST_BYTES), StandardCharsets.UTF_8)))
                    .filter(title -> !title.isEmpty());
        } catch (IOException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /**
     * Writes a title atomically, or removes it if it is blank.
     *
     * @throws IllegalArgumentException if it is too long, or has control characters
     * @throws IOException if it cannot be written
     */
    static void write(Path folder, String title) throws IOException {
        String line = checked(title);
        Path file = folder.resolve(FILE);
        if (Files.isSymbolicLink(file)) {
            throw new IOException("cannot write " + file + ": it is a link");
        }
        if (line.isEmpty()) {
            Files.deleteIfExists(file);
        } else {
            AtomicFile.write(file, (line + "\n").getBytes(StandardCharsets.UTF_8));
        }
    }

    private static String checked(String title) {
        String line = title.strip();
        int length = line.codePointCount(0, line.length());
        if (length > MOST_CHARACTERS) {
            throw new IllegalArgumentException(
                    "title must have at most " + MOST_CHARACTERS + " characters, but has " + length);
        }
        if (line.codePoints().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException("title must be one line, without control characters");
        }
        return line;
    }
}
