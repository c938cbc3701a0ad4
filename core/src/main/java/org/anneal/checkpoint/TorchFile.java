package org.anneal.checkpoint;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.regex.Pattern;
import org.anneal.text.Python;

/**
 * Reads files of {@code torch.save}, and writes files that {@code torch.load(file, weights_only=True)} reads. A file is a zip
 * archive of a pickle, which describes the values, and of the tensors' storages, byte for byte. The format from before PyTorch
 * 1.6, pickles followed by the storages, is read too, at any pickle protocol, but not written.
 *
 * <pre>{@code
 * try (TorchFile file = TorchFile.open(Path.of("last.pt"))) {
 *     Map<String, Object> checkpoint = file.dict();
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
 * <tr><td>int</td><td>{@link Long}, or {@link java.math.BigInteger} if larger; written from Integer, Short and Byte too</td></tr>
 * <tr><td>float</td><td>{@link Double}; written from Float too</td></tr>
 * <tr><td>complex</td><td>{@link Python.Complex}</td></tr>
 * <tr><td>bool, str</td><td>{@link Boolean}, {@link String}; a str of Python 2 as UTF-8</td></tr>
 * <tr><td>bytes, bytearray</td><td>{@code byte[]}, written as bytes</td></tr>
 * <tr><td>None</td><td>{@link java.util.Optional#empty}; written from null too</td></tr>
 * <tr><td>tensor, nn.Parameter, nn.Buffer</td><td>{@link TensorData}, written as a tensor</td></tr>
 * <tr><td>storage by itself</td><td>{@link TensorData} of one dimension (an untyped one of uint8), written as a tensor</td></tr>
 * <tr><td>quantized tensor</td><td>{@link TensorData} of float32, what {@code dequantize()} gives</td></tr>
 * <tr><td>torch.float32, torch.device</td><td>{@link DType}, {@link TorchDevice}</td></tr>
 * <tr><td>method of a scheduler (PyTorch 1's OneCycleLR), torch.strided, torch.qint8</td><td>{@link PythonReference}; cannot be written</td></tr>
 * </table>
 *
 * <p>Kept both ways: the order of a dict; the type, strides and offset of a tensor; which tensors share a storage, and which
 * places share an object. Not kept: {@code requires_grad}, hooks, attributes and the device of a tensor. Every tensor is read as
 * data, and written as a CPU tensor without gradient.
 *
 * <p>A file is not trusted. A pickle is a program that can ask for any code to be run; here it may use only a fixed list of
 * names, and no code is called. Its claims must match its contents; operations, nesting, strings and entries are bounded, and so
 * is the memory to open it, to some fifty times the size of its pickle. Anything else is refused with an {@link IOException}.
 *
 * <p>A view with a pending conjugation or negation and a quantized tensor share no storage with other tensors here. The storages
 * of a compressed archive are unpacked into a temporary file.
 *
 * <p>Not read: TorchScript, tar archives of PyTorch 0.1, sparse, nested or meta tensors, subclasses of tensors, types of less
 * than a byte (uint4, quint4x2), whole models and other objects. The message says how to convert the file, if that is possible.
 *
 * <p>A file and its tensors are for one thread at a time.
 */
public final class TorchFile implements Closeable {
    private static final int LONGEST_PICKLE = 128 << 20;
    private static final int SHOWN = 15; // bytes of a foreign file, in a message

    private final FileBytes file;
    private final List<FileStorage> storages;
    private final Object root;

    private TorchFile(FileBytes file, List<FileStorage> storages, Object root) {
        this.file = file;
        this.storages = storages;
        this.root = root;
    }

    /**
     * Opens a file and reads all but the tensors' data, which stay in the file until they are read: close it after that.
     *
     * <p>The pickle's checksum is verified here, if there is one. A storage's checksum is verified when its bytes are read from
     * first to last, as by {@link TensorData#forEachChunk} of a tensor that spans it, and by {@link #verify}. A part of a
     * storage, or a transposed view, is read unverified.
     *
     * @throws IOException "cannot read FILE: WHY" if it cannot be read, is not a PyTorch file, is damaged, or holds something
     *     that a checkpoint must not hold
     */
    public static TorchFile open(Path file) throws IOException {
        return FileBytes.open(Objects.requireNonNull(file, "file"), TorchFile::read);
    }

