package org.anneal.checkpoint;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The layout of {@code torch.save} before PyTorch 1.6: five pickles (a magic number, a version, facts about the machine, the
 * value, and the names of the storages), then each storage in the order of the names: its number of elements in 8 bytes, and the
 * elements. All numbers are little-endian on every machine. There are no checksums.
 *
 * <p>Only the value tells the size of an element, so a storage's position is known once everything before it was read.
 *
 * <p>Source: {@code torch/serialization.py} of 2.13 ({@code _legacy_load}) and {@code torch/csrc/serialization.cpp}
 * ({@code THPStorage_readFileRaw}).
 */
final class LegacyFile implements Globals.Storages {
    private static final BigInteger MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
    private static final long VERSION = 1001;
    private static final int LONGEST_START = 64;
    private static final int TAR_NAME = 257; // position of a tar archive's magic string

    private final FileBytes file;
    private final Globals globals = new Globals(this);
    private final Map<String, Part> parts = new LinkedHashMap<>();
    private final Object root;
    private long position;

    /** A storage, and the size of its elements in bytes. */
    private record Part(FileStorage storage, int size) {}

    /** {@return whether a file begins with this layout's magic number} */
    static boolean isLegacy(FileBytes file) {
        try {
            Globals nothing = new Globals((key, bytes, dtype) -> {
                throw new IOException("it is not a number");
            });
            return new PickleReader(file, 0, LONGEST_START, nothing).read().equals(MAGIC);
        } catch (IOException e) {
            return false;
        }
    }

    /** {@return whether a file is a tar archive, as PyTorch 0.1 wrote} */
    static boolean isTar(FileBytes file) throws IOException {
        byte[] name = "ustar".getBytes(StandardCharsets.US_ASCII);
        return file.size() >= TAR_NAME + name.length
                && Arrays.equals(file.read(TAR_NAME, name.length).array(), name);
    }

    /** @throws IOException if the file is damaged or holds something that a checkpoint must not hold, with the reason */
    LegacyFile(FileBytes file, int longest) throws IOException {
        this.file = file;
        pickle(LONGEST_START);
        Object version = pickle(LONGEST_START);
        if (!version.equals(VERSION)) {
            throw new IOException("its layout's version must be " + VERSION + ", but was "
                    + (version instanceof Number ? version : Structure.named(version)));
        }
        pickle(longest); // the machine's type sizes and byte order, which do not affect the file
        root = pickle(longest);
        Object keys = pickle(longest);
        if (!(keys instanceof List<?> list)) {
            throw new IOException("its list of storages must be a list, but was " + Structure.named(keys));
        }
        place(list);
    }

    private Object pickle(int longest) throws IOException {
        PickleReader reader = new PickleReader(file, position, longest, globals);
        Object value = reader.read();
        position += reader.length();
        return value;
    }

    private void place(List<?> keys) throws IOException {
        Set<Object> missing = new LinkedHashSet<>(parts.keySet());
        for (Object key : keys) {
            Part part = key instanceof String name ? parts.get(name) : null;
            if (part == null || !missing.remove(key)) {
                throw new IOException("its list of storages names " + ZipReader.shown(String.valueOf(key))
                        + ", which its value does not use");
            }
            long elements = file.read(position, Long.BYTES).getLong();
            position += Long.BYTES;
            long size = part.storage.size();
            if (elements != size / part.size || size > file.size() - position) {
                throw new IOException("it is damaged or truncated: its storage " + ZipReader.shown((String) key)
                        + " must have " + size / part.size + " elements of " + part.size + " bytes, but claims "
                        + elements
                        + ", and the file ends after " + (file.size() - position) + " bytes");
            }
            part.storage.place(position);
            position += size;
        }
        if (!missing.isEmpty()) {
            throw new IOException(
                    "its storage " + ZipReader.shown((String) missing.iterator().next()) + " is missing");
        }
    }

    @Override
    public Storage find(String key, long bytes, DType dtype) throws IOException {
        if (bytes > file.size()) {
            throw new IOException("it is damaged or truncated: its storage " + ZipReader.shown(key) + " must have "
                    + bytes + " bytes, but the file has only " + file.size());
        }
        FileStorage storage = new FileStorage(file, key, 0, bytes, OptionalLong.empty());
        parts.put(key, new Part(storage, dtype.size()));
        return storage;
    }

    Object root() {
        return root;
    }

    List<FileStorage> storages() {
        return parts.values().stream().map(Part::storage).toList();
    }
}
