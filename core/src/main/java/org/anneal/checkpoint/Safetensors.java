package org.anneal.checkpoint;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.LongConsumer;
import org.anneal.text.Python;

/**
 * Reads and writes model weights in the safetensors format: the length of a JSON header as 8 little-endian bytes, the header,
 * then the tensors' bytes, little-endian and row-major, without gaps.
 *
 * <pre>{@code
 * try (Safetensors file = Safetensors.open(Path.of("model.safetensors"))) {
 *     file.tensors().forEach((name, tensor) -> ...);
 * }
 * Safetensors.write(Path.of("copy.safetensors"), tensors);
 * }</pre>
 *
 * <p>The format has no checksum: damage to a tensor's bytes goes unnoticed.
 *
 * <p>Source: the format's description and its reference reader at {@code github.com/huggingface/safetensors}
 * ({@code safetensors/src/tensor.rs}).
 */
public final class Safetensors implements Closeable {
    private static final int ALIGNMENT = 8;
    private static final long LONGEST_HEADER = 100_000_000; // as in the reference
    private static final String METADATA = "__metadata__";

    private final FileBytes file;
    private final Map<String, TensorData> tensors;
    private final Map<String, String> metadata;

    private Safetensors(FileBytes file, Map<String, TensorData> tensors, Map<String, String> metadata) {
        this.file = file;
        this.tensors = Collections.unmodifiableMap(tensors);
        this.metadata = Collections.unmodifiableMap(metadata);
    }

    /** A tensor, whose bytes lie from {@code begin} up to {@code end}, counted from the header's end. */
    private record Place(String name, DType dtype, List<Long> shape, long begin, long end) {}

    /**
     * Opens a file and reads its header. The tensors' data stay in the file until they are read: close it after that.
     *
     * @throws IOException "cannot read FILE: WHY" if it cannot be read or is not in this format, in which the tensors lie without
     *     gaps from the header to the file's end
     */
    public static Safetensors open(Path file) throws IOException {
        return FileBytes.open(Objects.requireNonNull(file, "file"), Safetensors::read);
    }

    private static Safetensors read(FileBytes file) throws IOException {
        if (file.size() < Long.BYTES) {
            throw new IOException("it is too short to be a safetensors file");
        }
        long length = file.read(0, Long.BYTES).getLong();
        if (length < 2 || length > LONGEST_HEADER || length > file.size() - Long.BYTES) {
            throw new IOException("it is not a safetensors file, or it is truncated: its header would have "
                    + Long.toUnsignedString(length) + " bytes");
        }
        String json;
        try {
            json = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(file.read(Long.BYTES, (int) length))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new IOException("it is not a safetensors file: its header is not UTF-8", e);
        }
        if (!json.startsWith("{")) {
            throw new IOException("it is not a safetensors file: its header does not begin with {");
        }
        Map<String, String> metadata = new LinkedHashMap<>();
        List<Place> places = new ArrayList<>();
        for (Map.Entry<?, ?> entry : ((Map<?, ?>) Json.read(json)).entrySet()) {
            String name = (String) entry.getKey();
            if (name.equals(METADATA)) {
                metadata = metadata(entry.getValue());
            } else {
                places.add(place(name, entry.getValue()));
            }
        }
        long start = Long.BYTES + length;
        checkPlaces(places, file.size() - start);
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        for (Place place : places) {
            Storage storage = new FileStorage(
                    file, place.name, start + place.begin, place.end - place.begin, OptionalLong.empty());
            try {
                tensors.put(place.name, TensorData.of(place.dtype, storage, place.shape));
            } catch (IllegalArgumentException e) {
                throw wrong(place.name, String.valueOf(e.getMessage()));
            }
        }
        return new Safetensors(file, tensors, metadata);
    }

    private static IOException wrong(String name, String how) {
        return new IOException("invalid entry " + ZipReader.shown(name) + " in the safetensors header: " + how);
    }

    private static Map<String, String> metadata(Object json) throws IOException {
        Map<String, String> metadata = new LinkedHashMap<>();
        if (!(json instanceof Map<?, ?> entries)) {
            throw wrong(METADATA, "it is not an object");
        }
        for (Map.Entry<?, ?> entry : entries.entrySet()) {
            if (!(entry.getValue() instanceof String value)) {
                throw wrong(METADATA, "a value is not a string");
            }
            metadata.put((String) entry.getKey(), value);
        }
        return metadata;
    }