    private static TorchFile read(FileBytes file) throws IOException {
        byte[] start = new byte[(int) Math.min(file.size(), SHOWN)];
        file.read(0, start.length).get(start);
        if (start.length > 1 && start[0] == 'P' && start[1] == 'K') {
            return readArchive(file);
        }
        if (!LegacyFile.isLegacy(file)) {
            throw new IOException(foreign(file, start));
        }
        LegacyFile legacy = new LegacyFile(file, LONGEST_PICKLE);
        return new TorchFile(file, legacy.storages(), checked(legacy.root()));
    }

    private static TorchFile readArchive(FileBytes file) throws IOException {
        ZipReader archive = new ZipReader(file);
        String prefix = prefix(archive);
        boolean swapped = false;
        if (archive.has(prefix + "byteorder")) {
            String order = new String(archive.read(prefix + "byteorder", 16), StandardCharsets.ISO_8859_1).strip();
            swapped = order.equals("big");
            if (!swapped && !order.equals("little")) {
                throw new IOException("its byte order must be little or big, but was " + ZipReader.shown(order));
            }
        }
        byte[] pickle = archive.read(prefix + "data.pkl", LONGEST_PICKLE);
        List<FileStorage> storages = new ArrayList<>();
        boolean bigEndian = swapped;
        Globals globals = new Globals((key, bytes, dtype) -> {
            FileStorage storage = archive.storage(prefix + "data/" + key);
            storages.add(storage);
            return bigEndian ? ConvertedStorage.swapped(dtype, storage) : storage;
        });
        Object root = new PickleReader(pickle, globals).read();
        return new TorchFile(file, storages, checked(root));
    }

    private static Object checked(Object root) throws IOException {
        try {
            Structure.check(root);
        } catch (IllegalArgumentException e) {
            throw new IOException(e.getMessage(), e);
        }
        return root;
    }

    /** {@return what a file that {@code torch.save} did not write is, judging by its first bytes} */
    private static String foreign(FileBytes file, byte[] start) throws IOException {
        if (start.length > Long.BYTES && start[Long.BYTES] == '{') {
            return "it must be a file of torch.save, but is a safetensors file, which holds weights only";
        }
        if (LegacyFile.isTar(file)) {
            return "it is a tar archive of PyTorch 0.1; rewrite it in Python: torch.save(torch.load(f, "
                    + "map_location='cpu', weights_only=False), f2) (if you trust it: a pickle can run code)";
        }
        if (start.length > 1 && start[0] == (byte) 0x80 && start[1] >= 2 && start[1] <= 5) {
            return "it is a plain Python pickle, not a file of torch.save; rewrite it in Python: "
                    + "torch.save(pickle.load(open(f, 'rb')), f2) (if you trust it: a pickle can run code)";
        }
        String text = new String(start, StandardCharsets.ISO_8859_1).replaceAll("[^ -~]", "?");
        return "it is not a file of torch.save, which is a zip archive: it begins with '" + text + "'";
    }

    private static String prefix(ZipReader archive) throws IOException {
        List<String> pickles = archive.names().stream()
                .filter(name -> name.indexOf('/') == name.lastIndexOf('/') && name.endsWith("/data.pkl"))
                .toList();
        if (pickles.size() > 1) {
            throw new IOException("it must have one pickle, but has " + pickles.size());
        }
        Optional<String> other = otherArchive(archive);
        if (other.isPresent() || pickles.isEmpty()) {
            throw new IOException(other.orElse("it is a zip archive, but not one of torch.save: it has no data.pkl"));
        }
        return pickles.get(0).replaceFirst("data\\.pkl$", "");
    }

