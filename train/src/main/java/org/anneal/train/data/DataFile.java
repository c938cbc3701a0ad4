package org.anneal.train.data;

import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/** A data file, unpacked. */
final class DataFile {
    /** More than the largest file of these data sets, all of CIFAR-10's batches in one (154 MB); stops a gzip bomb. */
    private static final int LARGEST = 256 << 20;

    private final String name;
    private final byte[] bytes;

    private DataFile(String name, byte[] bytes) {
        this.name = name;
        this.bytes = bytes;
    }

    /** Opens a stream, which the reader closes. */
    @FunctionalInterface
    interface Source {
        InputStream open() throws IOException;
    }

    /** {@return the file {@code name} or {@code name.gz}, if there is one} */
    static Optional<Path> find(Path folder, String name) {
        Path plain = folder.resolve(name);
        Path gzipped = folder.resolve(name + ".gz");
        return Files.isRegularFile(plain)
                ? Optional.of(plain)
                : Files.isRegularFile(gzipped) ? Optional.of(gzipped) : Optional.empty();
    }

    /** {@return the content of {@code name} or {@code name.gz}} */
    static DataFile read(Path folder, String name) throws IOException {
        Path file = find(folder, name)
                .orElseThrow(
                        () -> new FileNotFoundException("no file " + folder.resolve(name) + " or " + name + ".gz"));
        return read(file.toString(), () -> Files.newInputStream(file));
    }

    /** {@return the content of a source, unpacked if the name ends in .gz} */
    static DataFile read(String name, Source source) throws IOException {
        try (InputStream in = source.open()) {
            byte[] bytes = name.endsWith(".gz") ? unpack(name, in) : in.readNBytes(LARGEST + 1);
            if (bytes.length > LARGEST) {
                throw new IOException(
                        name + ": is larger than any file of a known data set: it has more than " + LARGEST + " bytes");
            }
            return new DataFile(name, bytes);
        } catch (AccessDeniedException e) {
            throw new IOException(name + ": no permission to read it", e);
        }
    }

    private static byte[] unpack(String name, InputStream in) throws IOException {
        try (InputStream unpacked = new GZIPInputStream(in, 1 << 16)) {
            return unpacked.readNBytes(LARGEST + 1);
        } catch (ZipException e) {
            throw new IOException(name + ": is not a valid gzip file (" + e.getMessage() + ")", e);
        } catch (EOFException e) {
            throw new IOException(name + ": is cut off: the gzip stream has no end", e);
        }
    }

    /** {@return the file's name, for messages} */
    String name() {
        return name;
    }

    /** {@return the content; not a copy} */
    byte[] bytes() {
        return bytes;
    }

    /** {@return an exception whose message names this file} */
    IOException wrong(String what) {
        return new IOException(name + ": " + what);
    }
}