    private static Place place(String name, Object json) throws IOException {
        if (!(json instanceof Map<?, ?> entries)
                || entries.size() != 3
                || !(entries.get("dtype") instanceof String dtype)
                || !(entries.get("shape") instanceof List<?> sizes)
                || !(entries.get("data_offsets") instanceof List<?> offsets)
                || offsets.size() != 2
                || !(offsets.get(0) instanceof Long begin)
                || !(offsets.get(1) instanceof Long end)) {
            throw wrong(name, "it must have exactly dtype, shape and two data_offsets");
        }
        DType type = dtype(name, dtype);
        List<Long> shape = new ArrayList<>();
        long bytes = type.size();
        for (Object size : sizes) {
            if (!(size instanceof Long positive)) {
                throw wrong(name, "a size is not a number");
            }
            shape.add(positive);
            try {
                bytes = Math.multiplyExact(bytes, positive);
            } catch (ArithmeticException e) {
                throw wrong(name, "its shape has more elements than a file can have");
            }
        }
        if (end - begin != bytes) {
            throw wrong(name, "its shape and type need " + bytes + " bytes, but it has " + (end - begin));
        }
        return new Place(name, type, shape, begin, end);
    }

    /** Refuses gaps and overlaps: no byte may be hidden, and none used twice. */
    private static void checkPlaces(List<Place> places, long length) throws IOException {
        List<Place> inOrder = new ArrayList<>(places);
        inOrder.sort(Comparator.comparingLong(Place::begin).thenComparingLong(Place::end));
        long end = 0;
        for (Place place : inOrder) {
            if (place.begin != end) {
                throw wrong(
                        place.name,
                        "it must begin at " + end + ", where the previous tensor ends, but begins at " + place.begin);
            }
            end = place.end;
        }
        if (end != length) {
            throw new IOException(
                    "it is damaged or truncated: its tensors need " + end + " bytes, but it has " + length);
        }
    }

    /** {@return the tensors by name, in the order of the header} */
    public Map<String, TensorData> tensors() {
        return tensors;
    }

    /** {@return the file's metadata, such as {@code format: pt}} */
    public Map<String, String> metadata() {
        return metadata;
    }

    /** Closes the file. Its tensors can no longer be read. */
    @Override
    public void close() throws IOException {
        file.close();
    }

    /**
     * Writes the tensors atomically, in the map's order. The format has no views, so tensors that share a storage are written in
     * full each.
     *
     * @throws IllegalArgumentException if a tensor has a type that the format lacks (complex128), is named
     *     {@code __metadata__}, or has a name that is not valid Unicode
     * @throws IOException "cannot write FILE: WHY" if it cannot be written, for instance because the disk is full
     */
    public static void write(Path file, Map<String, TensorData> tensors) throws IOException {
        write(file, tensors, written -> {});
    }

    /**
     * Writes the tensors as {@link #write(Path, Map)} does, and reports progress.
     *
     * @param progress called with the number of tensor bytes written so far, about once a megabyte
     */
    public static void write(Path file, Map<String, TensorData> tensors, LongConsumer progress) throws IOException {
        Objects.requireNonNull(file, "file");
        Objects.requireNonNull(tensors, "tensors");
        Objects.requireNonNull(progress, "progress");
        Map<String, String> header = new LinkedHashMap<>();
        header.put(METADATA, "{\"format\":\"pt\"}");
        long offset = 0;
        for (Map.Entry<String, TensorData> entry : tensors.entrySet()) {
            TensorData tensor = entry.getValue();
            String type = name(tensor.dtype())
                    .orElseThrow(() -> new IllegalArgumentException("safetensors has no type for "
                            + Python.repr(entry.getKey()) + ", which is " + tensor.dtype()));
            long end;
            try {
                end = Math.addExact(offset, tensor.count() * tensor.dtype().size());
            } catch (ArithmeticException e) {
                throw new IllegalArgumentException("tensors must have at most " + Long.MAX_VALUE + " bytes", e);
            }
            String json = "{\"dtype\":\"" + type + "\",\"shape\":"
                    + tensor.shape().toString().replace(" ", "") + ",\"data_offsets\":[" + offset + "," + end + "]}";
            if (header.put(entry.getKey(), json) != null) {
                throw new IllegalArgumentException("a tensor must not be named " + METADATA);
            }
            offset = end;
        }
        byte[] json = json(header).getBytes(StandardCharsets.UTF_8);
        int padding = Math.floorMod(-json.length, ALIGNMENT);
        ByteBuffer head =
                ByteBuffer.allocate(Long.BYTES + json.length + padding).order(ByteOrder.LITTLE_ENDIAN);
        head.putLong(json.length + padding).put(json);
        while (head.hasRemaining()) {
            head.put((byte) ' ');
        }
        head.flip();
        AtomicFile.write(file, offset, channel -> {
            writeAll(channel, head);
            long done = 0;
            for (TensorData tensor : tensors.values()) {
                done = writeData(channel, tensor, done, progress);
            }
        });
    }