    /** {@return which of PyTorch's other archives this is, and how to get its weights without a GPU} */
    private static Optional<String> otherArchive(ZipReader archive) {
        if (has(archive, "/constants\\.pkl|/model\\.json")) {
            String load = "torch.jit.load(f, map_location='cpu')";
            String constants = ".code_with_constants[1].const_mapping";
            boolean frozen = has(archive, "/constants/.*"); // or has constants of its own
            boolean attributes = has(archive, "/(data|tensors)/.*");
            if (has(archive, "/code/.*/classes/quantized\\.py")) {
                return Optional.of("it is a TorchScript archive of a quantized model; save its layers in Python: "
                        + (frozen && !attributes
                                ? "torch.save({n: c.__getstate__()[0] if isinstance(c, torch.ScriptObject) else c for n, c in "
                                        + load + constants + ".items()}, f2)"
                                : "m = " + load
                                        + "; torch.save({**m.state_dict(), **{n: s._packed_params.__getstate__()[0] "
                                        + "for n, s in m.named_modules() if isinstance("
                                        + "getattr(s, '_packed_params', None), torch.ScriptObject)}}, f2)"));
            } else if (frozen) {
                return Optional.of("it is a TorchScript archive with weights that are constants in its code; "
                        + "save them in Python: "
                        + (attributes
                                ? "m = " + load + "; torch.save({**m.state_dict(), **m" + constants + "}, f2)"
                                : "torch.save(" + load + constants + ", f2)"));
            }
            return Optional.of("it is a TorchScript archive; save its weights in Python: torch.save(" + load
                    + ".state_dict(), f2), after importing the library of its custom operators, if any (torchvision)");
        } else if (has(archive, "/archive_format|/serialized_exported_program\\.json")) {
            return Optional.of("it is an archive of torch.export; save its weights in Python: "
                    + "torch.save(torch.export.load(f).state_dict, f2)");
        } else if (has(archive, "/\\.data/extern_modules")) {
            return Optional.of("it is an archive of torch.package, which contains code; load its model in Python, "
                    + "torch.package.PackageImporter(f).load_pickle(package, name, map_location='cpu'), "
                    + "and save model.state_dict()");
        }
        return Optional.empty();
    }

    /** {@return whether the archive's one folder has an entry whose name matches} */
    private static boolean has(ZipReader archive, String name) {
        return archive.names().stream()
                .anyMatch(Pattern.compile("[^/]*(" + name + ")").asMatchPredicate());
    }

    /** {@return what {@code torch.load} would return} */
    public Object root() {
        return root;
    }

    /**
     * {@return the dict that {@code torch.load} would return; most files hold one}
     *
     * @throws IllegalArgumentException if the file does not hold a dict, or a key is not a string
     */
    public Map<String, Object> dict() {
        if (!(root instanceof Map<?, ?> map)) {
            throw new IllegalArgumentException("the file must hold a dict, but holds " + Structure.named(root));
        }
        Map<String, Object> dict = new LinkedHashMap<>();
        map.forEach((key, value) -> {
            if (!(key instanceof String name)) {
                throw new IllegalArgumentException("the keys of the file's dict must be strings, but one was " + key);
            }
            dict.put(name, value);
        });
        return dict;
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

    /** Closes the file. Its tensors can no longer be read. */
    @Override
    public void close() throws IOException {
        file.close();
    }

    /**
     * Writes a file that {@code torch.load(file, weights_only=True)} reads, atomically ({@link AtomicFile}). Equal values give
     * equal bytes. Storages are copied a megabyte at a time.
     *
     * @throws IllegalArgumentException if {@code root} holds a value whose type is not in the table above; contains itself; is
     *     nested deeper than 100 or has more than 10 million values; has a key that is not a str, bytes, bool, number, None,
     *     tensor, dtype, device or tuple of those; or has tensors of different types in one storage
     * @throws IOException "cannot write FILE: WHY" if it cannot be written, for instance because the disk is full
     */
    public static void write(Path file, Object root) throws IOException {
        write(file, root, written -> {});
    }

    /**
     * Writes a file as {@link #write(Path, Object)} does, and reports progress.
     *
     * @param progress called with the number of storage bytes written so far, once a megabyte
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
        long bytes = pickle.length;
        for (Storage storage : writer.storages()) {
            bytes += storage.size();
        }
        AtomicFile.write(file, bytes, channel -> write(channel, pickle, writer.storages(), progress));
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
