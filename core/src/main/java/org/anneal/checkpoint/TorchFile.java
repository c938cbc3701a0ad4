package org.anneal.checkpoint;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.LongConsumer;
import org.anneal.schedule.Python;

/**
 * A file of PyTorch's: what {@code torch.save} wrote, and what {@code torch.load(file, weights_only=True)} reads. It is a
 * zip archive of a pickle, which says what there is, and of the tensors' storages, byte for byte.
 *
 * <pre>{@code
 * try (TorchFile file = TorchFile.open(Path.of("last.pt"))) {
 *     Map<?, ?> checkpoint = (Map<?, ?>) file.root();
 *     ...
 * }
 * TorchFile.write(Path.of("next.pt"), checkpoint);
 * }</pre>
 *
 * <p>Values are read as, and written from:
 *
 * <table>
 * <caption>Types</caption>
 * <tr><td>dict, defaultdict</td><td>{@link java.util.LinkedHashMap}, in order; written from any {@link java.util.Map}</td></tr>
 * <tr><td>OrderedDict, Counter</td><td>{@link Python.OrderedDict}, {@link Python.Counter}</td></tr>
 * <tr><td>list</td><td>{@link java.util.ArrayList}; written from any {@link List}</td></tr>
 * <tr><td>tuple, torch.Size</td><td>{@link Python.Tuple}</td></tr>
 * <tr><td>set, frozenset</td><td>{@link java.util.LinkedHashSet}; written from any {@link Set}, as a set</td></tr>
 * <tr><td>int</td><td>{@link Long}, beyond it {@link java.math.BigInteger}; written from Integer, Short and Byte too</td></tr>
 * <tr><td>float</td><td>{@link Double}; written from Float too</td></tr>
 * <tr><td>bool, str</td><td>{@link Boolean}, {@link String}</td></tr>
 * <tr><td>bytes, bytearray</td><td>{@code byte[]}, written as bytes</td></tr>
 * <tr><td>None</td><td>{@link java.util.Optional#empty}; written from null too</td></tr>
 * <tr><td>tensor, nn.Parameter, nn.Buffer</td><td>{@link TensorData}, written as a tensor</td></tr>
 * <tr><td>torch.float32, torch.device</td><td>{@link DType}, {@link TorchDevice}</td></tr>
 * <tr><td>method of a scheduler (PyTorch 1's OneCycleLR), torch.strided</td><td>{@link PythonReference}; cannot be written</td></tr>
 * </table>
 *
 * <p>The order of a dict, the type, strides and offset of a tensor, and that tensors share a storage or places share an
 * object, are kept both ways. Whether a tensor requires a gradient, its hooks, its attributes and the device where it was
 * are not: every tensor is read as data, and written as one on the CPU without gradient.
 *
 * <p>A file is not trusted. A pickle is a program that can ask to run any code; here only a list of names is known and
 * nothing is called. What a file declares must fit what it has; operations, nesting, texts, entries are bounded, and the
 * memory to open it by some fifty times the pickle in it. Anything else is refused with one {@link IOException}.
 *
 * <p>Not read: what {@code torch.save} wrote before PyTorch 1.6 or with {@code _use_new_zipfile_serialization=False},
 * TorchScript, big-endian files, sparse, quantized, nested or meta tensors, subclasses of tensors, storages by themselves,
 * views that are conjugated or negated only when read, complex numbers that are no tensors, types of less than a byte (uint4),
 * whole models and other objects. The message says what to do, where something can be done.
 *
 * <p>A file and its tensors are for one thread at a time.
 */
public final class TorchFile implements Closeable {
    private static final int LONGEST_PICKLE = 128 << 20;
    private static final byte[] LEGACY = legacyStart();

    private final FileBytes file;
    private final List<FileStorage> storages;
    private final Object root;

    private TorchFile(FileBytes file, List<FileStorage> storages, Object root) {
        this.file = file;
        this.storages = storages;
        this.root = root;
    }

    /**
     * Opens a file and reads what is in it but for the tensors' data, which stay there until they are asked for: so the file
     * is to be closed by whoever opens it, after that.
     *
     * <p>The pickle's checksum is verified here. A storage's is verified when its bytes are read in order from first to last,
     * as by {@link TensorData#forEachChunk} of a tensor that is all of it, and by {@link #verify}; a part of a storage, or a
     * transposed view, is read without.
     *
     * @throws IOException "cannot read FILE: WHY" if it cannot be read, is none of PyTorch's, is damaged, or holds what a
     *     checkpoint may not hold
     */
    public static TorchFile open(Path file) throws IOException {
        return FileBytes.open(Objects.requireNonNull(file, "file"), TorchFile::read);
    }

    private static TorchFile read(FileBytes file) throws IOException {
        checkStart(file);
        ZipReader archive = new ZipReader(file);
        String prefix = prefix(archive);
        if (archive.has(prefix + "byteorder")) {
            String order = new String(archive.read(prefix + "byteorder", 16), StandardCharsets.ISO_8859_1).strip();
            if (!order.equals("little")) {
                throw new IOException("its byte order is " + ZipReader.shown(order)
                        + ", not little: rewrite it in Python on a common machine: torch.save(torch.load(f), f2)");
            }
        }
        byte[] pickle = archive.read(prefix + "data.pkl", LONGEST_PICKLE);
        Globals globals = new Globals(archive, prefix);
        Object root = new PickleReader(pickle, globals).read();
        try {
            Structure.check(root);
        } catch (IllegalArgumentException e) {
            throw new IOException(e.getMessage(), e);
        }
        return new TorchFile(file, globals.storages(), root);
    }

