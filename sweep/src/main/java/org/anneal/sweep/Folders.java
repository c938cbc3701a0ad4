package org.anneal.sweep;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.anneal.checkpoint.AtomicFile;

/** Runs' folders as files in memory, for the way to a cluster and back. */
final class Folders {
    private static final String LOCK = "run.lock";
    private static final String CHECKPOINT = ".pt";

    private Folders() {}

    /** {@return the files below a folder, by their names from there, with / on every system; none if there is no such folder} */
    static Map<String, Path> files(Path folder) throws IOException {
        Map<String, Path> files = new TreeMap<>();
        if (Files.isDirectory(folder)) {
            try (Stream<Path> all = Files.walk(folder)) {
                for (Path file : all.filter(Files::isRegularFile).toList()) {
                    files.put(folder.relativize(file).toString().replace('\\', '/'), file);
                }
            }
        }
        return files;
    }

    /** {@return what is in the files below a folder, without the lock of who writes there} */
    static Map<String, byte[]> read(Path folder) throws IOException {
        Map<String, byte[]> contents = new LinkedHashMap<>();
        for (Map.Entry<String, Path> file : files(folder).entrySet()) {
            if (!file.getKey().equals(LOCK)) {
                contents.put(file.getKey(), Files.readAllBytes(file.getValue()));
            }
        }
        return contents;
    }

    /**
     * Makes a folder have these files and no others, each of them atomically. Checkpoints come last: as long as the old one is
     * there, a run that goes on from it writes the others anew.
     */
    static void write(Path folder, Map<String, byte[]> contents) throws IOException {
        Files.createDirectories(folder);
        List<Map.Entry<String, byte[]>> ordered = contents.entrySet().stream()
                .sorted(Comparator.comparing(file -> file.getKey().endsWith(CHECKPOINT)))
                .toList();
        for (Map.Entry<String, byte[]> file : ordered) {
            Path path = folder.resolve(file.getKey());
            Files.createDirectories(path.getParent());
            AtomicFile.write(path, file.getValue());
        }
        for (Map.Entry<String, Path> file : files(folder).entrySet()) {
            if (!contents.containsKey(file.getKey())) {
                Files.delete(file.getValue());
            }
        }
    }

    /** Deletes a folder with everything in it, if it is there. */
    static void delete(Path folder) throws IOException {
        if (Files.exists(folder)) {
            try (Stream<Path> all = Files.walk(folder)) {
                for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(path);
                }
            }
        }
    }
}
