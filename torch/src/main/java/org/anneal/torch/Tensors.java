package org.anneal.torch;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.anneal.checkpoint.DType;
import org.anneal.checkpoint.Storage;
import org.anneal.checkpoint.TensorData;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Converts between libtorch's tensors and {@link TensorData}. */
public final class Tensors {
    private static final Map<DType, ScalarType> TYPES = new EnumMap<>(Map.ofEntries(
            Map.entry(DType.FLOAT64, ScalarType.Double),
            Map.entry(DType.FLOAT32, ScalarType.Float),
            Map.entry(DType.FLOAT16, ScalarType.Half),
            Map.entry(DType.BFLOAT16, ScalarType.BFloat16),
            Map.entry(DType.FLOAT8_E4M3FN, ScalarType.Float8_e4m3fn),
            Map.entry(DType.FLOAT8_E5M2, ScalarType.Float8_e5m2),
            Map.entry(DType.FLOAT8_E4M3FNUZ, ScalarType.Float8_e4m3fnuz),
            Map.entry(DType.FLOAT8_E5M2FNUZ, ScalarType.Float8_e5m2fnuz),
            Map.entry(DType.FLOAT8_E8M0FNU, ScalarType.Float8_e8m0fnu),
            Map.entry(DType.INT64, ScalarType.Long),
            Map.entry(DType.INT32, ScalarType.Int),
            Map.entry(DType.INT16, ScalarType.Short),
            Map.entry(DType.INT8, ScalarType.Char),
            Map.entry(DType.UINT64, ScalarType.UInt64),
            Map.entry(DType.UINT32, ScalarType.UInt32),
            Map.entry(DType.UINT16, ScalarType.UInt16),
            Map.entry(DType.UINT8, ScalarType.Byte),
            Map.entry(DType.BOOL, ScalarType.Bool),
            Map.entry(DType.COMPLEX128, ScalarType.ComplexDouble),
            Map.entry(DType.COMPLEX64, ScalarType.ComplexFloat)));

    private Tensors() {}

    /**
     * {@return {@code tensor} as {@link TensorData}} For a contiguous tensor on the CPU it is a view, which keeps the memory alive
     * and shows its values at the time it is read; for any other, a copy.
     *
     * @throws IllegalArgumentException if files cannot hold its type
     */
    public static TensorData data(Tensor tensor) {
        List<Long> shape = Arrays.stream(tensor.shape()).boxed().toList();
        ScalarType type = tensor.scalar_type().intern(); // JavaCPP returns an object that is not the enum's constant
        DType dtype = TYPES.entrySet().stream()
                .filter(entry -> entry.getValue() == type)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "a tensor must have a type that files can hold, but one has type " + type))
                .getKey();
        try (PointerScope scope = new PointerScope()) {
            return TensorData.of(
                    dtype, new Memory(tensor.detach().cpu().contiguous().retainReference()), shape);
        }
    }

    /**
     * Copies the elements of {@code from} into {@code to}, converting them if the types differ.
     *
     * @throws IllegalArgumentException if they differ in shape, or {@code from} has a type that libtorch cannot convert
     */
    public static void copy(TensorData from, Tensor to) {
        List<Long> shape = Arrays.stream(to.shape()).boxed().toList();
        if (!from.shape().equals(shape)) {
            throw new IllegalArgumentException("a tensor must have the shape " + shape + ", but had " + from.shape());
        }
        ScalarType type = Optional.ofNullable(TYPES.get(from.dtype()))
                .orElseThrow(() -> new IllegalArgumentException(
                        "a tensor must have a type that libtorch can convert, but was " + from.dtype()));
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            if (to.is_cpu() && to.is_contiguous() && to.scalar_type().intern() == type) {
                fill(from, to);
            } else {
                TensorOptions options = new TensorOptions(type);
                Tensor dense = torch.empty(to.shape(), options, new org.bytedeco.pytorch.MemoryFormatOptional());
                fill(from, dense);
                to.copy_(dense);
            }
        }
    }

    private static void fill(TensorData from, Tensor dense) {
        if (dense.numel() == 0) {
            return; // it has no address
        }
        BytePointer memory = new BytePointer(dense.data_ptr()).capacity(dense.nbytes());
        long[] position = {0};
        from.forEachChunk(chunk -> {
            int length = chunk.remaining();
            slice(memory, position[0], length).put(chunk);
            position[0] += length;
        });
    }

    private static ByteBuffer slice(BytePointer memory, long position, int length) {
        return new BytePointer(memory)
                .position(position)
                .limit(position + length)
                .asByteBuffer()
                .order(ByteOrder.LITTLE_ENDIAN);
    }

    /** The memory of a contiguous tensor on the CPU, kept alive by this object. */
    private static final class Memory implements Storage {
        private final Tensor tensor;
        private final BytePointer memory;

        Memory(Tensor tensor) {
            this.tensor = tensor;
            this.memory = new BytePointer(tensor.data_ptr()).capacity(size());
        }

        @Override
        public long size() {
            return tensor.nbytes();
        }

        @Override
        public ByteBuffer bytes(long position, int length) {
            return length == 0
                    ? ByteBuffer.allocate(0)
                    : slice(memory, position, length).asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
        }
    }
}
