package org.anneal.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Finds and reads the entries of a zip archive. PyTorch stores data uncompressed; an archive that was zipped again with
 * compression is unpacked before use. A checksum of 0 means none: PyTorch has an option to write none. Positions come from the
 * directory at the file's end only; every entry must lie within the file and must not overlap another.
 *
 * <p>Source: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.3 (zip64).
 */
final class ZipReader {
    private static final int LOCAL = 0x04034b50;
    private static final int LOCAL_LENGTH = 30;
    private static final int CENTRAL = 0x02014b50;
    private static final int CENTRAL_LENGTH = 46;
    private static final int END = 0x06054b50;
    private static final int END_LENGTH = 22;
    private static final int END64 = 0x06064b50;
    private static final int END64_LENGTH = 56;
    private static final int LOCATOR64 = 0x07064b50;
    private static final int LOCATOR64_LENGTH = 20;
    private static final int ZIP64_EXTRA = 1;
    private static final int ENCRYPTED = 1;
    private static final long MOST_ENTRIES = 1_000_000;
    private static final long LONGEST_DIRECTORY = 256 << 20;
    private static final int DEFLATED = 8;
    private static final int MOST_PACKED = 1032; // the highest compression ratio of this method
    private static final int WINDOW = 1 << 16;

    private final FileBytes file;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    /**
     * An entry: its local header begins at {@code header}, and its data at {@code start}: {@code stored} bytes, compressed unless
     * {@code method} is 0.
     */
    private record Entry(String name, long header, long start, long stored, long size, long checksum, int method) {
        long end() {
            return start + stored;
        }

        OptionalLong expected() {
            return checksum == 0 ? OptionalLong.empty() : OptionalLong.of(checksum);
        }
    }

    /** Receives unpacked bytes. */
    @FunctionalInterface
    private interface Sink {
        void take(ByteBuffer bytes) throws IOException;
    }

    /** The directory: where it begins, and how many bytes and entries it has. */
    private record Directory(long start, long length, long count) {}

    /** @throws IOException if the file is not a zip archive, or is damaged or too large, with the reason */
    ZipReader(FileBytes file) throws IOException {
        this.file = file;
        Directory directory = directory();
        if (directory.count > MOST_ENTRIES || directory.length > LONGEST_DIRECTORY) {
            throw new IOException("it has " + directory.count + " entries, more than a checkpoint may have");
        }
        ByteBuffer bytes = file.read(directory.start, (int) directory.length);
        for (long i = 0; i < directory.count; i++) {
            Entry entry = entry(bytes);
            if (entries.put(entry.name, entry) != null) {
                throw new IOException("it has two entries named " + shown(entry.name));
            }
        }
        if (bytes.hasRemaining()) {
            throw damaged("its directory is longer than its entries");
        }
        checkApart(directory.start);
    }

    private static IOException damaged(String how) {
        return new IOException("it is a damaged zip archive: " + how);
    }

    /** {@return the name in a form that is safe in a message} */
    static String shown(String name) {
        String clean = name.replaceAll("\\p{C}", "?");
        return clean.length() > 80 ? clean.substring(0, 80) + "..." : clean;
    }

    List<String> names() {
        return List.copyOf(entries.keySet());
    }

    boolean has(String name) {
        return entries.containsKey(name);
    }

    /** {@return an entry's data, verified} */
    byte[] read(String name, int longest) throws IOException {
        Entry entry = find(name);
        if (entry.size > longest) {
            throw new IOException(shown(name) + " must have at most " + longest + " bytes, but has " + entry.size);
        }
        ByteBuffer bytes;
        if (entry.method == 0) {
            bytes = file.read(entry.start, (int) entry.size);
        } else {
            bytes = ByteBuffer.allocate((int) entry.size);
            unpack(entry, bytes::put);
        }
        CRC32 checksum = new CRC32();
        checksum.update(bytes.array());
        if (entry.expected().isPresent() && checksum.getValue() != entry.checksum) {
            throw new IOException(shown(name) + " is damaged: its checksum is " + FileStorage.hex(checksum.getValue())
                    + ", but was " + FileStorage.hex(entry.checksum) + " when it was written");
        }
        return bytes.array();
    }