    /** Writes a tensor and {@return the number of bytes written so far, {@code before} included} */
    private static long writeData(WritableByteChannel channel, TensorData tensor, long before, LongConsumer progress)
            throws IOException {
        long[] done = {before};
        try {
            tensor.forEachChunk(chunk -> {
                try {
                    done[0] += chunk.remaining();
                    writeAll(channel, chunk);
                    progress.accept(done[0]);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        return done[0];
    }

    private static void writeAll(WritableByteChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /** {@return the format's name of a type, empty if it has none} */
    private static Optional<String> name(DType dtype) {
        return switch (dtype) {
            case FLOAT64 -> Optional.of("F64");
            case FLOAT32 -> Optional.of("F32");
            case FLOAT16 -> Optional.of("F16");
            case BFLOAT16 -> Optional.of("BF16");
            case FLOAT8_E4M3FN -> Optional.of("F8_E4M3");
            case FLOAT8_E5M2 -> Optional.of("F8_E5M2");
            case INT64 -> Optional.of("I64");
            case INT32 -> Optional.of("I32");
            case INT16 -> Optional.of("I16");
            case INT8 -> Optional.of("I8");
            case UINT64 -> Optional.of("U64");
            case UINT32 -> Optional.of("U32");
            case UINT16 -> Optional.of("U16");
            case UINT8 -> Optional.of("U8");
            case BOOL -> Optional.of("BOOL");
            case COMPLEX64 -> Optional.of("C64");
            case FLOAT8_E4M3FNUZ -> Optional.of("F8_E4M3FNUZ");
            case FLOAT8_E5M2FNUZ -> Optional.of("F8_E5M2FNUZ");
            case FLOAT8_E8M0FNU -> Optional.of("F8_E8M0");
            // The format counts both numbers of a byte, so a tensor of FLOAT4_E2M1FN_X2 would need another shape.
            case FLOAT4_E2M1FN_X2, COMPLEX128, COMPLEX32, BITS16, BITS8, BITS4X2, BITS2X4, BITS1X8 -> Optional.empty();
        };
    }

    private static DType dtype(String tensor, String name) throws IOException {
        for (DType dtype : DType.values()) {
            if (name(dtype).equals(Optional.of(name))) {
                return dtype;
            }
        }
        throw wrong(tensor, "it has the unknown type " + ZipReader.shown(name));
    }

    private static String json(Map<String, String> members) {
        StringBuilder json = new StringBuilder("{");
        members.forEach((name, value) -> json.append(json.length() > 1 ? "," : "")
                .append(quoted(name))
                .append(':')
                .append(value));
        return json.append('}').toString();
    }

    private static String quoted(String text) {
        if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) { // else two names could become one
            throw new IllegalArgumentException(
                    "a tensor's name must be valid Unicode, but had an unpaired surrogate: " + Python.repr(text));
        }
        StringBuilder quoted = new StringBuilder("\"");
        text.chars().forEach(c -> {
            if (c == '"' || c == '\\') {
                quoted.append('\\').append((char) c);
            } else if (c < ' ') {
                quoted.append(String.format("\\u%04x", c));
            } else {
                quoted.append((char) c);
            }
        });
        return quoted.append('"').toString();
    }
}
