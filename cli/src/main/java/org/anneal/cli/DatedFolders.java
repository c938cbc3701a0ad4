package org.anneal.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import picocli.CommandLine.ITypeConverter;

/** The folders of results that are named by the time, such as {@code runs/20261121-230512}. */
record DatedFolders(Path parent) {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss");

    /** The value of an option that was given without one and means the newest; nobody can type this. */
    static final String NEWEST = "\0";

    private static final Path NO_PATH = Path.of("");

    /** Reads a path, or {@link #NEWEST} as one that {@link #isNewest}. */
    static final class OrNewest implements ITypeConverter<Path> {
        @Override
        public Path convert(String text) {
            return text.equals(NEWEST) ? NO_PATH : Anneal.path(text);
        }
    }

    static boolean isNewest(Path path) {
        return path.equals(NO_PATH);
    }

    /** {@return the path of a new folder} */
    Path fresh() {
        String time = LocalDateTime.now(ZoneId.systemDefault()).format(TIME);
        return Stream.iterate(1, n -> n + 1)
                .map(n -> parent.resolve(n == 1 ? time : time + "-" + n))
                .filter(folder -> !Files.exists(folder))
                .findFirst()
                .orElseThrow();
    }

    /**
     * {@return the folder in which a file was changed last}
     *
     * @param file of a folder; those without it do not count
     */
    Optional<Path> newest(UnaryOperator<Path> file) throws IOException {
        if (!Files.isDirectory(parent)) {
            return Optional.empty();
        }
        try (Stream<Path> folders = Files.list(parent)) {
            return folders.filter(folder -> Files.exists(file.apply(folder)))
                    .max(Comparator.comparing(
                            folder -> file.apply(folder).toFile().lastModified()));
        }
    }
}