    /** {@return an entry's data, in the file or, if compressed, unpacked into a temporary file} */
    FileStorage storage(String name) throws IOException {
        Entry entry = find(name);
        if (entry.method == 0) {
            return new FileStorage(file, name, entry.start, entry.size, entry.expected());
        }
        FileBytes unpacked = file.scratch(entry.size);
        long start = unpacked.size();
        unpack(entry, unpacked::append);
        return new FileStorage(unpacked, name, start, entry.size, entry.expected());
    }

    private void unpack(Entry entry, Sink sink) throws IOException {
        Inflater inflater = new Inflater(true);
        try {
            byte[] out = new byte[WINDOW];
            long in = 0;
            long done = 0;
            while (!inflater.finished()) {
                if (inflater.needsInput()) {
                    int length = (int) Math.min(WINDOW, entry.stored - in);
                    if (length == 0) {
                        throw damaged(shown(entry.name) + " ends too early");
                    }
                    inflater.setInput(file.read(entry.start + in, length));
                    in += length;
                }
                int length = inflater.inflate(out);
                done += length;
                if (done > entry.size) {
                    break;
                }
                if (inflater.needsDictionary()) {
                    throw damaged(shown(entry.name) + " cannot be unpacked");
                }
                sink.take(ByteBuffer.wrap(out, 0, length));
            }
            if (done != entry.size) {
                throw damaged(shown(entry.name) + " does not have the size that the directory claims");
            }
        } catch (DataFormatException e) {
            throw new IOException(
                    damaged(shown(entry.name) + " cannot be unpacked").getMessage(), e);
        } finally {
            inflater.end();
        }
    }

    private Entry find(String name) throws IOException {
        Entry entry = entries.get(name);
        if (entry == null) {
            throw new IOException("it has no entry " + shown(name));
        }
        if (entry.method != 0 && entry.method != DEFLATED) {
            throw new IOException(shown(name) + " is compressed by zip method " + entry.method
                    + ", which neither PyTorch nor Anneal reads: zip it again without compression (zip -0)");
        }
        if (entry.method != 0 && entry.size / MOST_PACKED > entry.stored) {
            throw damaged("the size of " + shown(name) + " is wrong");
        }
        return entry;
    }

    /** Looks for the record that ends the archive; a comment may follow it. */
    private Directory directory() throws IOException {
        int length = (int) Math.min(file.size(), END_LENGTH + 0xffff);
        ByteBuffer tail = file.read(file.size() - length, length);
        for (int at = length - END_LENGTH; at >= 0; at--) {
            if (tail.getInt(at) == END && at + END_LENGTH + u2(tail, at + 20) == length) {
                return directory(tail.slice(at, END_LENGTH).order(ByteOrder.LITTLE_ENDIAN), file.size() - length + at);
            }
        }
        throw damaged("its end is missing");
    }

    private Directory directory(ByteBuffer end, long position) throws IOException {
        Directory small = new Directory(u4(end, 16), u4(end, 12), u2(end, 10));
        Directory directory = small;
        long after = position;
        if (position >= LOCATOR64_LENGTH) {
            ByteBuffer locator = file.read(position - LOCATOR64_LENGTH, LOCATOR64_LENGTH);
            if (locator.getInt(0) == LOCATOR64) {
                after = locator.getLong(8);
                ByteBuffer end64 = file.read(after, END64_LENGTH);
                if (end64.getInt(0) != END64) {
                    throw damaged("its zip64 end is missing");
                }
                directory = new Directory(end64.getLong(48), end64.getLong(40), end64.getLong(32));
                if (differ(small.start, directory.start, 0xffffffffL)
                        || differ(small.length, directory.length, 0xffffffffL)
                        || differ(small.count, directory.count, 0xffff)) {
                    throw damaged("its two end records contradict each other");
                }
            }
        }
        if (directory.start < 0
                || directory.length < 0
                || directory.count < 0
                || directory.start > after
                || directory.length != after - directory.start
                || directory.count > directory.length / CENTRAL_LENGTH) {
            throw damaged("its directory is not where its end record says");
        }
        return directory;
    }