    /** Tells a file that is no zip archive by how it begins. */
    private static void checkStart(FileBytes file) throws IOException {
        byte[] start = new byte[(int) Math.min(file.size(), LEGACY.length)];
        file.read(0, start.length).get(start);
        if (Arrays.equals(start, LEGACY)) {
            throw new IOException("it is in the format from before PyTorch 1.6; rewrite it in Python: "
                    + "torch.save(torch.load(f), f2)");
        }
        if (start.length > Long.BYTES && start[Long.BYTES] == '{') {
            throw new IOException(
                    "it is in the safetensors format, which has weights and no more, and must be a file of "
                            + "torch.save");
        }
        if (start.length < 2 || start[0] != 'P' || start[1] != 'K') {
            String text = new String(start, StandardCharsets.ISO_8859_1).replaceAll("[^ -~]", "?");
            throw new IOException(
                    "it is no file of torch.save: that is a zip archive, and this begins with '" + text + "'");
        }
    }

    /** {@return the bytes {@code torch.save} began a file with: a pickle of its magic number} */
    private static byte[] legacyStart() {
        byte[] start = {(byte) 0x80, 2, (byte) 0x8a, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '.'};
        ByteBuffer.wrap(start).putLong(4, 0x6cfc9c46f9206aa8L).putShort(12, (short) 0x5019);
        return start;
    }

    private static String prefix(ZipReader archive) throws IOException {
        List<String> pickles = archive.names().stream()
                .filter(name -> name.indexOf('/') == name.lastIndexOf('/') && name.endsWith("/data.pkl"))
                .toList();
        if (pickles.size() != 1) {
            throw new IOException(
                    pickles.isEmpty()
                            ? "it is a zip archive, but none of torch.save: it has no data.pkl"
                            : "it has " + pickles.size() + " pickles, and must have one");
        }
        String prefix = pickles.get(0).replaceFirst("data\\.pkl$", "");
        if (archive.has(prefix + "constants.pkl")) {
            throw new IOException("it is a TorchScript archive; save its weights in Python: "
                    + "torch.save(torch.jit.load(f).state_dict(), f2)");
        }
        return prefix;
    }

    /** {@return what {@code torch.load} would give} */
    public Object root() {
        return root;
    }

    /**
     * Reads every storage and verifies its checksum.
     *
     * @throws IOException "cannot read FILE: WHY" if one is damaged
     * @throws IllegalStateException if the file is closed
     */
    public void verify() throws IOException {
        for (FileStorage storage : storages) {
            storage.verify();
        }
    }

    /** Closes the file. Its tensors can be read no more. */
    @Override
    public void close() throws IOException {
        file.close();
    }

    /**
     * Writes a file that {@code torch.load(file, weights_only=True)} reads, whole or not at all ({@link AtomicFile}). The same
     * values give the same bytes. Storages are read a megabyte at a time, as they go into the file.
     *
     * @throws IllegalArgumentException if {@code root} holds a value of a type that is not in the list above, or itself, is
     *     nested deeper than 100 or immense, or has a key that is no str, int, bool, float, None or tuple of those, or tensors of
     *     different types in one storage
     * @throws IOException if the file cannot be written, naming it and the reason
     */
    public static void write(Path file, Object root) throws IOException {
        write(file, root, written -> {});
    }

    /**
     * Writes a file as {@link #write(Path, Object)} does, and says how far it is.
     *
     * @param progress called with the bytes of the tensors' storages that are written, a megabyte at a time
     */
    public static void write(Path file, Object root, LongConsumer progress) throws IOException {
        Objects.requireNonNull(file, "file");
        Objects.requireNonNull(progress, "progress");
        Structure.check(root);
        PickleWriter writer = new PickleWriter();
        byte[] pickle = writer.write(root);
        if (pickle.length > LONGEST_PICKLE) {
            throw new IllegalArgumentException("a checkpoint without its tensors must have at most " + LONGEST_PICKLE
                    + " bytes, but had " + pickle.length);
        }
        AtomicFile.write(file, channel -> write(channel, pickle, writer.storages(), progress));
    }

    static void write(WritableByteChannel file, byte[] pickle, List<Storage> storages, LongConsumer progress)
            throws IOException {
        ZipWriter archive = new ZipWriter(file);
        archive.add("archive/data.pkl", new HeapStorage(pickle));
        archive.add("archive/.format_version", "1");
        archive.add("archive/.storage_alignment", "64");
        archive.add("archive/byteorder", "little");
        long done = 0;
        for (int i = 0; i < storages.size(); i++) {
            long before = done;
            archive.add("archive/data/" + i, storages.get(i), written -> progress.accept(before + written));
            done += storages.get(i).size();
        }
        archive.add("archive/version", "3\n");
        archive.finish();
    }
}