    private static boolean differ(long small, long large, long saturated) {
        return small != saturated && small != large;
    }

    private Entry entry(ByteBuffer directory) throws IOException {
        int at = directory.position();
        if (directory.remaining() < CENTRAL_LENGTH || directory.getInt(at) != CENTRAL) {
            throw damaged("its directory is broken");
        }
        int nameLength = u2(directory, at + 28);
        int extraLength = u2(directory, at + 30);
        int length = CENTRAL_LENGTH + nameLength + extraLength + u2(directory, at + 32);
        if (directory.remaining() < length) {
            throw damaged("its directory is broken");
        }
        directory.position(at + length);
        ByteBuffer nameBytes = directory.slice(at + CENTRAL_LENGTH, nameLength);
        String name;
        try {
            name = StandardCharsets.UTF_8.newDecoder().decode(nameBytes).toString();
        } catch (CharacterCodingException e) {
            throw damaged("an entry's name is not UTF-8");
        }
        if ((u2(directory, at + 8) & ENCRYPTED) != 0) {
            throw new IOException(shown(name) + " is encrypted, which PyTorch never does");
        }
        int method = u2(directory, at + 10);
        long stored = u4(directory, at + 20);
        long size = u4(directory, at + 24);
        long header = u4(directory, at + 42);
        ByteBuffer extra = zip64(directory.slice(at + CENTRAL_LENGTH + nameLength, extraLength));
        size = size == 0xffffffffL ? next(extra) : size;
        stored = stored == 0xffffffffL ? next(extra) : stored;
        header = header == 0xffffffffL ? next(extra) : header;
        if ((method == 0 && stored != size)
                || stored < 0
                || size < 0
                || header < 0
                || header > file.size() - LOCAL_LENGTH - nameLength) {
            throw damaged("the place or size of " + shown(name) + " is wrong");
        }
        ByteBuffer local = file.read(header, LOCAL_LENGTH + nameLength);
        if (local.getInt(0) != LOCAL
                || u2(local, 26) != nameLength
                || !local.slice(LOCAL_LENGTH, nameLength).equals(nameBytes.rewind())) {
            throw damaged(shown(name) + " is not where the directory says");
        }
        long start = header + LOCAL_LENGTH + nameLength + u2(local, 28);
        if (start > file.size() || stored > file.size() - start) {
            throw damaged("the place or size of " + shown(name) + " is wrong");
        }
        return new Entry(name, header, start, stored, size, u4(directory, at + 16), method);
    }

    /** {@return the zip64 field among an entry's extra fields; empty if there is none} */
    private static ByteBuffer zip64(ByteBuffer extra) throws IOException {
        extra.order(ByteOrder.LITTLE_ENDIAN);
        while (extra.remaining() >= 4) {
            int id = u2(extra, extra.position());
            int length = u2(extra, extra.position() + 2);
            extra.position(extra.position() + 4);
            if (length > extra.remaining()) {
                throw damaged("its directory is broken");
            }
            if (id == ZIP64_EXTRA) {
                return extra.limit(extra.position() + length);
            }
            extra.position(extra.position() + length);
        }
        return extra.position(extra.limit());
    }

    private static long next(ByteBuffer zip64) throws IOException {
        if (zip64.remaining() < Long.BYTES) {
            throw damaged("a large entry has no zip64 size");
        }
        return zip64.getLong();
    }

    private void checkApart(long directory) throws IOException {
        List<Entry> inOrder = new ArrayList<>(entries.values());
        inOrder.sort(Comparator.comparingLong(Entry::header));
        for (int i = 0; i < inOrder.size(); i++) {
            Entry entry = inOrder.get(i);
            if (entry.end() > (i + 1 < inOrder.size() ? inOrder.get(i + 1).header : directory)) {
                throw damaged(shown(entry.name) + " overlaps what follows it");
            }
        }
    }

    private static int u2(ByteBuffer bytes, int at) {
        return Short.toUnsignedInt(bytes.getShort(at));
    }

    private static long u4(ByteBuffer bytes, int at) {
        return Integer.toUnsignedLong(bytes.getInt(at));
    }
}
